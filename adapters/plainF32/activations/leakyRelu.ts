import { f32, map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = x where x > 0, else α·x
export const forward: Forward<'leakyRelu'> = ({ alpha }, { x }) => ({
  y: map(x, (x) => (x > 0 ? x : f32(alpha * x))),
})

// dx = dy where x > 0, else α·dy
export const backward: Backward<'leakyRelu'> = ({ alpha }, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => (x > 0 ? dy : f32(alpha * dy))),
})
