import { zip, zip3 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// g ← g + λ·w        G′ = G + g²        w′ = w − η·g/(√G′ + ε), or /√(G′ + ε) with epsilonInside
export const forward: Forward<'adagrad'> = (
  { learningRate: eta, epsilon, weightDecay: lambda, epsilonInside },
  { w, g, accumulator: G },
) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const accumulator = zip((G, g) => G + g * g, G, gradient)
  const root = (G: number): number => (epsilonInside ? Math.sqrt(G + epsilon) : Math.sqrt(G) + epsilon)
  return { w: zip3((w, g, G) => w - (eta * g) / root(G), w, gradient, accumulator), accumulator }
}
