import { attributes } from '../attributes.js'
import type { Ball } from '../ball.js'
import { exact, expOf, log1pOf, minus, plus, sigmoidOf, times } from '../ball.js'
import { gamma, tau } from '../bound.js'
import { mapField, zipFields } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { sizeOf } from '../tensor.js'
import { reducedBound, reducedFrom, reduction, roundingsOfMean } from './reduction.js'

/**
 * Binary cross-entropy of the sigmoid of logits.
 *
 *   loss = mean (max(x, 0) − x·t + log(1 + e^{−|x|})) over all elements,   dx = (σ(x) − t)·dloss/n,   σ(x) = 1/(1 + e^{−x})
 *
 * The same number as `bce` of σ(x), with nothing that overflows and no logarithm of 0: a sure mistake costs |x|, not
 * Infinity. With reduction "sum" the sum, n = 1 in the gradient; with "none" every element's own value. As PyTorch's
 * binary_cross_entropy_with_logits, without its weights.
 *
 * Shapes  logits [...]  target [...]  →  loss [] ([...] for "none")
 * Units   loss in nats; logits are logarithms of odds, target a weight from 0 to 1
 * Errors  ShapeMismatch – logits and target disagree
 * Bound   by arithmetic on balls: x·t, a difference, e^{−|x|}, its logarithm, whose condition is at most 1, and a sum; a
 *         target of 0 or 1 rounds neither product nor difference. The sum over elements adds its depth, the mean a
 *         division (2½). dx: σ as `sigmoid` errs, then σ − t, dloss, the mean 2½
 * Refuses log(1 + e^{−|x|}) as it stands, which loses what is small beside 1; x·(1 − t) + log(1 + e^{−x}), which
 *         overflows; bce of σ(x), Infinity for a sure mistake
 * Source  slide "Loss functions (1/2)"
 */
export const bceWithLogits = defineOp({
  family: 'loss',
  formula: String.raw`L = \frac{1}{n} \sum_i \big(\max(x_i, 0) - x_i t_i + \log(1 + e^{-|x_i|})\big)`,
  source: slide('Loss functions (1/2)'),
  attrs: attributes({ reduction }),
  inputs: { logits: ['...'], target: ['...'] },
  outputs: { loss: reducedFrom('...') },
  differentiable: ['logits'],
  derive: nothingToDerive,
  bound: ({ attrs: { reduction }, inputs: { logits, target }, sizes: { rest }, depth }) => {
    const cost = (x: number, t: number): Ball =>
      plus(minus(exact(Math.max(x, 0)), times(exact(x), exact(t))), log1pOf(expOf(exact(-Math.abs(x)))))
    const errors = zipFields([logits, target], (x, t) => cost(x, t).error)
    const sizes = zipFields([logits, target], (x, t) => Math.abs(cost(x, t).value))
    return { loss: reducedBound(reduction, reduction === 'none' ? 0 : depth(sizeOf(rest)), errors, sizes) }
  },
  boundBackward: ({ attrs: { reduction }, inputs: { logits, target }, cotangents, sizes: { rest } }) => {
    const n = reduction === 'mean' ? sizeOf(rest) : 1
    const factor = gamma(1 + roundingsOfMean(reduction))
    const pull = (x: number, t: number): Ball => minus(sigmoidOf(exact(x)), exact(t))
    return {
      logits: mapField(
        (d, i) => {
          const { value, error } = pull(logits.data[i] as number, target.data[i] as number)
          return (Math.abs(d) / n) * (error + factor * (Math.abs(value) + error)) + tau
        },
        reduction === 'none' ? cotangents.loss : mapField(() => cotangents.loss.data[0] as number, logits),
      ),
    }
  },
})
