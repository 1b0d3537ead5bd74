import { at4, at4Or, largest2, placeOfLargest, sum2, tabulate4, windowReading } from '../arithmetic.js'
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

// dx[n,c,r,s] = Σ dy[n,c,i,j] over the windows (i,j) whose first maximum is at (r,s)
export const backward: Backward<'maxPool2d'> = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, , left] },
  { x },
  { y: dy },
  { N, C, H, W, Ho, Wo },
) => {
  // where each window's first maximum is, as r·W + s
  const winner = tabulate4([N, C, Ho, Wo], (n, c, i, j) => {
    const [r, s] = placeOfLargest(
      [Math.max(i * sh - top, 0), Math.min(i * sh - top + KH, H)],
      [Math.max(j * sw - left, 0), Math.min(j * sw - left + KW, W)],
      (r, s) => at4(x, n, c, r, s),
    )
    return r * W + s
  })
  return {
    x: tabulate4([N, C, H, W], (n, c, r, s) =>
      sum2(KH, KW, (kh, kw) => {
        const i = windowReading(r + top - kh, sh, Ho)
        const j = windowReading(s + left - kw, sw, Wo)
        return i < 0 || j < 0 || at4(winner, n, c, i, j) !== r * W + s ? 0 : at4(dy, n, c, i, j)
      }),
    ),
  }
}
