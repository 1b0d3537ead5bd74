import { at, exp, f32, log1p, zeros, zip } from '../arithmetic.js'
import { sigmoid } from '../activations/sigmoid.js'
import type { Backward, Forward } from '../kernel.js'
import { cotangentOf, divisorOf, reduced } from './reduction.js'

// max(x, 0) − x·t + log(1 + e^{−|x|}), its mean over all elements
export const forward: Forward<'bceWithLogits'> = ({ reduction }, { logits, target }) => ({
  loss: reduced(
    reduction,
    zip(logits, target, (x, t) => f32(f32(Math.max(x, 0) - f32(x * t)) + log1p(exp(-Math.abs(x))))),
  ),
})

// dx = (σ(x) − t)·dloss/n
export const backward: Backward<'bceWithLogits'> = ({ reduction }, { logits, target }, { loss: dloss }) => {
  const d = zeros(logits.shape)
  const n = divisorOf(reduction, d.data.length)
  for (let i = 0; i < d.data.length; i++) {
    const difference = f32(sigmoid(at(logits.data, i)) - at(target.data, i))
    d.data[i] = f32(f32(difference * cotangentOf(reduction, dloss, i)) / n)
  }
  return { logits: d }
}
