import { zip, zip3 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// g ← g + λ·w        s′ = ρ·s + (1−ρ)·g²        w′ = w − η·g/(√s′ + ε), or /√(s′ + ε) with epsilonInside
export const forward: Forward<'rmsprop'> = (
  { learningRate: eta, decay: rho, epsilon, weightDecay: lambda, epsilonInside },
  { w, g, meanSquare: s },
) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const meanSquare = zip((s, g) => rho * s + (1 - rho) * (g * g), s, gradient)
  const root = (s: number): number => (epsilonInside ? Math.sqrt(s + epsilon) : Math.sqrt(s) + epsilon)
  return { w: zip3((w, g, s) => w - (eta * g) / root(s), w, gradient, meanSquare), meanSquare }
}
