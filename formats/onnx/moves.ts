import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import type { Numbers, Shape } from '../../spec/tensor.js'
import { indexOf, showShape, sizeOf, stridesOf } from '../../spec/tensor.js'

/**
 * Operators that compute nothing: what they answer are elements of what they read, under another shape. `picks` has, for
 * each element of the answer in row-major order, the row-major position of that element; undefined: all, in their order.
 */
export interface Moved {
  readonly shape: Shape
  readonly picks?: Numbers
}

/** The most positions that are listed. */
export const mostPicked = 2 ** 24

const picked = (from: Shape, shape: Shape, source: (index: Shape) => Shape): Result<Moved> => {
  if (sizeOf(shape) > mostPicked)
    return fail('TooLarge', `it would move ${sizeOf(shape)} elements; at most ${mostPicked} are moved`)
  const strides = stridesOf(from)
  const picks = new Float64Array(sizeOf(shape))
  for (let i = 0; i < picks.length; i++)
    picks[i] = source(indexOf(shape, i)).reduce((at, index, axis) => at + index * (strides[axis] as number), 0)
  return E.right({ shape, picks })
}

/** An axis of so many, counted from the end where it is negative. */
export const axisAmong = (axis: number, rank: number): Result<number> =>
  F.pipe(
    ensure(
      Number.isInteger(axis) && axis >= -rank && axis < rank,
      'AttributeOutOfRange',
      `axis is ${axis}; there are ${rank} axes`,
    ),
    E.map(() => (axis < 0 ? axis + rank : axis)),
  )

const axesAmong = (axes: readonly number[], rank: number): Result<readonly number[]> =>
  F.pipe(
    axes,
    E.traverseArray((axis) => axisAmong(axis, rank)),
    E.tap((found) =>
      ensure(new Set(found).size === found.length, 'AttributeOutOfRange', `axes are ${showShape(axes)}`),
    ),
  )

/** The shape that Reshape is told: −1 is what remains, and 0 the extent that is there, unless zeros are allowed. */
export const reshaped = (from: Shape, wanted: readonly number[], allowZero = false): Result<Moved> => {
  const known = wanted.map((extent, axis) => (extent === 0 && !allowZero ? (from[axis] ?? 0) : extent))
  const open = known.filter((extent) => extent === -1).length
  const given = sizeOf(known.filter((extent) => extent !== -1))
  const shape = known.map((extent) => (extent === -1 ? sizeOf(from) / given : extent))
  return F.pipe(
    ensure(
      open <= 1 && shape.every((extent) => Number.isInteger(extent) && extent >= 0) && sizeOf(shape) === sizeOf(from),
      'ShapeMismatch',
      `shape ${showShape(wanted)} is wanted of ${showShape(from)}, which has ${sizeOf(from)} elements`,
    ),
    E.map(() => ({ shape })),
  )
}

export const flattened = (from: Shape, axis: number): Result<Moved> =>
  F.pipe(
    axis === from.length ? E.right(axis) : axisAmong(axis, from.length),
    E.map((at) => ({ shape: [sizeOf(from.slice(0, at)), sizeOf(from.slice(at))] })),
  )

export const squeezed = (from: Shape, axes: readonly number[] | undefined): Result<Moved> =>
  F.pipe(
    axes === undefined
      ? E.right(from.flatMap((extent, axis) => (extent === 1 ? [axis] : [])))
      : axesAmong(axes, from.length),
    E.tap((found) => {
      const wide = found.find((axis) => from[axis] !== 1)
      return ensure(wide === undefined, 'ShapeMismatch', `axis ${wide} is ${from[wide ?? 0]}; 1 is wanted`)
    }),
    E.map((found) => ({ shape: from.filter((_, axis) => !found.includes(axis)) })),
  )

