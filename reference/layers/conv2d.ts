import { at1, at4, at4OrZero, sum1, sum2, sum3, tabulate1, tabulate4, windowReading } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,o,i,j] = b[o] + Σ_{c,kh,kw} w[o,c,kh,kw] · x[n, first(o)+c, i·sh + kh·dh − top, j·sw + kw·dw − left]
export const forward: Forward<'conv2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { N, O, Cg, KH, KW, Ho, Wo },
) => ({
  y: tabulate4([N, O, Ho, Wo], (n, o, i, j) => {
    const first = Cg * Math.floor((o * groups) / O)
    const row = i * sh - top
    const column = j * sw - left
    const products = sum3(
      Cg,
      KH,
      KW,
      (c, kh, kw) => at4(w, o, c, kh, kw) * at4OrZero(x, n, first + c, row + kh * dh, column + kw * dw),
    )
    return b === undefined ? products : products + at1(b, o)
  }),
})

// dx[n,c,r,s] = Σ over the outputs (o,i,j) and taps (kh,kw) that read it: r = i·sh + kh·dh − top, s = j·sw + kw·dw − left
// dw[o,c,kh,kw] = Σ_{n,i,j} dy[n,o,i,j] · x[n, first(o)+c, i·sh + kh·dh − top, j·sw + kw·dw − left]
// db[o] = Σ_{n,i,j} dy[n,o,i,j]
export const backward: Backward<'conv2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { y: dy },
  { N, C, H, W, O, Cg, KH, KW, Ho, Wo },
) => ({
  x: tabulate4([N, C, H, W], (n, channel, r, s) => {
    const [group, c, Og] = [Math.floor(channel / Cg), channel % Cg, O / groups]
    return sum2(KH, KW, (kh, kw) => {
      const i = windowReading(r + top - kh * dh, sh, Ho)
      const j = windowReading(s + left - kw * dw, sw, Wo)
      return i < 0 || j < 0 ? 0 : sum1(Og, (o) => at4(w, group * Og + o, c, kh, kw) * at4(dy, n, group * Og + o, i, j))
    })
  }),
  w: tabulate4([O, Cg, KH, KW], (o, c, kh, kw) => {
    const channel = Cg * Math.floor((o * groups) / O) + c
    const row = kh * dh - top
    const column = kw * dw - left
    return sum3(N, Ho, Wo, (n, i, j) => at4(dy, n, o, i, j) * at4OrZero(x, n, channel, row + i * sh, column + j * sw))
  }),
  b: b && tabulate1([O], (o) => sum3(N, Ho, Wo, (n, i, j) => at4(dy, n, o, i, j))),
})
