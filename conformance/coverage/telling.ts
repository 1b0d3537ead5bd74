import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { miniatureOf } from './miniature.js'
import { inNumbers, weighted } from './sums.js'

/**
 * What neither classes, nor ladders, nor wide cases bring together, since it takes a number and a place, or an attribute and an
 * extent: a logit far above all others late in a long row, integers over more than 65,536 terms, recurrent nets of usual
 * size and weights, counts of steps at which a correction is about to end, a probability of 0 that nothing asks for, and
 * the gradient of one of several pieces alone. Behind them come layers of networks in small, optimizers by attributes far
 * below the usual ones, and strides of rows alone. The same in every run, whatever its seed.
 */

// rows just past what a workgroup, a tile or 16 bits hold, and what such a kernel would have to take a second time
const lengths = [65, 129, 257, 513, 1025, 2049, 4097, 65_537]

// far enough above 0 that its power overflows where nothing is taken away before
const far = 200

/** Rows of zeros, in the first of which the last number is far above them, and in the second one further to the front. */
const lateIn = (length: number): Fill => ({
  only: [
    [length - 1, far],
    [length + Math.floor(0.6 * length), far],
  ],
})

const lateRows = (name: string, others: (shape: Shape) => Partial<Form> = () => ({})): readonly Form[] =>
  lengths.map((length) => {
    const more = others([2, length])
    return {
      attrs: {},
      ...more,
      shapes: { [name]: [2, length], ...more.shapes },
      fills: { [name]: lateIn(length), ...more.fills },
    }
  })

/** Weights of variance 1/(3H), as recurrent layers start with: uniform in ±1/√H has that. */
const recurrent = (gates: 1 | 3 | 4, steps: boolean): Form => {
  const [T, N, I, H] = [28, 1, 28, 128]
  const weights: Fill = { mean: 0, scale: 1 / Math.sqrt(3 * H) }
  const biases = gates === 3 ? ['bIh', 'bHh'] : ['b']
  const state = steps ? ['h0', 'c0'] : ['h', 'c']
  return {
    attrs: {},
    shapes: {
      x: steps ? [T, N, I] : [N, I],
      ...Object.fromEntries(state.slice(0, gates === 4 ? 2 : 1).map((name) => [name, [N, H]])),
      wIh: [gates * H, I],
      wHh: [gates * H, H],
      ...Object.fromEntries(biases.map((name) => [name, [gates * H]])),
    },
    fills: Object.fromEntries(['wIh', 'wHh', ...biases].map((name) => [name, weights])),
  }
}

/** Steps at which 1 − β₂ᵗ is about to be 1, and those before it. */
const lateSteps: readonly Form[] = [
  [10_001, 0.999],
  [12_000, 0.999],
  [20_000, 0.9999],
  [100_001, 0.99999],
].map(([step = 1, beta2 = 0.999]) => ({
  attrs: { beta2 },
  shapes: { w: [9], g: [9], m: [9], v: [9], step: [] },
  fills: { v: 'positive', step: { constant: step } },
}))

/** Each of several pieces alone is asked for, along two axes. */
const pieces: readonly Form[] = [2, 3, 5].flatMap((count) =>
  [0, 1].flatMap((axis) => {
    const names = Array.from({ length: count }, (_, i) => `x${i}`)
    const shapes = Object.fromEntries(names.map((name, i) => [name, axis === 0 ? [2 + i, 3] : [3, 2 + i]]))
    return names.map((name): Form => ({ attrs: { axis }, shapes, fills: {}, wanted: [name] }))
  }),
)

/** Probabilities of exactly 0 and 1, which no target asks for. */
const unasked: readonly Form[] = (['none', 'sum', 'mean'] as const).map((reduction) => ({
  attrs: { reduction },
  shapes: { prediction: [3, 3], target: [3, 3] },
  fills: {
    prediction: { values: [1, 0, 0, 0.5, 0.5, 0, 0, 0.25, 0.75] },
    target: { values: [1, 0, 0, 0.25, 0.75, 0, 0, 0, 1] },
  },
}))

