import { f32, map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = x where x > 0, else α·x
export const forward: Forward<'leakyRelu'> = ({ alpha }, { x }) => ({
  y: map(x, (x) => (x > 0 ? x : f32(alpha * x))),
})

// dx = dy where x > 0, else α·dy; at 0 dy with the slope to the corner's right
export const backward: Backward<'leakyRelu'> = ({ alpha, kink }, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => (x > 0 || (x === 0 && kink === 'right') ? dy : f32(alpha * dy))),
})
