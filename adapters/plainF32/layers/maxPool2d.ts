import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward, Tensor32 } from '../kernel.js'

const { at, f32, zeros } = arithmetic

interface Window {
  readonly window: readonly [number, number]
  readonly H: number
  readonly W: number
}

// the places of the maxima of the window whose first row and column, inside the image or not, are given, in row-major
// order; NaN exceeds every number, and all NaN are alike
const placesOfMaxima = (x: Tensor32, { window: [KH, KW], H, W }: Window, map: number, top: number, left: number) => {
  let places: number[] = []
  let most = -Infinity
  for (let kh = 0; kh < KH; kh++) {
    const row = top + kh
    if (row < 0 || row >= H) continue
    for (let kw = 0; kw < KW; kw++) {
      const column = left + kw
      if (column < 0 || column >= W) continue
      const here = (map * H + row) * W + column
      const value = at(x.data, here)
      if (value > most || (Number.isNaN(value) && !Number.isNaN(most))) {
        places = [here]
        most = value
      } else if (value === most || Number.isNaN(value)) places.push(here)
    }
  }
  return places
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
        const [place] = placesOfMaxima(x, { window, H, W }, map, i * sh - top, j * sw - left)
        y.data[(map * Ho + i) * Wo + j] = at(x.data, place as number)
      }
  return { y }
}

// dy of each window goes to its first maximum, to its last one, which it is of several NaN as well, or to all in equal parts
export const backward: Backward<'maxPool2d'> = (
  { window, stride: [sh, sw], padding: [top, , left], ties },
  { x },
  { y: dy },
  { N, C, H, W, Ho, Wo },
) => {
  const dx = zeros(x.shape)
  for (let map = 0; map < N * C; map++)
    for (let i = 0; i < Ho; i++)
      for (let j = 0; j < Wo; j++) {
        const places = placesOfMaxima(x, { window, H, W }, map, i * sh - top, j * sw - left)
        const d = at(dy.data, (map * Ho + i) * Wo + j)
        const isFirst = ties === 'first' && !Number.isNaN(at(x.data, places[0] as number))
        const takers = ties === 'share' ? places : isFirst ? places.slice(0, 1) : places.slice(-1)
        for (const place of takers) dx.data[place] = f32(at(dx.data, place) + f32(d / takers.length))
      }
  return { x: dx }
}
