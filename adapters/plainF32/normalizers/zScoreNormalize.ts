import { at, f32, sqrt, zeros } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// y[n,d] = (a[n,d] − μ_d)/σ_d,   μ_d = mean_n x[n,d],   σ_d² = mean_n (x[n,d] − μ_d)², in two passes;   a is apply, or x;
// a feature whose numbers are all the same is 0
export const forward: Forward<'zScoreNormalize'> = (_, { x, apply = x }, { N, D, rows }) => {
  const y = zeros([rows, D])
  for (let d = 0; d < D; d++) {
    let [constant, sum, squares] = [true, 0, 0]
    for (let n = 0; n < N; n++) {
      constant = constant && at(x.data, n * D + d) === at(x.data, d)
      sum = f32(sum + at(x.data, n * D + d))
    }
    const mean = f32(sum / N)
    for (let n = 0; n < N; n++) {
      const distance = f32(at(x.data, n * D + d) - mean)
      squares = f32(squares + f32(distance * distance))
    }
    const deviation = sqrt(f32(squares / N))
    for (let n = 0; n < rows; n++)
      y.data[n * D + d] = constant ? 0 : f32(f32(at(apply.data, n * D + d) - mean) / deviation)
  }
  return { y }
}
