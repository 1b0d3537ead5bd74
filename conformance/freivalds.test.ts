import fc from 'fast-check'
import { describe, expect as assert, test } from 'vitest'
import { plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { gradientNames, resolve } from '../spec/op.js'
import type { GivenTensors } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { indexOf, mapTensor, sizeOf, stridesOf, tensor } from '../spec/tensor.js'
import { ask, caseEffort, fails } from './ask.js'
import { classTable } from './coverage/classes/table.js'
import { ofAny } from './coverage/schedule.js'
import { subject } from './coverage/subject.js'
import { inNumbers, weighted } from './coverage/sums.js'
import { elementsIn } from './elements.js'
import type { Case, Form } from './form.js'
import { realise } from './form.js'
import { sumsOf } from './freivalds.js'

const ops = ['dense', 'conv2d', 'conv1d', 'convTranspose2d'] as const
// no small case costs more, however far apart its stride and its dilation pull the answer
const effort = { terms: 2 ** 34, seed: 'a seed' }
const directions: readonly Direction[] = ['forward', 'backward']

const integers = (op: OpName, direction: Direction, form: Form, numbers = 'integers'): Case => ({
  op,
  direction,
  seed: 'sums',
  form: inNumbers(op, direction, weighted, numbers, form),
})

/** Small cases of any classes, of integers or of wide ones. */
const cases = (op: OpName, direction: Direction): fc.Arbitrary<Case> => {
  const { product: _, ...declared } = classTable[op]
  return fc
    .tuple(ofAny(subject(op, direction, { ...declared, data: {} })), fc.constantFrom('integers', 'odd x', 'odd w'))
    .filter(([{ shapes }]) => Object.values(shapes).every((shape) => sizeOf(shape) <= 3000))
    .map(([{ fills: _fills, wanted: _wanted, ...form }, numbers]) =>
      integers(op, direction, { ...form, fills: {} }, numbers),
    )
}

const answerTo = ({ op, direction, attrs, inputs, cotangents }: Question): Tensors =>
  getOrThrow(oracle.evaluate(op, direction, attrs, inputs, cotangents))

/** How many channels a group of an answer has, if they are joined on the side where they are most. */
const channelsOf = ({ op, attrs, inputs }: Question, output: string): number => {
  const { sizes } = getOrThrow(
    resolve(opOf(op), attrs, {
      ...Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])),
    }),
  )
  const [C, O] = [(sizes['C'] ?? sizes['I']) as number, sizes['O'] as number]
  const groups = typeof attrs['groups'] === 'number' ? attrs['groups'] : 1
  return (output === 'x' ? C : output === 'w' ? Math.max(C, O) : O) / groups
}

const moved = ({ shape, data }: Tensor, at: number, by: number): Tensor =>
  tensor(
    shape,
    Float64Array.from({ length: data.length }, (_, i) => (data[i] as number) + (i === at ? by : 0)),
  )

describe.each(ops.flatMap((op) => directions.map((direction) => ({ op, direction }))))(
  'the sums over the channels of $op $direction',
  ({ op, direction }) => {
    test('hold every element of a right answer, but where a group has one channel', () => {
      fc.assert(
        fc.property(cases(op, direction), (of) => {
          const question = getOrThrow(realise(of))
          for (const [output, answer] of Object.entries(answerTo(question))) {
            const { held, suspects } = sumsOf(oracle, question, output, answer, effort)
            assert(suspects).toEqual([])
            assert(held).toBe(channelsOf(question, output) < 2 ? 0 : sizeOf(answer.shape))
          }
        }),
        { numRuns: 60 },
      )
    })

    test('find any one element that is off by 1, or is no number', () => {
      fc.assert(
        fc.property(cases(op, direction), fc.nat(), fc.constantFrom(1, -1, 0.25, NaN), (of, drawn, by) => {
          const question = getOrThrow(realise(of))
          for (const [output, answer] of Object.entries(answerTo(question))) {
            if (channelsOf(question, output) < 2) continue
            const at = drawn % sizeOf(answer.shape)
            const { suspects } = sumsOf(oracle, question, output, moved(answer, at, by), effort)
            assert(suspects).toContain(at)
            assert(suspects.every((position) => position < sizeOf(answer.shape))).toBe(true)
          }
        }),
        { numRuns: 60 },
      )
    })
  },
)

