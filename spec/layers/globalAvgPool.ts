import { attributes } from '../attributes.js'
import { rounded } from '../bound.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { magnitudes } from '../tensor.js'

/** A quotient may err by 2.5 ULP; the divisor, a count, is exact. */
const division = 2.5

/**
 * Global average pooling: the mean of each channel's map, one number a channel.
 *
 *   y[n,c] = (1/(H·W)) · Σ_{r,s} x[n,c,r,s],   dx[n,c,r,s] = dy[n,c]/(H·W)
 *
 * It is avgPool2d with one window over the whole image, and without the two axes of extent 1 that this leaves: PyTorch's
 * AdaptiveAvgPool2d(1) and ONNX's GlobalAveragePool keep them, Keras' GlobalAveragePooling2D drops them as here.
 *
 * Shapes  x [N,C,H,W]  →  y [N,C]
 * Units   y carries x's
 * Errors  ShapeMismatch – x is not of rank 4
 * Bound   y: the additions of a sum over H·W, of the depth that the backend declares, and one division. dx: one division.
 *         Multiplying by 1/(H·W) rounded once (2ε) stays within
 * Admits  the sum times 1/(H·W)
 * Source  slide "GoogLeNet" (average pooling in place of the fully connected layers)
 */
export const globalAvgPool = defineOp({
  family: 'layer',
  formula: String.raw`y_{nc} = \frac{1}{H W} \sum_{r,s} x_{ncrs}`,
  source: slide('GoogLeNet'),
  attrs: attributes({}),
  inputs: { x: ['N', 'C', 'H', 'W'] },
  outputs: { y: ['N', 'C'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, sizes: { H, W }, depth, valuesOf }) => ({
    y: rounded(depth(H * W) + division, valuesOf(attrs, magnitudes(inputs)).y),
  }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    x: rounded(division, gradientsOf(attrs, inputs, cotangents).x),
  }),
})
