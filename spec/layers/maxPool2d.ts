import { attributes, oneOf, withDefault } from '../attributes.js'
import { exactly, gridOf, rounded } from '../bound.js'
import { defineOp, slide } from '../op.js'
import { magnitudes } from '../tensor.js'
import { divisionByCount, poolAttributes, poolExtents, poolOverlaps, poolWindows } from './pool.js'

/**
 * Max pooling: the largest element of each window.
 *
 *   y[n,c,i,j] = max_{kh,kw} x[n, c, i·sh + kh − top, j·sw + kw − left],   x is −∞ outside the image
 *   dx[n,c,r,s] = Σ dy[n,c,i,j] over the windows (i,j) whose first maximum in row-major order is at (r,s)
 *
 * Of several equal maxima `ties` says which has the gradient: the first ("first", PyTorch), the last ("last", as
 * TensorFlow.js on WebAssembly), or all, each an equal part ("share", as PyTorch's amax and autograd of JAX's max). 0 and
 * −0 are equal.
 *
 * Shapes  x [N,C,H,W]  →  y [N,C,Ho,Wo],  Ho = ⌊(H + top + bottom − KH)/sh⌋ + 1; Wo likewise. With ceilMode
 *         Ho = ⌈(H + top + bottom − KH)/sh⌉ + 1, and one less if the last window would start at padded row top + H or
 *         behind. Every window has a real element; windows may overlap, or skip elements, whose gradient is 0
 * Units   window, stride and padding count pixels; y carries x's
 * Errors  AttributeOutOfRange – a count below its least value, or padding not less than the window on its axis
 *         ShapeMismatch – a window larger than the padded image; with ceilMode, by the stride or more
 * Bound   y: exact, since comparisons are. dx: routing is exact too, so what errs is the sum of the cotangents that
 *         meet: m of them at most, m − 1 additions; exact where windows are disjoint. A share is one division more
 * Source  slide "Pooling layer"; NaN as in PyTorch's MaxPool2d: it exceeds every number, and of several the last one has
 *         the gradient, with "first" and "last" alike; with "share" all of them, in equal parts. PyTorch pads both sides alike and by half a window at most; here any padding below the window
 *         will do, and it never wins: a window of −∞ sends its gradient to its first real element
 */
export const maxPool2d = defineOp({
  family: 'layer',
  formula: String.raw`y_{ncij} = \max_{k,m} x_{n,\,c,\;i s_h + k - t,\;j s_w + m - l}`,
  source: slide('Pooling layer'),
  attrs: attributes({ ...poolAttributes, ties: withDefault(oneOf('first', 'last', 'share'), 'first') }),
  inputs: { x: ['N', 'C', 'H', 'W'] },
  outputs: { y: ['N', 'C', 'Ho', 'Wo'] },
  differentiable: ['x'],
  derive: (attrs, sizes) => poolExtents(attrs, sizes),
  bound: ({ sizes: { N, C, Ho, Wo } }) => ({ y: exactly({ shape: [N, C, Ho, Wo] }) }),
  // x decides where a cotangent goes, so the companion takes it as it is
  boundBackward: ({ attrs, inputs, cotangents, sizes, gradientsOf }) => {
    const meeting = poolOverlaps(attrs, sizes)
    const companion = gradientsOf(attrs, inputs, magnitudes(cotangents)).x
    if (attrs.ties === 'share') return { x: rounded(meeting - 1 + divisionByCount, companion) }
    return { x: meeting === 1 ? exactly(inputs.x) : rounded(meeting - 1, companion, gridOf(cotangents.y)) }
  },
  windows: (attrs) => poolWindows(attrs),
})
