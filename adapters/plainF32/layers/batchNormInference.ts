import { at, f32, sqrt, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// r = 1/√(runningVar + ε),   y = γ·(x − runningMean)·r + β
export const forward: Forward<'batchNormInference'> = (
  { epsilon },
  { x, gamma, beta, runningMean, runningVar },
  { N, C, S },
) => {
  const y = zeros(x.shape)
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const r = f32(1 / sqrt(f32(at(runningVar.data, c) + epsilon)))
      for (let s = 0; s < S; s++) {
        const place = (n * C + c) * S + s
        const normalized = f32(f32(at(x.data, place) - at(runningMean.data, c)) * r)
        y.data[place] = f32(f32(at(gamma.data, c) * normalized) + at(beta.data, c))
      }
    }
  return { y }
}

// dβ = Σ dy,   dγ = Σ dy·(x − runningMean)·r,   dx = γ·r·dy
export const backward: Backward<'batchNormInference'> = (
  { epsilon },
  { x, gamma, runningMean, runningVar },
  { y: dy },
  { N, C, S },
) => {
  const [dx, dgamma, dbeta] = [zeros(x.shape), zeros([C]), zeros([C])]
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const r = f32(1 / sqrt(f32(at(runningVar.data, c) + epsilon)))
      const scale = f32(at(gamma.data, c) * r)
      for (let s = 0; s < S; s++) {
        const place = (n * C + c) * S + s
        const d = at(dy.data, place)
        const normalized = f32(f32(at(x.data, place) - at(runningMean.data, c)) * r)
        dbeta.data[c] = f32(at(dbeta.data, c) + d)
        dgamma.data[c] = f32(at(dgamma.data, c) + f32(d * normalized))
        dx.data[place] = f32(scale * d)
      }
    }
  return { x: dx, gamma: dgamma, beta: dbeta }
}
