import type { Fill } from '../../form.js'
import type { Declared } from '../subject.js'
import { anyRank, axes, ends, shapeOf } from './elementwise.js'

/** Classes of optimizers. */

type Fills = Readonly<Record<string, Fill>>

const w: Fills = { normal: 'normal', zeros: { constant: 0 }, small: 'small', wide: 'wide' }
const g: Fills = { normal: 'normal', small: 'small', wide: 'wide', ties: 'ties', zeros: { constant: 0 }, lone: 'lone' }
const rates = { hundredth: 0.01, zero: 0, small: 1e-4, one: 1, large: 3 } as const
const decays = { default: undefined, zero: 0, small: 0.0005, tenth: 0.1, large: 2 } as const

// a mean of squares with zeros, and sizes down to those of gradients of 2⁻⁴⁰
const squares: Fill = { values: [0, 1, 2 ** -80, 0.25, 1e-6, 2 ** -40, 3] }
const means: Fills = { positive: 'positive', fraction: 'fraction', 'down to 2⁻⁸⁰': squares, zeros: { constant: 0 } }

const optimizer = (
  attrs: NonNullable<Declared['attrs']>,
  data: NonNullable<Declared['data']>,
  more: Readonly<Record<string, readonly number[]>> = {},
): Declared => ({
  factors: [anyRank(0, 4)],
  attrs: { ...attrs, weightDecay: decays },
  data: { w, g, ...data },
  drawn: axes,
  ladder: ends,
  shapes: (row, drawn) => ({
    shapes: {
      ...Object.fromEntries(
        Object.keys({ w, g, ...data })
          .filter((name) => more[name] === undefined)
          .map((name) => [name, shapeOf(row, drawn)]),
      ),
      ...more,
    },
  }),
})

export const sgd = optimizer({ learningRate: rates }, {})
export const momentum = optimizer(
  {
    learningRate: rates,
    momentum: { default: undefined, zero: 0, half: 0.5, one: 1, most: 0.99 },
    nesterov: { default: undefined, true: true, false: false },
  },
  { velocity: { normal: 'normal', zeros: { constant: 0 }, small: 'small' } },
)
const epsilons = { default: undefined, thousandth: 1e-3, half: 0.5 } as const
const inside = { default: undefined, true: true } as const
export const adagrad = optimizer(
  { learningRate: rates, epsilon: epsilons, epsilonInside: inside },
  { accumulator: means },
)
export const rmsprop = optimizer(
  {
    learningRate: rates,
    decay: { default: undefined, zero: 0, third: 0.3, most: 0.999, one: 1 },
    epsilon: epsilons,
    epsilonInside: inside,
  },
  { meanSquare: means },
)
export const adadelta = optimizer(
  {
    learningRate: { default: undefined, ...rates },
    decay: { default: undefined, zero: 0, third: 0.3, most: 0.99, one: 1 },
    epsilon: epsilons,
  },
  { meanSquare: means, meanSquareDelta: means },
)

const moments = optimizer(
  {
    learningRate: { default: undefined, ...rates },
    beta1: { default: undefined, zero: 0, third: 0.3, most: 0.999 },
    beta2: { default: undefined, zero: 0, half: 0.5, most: 0.99999 },
    epsilon: epsilons,
  },
  {
    m: { normal: 'normal', small: 'small', zeros: { constant: 0 } },
    v: means,
    step: {
      'the first': { constant: 0 },
      'the second': { constant: 1 },
      'the third': { constant: 2 },
      'the tenth': { constant: 9 },
      'after 1,000': { constant: 1000 },
      'after 4,098': { constant: 4098 },
      'after 12,000': { constant: 12000 },
      'after 100,000': { constant: 100000 },
    },
  },
  { step: [] },
)
export const adam = moments
export const adamw = moments
