import { at, f32, sqrt, zeros } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { decayed } from './decayed.js'

// G′ = G + g²,   w′ = w − η·g/(√G′ + ε), or /√(G′ + ε) with ε inside
export const forward: Forward<'adagrad'> = (
  { learningRate: eta, epsilon, weightDecay: lambda, epsilonInside },
  { w, g, accumulator },
) => {
  const [nextW, next] = [zeros(w.shape), zeros(w.shape)]
  for (let i = 0; i < w.data.length; i++) {
    const gradient = decayed(lambda, at(w.data, i), at(g.data, i))
    const gathered = f32(at(accumulator.data, i) + f32(gradient * gradient))
    next.data[i] = gathered
    const root = epsilonInside ? sqrt(f32(gathered + epsilon)) : f32(sqrt(gathered) + epsilon)
    nextW.data[i] = f32(at(w.data, i) - f32(f32(eta * gradient) / root))
  }
  return { w: nextW, accumulator: next }
}
