import { at2, at3, indexOfLargest, largest, sum1, tabulate2, tabulate3 } from '../arithmetic.js'
import type { Backward, Forward, InputFields } from '../kernel.js'

// a[n,k,o] = b[k,o] + Σ_i w[k,o,i] · x[n,i]
const piece = ({ x, w, b }: InputFields<'maxout'>, I: number, n: number, k: number, o: number): number =>
  sum1(I, (i) => at3(w, k, o, i) * at2(x, n, i)) + at2(b, k, o)

// y[n,o] = max_k a[n,k,o]
export const forward: Forward<'maxout'> = (_, inputs, { N, I, O, K }) => ({
  y: tabulate2([N, O], (n, o) => largest(K, (k) => piece(inputs, I, n, k, o))),
})

// with κ[n,o] the first k whose a[n,k,o] is largest:
// dx[n,i] = Σ_o w[κ,o,i] · dy[n,o]
// dw[k,o,i] = Σ_n dy[n,o] · x[n,i] over the n with κ[n,o] = k
// db[k,o] = Σ_n dy[n,o] over the same
export const backward: Backward<'maxout'> = (_, inputs, { y: dy }, { N, I, O, K }) => {
  const { x, w } = inputs
  const first = tabulate2([N, O], (n, o) => indexOfLargest(K, (k) => piece(inputs, I, n, k, o)))
  return {
    x: tabulate2([N, I], (n, i) => sum1(O, (o) => at3(w, at2(first, n, o), o, i) * at2(dy, n, o))),
    w: tabulate3([K, O, I], (k, o, i) => sum1(N, (n) => (at2(first, n, o) === k ? at2(dy, n, o) * at2(x, n, i) : 0))),
    b: tabulate2([K, O], (k, o) => sum1(N, (n) => (at2(first, n, o) === k ? at2(dy, n, o) : 0))),
  }
}
