import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, indexOf, sizeOf, stridesOf } from '../../spec/tensor.js'
import type { Evaluation } from '../questions.js'
import { at, named } from './claims.js'

/** Tensors with their elements in another order, or some of them, for laws that do not mind. */

/** The tensor whose axis a is x's axis order[a]. */
export const transposed = (order: readonly number[], x: Tensor): Tensor => {
  const strides = stridesOf(x.shape)
  const shape = order.map((axis) => x.shape[axis] as number)
  return generate(shape, (i) =>
    at(
      x,
      indexOf(shape, i).reduce((place, j, a) => place + j * (strides[order[a] as number] as number), 0),
    ),
  )
}

/** The tensor of a shape whose index along an axis is, in x, another one; what lies outside x is `outside`. */
const reindexed = (axis: number, extent: number, from: (j: number) => number, x: Tensor, outside = 0): Tensor => {
  const old = x.shape[axis] ?? 1
  const inner = sizeOf(x.shape.slice(axis + 1))
  const shape = x.shape.map((n, a) => (a === axis ? extent : n))
  return generate(shape, (i) => {
    const j = from(Math.floor(i / inner) % extent)
    return j < 0 || j >= old ? outside : at(x, (Math.floor(i / (inner * extent)) * old + j) * inner + (i % inner))
  })
}

/** x with every index along an axis one further on, and the last one first. */
export const rolled = (axis: number, x: Tensor): Tensor => {
  const extent = x.shape[axis] ?? 1
  return reindexed(axis, extent, (j) => (j + extent - 1) % extent, x)
}

/** x from behind along an axis. */
export const reversed = (axis: number, x: Tensor): Tensor => {
  const extent = x.shape[axis] ?? 1
  return reindexed(axis, extent, (j) => extent - 1 - j, x)
}

/** The indices from … to − 1 along an axis. */
export const part = (axis: number, from: number, to: number, x: Tensor): Tensor =>
  reindexed(axis, to - from, (j) => j + from, x)

/** x with so many indices before and behind it along an axis, where it is one number. */
export const bordered = (axis: number, before: number, behind: number, x: Tensor, value = 0): Tensor =>
  reindexed(axis, before + (x.shape[axis] ?? 1) + behind, (j) => j - before, x, value)

/** Two tensors one behind the other along the first axis. */
export const joined = (a: Tensor, b: Tensor): Tensor =>
  generate([(a.shape[0] as number) + (b.shape[0] as number), ...a.shape.slice(1)], (i) =>
    i < a.data.length ? at(a, i) : at(b, i - a.data.length),
  )

/** An answer with one of its tensors in another order, and its slack likewise. */
export const rearranged = (f: (x: Tensor) => Tensor, output: string, { values, slack }: Evaluation): Evaluation => {
  const among = (tensors: Tensors): Tensors => ({ ...tensors, [output]: f(named(tensors, output)) })
  return { values: among(values), slack: among(slack) }
}
