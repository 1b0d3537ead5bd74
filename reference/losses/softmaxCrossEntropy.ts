import { at1, at2, largest, scalarOf, sum1, tabulate1, tabulate2, total } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Field } from '../../spec/field.js'
import { weighted } from './weighted.js'

// z[n,c] = x[n,c] − max_j x[n,j]: the softmax is the same, and e^z is at most 1
const shifted = (x: Field, N: number, C: number): Field => {
  const most = tabulate1([N], (n) => largest(C, (c) => at2(x, n, c)))
  return tabulate2([N, C], (n, c) => at2(x, n, c) - at1(most, n))
}

// S[n] = Σ_c e^{z[n,c]}
const sumOfPowers = (z: Field, N: number, C: number): Field =>
  tabulate1([N], (n) => sum1(C, (c) => Math.exp(at2(z, n, c))))

// loss = −(1/N) Σ_n Σ_c t[n,c]·log p[n,c],   log p = z − log S
export const forward: Forward<'softmaxCrossEntropy'> = ({ reduction }, { logits, target: t }, { N, C }) => {
  const z = shifted(logits, N, C)
  const S = sumOfPowers(z, N, C)
  const each = tabulate1([N], (n) => {
    const logS = Math.log(at1(S, n))
    return -sum1(C, (c) => weighted(at2(t, n, c), at2(z, n, c) - logS))
  })
  return { loss: reduction === 'none' ? each : scalarOf(reduction === 'mean' ? total(each) / N : total(each)) }
}

// dlogits[n,c] = (p[n,c]·Σ_j t[n,j] − t[n,c])·dloss/N,   p = e^z/S
export const backward: Backward<'softmaxCrossEntropy'> = (
  { reduction },
  { logits, target: t },
  { loss: dloss },
  { N, C },
) => {
  const z = shifted(logits, N, C)
  const S = sumOfPowers(z, N, C)
  const T = tabulate1([N], (n) => sum1(C, (c) => at2(t, n, c)))
  const rows = reduction === 'mean' ? N : 1
  return {
    logits: tabulate2([N, C], (n, c) => {
      const p = Math.exp(at2(z, n, c)) / at1(S, n)
      const d = at1(dloss, reduction === 'none' ? n : 0)
      return ((p * at1(T, n) - at2(t, n, c)) * d) / rows
    }),
  }
}
