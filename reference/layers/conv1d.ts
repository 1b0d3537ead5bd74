import { at1, at3, at3OrZero, sum1, sum2, tabulate1, tabulate3, windowReading } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,o,i] = b[o] + Σ_{c,k} w[o,c,k] · x[n, first(o)+c, i·s + k·d − left]
export const forward: Forward<'conv1d'> = (
  { stride: [s], padding: [left], dilation: [d], groups },
  { x, w, b },
  { N, O, Cg, K, Lo },
) => ({
  y: tabulate3([N, O, Lo], (n, o, i) => {
    const first = Cg * Math.floor((o * groups) / O)
    const products = sum2(Cg, K, (c, k) => at3(w, o, c, k) * at3OrZero(x, n, first + c, i * s + k * d - left))
    return b === undefined ? products : products + at1(b, o)
  }),
})

// dx[n,c,r] = Σ over the outputs (o,i) and taps k that read it: r = i·s + k·d − left
// dw[o,c,k] = Σ_{n,i} dy[n,o,i] · x[n, first(o)+c, i·s + k·d − left]
// db[o] = Σ_{n,i} dy[n,o,i]
export const backward: Backward<'conv1d'> = (
  { stride: [s], padding: [left], dilation: [d], groups },
  { x, w, b },
  { y: dy },
  { N, C, L, O, Cg, K, Lo },
) => ({
  x: tabulate3([N, C, L], (n, channel, r) => {
    const [group, c, Og] = [Math.floor(channel / Cg), channel % Cg, O / groups]
    return sum1(K, (k) => {
      const i = windowReading(r + left - k * d, s, Lo)
      return i < 0 ? 0 : sum1(Og, (o) => at3(w, group * Og + o, c, k) * at3(dy, n, group * Og + o, i))
    })
  }),
  w: tabulate3([O, Cg, K], (o, c, k) => {
    const first = Cg * Math.floor((o * groups) / O)
    return sum2(N, Lo, (n, i) => at3(dy, n, o, i) * at3OrZero(x, n, first + c, i * s + k * d - left))
  }),
  b: b && tabulate1([O], (o) => sum2(N, Lo, (n, i) => at3(dy, n, o, i))),
})
