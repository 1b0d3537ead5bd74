import { attributes, finite, withDefault } from '../attributes.js'
import { epsilon, expError, expm1Error, gamma, tau } from '../bound.js'
import { zipFields } from '../field.js'
import { kink } from '../kink.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * The exponential linear unit.
 *
 *   y = x where x ≥ 0, else α·(e^x − 1),   dx = dy where x ≥ 0, else dy·α·e^x
 *
 * The derivative at 0 is 1, as TensorFlow has it, which is kink "right" as well; with "left" it is α, as in PyTorch, and
 * the same for the default. Any finite α will do, though only 1 makes the slope continuous. Keras' and ONNX's alpha is
 * this one; SELU is 1.0507… times this with alpha 1.6732…; CELU's e^(x/α) is another function.
 *
 * Near 0 e^x − 1 cancels, so the reference has it in one, as expm1. −Infinity has y = −α and slope 0; NaN comes through.
 *
 * Shapes  x [...]  →  y [...]
 * Units   x and y are plain numbers, y above −α (for α > 0)
 * Bound   0 where x ≥ 0: a comparison and a copy. Elsewhere y: e^x − 1 errs 9ε, relative also near 0, and a product ε.
 *         dx: e^x errs (4 + 2|x|)ε and may be flushed to 0, which α·dy enlarges; then two products. Or it is made of y,
 *         which errs as above, a sum and a product: where e^x is small that is absolute, 10ε|α·dy|
 * Admits  dx = dy·(y + α)
 * Refuses e^x − 1 as a difference, which cancels near 0
 * Source  slide "Activation functions"
 */
export const elu = defineOp({
  family: 'activation',
  formula: String.raw`y = \begin{cases} x & x \ge 0 \\ \alpha\,(e^x - 1) & x < 0 \end{cases}`,
  source: slide('Activation functions'),
  attrs: attributes({ alpha: withDefault(finite, 1), kink }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({
    y: zipFields([inputs.x, valuesOf(attrs, inputs).y], (x, y) => (x >= 0 ? 0 : ofDifference * Math.abs(y) + tau)),
  }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    x: zipFields([inputs.x, cotangents.y, gradientsOf(attrs, inputs, cotangents).x], (x, dy, dx) => {
      if (x > 0 || (x === 0 && attrs.kink !== 'left')) return 0
      const pulled = Math.abs(attrs.alpha * dy)
      const ofPower = compounded(expError(x), 2) * Math.abs(dx)
      const ofY = ofDifference * Math.abs(Math.expm1(x)) * pulled
      return Math.max(ofPower, ofY + gamma(2) * (Math.abs(dx) + ofY)) + tau * (1 + pulled + Math.abs(dy))
    }),
  }),
})

// a relative error and so many roundings after it
const compounded = (error: number, roundings: number): number => (1 + error) * (1 + epsilon) ** roundings - 1

// α·(e^x − 1): the difference and a product
const ofDifference = compounded(expm1Error, 1)
