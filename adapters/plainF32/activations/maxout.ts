import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

// a[n,k,o] = b[k,o] + Σ_i w[k,o,i]·x[n,i]
const piece = (x: Float32Array, w: Float32Array, b: Float32Array, I: number, n: number, row: number): number => {
  let sum = 0
  for (let i = 0; i < I; i++) sum = f32(sum + f32(at(w, row * I + i) * at(x, n * I + i)))
  return f32(sum + at(b, row))
}

// y[n,o] = max_k a[n,k,o]; NaN exceeds every number
export const forward: Forward<'maxout'> = (_, { x, w, b }, { N, I, K, O }) => {
  const y = zeros([N, O])
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      let largest = -Infinity
      for (let k = 0; k < K; k++) largest = Math.max(largest, piece(x.data, w.data, b.data, I, n, k * O + o))
      y.data[n * O + o] = largest
    }
  return { y }
}

// with κ the k whose a[n,k,o] is largest, the first or the last; or with all of them, each with a part of dy[n,o]:
// dx[n,i] = Σ_o w[κ,o,i]·dy[n,o],   dw[κ,o,i] = Σ_n dy[n,o]·x[n,i],   db[κ,o] = Σ_n dy[n,o]
export const backward: Backward<'maxout'> = ({ ties }, { x, w, b }, { y: dy }, { N, I, K, O }) => {
  const [dx, dw, db] = [zeros([N, I]), zeros([K, O, I]), zeros([K, O])]
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++) {
      let tied: number[] = []
      let largest = -Infinity
      for (let k = 0; k < K; k++) {
        const a = piece(x.data, w.data, b.data, I, n, k * O + o)
        if (k === 0 || a > largest || (Number.isNaN(a) && !Number.isNaN(largest))) {
          tied = [k]
          largest = a
        } else if (a === largest || (Number.isNaN(a) && Number.isNaN(largest))) tied.push(k)
      }
      const takers = ties === 'share' ? tied : ties === 'last' ? tied.slice(-1) : tied.slice(0, 1)
      const d = f32(at(dy.data, n * O + o) / takers.length)
      for (const k of takers) {
        const row = k * O + o
        db.data[row] = f32(at(db.data, row) + d)
        for (let i = 0; i < I; i++) {
          const [weight, input] = [row * I + i, n * I + i]
          dx.data[input] = f32(at(dx.data, input) + f32(at(w.data, weight) * d))
          dw.data[weight] = f32(at(dw.data, weight) + f32(d * at(x.data, input)))
        }
      }
    }
  return { x: dx, w: dw, b: db }
}