export const unsqueezed = (from: Shape, axes: readonly number[]): Result<Moved> => {
  const rank = from.length + axes.length
  return F.pipe(
    axesAmong(axes, rank),
    E.map((found) => {
      const old = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !found.includes(axis))
      return {
        shape: Array.from({ length: rank }, (_, axis) => (found.includes(axis) ? 1 : (from[old.indexOf(axis)] ?? 1))),
      }
    }),
  )
}

export const transposed = (from: Shape, perm: readonly number[] = [...from.keys()].reverse()): Result<Moved> => {
  const isOne = perm.length === from.length && from.every((_, axis) => perm.includes(axis))
  if (!isOne) return fail('AttributeOutOfRange', `perm is ${showShape(perm)}; wanted each of ${from.length} axes once`)
  const shape = perm.map((axis) => from[axis] as number)
  const moving = perm.filter((axis) => from[axis] !== 1)
  return moving.every((axis, at) => at === 0 || axis > (moving[at - 1] as number))
    ? E.right({ shape })
    : picked(from, shape, (index) => from.map((_, axis) => index[perm.indexOf(axis)] as number))
}

/** Parts of some axes: from `start` on in steps, so many. */
interface Part {
  readonly axis: number
  readonly start: number
  readonly step: number
  readonly count: number
}

const partsOf = (from: Shape, parts: readonly Part[]): Result<Moved> => {
  const of = new Map(parts.map((part) => [part.axis, part]))
  const shape = from.map((extent, axis) => of.get(axis)?.count ?? extent)
  const isAll = parts.every(({ axis, start, step, count }) => start === 0 && step === 1 && count === from[axis])
  return isAll
    ? E.right({ shape })
    : picked(from, shape, (index) =>
        index.map((at, axis) => (of.get(axis)?.start ?? 0) + at * (of.get(axis)?.step ?? 1)),
      )
}

const clamped = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)

export const sliced = (
  from: Shape,
  {
    starts,
    ends,
    axes = starts.map((_, axis) => axis),
    steps = starts.map(() => 1),
  }: {
    readonly starts: readonly number[]
    readonly ends: readonly number[]
    readonly axes?: readonly number[] | undefined
    readonly steps?: readonly number[] | undefined
  },
): Result<Moved> =>
  F.pipe(
    ensure(
      [ends, axes, steps].every(({ length }) => length === starts.length) && !steps.includes(0),
      'AttributeOutOfRange',
      `starts ${showShape(starts)}, ends ${showShape(ends)}, axes ${showShape(axes)} and steps ${showShape(steps)} do not go together`,
    ),
    E.flatMap(() => axesAmong(axes, from.length)),
    E.flatMap((found) =>
      partsOf(
        from,
        found.map((axis, i): Part => {
          const [extent, step] = [from[axis] as number, steps[i] as number]
          const behind = (at: number): number => (at < 0 ? at + extent : at)
          const [start, end] =
            step > 0
              ? [clamped(behind(starts[i] as number), 0, extent), clamped(behind(ends[i] as number), 0, extent)]
              : [
                  clamped(behind(starts[i] as number), 0, extent - 1),
                  clamped(behind(ends[i] as number), -1, extent - 1),
                ]
          return { axis, start, step, count: Math.max(0, Math.ceil((end - start) / step)) }
        }),
      ),
    ),
  )

/** The parts that an axis is cut into, one behind the other. */
export const split = (from: Shape, axis: number, sizes: readonly number[]): Result<readonly Moved[]> =>
  F.pipe(
    axisAmong(axis, from.length),
    E.tap((at) =>
      ensure(
        sizes.reduce((a, b) => a + b, 0) === from[at] && sizes.every((size) => Number.isInteger(size) && size >= 0),
        'ShapeMismatch',
        `axis ${axis} is ${from[at]}; its parts are ${showShape(sizes)}`,
      ),
    ),
    E.flatMap((at) =>
      E.traverseArray(([i, count]: readonly [number, number]) =>
        partsOf(from, [{ axis: at, start: sizes.slice(0, i).reduce((a, b) => a + b, 0), step: 1, count }]),
      )([...sizes.entries()]),
    ),
  )

