import { at1, at2, scalarOf, sum1, tabulate1, tabulate2, total } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Field } from '../../spec/field.js'

// m[n,j,c] = 1 + s[n,j] − s[n,c]: how far class j comes into the margin of class c
const margin = (s: Field, n: number, j: number, c: number): number => 1 + (at2(s, n, j) - at2(s, n, c))

// the classes c of each row with t[n,c] ≠ 0, one of them where the target is one-hot
const targets = (t: Field, N: number, C: number): readonly (readonly number[])[] =>
  Array.from({ length: N }, (_, n) => Array.from({ length: C }, (_, c) => c).filter((c) => at2(t, n, c) !== 0))

// loss = (1/N) Σ_n Σ_c Σ_{j≠c} t[n,c]·max(0, m[n,j,c])
export const forward: Forward<'hinge'> = ({ reduction }, { scores: s, target: t }, { N, C }) => {
  const held = targets(t, N, C)
  const each = tabulate1([N], (n) => {
    const classes = held[n] as readonly number[]
    return sum1(classes.length, (at) => {
      const c = classes[at] as number
      return sum1(C, (j) => (j === c ? 0 : at2(t, n, c) * Math.max(0, margin(s, n, j, c))))
    })
  })
  return { loss: reduction === 'none' ? each : scalarOf(reduction === 'mean' ? total(each) / N : total(each)) }
}

// dscores[n,j] = (Σ_{c≠j} t[n,c]·[m[n,j,c] > 0] − t[n,j]·Σ_{k≠j} [m[n,k,j] > 0])·dloss/N; [m ≥ 0] with kink "right"
export const backward: Backward<'hinge'> = (
  { reduction, kink },
  { scores: s, target: t },
  { loss: dloss },
  { N, C },
) => {
  const held = targets(t, N, C)
  const rows = reduction === 'mean' ? N : 1
  // the slope of max(0, m): 0 at the corner, or 1
  const isShort = (m: number): boolean => m > 0 || (kink === 'right' && m === 0)
  const slope = (n: number, j: number, c: number): number => (j !== c && isShort(margin(s, n, j, c)) ? 1 : 0)
  return {
    scores: tabulate2([N, C], (n, j) => {
      const classes = held[n] as readonly number[]
      const up = sum1(classes.length, (at) => {
        const c = classes[at] as number
        return c === j ? 0 : at2(t, n, c) * slope(n, j, c)
      })
      const down = at2(t, n, j) === 0 ? 0 : at2(t, n, j) * sum1(C, (k) => slope(n, k, j))
      return ((up - down) * at1(dloss, reduction === 'none' ? n : 0)) / rows
    }),
  }
}