/** Gradients of weights that add up integers over more samples or positions than 16 bits count. */
const longSums: Readonly<Partial<Record<OpName, readonly Form['shapes'][]>>> = {
  dense: [{ x: [65_600, 8], w: [9, 8], b: [9] }],
  conv1d: [{ x: [3, 4, 22_000], w: [8, 4, 3], b: [8] }],
  conv2d: [
    { x: [1, 3, 258, 259], w: [8, 3, 3, 3], b: [8] },
    { x: [2, 8, 190, 190], w: [9, 8, 1, 1], b: [9] },
  ],
  convTranspose2d: [{ x: [1, 4, 258, 259], w: [4, 8, 2, 2], b: [8] }],
}

const states: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  sgd: [],
  momentum: ['velocity'],
  rmsprop: ['meanSquare'],
  adagrad: ['accumulator'],
  adadelta: ['meanSquare', 'meanSquareDelta'],
  adam: ['m', 'v'],
  adamw: ['m', 'v'],
}

/** Optimizers by attributes far below the usual ones: a decay, a rate, and an ε of 0 beside squares that are smaller still. */
const farBelow = (names: readonly string[]): readonly Form[] => {
  const counts = names.includes('v')
  const of = (attrs: Form['attrs'], fills: Form['fills']): Form => ({
    attrs,
    shapes: {
      ...Object.fromEntries(['w', 'g', ...names].map((name) => [name, [9]])),
      ...(counts ? { step: [] } : {}),
    },
    fills: {
      ...Object.fromEntries(names.map((name) => [name, name === 'm' || name === 'velocity' ? 'normal' : 'positive'])),
      ...(counts ? { step: { constant: 3 } } : {}),
      ...fills,
    },
  })
  const rate = { learningRate: 1 }
  const squares = names.filter((name) => !['m', 'velocity'].includes(name))
  const tiny = Object.fromEntries(squares.map((name) => [name, { values: [1e-14, 4e-15, 9e-14, 2e-13, 6e-15] }]))
  return [
    of({ ...rate, weightDecay: 1e-5 }, {}),
    of({ learningRate: 1e-6 }, { w: { mean: 0, scale: 1e-6 } }),
    ...(squares.length === 0
      ? []
      : [0, 1e-8].map((epsilon) =>
          of({ ...rate, epsilon }, { ...tiny, m: { mean: 0, scale: 1e-7 }, g: { values: [1e-7, -3e-8, 2e-7, 5e-8] } }),
        )),
  ].map((form) => ({ ...form, fills: onlyOf(form) }))
}

// fills of tensors that there are
const onlyOf = ({ shapes, fills }: Form): Form['fills'] =>
  Object.fromEntries(Object.entries(fills).filter(([name]) => shapes[name] !== undefined))

/** Rows by another stride or dilation than columns, where images and channels are large enough for any kernel. */
const unlike = (op: OpName): readonly Form[] =>
  [2, 3, 5].flatMap((K) =>
    [
      { stride: [2, 1] },
      { dilation: [2, 1] },
      { stride: [2, 1], dilation: [2, 1] },
      { stride: [1, 2] },
      { dilation: [1, 2] },
    ].map((attrs, turn): Form => {
      const groups = 1 + (turn % 2)
      return {
        attrs: { ...attrs, groups, padding: [1, 0, 1, 1] },
        shapes: {
          x: op === 'convTranspose2d' ? [2, 8 * groups, 15, 16] : [2, 8 * groups, 31, 16],
          w: op === 'convTranspose2d' ? [8 * groups, 16, K, K] : [16 * groups, 8, K, K],
        },
        fills: {},
      }
    }),
  )

