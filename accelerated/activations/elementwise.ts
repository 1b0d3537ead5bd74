import { sizeOf } from '../../spec/tensor.js'
import type { Shape } from '../../spec/tensor.js'
import type { Kernel, Lowered } from '../kernel.js'
import { cotangent, elementwise, gradient, input, launches, output } from '../kernel.js'

/** What activations of one number have in common: a kernel that makes y of x, and one that makes dx of x and dy. */

type Params = Readonly<Record<string, number>>

/** y = f(x) */
export const mapping = (kernel: Kernel, { rest }: { readonly rest: Shape }, params: Params = {}): Lowered =>
  launches(elementwise(kernel, sizeOf(rest), { x: input('x'), y: output('y') }, params))

/** dx = dy·f′(x) */
export const pullback = (
  kernel: Kernel,
  { rest }: { readonly rest: Shape },
  params: Params = {},
  dims: Params = {},
): Lowered =>
  launches(elementwise(kernel, sizeOf(rest), { x: input('x'), dy: cotangent('y'), dx: gradient('x') }, params, dims))
