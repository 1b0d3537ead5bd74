import { oneOf, withDefault } from './attributes.js'

/**
 * Where a function has a corner, any slope between those on either side of it is a subgradient, and libraries differ. The
 * catalogue has one for each op; "left" and "right" are the slopes just below the corner and just above it.
 */
export const kink = withDefault(oneOf('catalogue', 'left', 'right'), 'catalogue')

export type Kink = 'catalogue' | 'left' | 'right'
