import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = tanh x
export const forward: Forward<'tanh'> = (_, { x }) => ({ y: map((x) => Math.tanh(x), x) })

// dx = dy·(1 − y)·(1 + y)
export const backward: Backward<'tanh'> = (_, { x }, { y: dy }) => ({
  x: zip(
    (x, dy) => {
      const y = Math.tanh(x)
      return dy * ((1 - y) * (1 + y))
    },
    x,
    dy,
  ),
})
