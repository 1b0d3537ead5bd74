import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import { at4, at4OrZero, sum2, tabulate4, windowReading } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// how many of the positions start … start + window − 1 lie inside an axis with so much padding on either side of it
const inside = (start: number, window: number, size: number, before: number, after: number): number =>
  Math.min(start + window, size + after) - Math.max(start, -before)

// what window (i,j) is divided by: the number of its elements inside the image, or inside the padded image
const counting =
  (
    { window: [KH, KW], stride: [sh, sw], padding: [top, bottom, left, right], countIncludePad }: AttrsOf<'avgPool2d'>,
    { H, W }: SizesOf<'avgPool2d'>,
  ) =>
  (i: number, j: number): number => {
    const [above, below, before, behind] = countIncludePad ? [top, bottom, left, right] : [0, 0, 0, 0]
    return inside(i * sh - top, KH, H, above, below) * inside(j * sw - left, KW, W, before, behind)
  }

// y[n,c,i,j] = (1/count(i,j)) · Σ_{kh,kw} x[n, c, i·sh + kh − top, j·sw + kw − left]
export const forward: Forward<'avgPool2d'> = (attrs, { x }, sizes) => {
  const [KH, KW] = attrs.window
  const [sh, sw] = attrs.stride
  const [top, , left] = attrs.padding
  const { N, C, Ho, Wo } = sizes
  const count = counting(attrs, sizes)
  return {
    y: tabulate4([N, C, Ho, Wo], (n, c, i, j) => {
      const elements = sum2(KH, KW, (kh, kw) => at4OrZero(x, n, c, i * sh + kh - top, j * sw + kw - left))
      return elements / count(i, j)
    }),
  }
}

// dx[n,c,r,s] = Σ dy[n,c,i,j]/count(i,j) over the windows (i,j) that contain (r,s)
export const backward: Backward<'avgPool2d'> = (attrs, _, { y: dy }, sizes) => {
  const [KH, KW] = attrs.window
  const [sh, sw] = attrs.stride
  const [top, , left] = attrs.padding
  const { N, C, H, W, Ho, Wo } = sizes
  const count = counting(attrs, sizes)
  return {
    x: tabulate4([N, C, H, W], (n, c, r, s) =>
      sum2(KH, KW, (kh, kw) => {
        const i = windowReading(r + top - kh, sh, Ho)
        const j = windowReading(s + left - kw, sw, Wo)
        return i < 0 || j < 0 ? 0 : at4(dy, n, c, i, j) / count(i, j)
      }),
    ),
  }
}
