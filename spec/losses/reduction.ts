import { oneOf, withDefault } from '../attributes.js'
import type { Axes } from '../op.js'

/** How a loss's values become its output. */
export type Reduction = 'mean' | 'sum' | 'none'

/** The attribute that every loss has. */
export const reduction = withDefault(oneOf('mean', 'sum', 'none'), 'mean')

/** The axes of a loss whose unreduced values have the given axes. */
export const reducedFrom =
  (...values: Axes) =>
  ({ reduction }: { readonly reduction: Reduction }): Axes =>
    reduction === 'none' ? values : []
