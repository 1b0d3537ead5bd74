import { at, f32, zeros } from '../arithmetic.js'
import type { Tensor32 } from '../kernel.js'

type Reduction = 'mean' | 'sum' | 'none'

/** A loss of its values, one for each element or row: their mean, their sum, or they themselves. */
export const reduced = (reduction: Reduction, values: Tensor32): Tensor32 => {
  if (reduction === 'none') return values
  const loss = zeros([])
  let sum = 0
  for (let i = 0; i < values.data.length; i++) sum = f32(sum + at(values.data, i))
  loss.data[0] = reduction === 'mean' ? f32(sum / values.data.length) : sum
  return loss
}

/** What the gradient of the i-th of n values is multiplied by: its dloss with "none", the one that there is with "sum". */
export const cotangentOf = (reduction: Reduction, dloss: Tensor32, i: number): number =>
  at(dloss.data, reduction === 'none' ? i : 0)

/** What it is divided by: n with "mean". */
export const divisorOf = (reduction: Reduction, n: number): number => (reduction === 'mean' ? n : 1)

/** weight·value, and 0 where the weight is 0: 0·log 0 = 0, but 0·NaN is NaN. */
export const weighted = (weight: number, value: number): number =>
  weight === 0 && !Number.isNaN(value) ? 0 : f32(weight * value)
