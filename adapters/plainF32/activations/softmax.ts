import { at, exp, f32, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y_i = e^{x_i − max}/Σ_j e^{x_j − max}: with the largest taken away no power overflows
export const forward: Forward<'softmax'> = (_, { x }, { outer, extent, inner }) => {
  const y = zeros(x.shape)
  for (let o = 0; o < outer; o++)
    for (let r = 0; r < inner; r++) {
      const first = o * extent * inner + r
      let largest = -Infinity
      for (let i = 0; i < extent; i++) largest = Math.max(largest, at(x.data, first + i * inner))
      let sum = 0
      for (let i = 0; i < extent; i++) {
        const power = exp(f32(at(x.data, first + i * inner) - largest))
        y.data[first + i * inner] = power
        sum = f32(sum + power)
      }
      for (let i = 0; i < extent; i++) {
        const place = first + i * inner
        y.data[place] = f32(at(y.data, place) / sum)
      }
    }
  return { y }
}

// dx_i = y_i·(dy_i − Σ_j y_j·dy_j)
export const backward: Backward<'softmax'> = (attrs, inputs, { y: dy }, sizes) => {
  const { outer, extent, inner } = sizes
  const { y } = forward(attrs, inputs, sizes)
  const dx = zeros(y.shape)
  for (let o = 0; o < outer; o++)
    for (let r = 0; r < inner; r++) {
      const first = o * extent * inner + r
      let sum = 0
      for (let i = 0; i < extent; i++) {
        const place = first + i * inner
        sum = f32(sum + f32(at(y.data, place) * at(dy.data, place)))
      }
      for (let i = 0; i < extent; i++) {
        const place = first + i * inner
        dx.data[place] = f32(at(y.data, place) * f32(at(dy.data, place) - sum))
      }
    }
  return { x: dx }
}
