import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { anyOrder, epsilon } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import { evaluate } from '../spec/fromKernels.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensor, sizeOf } from '../spec/tensor.js'
import type { WholeExpected } from './judge.js'
import { expect, expectWhole, ratioOf } from './judge.js'
import { inArithmetic } from './testing/instrument.js'
import { neighbour, randomRounding } from './rewritings/rounding.js'
import { right } from './testing/shaken.js'

/** What the bounds of recurrent layers say over many steps: that right arithmetic keeps them, and slight faults do not. */

type Recurrent = 'rnn' | 'lstm' | 'gru' | 'rnnCell' | 'lstmCell' | 'gruCell'

interface Sizes {
  readonly T: number
  readonly N: number
  readonly I: number
  readonly H: number
}

/** A question with weights and biases uniform in ±scale/√H, as recurrent layers start; the rest is normal, times a gain. */
const questionOf = (
  op: Recurrent,
  direction: Question['direction'],
  sizes: Sizes,
  scale: number,
  gain = 1,
): Question => {
  const { T, N, I, H } = sizes
  const draw = draws(keyOf([op, T, N, I, H, scale, gain].join()))
  const made = (shape: Shape, f: () => number): Tensor => ({
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, f),
  })
  const weights = (shape: Shape): Tensor => made(shape, () => (scale * (2 * draw.uniform() - 1)) / Math.sqrt(H))
  const numbers = (shape: Shape): Tensor => made(shape, () => gain * draw.normal())
  const [long, scans] = [op.startsWith('lstm'), !op.endsWith('Cell')]
  const gated = op.startsWith('gru')
  const R = long ? 4 * H : gated ? 3 * H : H
  const states = (names: readonly string[]): Tensors =>
    Object.fromEntries(names.slice(0, long ? 2 : 1).map((name) => [name, numbers([N, H])]))
  return {
    op,
    direction,
    attrs: {},
    inputs: {
      x: numbers(scans ? [T, N, I] : [N, I]),
      ...states(scans ? ['h0', 'c0'] : ['h', 'c']),
      wIh: weights([R, I]),
      wHh: weights([R, H]),
      ...(gated ? { bIh: weights([R]), bHh: weights([R]) } : { b: weights([R]) }),
    },
    cotangents:
      direction === 'forward'
        ? {}
        : { ...(scans ? { y: numbers([T, N, H]) } : {}), ...states(scans ? ['hT', 'cT'] : ['h', 'c']) },
  }
}

/** The largest error ÷ bound of an output. */
const worstOf = ({ values, bounds }: WholeExpected, name: string, got: Numbers): number => {
  const [want, bound] = [values[name]!.data, bounds[name]!.data]
  return Array.from({ length: want.length }, (_, i) => ratioOf(got[i]!, want[i]!, bound[i]!)).reduce((a, b) =>
    Math.max(a, b),
  )
}

const expected = (question: Question): WholeExpected => right(expectWhole(oracle, question, anyOrder))

describe('at T = 28, H = 128 and weights uniform in ±1/√H', () => {
  const sizes = { T: 28, N: 1, I: 28, H: 128 }
  const asked = (op: Recurrent, direction: Question['direction']) => [op, direction] as const

  test.each([
    asked('rnn', 'backward'),
    asked('lstm', 'backward'),
    asked('gru', 'backward'),
    asked('rnnCell', 'backward'),
    asked('lstmCell', 'backward'),
    asked('gruCell', 'backward'),
  ])('%s %s: each gradient times 1.01 fails', (op, direction) => {
    const answer = expected(questionOf(op, direction, sizes, 1))
    for (const [name, value] of Object.entries(answer.values))
      assert(worstOf(answer, name, mapTensor((v) => 1.01 * v, value).data), name).toBeGreaterThan(1)
    assert(Object.keys(answer.values)).toEqual(opOf(op).differentiable)
  })

  test.each([
    asked('rnn', 'forward'),
    asked('lstm', 'forward'),
    asked('gru', 'forward'),
    asked('rnnCell', 'forward'),
    asked('lstmCell', 'forward'),
    asked('gruCell', 'forward'),
  ])('%s %s: each answer times 1.001 fails, the last states and cells by themselves', (op, direction) => {
    const answer = expected(questionOf(op, direction, sizes, 1))
    for (const [name, value] of Object.entries(answer.values))
      assert(worstOf(answer, name, mapTensor((v) => 1.001 * v, value).data), name).toBeGreaterThan(1)
  })

  // the first by an ellipsoid, the last by a radius
  test.each([
    ['rnn', 0.5],
    ['lstm', 0.03],
    ['gru', 0.03],
  ] as const)('%s: of a large batch the first sequence is seen within 1 %%, and the last within %d', (op, last) => {
    const { values, bounds } = expected(questionOf(op, 'forward', { ...sizes, T: 28, N: 24, I: 2 }, 1))
    const looseness = (n: number): number =>
      Array.from(
        { length: 128 },
        (_, j) => bounds['hT']!.data[n * 128 + j]! / Math.abs(values['hT']!.data[n * 128 + j]!),
      ).toSorted((a, b) => a - b)[64]!
    assert(looseness(0)).toBeLessThan(0.01)
    assert(looseness(23)).toBeLessThan(last)
  })
})