describe('nothing is held by sums', () => {
  const question = getOrThrow(
    realise(integers('dense', 'forward', { attrs: {}, shapes: { x: [9, 8], w: [7, 8] }, fills: {} })),
  )
  const { y } = answerTo(question) as { readonly y: Tensor }
  const heldOf = (asked: Question, terms = 1000): number =>
    sumsOf(oracle, asked, 'y', answerTo(asked)['y'] as Tensor, { ...effort, terms }).held

  test('where one channel costs more than there is to spend', () => {
    // 9 sums of 8 products and a bias
    assert(heldOf(question, 9 * 9)).toBe(63)
    assert(heldOf(question, 9 * 9 - 1)).toBe(0)
    assert(sizeOf(y.shape)).toBe(63)
  })

  test('where numbers are no integers, or sums may pass 2²⁴', () => {
    const scaled = (by: number): Question => ({
      ...question,
      inputs: { x: mapTensor((v) => v * by, question.inputs['x']!), w: question.inputs['w']! },
    })
    assert(heldOf(scaled(0.3))).toBe(0)
    assert(heldOf(scaled(2 ** 12))).toBe(0)
  })

  test('but the sums that stay below it, where others pass it', () => {
    const { x } = question.inputs as { readonly x: Tensor }
    const oneRow = { ...question.inputs, x: mapTensor((v, i) => (i < 8 ? v * 2 ** 12 : v), x) }
    assert(heldOf({ ...question, inputs: oneRow })).toBe(56)
  })
})

const large: Readonly<Record<(typeof ops)[number], Form>> = {
  dense: { attrs: {}, shapes: { x: [512, 64], w: [512, 64], b: [512] }, fills: {} },
  conv2d: {
    attrs: { padding: [1, 1, 1, 1], groups: 2 },
    shapes: { x: [2, 32, 20, 20], w: [64, 16, 3, 3], b: [64] },
    fills: {},
  },
  conv1d: { attrs: { padding: [2, 2] }, shapes: { x: [3, 40, 200], w: [48, 40, 5], b: [48] }, fills: {} },
  convTranspose2d: { attrs: { stride: [2, 2] }, shapes: { x: [2, 32, 12, 12], w: [32, 32, 3, 3], b: [32] }, fills: {} },
}

/** The last 2 × 2 or 4 × 4 elements of two axes that no judged element is among, one tile of a kernel left out. */
const tileMissed = (shape: Shape, judged: ReadonlySet<number>): readonly number[] => {
  const strides = stridesOf(shape)
  const [rows, columns] = shape.length === 2 ? [0, 1] : [1, shape.length - 1]
  const side = Math.min(4, shape[rows] as number, shape[columns] as number)
  for (let r = (shape[rows] as number) - side; r >= 0; r--)
    for (let c = (shape[columns] as number) - side; c >= 0; c--) {
      const tile = Array.from(
        { length: side * side },
        (_, k) =>
          (r + Math.floor(k / side)) * (strides[rows] as number) + (c + (k % side)) * (strides[columns] as number),
      )
      if (tile.every((at) => !judged.has(at))) return tile
    }
  throw new Error('sampling misses no tile')
}

const answersIn = (of: Case): readonly string[] =>
  of.direction === 'forward' ? ['y'] : gradientNames(opOf(of.op), of.form.shapes).filter((name) => name !== 'b')

describe('one wrong tile of a large answer that sampling misses', () => {
  const asked = ops.flatMap((op) =>
    directions.flatMap((direction) => {
      const of = integers(op, direction, large[op])
      return answersIn(of).map((output) => ({ op, direction, output, of }))
    }),
  )
  test.each(asked)('$op $direction: is found in $output, and named', async ({ op, direction, output, of }) => {
    const question = getOrThrow(realise(of))
    const right = answerTo(question)
    const elements = getOrThrow(elementsIn(question, caseEffort, of.seed))
    const chosen = elements[output]
    assert(chosen).toBeDefined()
    const { shape } = right[output] as Tensor
    const tile = new Set(tileMissed(shape, new Set(Array.from(chosen as Float64Array))))
    const wrong = (answers: GivenTensors): GivenTensors => ({
      ...answers,
      [output]: mapTensor((value, i) => (tile.has(i) ? 0.5 * value + 1 : value), answers[output]!),
    })
    const kernel = plainF32Kernels[op] as PlainKernel
    const faulty: PlainKernel =
      direction === 'forward'
        ? { ...kernel, forward: (...given) => wrong(kernel.forward(...given)) }
        : { ...kernel, backward: (...given) => wrong(kernel.backward!(...given)) }
    const judged = async (table: PlainKernel) =>
      getOrThrow(await ask(fromKernels('toy', { [op]: table }), oracle, of)()).judgement!
    const passing = await judged(kernel)
    assert(fails(passing, 'nearest')).toBe(false)
    assert(passing.held).toBeGreaterThan(0)
    const failing = await judged(faulty)
    assert(fails(failing, 'nearest')).toBe(true)
    const { worst } = failing
    const at = worst.index.reduce((sum, i, axis) => sum + i * (stridesOf(shape)[axis] as number), 0)
    assert(worst.output).toBe(output)
    assert(tile.has(at)).toBe(true)
    assert(indexOf(shape, at)).toEqual(worst.index)
    assert(worst.want).toBe((right[output] as Tensor).data[at])
  })
})
