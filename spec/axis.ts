import { either as E } from 'fp-ts'
import type { Result } from './error.js'
import { fail } from './error.js'
import type { Field } from './field.js'
import { field } from './field.js'
import type { Shape } from './tensor.js'
import { fold, showShape, sizeOf } from './tensor.js'

/** A tensor cut along one axis: its row-major data is [outer, extent, inner]. A row is the elements that differ on the axis only. */
export type Cut = Readonly<Record<'outer' | 'extent' | 'inner', number>>

/**
 * The cut of a shape along an axis; a negative axis counts from the end, −1 being the last. As in PyTorch, a scalar
 * counts as one element along axis 0 or −1.
 *
 * Errors  AttributeOutOfRange – there is no such axis
 */
export const cutAlong = (axis: number, shape: Shape): Result<Cut> => {
  const rank = Math.max(shape.length, 1)
  const at = axis < 0 ? axis + rank : axis
  return Number.isInteger(at) && at >= 0 && at < rank
    ? E.right({ outer: sizeOf(shape.slice(0, at)), extent: shape[at] ?? 1, inner: sizeOf(shape.slice(at + 1)) })
    : fail(
        'AttributeOutOfRange',
        `axis is ${axis}; for shape ${showShape(shape)} it must be from ${-rank} to ${rank - 1}`,
      )
}

/** For each row f(… f(f(start, i₀), i₁) …) over the positions i of its elements: a field [outer, inner]. */
export const foldRows = (
  { outer, extent, inner }: Cut,
  start: number,
  f: (soFar: number, position: number) => number,
): Field =>
  field([outer, inner], (row) => {
    const first = Math.floor(row / inner) * extent * inner + (row % inner)
    return fold(extent, start, (soFar, i) => f(soFar, first + i * inner))
  })

/** The row of [outer, inner] in which the element at a position lies. */
export const rowOf = ({ extent, inner }: Cut, position: number): number =>
  Math.floor(position / (extent * inner)) * inner + (position % inner)
