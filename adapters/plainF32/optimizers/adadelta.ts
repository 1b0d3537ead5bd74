import { at, f32, sqrt, zeros } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { decayed, mean } from './decayed.js'

// s′ = ρ·s + (1−ρ)·g²,   Δ = g·√(d + ε)/√(s′ + ε),   d′ = ρ·d + (1−ρ)·Δ²,   w′ = w − η·Δ
export const forward: Forward<'adadelta'> = (
  { learningRate: eta, decay: rho, epsilon, weightDecay: lambda },
  { w, g, meanSquare, meanSquareDelta },
) => {
  const [nextW, nextS, nextD] = [zeros(w.shape), zeros(w.shape), zeros(w.shape)]
  for (let i = 0; i < w.data.length; i++) {
    const gradient = decayed(lambda, at(w.data, i), at(g.data, i))
    const s = mean(rho, at(meanSquare.data, i), f32(gradient * gradient))
    const root = sqrt(f32(at(meanSquareDelta.data, i) + epsilon))
    const delta = f32(f32(gradient * root) / sqrt(f32(s + epsilon)))
    nextS.data[i] = s
    nextD.data[i] = mean(rho, at(meanSquareDelta.data, i), f32(delta * delta))
    nextW.data[i] = f32(at(w.data, i) - f32(eta * delta))
  }
  return { w: nextW, meanSquare: nextS, meanSquareDelta: nextD }
}
