import { at1, at3, map, reshaped, sum2, tabulate1, tabulate3, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Channels } from '../../spec/layers/channels.js'
import type { Field } from '../../spec/field.js'

// μ[c] = mean x,   σ²[c] = mean (x − μ)²: two passes, since mean x² − μ² loses a small variance under a large mean
const statistics = ({ N, C, S, m }: Channels, x: Field): { readonly mean: Field; readonly variance: Field } => {
  const mean = tabulate1([C], (c) => sum2(N, S, (n, s) => at3(x, n, c, s)) / m)
  const variance = tabulate1(
    [C],
    (c) => sum2(N, S, (n, s) => (at3(x, n, c, s) - at1(mean, c)) * (at3(x, n, c, s) - at1(mean, c))) / m,
  )
  return { mean, variance }
}

// r = 1/√(σ² + ε)
const reciprocalDeviation = (epsilon: number, variance: Field): Field =>
  map((variance) => 1 / Math.sqrt(variance + epsilon), variance)

// y = γ·x̂ + β, x̂ = (x − μ)·r
// runningMean′ = (1 − α)·runningMean + α·μ,   runningVar′ = (1 − α)·runningVar + α·σ²·m/(m − 1)
export const forward: Forward<'batchNormTraining'> = (
  { epsilon, momentum: alpha, runningVariance },
  { x: given, gamma, beta, runningMean, runningVar },
  sizes,
) => {
  const { N, C, S, m } = sizes
  const x = reshaped([N, C, S], given)
  const { mean, variance } = statistics(sizes, x)
  const r = reciprocalDeviation(epsilon, variance)
  const batchVariance = runningVariance === 'unbiased' ? map((v) => v * (m / (m - 1)), variance) : variance
  return {
    y: reshaped(
      given.shape,
      tabulate3([N, C, S], (n, c, s) => at1(gamma, c) * ((at3(x, n, c, s) - at1(mean, c)) * at1(r, c)) + at1(beta, c)),
    ),
    runningMean: zip((old, batch) => (1 - alpha) * old + alpha * batch, runningMean, mean),
    runningVar: zip((old, batch) => (1 - alpha) * old + alpha * batch, runningVar, batchVariance),
  }
}

// dβ = Σ dy,   dγ = Σ dy·x̂,   dx = γ·r·(dy − dβ/m − x̂·dγ/m)
export const backward: Backward<'batchNormTraining'> = ({ epsilon }, { x: given, gamma }, { y: cotangent }, sizes) => {
  const { N, C, S, m } = sizes
  const x = reshaped([N, C, S], given)
  const dy = reshaped([N, C, S], cotangent)
  const { mean, variance } = statistics(sizes, x)
  const r = reciprocalDeviation(epsilon, variance)
  const xhat = tabulate3([N, C, S], (n, c, s) => (at3(x, n, c, s) - at1(mean, c)) * at1(r, c))
  const dbeta = tabulate1([C], (c) => sum2(N, S, (n, s) => at3(dy, n, c, s)))
  const dgamma = tabulate1([C], (c) => sum2(N, S, (n, s) => at3(dy, n, c, s) * at3(xhat, n, c, s)))
  return {
    x: reshaped(
      given.shape,
      tabulate3(
        [N, C, S],
        (n, c, s) =>
          at1(gamma, c) *
          at1(r, c) *
          (at3(dy, n, c, s) - at1(dbeta, c) / m - at3(xhat, n, c, s) * (at1(dgamma, c) / m)),
      ),
    ),
    gamma: dgamma,
    beta: dbeta,
  }
}
