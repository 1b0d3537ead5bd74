import { f32, map, tanh, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = tanh x
export const forward: Forward<'tanh'> = (_, { x }) => ({ y: map(x, tanh) })

// dx = dy·(1 − y²)
export const backward: Backward<'tanh'> = (_, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => {
    const y = tanh(x)
    return f32(dy * f32(1 - f32(y * y)))
  }),
})
