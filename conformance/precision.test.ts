import { describe, expect, test } from 'vitest'
import { formulasIn } from './testing/instrument.js'
import type { Arithmetic } from './rewritings/arithmetic.js'
import { neighbour, randomRounding } from './rewritings/rounding.js'
import { right } from './testing/shaken.js'
import { oracle } from '../reference/index.js'
import type { Formulas } from '../reference/formulas.js'
import { fieldsBy } from '../reference/formulas.js'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf, questions } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { wholeOf } from '../spec/field.js'
import type { Draws } from '../spec/philox.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensor, sizeOf, tensor } from '../spec/tensor.js'
import { caseAt, indicesOf } from './cases.js'
import { bf16, f16, f32, flushed, tf32, toNearest, towardsZero } from './formats.js'
import type { Format } from './formats.js'
import { realise } from './form.js'
import { expectWhole } from './judge.js'
import type { Precision } from './precision.js'
import { checkIn, expectIn, precisions } from './precision.js'
import { questionTable } from './table.js'

const formatOf: Readonly<Record<Precision, Format>> = { f32, 'f32-nearest': f32, tf32, bf16, f16 }

interface Kernel {
  readonly reads: (x: number) => number
  readonly stores: (x: number) => number
}

/** Ways of being right in a precision: operands to nearest, or cut off, or as they are; the result likewise. */
const kernelsIn = (precision: Precision): readonly Kernel[] => {
  const format = formatOf[precision]
  const [nearest, cut] = [toNearest(format), towardsZero(format)]
  const asIs = (x: number): number => x
  if (precision === 'f32-nearest') return [{ reads: nearest, stores: asIs }]
  if (precision === 'f32' || precision === 'tf32')
    return [
      { reads: nearest, stores: asIs },
      { reads: cut, stores: asIs },
    ]
  return [
    { reads: nearest, stores: nearest },
    { reads: cut, stores: cut },
    { reads: asIs, stores: nearest },
    { reads: (x) => flushed(format)(nearest(x)), stores: (x) => flushed(format)(cut(x)) },
  ]
}

/** Sums in an order drawn at random: any two of what there is are added, until one is left. */
const inAnyOrder = (draw: Draws, arithmetic: Arithmetic): Arithmetic => ({
  ...arithmetic,
  total: () => {
    const terms: number[] = []
    const taken = (): number => {
      const at = draw.integer(0, terms.length - 1)
      const term = terms[at] as number
      terms[at] = terms[terms.length - 1] as number
      terms.length--
      return term
    }
    return {
      add: (term) => void terms.push(term),
      value: () => {
        if (terms.length === 0) return 0
        while (terms.length > 1) terms.push(arithmetic['+'](taken(), taken()))
        return terms[0] as number
      },
    }
  },
})

/** f32 by IEEE 754, every operation to nearest; functions to either side, as libraries have them. */
const toNearestF32 = (draw: Draws): Arithmetic => {
  const near = (exact: number): number => {
    const nearest = Math.fround(exact)
    return draw.word() & 1 && nearest !== exact && Number.isFinite(nearest)
      ? neighbour(nearest, exact > nearest)
      : nearest
  }
  return {
    '+': (a, b) => Math.fround(a + b),
    '-': (a, b) => Math.fround(a - b),
    '*': (a, b) => Math.fround(a * b),
    '/': (a, b) => Math.fround(a / b),
    Math: {
      ...randomRounding(draw).Math,
      exp: (x: number) => near(Math.exp(x)),
      log: (x: number) => near(Math.log(x)),
      sqrt: (x: number) => Math.fround(Math.sqrt(x)),
      tanh: (x: number) => near(Math.tanh(x)),
      expm1: (x: number) => near(Math.expm1(x)),
      log1p: (x: number) => near(Math.log1p(x)),
    },
  }
}

const mapAll = (f: (x: number) => number, tensors: Tensors, except: readonly string[] = []): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, x]) => [name, except.includes(name) ? x : mapTensor((v) => f(v), x)]),
  )

