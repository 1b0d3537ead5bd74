import type { Form } from '../../form.js'
import type { Factor, Possible, Row } from '../covering.js'

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
