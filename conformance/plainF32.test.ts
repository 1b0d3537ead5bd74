import { describe, expect, test } from 'vitest'
import { plainF32, plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import { sessionOf } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf, questions } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { tensor } from '../spec/tensor.js'
import { batch, standardisationOf } from '../training/dataset.js'
import { digits } from '../training/digits.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../training/step.js'
import { everyValue, lockstep } from './lockstep.js'
import { smallTable } from './testing/toys.js'
import { verify } from './verify.js'

const row = (...values: readonly number[]): Tensor => tensor([values.length], values)
const scalar = (value: number): Tensor => tensor([], [value])

/** The answer to one op, as plain lists. */
const answer = async (
  op: OpName,
  direction: Direction,
  attrs: Readonly<Record<string, unknown>>,
  inputs: Tensors,
  cotangents: Tensors = {},
): Promise<Readonly<Record<string, readonly number[]>>> => {
  const decoded = getOrThrow(opOf(op).attrs.decode(attrs))
  const { program, feeds } = oneNode({ op, direction, attrs: decoded, inputs, cotangents })
  const values = answersOf(getOrThrow(await plainF32.run(program, feeds)()))
  return Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, Array.from(data)]))
}

describe('the plain f32 backend', () => {
  test('has every op and direction, and says what it is', () => {
    expect(questions.filter(({ op, direction }) => !plainF32.supports(op, direction))).toEqual([])
    expect(plainF32.name).toBe('plain-f32')
    expect(plainF32.fingerprint).toMatchObject({ name: 'plain-f32', arithmetic: 'f32' })
  })

  test.each([1, 2])('is conformant in every op and direction, with seed %i', async (seed) => {
    const { lines, programs, rounding } = getOrThrow(
      await verify(plainF32, oracle, smallTable, { profile: 'quick', runs: 4, seed })(),
    )
    expect(rounding).toBe('nearest')
    expect(lines.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
    expect(lines).toHaveLength(questions.length)
    expect(lines.filter(({ repeats }) => repeats === undefined || repeats.differed > 0)).toEqual([])
    expect(programs!.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
  })

  test('trains LeNet-5 for a step that is right at every node, forward, backward and update', async () => {
    const network = lenet5(4)
    const step = getOrThrow(trainingStep(network, { momentum: 0.9, weightDecay: 1e-4 }))
    const images = digits(1, 4, 'train')
    const state = initialState(initialParameters(network, 1))
    const { x, target } = batch(images, [0, 1, 2, 3], standardisationOf(images))
    const feeds = stepFeeds({ x, target, learningRate: 0.02 })
    const session = getOrThrow(await sessionOf(plainF32, step, state)())
    const values = getOrThrow(await session.step(feeds, everyValue(step))())
    const { guilty, findings } = getOrThrow(lockstep(oracle, step, { ...state, ...feeds, ...values }, anyOrder))
    expect(guilty).toBeUndefined()
    expect(findings).toHaveLength(step.nodes.length)
  })

  test('keeps no digit beyond f32, in attributes, inputs and sums', async () => {
    // 2²⁴ + 1 rounds to 2²⁴, one by one and in this order
    const ones = { x: tensor([1, 3], [2 ** 24, 1, 1]), w: tensor([1, 3], [1, 1, 1]) }
    expect(await answer('dense', 'forward', {}, ones)).toEqual({ y: [2 ** 24] })
    expect(await answer('leakyRelu', 'forward', { alpha: 0.1 }, { x: row(-1) })).toEqual({ y: [-Math.fround(0.1)] })
    expect(await answer('relu', 'forward', {}, { x: row(0.1) })).toEqual({ y: [Math.fround(0.1)] })
  })

  test.each([
    ['relu', 'forward', {}, { x: row(NaN, -Infinity) }, {}, { y: [NaN, 0] }],
    ['relu', 'backward', {}, { x: row(NaN, 0) }, { y: row(3, 3) }, { x: [3, 0] }],
    ['elu', 'forward', {}, { x: row(NaN, -Infinity) }, {}, { y: [NaN, -1] }],
    ['elu', 'backward', {}, { x: row(NaN, -Infinity) }, { y: row(3, 3) }, { x: [NaN, 0] }],
    ['tanh', 'forward', {}, { x: row(NaN, Infinity) }, {}, { y: [NaN, 1] }],
    ['step', 'forward', {}, { x: row(NaN, -0) }, {}, { y: [0, 1] }],
    ['softmax', 'forward', {}, { x: row(1, NaN, 2) }, {}, { y: [NaN, NaN, NaN] }],
    ['softmax', 'forward', {}, { x: row(0, -Infinity, 0) }, {}, { y: [0.5, 0, 0.5] }],
    ['logSoftmax', 'forward', {}, { x: row(0, -Infinity) }, {}, { y: [0, -Infinity] }],
    ['maxPool2d', 'forward', {}, { x: tensor([1, 1, 2, 2], [NaN, 1, 2, 3]) }, {}, { y: [NaN] }],
    [
      'maxPool2d',
      'backward',
      {},
      { x: tensor([1, 1, 2, 2], [NaN, 1, NaN, 3]) },
      { y: tensor([1, 1, 1, 1], [5]) },
      { x: [0, 0, 5, 0] },
    ],
    [
      'hinge',
      'forward',
      {},
      { scores: tensor([1, 3], [NaN, 1, 2]), target: tensor([1, 3], [1, 0, 0]) },
      {},
      { loss: [NaN] },
    ],
    // one class has no other whose margin it could break, and none stands in a margin of its own
    ['hinge', 'forward', {}, { scores: tensor([1, 1], [2]), target: tensor([1, 1], [NaN]) }, {}, { loss: [0] }],
    [
      'hinge',
      'backward',
      {},
      { scores: tensor([1, 2], [0, 2]), target: tensor([1, 2], [Infinity, 0]) },
      { loss: scalar(1) },
      { scores: [-Infinity, Infinity] },
    ],
    ['dropout', 'forward', { key: [0, 0], keep: 2 ** -30 }, { x: row(NaN, Infinity, 1) }, {}, { y: [NaN, NaN, 0] }],
    ['minMaxNormalize', 'forward', {}, { x: tensor([3, 1], [1, NaN, 3]) }, {}, { y: [NaN, NaN, NaN] }],
    ['zScoreNormalize', 'forward', {}, { x: tensor([2, 1], [0.1, 0.1]) }, {}, { y: [0, 0] }],
    ['bce', 'forward', {}, { prediction: row(0, 1), target: row(0, 1) }, {}, { loss: [0] }],
    ['bce', 'forward', {}, { prediction: row(0), target: row(1) }, {}, { loss: [Infinity] }],
    [
      'softmaxCrossEntropy',
      'forward',
      {},
      { logits: tensor([1, 3], [1, -Infinity, 2]), target: tensor([1, 3], [1, 0, 0]) },
      {},
      { loss: [Math.fround(1.3132616875182228)] },
    ],
    ['sgd', 'forward', { learningRate: 1 }, { w: scalar(Infinity), g: scalar(1) }, {}, { w: [Infinity] }],
  ] as const)('%s %s keeps what is not finite: %j', async (op, direction, attrs, inputs, cotangents, wanted) => {
    expect(await answer(op, direction, attrs, inputs, cotangents)).toEqual(wanted)
    const whole = getOrThrow(opOf(op).attrs.decode(attrs))
    const exact = getOrThrow(oracle.evaluate(op, direction, whole, inputs, cotangents))
    const nearest = ({ data }: Tensor): readonly number[] => Array.from(data as ArrayLike<number>, Math.fround)
    expect(Object.fromEntries(Object.entries(exact).map(([name, value]) => [name, nearest(value)]))).toEqual(wanted)
  })

  test('reads the parts of a concatenation by their numbers, in whatever order they are given', async () => {
    const parts = { x1: tensor([1, 1], [2]), x2: tensor([1, 1], [3]), x0: tensor([1, 1], [1]) }
    expect(await answer('concat', 'forward', {}, parts)).toEqual({ y: [1, 2, 3] })
    expect(await answer('concat', 'backward', {}, parts, { y: tensor([1, 3], [4, 5, 6]) })).toEqual({
      x0: [4],
      x1: [5],
      x2: [6],
    })
  })

  test('a fault planted in it is found', async () => {
    const { conv2d, momentum } = plainF32Kernels as Readonly<Record<'conv2d' | 'momentum', PlainKernel>>
    const faults: KernelTable = {
      // bottom for top
      conv2d: {
        ...conv2d,
        forward: ({ padding, ...attrs }, inputs, sizes) => {
          const [top, bottom, left, right] = padding as readonly [number, number, number, number]
          return conv2d.forward({ ...attrs, padding: [bottom, top, left, right] }, inputs, sizes)
        },
      },
      // never Nesterov's
      momentum: {
        forward: (attrs, inputs, sizes) => momentum.forward({ ...attrs, nesterov: false }, inputs, sizes),
      },
    }
    const faulty = fromKernels('faulty', { ...plainF32Kernels, ...faults })
    // of momentum a class once is not enough: a rate, a momentum or a velocity of 0 hides Nesterov's
    for (const [op, profile] of [
      ['conv2d', 'quick'],
      ['momentum', 'standard'],
    ] as const) {
      const scope = { ops: [op], direction: 'forward', profile, runs: 20, seed: 1 } as const
      const { lines } = getOrThrow(await verify(faulty, oracle, smallTable, scope)())
      expect(lines.map(({ verdict }) => verdict)).toEqual(['not-conformant'])
    }
  })
})
