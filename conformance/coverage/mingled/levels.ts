import type { Form } from '../../form.js'
import type { Factor, Possible, Row } from '../covering.js'
import { covering } from '../covering.js'

/** What mingled cases of an op are made of. */
export interface Mingled {
  readonly factors: readonly Factor[]
  /** the factors every triple of whose classes meets; of the others, and where it is empty of all, every pair */
  readonly core: readonly string[]
  readonly possible?: Possible
  /** the case of a row of classes; within a class extents take turns */
  readonly form: (row: Row, turn: number) => Form
  /** what a case takes, and the most that one may */
  readonly cost: (form: Form) => number
  readonly most: number
}

/** Extents by the name of their level. */
export type Levels = Readonly<Record<string, readonly number[]>>

/** The factor of an axis whose classes are levels. */
export const named = (name: string, of: Levels): Factor => ({ name, classes: Object.keys(of) })

// of numbers whose multiples lie evenly between whole ones, each for a list of its own
const spread = [2, 3, 5, 7, 11, 13].map(Math.sqrt)

/** One of a list in its turn. Lists with other numbers take turns apart from each other, so that all of both come together. */
export const inTurn = <A>(list: readonly A[], turn: number, of = 0): A => {
  const far = (turn + 1) * (spread[of] as number)
  return list[Math.floor(list.length * (far - Math.floor(far)))] as A
}

/** The extent of an axis in its turn. */
export const level = (levels: Levels, row: Row, name: string, turn: number, of = 0): number =>
  inTurn(levels[row[name] as string] as readonly number[], turn, of)

const isWhole = (row: Partial<Row>, factors: readonly Factor[]): row is Row =>
  factors.every(({ name }) => row[name] !== undefined)

/** So many turns may pass until extents are small enough together. */
const mostTurns = 8

/** The cases of a covering array of levels, one a row, as far as their extents can be small enough together. */
export const formsOf = ({ factors, core, possible, form, cost, most }: Mingled, seed: string): readonly Form[] => {
  // the first turn from one on whose extents are small enough
  const bearable = (row: Row, from: number, left = mostTurns): Form | undefined => {
    const one = form(row, from)
    return cost(one) <= most ? one : left === 1 ? undefined : bearable(row, from + 1, left - 1)
  }
  const { rows } = covering(factors, {
    strength: core.length === 0 ? 2 : 3,
    ...(core.length === 0 ? {} : { core }),
    seed,
    possible: (row) =>
      (possible === undefined || possible(row)) && (!isWhole(row, factors) || bearable(row, 0) !== undefined),
  })
  return rows.flatMap((row, turn) => {
    const one = bearable(row, turn) ?? bearable(row, 0)
    return one === undefined ? [] : [one]
  })
}
