import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

// y[n,o] = b[o] + Σ_i w[o,i]·x[n,i]
export const forward: Forward<'dense'> = (_, { x, w, b }, { N, I, O }) => {
  const y = zeros([N, O])
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      let sum = 0
      for (let i = 0; i < I; i++) sum = f32(sum + f32(at(w.data, o * I + i) * at(x.data, n * I + i)))
      y.data[n * O + o] = b === undefined ? sum : f32(at(b.data, o) + sum)
    }
  return { y }
}

// dx[n,i] = Σ_o w[o,i]·dy[n,o],   dw[o,i] = Σ_n dy[n,o]·x[n,i],   db[o] = Σ_n dy[n,o]
export const backward: Backward<'dense'> = (_, { x, w, b }, { y: dy }, { N, I, O }) => {
  const [dx, dw, db] = [zeros([N, I]), zeros([O, I]), zeros([O])]
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      const d = at(dy.data, n * O + o)
      db.data[o] = f32(at(db.data, o) + d)
      for (let i = 0; i < I; i++) {
        const [input, weight] = [n * I + i, o * I + i]
        dx.data[input] = f32(at(dx.data, input) + f32(at(w.data, weight) * d))
        dw.data[weight] = f32(at(dw.data, weight) + f32(d * at(x.data, input)))
      }
    }
  return { x: dx, w: dw, b: b && db }
}
