import fc from 'fast-check'
import { describe, expect as assert, test } from 'vitest'
import { plainF32Kernels } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import { anyOrder, lanesThenTree } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { getOrThrow } from '../../spec/error.js'
import { whole } from '../../spec/field.js'
import { fromKernels } from '../../spec/fromKernels.js'
import type { KernelTable, PlainKernel } from '../../spec/fromKernels.js'
import { resolve } from '../../spec/op.js'
import type { Tensors } from '../../spec/tensor.js'
import { mapTensor, sizeOf } from '../../spec/tensor.js'
import { ask } from '../ask.js'
import type { Case, Form } from '../form.js'
import { parseCase, printCase, realise } from '../form.js'
import { expect } from '../judge.js'
import { numbersOf, roundTo } from '../testing/toys.js'
import { classTable } from './classes/table.js'
import { ofAny } from './schedule.js'
import { subject } from './subject.js'
import type { Product } from './sums.js'
import { inNumbers, numberClasses } from './sums.js'

const products: readonly OpName[] = ['dense', 'conv2d', 'conv1d', 'convTranspose2d', 'mul', 'scaleChannels']
const asked = products.flatMap((op) => (['forward', 'backward'] as const).map((direction) => ({ op, direction })))

const productOf = (op: OpName): Product => classTable[op].product!

/** Cases of any classes of an op, under numbers of one class. */
const casesOf = (op: OpName, direction: Direction, numbers: string): fc.Arbitrary<Case> => {
  const { product, ...declared } = classTable[op]
  return ofAny(subject(op, direction, { ...declared, data: {} }))
    .filter(({ shapes }) => Object.values(shapes).every((shape) => sizeOf(shape) <= 4000))
    .map(({ fills: _, ...form }) => ({
      op,
      direction,
      seed: `sums ${numbers}`,
      form: inNumbers(op, direction, product!, numbers, { ...form, fills: {} }),
    }))
}

const boundsOf = (of: Case): readonly number[] =>
  [anyOrder, lanesThenTree].flatMap((depth) => {
    const { bounds } = getOrThrow(expect(oracle, getOrThrow(realise(of)), depth))
    return numbersOf(Object.fromEntries(Object.entries(bounds).map(([name, bound]) => [name, whole(bound)])))
  })

const f32 = fromKernels('f32', plainF32Kernels)

const judged = async (table: KernelTable, of: Case) => {
  const { judgement } = getOrThrow(await ask(fromKernels('toy', { ...plainF32Kernels, ...table }), oracle, of)())
  return judgement!
}

describe.each(asked)('numbers of $op $direction', ({ op, direction }) => {
  const classes = numberClasses(direction, productOf(op)).filter((choice) => choice !== 'apart')

  test.each(classes)('%s: f32 values, kept by a case’s JSON', (choice) => {
    fc.assert(
      fc.property(casesOf(op, direction, choice), (of) => {
        assert(getOrThrow(parseCase(printCase(of)))).toEqual(of)
        const { inputs, cotangents } = getOrThrow(realise(of))
        assert(numbersOf({ ...inputs, ...cotangents }).filter((v) => Math.fround(v) !== v)).toEqual([])
      }),
      { numRuns: 10 },
    )
  })

  test.each(classes.filter((choice) => choice !== 'one sign'))(
    '%s: the bound of every answer is 0, in any order and at our depth, and plain f32 keeps it',
    async (choice) => {
      await fc.assert(
        fc.asyncProperty(casesOf(op, direction, choice), async (of) => {
          assert(boundsOf(of).filter((bound) => bound !== 0)).toEqual([])
          const { judgement } = getOrThrow(await ask(f32, oracle, of)())
          assert(judgement?.worst).toMatchObject({ ratio: 0, error: 0 })
        }),
        { numRuns: 25 },
      )
    },
  )

  test('one sign: every operand is positive, and the bound is a few roundings of the value', () => {
    fc.assert(
      fc.property(casesOf(op, direction, 'one sign'), (of) => {
        const { inputs, cotangents } = getOrThrow(realise(of))
        assert(numbersOf({ ...inputs, ...cotangents }).every((value) => value >= 0.5)).toBe(true)
      }),
      { numRuns: 10 },
    )
  })
})

test.each(['batchNormTraining', 'batchNormInference'] as const)(
  '%s: the gradient of β adds up integer cotangents with the bound 0',
  (op) => {
    const C = [5]
    const form: Form = {
      attrs: {},
      shapes: { x: [7, 5, 33], gamma: C, beta: C, runningMean: C, runningVar: C },
      fills: { runningVar: 'positive', dy: 'ties' },
      wanted: ['beta'],
    }
    assert(new Set(boundsOf({ op, direction: 'backward', seed: 'dβ', form }))).toEqual(new Set([0]))
  },
)

