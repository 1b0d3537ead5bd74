import { oneOf, withDefault } from '../attributes.js'
import { gamma, tau } from '../bound.js'
import type { Field } from '../field.js'
import { element, field, whole, zipFields } from '../field.js'
import type { Axes } from '../op.js'
import { fold, sizeOf, sumOf } from '../tensor.js'

/** How a loss's values become its output. */
export type Reduction = 'mean' | 'sum' | 'none'

/** The attribute that every loss has. */
export const reduction = withDefault(oneOf('mean', 'sum', 'none'), 'mean')

/** The axes of a loss whose unreduced values have the given axes. */
export const reducedFrom =
  (...values: Axes) =>
  ({ reduction }: { readonly reduction: Reduction }): Axes =>
    reduction === 'none' ? values : []

/** What a mean's division counts: 2½ roundings are permitted to `/`, and a product with 1/n rounded to f32 is 2. */
export const roundingsOfMean = (reduction: Reduction): number => (reduction === 'mean' ? 2.5 : 0)

/** weight · value, where a weight of 0 takes the term away whatever its value: 0·log 0 = 0. */
export const weighted = (weight: number, value: number): number => (weight === 0 ? 0 : weight * value)

/**
 * The bound of a loss whose values, one for each unreduced element, are sums of terms that err by `errors` and have
 * magnitudes `sizes` altogether: Σ errors + γ(k)·Σ (sizes + errors), divided by n for the mean, where k is
 * `roundings`, those that a term meets up to and in the reduction's additions, and the mean's own.
 */
export const reducedBound = (reduction: Reduction, roundings: number, errors: Field, sizes: Field): Field => {
  const factor = gamma(roundings + roundingsOfMean(reduction))
  if (reduction === 'none') return zipFields([errors, sizes], (e, m) => e + factor * (m + e) + tau)
  return field([], () => {
    const [e, m] = [sumOf(whole(errors).data), sumOf(whole(sizes).data)]
    return (e + factor * (m + e)) / (reduction === 'mean' ? sizeOf(errors.shape) : 1) + tau
  })
}

/** The sum of each row of [N,C]. */
export const overClasses = (x: Field): Field => {
  const [N, C] = x.shape as readonly [number, number]
  return field([N], (n) => fold(C, 0, (sum, c) => sum + element(x, n * C + c)))
}