/**
 * Products of rows, columns and terms that leave whatever a tile of 64 × 64 × 16 can: lines that are none of four, and terms of
 * each remainder that convolutions seldom have.
 */
const cut = (op: 'conv1d' | 'conv2d' | 'convTranspose2d'): readonly Form[] =>
  [
    [7, 3],
    [11, 2],
    [11, 3],
    [13, 3],
    [17, 3],
  ].map(([C = 1, K = 1]): Form => {
    const O = 35
    const tail = op === 'conv1d' ? [] : [1]
    return {
      attrs: {},
      shapes: {
        x: [2, C, ...(op === 'conv1d' ? [] : [3]), 20],
        w: op === 'convTranspose2d' ? [C, O, ...tail, K] : [O, C, ...tail, K],
      },
      fills: {},
    }
  })

/** Groups of so many filters and taps each that the gradient of their weights is made by tiles of 64 × 64. */
const wideGroups = (op: 'conv1d' | 'conv2d' | 'convTranspose2d'): readonly Form[] =>
  op === 'conv1d'
    ? [{ attrs: { groups: 2, stride: [2], padding: [1, 0] }, shapes: { x: [3, 26, 64], w: [74, 13, 5] }, fills: {} }]
    : op === 'conv2d'
      ? [
          {
            attrs: { groups: 2, stride: [1, 2], dilation: [2, 1], padding: [1, 0, 2, 1] },
            shapes: { x: [1, 18, 12, 20], w: [70, 9, 3, 2] },
            fills: {},
          },
        ]
      : [{ attrs: { groups: 2 }, shapes: { x: [1, 70, 9, 11], w: [70, 7, 3, 2] }, fills: {} }]

const ofRecurrent: Readonly<Partial<Record<OpName, readonly [1 | 3 | 4, boolean]>>> = {
  rnnCell: [1, false],
  rnn: [1, true],
  gruCell: [3, false],
  gru: [3, true],
  lstmCell: [4, false],
  lstm: [4, true],
}

/** Sequences of about as many inputs as a GPU's workgroup has invocations, which no ladder of theirs reaches. */
const manyInputs: readonly Form[] = [255, 257].map((I) => ({
  attrs: {},
  shapes: { x: [2, 1, I], h0: [1, 2], wIh: [2, I], wHh: [2, 2], b: [2] },
  fills: {},
}))

const telling: Readonly<Partial<Record<OpName, (direction: Direction) => readonly Form[]>>> = {
  softmax: () => lateRows('x'),
  logSoftmax: () => lateRows('x'),
  softmaxCrossEntropy: () =>
    lateRows('logits', (shape) => ({
      attrs: { reduction: 'none' },
      shapes: { target: shape },
      fills: { target: 'oneHot' },
    })),
  cce: () => unasked,
  concat: (direction) => (direction === 'backward' ? pieces : []),
  adam: () => lateSteps,
  adamw: () => lateSteps,
}

/** The telling cases of an op in a direction. */
export const tellingOf = (op: OpName, direction: Direction): readonly Form[] => {
  const gates = ofRecurrent[op]
  const sums = direction === 'backward' ? (longSums[op] ?? []) : []
  return [
    ...(gates === undefined ? [] : [recurrent(...gates)]),
    ...(telling[op]?.(direction) ?? []),
    ...sums.map((shapes) => inNumbers(op, direction, weighted, 'integers', { attrs: {}, shapes, fills: {} })),
    ...miniatureOf(op, direction),
    ...(states[op] === undefined ? [] : farBelow(states[op])),
    ...(op === 'conv2d' || op === 'convTranspose2d' ? unlike(op) : []),
    ...(op === 'conv1d' || op === 'conv2d' || op === 'convTranspose2d' ? cut(op) : []),
    ...(op === 'rnn' ? manyInputs : []),
    ...(direction === 'backward' && (op === 'conv1d' || op === 'conv2d' || op === 'convTranspose2d')
      ? wideGroups(op)
      : []),
  ]
}
