import { sizeOf } from '../../spec/tensor.js'
import type { Shape } from '../../spec/tensor.js'
import type { Lowered, Slot } from '../kernel.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Mapping } from '../map.js'
import { mapOver } from '../map.js'

/** What activations of one number have in common: a mapping that makes y of x, and one that makes dx of x and dy. */

type Params = Readonly<Record<string, number>>

/** y = f(x) */
export const applied = (f: Mapping, { rest }: { readonly rest: Shape }, params: Params = {}): Lowered =>
  launches(mapOver(f, sizeOf(rest), { x: input('x'), y: output('y') }, params))

/** dx = dy·f′(x), of x or of what stands for it */
export const pulledBack = (
  slope: Mapping,
  { rest }: { readonly rest: Shape },
  params: Params = {},
  dims: Params = {},
  x: Slot = input('x'),
): Lowered => launches(mapOver(slope, sizeOf(rest), { x, dy: cotangent('y'), dx: gradient('x') }, params, dims))
