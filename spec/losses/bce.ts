import { attributes } from '../attributes.js'
import { gamma, logError, rounded } from '../bound.js'
import { element, field, zipFields } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { sizeOf } from '../tensor.js'
import { reducedBound, reducedFrom, reduction, roundingsOfMean, weighted } from './reduction.js'

/**
 * Binary cross-entropy of probabilities.
 *
 *   loss = −mean (t·log p + (1−t)·log(1−p)) over all elements,   dp = (p − t)/(p·(1−p))·dloss/n
 *
 * With reduction "sum" the sum, n = 1 in the gradient; with "none" every element's own value. No clamp: p = 0 with
 * t = 1 gives Infinity. A term of weight 0 is 0 in the loss (0·log 0 = 0) and in the gradient, which is 1/(1−p) for
 * t = 0 and −1/p for t = 1. NaN comes through all the same: 0·NaN is NaN, and so is the logarithm of a negative number.
 *
 * Shapes  prediction [...]  target [...]  →  loss [] ([...] for "none")
 * Units   loss in nats; prediction is a probability, target a weight from 0 to 1
 * Errors  ShapeMismatch – prediction and target disagree
 * Bound   with ℓ the permitted error of log, t·log p errs |t|·ℓ(p), and (1−t)·log(1−p) errs |1−t|·(ℓ(1−p) + γ(1)), as
 *         1−p is rounded before its logarithm is taken. Then 1−t, a product and a sum: 3 roundings of both terms'
 *         magnitudes; the sum over elements adds its depth, the mean a division (2½).
 *         dp: p−t, 1−p, p·(1−p), a division (2½) and dloss, 6½ roundings of factors; the mean again 2½. Or it is made of
 *         t/p and (1−t)/(1−p), which meet no more of them, but by magnitude: where p is near t their difference cancels
 * Admits  log1p(−p) in place of log(1−p); dp = ((1−t)/(1−p) − t/p)·dloss/n
 * Source  slide "Loss functions (1/2)"
 */
export const bce = defineOp({
  family: 'loss',
  formula: String.raw`L = -\frac{1}{n} \sum_i \big(t_i \log p_i + (1 - t_i) \log(1 - p_i)\big)`,
  source: slide('Loss functions (1/2)'),
  attrs: attributes({ reduction }),
  inputs: { prediction: ['...'], target: ['...'] },
  outputs: { loss: reducedFrom('...') },
  differentiable: ['prediction'],
  derive: nothingToDerive,
  bound: ({ attrs: { reduction }, inputs: { prediction, target }, sizes: { rest }, depth }) => {
    const errors = zipFields(
      [prediction, target],
      (p, t) => weighted(Math.abs(t), logError(p)) + weighted(Math.abs(1 - t), logError(1 - p) + gamma(1)),
    )
    const terms = zipFields(
      [prediction, target],
      (p, t) => Math.abs(weighted(t, Math.log(p))) + Math.abs(weighted(1 - t, Math.log(1 - p))),
    )
    return { loss: reducedBound(reduction, 3 + (reduction === 'none' ? 0 : depth(sizeOf(rest))), errors, terms) }
  },
  boundBackward: ({ attrs: { reduction }, inputs: { prediction, target }, cotangents, sizes: { rest } }) => {
    const n = reduction === 'mean' ? sizeOf(rest) : 1
    const terms = field(prediction.shape, (i) => {
      const [p, t] = [element(prediction, i), element(target, i)]
      const dloss = Math.abs(element(cotangents.loss, reduction === 'none' ? i : 0))
      return ((weighted(Math.abs(t), 1 / Math.abs(p)) + weighted(Math.abs(1 - t), 1 / Math.abs(1 - p))) * dloss) / n
    })
    return { prediction: rounded(6.5 + roundingsOfMean(reduction), terms) }
  },
})
