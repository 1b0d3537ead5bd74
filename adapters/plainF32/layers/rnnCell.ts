import { at, f32, tanh, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Extents, Weights } from './recurrent.js'
import { addGradients, preactivations, pulledBack } from './recurrent.js'

/** h′ = tanh(b + wIh·x + wHh·h) */
export const rnnStep = (weights: Weights, x: Float32Array, h: Float32Array, extents: Extents): Float32Array =>
  preactivations(weights, x, h, extents).map(tanh)

/** da = dh′·(1 − h′²) */
export const rnnPull = (next: Float32Array, dnext: Float32Array): Float32Array =>
  next.map((h, i) => f32(at(dnext, i) * f32(1 - f32(h * h))))

export const forward: Forward<'rnnCell'> = (_, { x, h, ...weights }, sizes) => ({
  h: { shape: h.shape, data: rnnStep(weights, x.data, h.data, sizes) },
})

// dx[n,i] = Σ_j wIh[j,i]·da[n,j],   dh[n,k] = Σ_j wHh[j,k]·da[n,j],   dwIh, dwHh, db: sums over n of da by x, h and 1
export const backward: Backward<'rnnCell'> = (_, { x, h, ...weights }, { h: dnext }, sizes) => {
  const { wIh, wHh, b } = weights
  const da = rnnPull(rnnStep(weights, x.data, h.data, sizes), dnext.data)
  const gradients = { wIh: zeros(wIh.shape), wHh: zeros(wHh.shape), b: zeros(b.shape) }
  addGradients(gradients, da, x.data, h.data, sizes)
  return {
    x: { shape: x.shape, data: pulledBack(wIh, da, sizes.N) },
    h: { shape: h.shape, data: pulledBack(wHh, da, sizes.N) },
    ...gradients,
  }
}
