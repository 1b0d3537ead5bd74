import { at1, reshaped, tabulate2 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,d] = element n·D + d of x, in row-major order
export const forward: Forward<'flatten'> = (_, { x }, { N, D }) => ({
  y: tabulate2([N, D], (n, d) => at1(x, n * D + d)),
})

// dx = dy under x's shape
export const backward: Backward<'flatten'> = (_, { x }, { y: dy }) => ({ x: reshaped(x.shape, dy) })
