import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

// y[n,o,i] = b[o] + Σ_{c,k} w[o,c,k]·x[n, first(o)+c, i·s + k·d − left],   x is 0 outside the sequence
export const forward: Forward<'conv1d'> = (
  { stride: [s], padding: [left], dilation: [d], groups },
  { x, w, b },
  { N, C, L, O, Cg, K, Lo },
) => {
  const y = zeros([N, O, Lo])
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const first = Cg * Math.floor((o * groups) / O)
      for (let i = 0; i < Lo; i++) {
        let sum = 0
        for (let c = 0; c < Cg; c++)
          for (let k = 0; k < K; k++) {
            const place = i * s + k * d - left
            const value = place >= 0 && place < L ? at(x.data, (n * C + first + c) * L + place) : 0
            sum = f32(sum + f32(at(w.data, (o * Cg + c) * K + k) * value))
          }
        y.data[(n * O + o) * Lo + i] = b === undefined ? sum : f32(at(b.data, o) + sum)
      }
    }
  return { y }
}

// every product w·x that went into a y[n,o,i] hands its dy on to both, and to the bias; a w met 0 outside the sequence
export const backward: Backward<'conv1d'> = (
  { stride: [s], padding: [left], dilation: [d], groups },
  { x, w, b },
  { y: dy },
  { N, C, L, O, Cg, K, Lo },
) => {
  const [dx, dw, db] = [zeros([N, C, L]), zeros([O, Cg, K]), zeros([O])]
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const first = Cg * Math.floor((o * groups) / O)
      for (let i = 0; i < Lo; i++) {
        const g = at(dy.data, (n * O + o) * Lo + i)
        db.data[o] = f32(at(db.data, o) + g)
        for (let c = 0; c < Cg; c++)
          for (let k = 0; k < K; k++) {
            const place = i * s + k * d - left
            const inside = place >= 0 && place < L
            const [from, weight] = [(n * C + first + c) * L + place, (o * Cg + c) * K + k]
            if (inside) dx.data[from] = f32(at(dx.data, from) + f32(at(w.data, weight) * g))
            dw.data[weight] = f32(at(dw.data, weight) + f32(g * (inside ? at(x.data, from) : 0)))
          }
      }
    }
  return { x: dx, w: dw, b: b && db }
}
