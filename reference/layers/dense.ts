import { at1, at2, sum1, tabulate1, tabulate2 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,o] = b[o] + Σ_i w[o,i] · x[n,i]
export const forward: Forward<'dense'> = (_, { x, w, b }, { N, I, O }) => ({
  y: tabulate2([N, O], (n, o) => {
    const products = sum1(I, (i) => at2(w, o, i) * at2(x, n, i))
    return b === undefined ? products : products + at1(b, o)
  }),
})

// dx[n,i] = Σ_o w[o,i] · dy[n,o]
// dw[o,i] = Σ_n dy[n,o] · x[n,i]
// db[o] = Σ_n dy[n,o]
export const backward: Backward<'dense'> = (_, { x, w, b }, { y: dy }, { N, I, O }) => ({
  x: tabulate2([N, I], (n, i) => sum1(O, (o) => at2(w, o, i) * at2(dy, n, o))),
  w: tabulate2([O, I], (o, i) => sum1(N, (n) => at2(dy, n, o) * at2(x, n, i))),
  b: b && tabulate1([O], (o) => sum1(N, (n) => at2(dy, n, o))),
})