describe('f32 arithmetic that rounds either way at random keeps within the bounds', () => {
  const simulated = inArithmetic(randomRounding(draws(keyOf('recurrent roundings'))))
  const lengths = [1, 2, 5, 16, 64].map((T) => [T] as const)
  const weights = [
    [0.01, 1],
    [1, 1],
    [1, 10],
    [2, 1],
    [4, 1],
  ] as const

  test.each((['rnn', 'lstm', 'gru'] as const).flatMap((op) => lengths.map(([T]) => [op, T] as const)))(
    '%s over %d steps, weights from small to chaotic, from 1 to 16 units, forward and backward',
    (op, T) => {
      for (const [scale, gain] of weights)
        for (const H of [1, 4, 16])
          for (const direction of ['forward', 'backward'] as const) {
            const question = questionOf(op, direction, { T, N: 2, I: 3, H }, scale, gain)
            const answer = expected(question)
            const got = right(evaluate(simulated, op, direction, {}, question.inputs, question.cotangents))
            for (const name of Object.keys(answer.values))
              assert(
                worstOf(answer, name, got[name]!.data),
                `${direction} ${name} at H ${H}, weights ±${scale}/√H, gain ${gain}`,
              ).toBeLessThanOrEqual(1)
          }
    },
  )
})

/**
 * The most that f32 may do to one number of the last state: for each pre-activation the sign of what it does to that
 * number (by the chain of Jacobians, in f64), and then every product and sum rounded to the neighbour on that side, the
 * largest terms first; tanh errs on that side as well.
 */
const adversary = ({ inputs }: Question, { T, I, H }: Sizes, states: readonly Tensor[], target: number): number => {
  const [x, h0, wIh, wHh, b] = ['x', 'h0', 'wIh', 'wHh', 'b'].map((name) => inputs[name]!.data) as [
    Numbers,
    Numbers,
    Numbers,
    Numbers,
    Numbers,
  ]
  const signs: number[][] = []
  let pull = Array.from({ length: H }, (_, j) => Number(j === target))
  for (let t = T - 1; t >= 0; t--) {
    const da = pull.map((dh, j) => dh * (1 - states[t]!.data[j]! ** 2))
    signs[t] = da.map((v) => (v < 0 ? -1 : 1))
    pull = pull.map((_, k) => da.reduce((sum, v, j) => sum + v * wHh[j * H + k]!, 0))
  }
  const toward = (exact: number, sign: number): number => {
    const nearest = Math.fround(exact)
    return nearest === exact || Math.sign(nearest - exact) === sign ? nearest : neighbour(nearest, sign > 0)
  }
  let h = Array.from({ length: H }, (_, j) => h0[j]!)
  for (let t = 0; t < T; t++) {
    const before = h
    h = signs[t]!.map((sign, j) => {
      const terms = [
        b[j]!,
        ...Array.from({ length: I }, (_, i) => toward(wIh[j * I + i]! * x[t * I + i]!, sign)),
        ...before.map((v, k) => toward(wHh[j * H + k]! * v, sign)),
      ]
      const a = terms.sort((a, b) => b - a).reduce((sum, term) => toward(sum + term, sign), 0)
      return Math.fround(Math.tanh(a) * (1 + sign * Math.sign(a) * 8.5 * epsilon))
    })
  }
  return h[target]!
}

// sequences that are too many or too long for ellipsoids are followed by a radius, which may grow so: an LSTM of 128 over 112
// steps of 64 sequences was refused
describe('where errors outgrow all numbers', () => {
  test.each(['lstm', 'gru'] as const)('%s: a gradient’s bound is Infinity and never NaN', (op) => {
    const question = questionOf(op, 'backward', { T: 180, N: 1, I: 2, H: 128 }, 8)
    const zeros = mapTensor(() => 0, question.inputs['h0'] as Tensor)
    const { bounds } = right(expect(oracle, { ...question, inputs: { ...question.inputs, h0: zeros } }, anyOrder))
    for (const name of ['wIh', 'wHh'])
      assert([0, 1, 17].map((at) => bounds[name]?.read(at)).filter(Number.isNaN), name).toEqual([])
  })
})

describe('f32 arithmetic that rounds each operation to the side that moves one state most', () => {
  test.each([
    [1, 4],
    [8, 8],
    [28, 32],
    [28, 128],
    [64, 16],
  ] as const)(
    'rnn over %d steps of %d units: it keeps within the bound, and is no further than a tenth from it',
    (T, H) => {
      const sizes = { T, N: 1, I: 5, H }
      const question = questionOf('rnn', 'forward', sizes, 1)
      const { values, bounds } = expected(question)
      const states = Array.from({ length: T }, (_, t) => generate([H], (j) => values['y']!.data[t * H + j]!))
      const reached = Array.from({ length: Math.min(H, 6) }, (_, target) =>
        ratioOf(adversary(question, sizes, states, target), values['hT']!.data[target]!, bounds['hT']!.data[target]!),
      )
      assert(Math.max(...reached)).toBeLessThanOrEqual(1)
      assert(Math.max(...reached)).toBeGreaterThan(0.1)
    },
  )
})
