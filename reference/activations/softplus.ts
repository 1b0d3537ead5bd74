import { map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = ln(1 + e^{βx})/β, with the larger of 0 and x taken out of the logarithm: no power overflows
export const forward: Forward<'softplus'> = ({ beta }, { x }) => ({
  y: map((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(beta * x))) / beta, x),
})

// σ(z) = 1/(1 + e^{−z}); for z < 0 as e^z/(1 + e^z), the same number
const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)))

// dx = dy·σ(βx)
export const backward: Backward<'softplus'> = ({ beta }, { x }, { y: dy }) => ({
  x: zip((x, dy) => dy * sigmoid(beta * x), x, dy),
})
