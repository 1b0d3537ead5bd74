import { either as E, function as F } from 'fp-ts'
import { attributes, count, pair, positiveInt, quad, withDefault } from '../attributes.js'
import { gridOf, gridOfSums, mostOfProducts, mostOfSums, rounded } from '../bound.js'
import { ensure } from '../error.js'
import { defineOp, optional, slide } from '../op.js'
import { magnitudes } from '../tensor.js'
import { mostOverlaps, windowCount } from './window.js'

/**
 * Two-dimensional convolution (cross-correlation, as on the slides).
 *
 *   y[n,o,i,j] = b[o] + Σ_{c,kh,kw} w[o,c,kh,kw] · x[n, first(o)+c, i·sh + kh·dh − top, j·sw + kw·dw − left]
 *
 * first(o) = Cg·⌊o·groups/O⌋ is the first channel of o's group; x is 0 outside the image.
 *
 * Shapes  x [N,C,H,W]  w [O,Cg,KH,KW]  b? [O]  →  y [N,O,Ho,Wo],  C = groups·Cg
 *         Ho = ⌊(H + top + bottom − dh·(KH−1) − 1)/sh⌋ + 1; Wo likewise
 * Units   stride, padding and dilation count pixels; y carries the unit of w·x
 * Errors  ShapeMismatch – channels disagree, or a window is larger than the padded image
 *         AttributeOutOfRange – a count below its least value, or groups that do not divide O
 * Bound   y: Cg·KH·KW products and the bias, added in any order. dx: one product for each output that read the element.
 *         dw, db: sums over batch and positions, of the depth that the backend declares
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Admits  products added in any order, fused into the sum, the bias first
 * Source  slide "Convolutional layer (CONV)"; dilation and groups as in PyTorch's Conv2d
 */
export const conv2d = defineOp({
  family: 'layer',
  formula: String.raw`y_{noij} = b_o + \sum_{c,k,m} w_{ockm}\, x_{n,\,f(o)+c,\;i s_h + k d_h - t,\;j s_w + m d_w - l}`,
  source: slide('Convolutional layer (CONV)'),
  attrs: attributes({
    stride: withDefault(pair(positiveInt), [1, 1]),
    padding: withDefault(quad(count), [0, 0, 0, 0]), // top, bottom, left, right
    dilation: withDefault(pair(positiveInt), [1, 1]),
    groups: withDefault(positiveInt, 1),
  }),
  inputs: { x: ['N', 'C', 'H', 'W'], w: ['O', 'Cg', 'KH', 'KW'], b: optional('O') },
  outputs: { y: ['N', 'O', 'Ho', 'Wo'] },
  differentiable: ['x', 'w', 'b'],
  derive: (
    { stride: [sh, sw], padding: [top, bottom, left, right], dilation: [dh, dw], groups },
    { C, Cg, O, H, W, KH, KW },
  ) =>
    F.pipe(
      E.Do,
      E.tap(() =>
        ensure(O % groups === 0, 'AttributeOutOfRange', `groups is ${groups}; it must divide O, which is ${O}`),
      ),
      E.tap(() =>
        ensure(
          C === groups * Cg,
          'ShapeMismatch',
          `x has C = ${C} channels; w wants groups·Cg = ${groups}·${Cg} = ${groups * Cg}`,
        ),
      ),
      E.bind('Ho', () =>
        windowCount('H', { size: H, before: top, after: bottom, window: KH, stride: sh, dilation: dh }),
      ),
      E.bind('Wo', () =>
        windowCount('W', { size: W, before: left, after: right, window: KW, stride: sw, dilation: dw }),
      ),
    ),
  bound: ({ attrs, inputs, sizes: { Cg, KH, KW }, valuesOf }) => ({
    y: rounded(
      Cg * KH * KW + (inputs.b === undefined ? 0 : 1),
      valuesOf(attrs, magnitudes(inputs)).y,
      gridOfSums(inputs),
      mostOfSums(Cg * KH * KW, inputs),
    ),
  }),
  boundBackward: ({ attrs, inputs, cotangents, sizes: { N, O, KH, KW, Ho, Wo }, depth, gradientsOf }) => {
    const companion = gradientsOf(attrs, magnitudes(inputs), magnitudes(cotangents))
    const meeting =
      (O / attrs.groups) *
      mostOverlaps(KH, attrs.stride[0], attrs.dilation[0]) *
      mostOverlaps(KW, attrs.stride[1], attrs.dilation[1])
    const positions = depth(N * Ho * Wo)
    return {
      x: rounded(
        meeting,
        companion.x,
        gridOf(inputs.w) * gridOf(cotangents.y),
        mostOfProducts((O / attrs.groups) * KH * KW, inputs.w, cotangents.y),
      ),
      w: rounded(
        positions + 1,
        companion.w,
        gridOf(inputs.x) * gridOf(cotangents.y),
        mostOfProducts(N * Ho * Wo, inputs.x, cotangents.y),
      ),
      b:
        companion.b && rounded(positions, companion.b, gridOf(cotangents.y), mostOfProducts(N * Ho * Wo, cotangents.y)),
    }
  },
  walk: {
    forward: ({ Cg, KH, KW }) => ({ y: Cg * KH * KW + 1 }),
    backward: ({ N, C, O, Cg, KH, KW, Ho, Wo }) => ({ x: ((O * Cg) / C) * KH * KW, w: N * Ho * Wo, b: N * Ho * Wo }),
  },
  multiplyAdds: ({ N, O, Ho, Wo, Cg, KH, KW }) => N * O * Ho * Wo * Cg * KH * KW,
  windows: ({ stride: [sh, sw], dilation: [dh, dw] }, { KH, KW }) => [
    { window: KH, stride: sh, dilation: dh },
    { window: KW, stride: sw, dilation: dw },
  ],
})
