import { zip } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// v′ = μ·v + g + λ·w        w′ = w − η·v′        (Nesterov: w′ = w − η·(g + λ·w + μ·v′))
export const forward: Forward<'momentum'> = (
  { learningRate: eta, momentum: mu, nesterov, weightDecay: lambda },
  { w, g, velocity: v },
) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const velocity = zip((v, g) => mu * v + g, v, gradient)
  const step = nesterov ? zip((g, v) => g + mu * v, gradient, velocity) : velocity
  return { w: zip((w, s) => w - eta * s, w, step), velocity }
}
