import type { Fill } from '../../form.js'
import type { Declared } from '../subject.js'
import { between } from '../subject.js'
import { anyRank, axes, ends, kinks, shapeOf, values } from './elementwise.js'

/** Classes of losses. */

type Fills = Readonly<Record<string, Fill>>

const reductions = { default: undefined, sum: 'sum', none: 'none', mean: 'mean' } as const

const targets: Fills = {
  fraction: 'fraction',
  probability: 'probability',
  'zeros and ones': { values: [0, 1, 0] },
  zeros: { constant: 0 },
  ones: { constant: 1 },
}
const probabilities: Fills = {
  probability: 'probability',
  tails: 'tails',
  half: { constant: 0.5 },
  'both ends': { values: [2 ** -60, 1 - 2 ** -24, 0.5, 2 ** -24] },
}

const elementwise = (input: string, x: Fills, target: Fills): Declared => ({
  factors: [anyRank()],
  attrs: { reduction: reductions },
  data: { [input]: x, target },
  drawn: axes,
  ladder: ends,
  shapes: (row, drawn) => ({ shapes: { [input]: shapeOf(row, drawn), target: shapeOf(row, drawn) } }),
})

const logits: Fills = {
  normal: 'normal',
  wide: 'wide',
  small: 'small',
  ties: 'ties',
  lone: 'lone',
  'hundreds apart': { mean: 0, scale: 100 },
}

export const mse: Declared = elementwise('prediction', values, {
  normal: 'normal',
  fraction: 'fraction',
  ties: 'ties',
  zeros: { constant: 0 },
})
export const bce: Declared = elementwise('prediction', probabilities, targets)
export const bceWithLogits: Declared = elementwise('logits', logits, targets)

const classwise = (input: string, x: Fills, target: Fills): Declared => ({
  attrs: { reduction: reductions },
  data: { [input]: x, target },
  drawn: { N: between(1, 9), C: between(1, 12) },
  ladder: { N: 65537, C: 65537 },
  shapes: (_, { N = 1, C = 1 }) => ({ shapes: { [input]: [N, C], target: [N, C] } }),
})

const classes: Fills = {
  'one hot': 'oneHot',
  distribution: 'distribution',
  fraction: 'fraction',
  'either sign': 'normal',
  zeros: { constant: 0 },
}

export const cce: Declared = classwise('prediction', { ...probabilities, 'above 1': 'positive' }, classes)
export const softmaxCrossEntropy: Declared = classwise(
  'logits',
  { ...logits, 'one far above': 'outlier', 'largest last': 'largestLast', 'far from 0': { mean: 1e4, scale: 1 } },
  classes,
)
export const hinge: Declared = {
  ...classwise(
    'scores',
    { normal: 'normal', wide: 'wide', small: 'small', ties: 'ties', lone: 'lone', 'largest last': 'largestLast' },
    { 'one hot': 'oneHot', distribution: 'distribution', fraction: 'fraction', zeros: { constant: 0 } },
  ),
  attrs: { reduction: reductions, kink: kinks },
  // every class meets every other
  ladder: { N: 65537, C: 1025 },
}

export const l2Penalty: Declared = {
  factors: [anyRank()],
  attrs: { beta: { small: 0.0005, zero: 0, one: 1, large: 7 } },
  data: { w: values },
  drawn: axes,
  ladder: ends,
  shapes: (row, drawn) => ({ shapes: { w: shapeOf(row, drawn) } }),
}
