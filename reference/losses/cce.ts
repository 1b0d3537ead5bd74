import { at1, at2, scalarOf, sum1, tabulate1, tabulate2, total } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { weighted } from './weighted.js'

// loss = −(1/N) Σ_n Σ_c t[n,c]·log p[n,c], 0·log 0 = 0
export const forward: Forward<'cce'> = ({ reduction }, { prediction: p, target: t }, { N, C }) => {
  const each = tabulate1([N], (n) => -sum1(C, (c) => weighted(at2(t, n, c), Math.log(at2(p, n, c)))))
  return { loss: reduction === 'none' ? each : scalarOf(reduction === 'mean' ? total(each) / N : total(each)) }
}

// −t/p; 0 where t is 0, also for p = 0
const slope = (p: number, t: number): number => (t === 0 && !Number.isNaN(p) ? 0 : -t / p)

// dprediction[n,c] = −t[n,c]/p[n,c]·dloss/N
export const backward: Backward<'cce'> = ({ reduction }, { prediction: p, target: t }, { loss: dloss }, { N, C }) => {
  const rows = reduction === 'mean' ? N : 1
  return {
    prediction: tabulate2([N, C], (n, c) => {
      const d = at1(dloss, reduction === 'none' ? n : 0)
      return (slope(at2(p, n, c), at2(t, n, c)) * d) / rows
    }),
  }
}
