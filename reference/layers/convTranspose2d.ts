import { at1, at4, at4OrZero, sum1, sum2, sum3, tabulate1, tabulate4, windowReading } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,o,r,s] = b[o] + Σ w[c, o − first(c), kh, kw] · x[n,c,i,j] over the channels c of o's group and the pixels (i,j) and
// taps (kh,kw) that reach it: r = i·sh + kh·dh − top, s = j·sw + kw·dw − left
export const forward: Forward<'convTranspose2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { N, C, H, W, O, Og, KH, KW, Ho, Wo },
) => ({
  y: tabulate4([N, O, Ho, Wo], (n, output, r, s) => {
    const [group, o, Cg] = [Math.floor(output / Og), output % Og, C / groups]
    const products = sum2(KH, KW, (kh, kw) => {
      const i = windowReading(r + top - kh * dh, sh, H)
      const j = windowReading(s + left - kw * dw, sw, W)
      return i < 0 || j < 0 ? 0 : sum1(Cg, (c) => at4(w, group * Cg + c, o, kh, kw) * at4(x, n, group * Cg + c, i, j))
    })
    return b === undefined ? products : products + at1(b, output)
  }),
})

// dx[n,c,i,j] = Σ_{o,kh,kw} w[c,o,kh,kw] · dy[n, first(c)+o, i·sh + kh·dh − top, j·sw + kw·dw − left]
// dw[c,o,kh,kw] = Σ_{n,i,j} x[n,c,i,j] · dy[n, first(c)+o, i·sh + kh·dh − top, j·sw + kw·dw − left]
// db[o] = Σ_{n,r,s} dy[n,o,r,s]
export const backward: Backward<'convTranspose2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { y: dy },
  { N, C, H, W, O, Og, KH, KW, Ho, Wo },
) => ({
  x: tabulate4([N, C, H, W], (n, c, i, j) => {
    const first = Og * Math.floor((c * groups) / C)
    const [row, column] = [i * sh - top, j * sw - left]
    return sum3(
      Og,
      KH,
      KW,
      (o, kh, kw) => at4(w, c, o, kh, kw) * at4OrZero(dy, n, first + o, row + kh * dh, column + kw * dw),
    )
  }),
  w: tabulate4([C, Og, KH, KW], (c, o, kh, kw) => {
    const output = Og * Math.floor((c * groups) / C) + o
    const [row, column] = [kh * dh - top, kw * dw - left]
    return sum3(N, H, W, (n, i, j) => at4(x, n, c, i, j) * at4OrZero(dy, n, output, row + i * sh, column + j * sw))
  }),
  b: b && tabulate1([O], (o) => sum3(N, Ho, Wo, (n, r, s) => at4(dy, n, o, r, s))),
})
