import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = 1/(1 + e^{−x}); for x < 0 as e^x/(1 + e^x), the same number, so that no e^{−x} overflows
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

export const forward: Forward<'sigmoid'> = (_, { x }) => ({ y: map(sigmoid, x) })

// dx = dy·y·(1 − y), and 1 − y is the sigmoid of −x
export const backward: Backward<'sigmoid'> = (_, { x }, { y: dy }) => ({
  x: zip((x, dy) => dy * sigmoid(x) * sigmoid(-x), x, dy),
})
