import { copy } from '../copy.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver } from '../map.js'

/** y holds x's elements in x's order */
export const forward: Lower<'flatten'> = ({ sizes: { N, D } }) =>
  launches(mapOver(copy, N * D, { x: input('x'), y: output('y') }))

/** dx holds dy's */
export const backward: Lower<'flatten'> = ({ sizes: { N, D } }) =>
  launches(mapOver(copy, N * D, { x: cotangent('y'), y: gradient('x') }))
