import { at, f32, log, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { cotangentOf, divisorOf, reduced, weighted } from './reduction.js'

// −Σ_c t[n,c]·log p[n,c], its mean over the rows
export const forward: Forward<'cce'> = ({ reduction }, { prediction, target }, { N, C }) => {
  const rows = zeros([N])
  for (let n = 0; n < N; n++) {
    let sum = 0
    for (let c = 0; c < C; c++)
      sum = f32(sum + weighted(at(target.data, n * C + c), log(at(prediction.data, n * C + c))))
    rows.data[n] = -sum
  }
  return { loss: reduced(reduction, rows) }
}

// dp = −t/p·dloss/N; where t is 0 the term is away
export const backward: Backward<'cce'> = ({ reduction }, { prediction, target }, { loss: dloss }, { N, C }) => {
  const d = zeros([N, C])
  const rows = divisorOf(reduction, N)
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const [p, t] = [at(prediction.data, n * C + c), at(target.data, n * C + c)]
      const slope = t === 0 && !Number.isNaN(p) ? 0 : f32(-t / p)
      d.data[n * C + c] = f32(f32(slope * cotangentOf(reduction, dloss, n)) / rows)
    }
  return { prediction: d }
}
