import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import type { Field } from '../../spec/field.js'
import { at3, map, reshaped, sum1, tabulate3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// s[c] = k + (α/size) · Σ x[j]² over the channels j of c's window, at each place
const scales = (
  { size, alpha, k }: AttrsOf<'localResponseNorm'>,
  x: Field,
  { N, C, S }: SizesOf<'localResponseNorm'>,
): Field =>
  tabulate3([N, C, S], (n, c, s) => {
    const first = Math.max(0, c - Math.floor(size / 2))
    const last = Math.min(C - 1, c + Math.ceil(size / 2) - 1)
    const squares = sum1(last - first + 1, (j) => at3(x, n, first + j, s) * at3(x, n, first + j, s))
    return k + (alpha / size) * squares
  })

// s^−β
const power = (beta: number, s: number): number => Math.exp(-beta * Math.log(s))

// y[c] = x[c]·s[c]^−β
export const forward: Forward<'localResponseNorm'> = (attrs, { x: given }, sizes) => {
  const { N, C, S } = sizes
  const x = reshaped([N, C, S], given)
  const scale = scales(attrs, x, sizes)
  const y = tabulate3([N, C, S], (n, c, s) => at3(x, n, c, s) * power(attrs.beta, at3(scale, n, c, s)))
  return { y: reshaped(given.shape, y) }
}

// dx[c] = dy[c]·s[c]^−β − (2αβ/size)·x[c] · Σ dy[j]·x[j]·s[j]^−β/s[j] over the channels j in whose windows c lies
export const backward: Backward<'localResponseNorm'> = (attrs, { x: given }, cotangents, sizes) => {
  const { size, alpha, beta } = attrs
  const { N, C, S } = sizes
  const x = reshaped([N, C, S], given)
  const dy = reshaped([N, C, S], cotangents.y)
  const scale = scales(attrs, x, sizes)
  const r = map((s) => power(beta, s), scale)
  const terms = tabulate3(
    [N, C, S],
    (n, j, s) => (at3(dy, n, j, s) * at3(x, n, j, s) * at3(r, n, j, s)) / at3(scale, n, j, s),
  )
  const dx = tabulate3([N, C, S], (n, c, s) => {
    const first = Math.max(0, c - Math.ceil(size / 2) + 1)
    const last = Math.min(C - 1, c + Math.floor(size / 2))
    const sum = sum1(last - first + 1, (j) => at3(terms, n, first + j, s))
    return at3(dy, n, c, s) * at3(r, n, c, s) - ((2 * alpha * beta) / size) * at3(x, n, c, s) * sum
  })
  return { x: reshaped(given.shape, dx) }
}
