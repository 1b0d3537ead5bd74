import type { Attributes } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { AnySizes } from '../spec/op.js'
import type { Shape } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'

type Shapes = Readonly<Record<string, Shape>>

/** An op in one direction at its sizes, and the shapes of what it reads and of what it writes. */
export interface Sized {
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Attributes
  readonly sizes: AnySizes
  readonly reads: Shapes
  readonly writes: Shapes
}

const largest = (shapes: Shapes): number =>
  Object.values(shapes).reduce((most, shape) => Math.max(most, sizeOf(shape)), 1)

/**
 * About how many terms – products, powers, comparisons – the oracle works out for one element of each answer, as far as
 * the spec says it: a sum of products has its share of all products, forward's and its gradients' alike, and no more
 * than the op counts; a window has its taps, and its gradient the windows that overlap; whatever else gives fewer
 * numbers than it reads, reads several for each, unless it copies them; and each of these meets its neighbours. What many
 * elements have in common, such as a row's sum, is worked out once, so it counts no further.
 */
export const termsOf = ({ op, direction, attrs, sizes, reads, writes }: Sized): Readonly<Record<string, number>> => {
  const spec = opOf(op)
  const products = spec.multiplyAdds?.(sizes) ?? 0
  const counted = spec.walk?.[direction](sizes) ?? {}
  const windows = products > 0 ? [] : (spec.windows?.(attrs, sizes) ?? [])
  const taps = windows.reduce(
    (number, { window, stride }) => number * (direction === 'forward' ? window : Math.ceil(window / stride)),
    1,
  )
  const neighbours = spec.neighbours?.(attrs, sizes) ?? 1
  const read = spec.variadic === undefined ? largest(reads) : 1
  return Object.fromEntries(
    Object.entries(writes).map(([name, shape]) => {
      const size = sizeOf(shape)
      const shared = Math.max(1, taps, read / size, products / size) * neighbours
      return [name, Math.min(counted[name] ?? Infinity, shared)]
    }),
  )
}
