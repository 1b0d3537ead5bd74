import { at1, at2, sum1, tabulate1, tabulate2, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// h′[n,j] = tanh(b[j] + Σ_i wIh[j,i]·x[n,i] + Σ_k wHh[j,k]·h[n,k])
export const forward: Forward<'rnnCell'> = (_, { x, h, wIh, wHh, b }, { N, I, H }) => ({
  h: tabulate2([N, H], (n, j) =>
    Math.tanh(
      at1(b, j) + sum1(I, (i) => at2(wIh, j, i) * at2(x, n, i)) + sum1(H, (k) => at2(wHh, j, k) * at2(h, n, k)),
    ),
  ),
})

// da = dh′·(1 − h′)·(1 + h′)
// dx[n,i] = Σ_j wIh[j,i]·da[n,j],   dh[n,k] = Σ_j wHh[j,k]·da[n,j]
// dwIh[j,i] = Σ_n da[n,j]·x[n,i],   dwHh[j,k] = Σ_n da[n,j]·h[n,k],   db[j] = Σ_n da[n,j]
export const backward: Backward<'rnnCell'> = (attrs, inputs, { h: dnext }, sizes) => {
  const { x, h, wIh, wHh } = inputs
  const { N, I, H } = sizes
  const { h: next } = forward(attrs, inputs, sizes)
  const da = zip((dnext, next) => dnext * ((1 - next) * (1 + next)), dnext, next)
  return {
    x: tabulate2([N, I], (n, i) => sum1(H, (j) => at2(wIh, j, i) * at2(da, n, j))),
    h: tabulate2([N, H], (n, k) => sum1(H, (j) => at2(wHh, j, k) * at2(da, n, j))),
    wIh: tabulate2([H, I], (j, i) => sum1(N, (n) => at2(da, n, j) * at2(x, n, i))),
    wHh: tabulate2([H, H], (j, k) => sum1(N, (n) => at2(da, n, j) * at2(h, n, k))),
    b: tabulate1([H], (j) => sum1(N, (n) => at2(da, n, j))),
  }
}
