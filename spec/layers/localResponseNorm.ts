import { either as E, function as F } from 'fp-ts'
import { attributes, finite, positiveInt, withDefault } from '../attributes.js'
import { epsilon, expError, gamma, logError, tau } from '../bound.js'
import { ensure } from '../error.js'
import type { Field } from '../field.js'
import { element, field, mapField, zipFields } from '../field.js'
import { defineOp, slide } from '../op.js'
import type { Tensor } from '../tensor.js'
import { showShape } from '../tensor.js'
import type { Channels } from './channels.js'
import { at, channelCounts, channelOf } from './channels.js'

interface Normalization {
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly k: number
}

// the positions of the channels from `before` before an element's own to `after` after it, clipped
const neighbours = (sizes: Channels, i: number, before: number, after: number): readonly number[] => {
  const c = channelOf(sizes, i)
  const [first, last] = [Math.max(c - before, 0), Math.min(c + after, sizes.C - 1)]
  return Array.from({ length: last - first + 1 }, (_, j) => i + (first + j - c) * sizes.S)
}

/** The window of an element, and the elements in whose windows it lies: each other's mirror image. */
const windowOf = (sizes: Channels, size: number, i: number): readonly number[] =>
  neighbours(sizes, i, Math.floor(size / 2), Math.ceil(size / 2) - 1)
const readersOf = (sizes: Channels, size: number, i: number): readonly number[] =>
  neighbours(sizes, i, Math.ceil(size / 2) - 1, Math.floor(size / 2))

/** s and the least that it may come out, r = s^−β and the most, for every element. */
interface Scales {
  readonly s: Field
  readonly lowestS: Field
  readonly r: Field
  readonly highestR: Field
}

// m squares are rounded and added, α/size (2½ roundings) is multiplied in, and k added. The logarithm of what comes out
// errs as it may there, and by log1p(e/s) for what s errs; β multiplies that and adds a rounding; e^t turns an error of t
// into a factor and has its own
const scalesOf = ({ size, alpha, beta, k }: Normalization, sizes: Channels, x: Tensor): Scales => {
  const s = field(
    x.shape,
    (i) => k + (alpha / size) * windowOf(sizes, size, i).reduce((sum, j) => sum + at(x.data, j) ** 2, 0),
  )
  const ofS = mapField((s, i) => {
    const share = Math.abs(s - k)
    const ofShare = gamma(windowOf(sizes, size, i).length + 3.5) * share
    return ofShare + epsilon * (Math.abs(s) + ofShare) + tau
  }, s)
  const highest = (s: number, ofS: number): number => {
    const ofLog = -Math.log1p(-ofS / s) + Math.max(logError(s - ofS), logError(s), logError(s + ofS))
    const t = -beta * Math.log(s)
    const ofT = Math.abs(beta) * ofLog * (1 + epsilon) + epsilon * Math.abs(t)
    return Math.exp(t + ofT) * (1 + expError(Math.abs(t) + ofT))
  }
  return {
    s,
    lowestS: zipFields([s, ofS], (s, e) => s - e),
    r: mapField((s) => Math.exp(-beta * Math.log(s)), s),
    highestR: zipFields([s, ofS], highest),
  }
}

