import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

// every pixel x[n,c,i,j] stamps the filters of its channel on y: w[c,o,kh,kw]·x[n,c,i,j] is added to
// y[n, first(c)+o, i·sh + kh·dh − top, j·sw + kw·dw − left], where that is there; then the bias
export const forward: Forward<'convTranspose2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { N, C, H, W, O, Og, KH, KW, Ho, Wo },
) => {
  const y = zeros([N, O, Ho, Wo])
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const first = Og * Math.floor((c * groups) / C)
      for (let i = 0; i < H; i++)
        for (let j = 0; j < W; j++) {
          const pixel = at(x.data, ((n * C + c) * H + i) * W + j)
          for (let o = 0; o < Og; o++)
            for (let kh = 0; kh < KH; kh++) {
              const row = i * sh + kh * dh - top
              if (row < 0 || row >= Ho) continue
              const places = ((n * O + first + o) * Ho + row) * Wo
              const weights = ((c * Og + o) * KH + kh) * KW
              for (let kw = 0; kw < KW; kw++) {
                const column = j * sw + kw * dw - left
                if (column < 0 || column >= Wo) continue
                const place = places + column
                y.data[place] = f32(at(y.data, place) + f32(at(w.data, weights + kw) * pixel))
              }
            }
        }
    }
  for (let n = 0; n < N && b !== undefined; n++)
    for (let o = 0; o < O; o++)
      for (let place = (n * O + o) * Ho * Wo; place < (n * O + o + 1) * Ho * Wo; place++)
        y.data[place] = f32(at(b.data, o) + at(y.data, place))
  return { y }
}

// dx[n,c,i,j] = Σ_{o,kh,kw} w[c,o,kh,kw]·dy[n, first(c)+o, i·sh + kh·dh − top, j·sw + kw·dw − left]
// dw[c,o,kh,kw] = Σ_{n,i,j} x[n,c,i,j]·dy at the same place,   db[o] = Σ dy;   dy is 0 outside the image
export const backward: Backward<'convTranspose2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { y: dy },
  { N, C, H, W, O, Og, KH, KW, Ho, Wo },
) => {
  const [dx, dfilter, db] = [zeros([N, C, H, W]), zeros([C, Og, KH, KW]), zeros([O])]
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const first = Og * Math.floor((c * groups) / C)
      for (let i = 0; i < H; i++)
        for (let j = 0; j < W; j++) {
          const pixel = ((n * C + c) * H + i) * W + j
          let sum = 0
          for (let o = 0; o < Og; o++)
            for (let kh = 0; kh < KH; kh++) {
              const row = i * sh + kh * dh - top
              const places = ((n * O + first + o) * Ho + row) * Wo
              const weights = ((c * Og + o) * KH + kh) * KW
              for (let kw = 0; kw < KW; kw++) {
                const column = j * sw + kw * dw - left
                const inside = row >= 0 && row < Ho && column >= 0 && column < Wo
                const [g, weight] = [inside ? at(dy.data, places + column) : 0, weights + kw]
                sum = f32(sum + f32(at(w.data, weight) * g))
                dfilter.data[weight] = f32(at(dfilter.data, weight) + f32(at(x.data, pixel) * g))
              }
            }
          dx.data[pixel] = sum
        }
    }
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let place = (n * O + o) * Ho * Wo; place < (n * O + o + 1) * Ho * Wo; place++)
        db.data[o] = f32(at(db.data, o) + at(dy.data, place))
  return { x: dx, w: dfilter, b: b && db }
}
