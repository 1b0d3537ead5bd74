import { at2, at4, sum2, tabulate2, tabulate4 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,c] = (1/(H·W)) · Σ_{r,s} x[n,c,r,s]
export const forward: Forward<'globalAvgPool'> = (_, { x }, { N, C, H, W }) => ({
  y: tabulate2([N, C], (n, c) => sum2(H, W, (r, s) => at4(x, n, c, r, s)) / (H * W)),
})

// dx[n,c,r,s] = dy[n,c]/(H·W)
export const backward: Backward<'globalAvgPool'> = (_attrs, _inputs, { y: dy }, { N, C, H, W }) => ({
  x: tabulate4([N, C, H, W], (n, c) => at2(dy, n, c) / (H * W)),
})
