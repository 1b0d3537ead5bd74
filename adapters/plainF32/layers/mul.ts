import { f32, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = a·b
export const forward: Forward<'mul'> = (_, { a, b }) => ({ y: zip(a, b, (a, b) => f32(a * b)) })

// da = dy·b,   db = dy·a
export const backward: Backward<'mul'> = (_, { a, b }, { y: dy }) => ({
  a: zip(dy, b, (dy, b) => f32(dy * b)),
  b: zip(dy, a, (dy, a) => f32(dy * a)),
})
