import { attributes, flag, nonNegative, required, withDefault } from '../attributes.js'
import type { Ball } from '../ball.js'
import { exact, minus, over, plus, times } from '../ball.js'
import { tau } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, noGradients, nothingToDerive } from '../op.js'
import { decayed, rootWith } from './decayed.js'

/**
 * Adagrad: a rate for each weight that falls with all it has been pulled; one pure step.
 *
 *   g ← g + λ·w        G′ = G + g²        w′ = w − η·g/(√G′ + ε)
 *
 * ε stands outside the root and the accumulator G starts at 0, as in PyTorch, whose lr_decay has no counterpart: change
 * the rate instead. With epsilonInside it is √(G′ + ε), as in TensorFlow, Keras and TensorFlow.js, which start at 0.1.
 *
 * Shapes  w, g, accumulator and both outputs share one shape
 * Units   η is a change of w; ε has the unit of g (inside, of its square), G of its square; λ takes w's unit to g's
 * Errors  ShapeMismatch – shapes differ; AttributeOutOfRange – η, ε or λ below 0
 * Bound   by arithmetic on balls, in the formula's own order; nothing in G′ cancels
 * Admits  w − η·(g/(√G′ + ε))
 * Source  Duchi, Hazan and Singer, "Adaptive subgradient methods" (2011)
 */
export const adagrad = defineOp({
  family: 'optimizer',
  formula: String.raw`G' = G + g^2,\qquad w' = w - \eta \frac{g}{\sqrt{G'} + \epsilon}`,
  source: 'Duchi, Hazan and Singer, "Adaptive subgradient methods" (2011)',
  attrs: attributes({
    learningRate: required(nonNegative),
    epsilon: withDefault(nonNegative, 1e-10),
    weightDecay: withDefault(nonNegative, 0),
    epsilonInside: withDefault(flag, false),
  }),
  inputs: { w: ['...'], g: ['...'], accumulator: ['...'] },
  outputs: { w: ['...'], accumulator: ['...'] },
  differentiable: [],
  derive: nothingToDerive,
  bound: ({ attrs, inputs: { w, g, accumulator } }) => {
    const { epsilonInside, learningRate: eta, epsilon, weightDecay: lambda } = attrs
    const gathered = (gradient: Ball, before: number): Ball => plus(exact(before), times(gradient, gradient))
    const after = (w: number, g: number, before: number): Ball => {
      const gradient = decayed(lambda, w, g)
      const size = rootWith(epsilon, epsilonInside, gathered(gradient, before))
      return minus(exact(w), over(times(exact(eta), gradient), size))
    }
    return {
      w: zipFields([w, g, accumulator], (w, g, G) => after(w, g, G).error + tau),
      accumulator: zipFields([w, g, accumulator], (w, g, G) => gathered(decayed(lambda, w, g), G).error + tau),
    }
  },
  boundBackward: noGradients,
})
