import { at2, at3, largest, reshaped, sum1, tabulate2, tabulate3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Field } from '../../spec/field.js'
import type { Cut } from '../../spec/axis.js'

// y[o,i,k] = e^{z_i}/Σ_j e^{z_j} with z = x − max_j x[o,j,k]: the same number as of x itself, and nothing overflows
const shares = ({ outer, extent, inner }: Cut, rows: Field): Field => {
  const most = tabulate2([outer, inner], (o, k) => largest(extent, (j) => at3(rows, o, j, k)))
  const powers = tabulate3([outer, extent, inner], (o, i, k) => Math.exp(at3(rows, o, i, k) - at2(most, o, k)))
  const sums = tabulate2([outer, inner], (o, k) => sum1(extent, (j) => at3(powers, o, j, k)))
  return tabulate3([outer, extent, inner], (o, i, k) => at3(powers, o, i, k) / at2(sums, o, k))
}

const rowsOf = ({ outer, extent, inner }: Cut, x: Field): Field => reshaped([outer, extent, inner], x)

export const forward: Forward<'softmax'> = (_, { x }, sizes) => ({
  y: reshaped(x.shape, shares(sizes, rowsOf(sizes, x))),
})

// dx_i = y_i·(dy_i − Σ_j y_j·dy_j)
export const backward: Backward<'softmax'> = (_, { x }, { y: cotangent }, sizes) => {
  const { outer, extent, inner } = sizes
  const y = shares(sizes, rowsOf(sizes, x))
  const dy = rowsOf(sizes, cotangent)
  const mean = tabulate2([outer, inner], (o, k) => sum1(extent, (j) => at3(y, o, j, k) * at3(dy, o, j, k)))
  return {
    x: reshaped(
      x.shape,
      tabulate3([outer, extent, inner], (o, i, k) => at3(y, o, i, k) * (at3(dy, o, i, k) - at2(mean, o, k))),
    ),
  }
}
