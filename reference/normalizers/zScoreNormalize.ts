import { at1, at2, largest, smallest, sum1, tabulate1, tabulate2 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// μ_d = mean_n x[n,d],   σ_d = √(mean_n (x[n,d] − μ_d)²): two passes
// y[n,d] = (a[n,d] − μ_d)/σ_d, and 0 for every n where x[·,d] is constant
export const forward: Forward<'zScoreNormalize'> = (_, { x, apply: a = x }, { N, D, rows }) => {
  const mean = tabulate1([D], (d) => sum1(N, (n) => at2(x, n, d)) / N)
  const deviation = tabulate1([D], (d) =>
    Math.sqrt(sum1(N, (n) => (at2(x, n, d) - at1(mean, d)) * (at2(x, n, d) - at1(mean, d))) / N),
  )
  // asked of the numbers: of a constant that f64 cannot add up exactly, the deviation is not 0
  const constant = tabulate1([D], (d) => (smallest(N, (n) => at2(x, n, d)) === largest(N, (n) => at2(x, n, d)) ? 1 : 0))
  return {
    y: tabulate2([rows, D], (n, d) => (at1(constant, d) === 1 ? 0 : (at2(a, n, d) - at1(mean, d)) / at1(deviation, d))),
  }
}
