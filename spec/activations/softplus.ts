import { attributes, positive, withDefault } from '../attributes.js'
import type { Ball } from '../ball.js'
import { exact, expOf, log1pOf, negative, over, plus, sigmoidOf, times } from '../ball.js'
import { tau } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, nothingToDerive } from '../op.js'

/**
 * Softplus, the smooth rectifier.
 *
 *   y = ln(1 + e^{βx})/β,   dx = dy·σ(βx),   σ(z) = 1/(1 + e^{−z})
 *
 * Computed as max(x, 0) + ln(1 + e^{−|βx|})/β, the same number, so that nothing overflows and no small value is lost
 * beside 1. PyTorch's Softplus without its threshold: there y is x itself from βx = 20 on, which leaves out e^{−βx}/β,
 * 2·10⁻⁹ at most for β = 1; Keras and ONNX have β = 1 and no threshold. NaN comes through.
 *
 * Shapes  x [...]  →  y [...]
 * Units   x and y share one unit, β has its reciprocal
 * Errors  AttributeOutOfRange – β is not above 0
 * Bound   by arithmetic on balls: β·x, e^{−|βx|}, its logarithm, whose condition is at most 1, a quotient and a sum; a β of
 *         1 rounds neither product nor quotient. dx: β·x, σ as `sigmoid` errs, and a product
 * Admits  dx = dy/(1 + e^{−βx})
 * Refuses ln(1 + e^{βx})/β as it stands, which overflows, and loses what is small beside 1
 * Source  Dugas et al., "Incorporating second-order functional knowledge" (2001); β as in PyTorch's Softplus
 */
export const softplus = defineOp({
  family: 'activation',
  formula: String.raw`y = \frac{1}{\beta} \ln\big(1 + e^{\beta x}\big)`,
  source: 'Dugas et al. (2001)',
  attrs: attributes({ beta: withDefault(positive, 1) }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs: { beta }, inputs: { x } }) => ({
    y: zipFields([x], (x) => {
      const tail = log1pOf(expOf(negativeSize(times(exact(beta), exact(x)))))
      return plus(exact(Math.max(x, 0)), beta === 1 ? tail : over(tail, exact(beta))).error + tau
    }),
  }),
  boundBackward: ({ attrs: { beta }, inputs: { x }, cotangents: { y: dy } }) => ({
    x: zipFields([x, dy], (x, dy) => times(exact(dy), sigmoidOf(times(exact(beta), exact(x)))).error + tau),
  }),
})

const negativeSize = (z: Ball): Ball => (z.value > 0 ? negative(z) : z)
