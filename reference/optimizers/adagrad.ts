import { zip, zip3 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// g ← g + λ·w        G′ = G + g²        w′ = w − η·g/(√G′ + ε)
export const forward: Forward<'adagrad'> = (
  { learningRate: eta, epsilon, weightDecay: lambda },
  { w, g, accumulator: G },
) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const accumulator = zip((G, g) => G + g * g, G, gradient)
  return { w: zip3((w, g, G) => w - (eta * g) / (Math.sqrt(G) + epsilon), w, gradient, accumulator), accumulator }
}
