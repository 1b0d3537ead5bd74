import { map } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { forward as adam } from './adam.js'

// w ← w·(1 − η·λ), then adam with the bare gradient
export const forward: Forward<'adamw'> = (attrs, { w, g, m, v, step }, sizes) => {
  const { learningRate: eta, weightDecay: lambda } = attrs
  const shrunk = map((w) => w * (1 - eta * lambda), w)
  return adam({ ...attrs, weightDecay: 0 }, { w: shrunk, g, m, v, step }, sizes)
}
