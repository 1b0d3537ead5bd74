import { noAttributes } from '../attributes.js'
import { epsilon, tau } from '../bound.js'
import { zipFields } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * The logistic sigmoid.
 *
 *   y = 1/(1 + e^{−x}),   dx = dy·y·(1 − y)
 *
 * Shapes  x [...]  →  y [...]
 * Units   x and y are plain numbers, y between 0 and 1
 * Bound   with r = 1/(1 + e^{−|x|}), y is r for x ≥ 0 and e^{−|x|}·r below: the condition of r in e^{−|x|} is at most ½,
 *         so y errs 6ε for x ≥ 0 and (11 + 2|x|)ε below. dx: y errs as above and 1 − y is e^{−|x|}·r or r
 * Source  slide "Activation functions"
 */
export const sigmoid = defineOp({
  family: 'activation',
  formula: String.raw`y = \frac{1}{1 + e^{-x}}`,
  source: slide('Activation functions'),
  attrs: noAttributes,
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({
    y: zipFields([inputs.x, valuesOf(attrs, inputs).y], (x, y) => (x >= 0 ? 6 : 11 - 2 * x) * epsilon * y + tau),
  }),
  // dx = dy · r · (e^{−|x|}·r): the two factors' errors and two products
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    x: zipFields(
      [inputs.x, gradientsOf(attrs, inputs, cotangents).x],
      (x, dx) => (6 + 11 + 2 * Math.abs(x) + 2) * epsilon * Math.abs(dx) + tau,
    ),
  }),
})
