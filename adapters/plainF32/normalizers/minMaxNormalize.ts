import { at, f32, zeros } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// y[n,d] = low + (high − low)·(a[n,d] − min_d)/(max_d − min_d), and low where max_d = min_d;   a is apply, or x
export const forward: Forward<'minMaxNormalize'> = ({ low, high }, { x, apply = x }, { N, D, rows }) => {
  const y = zeros([rows, D])
  for (let d = 0; d < D; d++) {
    let [least, most] = [Infinity, -Infinity]
    for (let n = 0; n < N; n++) {
      least = Math.min(least, at(x.data, n * D + d))
      most = Math.max(most, at(x.data, n * D + d))
    }
    for (let n = 0; n < rows; n++) {
      const ratio = f32(f32(at(apply.data, n * D + d) - least) / f32(most - least))
      y.data[n * D + d] = most === least ? low : f32(low + f32(f32(high - low) * ratio))
    }
  }
  return { y }
}
