import { at1, at3, map, reshaped, sum2, tabulate1, tabulate3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Field } from '../../spec/field.js'

// r = 1/√(runningVar + ε)
const reciprocalDeviation = (epsilon: number, runningVar: Field): Field =>
  map((variance) => 1 / Math.sqrt(variance + epsilon), runningVar)

// y = γ·(x − runningMean)·r + β
export const forward: Forward<'batchNormInference'> = (
  { epsilon },
  { x: given, gamma, beta, runningMean, runningVar },
  { N, C, S },
) => {
  const x = reshaped([N, C, S], given)
  const r = reciprocalDeviation(epsilon, runningVar)
  return {
    y: reshaped(
      given.shape,
      tabulate3(
        [N, C, S],
        (n, c, s) => at1(gamma, c) * ((at3(x, n, c, s) - at1(runningMean, c)) * at1(r, c)) + at1(beta, c),
      ),
    ),
  }
}

// dβ = Σ dy,   dγ = Σ dy·(x − runningMean)·r,   dx = γ·r·dy
export const backward: Backward<'batchNormInference'> = (
  { epsilon },
  { x: given, gamma, runningMean, runningVar },
  { y: cotangent },
  { N, C, S },
) => {
  const x = reshaped([N, C, S], given)
  const dy = reshaped([N, C, S], cotangent)
  const r = reciprocalDeviation(epsilon, runningVar)
  return {
    x: reshaped(
      given.shape,
      tabulate3([N, C, S], (n, c, s) => at1(gamma, c) * at1(r, c) * at3(dy, n, c, s)),
    ),
    gamma: tabulate1([C], (c) =>
      sum2(N, S, (n, s) => at3(dy, n, c, s) * ((at3(x, n, c, s) - at1(runningMean, c)) * at1(r, c))),
    ),
    beta: tabulate1([C], (c) => sum2(N, S, (n, s) => at3(dy, n, c, s))),
  }
}
