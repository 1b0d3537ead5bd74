import type { Field, Fields } from '../../spec/field.js'
import { at3, reshaped, tabulate3 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[o, start(q) + j, k] = x_q[o, j, k]
export const forward: Forward<'concat'> = (_, inputs, { y, outer, inner, extents, total }) => {
  const given: Fields = inputs
  const pieces = extents.map((extent, q) => reshaped([outer, extent, inner], given[`x${q}`] as Field))
  // for each place along the axis, the piece that lies there and the place in it
  const owners = pieces.flatMap((piece, q) => Array.from({ length: extents[q] as number }, (_, j) => ({ piece, j })))
  return {
    y: reshaped(
      y,
      tabulate3([outer, total, inner], (o, at, k) => {
        const { piece, j } = owners[at] as (typeof owners)[number]
        return at3(piece, o, j, k)
      }),
    ),
  }
}

// dx_q[o, j, k] = dy[o, start(q) + j, k]
export const backward: Backward<'concat'> = (_, inputs, { y: cotangent }, { outer, inner, extents, starts, total }) => {
  const dy = reshaped([outer, total, inner], cotangent)
  const given: Fields = inputs
  const gradients = extents.map((extent, q) => {
    const [name, start] = [`x${q}`, starts[q] as number]
    const piece = tabulate3([outer, extent, inner], (o, j, k) => at3(dy, o, start + j, k))
    return [name, reshaped((given[name] as Field).shape, piece)] as const
  })
  return Object.fromEntries(gradients) as typeof inputs
}
