import { attributes, flag, fraction, nonNegative, required, withDefault } from '../attributes.js'
import type { Ball } from '../ball.js'
import { exact, minus, over, times } from '../ball.js'
import { tau } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, noGradients, nothingToDerive } from '../op.js'
import { decayed, meanSquare, rootWith } from './decayed.js'

/**
 * RMSprop: a rate for each weight, over the size of its recent gradients; one pure step.
 *
 *   g ← g + λ·w        s′ = ρ·s + (1−ρ)·g²        w′ = w − η·g/(√s′ + ε)
 *
 * ε stands outside the root, as in PyTorch; with epsilonInside it is √(s′ + ε), as in TensorFlow, Keras and
 * TensorFlow.js, whose ρ is 0.9 and ε 10⁻⁷. Neither centred nor with momentum. s starts at 0.
 *
 * Shapes  w, g, meanSquare and both outputs share one shape
 * Units   η is a change of w; ε has the unit of g (inside, of its square), s of its square; λ takes w's unit to g's; ρ is a plain number
 * Errors  ShapeMismatch – shapes differ; AttributeOutOfRange – η, ε or λ below 0, ρ outside [0, 1]
 * Bound   by arithmetic on balls, in the formula's own order; nothing in s′ cancels
 * Admits  w − η·(g/(√s′ + ε))
 * Source  Hinton, Srivastava and Swersky, "Neural networks for machine learning" (2012), lecture 6e
 */
export const rmsprop = defineOp({
  family: 'optimizer',
  formula: String.raw`s' = \rho s + (1 - \rho) g^2,\qquad w' = w - \eta \frac{g}{\sqrt{s'} + \epsilon}`,
  source: 'Hinton, Srivastava and Swersky, "Neural networks for machine learning" (2012), lecture 6e',
  attrs: attributes({
    learningRate: required(nonNegative),
    decay: withDefault(fraction, 0.99),
    epsilon: withDefault(nonNegative, 1e-8),
    weightDecay: withDefault(nonNegative, 0),
    epsilonInside: withDefault(flag, false),
  }),
  inputs: { w: ['...'], g: ['...'], meanSquare: ['...'] },
  outputs: { w: ['...'], meanSquare: ['...'] },
  differentiable: [],
  derive: nothingToDerive,
  bound: ({ attrs, inputs: { w, g, meanSquare: before } }) => {
    const { epsilonInside, learningRate: eta, decay: rho, epsilon, weightDecay: lambda } = attrs
    const after = (w: number, g: number, s: number): Ball => {
      const gradient = decayed(lambda, w, g)
      const size = rootWith(epsilon, epsilonInside, meanSquare(rho, exact(s), gradient))
      return minus(exact(w), over(times(exact(eta), gradient), size))
    }
    return {
      w: zipFields([w, g, before], (w, g, s) => after(w, g, s).error + tau),
      meanSquare: zipFields([w, g, before], (w, g, s) => meanSquare(rho, exact(s), decayed(lambda, w, g)).error + tau),
    }
  },
  boundBackward: noGradients,
})