const answerOf = (formulas: Formulas, { reads, stores }: Kernel, question: Question): Tensors => {
  const { op, direction, attrs, inputs, cotangents, wanted } = question
  const counts = opOf(op).counts ?? []
  const answer = wholeOf(
    right(fieldsBy(formulas, op, direction, attrs, mapAll(reads, inputs, counts), mapAll(reads, cotangents))),
  )
  return mapAll(
    stores,
    Object.fromEntries(Object.entries(answer).filter(([name]) => wanted?.includes(name) ?? true)),
    counts,
  )
}

const worstRatio = (answer: Tensors, question: Question, precision: Precision, depth?: number): number =>
  right(checkIn(oracle, question, answer, depth === undefined ? { precision } : { precision, depth })).ratio

// every so many cases of the quick run, and of these the small ones
const askedOf = (op: OpName, direction: 'forward' | 'backward', every: number): readonly Question[] =>
  indicesOf(questionTable, op, direction, 'quick', 0)
    .filter((_, at) => at % every === 0)
    .map((index) => right(realise(caseAt(questionTable, op, direction, 7, index))))
    .filter(({ inputs }) => Object.values(inputs).every(({ shape }) => sizeOf(shape) <= 2 ** 11))

const uniform = (draw: Draws, shape: readonly number[], low: number, high: number): Tensor =>
  generate(shape, () => Math.fround(low + (high - low) * draw.uniform()))

const forward = (op: OpName, attrs: Readonly<Record<string, unknown>>, inputs: Tensors): Question => ({
  op,
  direction: 'forward',
  attrs: getOrThrow(opOf(op).attrs.decode(attrs)),
  inputs,
  cotangents: {},
})

const boundsAt = (question: Question, precision: Precision, depth?: number): Readonly<Record<string, number[]>> => {
  const asked = depth === undefined ? { precision } : { precision, depth }
  const { bounds } = getOrThrow(expectIn(oracle, question, asked))
  return Object.fromEntries(Object.entries(bounds).map(([name, field]) => [name, Array.from(field.all() as never)]))
}

describe('a format', () => {
  test('holds what IEEE 754 says: ties to even, subnormals, the range', () => {
    const half = toNearest(f16)
    expect([65504, 65519, 65520, -7e4].map(half)).toEqual([65504, 65504, Infinity, -Infinity])
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25].map(half)).toEqual([1, 1 + 2 ** -9, 0, 2 ** -23])
    expect([0.1, -0.1].map(half)).toEqual([0.0999755859375, -0.0999755859375])
    expect([1e9, 2 ** -24 * 1.9, 1 + 2 ** -10 + 2 ** -12].map(towardsZero(f16))).toEqual([
      65504,
      2 ** -24,
      1 + 2 ** -10,
    ])
    expect([2 ** -15, -(2 ** -14)].map(flushed(f16))).toEqual([0, -(2 ** -14)])
    expect(Object.is(half(-(2 ** -30)), -0)).toBe(true)
    expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 / 3].map(toNearest(bf16))).toEqual([1, 1 + 2 ** -6, 0.333984375])
    expect([1 + 2 ** -11, 1 / 3].map(toNearest(tf32))).toEqual([1, 0.333251953125])
    expect([Infinity, -Infinity, NaN].map(half)).toEqual([Infinity, -Infinity, NaN])
  })

  test('f32 is what the machine has', () => {
    const draw = draws(keyOf('f32'))
    for (let i = 0; i < 2000; i++) {
      const x = draw.normal() * 2 ** draw.integer(-148, 126)
      expect(toNearest(f32)(x)).toBe(Math.fround(x))
      expect(Math.abs(towardsZero(f32)(x))).toBeLessThanOrEqual(Math.abs(x))
      expect(Math.fround(towardsZero(f32)(x))).toBe(towardsZero(f32)(x))
    }
  })
})

