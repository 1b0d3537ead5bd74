import { copied, f32, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = a + b
export const forward: Forward<'add'> = (_, { a, b }) => ({ y: zip(a, b, (a, b) => f32(a + b)) })

// da = dy,   db = dy
export const backward: Backward<'add'> = (_, _inputs, { y: dy }) => ({
  a: copied(dy.shape, dy),
  b: copied(dy.shape, dy),
})
