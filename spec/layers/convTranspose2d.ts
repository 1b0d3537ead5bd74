import { either as E, function as F } from 'fp-ts'
import { attributes, count, pair, positiveInt, quad, withDefault } from '../attributes.js'
import { gridOf, gridOfSums, mostOfProducts, mostOfSums, rounded } from '../bound.js'
import type { Result } from '../error.js'
import { ensure } from '../error.js'
import { defineOp, optional } from '../op.js'
import { magnitudes } from '../tensor.js'
import { coveredCount, mostOverlaps } from './window.js'

const lessThanAStep = (axis: string, more: number, stride: number, dilation: number): Result<void> =>
  ensure(
    more < Math.max(stride, dilation),
    'AttributeOutOfRange',
    `along ${axis} outputPadding is ${more}, stride ${stride} and dilation ${dilation}; outputPadding must be less than the larger of the two`,
  )

/**
 * Transposed two-dimensional convolution: every pixel of x stamps the filters of its channel on y. It is the adjoint of
 * conv2d with the same attributes, w read as filters [O′,Cg,KH,KW] of O′ = C outputs.
 *
 *   y[n,o,r,s] = b[o] + Σ w[c, o − first(c), kh, kw] · x[n,c,i,j]  over c of o's group and all i,j,kh,kw with
 *                r = i·sh + kh·dh − top,  s = j·sw + kw·dw − left
 *
 * first(c) = Og·⌊c·groups/C⌋ is the first output of c's group. padding takes rows and columns off y; outputPadding adds
 * some at the bottom and at the right, which a window reaches only where padding had taken it off. It says which of the
 * images that conv2d takes to one size is meant.
 *
 *   dx[n,c,i,j] = Σ_{o,kh,kw} w[c,o,kh,kw] · dy[n, first(c)+o, i·sh + kh·dh − top, j·sw + kw·dw − left]
 *   dw[c,o,kh,kw] = Σ_{n,i,j} x[n,c,i,j] · dy[n, first(c)+o, i·sh + kh·dh − top, j·sw + kw·dw − left],   db[o] = Σ dy
 *
 * Weights are [C, O/groups, KH, KW] as in PyTorch and ONNX (whose pads are top, left, bottom, right); Keras' are
 * [KH, KW, O, C], and its "same" is padding such that y's sides are stride times x's.
 *
 * Shapes  x [N,C,H,W]  w [C,Og,KH,KW]  b? [O]  →  y [N,O,Ho,Wo],  O = groups·Og
 *         Ho = (H − 1)·sh − top − bottom + dh·(KH − 1) + outputPadding[0] + 1; Wo likewise
 * Units   stride, padding, dilation and outputPadding count pixels of y; y carries the unit of w·x
 * Errors  ShapeMismatch – channels or biases disagree, or padding leaves nothing of y
 *         AttributeOutOfRange – a count below its least value, groups that do not divide C, or outputPadding not less
 *         than the larger of stride and dilation on its axis
 * Bound   y: one product for each pixel and tap that reach the element, and the bias, added in any order. dx: Og·KH·KW
 *         products. dw, db: sums over batch and positions, of the depth that the backend declares
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Admits  products added in any order, fused into the sum, the bias first
 * Source  decoders and generators (autoencoders, GANs); options as in PyTorch's ConvTranspose2d
 */