describe('the bound of f32', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    "%s %s: is the suite's own where f32 holds operands and attributes",
    (op, direction) => {
      for (const question of askedOf(op, direction, 12)) {
        const own = right(expectWhole(oracle, question, anyOrder))
        const { bounds } = right(expectIn(oracle, question, { precision: 'f32' }))
        for (const [name, { data }] of Object.entries(own.bounds)) {
          const finite = Array.from({ length: data.length }, (_, i) => i).filter((i) =>
            Number.isFinite(own.values[name]?.data[i]),
          )
          const found = bounds[name]?.all() ?? []
          expect(finite.map((i) => found[i])).toEqual(finite.map((i) => data[i]))
        }
      }
    },
  )
})

describe('a right kernel', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: is never further off than the bound, in any precision',
    (op, direction) => {
      const asked = askedOf(op, direction, 5)
      expect(asked.length).toBeGreaterThan(0)
      for (const precision of precisions) {
        const draw = draws(keyOf(`right in ${precision} ${op} ${direction}`))
        const arithmetic = precision === 'f32-nearest' ? toNearestF32(draw) : randomRounding(draw)
        const formulas = formulasIn(inAnyOrder(draw, arithmetic))
        for (const question of asked)
          for (const kernel of kernelsIn(precision)) {
            const ratio = worstRatio(answerOf(formulas, kernel, question), question, precision)
            if (!(ratio <= 1))
              expect({ precision, ratio, question: JSON.stringify(question).slice(0, 400) }).toEqual({})
          }
      }
    },
  )
})

/** Sums whose last term is left out. */
const oneTermShort = (arithmetic: Arithmetic): Arithmetic => ({
  ...arithmetic,
  total: () => {
    let [sum, last, count] = [0, 0, 0]
    return {
      add: (term) => {
        if (count++ > 0) sum = arithmetic['+'](sum, last)
        last = term
      },
      value: () => (count === 1 ? last : sum),
    }
  },
})

const backward = (op: OpName, attrs: Readonly<Record<string, unknown>>, inputs: Tensors, dy: Tensors): Question => ({
  ...forward(op, attrs, inputs),
  direction: 'backward',
  cotangents: dy,
})

// sums of 16 to 36 terms of one sign and about one size, so that each is some percent of its sum
const sums = (draw: Draws): Readonly<Record<string, Question>> => {
  const some = (...shape: readonly number[]): Tensor => uniform(draw, shape, 1, 2)
  const image = { x: some(2, 4, 6, 6), w: some(3, 4, 3, 3), b: some(3) }
  return {
    'dense forward': forward('dense', {}, { x: some(3, 32), w: some(4, 32), b: some(4) }),
    'dense backward': backward('dense', {}, { x: some(32, 3), w: some(32, 3) }, { y: some(32, 32) }),
    'conv1d forward': forward('conv1d', {}, { x: some(1, 8, 9), w: some(2, 8, 3) }),
    'conv2d forward': forward('conv2d', { stride: [1, 2] }, image),
    'conv2d backward': backward('conv2d', {}, image, { y: some(2, 3, 4, 4) }),
    'convTranspose2d forward': forward('convTranspose2d', {}, { x: some(1, 9, 4, 4), w: some(9, 2, 2, 2) }),
    'avgPool2d forward': forward('avgPool2d', { window: [4, 4] }, { x: some(1, 2, 8, 8) }),
    'globalAvgPool forward': forward('globalAvgPool', {}, { x: some(2, 3, 5, 5) }),
    'softmax forward': forward('softmax', {}, { x: some(4, 24) }),
    'mse forward': forward(
      'mse',
      {},
      { prediction: uniform(draw, [4, 8], 3, 3.2), target: uniform(draw, [4, 8], 1, 1.2) },
    ),
    'softmaxCrossEntropy forward': forward('softmaxCrossEntropy', {}, { logits: some(16, 4), target: some(16, 4) }),
    'bce forward': forward(
      'bce',
      {},
      { prediction: uniform(draw, [20], 0.25, 0.75), target: uniform(draw, [20], 0.25, 0.75) },
    ),
    'l2Penalty forward': forward('l2Penalty', { beta: 1 }, { w: some(30) }),
    'batchNormTraining backward': backward(
      'batchNormTraining',
      {},
      { x: some(24, 2), gamma: some(2), beta: some(2), runningMean: some(2), runningVar: some(2) },
      { y: some(24, 2) },
    ),
    'rnnCell forward': forward(
      'rnnCell',
      {},
      {
        x: uniform(draw, [2, 8], 0.1, 0.2),
        h: uniform(draw, [2, 8], 0.1, 0.2),
        wIh: uniform(draw, [8, 8], 0.1, 0.2),
        wHh: uniform(draw, [8, 8], 0.1, 0.2),
        b: uniform(draw, [8], 0.1, 0.2),
      },
    ),
  }
}

