import { at, f32, zeros } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { decayed } from './decayed.js'

// v′ = μ·v + g + λ·w,   w′ = w − η·v′, or with Nesterov w − η·(g + λ·w + μ·v′)
export const forward: Forward<'momentum'> = (
  { learningRate: eta, momentum: mu, nesterov, weightDecay: lambda },
  { w, g, velocity },
) => {
  const [nextW, nextVelocity] = [zeros(w.shape), zeros(w.shape)]
  for (let i = 0; i < w.data.length; i++) {
    const gradient = decayed(lambda, at(w.data, i), at(g.data, i))
    const v = f32(f32(mu * at(velocity.data, i)) + gradient)
    const direction = nesterov ? f32(gradient + f32(mu * v)) : v
    nextVelocity.data[i] = v
    nextW.data[i] = f32(at(w.data, i) - f32(eta * direction))
  }
  return { w: nextW, velocity: nextVelocity }
}
