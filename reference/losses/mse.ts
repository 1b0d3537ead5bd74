import { at1, filled, scalarOf, total, zip, zip3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { sizeOf } from '../../spec/tensor.js'

// loss = (1/n) Σ (y − ŷ)²
export const forward: Forward<'mse'> = ({ reduction }, { prediction, target }, { rest }) => {
  const squares = zip((y, t) => (y - t) * (y - t), prediction, target)
  return {
    loss:
      reduction === 'none' ? squares : scalarOf(reduction === 'mean' ? total(squares) / sizeOf(rest) : total(squares)),
  }
}

// dprediction = 2(y − ŷ)·dloss/n
export const backward: Backward<'mse'> = ({ reduction }, { prediction, target }, { loss: dloss }, { rest }) => {
  const each = reduction === 'none' ? dloss : filled(rest, at1(dloss, 0))
  const n = reduction === 'mean' ? sizeOf(rest) : 1
  return { prediction: zip3((y, t, d) => (2 * (y - t) * d) / n, prediction, target, each) }
}
