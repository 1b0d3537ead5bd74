import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = x where x ≥ 0, else α·(e^x − 1)
export const forward: Forward<'elu'> = ({ alpha }, { x }) => ({
  y: map((x) => (x >= 0 ? x : alpha * Math.expm1(x)), x),
})

// dx = dy where x ≥ 0, or x > 0 with kink "left", else dy·α·e^x
export const backward: Backward<'elu'> = ({ alpha, kink }, { x }, { y: dy }) => ({
  x: zip((x, dy) => (x > 0 || (kink !== 'left' && x === 0) ? dy : dy * (alpha * Math.exp(x))), x, dy),
})
