import { at1, filled, scalarOf, total, zip, zip3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { sizeOf } from '../../spec/tensor.js'

// log(1 + e^x) − x·t, with the larger of 0 and x taken out of the logarithm: no power overflows
const cost = (x: number, t: number): number => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)))

// loss = (1/n) Σ (max(x, 0) − x·t + log(1 + e^{−|x|}))
export const forward: Forward<'bceWithLogits'> = ({ reduction }, { logits, target }, { rest }) => {
  const each = zip(cost, logits, target)
  return {
    loss: reduction === 'none' ? each : scalarOf(reduction === 'mean' ? total(each) / sizeOf(rest) : total(each)),
  }
}

// σ(x) = 1/(1 + e^{−x}); for x < 0 as e^x/(1 + e^x), the same number
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

// dlogits = (σ(x) − t)·dloss/n
export const backward: Backward<'bceWithLogits'> = ({ reduction }, { logits, target }, { loss: dloss }, { rest }) => {
  const each = reduction === 'none' ? dloss : filled(rest, at1(dloss, 0))
  const n = reduction === 'mean' ? sizeOf(rest) : 1
  return { logits: zip3((x, t, d) => ((sigmoid(x) - t) * d) / n, logits, target, each) }
}
