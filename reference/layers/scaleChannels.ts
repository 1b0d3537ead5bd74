import { at2, at4, sum2, tabulate2, tabulate4 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,c,h,w] = s[n,c]·x[n,c,h,w]
export const forward: Forward<'scaleChannels'> = (_, { x, s }, { N, C, H, W }) => ({
  y: tabulate4([N, C, H, W], (n, c, h, w) => at2(s, n, c) * at4(x, n, c, h, w)),
})

// dx[n,c,h,w] = s[n,c]·dy[n,c,h,w]
// ds[n,c] = Σ_{h,w} dy[n,c,h,w]·x[n,c,h,w]
export const backward: Backward<'scaleChannels'> = (_, { x, s }, { y: dy }, { N, C, H, W }) => ({
  x: tabulate4([N, C, H, W], (n, c, h, w) => at2(s, n, c) * at4(dy, n, c, h, w)),
  s: tabulate2([N, C], (n, c) => sum2(H, W, (h, w) => at4(dy, n, c, h, w) * at4(x, n, c, h, w))),
})
