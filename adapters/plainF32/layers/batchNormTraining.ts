import { at, f32, sqrt, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

interface Channels {
  readonly N: number
  readonly C: number
  readonly S: number
  readonly m: number
}

// a channel's Σ (x − μ)/m and so on, in two passes: μ = mean x,   σ² = mean (x − μ)²
const statistics = (x: Float32Array, { N, C, S, m }: Channels, c: number) => {
  let sum = 0
  for (let n = 0; n < N; n++) for (let s = 0; s < S; s++) sum = f32(sum + at(x, (n * C + c) * S + s))
  const mean = f32(sum / m)
  let squares = 0
  for (let n = 0; n < N; n++)
    for (let s = 0; s < S; s++) {
      const distance = f32(at(x, (n * C + c) * S + s) - mean)
      squares = f32(squares + f32(distance * distance))
    }
  return { mean, variance: f32(squares / m) }
}

// μ = mean x,   σ² = mean (x − μ)²,   r = 1/√(σ² + ε),   y = γ·(x − μ)·r + β
// runningMean′ = (1 − α)·runningMean + α·μ,   runningVar′ = (1 − α)·runningVar + α·σ²·m/(m − 1), or without the factor
export const forward: Forward<'batchNormTraining'> = (
  { epsilon, momentum: alpha, runningVariance },
  { x, gamma, beta, runningMean, runningVar },
  sizes,
) => {
  const { N, C, S, m } = sizes
  const [y, nextMean, nextVar] = [zeros(x.shape), zeros([C]), zeros([C])]
  for (let c = 0; c < C; c++) {
    const { mean, variance } = statistics(x.data, sizes, c)
    const r = f32(1 / sqrt(f32(variance + epsilon)))
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const place = (n * C + c) * S + s
        const normalized = f32(f32(at(x.data, place) - mean) * r)
        y.data[place] = f32(f32(at(gamma.data, c) * normalized) + at(beta.data, c))
      }
    const fresh = runningVariance === 'unbiased' ? f32(f32(variance * m) / (m - 1)) : variance
    const kept = f32(1 - alpha)
    nextMean.data[c] = f32(f32(kept * at(runningMean.data, c)) + f32(alpha * mean))
    nextVar.data[c] = f32(f32(kept * at(runningVar.data, c)) + f32(alpha * fresh))
  }
  return { y, runningMean: nextMean, runningVar: nextVar }
}

// dβ = Σ dy,   dγ = Σ dy·x̂,   dx = γ·r·(dy − dβ/m − x̂·dγ/m),   x̂ = (x − μ)·r
export const backward: Backward<'batchNormTraining'> = ({ epsilon }, { x, gamma }, { y: dy }, sizes) => {
  const { N, C, S, m } = sizes
  const [dx, dgamma, dbeta] = [zeros(x.shape), zeros([C]), zeros([C])]
  for (let c = 0; c < C; c++) {
    const { mean, variance } = statistics(x.data, sizes, c)
    const r = f32(1 / sqrt(f32(variance + epsilon)))
    let [ofBeta, ofGamma] = [0, 0]
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const place = (n * C + c) * S + s
        const normalized = f32(f32(at(x.data, place) - mean) * r)
        ofBeta = f32(ofBeta + at(dy.data, place))
        ofGamma = f32(ofGamma + f32(at(dy.data, place) * normalized))
      }
    dbeta.data[c] = ofBeta
    dgamma.data[c] = ofGamma
    const scale = f32(at(gamma.data, c) * r)
    const [meanOfBeta, meanOfGamma] = [f32(ofBeta / m), f32(ofGamma / m)]
    for (let n = 0; n < N; n++)
      for (let s = 0; s < S; s++) {
        const place = (n * C + c) * S + s
        const normalized = f32(f32(at(x.data, place) - mean) * r)
        const centred = f32(at(dy.data, place) - meanOfBeta)
        dx.data[place] = f32(scale * f32(centred - f32(normalized * meanOfGamma)))
      }
  }
  return { x: dx, gamma: dgamma, beta: dbeta }
}