describe('a kernel that leaves out one term of each sum', () => {
  test.each(precisions)('is further off than the bound of %s', (precision) => {
    const draw = draws(keyOf(`one term short in ${precision}`))
    const f32Sums = toNearestF32(draw)
    const [short, whole] = [formulasIn(oneTermShort(f32Sums)), formulasIn(inAnyOrder(draw, f32Sums))]
    for (let round = 0; round < 5; round++)
      for (const [name, question] of Object.entries(sums(draw))) {
        const kernel = kernelsIn(precision)[0] as Kernel
        const ratios = [whole, short].map((formulas) =>
          worstRatio(answerOf(formulas, kernel, question), question, precision),
        )
        expect({ name, right: (ratios[0] as number) <= 1, short: (ratios[1] as number) > 1 }).toEqual({
          name,
          right: true,
          short: true,
        })
      }
  })
})

describe('what reading moves', () => {
  const row = (...values: readonly number[]): Tensor => tensor([values.length], values)

  test('is nothing where the format holds the operands: only f32 arithmetic and the result are left', () => {
    const x = row(0.5, 1.5, -2, 0)
    for (const precision of precisions)
      expect(boundsAt(forward('relu', {}, { x }), precision)).toEqual({ y: [0, 0, 0, 0] })
    // 1.25² is held by bf16; 1.0078125² is not, and becomes either neighbour of what f32 holds
    const one = boundsAt(forward('mul', {}, { a: row(1.25, 1 + 2 ** -7), b: row(1.25, 1 + 2 ** -7) }), 'bf16').y ?? []
    expect(one[0]).toBe(0)
    expect(one[1]).toBe(2 ** -14)
  })

  test('is what it comes to in the formula: half a step of the format, or all of it cut off', () => {
    const x = 1 + 2 ** -9 + 2 ** -10
    // 3/8 of a step of bf16 from 1, which is both the nearest and what is left when digits are cut off
    expect(boundsAt(forward('relu', {}, { x: row(x) }), 'bf16')).toEqual({ y: [2 ** -9 + 2 ** -10] })
    expect(boundsAt(forward('relu', {}, { x: row(x) }), 'tf32')).toEqual({ y: [0] })
    expect(boundsAt(forward('relu', {}, { x: row(0.1) }), 'f32')).toEqual({ y: [0.1 - (Math.fround(0.1) - 2 ** -27)] })
  })

  test('may flip a decision, and the bound covers both sides: a threshold, tied maxima', () => {
    expect(boundsAt(forward('step', {}, { x: row(-1e-9, -1, 1) }), 'f16')).toEqual({ y: [1, 0, 0] })
    expect(boundsAt(forward('step', {}, { x: row(-1e-9, -1, 1) }), 'bf16')).toEqual({ y: [0, 0, 0] })
    const pooled = backward(
      'maxPool2d',
      { window: [1, 2] },
      { x: tensor([1, 1, 1, 4], [1, 1.001, 2, 1]) },
      { y: tensor([1, 1, 1, 2], [3, 5]) },
    )
    expect(boundsAt(pooled, 'bf16')).toEqual({ x: [3, 3, 0, 0] })
    expect(boundsAt(pooled, 'tf32')).toEqual({ x: [0, 0, 0, 0] })
  })

  test('may differ from operand to operand, and element to element, in sums of products', () => {
    const draw = draws(keyOf('mixed'))
    const some = (...shape: readonly number[]): Tensor => generate(shape, () => Math.fround(draw.normal()))
    for (const precision of ['tf32', 'bf16', 'f16'] as const)
      for (let round = 0; round < 20; round++) {
        const [near, cut] = [toNearest(formatOf[precision]), towardsZero(formatOf[precision])]
        const reads = (x: number): number => draw.pick([near, cut, (v: number) => v])(x)
        const formulas = formulasIn(inAnyOrder(draw, randomRounding(draw)))
        const x = some(2, 4, 5, 5)
        for (const question of [
          forward('dense', {}, { x: some(3, 20), w: some(4, 20), b: some(4) }),
          forward('conv2d', { padding: [1, 1, 1, 1] }, { x, w: some(2, 4, 3, 3), b: some(2) }),
          forward('add', {}, { a: some(30), b: some(30) }),
          backward('mul', {}, { a: some(30), b: some(30) }, { y: some(30) }),
          backward('conv2d', {}, { x, w: some(2, 4, 3, 3), b: some(2) }, { y: some(2, 2, 3, 3) }),
        ])
          expect(
            worstRatio(answerOf(formulas, { reads, stores: (v) => v }, question), question, precision),
          ).toBeLessThanOrEqual(1)
      }
  })

  test('may be past the range of f16: the bound of what it reaches is Infinity, and of nothing else', () => {
    const x = tensor([2, 2], [1e5, 1, 1, 2])
    expect(boundsAt(forward('dense', {}, { x, w: tensor([1, 2], [1, 1]) }), 'f16').y).toEqual([Infinity, 2 ** -9])
    // the operands are held, the result is not
    expect(boundsAt(forward('mul', {}, { a: row(300, 2), b: row(300, 2) }), 'f16').y?.[0]).toBe(Infinity)
    expect(boundsAt(forward('mul', {}, { a: row(300), b: row(300) }), 'bf16').y?.[0]).toBeLessThan(600)
    expect(boundsAt(forward('mul', {}, { a: row(1e30), b: row(1e30) }), 'f32')).toEqual({ y: [Infinity] })
  })

  test('is no excuse where the answer is no number: the same is wanted', () => {
    const x = row(NaN, Infinity, -Infinity, 1)
    for (const precision of precisions) expect(boundsAt(forward('relu', {}, { x }), precision).y).toEqual([0, 0, 0, 0])
  })

  test('is for attributes too, which come as given or in f32', () => {
    const step = (learningRate: number): Question => forward('sgd', { learningRate }, { w: row(0), g: row(1024) })
    const [held, not] = [boundsAt(step(Math.fround(0.1)), 'f32').w?.[0], boundsAt(step(0.1), 'f32').w?.[0]] as number[]
    expect((not as number) - (held as number)).toBeGreaterThan(1024 * (Math.fround(0.1) - 0.1) * 0.99)
  })

  test('is no matter of what counts: steps taken are kept', () => {
    const adam = (step: number): Question =>
      forward('adam', {}, { w: row(1), g: row(1), m: row(0), v: row(0), step: tensor([], [step]) })
    expect(boundsAt(adam(1001), 'bf16').step).toEqual([0])
  })
})