/** Indices of an axis, in a shape of their own, in its place. */
export const gathered = (from: Shape, axis: number, indices: { readonly shape: Shape; readonly data: Numbers }) =>
  F.pipe(
    axisAmong(axis, from.length),
    E.flatMap((at): Result<Moved> => {
      const extent = from[at] as number
      const rank = indices.shape.length
      const strides = stridesOf(indices.shape)
      const all = Array.from({ length: indices.data.length }, (_, i) => indices.data[i] as number)
      const odd = all.find((index) => !(index >= -extent && index < extent))
      if (odd !== undefined) return fail('AttributeOutOfRange', `an index is ${odd}; axis ${axis} is ${extent}`)
      const shape = [...from.slice(0, at), ...indices.shape, ...from.slice(at + 1)]
      return picked(from, shape, (index) => {
        const place = index.slice(at, at + rank).reduce((sum, i, k) => sum + i * (strides[k] as number), 0)
        const chosen = all[place] as number
        return [...index.slice(0, at), chosen < 0 ? chosen + extent : chosen, ...index.slice(at + rank)]
      })
    }),
  )

/** The shape that two broadcast to; undefined where they do not. */
export const broadcast = (a: Shape, b: Shape): Shape | undefined => {
  const rank = Math.max(a.length, b.length)
  const at = (shape: Shape, axis: number): number => shape[axis - rank + shape.length] ?? 1
  const pairs = Array.from({ length: rank }, (_, axis) => [at(a, axis), at(b, axis)] as const)
  return pairs.every(([p, q]) => p === q || p === 1 || q === 1) ? pairs.map(([p, q]) => (p === 1 ? q : p)) : undefined
}

/** Repeated along axes of extent 1 until it has the shape. */
export const expanded = (from: Shape, wanted: Shape): Result<Moved> => {
  const shape = broadcast(from, wanted)
  if (shape === undefined) return fail('ShapeMismatch', `${showShape(from)} does not broadcast to ${showShape(wanted)}`)
  if (sizeOf(shape) === sizeOf(from)) return E.right({ shape })
  const more = shape.length - from.length
  return picked(from, shape, (index) => from.map((extent, axis) => (extent === 1 ? 0 : (index[axis + more] as number))))
}

export const tiled = (from: Shape, repeats: readonly number[]): Result<Moved> => {
  if (repeats.length !== from.length || !repeats.every((n) => Number.isInteger(n) && n >= 0))
    return fail('ShapeMismatch', `repeats are ${showShape(repeats)} for ${showShape(from)}`)
  const shape = from.map((extent, axis) => extent * (repeats[axis] as number))
  return repeats.every((n) => n === 1)
    ? E.right({ shape })
    : picked(from, shape, (index) => index.map((at, axis) => at % (from[axis] as number)))
}

/** The longest runs, rows of the innermost axes, that a move takes in one piece each, or undefined where nothing moves. */
export const rowsOf = (
  from: Shape,
  { shape, picks }: Moved,
): { readonly inner: number; readonly rows: readonly number[] } | undefined => {
  if (picks === undefined) return undefined
  const stays =
    sizeOf(from) === sizeOf(shape) && Array.from({ length: picks.length }, (_, i) => i).every((i) => picks[i] === i)
  if (stays) return undefined
  const lengths = [...from.keys(), from.length].map((axis) => sizeOf(from.slice(axis)))
  const fits = (inner: number): boolean => {
    if (picks.length % inner !== 0) return false
    for (let i = 0; i < picks.length; i++) {
      const start = picks[i - (i % inner)] as number
      if (start % inner !== 0 || picks[i] !== start + (i % inner)) return false
    }
    return true
  }
  const inner = lengths.find(fits) ?? 1
  return {
    inner,
    rows: Array.from({ length: picks.length / inner }, (_, row) => (picks[row * inner] as number) / inner),
  }
}