describe('integers stay below 2²⁴ in all', () => {
  const long: readonly (readonly [OpName, Form['attrs'], Form['shapes']])[] = [
    ['dense', {}, { x: [1, 65537], w: [1, 65537], b: [1] }],
    ['dense', {}, { x: [65537, 1], w: [1, 1], b: [1] }],
    ['dense', {}, { x: [1, 1], w: [65537, 1], b: [65537] }],
    ['dense', {}, { x: [3000, 7], w: [400, 7], b: [400] }],
    ['conv2d', {}, { x: [1, 512, 14, 14], w: [512, 512, 3, 3], b: [512] }],
    ['conv2d', {}, { x: [16, 3, 224, 224], w: [64, 3, 7, 7], b: [64] }],
    ['convTranspose2d', { stride: [2, 2] }, { x: [1, 1024, 4, 4], w: [1024, 512, 5, 5], b: [512] }],
    ['conv2d', { groups: 256 }, { x: [1, 256, 56, 56], w: [256, 1, 3, 3], b: [256] }],
    ['scaleChannels', {}, { x: [1, 1, 256, 256], s: [1, 1] }],
  ]
  test.each(long)('%s of %j %j, whatever the number of terms', (op, attrs, shapes) => {
    const { sizes } = getOrThrow(resolve(opOf(op), getOrThrow(opOf(op).attrs.decode(attrs)), shapes))
    const { factors, addend } = productOf(op)
    for (const direction of ['forward', 'backward'] as const) {
      const { fills } = inNumbers(op, direction, productOf(op), 'integers', { attrs, shapes, fills: {} })
      const most = (name: string | undefined): number => {
        const fill = fills[name ?? '']
        return typeof fill === 'object' && 'integers' in fill ? fill.integers : 0
      }
      const [first, second, dy] = [most(factors[0]), most(factors[1]), most('dy')]
      const terms = opOf(op).walk?.[direction](sizes) ?? {}
      const sums =
        direction === 'forward'
          ? [(terms['y'] as number) * first * second, most(addend)]
          : [
              (terms[factors[0]] as number) * second * dy,
              (terms[factors[1]] as number) * first * dy,
              addend === undefined ? 0 : (terms[addend] as number) * dy,
            ]
      assert(Math.min(first, second)).toBeGreaterThanOrEqual(1)
      assert(Math.max(...sums)).toBeLessThan(2 ** 24)
      // and not idly small
      assert(Math.max(...sums)).toBeGreaterThan(2 ** 11)
    }
  })
})

/** A kernel that sees one of its operands rounded to so many bits behind the leading one. */
const rounding = (kernel: PlainKernel, name: string, bits: number): PlainKernel => {
  const seen = (tensors: Readonly<Record<string, Tensors[string] | undefined>>, prefix = '') =>
    Object.fromEntries(
      Object.entries(tensors).map(([key, tensor]) => [
        key,
        tensor !== undefined && `${prefix}${key}` === name ? mapTensor(roundTo(bits), tensor) : tensor,
      ]),
    )
  return {
    forward: (attrs, inputs, sizes) => kernel.forward(attrs, seen(inputs), sizes),
    backward: (attrs, inputs, cotangents, sizes) =>
      kernel.backward!(attrs, seen(inputs), seen(cotangents, 'd') as Tensors, sizes),
  }
}

describe('an operand that is rounded on its way shows in its own class', () => {
  const shapes: Readonly<Record<string, Form['shapes']>> = {
    dense: { x: [6, 40], w: [7, 40], b: [7] },
    conv2d: { x: [2, 6, 7, 7], w: [8, 6, 3, 3], b: [8] },
    conv1d: { x: [2, 6, 17], w: [8, 6, 3], b: [8] },
    convTranspose2d: { x: [2, 6, 5, 5], w: [6, 8, 3, 3], b: [8] },
    mul: { a: [40], b: [40] },
    scaleChannels: { x: [2, 6, 5, 5], s: [2, 6] },
  }
  const shown = asked.flatMap(({ op, direction }) => {
    const [first, second] = productOf(op).factors
    const operands = [first, second, ...(direction === 'backward' ? ['dy'] : [])]
    const answers = (operand: string): readonly string[] =>
      direction === 'forward' ? ['y'] : [first, second].filter((answer) => answer !== operand)
    return operands.flatMap((operand) =>
      answers(operand).flatMap((answer) =>
        (
          [
            ['tf32 or f16', 10],
            ['bf16', 7],
          ] as const
        ).map(([kind, bits]) => [op, direction, operand, answer, kind, bits] as const),
      ),
    )
  })
  test.each(shown)('%s %s: %s shows in %s as %s', async (op, direction, operand, answer, _kind, bits) => {
    const base: Form = { attrs: {}, shapes: shapes[op]!, fills: {}, wanted: [answer] }
    const form = inNumbers(op, direction, productOf(op), `odd ${operand}`, base)
    const of: Case = { op, direction, seed: 'bits', form }
    const table = { [op]: rounding(plainF32Kernels[op] as PlainKernel, operand, bits) }
    assert((await judged(table, of)).worst.ratio).toBe(Infinity)
    assert((await judged({}, of)).worst.ratio).toBe(0)
  })
})

test('a product of 65,537 inputs scaled by ¾ is wrong in numbers of one sign, and of mixed signs it is not seen', async () => {
  const scaled: KernelTable = {
    dense: {
      forward: (attrs, inputs, sizes) => {
        const { y } = (plainF32Kernels.dense as PlainKernel).forward(attrs, inputs, sizes)
        return { y: mapTensor((value) => 0.75 * value, y!) }
      },
    },
  }
  const ratio = async (choice: string): Promise<number> => {
    const base: Form = { attrs: {}, shapes: { x: [2, 65537], w: [2, 65537] }, fills: {} }
    const form = inNumbers('dense', 'forward', productOf('dense'), choice, base)
    return (await judged(scaled, { op: 'dense', direction: 'forward', seed: 'long', form })).worst.ratio
  }
  assert(await ratio('apart')).toBeLessThan(1)
  assert(await ratio('one sign')).toBeGreaterThan(10)
  assert(await ratio('integers')).toBe(Infinity)
})
