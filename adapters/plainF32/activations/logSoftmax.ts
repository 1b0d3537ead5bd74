import { at, exp, f32, log, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y_i = z_i − log Σ_j e^{z_j},   z = x − max: with the largest taken away no power overflows
export const forward: Forward<'logSoftmax'> = (_, { x }, { outer, extent, inner }) => {
  const y = zeros(x.shape)
  for (let o = 0; o < outer; o++)
    for (let r = 0; r < inner; r++) {
      const first = o * extent * inner + r
      let largest = -Infinity
      for (let i = 0; i < extent; i++) largest = Math.max(largest, at(x.data, first + i * inner))
      let sum = 0
      for (let i = 0; i < extent; i++) sum = f32(sum + exp(f32(at(x.data, first + i * inner) - largest)))
      const ofSum = log(sum)
      for (let i = 0; i < extent; i++) {
        const place = first + i * inner
        y.data[place] = f32(f32(at(x.data, place) - largest) - ofSum)
      }
    }
  return { y }
}

// dx_i = dy_i − e^{y_i}·Σ_j dy_j
export const backward: Backward<'logSoftmax'> = (attrs, inputs, { y: dy }, sizes) => {
  const { outer, extent, inner } = sizes
  const { y } = forward(attrs, inputs, sizes)
  const dx = zeros(y.shape)
  for (let o = 0; o < outer; o++)
    for (let r = 0; r < inner; r++) {
      const first = o * extent * inner + r
      let sum = 0
      for (let i = 0; i < extent; i++) sum = f32(sum + at(dy.data, first + i * inner))
      for (let i = 0; i < extent; i++) {
        const place = first + i * inner
        dx.data[place] = f32(at(dy.data, place) - f32(exp(at(y.data, place)) * sum))
      }
    }
  return { x: dx }
}
