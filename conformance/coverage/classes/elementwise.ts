import fc from 'fast-check'
import type { Fill } from '../../form.js'
import type { Factor, Row } from '../covering.js'
import type { Declared, Drawn } from '../subject.js'
import { between, factor } from '../subject.js'

/** Classes of what is made element by element or row by row, of any rank. */

/** Extents of up to five axes. */
export const axes: Declared['drawn'] = {
  d0: between(1, 5),
  d1: between(1, 5),
  d2: between(1, 4),
  d3: between(1, 3),
  d4: between(1, 3),
}

export const anyRank = (from = 0, to = 5): Factor => {
  const ranks = Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
  return factor('rank', ...['2', '1', '3', '0', '4', '5'].filter((rank) => ranks.includes(rank)))
}

/** The first and the last axis climb the ladder where there are such. */
export const ends = { first: 65537, last: 65537 } as const

/** A shape of the row's rank, small but for the ends that are asked for. */
export const shapeOf = (row: Row, drawn: Drawn): readonly number[] => {
  const rank = Number(row['rank'] ?? 1)
  const small = Array.from({ length: rank }, (_, i) => drawn[`d${i}`] as number)
  return small.map((extent, i) =>
    i === rank - 1 && drawn['last'] !== undefined
      ? drawn['last']
      : i === 0 && drawn['first'] !== undefined
        ? drawn['first']
        : extent,
  )
}

export const values: Readonly<Record<string, Fill>> = {
  normal: 'normal',
  small: 'small',
  wide: 'wide',
  ties: 'ties',
  'one sign': 'positive',
  negative: 'negative',
  lone: 'lone',
}

const activation = (x: Readonly<Record<string, Fill>> = { ...values, saturated: 'saturated' }): Declared => ({
  factors: [anyRank()],
  data: { x },
  drawn: axes,
  ladder: ends,
  shapes: (row, drawn) => ({ shapes: { x: shapeOf(row, drawn) } }),
})

export const sigmoid = activation()
export const tanh = activation()
export const kinks = { default: undefined, left: 'left', right: 'right' } as const
export const relu: Declared = { ...activation(), attrs: { kink: kinks } }
export const step = activation()

const slopes = { default: undefined, zero: 0, small: 0.01, one: 1, large: 2, negative: -0.5 } as const
export const leakyRelu: Declared = { ...activation(), attrs: { alpha: slopes, kink: kinks } }
export const elu: Declared = {
  ...activation(values),
  attrs: { alpha: { default: undefined, zero: 0, small: 0.01, large: 2, negative: -0.5 }, kink: kinks },
}

export const softplus: Declared = {
  ...activation(values),
  attrs: { beta: { default: undefined, small: 0.01, half: 0.5, large: 8 } },
}

const places = ['−1', 'last', 'first', 'middle', 'another from the end'] as const

const axisOf = (place: string | undefined, rank: number): number =>
  place === 'last'
    ? Math.max(rank - 1, 0)
    : place === 'first'
      ? 0
      : place === 'middle'
        ? Math.floor(rank / 2)
        : place === 'another from the end'
          ? -Math.max(rank, 1)
          : -1

const alongAnAxis: Declared = {
  ...activation({
    normal: 'normal',
    small: 'small',
    wide: 'wide',
    ties: 'ties',
    lone: 'lone',
    'one far above': 'outlier',
    'largest last': 'largestLast',
    'hundreds apart': { mean: 0, scale: 100 },
    'far from 0': { mean: 1e4, scale: 1 },
  }),
  factors: [anyRank(), factor('axis', ...places)],
  shapes: (row, drawn) => {
    const x = shapeOf(row, drawn)
    return { attrs: { axis: axisOf(row['axis'], x.length) }, shapes: { x } }
  },
}
export const softmax = alongAnAxis
export const logSoftmax = alongAnAxis

