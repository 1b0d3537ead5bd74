import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import type { Convolution } from './conv2d.js'
import { addUpMaps, convolve, correlate, convolveTransposed, transposedKernels } from './conv2d.js'

/** A sequence is an image of one row, under filters of one row: the same elements in the same order. */
const convolutionOf = (attrs: AttrsOf<'conv1d'>, { N, C, L, O, Cg, K, Lo }: SizesOf<'conv1d'>): Convolution => {
  const { stride, padding, dilation, groups } = attrs
  const rows = { H: 1, KH: 1, Ho: 1, sh: 1, dh: 1, top: 0 }
  return { N, C, O, Cg, groups, ...rows, W: L, KW: K, Wo: Lo, sw: stride[0], dw: dilation[0], left: padding[0] }
}

export const forward: Lower<'conv1d'> = ({ attrs, sizes, has, subgroupSize }) => {
  const bind = { x: input('x'), w: input('w'), b: input('b'), y: output('y') }
  return launches(convolve(convolutionOf(attrs, sizes), bind, has('b'), subgroupSize))
}

export const backward: Lower<'conv1d'> = (request) => {
  const { attrs, sizes, wants, subgroupSize } = request
  const conv = convolutionOf(attrs, sizes)
  const { N, O, Lo } = sizes
  const dy = cotangent('y')
  return launches(
    wants('x')
      ? convolveTransposed(conv, transposedKernels, { w: input('w'), dy, dx: gradient('x') }, subgroupSize)
      : undefined,
    wants('w') ? correlate(conv, { x: input('x'), dy, dweights: gradient('w') }, request) : undefined,
    wants('b') ? addUpMaps(N, O, Lo, { dy, db: gradient('b') }) : undefined,
  )
}
