import { at, f32, zeros, zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { cotangentOf, divisorOf, reduced } from './reduction.js'

// (prediction − target)², its mean over all elements
export const forward: Forward<'mse'> = ({ reduction }, { prediction, target }) => ({
  loss: reduced(
    reduction,
    zip(prediction, target, (p, t) => {
      const difference = f32(p - t)
      return f32(difference * difference)
    }),
  ),
})

// dprediction = 2·(prediction − target)·dloss/n
export const backward: Backward<'mse'> = ({ reduction }, { prediction, target }, { loss: dloss }) => {
  const d = zeros(prediction.shape)
  const n = divisorOf(reduction, d.data.length)
  for (let i = 0; i < d.data.length; i++) {
    const twice = f32(2 * f32(at(prediction.data, i) - at(target.data, i)))
    d.data[i] = f32(f32(twice * cotangentOf(reduction, dloss, i)) / n)
  }
  return { prediction: d }
}
