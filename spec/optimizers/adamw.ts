import { attributes, nonNegative, withDefault } from '../attributes.js'
import { exact, minus, times } from '../ball.js'
import { defineOp, noGradients, nothingToDerive } from '../op.js'
import { adamAttributes, adamBound } from './adam.js'

/**
 * Adam with decoupled weight decay; one pure step.
 *
 *   w ← w·(1 − η·λ), then `adam` with the bare gradient
 *
 * The decay does not go through the moments, so that it is the same for every weight. It is η·λ a step, as in PyTorch
 * and Keras; the paper's own λ, and that of TensorFlow Addons, is not multiplied by the rate: λ = λ′/η.
 *
 * Shapes  w, g, m, v and their outputs share one shape; step []
 * Units   as adam's; λ is one over a rate
 * Errors  ShapeMismatch – shapes differ, or step is no scalar; AttributeOutOfRange – η, ε or λ below 0, β outside [0, 1)
 *         MalformedTensor – step is no integer of at least 0
 * Bound   adam's, from a w that errs a product by 1 − η·λ, itself a product and a difference; 0 where η·λ is
 * Admits  (η/(1−β₁ᵗ))·m′ in place of η·(m′/(1−β₁ᵗ))
 * Refuses 1 − βᵗ as a difference, which cancels for β near 1
 * Source  Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2
 */
export const adamw = defineOp({
  family: 'optimizer',
  formula: String.raw`w \leftarrow w (1 - \eta \lambda),\quad w' = w - \eta \frac{m' / (1 - \beta_1^t)}{\sqrt{v' / (1 - \beta_2^t)} + \epsilon}`,
  source: 'Loshchilov and Hutter, "Decoupled weight decay regularization" (2019)',
  attrs: attributes({ ...adamAttributes, weightDecay: withDefault(nonNegative, 0.01) }),
  inputs: { w: ['...'], g: ['...'], m: ['...'], v: ['...'], step: [] },
  outputs: { w: ['...'], m: ['...'], v: ['...'], step: [] },
  differentiable: [],
  counts: ['step'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs }) =>
    adamBound(attrs, inputs, 0, minus(exact(1), times(exact(attrs.learningRate), exact(attrs.weightDecay)))),
  boundBackward: noGradients,
})
