import { noAttributes } from '../attributes.js'
import { gridOf, rounded } from '../bound.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { magnitudes } from '../tensor.js'

/**
 * Every map of an image times a number of its own, as the excitation of a squeeze-and-excitation block weights its channels.
 *
 *   y[n,c,h,w] = s[n,c]·x[n,c,h,w],   dx[n,c,h,w] = s[n,c]·dy[n,c,h,w],   ds[n,c] = Σ_{h,w} dy[n,c,h,w]·x[n,c,h,w]
 *
 * In PyTorch, Keras and ONNX this is a product with s broadcast, under the shape [N,C,1,1] (Keras, channels last: [N,1,1,C]).
 *
 * Shapes  x [N,C,H,W]  s [N,C]  →  y [N,C,H,W]
 * Units   s is a plain number, from 0 to 1 behind a sigmoid; y carries x's
 * Errors  ShapeMismatch – samples or channels disagree, or x has another rank than 4
 * Bound   y, dx: one rounding; ds: a product, and the depth of the sum over H·W
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Source  slide "SENet" (squeeze and excitation): the scale
 */
export const scaleChannels = defineOp({
  family: 'layer',
  formula: String.raw`y_{nchw} = s_{nc}\, x_{nchw}`,
  source: slide('SENet'),
  attrs: noAttributes,
  inputs: { x: ['N', 'C', 'H', 'W'], s: ['N', 'C'] },
  outputs: { y: ['N', 'C', 'H', 'W'] },
  differentiable: ['x', 's'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({
    y: rounded(1, valuesOf(attrs, inputs).y, gridOf(inputs.x) * gridOf(inputs.s)),
  }),
  boundBackward: ({ attrs, inputs, cotangents, sizes: { H, W }, depth, gradientsOf }) => {
    const companion = gradientsOf(attrs, magnitudes(inputs), magnitudes(cotangents))
    const grid = gridOf(cotangents.y)
    return {
      x: rounded(1, companion.x, grid * gridOf(inputs.s)),
      s: rounded(depth(H * W) + 1, companion.s, grid * gridOf(inputs.x)),
    }
  },
  walk: { forward: () => ({ y: 1 }), backward: ({ H, W }) => ({ x: 1, s: H * W }) },
})
