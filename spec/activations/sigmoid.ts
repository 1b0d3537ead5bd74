import { noAttributes } from '../attributes.js'
import { epsilon, gamma, tau } from '../bound.js'
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
 *         so y errs 6ε for x ≥ 0 and (11 + 2|x|)ε below. dx: y errs as above and 1 − y is e^{−|x|}·r or r; or 1 − y is the
 *         difference, where the error e of y moves y·(1 − y) by e(|1 − 2y| + e) at most, and 3 roundings follow. Where y is
 *         near 1 that is absolute, 6ε|dy|: y alone carries no more
 * Admits  1/(1 + e^{−x}) below 0 too; dx = dy·(y·(1 − y))
 * Refuses e^x/(1 + e^x) above 0 too, which overflows; (1 + tanh(x/2))/2, which cancels below 0
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
    y: zipFields([inputs.x, valuesOf(attrs, inputs).y], (x, y) => errorOf(x, y) + tau),
  }),
  boundBackward: ({ attrs, inputs, cotangents, valuesOf, gradientsOf }) => ({
    x: zipFields(
      [inputs.x, valuesOf(attrs, inputs).y, cotangents.y, gradientsOf(attrs, inputs, cotangents).x],
      (x, y, dy, dx) => {
        // dx = dy · r · (e^{−|x|}·r): the two factors' errors and two products
        const ofFactors = (6 + 11 + 2 * Math.abs(x) + 2) * epsilon * Math.abs(dx)
        const moved = errorOf(x, y) * (Math.abs(1 - 2 * y) + errorOf(x, y))
        const ofDifference = Math.abs(dy) * (moved + gamma(3) * (y * (1 - y) + moved))
        return Math.max(ofFactors, ofDifference) + tau
      },
    ),
  }),
})

const errorOf = (x: number, y: number): number => (x >= 0 ? 6 : 11 - 2 * x) * epsilon * y
