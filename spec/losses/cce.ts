import { attributes } from '../attributes.js'
import { logError, rounded } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { overClasses, reducedBound, reducedFrom, reduction, roundingsOfMean, weighted } from './reduction.js'

/**
 * Categorical cross-entropy of probabilities.
 *
 *   loss = −(1/N) Σ_n Σ_c t[n,c]·log p[n,c],   dp = −t/p·dloss/N
 *
 * The mean is over rows, not over elements. With reduction "sum" the sum, N = 1 in the gradient; with "none" every
 * row's own value. No clamp: p = 0 with t > 0 gives Infinity. A term of weight 0 is 0 in the loss (0·log 0 = 0) and in
 * the gradient, unless p is NaN. Targets need not sum to 1, nor predictions.
 *
 * Shapes  prediction [N,C]  target [N,C]  →  loss [] ([N] for "none")
 * Units   loss in nats; predictions are probabilities, targets weights
 * Errors  ShapeMismatch – prediction and target disagree
 * Bound   with ℓ the permitted error of log, Σ |t|·ℓ(p), and on the terms' magnitudes a product and the depth of a sum
 *         of N·C terms, of C for "none"; the mean is a division (2½). dp: a division (2½) and dloss, the mean 2½
 * Admits  −Σ_n Σ_c (t/N)·log p
 * Source  slide "Loss functions (1/2)"
 */
export const cce = defineOp({
  family: 'loss',
  formula: String.raw`L = -\frac{1}{N} \sum_n \sum_c t_{nc} \log p_{nc}`,
  source: slide('Loss functions (1/2)'),
  attrs: attributes({ reduction }),
  inputs: { prediction: ['N', 'C'], target: ['N', 'C'] },
  outputs: { loss: reducedFrom('N') },
  differentiable: ['prediction'],
  derive: nothingToDerive,
  bound: ({ attrs: { reduction }, inputs: { prediction, target }, sizes: { N, C }, depth }) => {
    const errors = zipFields([prediction, target], (p, t) => weighted(Math.abs(t), logError(p)))
    const terms = zipFields([prediction, target], (p, t) => Math.abs(weighted(t, Math.log(p))))
    const additions = depth(reduction === 'none' ? C : N * C)
    return { loss: reducedBound(reduction, 1 + additions, overClasses(errors), overClasses(terms)) }
  },
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    prediction: rounded(3.5 + roundingsOfMean(attrs.reduction), gradientsOf(attrs, inputs, cotangents).prediction),
  }),
})
