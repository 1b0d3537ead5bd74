import { exp, expm1, f32, map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = x where x ≥ 0, else α·(e^x − 1), the difference in one, as it cancels near 0
export const forward: Forward<'elu'> = ({ alpha }, { x }) => ({
  y: map(x, (x) => (x >= 0 ? x : f32(alpha * expm1(x)))),
})

// dx = dy where x ≥ 0, else dy·α·e^x; at 0 dy·α with the slope to the corner's left
export const backward: Backward<'elu'> = ({ alpha, kink }, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => (x > 0 || (x === 0 && kink !== 'left') ? dy : f32(f32(dy * alpha) * exp(x)))),
})
