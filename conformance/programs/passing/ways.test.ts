import { describe, expect, test } from 'vitest'
import { oracle } from '../../../reference/index.js'
import { getOrThrow } from '../../../spec/error.js'
import { mapValues } from '../../../spec/field.js'
import { draws, keyOf } from '../../../spec/philox.js'
import type { ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { generate, mapTensor, scalar, zipTensors } from '../../../spec/tensor.js'
import { passedOn, passes } from '../passing.js'
import { back, node } from '../scenarios/making.js'
import type { Near } from './near.js'
import { outputsNear } from './near.js'

const drawnIn = (shape: Shape, seed: string, low = -2, high = 2): Tensor => {
  const draw = draws(keyOf(seed))
  return generate(shape, () => Math.fround(low + (high - low) * draw.uniform()))
}

const maps = [2, 3, 4, 6]
const rows = [4, 5]

/** What is known exactly. */
const known: Tensors = {
  w: drawnIn([3, 3, 3, 3], 'w'),
  gamma: drawnIn([3], 'gamma'),
  beta: drawnIn([3], 'beta'),
  mean: drawnIn([3], 'mean'),
  variance: drawnIn([3], 'variance', 1, 2),
  target: drawnIn(rows, 'target', 0, 1),
  one: generate(rows, (i) => (i % 5 === Math.floor(i / 5) ? 1 : 0)),
  step: scalar(3),
}

/** What is known nearly, and how far it may be off. */
const drawnNear: Readonly<Record<string, Tensor>> = {
  a: drawnIn(maps, 'a'),
  b: drawnIn(maps, 'b'),
  dy: drawnIn(maps, 'dy'),
  pooled: drawnIn([2, 3, 2, 3], 'pooled'),
  x: drawnIn(rows, 'x'),
  y: drawnIn(rows, 'y'),
  v: drawnIn(rows, 'v', 1, 2),
  p: drawnIn(rows, 'p', 0.1, 0.9),
  d: scalar(1.5),
  each: drawnIn([4], 'each'),
  weights: drawnIn([3, 5], 'weights'),
  narrow: drawnIn([4, 3], 'narrow'),
  filters: drawnIn([3, 3, 3, 3], 'filters'),
  // some of them 0, or nearly
  astride: mapTensor((v, i) => (i % 53 === 1 ? v * 2 ** -14 : v), drawnIn(maps, 'astride')),
}

const nearly = (scale: number): Readonly<Record<string, Near>> =>
  mapValues((value) => ({ value, bound: mapTensor((_, i) => ((i * 7) % 5) * scale, value) }), drawnNear)

const unitsBack = (['relu', 'leakyRelu', 'elu', 'tanh', 'softplus', 'sigmoid'] as const).map((op) =>
  back('back', op, { x: 'astride' }, { y: 'dy' }, op === 'elu' || op === 'leakyRelu' ? { alpha: 1.5 } : {}),
)

const norm = { x: 'a', gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' }
const adamReads = { w: 'x', g: 'y', m: 'p', v: 'v', step: 'step' }
const adamOutputs = { w: 'w′', m: 'm′', v: 'v′' }

/** Each node, how far what it reads is off, and what share of the bound of each output is reached at least. */
const cases: readonly (readonly [ProgramNode, number, number])[] = [
  [back('dx', 'add', { a: 'a', b: 'b' }, { y: 'dy' }, {}, { a: 'da', b: 'db' }), 2 ** -12, 0.8],
  [back('dx', 'concat', { x0: 'a', x1: 'a' }, { y: 'joined' }, { axis: 0 }, { x0: 'd0', x1: 'd1' }), 2 ** -12, 0.8],
  [back('dx', 'reshape', { x: 'a' }, { y: 'flat' }, { shape: [6, 24] }), 2 ** -12, 0.8],
  [back('dx', 'avgPool2d', { x: 'a' }, { y: 'pooled' }, { window: [2, 2] }), 2 ** -12, 0.8],
  [back('dx', 'globalAvgPool', { x: 'a' }, { y: 'means' }), 2 ** -12, 0.8],
  [back('dx', 'dropout', { x: 'a' }, { y: 'dy' }, { key: [1, 2], keep: 0.5 }), 2 ** -12, 0.8],
  [back('dx', 'maxPool2d', { x: 'a' }, { y: 'pooled' }, { window: [2, 2] }), 2 ** -14, 0.8],
  [back('dx', 'dense', { x: 'x', w: 'weights' }, { y: 'narrow' }, {}, { x: 'dx', w: 'dw' }), 2 ** -12, 0.2],
  [back('dx', 'conv2d', { x: 'a', w: 'filters' }, { y: 'dy' }, { padding: [1, 1, 1, 1] }, { x: 'dx', w: 'dw' }), 2 ** -12, 0.1], // prettier-ignore
  [back('dx', 'mul', { a: 'a', b: 'b' }, { y: 'dy' }, {}, { a: 'da', b: 'db' }), 2 ** -12, 0.8],
  ...unitsBack.map((one) => [one, 2 ** -12, 0.8] as const),
  [back('dx', 'softmax', { x: 'x' }, { y: 'y' }, { axis: -1 }), 2 ** -12, 0.1],
  [back('dx', 'softmax', { x: 'a' }, { y: 'dy' }, { axis: 1 }), 2 ** -12, 0.1],
  [back('dx', 'logSoftmax', { x: 'a' }, { y: 'dy' }, { axis: 2 }), 2 ** -12, 0.1],
  [node('y′', 'batchNormTraining', norm, {}, { y: 'y′', runningMean: 'mean′', runningVar: 'var′' }), 2 ** -14, 0.02],
  [back('dx', 'batchNormTraining', norm, { y: 'dy' }, {}, { x: 'dx', gamma: 'dγ', beta: 'dβ' }), 2 ** -14, 0.02],
  [node('loss', 'mse', { prediction: 'x', target: 'y' }), 2 ** -12, 0.1],
  [node('loss', 'mse', { prediction: 'x', target: 'target' }, { reduction: 'none' }), 2 ** -12, 0.8],
  [back('dx', 'mse', { prediction: 'x', target: 'target' }, { loss: 'd' }), 2 ** -12, 0.8],
  [node('loss', 'bceWithLogits', { logits: 'x', target: 'target' }, { reduction: 'sum' }), 2 ** -12, 0.05],
  [back('dx', 'bceWithLogits', { logits: 'x', target: 'target' }, { loss: 'd' }), 2 ** -12, 0.8],
  [node('loss', 'softmaxCrossEntropy', { logits: 'x', target: 'one' }, { reduction: 'none' }), 2 ** -12, 0.2],
  [node('loss', 'softmaxCrossEntropy', { logits: 'x', target: 'target' }), 2 ** -12, 0.05],
  [back('dx', 'softmaxCrossEntropy', { logits: 'x', target: 'target' }, { loss: 'd' }), 2 ** -12, 0.1],
  [back('dx', 'softmaxCrossEntropy', { logits: 'x', target: 'one' }, { loss: 'each' }, { reduction: 'none' }), 2 ** -12, 0.1], // prettier-ignore
  [node('loss', 'hinge', { scores: 'x', target: 'one' }, { reduction: 'none' }), 2 ** -12, 0.2],
  [node('loss', 'cce', { prediction: 'p', target: 'one' }, { reduction: 'none' }), 2 ** -12, 0.8],
  [back('dx', 'cce', { prediction: 'p', target: 'target' }, { loss: 'd' }), 2 ** -12, 0.8],
  [node('loss', 'bce', { prediction: 'p', target: 'target' }, { reduction: 'none' }), 2 ** -12, 0.3],
  [back('dx', 'bce', { prediction: 'p', target: 'target' }, { loss: 'd' }), 2 ** -12, 0.8],
  [node('loss', 'l2Penalty', { w: 'x' }, { beta: 0.5 }), 2 ** -12, 0.1],
  [back('dx', 'l2Penalty', { w: 'x' }, { loss: 'd' }, { beta: 0.5 }), 2 ** -12, 0.8],
  [node('w′', 'sgd', { w: 'x', g: 'y' }, { learningRate: 0.25, weightDecay: 0.1 }), 2 ** -12, 0.8],
  [node('w′', 'momentum', { w: 'x', g: 'y', velocity: 'p' }, { learningRate: 0.25, nesterov: true, weightDecay: 0.1 }, { w: 'w′', velocity: 'v′' }), 2 ** -12, 0.8], // prettier-ignore
  [node('w′', 'rmsprop', { w: 'x', g: 'y', meanSquare: 'p' }, { learningRate: 0.25 }, { w: 'w′', meanSquare: 's′' }), 2 ** -12, 0.8], // prettier-ignore
  [node('w′', 'adagrad', { w: 'x', g: 'y', accumulator: 'p' }, { learningRate: 0.25 }, { w: 'w′', accumulator: 's′' }), 2 ** -12, 0.8], // prettier-ignore
  [node('w′', 'adam', adamReads, { learningRate: 0.25 }, adamOutputs), 2 ** -15, 0.3],
  [node('w′', 'adamw', adamReads, { learningRate: 0.25, weightDecay: 0.1 }, adamOutputs), 2 ** -15, 0.3],
]

describe('what is passed on by gradients, losses, norms and updates', () => {
  test.each(cases.map(([one, scale, reached], i) => [`${one.op} ${one.direction} ${i}`, one, scale, reached] as const))(
    '%s: of what is off by all that it may be, either way, no answer is off by more, and some by much of it',
    (_, one, scale, reached) => {
      expect(passes(one, (value) => value in known)).toBe(true)
      const flat = drawnIn([6, 24], 'flat')
      const joined = drawnIn([4, 3, 4, 6], 'joined')
      const means = drawnIn([2, 3], 'means')
      const read: Readonly<Record<string, Near>> = {
        ...nearly(scale),
        ...mapValues((value) => ({ value, bound: mapTensor(() => scale, value) }), { flat, joined, means }),
      }
      const passed = getOrThrow(passedOn(oracle, one, known, read, {}))
      expect(Object.keys(passed).toSorted()).toEqual(Object.values(one.outputs).toSorted())
      const most = new Map<string, number>()
      for (const turn of Array.from({ length: 60 }, (_, i) => i)) {
        const draw = draws(keyOf(`turn ${turn}`))
        // outwards or inwards all at once, as what is wide moves most; else either way at random, or not so far
        const side = (v: number): number =>
          turn < 2
            ? (turn === 0 ? 1 : -1) * Math.sign(v)
            : ([-1, 1, -1, 1, draw.uniform()][draw.integer(0, 4)] as number)
        const moved = mapValues(({ value, bound }) => zipTensors([value, bound], (v, b) => v + b * side(v)), read)
        for (const [name, got] of Object.entries(getOrThrow(outputsNear(oracle, one, { ...moved, ...known }, {}))))
          for (const [i, v] of Array.from(got.value.data as Float64Array).entries()) {
            const near = passed[name] as Near
            const [error, bound] = [Math.abs(v - Number(near.value.data[i])), Number(near.bound.data[i])]
            expect(error, `${name} ${i}`).toBeLessThanOrEqual(bound)
            if (bound > 0) most.set(name, Math.max(most.get(name) ?? 0, error / bound))
          }
      }
      for (const name of Object.values(one.outputs)) expect(most.get(name), name).toBeGreaterThan(reached)
    },
  )

  test('nothing of what hangs on which of two numbers is the larger, where both may be', () => {
    const x: Tensor = { shape: [1, 1, 1, 2], data: Float64Array.of(1, 1 + 2 ** -20) }
    const dy = { shape: [1, 1, 1, 1], data: [3] }
    const pool = back('dx', 'maxPool2d', { x: 'x' }, { y: 'dy' }, { window: [1, 2] })
    const off = (bound: number) => passedOn(oracle, pool, { dy }, { x: { value: x, bound: mapTensor(() => bound, x) } }, {}) // prettier-ignore
    expect(getOrThrow(off(2 ** -22))['dx']?.value.data).toEqual(Float64Array.of(0, 3))
    expect(getOrThrow(off(2 ** -21))).toEqual({})
  })

  test('nothing of a root that may be 0, of shares that may be none, of a batch that is alike', () => {
    const near = (value: Tensor, bound = 2 ** -20) => ({ value, bound: mapTensor(() => bound, value) })
    const none = mapTensor(() => 0, drawnNear['x'] as Tensor)
    const adam = node('w′', 'adam', { w: 'w', g: 'g', m: 'm', v: 'v', step: 'step' }, {}, adamOutputs)
    const state = { w: none, m: none, v: none, step: scalar(0) }
    expect(getOrThrow(passedOn(oracle, adam, state, { g: near(none) }, {}))).toEqual({})
    const cce = node('loss', 'cce', { prediction: 'p', target: 'one' })
    expect(getOrThrow(passedOn(oracle, cce, known, { p: near(none) }, {}))).toEqual({})
    const alike = node('y', 'batchNormTraining', { ...norm, x: 'same' }, { epsilon: 0 })
    expect(getOrThrow(passedOn(oracle, alike, known, { same: near(mapTensor(() => 1, drawnNear['a'] as Tensor)) }, {}))).toEqual({}) // prettier-ignore
  })

  describe('the gradient of a batch norm hangs on how wide its channel is', () => {
    const c = [3, -1, 1, -1, 1, -1, 1, -1, 1, -1, 0, -1]
    const x: Tensor = { shape: [c.length, 1], data: Float64Array.from(c) }
    // wider by 2⁻¹³, but where the channel is farthest off or at its mean
    const bound = mapTensor((v) => (Math.abs(v) === 1 ? 2 ** -13 : 0), x)
    const wider = zipTensors([x, bound], (v, b) => v + Math.sign(v) * b)
    const given: Tensors = { gamma: { shape: [1], data: [1] }, beta: { shape: [1], data: [0] } }
    const names = { x: 'x', gamma: 'gamma', beta: 'beta', runningMean: 'beta', runningVar: 'gamma' }
    const norm = back('dx', 'batchNormTraining', names, { y: 'dy' }, {}, { x: 'dx', gamma: 'dγ' })
    const atOnly = (at: number): Tensor => ({ shape: x.shape, data: Float64Array.from(c, (_, i) => (i === at ? 1 : 0)) }) // prettier-ignore

    test.each([
      ['where it is at its mean', 10, 'dx', 10],
      ['where it is farthest off', 0, 'dγ', 0],
    ] as const)('%s', (_, at, name, element) => {
      const dy = atOnly(at)
      const passed = getOrThrow(passedOn(oracle, norm, { ...given, dy }, { x: { value: x, bound } }, {}))[name] as Near
      const got = getOrThrow(outputsNear(oracle, norm, { ...given, dy, x: wider }, {}))[name] as Near
      const error = Math.abs(Number(got.value.data[element]) - Number(passed.value.data[element]))
      const most = Number(passed.bound.data[element])
      expect(error).toBeLessThanOrEqual(most)
      expect(error).toBeGreaterThan(0.4 * most)
    })
  })

  test('a sum of integers is rounded where one of them is off, and only nearly 0', () => {
    const [w, m, v]: readonly Tensor[] = [[3], [1], [1]].map((data) => ({ shape: [1], data }))
    const g = { value: { shape: [1], data: [0] }, bound: { shape: [1], data: [2 ** -30] } }
    const adam = node('w′', 'adam', adamReads, { learningRate: 0.5, beta1: 0.5, beta2: 0.75 }, { w: 'w′', m: 'm′' })
    const state = { x: w as Tensor, p: m as Tensor, v: v as Tensor, step: scalar(0) }
    const passed = getOrThrow(passedOn(oracle, adam, state, { y: g }, {}))['m′'] as Near
    // ½ + ½g is no number of f32
    expect(Number(passed.bound.data[0])).toBeGreaterThan(2 ** -25)
  })
})
