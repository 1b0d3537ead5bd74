import type { Fill } from '../../form.js'
import type { Declared, Drawn } from '../subject.js'
import { between, factor } from '../subject.js'
import type { Row } from '../covering.js'

/** Classes of what normalizes channels and features. */

type Fills = Readonly<Record<string, Fill>>

const drawn: Declared['drawn'] = {
  N: between(2, 6),
  C: between(1, 5),
  d0: between(1, 4),
  d1: between(1, 4),
  d2: between(1, 4),
}
const ladder = { N: 65537, C: 4097, first: 4097, last: 65537 } as const

// x [N,C,…] with as many axes behind the channels as the row says
const imageOf = (row: Row, numbers: Drawn): readonly number[] => {
  const behind = Number(row['axes'] ?? 2)
  return [
    numbers['N'] as number,
    numbers['C'] as number,
    ...Array.from({ length: behind }, (_, i) =>
      i === behind - 1 && numbers['last'] !== undefined
        ? numbers['last']
        : i === 0 && numbers['first'] !== undefined
          ? numbers['first']
          : (numbers[`d${i}`] as number),
    ),
  ]
}

const batch = (row: Row, numbers: Drawn) => {
  const x = imageOf(row, numbers)
  const C = [x[1] as number]
  return { x, gamma: C, beta: C, runningMean: C, runningVar: C }
}

const behind = (from: number) => factor('axes', ...['2', '0', '1', '3'].filter((n) => Number(n) >= from))
const parameters: Fills = { normal: 'normal', small: 'small', ties: 'ties' }
const spread: Fills = {
  normal: 'normal',
  wide: 'wide',
  small: 'small',
  ties: 'ties',
  'far from 0': { mean: 10, scale: 1 },
  lone: 'lone',
  'one sign': 'positive',
}
const epsilons = { default: undefined, zero: 0, small: 1e-12, tenth: 0.1, large: 10 } as const

export const batchNormInference: Declared = {
  factors: [behind(0)],
  attrs: { epsilon: epsilons },
  data: {
    x: spread,
    gamma: parameters,
    runningMean: { normal: 'normal', 'far from 0': { mean: 10, scale: 1 } },
    runningVar: {
      positive: 'positive',
      probability: 'probability',
      'far below ε': { constant: 2 ** -40 },
      zeros: { constant: 0 },
      large: { mean: 1e4, scale: 10 },
    },
  },
  // neither ε nor a variance: there is no answer
  possible: (row) => !(row['epsilon'] === 'zero' && row['data of runningVar'] === 'zeros'),
  drawn,
  ladder,
  shapes: (row, numbers) => ({ shapes: batch(row, numbers) }),
}

export const batchNormTraining: Declared = {
  factors: [behind(0)],
  attrs: {
    epsilon: epsilons,
    momentum: { default: undefined, zero: 0, half: 0.5, one: 1, most: 0.9 },
    runningVariance: { default: undefined, biased: 'biased', unbiased: 'unbiased' },
  },
  data: {
    x: {
      normal: 'normal',
      wide: 'wide',
      'far from 0': { mean: 100, scale: 1 },
      'a variance far below ε': { mean: 1, scale: 2 ** -12 },
      ties: 'ties',
      small: 'small',
      lone: 'lone',
      'largest last': 'largestLast',
    },
    gamma: parameters,
    runningVar: { positive: 'positive', fraction: 'fraction' },
  },
  // without ε a channel of equal values has no answer, nor has one whose variance is all that rounding leaves
  possible: (row) =>
    !(
      row['epsilon'] !== undefined &&
      ['zero', 'small'].includes(row['epsilon']) &&
      row['data of x'] !== undefined &&
      ['ties', 'small', 'lone', 'a variance far below ε'].includes(row['data of x'])
    ),
  drawn: { ...drawn, N: between(4, 7) },
  // without ε a channel wants values that differ
  few: { N: between(4, 5) },
  ladder,
  shapes: (row, numbers) => ({ shapes: batch(row, numbers) }),
}

export const localResponseNorm: Declared = {
  factors: [behind(1)],
  attrs: {
    size: { default: undefined, one: 1, two: 2, three: 3, four: 4, 'more than there are': 31 },
    alpha: { default: undefined, zero: 0, half: 0.5, large: 10 },
    beta: { default: undefined, half: 0.5, one: 1, two: 2, negative: -0.25, zero: 0 },
    k: { default: undefined, two: 2, hundredth: 0.01, large: 20 },
  },
  data: { x: { normal: 'normal', wide: 'wide', small: 'small', lone: 'lone', 'one sign': 'positive', ties: 'ties' } },
  drawn: { ...drawn, N: between(1, 3), C: between(1, 9) },
  ladder,
  shapes: (row, numbers) => ({ shapes: { x: imageOf(row, numbers) } }),
}

const features: Fills = {
  normal: 'normal',
  wide: 'wide',
  small: 'small',
  ties: 'ties',
  'far from 0': { mean: 100, scale: 1 },
  lone: 'lone',
  'one number': { constant: Math.fround(0.1) },
  'largest last': 'largestLast',
}

const rows: Declared = {
  data: { x: features, apply: { normal: 'normal', wide: 'wide', ties: 'ties' } },
  drawn: { N: between(1, 40), M: between(1, 8), D: between(1, 6) },
  ladder: { N: 65537, M: 65537, D: 65537 },
  shapes: (_, { N = 1, M = 1, D = 1 }) => ({ shapes: { x: [N, D], apply: [M, D] } }),
}

export const zScoreNormalize: Declared = rows
export const minMaxNormalize: Declared = {
  ...rows,
  factors: [factor('range', 'default', '−1 to 1', '0 to 255', 'below 0', 'narrow')],
  shapes: (row, numbers) => {
    const range = { '−1 to 1': [-1, 1], '0 to 255': [0, 255], 'below 0': [-3, -1], narrow: [0.25, 0.5] }[
      row['range'] ?? ''
    ]
    return {
      ...rows.shapes(row, numbers),
      attrs: range === undefined ? {} : { low: range[0] as number, high: range[1] as number },
    }
  },
}
