import { at, f32, sqrt, zeros } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { decayed, mean } from './decayed.js'

// s′ = ρ·s + (1−ρ)·g²,   w′ = w − η·g/(√s′ + ε), or /√(s′ + ε) with ε inside
export const forward: Forward<'rmsprop'> = (
  { learningRate: eta, decay: rho, epsilon, weightDecay: lambda, epsilonInside },
  { w, g, meanSquare },
) => {
  const [nextW, next] = [zeros(w.shape), zeros(w.shape)]
  for (let i = 0; i < w.data.length; i++) {
    const gradient = decayed(lambda, at(w.data, i), at(g.data, i))
    const s = mean(rho, at(meanSquare.data, i), f32(gradient * gradient))
    next.data[i] = s
    const root = epsilonInside ? sqrt(f32(s + epsilon)) : f32(sqrt(s) + epsilon)
    nextW.data[i] = f32(at(w.data, i) - f32(f32(eta * gradient) / root))
  }
  return { w: nextW, meanSquare: next }
}
