import { exp, f32, map, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = 1/(1 + e^{−x}), and below 0 the same number as e^{x}/(1 + e^{x}), so that no power overflows
export const forward: Forward<'sigmoid'> = (_, { x }) => ({ y: map(x, sigmoid) })

export const sigmoid = (x: number): number => {
  const power = exp(-Math.abs(x))
  return f32((x < 0 ? power : 1) / f32(1 + power))
}

// dx = dy·y·(1 − y)
export const backward: Backward<'sigmoid'> = (_, { x }, { y: dy }) => ({
  x: zip(x, dy, (x, dy) => {
    const y = sigmoid(x)
    return f32(f32(dy * y) * f32(1 - y))
  }),
})
