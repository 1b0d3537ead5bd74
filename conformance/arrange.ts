import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, indexOf, stridesOf } from '../spec/tensor.js'
import { named } from './laws.js'
import type { Evaluation } from './questions.js'

/** Tensors with their elements in another order, for laws that do not mind. */

const element = ({ data }: Tensor, i: number): number => data[i] as number

/** The tensor whose axis a is x's axis order[a]. */
export const transposed = (order: readonly number[], x: Tensor): Tensor => {
  const strides = stridesOf(x.shape)
  const shape = order.map((axis) => x.shape[axis] as number)
  return generate(shape, (i) =>
    element(
      x,
      indexOf(shape, i).reduce((place, j, a) => place + j * (strides[order[a] as number] as number), 0),
    ),
  )
}

/** x with every index along an axis one further on, and the last one first. */
export const rolled = (axis: number, x: Tensor): Tensor => {
  const extent = x.shape[axis] ?? 1
  const stride = stridesOf(x.shape)[axis] ?? 1
  return generate(x.shape, (i) => {
    const j = Math.floor(i / stride) % extent
    return element(x, i + (((j + extent - 1) % extent) - j) * stride)
  })
}

/** An answer with one of its tensors in another order, and its slack likewise. */
export const rearranged = (f: (x: Tensor) => Tensor, output: string, { values, slack }: Evaluation): Evaluation => {
  const among = (tensors: Tensors): Tensors => ({ ...tensors, [output]: f(named(tensors, output)) })
  return { values: among(values), slack: among(slack) }
}
