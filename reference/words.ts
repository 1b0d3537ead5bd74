import type { Field } from '../spec/field.js'
import type * as arithmetic from './arithmetic.js'

/**
 * What each word of arithmetic.ts is to a formula, for whoever tells a formula element by element (`etalon explain`). A
 * word that has no role here does not compile, nor one whose role is not of what it gives.
 */

/** The roles of words that give a number. */
type OfNumber =
  /** the element of a field: f(x, …index); with `orZero` and `or` of no element beyond its ends, f(outside, x, …index) */
  | 'element'
  | 'elementOrZero'
  | 'elementOr'
  /** over ranges 0 ≤ i < I: f(I, …, (i, …) => number) */
  | 'sum'
  | 'largest'
  | 'smallest'
  /** over all elements of a field */
  | 'sumOfAll'
  /** told by its name, with what stands above it */
  | 'named'

/** The roles of words that give a field. */
type OfField =
  /** f(shape, (i, …) => number) */
  | 'byIndex'
  /** f((a, …) => number, a, …), of fields of one shape */
  | 'byElement'
  /** one number throughout: its last argument */
  | 'constant'
  /** the elements of another field */
  | 'sameElements'
  /** the t-th part of a field along its first axis: f(x, t) */
  | 'part'
  /** fields one after the other, or added */
  | 'stack'
  | 'sumOfFields'

/** The roles of words that give something else. */
type OfOther = /** one thing after the other: f(T, start, (before, t) => made) */ 'steps' | 'named'

export type Role = OfNumber | OfField | OfOther

type RoleOf<F> = F extends (...args: never) => infer A
  ? A extends number
    ? OfNumber
    : A extends Field
      ? OfField
      : OfOther
  : never

type Roles = { readonly [W in keyof typeof arithmetic]: RoleOf<(typeof arithmetic)[W]> }

/** Every word, and its role. */
export const roles: Roles = {
  tabulate1: 'byIndex',
  tabulate2: 'byIndex',
  tabulate3: 'byIndex',
  tabulate4: 'byIndex',
  sum1: 'sum',
  sum2: 'sum',
  sum3: 'sum',
  sum4: 'sum',
  largest: 'largest',
  smallest: 'smallest',
  largest2: 'largest',
  indexOfLargest: 'named',
  lastIndexOfLargest: 'named',
  placeOfLargest: 'named',
  lastPlaceOfLargest: 'named',
  at1: 'element',
  at2: 'element',
  at3: 'element',
  at4: 'element',
  at3OrZero: 'elementOrZero',
  at4Or: 'elementOr',
  at4OrZero: 'elementOrZero',
  map: 'byElement',
  zip: 'byElement',
  zip3: 'byElement',
  total: 'sumOfAll',
  sumOfFields: 'sumOfFields',
  partOf: 'part',
  stacked: 'stack',
  scan: 'steps',
  scanBack: 'steps',
  reshaped: 'sameElements',
  scalarOf: 'constant',
  filled: 'constant',
  windowReading: 'named',
}