test('a decision that f32 leaves open moves a gradient by a whole term, to nearest as well', () => {
  // the margin is 2⁻²⁵; f32 has −1 for 2⁻²⁵ − 1, a tie, so 0 for the margin, and no pull
  const inputs = { scores: tensor([1, 2], [2 ** -25, 1]), target: tensor([1, 2], [0, 1]) }
  const question = backward('hinge', { reduction: 'sum' }, inputs, { loss: tensor([], [1]) })
  const answer = answerOf(formulasIn(toNearestF32(draws(keyOf('open')))), asIs, question)
  expect(answer['scores']?.data).toEqual(Float64Array.of(0, 0))
  expect(worstRatio(answer, question, 'f32-nearest')).toBeLessThanOrEqual(1)
})

describe('a depth of additions', () => {
  test('narrows sums of products and reductions, in both directions, and only them', () => {
    const draw = draws(keyOf('depth'))
    const some = (...shape: readonly number[]): Tensor => uniform(draw, shape, 1, 2)
    const most = (question: Question, depth?: number): number =>
      Math.max(...Object.values(boundsAt(question, 'f32', depth)).flat())
    for (const question of [
      forward('dense', {}, { x: some(2, 256), w: some(2, 256) }),
      backward('dense', {}, { x: some(256, 2), w: some(2, 2) }, { y: some(256, 2) }),
      forward('conv2d', {}, { x: some(1, 16, 4, 4), w: some(2, 16, 4, 4) }),
      forward('mse', {}, { prediction: some(256), target: some(256) }),
    ]) {
      expect(most(question, 8)).toBeLessThan(most(question) / 10)
      expect(most(question, 255)).toBeLessThanOrEqual(most(question))
    }
    const one = forward('sigmoid', {}, { x: some(4) })
    expect(most(one, 0)).toBe(most(one))
  })

  test('holds for a tree, and not for a serial sum of small terms', () => {
    const draw = draws(keyOf('trees'))
    const near = toNearestF32(draw)
    const tree: Arithmetic = {
      ...near,
      total: () => {
        const terms: number[] = []
        const pairs = (list: readonly number[]): number =>
          list.length < 2
            ? (list[0] ?? 0)
            : near['+'](pairs(list.slice(0, list.length / 2)), pairs(list.slice(list.length / 2)))
        return { add: (term) => void terms.push(term), value: () => pairs(terms) }
      },
    }
    const cut = towardsZero(f32)
    const serial: Arithmetic = { ...near, '+': (a, b) => cut(a + b) }
    const K = 1024
    const question = forward('dense', {}, { x: uniform(draw, [1, K], 1, 2), w: uniform(draw, [4, K], 1, 2) })
    const [asTree, asSerial] = [tree, serial].map((arithmetic) => answerOf(formulasIn(arithmetic), asIs, question))
    expect(worstRatio(asTree as Tensors, question, 'f32', 10)).toBeLessThanOrEqual(1)
    expect(worstRatio(asSerial as Tensors, question, 'f32', 10)).toBeGreaterThan(1)
    expect(worstRatio(asSerial as Tensors, question, 'f32')).toBeLessThanOrEqual(1)
  })
})