const two = (b: Readonly<Record<string, Fill>>): Declared => ({
  factors: [anyRank()],
  data: { a: values, b },
  drawn: axes,
  ladder: ends,
  shapes: (row, drawn) => ({ shapes: { a: shapeOf(row, drawn), b: shapeOf(row, drawn) } }),
})
export const add = two(values)
export const mul: Declared = { ...two({ ...values, fraction: 'fraction' }), product: { factors: ['a', 'b'] } }

const word: fc.Arbitrary<number> = fc.oneof(between(0, 3), between(0, 2 ** 32 - 1))

export const dropout: Declared = {
  factors: [anyRank()],
  data: { x: { normal: 'normal', wide: 'wide', ties: 'ties', 'one sign': 'positive', lone: 'lone' } },
  attrs: {
    keep: { default: undefined, all: 1, most: 0.9, few: 0.1, 'nearly all': 0.99, uneven: 0.3 },
    step: { default: undefined, one: 1, many: 4098, 'the largest': 2 ** 32 - 1 },
    stream: { default: undefined, one: 1, 'the largest': 2 ** 32 - 1 },
  },
  drawn: { ...axes, key0: word, key1: word },
  ladder: ends,
  shapes: (row, drawn) => ({
    attrs: { key: [drawn['key0'] as number, drawn['key1'] as number] },
    shapes: { x: shapeOf(row, drawn) },
  }),
}

const copied = { normal: 'normal', wide: 'wide', lone: 'lone', saturated: 'saturated' } as const

export const flatten: Declared = {
  ...activation(copied),
  factors: [anyRank(1)],
  drawn: { ...axes, N: between(1, 5) },
  ladder: { N: 65537, ...ends },
  shapes: (row, drawn) => {
    const behind = shapeOf({ rank: String(Number(row['rank'] ?? 2) - 1) }, drawn)
    return { shapes: { x: [drawn['N'] as number, ...behind] } }
  },
}

// the same numbers under other extents, an axis of one among them
const reshaped = (choice: string | undefined, x: readonly number[]): readonly number[] => {
  const size = x.reduce((n, extent) => n * extent, 1)
  const divisor = [5, 4, 3, 2].find((d) => size % d === 0) ?? 1
  switch (choice) {
    case 'flat':
      return [size]
    case 'reversed':
      return x.length === 0 ? [1] : [...x].reverse()
    case 'an axis more':
      return [...x, 1]
    case 'split':
      return [divisor, 1, size / divisor]
    case undefined:
    default:
      return [size / divisor, divisor]
  }
}

export const reshape: Declared = {
  ...activation(copied),
  factors: [anyRank(), factor('shape', 'joined', 'flat', 'reversed', 'an axis more', 'split')],
  shapes: (row, drawn) => {
    const x = shapeOf(row, drawn)
    return { attrs: { shape: reshaped(row['shape'], x) }, shapes: { x } }
  },
}

const counts = { '2': 2, '1': 1, '3': 3, '4': 4, '11': 11 } as const

export const concat: Declared = {
  factors: [
    anyRank(1),
    factor('axis', 'default', 'first', 'last', '−1', 'another from the end'),
    factor('inputs', ...Object.keys(counts)),
    factor('extents', 'equal', 'different'),
  ],
  // the default is axis 1
  possible: (row) => !(row['rank'] === '1' && row['axis'] === 'default'),
  data: { x0: copied },
  drawn: { ...axes, e0: between(1, 5), e1: between(1, 5), e2: between(1, 5) },
  ladder: ends,
  shapes: (row, drawn) => {
    const shape = shapeOf(row, drawn)
    const axis = row['axis'] === 'default' ? 1 : axisOf(row['axis'], shape.length)
    const place = axis < 0 ? axis + shape.length : axis
    const count = counts[(row['inputs'] ?? '2') as keyof typeof counts]
    return {
      attrs: row['axis'] === 'default' ? {} : { axis },
      shapes: Object.fromEntries(
        Array.from({ length: count }, (_, q) => [
          `x${q}`,
          shape.map((extent, at) =>
            at !== place || q === 0 || row['extents'] === 'equal' ? extent : (drawn[`e${q % 3}`] as number),
          ),
        ]),
      ),
    }
  },
}
