import { attributes, nonNegative, required, withDefault } from '../attributes.js'
import { epsilon, tau } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, noGradients, nothingToDerive, slide } from '../op.js'

/**
 * Gradient descent; one pure step.
 *
 *   w′ = w − η·(g + λ·w)
 *
 * Full-batch, single-sample and mini-batch descent are this step with another batch behind g. Without decay, λ = 0, w
 * plays no part in the gradient, not even where it is infinite.
 *
 * Shapes  w, g and the output share one shape
 * Units   η takes loss per unit of w to a change of w; λ is a plain number
 * Errors  ShapeMismatch – shapes differ; AttributeOutOfRange – η or λ below 0
 * Bound   every operation rounds once: λ·w, the sum G = g + λ·w, η·G and the difference. Without decay G = g is exact
 * Admits  w − (η·g + (η·λ)·w)
 * Source  slides "Backpropagation (4/7)" to "(7/7)"
 */
export const sgd = defineOp({
  family: 'optimizer',
  formula: String.raw`w' = w - \eta\,(g + \lambda w)`,
  source: slide('Backpropagation (4–7/7)'),
  attrs: attributes({ learningRate: required(nonNegative), weightDecay: withDefault(nonNegative, 0) }),
  inputs: { w: ['...'], g: ['...'] },
  outputs: { w: ['...'] },
  differentiable: [],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => {
    const { learningRate: eta, weightDecay: lambda } = attrs
    return {
      w: zipFields([inputs.w, inputs.g, valuesOf(attrs, inputs).w], (w, g, after) => {
        const gradient = lambda === 0 ? g : g + lambda * w
        const ofGradient = lambda === 0 ? 0 : onceRounded(gradient, onceRounded(lambda * w, 0))
        const ofStep = onceRounded(eta * gradient, eta * ofGradient)
        return onceRounded(after, ofStep) + tau
      }),
    }
  },
  boundBackward: noGradients,
})

// a result that errs by e before it is rounded itself
const onceRounded = (value: number, e: number): number => e + epsilon * (Math.abs(value) + e)
