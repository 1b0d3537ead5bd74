import { zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = a·b
export const forward: Forward<'mul'> = (_, { a, b }) => ({ y: zip((a, b) => a * b, a, b) })

// da = dy·b, db = dy·a
export const backward: Backward<'mul'> = (_, { a, b }, { y: dy }) => ({
  a: zip((dy, b) => dy * b, dy, b),
  b: zip((dy, a) => dy * a, dy, a),
})
