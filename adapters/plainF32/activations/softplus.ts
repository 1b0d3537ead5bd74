import { exp, f32, log1p, map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { sigmoid } from './sigmoid.js'

// y = max(x, 0) + ln(1 + e^{−|βx|})/β
export const forward: Forward<'softplus'> = ({ beta }, { x }) => ({
  y: map(x, (x) => f32(Math.max(x, 0) + f32(log1p(exp(-Math.abs(f32(beta * x)))) / beta))),
})

// dx = dy·σ(βx)
export const backward: Backward<'softplus'> = ({ beta }, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => f32(dy * sigmoid(f32(beta * x)))),
})
