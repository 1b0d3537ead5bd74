import { attributes, integer, withDefault } from '../attributes.js'
import type { Cut } from '../axis.js'
import { cutAlong, foldRows, rowOf } from '../axis.js'
import { expOf, onceRounded } from '../ball.js'
import { epsilon, gamma, tau } from '../bound.js'
import type { Field } from '../field.js'
import { element, field, zipFields } from '../field.js'
import type { Depth } from '../op.js'
import { defineOp, slide } from '../op.js'
import type { Numbers, Tensor } from '../tensor.js'

const at = (numbers: Numbers, position: number): number => numbers[position] as number

// the most that exp may answer to z = x − max x
const above = (z: number): number => {
  const { value, error } = expOf(onceRounded(z))
  return value + error
}

// how far y = e^z/Σe^z may be off: the largest numerator over the smallest sum
const errorOfShares = (cut: Cut, depth: Depth, x: Tensor): Field => {
  const most = foldRows(cut, -Infinity, (most, i) => Math.max(most, at(x.data, i)))
  const z = (i: number): number => at(x.data, i) - element(most, rowOf(cut, i))
  const sums = foldRows(cut, 0, (sum, i) => sum + Math.exp(z(i)))
  const highest = foldRows(cut, 0, (sum, i) => sum + above(z(i)))
  const additions = gamma(depth(cut.extent))
  return field(x.shape, (i) => {
    const row = rowOf(cut, i)
    const [sum, high] = [element(sums, row), element(highest, row)]
    const low = sum - (high - sum) - additions * high
    return (above(z(i)) / low) * (1 + 2.5 * epsilon) - Math.exp(z(i)) / sum + tau
  })
}

/**
 * The softmax of each row along an axis.
 *
 *   y_i = e^{x_i}/Σ_j e^{x_j},   dx_i = y_i·(dy_i − Σ_j y_j·dy_j)
 *
 * Computed of x − max x, the same number, so that nothing overflows and the sum is at least 1. A row with NaN, with
 * Infinity, or of −Infinity only is NaN throughout; a single −Infinity has the share 0.
 *
 * Shapes  x [...]  →  y [...]; a scalar has one class along axis 0 or −1, whose share is 1
 * Units   x in nats; y a share of 1
 * Errors  AttributeOutOfRange – axis is not one of x's
 * Bound   with z = x − max x: the difference errs ε|z|, exp (4 + 2|z|)ε, the sum its terms' errors and γ(depth) of their
 *         magnitudes, the division 2½ε. Since Σ y|z| ≤ log n, huge logits do not widen the sum. dx: y errs as above;
 *         the products y·dy are rounded and summed at that depth, then a difference and a product
 * Refuses e^{x_i}/Σ_j e^{x_j} as it stands, which overflows
 * Source  slide "Softmax"; the axis as in PyTorch
 */
export const softmax = defineOp({
  family: 'activation',
  formula: String.raw`y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}`,
  source: slide('Softmax'),
  attrs: attributes({ axis: withDefault(integer, -1) }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: ({ axis }, { rest }) => cutAlong(axis, rest),
  bound: ({ inputs: { x }, sizes, depth }) => ({ y: errorOfShares(sizes, depth, x) }),
  boundBackward: ({ attrs, inputs, cotangents: { y: dy }, sizes, depth, valuesOf }) => {
    const y = valuesOf(attrs, inputs).y
    const errors = errorOfShares(sizes, depth, inputs.x)
    const meeting = gamma(depth(sizes.extent) + 1)
    const mean = foldRows(sizes, 0, (sum, i) => sum + element(y, i) * at(dy.data, i))
    const ofMean = foldRows(sizes, 0, (sum, i) => {
      const [share, e, g] = [element(y, i), element(errors, i), Math.abs(at(dy.data, i))]
      return sum + (e + meeting * (share + e)) * g
    })
    return {
      x: zipFields([y, errors, field(dy.shape, (i) => i)], (y, e, i) => {
        const row = rowOf(sizes, i)
        const difference = at(dy.data, i) - element(mean, row)
        const ofDifference = element(ofMean, row) + epsilon * (Math.abs(difference) + element(ofMean, row))
        const [highest, farthest] = [y + e, Math.abs(difference) + ofDifference]
        return highest * farthest * (1 + epsilon) - y * Math.abs(difference) + tau
      }),
    }
  },
})
