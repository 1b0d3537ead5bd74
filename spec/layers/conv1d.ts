import { either as E, function as F } from 'fp-ts'
import { attributes, count, pair, positiveInt, single, withDefault } from '../attributes.js'
import { gridOf, gridOfSums, mostOfProducts, mostOfSums, rounded } from '../bound.js'
import { ensure } from '../error.js'
import { defineOp, optional, slide } from '../op.js'
import { magnitudes } from '../tensor.js'
import { mostOverlaps, windowCount } from './window.js'

/**
 * One-dimensional convolution (cross-correlation) along a sequence.
 *
 *   y[n,o,i] = b[o] + Σ_{c,k} w[o,c,k] · x[n, first(o)+c, i·s + k·d − left]
 *
 * first(o) = Cg·⌊o·groups/O⌋ is the first channel of o's group; x is 0 outside the sequence. It is conv2d on images of
 * one row. A causal convolution, in which no output sees what comes after it, has padding [d·(K − 1), 0].
 *
 * Shapes  x [N,C,L]  w [O,Cg,K]  b? [O]  →  y [N,O,Lo],  C = groups·Cg;  Lo = ⌊(L + left + right − d·(K−1) − 1)/s⌋ + 1
 * Units   stride, padding and dilation count places; y carries the unit of w·x
 * Errors  ShapeMismatch – channels disagree, or a window is longer than the padded sequence
 *         AttributeOutOfRange – a count below its least value, or groups that do not divide O
 * Bound   y: Cg·K products and the bias, added in any order. dx: one product for each output that read the element.
 *         dw, db: sums over batch and places, of the depth that the backend declares
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Admits  products added in any order, fused into the sum, the bias first
 * Source  slide "Convolutional Neural Networks" ("space or time invariant"); options as in PyTorch's Conv1d
 */
export const conv1d = defineOp({
  family: 'layer',
  formula: String.raw`y_{noi} = b_o + \sum_{c,k} w_{ock}\, x_{n,\,f(o)+c,\;i s + k d - l}`,
  source: slide('Convolutional Neural Networks'),
  attrs: attributes({
    stride: withDefault(single(positiveInt), [1]),
    padding: withDefault(pair(count), [0, 0]), // left, right
    dilation: withDefault(single(positiveInt), [1]),
    groups: withDefault(positiveInt, 1),
  }),
  inputs: { x: ['N', 'C', 'L'], w: ['O', 'Cg', 'K'], b: optional('O') },
  outputs: { y: ['N', 'O', 'Lo'] },
  differentiable: ['x', 'w', 'b'],
  derive: ({ stride: [s], padding: [left, right], dilation: [d], groups }, { C, Cg, O, L, K }) =>
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
      E.bind('Lo', () => windowCount('L', { size: L, before: left, after: right, window: K, stride: s, dilation: d })),
    ),
  bound: ({ attrs, inputs, sizes: { Cg, K }, valuesOf }) => ({
    y: rounded(
      Cg * K + (inputs.b === undefined ? 0 : 1),
      valuesOf(attrs, magnitudes(inputs)).y,
      gridOfSums(inputs),
      mostOfSums(Cg * K, inputs),
    ),
  }),
  boundBackward: ({ attrs, inputs, cotangents, sizes: { N, O, K, Lo }, depth, gradientsOf }) => {
    const companion = gradientsOf(attrs, magnitudes(inputs), magnitudes(cotangents))
    const meeting = (O / attrs.groups) * Math.min(mostOverlaps(K, attrs.stride[0], attrs.dilation[0]), Lo)
    const places = depth(N * Lo)
    return {
      x: rounded(
        meeting,
        companion.x,
        gridOf(inputs.w) * gridOf(cotangents.y),
        mostOfProducts((O / attrs.groups) * K, inputs.w, cotangents.y),
      ),
      w: rounded(
        places + 1,
        companion.w,
        gridOf(inputs.x) * gridOf(cotangents.y),
        mostOfProducts(N * Lo, inputs.x, cotangents.y),
      ),
      b: companion.b && rounded(places, companion.b, gridOf(cotangents.y), mostOfProducts(N * Lo, cotangents.y)),
    }
  },
  walk: {
    forward: ({ Cg, K }) => ({ y: Cg * K + 1 }),
    backward: ({ N, C, O, Cg, K, Lo }) => ({ x: ((O * Cg) / C) * K, w: N * Lo, b: N * Lo }),
  },
  multiplyAdds: ({ N, O, Lo, Cg, K }) => N * O * Lo * Cg * K,
  windows: ({ stride: [s], dilation: [d] }, { K }) => [{ window: K, stride: s, dilation: d }],
})
