import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import type { Step } from '../lately/met.js'
import { numbersOf } from '../lately/met.js'
import { isUnit } from '../lastly/met.js'
import { forward, reads } from '../told/programs.js'
import { madeBy, shaped } from '../woven/met.js'

/** Sums, products and units: an element of the answer for each of what is read. */
export const isElementwise = (node: ProgramNode): boolean => forward('add', 'mul')(node) || isUnit(node)

export const times = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1)

/** An axis counted from the front. */
export const axisOf = (axis: unknown, rank: number): number => (Number(axis) < 0 ? Number(axis) + rank : Number(axis))

/** What a node’s y would be if it had other attributes. */
export const yWith = (node: ProgramNode, values: Step['values'], attrs: ProgramNode['attrs']): Tensor =>
  madeBy({ ...node, attrs: { ...node.attrs, ...attrs } }, values)['y'] as Tensor

/** So many numbers of a tensor from a place on, in the order in which they lie, under another shape. */
export const numbersFrom = (x: Tensor, start: number, shape: readonly number[]): Tensor => {
  const data = numbersOf(x)
  return shaped(
    shape,
    Array.from({ length: times(shape) }, (_, at) => data[start + at] ?? 0),
  )
}

/** The node on the way there that reads what a node on the way back reads. */
export const wayThere = ({ program, node }: Step): ProgramNode | undefined =>
  program.nodes.find((other) => forward(node.op)(other) && JSON.stringify(other.inputs) === JSON.stringify(node.inputs))

/** Who alone reads a value on the way there. */
export const onlyThere = ({ program }: Step, name: string | undefined): ProgramNode | undefined => {
  const readers = program.nodes.filter((other) => other.direction === 'forward' && reads(other, name ?? ''))
  return readers.length === 1 ? readers[0] : undefined
}

/** Which channel an element belongs to. */
export const channelOf =
  ({ shape }: Tensor) =>
  (at: number): number => {
    const [, C = 1, ...rest] = shape
    return Math.floor(at / times(rest)) % C
  }

/** A mean for each channel. */
export const meansOf = (x: Tensor, terms: readonly number[]): readonly number[] => {
  const C = x.shape[1] ?? 1
  const channel = channelOf(x)
  return Array.from(
    { length: C },
    (_, c) => (terms.reduce((sum, v, at) => (channel(at) === c ? sum + v : sum), 0) * C) / terms.length,
  )
}

/** The gradients of a norm of a batch, of what counts as normalized and as one over the deviation. */
export const backThroughNorm = (
  x: Tensor,
  dy: Tensor,
  gamma: Tensor,
  normalized: readonly number[],
  inverse: readonly number[],
): { readonly x: Tensor; readonly gamma: Tensor } => {
  const channel = channelOf(x)
  const pulled = numbersOf(dy)
  const plain = meansOf(x, pulled)
  const along = meansOf(
    x,
    pulled.map((v, at) => v * (normalized[at] as number)),
  )
  const dx = pulled.map((v, at) => {
    const c = channel(at)
    const rest = v - (plain[c] as number) - (normalized[at] as number) * (along[c] as number)
    return Number(gamma.data[c]) * (inverse[c] as number) * rest
  })
  const each = pulled.length / along.length
  return {
    x: shaped(x.shape, dx),
    gamma: shaped(
      gamma.shape,
      along.map((v) => v * each),
    ),
  }
}

/** One over the deviation of each channel. */
export const inverseOf = (x: Tensor, epsilon: number): readonly number[] => {
  const channel = channelOf(x)
  const data = numbersOf(x)
  const mean = meansOf(x, data)
  return meansOf(
    x,
    data.map((v, at) => (v - (mean[channel(at)] as number)) ** 2),
  ).map((v) => 1 / Math.sqrt(v + epsilon))
}
