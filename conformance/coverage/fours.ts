import fc from 'fast-check'
import type { OpName } from '../../spec/catalogue.js'
import type { Form } from '../form.js'
import { acceptable } from '../form.js'
import type { Row } from './covering.js'
import type { Drawn, Subject } from './subject.js'

/**
 * Small layers whose extents come in fours, which kernels of tiles, vectors and pairs take. Rows of classes seldom draw such
 * extents on all axes at once, and ladders and usual layers have few classes: so each class is asked there once more, as
 * is NaN, for it is such kernels that add what counts as none, a product with 0 or the larger of two.
 */

const recurrent = (gates: 1 | 3 | 4, steps: boolean): Form => {
  const [T, N, I, H] = [2, 4, 8, 8]
  const states = gates === 4 ? (steps ? ['h0', 'c0'] : ['h', 'c']) : steps ? ['h0'] : ['h']
  const biases = gates === 3 ? ['bIh', 'bHh'] : ['b']
  return {
    attrs: {},
    shapes: {
      x: steps ? [T, N, I] : [N, I],
      ...Object.fromEntries(states.map((name) => [name, [N, H]])),
      wIh: [gates * H, I],
      wHh: [gates * H, H],
      ...Object.fromEntries(biases.map((name) => [name, [gates * H]])),
    },
    fills: {},
  }
}

const ofChannels: Form = {
  attrs: {},
  shapes: {
    x: [3, 2, 4, 8],
    ...Object.fromEntries(['gamma', 'beta', 'runningMean', 'runningVar'].map((name) => [name, [2]])),
  },
  fills: { runningVar: 'positive' },
}

const forms: Readonly<Partial<Record<OpName, Form>>> = {
  dense: { attrs: {}, shapes: { x: [8, 8], w: [16, 8], b: [16] }, fills: {} },
  conv1d: { attrs: { padding: [1, 1] }, shapes: { x: [2, 4, 12], w: [4, 4, 3], b: [4] }, fills: {} },
  conv2d: { attrs: { padding: [1, 1, 1, 1] }, shapes: { x: [1, 4, 4, 8], w: [4, 4, 3, 3], b: [4] }, fills: {} },
  convTranspose2d: {
    attrs: { padding: [1, 1, 1, 1] },
    shapes: { x: [1, 4, 4, 8], w: [4, 4, 3, 3], b: [4] },
    fills: {},
  },
  maxPool2d: { attrs: { window: [2, 2] }, shapes: { x: [1, 2, 4, 8] }, fills: {} },
  softmaxCrossEntropy: {
    attrs: {},
    shapes: { logits: [4, 20], target: [4, 20] },
    fills: { target: 'oneHot' },
  },
  maxout: { attrs: {}, shapes: { x: [4, 8], w: [2, 4, 8], b: [2, 4] }, fills: {} },
  batchNormTraining: ofChannels,
  batchNormInference: ofChannels,
  rnnCell: recurrent(1, false),
  rnn: recurrent(1, true),
  gruCell: recurrent(3, false),
  gru: recurrent(3, true),
  lstmCell: recurrent(4, false),
  lstm: recurrent(4, true),
}

const ofSteps: Drawn = { T: 2, N: 4, I: 8, H: 8 }
const ofWindows: Drawn = { N: 2, Cg: 4, Og: 8, down: 4, across: 8 }
const ofPlanes: Drawn = { N: 3, C: 2, d0: 4, d1: 8, d2: 4 }

/** The extents of an op's axes, and what is drawn in their place. */
const extents: Readonly<Partial<Record<OpName, Drawn>>> = {
  dense: { N: 8, I: 8, O: 16 },
  conv1d: ofWindows,
  conv2d: ofWindows,
  convTranspose2d: ofWindows,
  softmaxCrossEntropy: { N: 4, C: 20 },
  cce: { N: 4, C: 20 },
  maxout: { N: 4, I: 8, O: 4, K: 2 },
  batchNormTraining: ofPlanes,
  batchNormInference: ofPlanes,
  rnnCell: ofSteps,
  rnn: ofSteps,
  gruCell: ofSteps,
  gru: ofSteps,
  lstmCell: ofSteps,
  lstm: ofSteps,
}

const pool = (window: readonly number[], stride: readonly number[], padding: readonly number[]): Form => ({
  attrs: { window, stride, padding },
  shapes: { x: [2, 2, 4, 8] },
  fills: {},
})
const none = [0, 0, 0, 0]

/** Windows of 2 × 2 that tile an image in fours, and those that differ from them in one thing. */
const pools: readonly Form[] = [
  ...[none, [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0]].map(
    (padding) => pool([2, 2], [2, 2], padding),
  ),
  ...[
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 3],
    [3, 2],
    [4, 4],
  ].map((stride) => pool([2, 2], stride, none)),
  ...[
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 3],
    [3, 2],
    [3, 3],
    [4, 4],
  ].map((window) => pool(window, [2, 2], none)),
]

/** Some extents, and what is drawn beside them; channels of a group decide how many there are in all. */
export const besides = (few: Subject['few'], extents: Drawn): Drawn => {
  const [others = {}] = fc.sample(fc.record(few), { seed: 1, numRuns: 1 })
  const { C: _, O: __, ...rest } = others as Readonly<Record<string, number>>
  return { ...(extents['Cg'] === undefined ? others : rest), ...extents }
}

/** Every class of an op once, at extents in fours. */
export const classesInFours = (op: OpName, { few, form }: Subject, rows: () => readonly Row[]): readonly Form[] => {
  if (op === 'maxPool2d' || op === 'avgPool2d') return pools
  const fours = extents[op]
  if (fours === undefined) return []
  return rows()
    .map((row) => form(row, besides(few, fours)))
    .filter((one) => acceptable(op, one))
}

/** The layer in fours of an op, if it has one. */
export const inFoursOf = (op: OpName): Form | undefined => forms[op]
