import { zip, zip3 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// g ← g + λ·w        s′ = ρ·s + (1−ρ)·g²        Δ = g·√(d + ε)/√(s′ + ε)
// d′ = ρ·d + (1−ρ)·Δ²        w′ = w − η·Δ
export const forward: Forward<'adadelta'> = (
  { learningRate: eta, decay: rho, epsilon, weightDecay: lambda },
  { w, g, meanSquare: s, meanSquareDelta: d },
) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const meanSquare = zip((s, g) => rho * s + (1 - rho) * (g * g), s, gradient)
  const delta = zip3((g, s, d) => (g * Math.sqrt(d + epsilon)) / Math.sqrt(s + epsilon), gradient, meanSquare, d)
  const meanSquareDelta = zip((d, delta) => rho * d + (1 - rho) * (delta * delta), d, delta)
  return { w: zip((w, delta) => w - eta * delta, w, delta), meanSquare, meanSquareDelta }
}
