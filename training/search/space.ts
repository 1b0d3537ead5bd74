import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Result } from '../../spec/error.js'
import { brief, ensure, fail, show } from '../../spec/error.js'

/** What one parameter may be. */
export type Dimension =
  | { readonly kind: 'choice'; readonly values: readonly Value[] }
  | {
      /** of `integer` whole numbers only; both ends included */
      readonly kind: 'real' | 'integer'
      readonly from: number
      readonly to: number
      /** drawn evenly by its logarithm: every factor is as likely as another of its size */
      readonly log?: boolean
    }

export type Value = number | string | boolean

/** A search space: what each parameter may be, by its name. */
export type Space = Readonly<Record<string, Dimension>>

/** A point of a space: a value of each parameter. */
export type Setting = Readonly<Record<string, Value>>

const valueCodec = t.union([t.number, t.string, t.boolean])
const dimensionCodec = t.union([
  t.strict({ kind: t.literal('choice'), values: t.readonlyArray(valueCodec) }),
  t.intersection([
    t.strict({ kind: t.union([t.literal('real'), t.literal('integer')]), from: t.number, to: t.number }),
    t.partial({ log: t.boolean }),
  ]),
])
const spaceCodec = t.record(t.string, dimensionCodec)

const problemOf = (dimension: Dimension): string | undefined => {
  if (dimension.kind === 'choice') {
    if (dimension.values.length === 0) return 'has no values to choose from'
    return new Set(dimension.values).size < dimension.values.length ? 'has a value twice' : undefined
  }
  const { kind, from, to, log = false } = dimension
  if (!Number.isFinite(from) || !Number.isFinite(to) || from > to)
    return `goes from ${from} to ${to}, which holds nothing`
  if (kind === 'integer' && !(Number.isSafeInteger(from) && Number.isSafeInteger(to)))
    return `is whole and goes from ${from} to ${to}`
  return log && from <= 0 ? `is drawn by its logarithm and begins at ${from}` : undefined
}

/**
 * A search space from outside.
 *
 *   {"learningRate": {"kind": "real", "from": 1e-4, "to": 1, "log": true}, "batch": {"kind": "choice", "values": [16, 64]}}
 *
 * Errors  FormatInvalid – no object of such dimensions
 *         AttributeOutOfRange – a space without parameters, or a parameter, by name, that nothing is left of: no values, a
 *         value twice, an end before its beginning, a logarithm of what is not above 0
 */
export const parseSpace = (input: unknown): Result<Space> =>
  F.pipe(
    spaceCodec.decode(input),
    E.orElse((errors): Result<Space> => {
      const key = errors[0]?.context[1]?.key
      return fail(
        'FormatInvalid',
        key === undefined || key === ''
          ? `a search space is an object of parameters; this is ${brief(show(input))}`
          : `parameter ${key}: wanted {"kind": "choice", "values": […]} or {"kind": "real" or "integer", "from": …, "to": …, "log": …}`,
      )
    }),
    E.tap((space) =>
      ensure(Object.keys(space).length > 0, 'AttributeOutOfRange', 'the search space is empty: it has no parameter'),
    ),
    E.tap((space) =>
      F.pipe(
        Object.entries(space),
        E.traverseArray(([name, dimension]) => {
          const problem = problemOf(dimension)
          return ensure(problem === undefined, 'AttributeOutOfRange', `parameter ${name} ${problem}`)
        }),
      ),
    ),
  )

const clamped = (share: number): number => Math.min(Math.max(share, 0), 1)

/** The value of a parameter at a share of its range, from 0 to 1; of whole numbers and choices each has an equal part. */
export const valueAt = (dimension: Dimension, share: number): Value => {
  if (dimension.kind === 'choice') {
    const { values } = dimension
    return values[Math.min(Math.floor(clamped(share) * values.length), values.length - 1)] as Value
  }
  const { kind, log = false } = dimension
  // the ends of a whole number lie half a step out, so that first and last are as likely as others
  const half = kind === 'integer' ? 0.5 : 0
  const [from, to] = [dimension.from - half, dimension.to + half]
  const at = clamped(share)
  const value = log ? Math.exp(Math.log(from) + at * (Math.log(to) - Math.log(from))) : from + at * (to - from)
  const bounded = Math.min(Math.max(kind === 'integer' ? Math.round(value) : value, dimension.from), dimension.to)
  return bounded
}

/** The setting at shares of all parameters, in their order. */
export const settingAt = (space: Space, shares: readonly number[]): Setting =>
  Object.fromEntries(
    Object.entries(space).map(([name, dimension], i) => [name, valueAt(dimension, shares[i] as number)] as const),
  )

/** The share of its range at which a value lies: the middle of its part, of choices and whole numbers. */
export const shareOf = (dimension: Dimension, value: Value): number => {
  if (dimension.kind === 'choice') return (dimension.values.indexOf(value) + 0.5) / dimension.values.length
  const { kind, log = false } = dimension
  const half = kind === 'integer' ? 0.5 : 0
  const [from, to] = [dimension.from - half, dimension.to + half]
  if (to === from) return 0.5
  const number = Number(value)
  return clamped(log ? Math.log(number / from) / Math.log(to / from) : (number - from) / (to - from))
}

/**
 * A setting as numbers from 0 to 1 that distance means something of: a number by its share, a choice by one number for each
 * of its values, of which that of the value is 1/√2, so that two different values are 1 apart.
 */
export const coordinatesOf = (space: Space, setting: Setting): readonly number[] =>
  Object.entries(space).flatMap(([name, dimension]): readonly number[] => {
    const value = setting[name] as Value
    return dimension.kind === 'choice'
      ? dimension.values.length === 1
        ? []
        : dimension.values.map((one) => (one === value ? Math.SQRT1_2 : 0))
      : [shareOf(dimension, value)]
  })

/** Which parameter each coordinate is of, by its place in the space. */
export const parameterOfCoordinate = (space: Space): readonly number[] =>
  Object.values(space).flatMap((dimension, at) =>
    dimension.kind === 'choice' ? (dimension.values.length === 1 ? [] : dimension.values.map(() => at)) : [at],
  )

const axisOf = (dimension: Dimension, each: number): readonly Value[] =>
  dimension.kind === 'choice'
    ? dimension.values
    : [...new Set(Array.from({ length: each }, (_, i) => valueAt(dimension, each === 1 ? 0.5 : i / (each - 1))))]

/** How many settings such a grid has. */
export const gridSize = (space: Space, each: number): number =>
  Object.values(space).reduce((count, dimension) => count * axisOf(dimension, each).length, 1)

/** Every setting of a grid: all choices, and of each range so many values, evenly, with both ends; whole ones once each. */
export const gridOf = (space: Space, each: number): readonly Setting[] =>
  Object.entries(space).reduce<readonly Setting[]>(
    (settings, [name, dimension]) => {
      const values = axisOf(dimension, each)
      return settings.flatMap((setting) => values.map((value) => ({ ...setting, [name]: value })))
    },
    [{}],
  )
