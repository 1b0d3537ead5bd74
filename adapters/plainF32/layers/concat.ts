import { at, zeros } from '../arithmetic.js'
import type { Backward, Forward, Tensor32 } from '../kernel.js'

// x0, x1, … by their numbers, whatever the order in which they came
const partsOf = (inputs: object): readonly Tensor32[] =>
  Object.keys(inputs).map((_, q) => (inputs as Readonly<Record<string, Tensor32>>)[`x${q}`] as Tensor32)

// y[…, start(q) + j, …] = x_q[…, j, …]
export const forward: Forward<'concat'> = (_, inputs, { y: shape, outer, inner, extents, starts, total }) => {
  const y = zeros(shape)
  partsOf(inputs).forEach(({ data }, q) => {
    const [extent, start] = [extents[q] as number, starts[q] as number]
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < extent * inner; i++)
        y.data[(o * total + start) * inner + i] = at(data, o * extent * inner + i)
  })
  return { y }
}

// dx_q[…, j, …] = dy[…, start(q) + j, …]
export const backward: Backward<'concat'> = (_, inputs, { y: dy }, { outer, inner, extents, starts, total }) => {
  const gradients = partsOf(inputs).map(({ shape }, q) => {
    const [extent, start, dx] = [extents[q] as number, starts[q] as number, zeros(shape)]
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < extent * inner; i++)
        dx.data[o * extent * inner + i] = at(dy.data, (o * total + start) * inner + i)
    return [`x${q}`, dx] as const
  })
  return Object.fromEntries(gradients) as ReturnType<Backward<'concat'>>
}
