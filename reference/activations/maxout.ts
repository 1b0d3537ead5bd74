import {
  at2,
  at3,
  indexOfLargest,
  largest,
  lastIndexOfLargest,
  sum1,
  sum2,
  tabulate2,
  tabulate3,
} from '../arithmetic.js'
import type { Backward, Forward, InputFields } from '../kernel.js'

// a[n,k,o] = b[k,o] + Σ_i w[k,o,i] · x[n,i]
const piece = ({ x, w, b }: InputFields<'maxout'>, I: number, n: number, k: number, o: number): number =>
  sum1(I, (i) => at3(w, k, o, i) * at2(x, n, i)) + at2(b, k, o)

// y[n,o] = max_k a[n,k,o]
export const forward: Forward<'maxout'> = (_, inputs, { N, I, O, K }) => ({
  y: tabulate2([N, O], (n, o) => largest(K, (k) => piece(inputs, I, n, k, o))),
})

// with κ[n,o] the first k whose a[n,k,o] is largest, or the last:
// dx[n,i] = Σ_o w[κ,o,i] · dy[n,o]
// dw[k,o,i] = Σ_n dy[n,o] · x[n,i] over the n with κ[n,o] = k
// db[k,o] = Σ_n dy[n,o] over the same
// with ties "share" each of the m[n,o] largest has dy[n,o]/m[n,o] in the place of dy[n,o]
export const backward: Backward<'maxout'> = ({ ties }, inputs, { y: dy }, { N, I, O, K }) => {
  const { x, w } = inputs
  const a = tabulate3([N, K, O], (n, k, o) => piece(inputs, I, n, k, o))
  const one = tabulate2([N, O], (n, o) =>
    ties === 'last' ? lastIndexOfLargest(K, (k) => at3(a, n, k, o)) : indexOfLargest(K, (k) => at3(a, n, k, o)),
  )
  const most = tabulate2([N, O], (n, o) => largest(K, (k) => at3(a, n, k, o)))
  const isLargest = (n: number, k: number, o: number): boolean =>
    at3(a, n, k, o) === at2(most, n, o) || Number.isNaN(at3(a, n, k, o))
  const tied = tabulate2([N, O], (n, o) => sum1(K, (k) => (isLargest(n, k, o) ? 1 : 0)))
  const takes = (n: number, k: number, o: number): boolean =>
    ties === 'share' ? isLargest(n, k, o) : at2(one, n, o) === k
  const part = tabulate2([N, O], (n, o) => (ties === 'share' ? at2(dy, n, o) / at2(tied, n, o) : at2(dy, n, o)))
  return {
    x: tabulate2([N, I], (n, i) =>
      ties === 'share'
        ? sum2(O, K, (o, k) => (takes(n, k, o) ? at3(w, k, o, i) * at2(part, n, o) : 0))
        : sum1(O, (o) => at3(w, at2(one, n, o), o, i) * at2(dy, n, o)),
    ),
    w: tabulate3([K, O, I], (k, o, i) => sum1(N, (n) => (takes(n, k, o) ? at2(part, n, o) * at2(x, n, i) : 0))),
    b: tabulate2([K, O], (k, o) => sum1(N, (n) => (takes(n, k, o) ? at2(part, n, o) : 0))),
  }
}
