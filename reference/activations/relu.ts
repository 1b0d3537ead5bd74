import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = max(0, x)
export const forward: Forward<'relu'> = (_, { x }) => ({ y: map((x) => Math.max(0, x), x) })

// dx = dy where x > 0, else 0, or where x ≥ 0 with kink "right"; asked as x ≤ 0, so that NaN does not pass for a negative number
export const backward: Backward<'relu'> = ({ kink }, { x }, { y: dy }) => ({
  x: zip((x, dy) => (kink === 'right' ? (x < 0 ? 0 : dy) : x <= 0 ? 0 : dy), x, dy),
})