const asIs: Kernel = { reads: (x) => x, stores: (x) => x }

describe('an answer that is held against its bounds', () => {
  const question = forward('relu', {}, { x: tensor([2, 2], [1, -1, 3, 1e5]) })

  test('is told by its worst element', () => {
    const answer = { y: tensor([2, 2], [1, 0, 3.01, 1e5]) }
    const worst = getOrThrow(checkIn(oracle, question, answer, { precision: 'bf16' }))
    expect(worst).toMatchObject({ output: 'y', index: [1, 0], got: 3.01, want: 3, bound: 0, ratio: Infinity })
  })

  test('passes where a precision has no number for what is wanted, whatever it is', () => {
    const answer = (last: number): Tensors => ({ y: tensor([2, 2], [1, 0, 3, last]) })
    for (const last of [Infinity, NaN, 65504])
      expect(getOrThrow(checkIn(oracle, question, answer(last), { precision: 'f16' })).ratio).toBe(0)
    expect(getOrThrow(checkIn(oracle, question, answer(NaN), { precision: 'f32' })).ratio).toBe(Infinity)
  })

  test('of another shape or name is refused', () => {
    const codeOf = (answer: Tensors): string => {
      const worst = checkIn(oracle, question, answer, { precision: 'f32' })
      return 'left' in worst ? worst.left.code : 'ok'
    }
    expect(codeOf({ y: tensor([4], [1, 0, 3, 1e5]) })).toBe('ShapeMismatch')
    expect(codeOf({ z: tensor([2, 2], [1, 0, 3, 1e5]) })).toBe('UnexpectedInput')
    expect(codeOf({})).toBe('ok')
  })
})
