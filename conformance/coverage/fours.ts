import type { OpName } from '../../spec/catalogue.js'
import type { Form } from '../form.js'

/**
 * Small layers whose extents come in fours, which kernels of tiles, vectors and pairs take: NaN is put into each, for it is such
 * kernels that add what counts as none, a product with 0 or the larger of two.
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

/** The layer in fours of an op, if it has one. */
export const inFoursOf = (op: OpName): Form | undefined => forms[op]
