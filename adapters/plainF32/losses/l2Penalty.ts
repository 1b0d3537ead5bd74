import { at, f32, map, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// loss = β/2·Σ w²
export const forward: Forward<'l2Penalty'> = ({ beta }, { w }) => {
  const loss = zeros([])
  let sum = 0
  for (let i = 0; i < w.data.length; i++) sum = f32(sum + f32(at(w.data, i) * at(w.data, i)))
  loss.data[0] = f32(f32(beta / 2) * sum)
  return { loss }
}

// dw = β·w·dloss
export const backward: Backward<'l2Penalty'> = ({ beta }, { w }, { loss: dloss }) => ({
  w: map(w, (w) => f32(f32(beta * w) * at(dloss.data, 0))),
})
