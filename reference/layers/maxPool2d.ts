import {
  at4,
  at4Or,
  largest2,
  lastPlaceOfLargest,
  placeOfLargest,
  sum2,
  tabulate4,
  windowReading,
} from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,c,i,j] = max_{kh,kw} x[n, c, i·sh + kh − top, j·sw + kw − left]; x is −∞ outside the image
export const forward: Forward<'maxPool2d'> = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, , left] },
  { x },
  { N, C, Ho, Wo },
) => ({
  y: tabulate4([N, C, Ho, Wo], (n, c, i, j) =>
    largest2(KH, KW, (kh, kw) => at4Or(-Infinity, x, n, c, i * sh + kh - top, j * sw + kw - left)),
  ),
})

// dx[n,c,r,s] = Σ dy[n,c,i,j] over the windows (i,j) whose first maximum is at (r,s), or whose last; with ties "share"
// Σ dy[n,c,i,j]/m[n,c,i,j] over the windows of which it is one of m maxima
export const backward: Backward<'maxPool2d'> = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, , left], ties },
  { x },
  { y: dy },
  { N, C, H, W, Ho, Wo },
) => {
  const rows = (i: number): readonly [number, number] => [Math.max(i * sh - top, 0), Math.min(i * sh - top + KH, H)]
  const columns = (j: number): readonly [number, number] => [
    Math.max(j * sw - left, 0),
    Math.min(j * sw - left + KW, W),
  ]
  // where each window's one maximum is, as r·W + s
  const winner = tabulate4([N, C, Ho, Wo], (n, c, i, j) => {
    const value = (r: number, s: number): number => at4(x, n, c, r, s)
    const [r, s] =
      ties === 'last' ? lastPlaceOfLargest(rows(i), columns(j), value) : placeOfLargest(rows(i), columns(j), value)
    return r * W + s
  })
  // how large the largest elements of each window are, and how many; NaN is as large as NaN
  const most = tabulate4([N, C, Ho, Wo], (n, c, i, j) =>
    largest2(KH, KW, (kh, kw) => at4Or(-Infinity, x, n, c, i * sh + kh - top, j * sw + kw - left)),
  )
  const isLargest = (n: number, c: number, i: number, j: number, r: number, s: number): boolean =>
    at4(x, n, c, r, s) === at4(most, n, c, i, j) || Number.isNaN(at4(x, n, c, r, s))
  const tied = tabulate4([N, C, Ho, Wo], (n, c, i, j) => {
    const [[first, end], [left, right]] = [rows(i), columns(j)]
    return sum2(end - first, right - left, (r, s) => (isLargest(n, c, i, j, first + r, left + s) ? 1 : 0))
  })
  const pulled = (n: number, c: number, i: number, j: number, r: number, s: number): number =>
    ties === 'share'
      ? isLargest(n, c, i, j, r, s)
        ? at4(dy, n, c, i, j) / at4(tied, n, c, i, j)
        : 0
      : at4(winner, n, c, i, j) === r * W + s
        ? at4(dy, n, c, i, j)
        : 0
  return {
    x: tabulate4([N, C, H, W], (n, c, r, s) =>
      sum2(KH, KW, (kh, kw) => {
        const i = windowReading(r + top - kh, sh, Ho)
        const j = windowReading(s + left - kw, sw, Wo)
        return i < 0 || j < 0 ? 0 : pulled(n, c, i, j, r, s)
      }),
    ),
  }
}
