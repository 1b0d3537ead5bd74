import { attributes, flag, nonNegative, required, withDefault } from '../attributes.js'
import { epsilon, tau } from '../bound.js'
import { mapField, zipFields } from '../field.js'
import { defineOp, noGradients, nothingToDerive, slide } from '../op.js'

/**
 * Gradient descent with momentum; one pure step.
 *
 *   v′ = μ·v + g + λ·w        w′ = w − η·v′        (Nesterov: w′ = w − η·(g + λ·w + μ·v′))
 *
 * The rate stands outside the velocity, as in PyTorch and Keras; where a schedule changes the rate this differs from
 * the paper of Sutskever et al. (v′ = μ·v − η·g). No dampening; v starts at zero.
 *
 * Shapes  w, g, velocity and both outputs share one shape
 * Units   η takes loss per unit of w to a change of w; μ and λ are plain numbers
 * Errors  ShapeMismatch – shapes differ; AttributeOutOfRange – η, μ or λ below 0
 * Bound   the formula with every term by magnitude: e_G = ε(|g| + 2|λw|) with decay, else 0;
 *         e_v′ = 2ε|μv| + ε|G| + e_G (a product and a sum; one sum for G); e_w′ = η·e_v′ + ε|ηv′| + ε|w′|
 * Admits  with Nesterov, w − (η·(g + λ·w) + (η·μ)·v′)
 * Source  slides "AlexNet" (v, μ, λ) and "ResNet"; Nesterov's form as in PyTorch
 */
export const momentum = defineOp({
  family: 'optimizer',
  formula: String.raw`v' = \mu v + g + \lambda w,\qquad w' = w - \eta v'`,
  source: slide('AlexNet'),
  attrs: attributes({
    learningRate: required(nonNegative),
    momentum: withDefault(nonNegative, 0.9),
    nesterov: withDefault(flag, false),
    weightDecay: withDefault(nonNegative, 0),
  }),
  inputs: { w: ['...'], g: ['...'], velocity: ['...'] },
  outputs: { w: ['...'], velocity: ['...'] },
  differentiable: [],
  derive: nothingToDerive,
  bound: ({ attrs, inputs: { w, g, velocity }, valuesOf }) => {
    const { learningRate: eta, momentum: mu, nesterov, weightDecay: lambda } = attrs
    const after = valuesOf(attrs, { w, g, velocity })
    const ofGradient = zipFields([g, w], (g, w) =>
      lambda === 0 ? 0 : epsilon * (Math.abs(g) + 2 * Math.abs(lambda * w)),
    )
    const ofVelocity = zipFields([velocity, g, w, ofGradient], (v, g, w, e) =>
      mu === 0 ? e : epsilon * (2 * Math.abs(mu * v) + Math.abs(g + lambda * w)) + e,
    )
    const direction = nesterov
      ? zipFields([g, w, after.velocity], (g, w, v) => g + lambda * w + mu * v)
      : after.velocity
    const ofDirection = nesterov
      ? zipFields(
          [g, w, after.velocity, ofGradient, ofVelocity],
          (g, w, v, eG, eV) => eG + mu * eV + epsilon * (2 * Math.abs(mu * v) + Math.abs(g + lambda * w)),
        )
      : ofVelocity
    return {
      w: zipFields(
        [after.w, direction, ofDirection],
        (w, d, e) => eta * e + epsilon * Math.abs(eta * d) + epsilon * Math.abs(w) + tau,
      ),
      velocity: mapField((e) => e + tau, ofVelocity),
    }
  },
  boundBackward: noGradients,
})
