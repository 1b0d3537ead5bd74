import { attributes, fraction, nonNegative, withDefault } from '../attributes.js'
import type { Ball } from '../ball.js'
import { exact, minus, over, plus, rootOf, times } from '../ball.js'
import { tau } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, noGradients, nothingToDerive } from '../op.js'
import { decayed, meanSquare } from './decayed.js'

/**
 * Adadelta: steps of the size of recent steps, over the size of recent gradients; one pure step.
 *
 *   g ← g + λ·w        s′ = ρ·s + (1−ρ)·g²        Δ = g·√(d + ε)/√(s′ + ε)
 *   d′ = ρ·d + (1−ρ)·Δ²        w′ = w − η·Δ
 *
 * ε stands within both roots, as in the paper and in PyTorch. The rate is PyTorch's: the paper has none, η = 1; Keras's
 * is 0.001 unless told. s and d start at 0, and d is the mean of squared Δ, without the rate.
 *
 * Shapes  w, g, meanSquare, meanSquareDelta and the three outputs share one shape
 * Units   Δ has the unit of w for d in its square; ε has the units of both s and d, so it is not free of scale
 * Errors  ShapeMismatch – shapes differ; AttributeOutOfRange – η, ε or λ below 0, ρ outside [0, 1]
 * Bound   by arithmetic on balls, in the formula's own order. Δ errs two roots, each 4½ε beside half of what stands
 *         within it, a product and a quotient; d′ twice Δ's error in its share
 * Admits  Δ = g·(√(d + ε)/√(s′ + ε))
 * Source  Zeiler, "ADADELTA: an adaptive learning rate method" (2012), algorithm 1
 */
export const adadelta = defineOp({
  family: 'optimizer',
  formula: String.raw`s' = \rho s + (1 - \rho) g^2,\quad \Delta = g \frac{\sqrt{d + \epsilon}}{\sqrt{s' + \epsilon}},\quad d' = \rho d + (1 - \rho) \Delta^2,\quad w' = w - \eta \Delta`,
  source: 'Zeiler, "ADADELTA: an adaptive learning rate method" (2012)',
  attrs: attributes({
    learningRate: withDefault(nonNegative, 1),
    decay: withDefault(fraction, 0.9),
    epsilon: withDefault(nonNegative, 1e-6),
    weightDecay: withDefault(nonNegative, 0),
  }),
  inputs: { w: ['...'], g: ['...'], meanSquare: ['...'], meanSquareDelta: ['...'] },
  outputs: { w: ['...'], meanSquare: ['...'], meanSquareDelta: ['...'] },
  differentiable: [],
  derive: nothingToDerive,
  bound: ({ attrs, inputs: { w, g, meanSquare: s, meanSquareDelta: d } }) => {
    const { learningRate: eta, decay: rho, epsilon, weightDecay: lambda } = attrs
    const squares = (w: number, g: number, s: number): Ball => meanSquare(rho, exact(s), decayed(lambda, w, g))
    const delta = (w: number, g: number, s: number, d: number): Ball => {
      const of = rootOf(plus(squares(w, g, s), exact(epsilon)))
      return over(times(decayed(lambda, w, g), rootOf(plus(exact(d), exact(epsilon)))), of)
    }
    return {
      w: zipFields([w, g, s, d], (w, g, s, d) => minus(exact(w), times(exact(eta), delta(w, g, s, d))).error + tau),
      meanSquare: zipFields([w, g, s], (w, g, s) => squares(w, g, s).error + tau),
      meanSquareDelta: zipFields(
        [w, g, s, d],
        (w, g, s, d) => meanSquare(rho, exact(d), delta(w, g, s, d)).error + tau,
      ),
    }
  },
  boundBackward: noGradients,
})
