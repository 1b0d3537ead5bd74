import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import type { Convolution } from './conv2d.js'
import { subgroupKernels } from '../subgroupTile.js'
import {
  addUpMaps,
  convolutionDims,
  convolve,
  correlate,
  convolveTransposed,
  tiledTransposed,
  transposed,
  transposedByBlocks,
} from './conv2d.js'
import { transposedSubgroup } from './conv2dSubgroup.js'

/**
 * The convolution that is transposed: it leads from y, its image, to x, its map, by w as filters [O,Cg,KH,KW]. So y is
 * made as conv2d makes dx, dx as it makes y, and dw with x and dy in each other's place. Below, letters are conv2d's.
 */
const transposedOf = (attrs: AttrsOf<'convTranspose2d'>, sizes: SizesOf<'convTranspose2d'>): Convolution => {
  const [sh, sw] = attrs.stride
  const [dh, dw] = attrs.dilation
  const [top, , left] = attrs.padding
  const { N, C, H, W, O, Og, KH, KW, Ho, Wo } = sizes
  const image = { C: O, H: Ho, W: Wo }
  const map = { O: C, Ho: H, Wo: W }
  return { N, ...image, ...map, Cg: Og, KH, KW, sh, sw, dh, dw, top, left, groups: attrs.groups }
}

const sumAndBias = /* wgsl */ `
fn finished(channel: u32, sum: f32) -> f32 {
  if (dims.hasBias == 1u) { return sum + b(channel); }
  return sum;
}
`

/** One invocation makes one y[n,o,r,s], adding the products of the pixels and taps that reach it, then the bias. */
export const convTranspose2dForward = kernel({
  name: 'convTranspose2d.forward',
  reads: ['w', 'dy', 'b'],
  writes: ['dx'],
  dims: [...convolutionDims, 'hasBias'],
  code: `${sumAndBias}${transposed}`,
})

/** The same as `convTranspose2dForward` by 4 × 4 tiles of a group's outputs × pixels of y. */
export const convTranspose2dForwardTiled = tiledTransposed(
  {
    name: 'convTranspose2d.forward.tiled',
    reads: ['w', 'dy', 'b'],
    writes: ['dx'],
    dims: [...convolutionDims, 'hasBias'],
  },
  sumAndBias,
)

/** The same by tiles of one subgroup. */
export const convTranspose2dForwardSubgroup = subgroupKernels(
  {
    name: 'convTranspose2d.forward.tiled',
    reads: ['w', 'dy', 'b'],
    writes: ['dx'],
    dims: [...convolutionDims, 'hasBias'],
  },
  (tile) => `${sumAndBias}${transposedSubgroup(tile)}`,
)

/** The same by blocks of outputs. */
export const convTranspose2dForwardBlocks = transposedByBlocks(
  {
    name: 'convTranspose2d.forward.blocks',
    reads: ['w', 'dy', 'b'],
    writes: ['dx'],
    dims: [...convolutionDims, 'hasBias'],
  },
  sumAndBias,
)

export const forward: Lower<'convTranspose2d'> = ({ attrs, sizes, has, subgroupSize }) => {
  const kernels = {
    each: convTranspose2dForward,
    tiled: convTranspose2dForwardTiled,
    subgroup: convTranspose2dForwardSubgroup,
    blocks: convTranspose2dForwardBlocks,
  }
  const bind = { w: input('w'), dy: input('x'), b: input('b'), dx: output('y') }
  return launches(
    convolveTransposed(transposedOf(attrs, sizes), kernels, bind, subgroupSize, { hasBias: has('b') ? 1 : 0 }),
  )
}

export const backward: Lower<'convTranspose2d'> = (request) => {
  const { attrs, sizes, wants, subgroupSize } = request
  const conv = transposedOf(attrs, sizes)
  const { N, O, Ho, Wo } = sizes
  const dy = cotangent('y')
  const noBias = input('b') // bound, as every tensor of a kernel is, and not read
  return launches(
    wants('x') ? convolve(conv, { x: dy, w: input('w'), b: noBias, y: gradient('x') }, false, subgroupSize) : undefined,
    wants('w') ? correlate(conv, { x: dy, dy: input('x'), dweights: gradient('w') }, request) : undefined,
    wants('b') ? addUpMaps(N, O, Ho * Wo, { dy, db: gradient('b') }) : undefined,
  )
}