export const convTranspose2d = defineOp({
  family: 'layer',
  formula: String.raw`y_{nors} = b_o + \sum_{\substack{c,i,j,k,m:\; i s_h + k d_h - t = r\\ j s_w + m d_w - l = s}} w_{c,\,o-f(c),\,k,\,m}\, x_{ncij}`,
  source: "decoders (autoencoders, GANs); PyTorch's ConvTranspose2d",
  attrs: attributes({
    stride: withDefault(pair(positiveInt), [1, 1]),
    padding: withDefault(quad(count), [0, 0, 0, 0]), // top, bottom, left, right
    dilation: withDefault(pair(positiveInt), [1, 1]),
    groups: withDefault(positiveInt, 1),
    outputPadding: withDefault(pair(count), [0, 0]), // bottom, right
  }),
  inputs: { x: ['N', 'C', 'H', 'W'], w: ['C', 'Og', 'KH', 'KW'], b: optional('O') },
  outputs: { y: ['N', 'O', 'Ho', 'Wo'] },
  differentiable: ['x', 'w', 'b'],
  derive: (
    { stride: [sh, sw], padding: [top, bottom, left, right], dilation: [dh, dw], groups, outputPadding },
    // O is known here only if there is a bias
    {
      C,
      H,
      W,
      Og,
      KH,
      KW,
      O: biases,
    }: Readonly<Record<'C' | 'H' | 'W' | 'Og' | 'KH' | 'KW', number>> & {
      readonly O?: number
    },
  ) =>
    F.pipe(
      E.right({ O: groups * Og }),
      E.tap(() =>
        ensure(C % groups === 0, 'AttributeOutOfRange', `groups is ${groups}; it must divide C, which is ${C}`),
      ),
      E.tap(({ O }) =>
        ensure(
          biases === undefined || biases === O,
          'ShapeMismatch',
          `b has O = ${biases} biases; w wants groups·Og = ${groups}·${Og} = ${O}`,
        ),
      ),
      E.tap(() => lessThanAStep('H', outputPadding[0], sh, dh)),
      E.tap(() => lessThanAStep('W', outputPadding[1], sw, dw)),
      E.bind('Ho', () =>
        coveredCount('H', {
          size: H,
          before: top,
          after: bottom,
          window: KH,
          stride: sh,
          dilation: dh,
          more: outputPadding[0],
        }),
      ),
      E.bind('Wo', () =>
        coveredCount('W', {
          size: W,
          before: left,
          after: right,
          window: KW,
          stride: sw,
          dilation: dw,
          more: outputPadding[1],
        }),
      ),
    ),
  bound: ({ attrs, inputs, sizes: { C, H, W, KH, KW }, valuesOf }) => {
    const meeting =
      (C / attrs.groups) *
      Math.min(mostOverlaps(KH, attrs.stride[0], attrs.dilation[0]), H) *
      Math.min(mostOverlaps(KW, attrs.stride[1], attrs.dilation[1]), W)
    return {
      y: rounded(
        meeting + (inputs.b === undefined ? 0 : 1),
        valuesOf(attrs, magnitudes(inputs)).y,
        gridOfSums(inputs),
        mostOfSums(meeting, inputs),
      ),
    }
  },
  boundBackward: ({ attrs, inputs, cotangents, sizes, depth, gradientsOf }) => {
    const { N, H, W, Og, KH, KW, Ho, Wo } = sizes
    const companion = gradientsOf(attrs, magnitudes(inputs), magnitudes(cotangents))
    return {
      x: rounded(
        Og * KH * KW,
        companion.x,
        gridOf(inputs.w) * gridOf(cotangents.y),
        mostOfProducts(Og * KH * KW, inputs.w, cotangents.y),
      ),
      w: rounded(
        depth(N * H * W) + 1,
        companion.w,
        gridOf(inputs.x) * gridOf(cotangents.y),
        mostOfProducts(N * H * W, inputs.x, cotangents.y),
      ),
      b:
        companion.b &&
        rounded(depth(N * Ho * Wo), companion.b, gridOf(cotangents.y), mostOfProducts(N * Ho * Wo, cotangents.y)),
    }
  },
  walk: {
    forward: ({ C, O, Og, KH, KW }) => ({ y: ((C * Og) / O) * KH * KW + 1 }),
    backward: ({ N, H, W, Og, KH, KW, Ho, Wo }) => ({ x: Og * KH * KW, w: N * H * W, b: N * Ho * Wo }),
  },
  multiplyAdds: ({ N, C, H, W, Og, KH, KW }) => N * C * H * W * Og * KH * KW,
  windows: ({ stride: [sh, sw], dilation: [dh, dw] }, { KH, KW }) => [
    { window: KH, stride: sh, dilation: dh, transposed: true },
    { window: KW, stride: sw, dilation: dw, transposed: true },
  ],
})
