import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

// y[n,o,i,j] = b[o] + Σ_{c,kh,kw} w[o,c,kh,kw]·x[n, first(o)+c, i·sh + kh·dh − top, j·sw + kw·dw − left],
// x is 0 outside the image
export const forward: Forward<'conv2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { N, C, H, W, O, Cg, KH, KW, Ho, Wo },
) => {
  const y = zeros([N, O, Ho, Wo])
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const first = Cg * Math.floor((o * groups) / O)
      for (let i = 0; i < Ho; i++)
        for (let j = 0; j < Wo; j++) {
          let sum = 0
          for (let c = 0; c < Cg; c++)
            for (let kh = 0; kh < KH; kh++) {
              const row = i * sh + kh * dh - top
              const pixels = ((n * C + first + c) * H + row) * W
              const weights = ((o * Cg + c) * KH + kh) * KW
              for (let kw = 0; kw < KW; kw++) {
                const column = j * sw + kw * dw - left
                const inside = row >= 0 && row < H && column >= 0 && column < W
                const pixel = inside ? at(x.data, pixels + column) : 0
                sum = f32(sum + f32(at(w.data, weights + kw) * pixel))
              }
            }
          y.data[((n * O + o) * Ho + i) * Wo + j] = b === undefined ? sum : f32(at(b.data, o) + sum)
        }
    }
  return { y }
}

// every product w·x that went into a y[n,o,i,j] hands its dy on to both, and to the bias; a w met 0 outside the image
export const backward: Backward<'conv2d'> = (
  { stride: [sh, sw], padding: [top, , left], dilation: [dh, dw], groups },
  { x, w, b },
  { y: dy },
  { N, C, H, W, O, Cg, KH, KW, Ho, Wo },
) => {
  const [dx, dfilter, db] = [zeros([N, C, H, W]), zeros([O, Cg, KH, KW]), zeros([O])]
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const first = Cg * Math.floor((o * groups) / O)
      for (let i = 0; i < Ho; i++)
        for (let j = 0; j < Wo; j++) {
          const g = at(dy.data, ((n * O + o) * Ho + i) * Wo + j)
          db.data[o] = f32(at(db.data, o) + g)
          for (let c = 0; c < Cg; c++)
            for (let kh = 0; kh < KH; kh++) {
              const row = i * sh + kh * dh - top
              const pixels = ((n * C + first + c) * H + row) * W
              const weights = ((o * Cg + c) * KH + kh) * KW
              for (let kw = 0; kw < KW; kw++) {
                const column = j * sw + kw * dw - left
                const inside = row >= 0 && row < H && column >= 0 && column < W
                const [from, weight] = [pixels + column, weights + kw]
                if (inside) dx.data[from] = f32(at(dx.data, from) + f32(at(w.data, weight) * g))
                dfilter.data[weight] = f32(at(dfilter.data, weight) + f32(g * (inside ? at(x.data, from) : 0)))
              }
            }
        }
    }
  return { x: dx, w: dfilter, b: b && db }
}
