import { at1, filled, scalarOf, total, zip, zip3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { sizeOf } from '../../spec/tensor.js'
import { weighted } from './weighted.js'

// loss = −(1/n) Σ (t·log p + (1−t)·log(1−p)), 0·log 0 = 0
export const forward: Forward<'bce'> = ({ reduction }, { prediction, target }, { rest }) => {
  const each = zip((p, t) => -(weighted(t, Math.log(p)) + weighted(1 - t, Math.log(1 - p))), prediction, target)
  return {
    loss: reduction === 'none' ? each : scalarOf(reduction === 'mean' ? total(each) / sizeOf(rest) : total(each)),
  }
}

// (1−t)/(1−p) − t/p as one fraction, which does not cancel for p close to t; at t = 0 and t = 1 without the term of
// weight 0, so that p = 0 and p = 1 are no 0/0 there
const slope = (p: number, t: number): number => (t === 0 ? 1 / (1 - p) : t === 1 ? -1 / p : (p - t) / (p * (1 - p)))

// dprediction = (p − t)/(p·(1−p))·dloss/n
export const backward: Backward<'bce'> = ({ reduction }, { prediction, target }, { loss: dloss }, { rest }) => {
  const each = reduction === 'none' ? dloss : filled(rest, at1(dloss, 0))
  const n = reduction === 'mean' ? sizeOf(rest) : 1
  return { prediction: zip3((p, t, d) => (slope(p, t) * d) / n, prediction, target, each) }
}
