import { at2, at3, largest, reshaped, sum1, tabulate2, tabulate3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { Field } from '../../spec/field.js'
import type { Cut } from '../../spec/axis.js'

// y[o,i,k] = z_i − log Σ_j e^{z_j} with z = x − max_j x[o,j,k]: the same number as of x itself, and nothing overflows
const logShares = ({ outer, extent, inner }: Cut, rows: Field): Field => {
  const most = tabulate2([outer, inner], (o, k) => largest(extent, (j) => at3(rows, o, j, k)))
  const z = tabulate3([outer, extent, inner], (o, i, k) => at3(rows, o, i, k) - at2(most, o, k))
  const logSums = tabulate2([outer, inner], (o, k) => Math.log(sum1(extent, (j) => Math.exp(at3(z, o, j, k)))))
  return tabulate3([outer, extent, inner], (o, i, k) => at3(z, o, i, k) - at2(logSums, o, k))
}

const rowsOf = ({ outer, extent, inner }: Cut, x: Field): Field => reshaped([outer, extent, inner], x)

export const forward: Forward<'logSoftmax'> = (_, { x }, sizes) => ({
  y: reshaped(x.shape, logShares(sizes, rowsOf(sizes, x))),
})

// dx_i = dy_i − e^{y_i}·Σ_j dy_j
export const backward: Backward<'logSoftmax'> = (_, { x }, { y: cotangent }, sizes) => {
  const { outer, extent, inner } = sizes
  const y = logShares(sizes, rowsOf(sizes, x))
  const dy = rowsOf(sizes, cotangent)
  const pull = tabulate2([outer, inner], (o, k) => sum1(extent, (j) => at3(dy, o, j, k)))
  return {
    x: reshaped(
      x.shape,
      tabulate3([outer, extent, inner], (o, i, k) => at3(dy, o, i, k) - Math.exp(at3(y, o, i, k)) * at2(pull, o, k)),
    ),
  }
}
