import { at, f32, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { cotangentOf, divisorOf, reduced } from './reduction.js'

// m[n,j,c] = 1 + s[n,j] − s[n,c]
const margin = (sj: number, sc: number): number => f32(f32(1 + sj) - sc)
// at 0 as well with the slope to the corner's right
const isShort = (m: number, atCorner: boolean): boolean => m > 0 || (m === 0 && atCorner)

// Σ_c Σ_{j≠c} t[n,c]·max(0, m[n,j,c]), its mean over the rows; a target of 0 takes its class away
export const forward: Forward<'hinge'> = ({ reduction }, { scores, target }, { N, C }) => {
  const rows = zeros([N])
  for (let n = 0; n < N; n++) {
    let cost = 0
    for (let c = 0; c < C; c++) {
      const [wanted, score] = [at(target.data, n * C + c), at(scores.data, n * C + c)]
      if (wanted === 0) continue
      let sum = 0
      for (let j = 0; j < C; j++)
        if (j !== c) sum = f32(sum + f32(wanted * Math.max(0, margin(at(scores.data, n * C + j), score))))
      cost = f32(cost + sum)
    }
    rows.data[n] = cost
  }
  return { loss: reduced(reduction, rows) }
}

// ds[n,j] = (Σ_{c≠j} t[n,c]·[m[n,j,c] > 0] − t[n,j]·Σ_{k≠j} [m[n,k,j] > 0])·dloss/N
export const backward: Backward<'hinge'> = ({ reduction, kink }, { scores, target }, { loss: dloss }, { N, C }) => {
  const d = zeros([N, C])
  const isViolated = (sj: number, sc: number): 0 | 1 => (isShort(margin(sj, sc), kink === 'right') ? 1 : 0)
  const divisor = divisorOf(reduction, N)
  for (let n = 0; n < N; n++)
    for (let j = 0; j < C; j++) {
      const [own, score] = [at(target.data, n * C + j), at(scores.data, n * C + j)]
      let [up, violations] = [0, 0]
      for (let c = 0; c < C; c++) {
        if (c === j) continue
        const other = at(scores.data, n * C + c)
        up = f32(up + f32(at(target.data, n * C + c) * isViolated(score, other)))
        violations += isViolated(other, score)
      }
      const pull = f32(up - f32(own * violations))
      d.data[n * C + j] = f32(f32(pull * cotangentOf(reduction, dloss, n)) / divisor)
    }
  return { scores: d }
}
