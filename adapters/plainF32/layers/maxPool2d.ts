import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward, Tensor32 } from '../kernel.js'

const { at, f32, zeros } = arithmetic

interface Window {
  readonly window: readonly [number, number]
  readonly H: number
  readonly W: number
}

// the place of the maximum of the window whose first row and column, inside the image or not, are given: the first in
// row-major order; NaN exceeds every number, and of several the last one counts
const placeOfMaximum = (x: Tensor32, { window: [KH, KW], H, W }: Window, map: number, top: number, left: number) => {
  let place = -1
  for (let kh = 0; kh < KH; kh++) {
    const row = top + kh
    if (row < 0 || row >= H) continue
    for (let kw = 0; kw < KW; kw++) {
      const column = left + kw
      if (column < 0 || column >= W) continue
      const here = (map * H + row) * W + column
      if (place < 0 || at(x.data, here) > at(x.data, place) || Number.isNaN(at(x.data, here))) place = here
    }
  }
  return place
}

// y[n,c,i,j] = max_{kh,kw} x[n, c, i·sh + kh − top, j·sw + kw − left] over what is inside the image
export const forward: Forward<'maxPool2d'> = (
  { window, stride: [sh, sw], padding: [top, , left] },
  { x },
  { N, C, H, W, Ho, Wo },
) => {
  const y = zeros([N, C, Ho, Wo])
  for (let map = 0; map < N * C; map++)
    for (let i = 0; i < Ho; i++)
      for (let j = 0; j < Wo; j++) {
        const place = placeOfMaximum(x, { window, H, W }, map, i * sh - top, j * sw - left)
        y.data[(map * Ho + i) * Wo + j] = at(x.data, place)
      }
  return { y }
}

// dy of each window goes to its maximum
export const backward: Backward<'maxPool2d'> = (
  { window, stride: [sh, sw], padding: [top, , left] },
  { x },
  { y: dy },
  { N, C, H, W, Ho, Wo },
) => {
  const dx = zeros(x.shape)
  for (let map = 0; map < N * C; map++)
    for (let i = 0; i < Ho; i++)
      for (let j = 0; j < Wo; j++) {
        const place = placeOfMaximum(x, { window, H, W }, map, i * sh - top, j * sw - left)
        dx.data[place] = f32(at(dx.data, place) + at(dy.data, (map * Ho + i) * Wo + j))
      }
  return { x: dx }
}
