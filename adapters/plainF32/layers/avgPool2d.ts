import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

/** The rows or columns of a window, the i-th of its axis, that are inside the image: from the first to before the last. */
const inside = (i: number, stride: number, before: number, window: number, size: number) => {
  const start = i * stride - before
  return [Math.max(start, 0), Math.min(start + window, size)] as const
}

/** How many of its rows or columns are inside the image and its padding: all, unless it hangs over the end. */
const withPadding = (i: number, stride: number, before: number, window: number, size: number, after: number) =>
  Math.min(window, before + size + after - i * stride)

// y[n,c,i,j] = Σ of the window's elements inside the image / count(i,j), which with countIncludePad is the number of its
// elements inside the padded image, else the number of those elements
export const forward: Forward<'avgPool2d'> = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, bottom, left, right], countIncludePad },
  { x },
  { N, C, H, W, Ho, Wo },
) => {
  const y = zeros([N, C, Ho, Wo])
  for (let map = 0; map < N * C; map++)
    for (let i = 0; i < Ho; i++)
      for (let j = 0; j < Wo; j++) {
        const [firstRow, endRow] = inside(i, sh, top, KH, H)
        const [firstColumn, endColumn] = inside(j, sw, left, KW, W)
        let sum = 0
        for (let row = firstRow; row < endRow; row++)
          for (let column = firstColumn; column < endColumn; column++)
            sum = f32(sum + at(x.data, (map * H + row) * W + column))
        const count = countIncludePad
          ? withPadding(i, sh, top, KH, H, bottom) * withPadding(j, sw, left, KW, W, right)
          : (endRow - firstRow) * (endColumn - firstColumn)
        y.data[(map * Ho + i) * Wo + j] = f32(sum / count)
      }
  return { y }
}

// dx[n,c,r,s] = Σ dy[n,c,i,j]/count(i,j) over the windows (i,j) that contain (r,s)
export const backward: Backward<'avgPool2d'> = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, bottom, left, right], countIncludePad },
  { x },
  { y: dy },
  { N, C, H, W, Ho, Wo },
) => {
  const dx = zeros(x.shape)
  for (let map = 0; map < N * C; map++)
    for (let i = 0; i < Ho; i++)
      for (let j = 0; j < Wo; j++) {
        const [firstRow, endRow] = inside(i, sh, top, KH, H)
        const [firstColumn, endColumn] = inside(j, sw, left, KW, W)
        const count = countIncludePad
          ? withPadding(i, sh, top, KH, H, bottom) * withPadding(j, sw, left, KW, W, right)
          : (endRow - firstRow) * (endColumn - firstColumn)
        const share = f32(at(dy.data, (map * Ho + i) * Wo + j) / count)
        for (let row = firstRow; row < endRow; row++)
          for (let column = firstColumn; column < endColumn; column++) {
            const place = (map * H + row) * W + column
            dx.data[place] = f32(at(dx.data, place) + share)
          }
      }
  return { x: dx }
}