/**
 * Local response normalization across channels, at each place of the axes … by itself.
 *
 *   s[c] = k + (α/size) · Σ_j x[j]²  over the channels j from c − ⌊size/2⌋ to c + ⌈size/2⌉ − 1 that there are
 *   y[c] = x[c]·s[c]^−β
 *   dx[c] = dy[c]·s[c]^−β − (2αβ/size)·x[c] · Σ_j dy[j]·x[j]·s[j]^−β/s[j]  over the channels j whose windows hold c:
 *           from c − ⌈size/2⌉ + 1 to c + ⌊size/2⌋
 *
 * α is divided by size, as in PyTorch, ONNX and Caffe. AlexNet's paper and TensorFlow do not divide it: their α is
 * α/size here, so AlexNet's k = 2, n = 5, α = 10⁻⁴, β = ¾ are k 2, size 5, alpha 5·10⁻⁴, beta 0.75, and TensorFlow's
 * depth_radius r, bias, alpha a are size 2r + 1, k bias, alpha (2r + 1)·a. An even size reaches one channel further back
 * than ahead, as in PyTorch; ONNX's reaches further ahead, so channels in reverse order convert. The sum is divided by
 * size at the first and the last channels too. The power is e^{−β·log s}: NaN below s = 0, and for x = 0 at s = 0.
 *
 * Shapes  x [N,C,…], rank 3 or more  →  y [N,C,…]
 * Units   k is a plain number and α that over x²; y carries x's unit
 * Errors  ShapeMismatch – x of rank 2 or less; AttributeOutOfRange – size below 1, or a number that is not finite
 * Bound   s: m products and m − 1 additions in a window of m channels, α/size and its product, k. s^−β: the permitted
 *         errors of log, at the s that comes out, of a product and of exp, whose arguments carry the errors before them
 *         (not of 1/√s·√(1/√s), which is a rounding wider at β = ¾ near s = 1). y: one product. dx: two products and a
 *         division by s for each term, their additions, 2αβ/size (3½ roundings), two products, a product with dy and the
 *         difference, of each magnitude by itself
 * Admits  s = k + Σ_j (α/size)·x[j]²
 * Source  slide "AlexNet" (NORM layer), α by PyTorch's convention
 */
export const localResponseNorm = defineOp({
  family: 'layer',
  formula: String.raw`y_c = x_c \Big(k + \frac{\alpha}{n} \sum_{j = c - \lfloor n/2 \rfloor}^{c + \lceil n/2 \rceil - 1} x_j^2\Big)^{-\beta}`,
  source: slide('AlexNet'),
  attrs: attributes({
    size: withDefault(positiveInt, 5),
    alpha: withDefault(finite, 1e-4),
    beta: withDefault(finite, 0.75),
    k: withDefault(finite, 1),
  }),
  inputs: { x: ['N', 'C', '...'] },
  outputs: { y: ['N', 'C', '...'] },
  differentiable: ['x'],
  derive: (_, { N, C, rest }) =>
    F.pipe(
      E.right(channelCounts(N, rest)),
      E.tap(() =>
        ensure(
          rest.length > 0,
          'ShapeMismatch',
          `x has shape ${showShape([N, C])}, rank 2; it must be x[N,C,...], rank 3 or more`,
        ),
      ),
    ),
  bound: ({ attrs, inputs: { x }, sizes }) => {
    const { r, highestR } = scalesOf(attrs, sizes, x)
    return { y: zipFields([x, r, highestR], (x, r, highest) => Math.abs(x) * (highest * (1 + epsilon) - r) + tau) }
  },
  boundBackward: ({ attrs, inputs, cotangents, sizes, gradientsOf }) => {
    const [{ x }, { y: dy }] = [inputs, cotangents]
    const dx = gradientsOf(attrs, inputs, cotangents).x
    const slope = Math.abs((2 * attrs.alpha * attrs.beta) / attrs.size)
    const { s, lowestS, r, highestR } = scalesOf(attrs, sizes, x)
    const terms = zipFields([x, dy, r, s], (x, dy, r, s) => (Math.abs(dy * x) * r) / s)
    const highest = zipFields(
      [x, dy, highestR, lowestS],
      (x, dy, r, s) => ((Math.abs(dy * x) * r) / s) * (1 + gamma(4.5)) + tau,
    )
    return {
      x: mapField((dx, i) => {
        const readers = readersOf(sizes, attrs.size, i)
        const sum = readers.reduce((sum, j) => sum + element(terms, j), 0)
        const most = readers.reduce((sum, j) => sum + element(highest, j), 0) * (1 + gamma(readers.length + 4.5))
        const ofFirst = Math.abs(at(dy.data, i)) * (element(highestR, i) * (1 + epsilon) - element(r, i))
        const ofSecond = slope * Math.abs(at(x.data, i)) * (most - sum)
        return ofFirst + ofSecond + epsilon * (Math.abs(dx) + ofFirst + ofSecond) + tau
      }, dx),
    }
  },
  neighbours: ({ size }, { C }) => Math.min(size, C),
})
