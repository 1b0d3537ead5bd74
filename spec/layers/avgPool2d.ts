import { attributes, flag, withDefault } from '../attributes.js'
import { rounded } from '../bound.js'
import { defineOp, slide } from '../op.js'
import { magnitudes } from '../tensor.js'
import { divisionByCount, poolAttributes, poolExtents, poolOverlaps, poolWindows } from './pool.js'

/**
 * Average pooling: the mean of each window.
 *
 *   y[n,c,i,j] = (1/count(i,j)) · Σ_{kh,kw} x[n, c, i·sh + kh − top, j·sw + kw − left],   x is 0 outside the image
 *   dx[n,c,r,s] = Σ dy[n,c,i,j]/count(i,j) over the windows (i,j) that contain (r,s)
 *
 * count(i,j) is the number of elements of window (i,j) inside the image, at least 1; with countIncludePad, inside the
 * padded image. That is KH·KW but for a window that hangs over the end, as ceilMode lets it: what is beyond the padding
 * never counts, as in PyTorch.
 *
 * Shapes  x [N,C,H,W]  →  y [N,C,Ho,Wo],  Ho = ⌊(H + top + bottom − KH)/sh⌋ + 1; Wo likewise. With ceilMode
 *         Ho = ⌈(H + top + bottom − KH)/sh⌉ + 1, and one less if the last window would start at padded row top + H or behind
 * Units   window, stride and padding count pixels; y carries x's
 * Errors  AttributeOutOfRange – a count below its least value, or padding not less than the window on its axis
 *         ShapeMismatch – a window larger than the padded image; with ceilMode, by the stride or more
 * Bound   y: a window holds at most K = min(KH,H)·min(KW,W) real elements (padding adds exact zeros), so a term meets
 *         K − 1 additions and one division. dx: m windows meet at most, so m − 1 additions and one division. Dividing
 *         terms first, or multiplying by 1/count rounded once (2ε), stays within
 * Admits  the sum times 1/count; every term divided by count
 * Source  slide "LeNet" (subsampling, without its coefficient and bias); countIncludePad and ceilMode as in PyTorch's AvgPool2d
 */
export const avgPool2d = defineOp({
  family: 'layer',
  formula: String.raw`y_{ncij} = \frac{1}{|W_{ij}|} \sum_{k,m} x_{n,\,c,\;i s_h + k - t,\;j s_w + m - l}`,
  source: slide('LeNet'),
  attrs: attributes({ ...poolAttributes, countIncludePad: withDefault(flag, false) }),
  inputs: { x: ['N', 'C', 'H', 'W'] },
  outputs: { y: ['N', 'C', 'Ho', 'Wo'] },
  differentiable: ['x'],
  derive: (attrs, sizes) => poolExtents(attrs, sizes),
  bound: ({ attrs, inputs, sizes: { H, W }, valuesOf }) => {
    const [KH, KW] = attrs.window
    const additions = Math.min(KH, H) * Math.min(KW, W) - 1
    return { y: rounded(additions + divisionByCount, valuesOf(attrs, magnitudes(inputs)).y) }
  },
  boundBackward: ({ attrs, inputs, cotangents, sizes, gradientsOf }) => ({
    x: rounded(poolOverlaps(attrs, sizes) - 1 + divisionByCount, gradientsOf(attrs, inputs, magnitudes(cotangents)).x),
  }),
  windows: (attrs) => poolWindows(attrs),
})
