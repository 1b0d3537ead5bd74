import { noAttributes } from '../attributes.js'
import { epsilon, gamma, tanhError, tau } from '../bound.js'
import { mapField, zipFields } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * The hyperbolic tangent.
 *
 *   y = tanh x,   dx = dy·(1 − y)·(1 + y)
 *
 * tanh ±Infinity is ±1; NaN comes through. (1 − y)(1 + y) is 1 − y² with less cancellation.
 *
 * Shapes  x [...]  →  y [...]
 * Units   x and y are plain numbers, y from −1 to 1
 * Bound   y: 9ε relative, also near 0. dx: y errs e = 9ε|y|, which moves 1 − y² by at most e(2|y| + e), and y² is rounded;
 *         then 4 roundings: 1 − y, 1 + y and two products. Where y is near ±1 that is absolute, 19ε|dy|: y alone carries
 *         no more
 * Admits  dx = dy·(1 − y²)
 * Refuses (e^{2x} − 1)/(e^{2x} + 1), which overflows, and cancels near 0; 1 − 2/(e^{2x} + 1), which cancels near 0
 * Source  slide "Activation functions"
 */
export const tanh = defineOp({
  family: 'activation',
  formula: String.raw`y = \tanh x`,
  source: slide('Activation functions'),
  attrs: noAttributes,
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({
    y: mapField((y) => tanhError * Math.abs(y) + tau, valuesOf(attrs, inputs).y),
  }),
  boundBackward: ({ attrs, inputs, cotangents, valuesOf }) => ({
    x: zipFields([valuesOf(attrs, inputs).y, cotangents.y], (y, dy) => {
      const e = tanhError * Math.abs(y)
      const moved = e * (2 * Math.abs(y) + e) + epsilon * (Math.abs(y) + e) ** 2
      const slope = (1 - y) * (1 + y)
      return Math.abs(dy) * (moved + gamma(4) * (slope + moved)) + tau
    }),
  }),
})
