import { at, f32, log, zeros, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { cotangentOf, divisorOf, reduced, weighted } from './reduction.js'

// −(t·log p + (1−t)·log(1−p)), its mean over all elements
export const forward: Forward<'bce'> = ({ reduction }, { prediction, target }) => ({
  loss: reduced(
    reduction,
    zip(prediction, target, (p, t) => -f32(weighted(t, log(p)) + weighted(f32(1 - t), log(f32(1 - p))))),
  ),
})

// dp = (p − t)/(p·(1−p))·dloss/n; where a weight is 0 its term is away: 1/(1−p) for t = 0, −1/p for t = 1
const slope = (p: number, t: number): number =>
  t === 0 ? f32(1 / f32(1 - p)) : t === 1 ? f32(-1 / p) : f32(f32(p - t) / f32(p * f32(1 - p)))

export const backward: Backward<'bce'> = ({ reduction }, { prediction, target }, { loss: dloss }) => {
  const d = zeros(prediction.shape)
  const n = divisorOf(reduction, d.data.length)
  for (let i = 0; i < d.data.length; i++) {
    const pull = f32(slope(at(prediction.data, i), at(target.data, i)) * cotangentOf(reduction, dloss, i))
    d.data[i] = f32(pull / n)
  }
  return { prediction: d }
}
