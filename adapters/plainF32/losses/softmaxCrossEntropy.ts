import { at, exp, f32, log, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { cotangentOf, divisorOf, reduced, weighted } from './reduction.js'

// the largest logit x of a row, and S = Σ_c e^{x[c] − largest}
const rowOf = (x: Float32Array, first: number, C: number) => {
  let largest = -Infinity
  for (let c = 0; c < C; c++) largest = Math.max(largest, at(x, first + c))
  let sum = 0
  for (let c = 0; c < C; c++) sum = f32(sum + exp(f32(at(x, first + c) - largest)))
  return { largest, sum }
}

// z = x − max_j x,   S = Σ_c e^z,   −Σ_c t·(z − log S), its mean over the rows
export const forward: Forward<'softmaxCrossEntropy'> = ({ reduction }, { logits, target }, { N, C }) => {
  const rows = zeros([N])
  for (let n = 0; n < N; n++) {
    const { largest, sum } = rowOf(logits.data, n * C, C)
    const ofSum = log(sum)
    let cost = 0
    for (let c = 0; c < C; c++) {
      const logP = f32(f32(at(logits.data, n * C + c) - largest) - ofSum)
      cost = f32(cost + weighted(at(target.data, n * C + c), logP))
    }
    rows.data[n] = -cost
  }
  return { loss: reduced(reduction, rows) }
}

// dx[n,c] = (p[n,c]·Σ_j t[n,j] − t[n,c])·dloss/N,   p = e^z/S
export const backward: Backward<'softmaxCrossEntropy'> = (
  { reduction },
  { logits, target },
  { loss: dloss },
  { N, C },
) => {
  const d = zeros([N, C])
  const divisor = divisorOf(reduction, N)
  for (let n = 0; n < N; n++) {
    const { largest, sum } = rowOf(logits.data, n * C, C)
    let targets = 0
    for (let c = 0; c < C; c++) targets = f32(targets + at(target.data, n * C + c))
    for (let c = 0; c < C; c++) {
      const p = f32(exp(f32(at(logits.data, n * C + c) - largest)) / sum)
      const difference = f32(f32(p * targets) - at(target.data, n * C + c))
      d.data[n * C + c] = f32(f32(difference * cotangentOf(reduction, dloss, n)) / divisor)
    }
  }
  return { logits: d }
}
