import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = x where x > 0, else α·x
export const forward: Forward<'leakyRelu'> = ({ alpha }, { x }) => ({ y: map((x) => (x > 0 ? x : alpha * x), x) })

// dx = dy where x > 0, or x ≥ 0 with kink "right", else α·dy
export const backward: Backward<'leakyRelu'> = ({ alpha, kink }, { x }, { y: dy }) => ({
  x: zip((x, dy) => (x > 0 || (kink === 'right' && x === 0) ? dy : alpha * dy), x, dy),
})
