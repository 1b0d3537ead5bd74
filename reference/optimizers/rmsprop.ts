import { zip, zip3 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// g ← g + λ·w        s′ = ρ·s + (1−ρ)·g²        w′ = w − η·g/(√s′ + ε)
export const forward: Forward<'rmsprop'> = (
  { learningRate: eta, decay: rho, epsilon, weightDecay: lambda },
  { w, g, meanSquare: s },
) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const meanSquare = zip((s, g) => rho * s + (1 - rho) * (g * g), s, gradient)
  return { w: zip3((w, g, s) => w - (eta * g) / (Math.sqrt(s) + epsilon), w, gradient, meanSquare), meanSquare }
}
