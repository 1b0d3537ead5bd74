import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = max(0, x); NaN is not below 0, and stays
export const forward: Forward<'relu'> = (_, { x }) => ({ y: map(x, (x) => (x <= 0 ? 0 : x)) })

// dx = dy where x > 0, else 0; at NaN dy, and at 0 as well with the slope to the corner's right
export const backward: Backward<'relu'> = ({ kink }, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => (x < 0 || (x === 0 && kink !== 'right') ? 0 : dy)),
})
