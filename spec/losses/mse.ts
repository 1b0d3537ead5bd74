import { attributes } from '../attributes.js'
import { epsilon, rounded, tau } from '../bound.js'
import { mapField } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { sizeOf } from '../tensor.js'
import { reducedFrom, reduction, roundingsOfMean } from './reduction.js'

/**
 * Mean squared error.
 *
 *   loss = mean (y − ŷ)² over all elements,   dprediction = 2(prediction − target)·dloss/n
 *
 * With reduction "sum" the sum, n = 1 in the gradient; with "none" every element's own value.
 *
 * Shapes  prediction [...]  target [...]  →  loss [] ([...] for "none")
 * Units   the square of prediction's
 * Errors  ShapeMismatch – prediction and target disagree
 * Bound   a difference and a square of it: 2 + 1 roundings relative to the value; the sum adds its depth, the mean a
 *         division by n, 2.5ε (or, no worse, 1/n rounded once and a product). Nothing cancels
 * Refuses y² − 2yŷ + ŷ², which cancels
 * Source  slide "Loss functions (1/2)"
 */
export const mse = defineOp({
  family: 'loss',
  formula: String.raw`L = \frac{1}{n} \sum_i (y_i - \hat y_i)^2`,
  source: slide('Loss functions (1/2)'),
  attrs: attributes({ reduction }),
  inputs: { prediction: ['...'], target: ['...'] },
  outputs: { loss: reducedFrom('...') },
  differentiable: ['prediction'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, sizes, depth, valuesOf }) => {
    const additions = attrs.reduction === 'none' ? 0 : depth(sizeOf(sizes.rest))
    return { loss: rounded(3 + additions + roundingsOfMean(attrs.reduction), valuesOf(attrs, inputs).loss) }
  },
  // the difference, twice it (exact), times dloss, and for the mean a division by n
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    prediction: mapField(
      (d) => (2 + roundingsOfMean(attrs.reduction)) * epsilon * Math.abs(d) + tau,
      gradientsOf(attrs, inputs, cotangents).prediction,
    ),
  }),
})
