import { attributes, integer, withDefault } from '../attributes.js'
import type { Cut } from '../axis.js'
import { cutAlong, foldRows, rowOf } from '../axis.js'
import { expOf, onceRounded } from '../ball.js'
import { epsilon, gamma, logError, tau } from '../bound.js'
import type { Field } from '../field.js'
import { element, field, zipFields } from '../field.js'
import type { Depth } from '../op.js'
import { defineOp } from '../op.js'
import type { Numbers, Tensor } from '../tensor.js'

/**
 * The logarithm of the softmax of each row along an axis.
 *
 *   y_i = x_i − log Σ_j e^{x_j},   dx_i = dy_i − e^{y_i}·Σ_j dy_j
 *
 * Computed of z = x − max x, the same number: nothing overflows, the sum is at least 1, and where a share vanishes its
 * logarithm does not. A row with NaN, with Infinity, or of −Infinity only is NaN throughout; a single −Infinity stays
 * −Infinity, and its gradient is dy there.
 *
 * Shapes  x [...]  →  y [...]; a scalar has one class along axis 0 or −1, whose share is 1 and y 0
 * Units   x and y in nats
 * Errors  AttributeOutOfRange – axis is not one of x's
 * Bound   z errs ε|z|, exp (4 + 2|z|)ε, the sum S its terms' errors and γ(depth) of their magnitudes; log S that over S,
 *         and what log itself may: 2⁻²¹ where S can lie in [½, 2], else 4ε log S; then a difference. The error is absolute:
 *         a y closer to 0 than 10⁻⁶ carries no digits. dx: e^y errs as y does and (4 + 2|y|)ε, Σ dy γ(depth) of the
 *         magnitudes; then a product and a difference. e^z/S in place of e^y errs less
 * Admits  dx_i = dy_i − (e^{z_i}/S)·Σ_j dy_j
 * Refuses x_i − log Σ_j e^{x_j} as it stands, which overflows; log of softmax, −Infinity where a share vanishes; x_i −
 *         (max x + log S), which loses what large logits differ by
 * Source  PyTorch's LogSoftmax, the axis and the special values as well; the log of slide "Softmax"
 */
export const logSoftmax = defineOp({
  family: 'activation',
  formula: String.raw`y_i = x_i - \log \sum_j e^{x_j}`,
  source: 'PyTorch’s LogSoftmax; the logarithm of slide "Softmax"',
  attrs: attributes({ axis: withDefault(integer, -1) }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: ({ axis }, { rest }) => cutAlong(axis, rest),
  bound: ({ attrs, inputs, sizes, depth, valuesOf }) => ({
    y: errorsOf(sizes, depth, inputs.x, valuesOf(attrs, inputs).y),
  }),
  boundBackward: ({ attrs, inputs, cotangents, sizes, depth, valuesOf, gradientsOf }) => {
    const dy = cotangents.y
    const y = valuesOf(attrs, inputs).y
    const dx = gradientsOf(attrs, inputs, cotangents).x
    const pull = foldRows(sizes, 0, (sum, i) => sum + at(dy.data, i))
    const size = foldRows(sizes, 0, (sum, i) => sum + Math.abs(at(dy.data, i)))
    const additions = gamma(depth(sizes.extent))
    return {
      x: zipFields([y, errorsOf(sizes, depth, inputs.x, y), dx, field(dy.shape, (i) => i)], (y, e, dx, i) => {
        const row = rowOf(sizes, i)
        const [sum, ofSum] = [Math.abs(element(pull, row)), additions * element(size, row)]
        const share = expOf({ value: y, error: e })
        const ofProduct = (share.value + share.error + tau) * (sum + ofSum) * (1 + epsilon) - share.value * sum
        return ofProduct + epsilon * (Math.abs(dx) + ofProduct) + tau
      }),
    }
  },
})

const at = (numbers: Numbers, position: number): number => numbers[position] as number

// the most that exp may answer to z = x − max x
const above = (z: number): number => {
  const { value, error } = expOf(onceRounded(z))
  return value + error
}

// how far y = z − log Σe^z may be off
const errorsOf = (cut: Cut, depth: Depth, x: Tensor, y: Field): Field => {
  const most = foldRows(cut, -Infinity, (most, i) => Math.max(most, at(x.data, i)))
  const z = (i: number): number => at(x.data, i) - element(most, rowOf(cut, i))
  const sums = foldRows(cut, 0, (sum, i) => sum + Math.exp(z(i)))
  const highest = foldRows(cut, 0, (sum, i) => sum + above(z(i)))
  const additions = gamma(depth(cut.extent))
  const ofLogs = zipFields([sums, highest], (sum, high) => {
    const off = high - sum + additions * high
    return Math.max(logError(sum - off), logError(sum + off)) - Math.log1p(-off / sum)
  })
  return field(x.shape, (i) => {
    const off = epsilon * Math.abs(z(i)) + element(ofLogs, rowOf(cut, i))
    return off + epsilon * (Math.abs(element(y, i)) + off) + tau
  })
}
