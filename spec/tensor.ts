import { either as E } from 'fp-ts'
import type { Result } from './error.js'
import { fail } from './error.js'

/** Extents, outermost first; a scalar has the shape []. */
export type Shape = readonly number[]

/** A read-only view of numbers: a typed array or a plain array, seen without its methods that write. */
export interface Numbers {
  readonly length: number
  readonly [index: number]: number
}

/** A tensor is a value: its shape and its elements in row-major order. */
export interface Tensor {
  readonly shape: Shape
  readonly data: Numbers
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>

/** The most elements that the reference makes of one output. */
export const largestOutput = 2 ** 24

/** Number of elements of a shape: the product of its extents, 1 for []. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, extent) => n * extent, 1)

/** Row-major strides, in elements. */
export const stridesOf = (shape: Shape): Shape => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis])

// no shape that anybody reads has more axes
const mostAxesShown = 16

/** `[2,3]`, as messages print a shape; one of very many axes is cut. */
export const showShape = (shape: Shape): string =>
  shape.length > mostAxesShown
    ? `[${shape.slice(0, mostAxesShown).join(',')},… ${shape.length} axes in all]`
    : `[${shape.join(',')}]`

/** A tensor over numbers that are known to fit; `parseTensor` is the one for data from outside. */
export const tensor = (shape: Shape, data: Numbers): Tensor => ({ shape, data })

export const scalar = (value: number): Tensor => ({ shape: [], data: Float64Array.of(value) })

/**
 * A tensor from data of unknown quality.
 *
 * Errors  MalformedTensor – an extent is no integer ≥ 1, or the data's length is not the product of the extents
 */
export const parseTensor = (name: string, shape: Shape, data: Numbers): Result<Tensor> => {
  const bad = shape.find((extent) => !Number.isInteger(extent) || extent < 1)
  if (bad !== undefined)
    return fail('MalformedTensor', `${name} has shape ${showShape(shape)}; every extent is an integer of at least 1`)
  if (data.length !== sizeOf(shape))
    return fail(
      'MalformedTensor',
      `${name} has ${data.length} numbers; shape ${showShape(shape)} holds ${sizeOf(shape)}`,
    )
  return E.right({ shape, data: Float64Array.from({ length: data.length }, (_, i) => data[i] as number) })
}

/** A tensor whose element i (row-major) is f(i). */
export const generate = (shape: Shape, f: (index: number) => number): Tensor => {
  const data = new Float64Array(sizeOf(shape))
  for (let i = 0; i < data.length; i++) data[i] = f(i)
  return { shape, data }
}

/** f(… f(f(start, 0), 1) …) over so many indices. */
export const fold = <A>(count: number, start: A, f: (soFar: A, index: number) => A): A => {
  let soFar = start
  for (let i = 0; i < count; i++) soFar = f(soFar, i)
  return soFar
}

export const filled = (shape: Shape, value: number): Tensor => generate(shape, () => value)

export const zeros = (shape: Shape): Tensor => ({ shape, data: new Float64Array(sizeOf(shape)) })

/** f of every element. */
export const mapTensor = (f: (value: number, index: number) => number, x: Tensor): Tensor =>
  generate(x.shape, (i) => f(x.data[i] as number, i))

/** f of the elements at the same place of tensors of one shape. */
export const zipTensors = <const T extends readonly Tensor[]>(
  tensors: T & readonly [Tensor, ...Tensor[]],
  f: (...values: { readonly [I in keyof T]: number }) => number,
): Tensor => {
  const columns = tensors.map(({ data }) => data)
  const row = tensors.map(() => 0)
  // one row of numbers, filled again for each element: f takes its arguments from it
  return generate(tensors[0].shape, (i) => {
    for (let t = 0; t < columns.length; t++) row[t] = (columns[t] as Numbers)[i] as number
    return (f as (...values: readonly number[]) => number)(...row)
  })
}

/** Every tensor through the same function. */
export const mapTensors = <T extends Readonly<Record<string, Tensor | undefined>>>(
  f: (value: number) => number,
  tensors: T,
): T =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, t === undefined ? t : mapTensor((v) => f(v), t)]),
  ) as T

const eachOf = <T extends Readonly<Record<string, Tensor | undefined>>>(
  make: (data: Numbers) => Numbers,
  tensors: T,
): T =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, t === undefined ? t : { shape: t.shape, data: make(t.data) }]),
  ) as T

/** The companion's operands: every element by its magnitude. */
export const magnitudes = <T extends Readonly<Record<string, Tensor | undefined>>>(tensors: T): T =>
  // a loop of its own: of millions of numbers a call for each would cost more than what is asked of them, and what f32
  // holds it holds by magnitude
  eachOf((data) => {
    const made = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length)
    for (let i = 0; i < made.length; i++) made[i] = Math.abs(data[i] as number)
    return made
  }, tensors)

/** Every element squared, for the random-walk scale of a sum of products. */
export const squares = <T extends Readonly<Record<string, Tensor | undefined>>>(tensors: T): T =>
  eachOf((data) => {
    const made = new Float64Array(data.length)
    for (let i = 0; i < made.length; i++) made[i] = (data[i] as number) * (data[i] as number)
    return made
  }, tensors)

/** f(… f(f(start, x₀), x₁) …). */
export const foldNumbers = <A>(f: (soFar: A, value: number) => A, start: A, numbers: Numbers): A => {
  let soFar = start
  for (let i = 0; i < numbers.length; i++) soFar = f(soFar, numbers[i] as number)
  return soFar
}

export const sumOf = (numbers: Numbers): number => {
  let total = 0
  for (let i = 0; i < numbers.length; i++) total += numbers[i] as number
  return total
}

// loops of their own: tensors of millions of numbers are looked through, and a call for each would cost more

/** The largest magnitude among numbers; NaN where one is among them. */
export const largestMagnitude = (numbers: Numbers): number => {
  let most = 0
  for (let i = 0; i < numbers.length; i++) most = Math.max(most, Math.abs(numbers[i] as number))
  return most
}

/** The largest power of two, from `coarsest` down to 2⁻²⁰, of which all numbers are multiples; 0 if there is none. */
export const gridOfNumbers = (numbers: Numbers, coarsest: number): number => {
  let grid = coarsest
  // a power of two divides exactly, and a division takes a fraction of a remainder's time
  for (let i = 0; i < numbers.length && grid > 0; i++)
    while (grid > 0 && !Number.isInteger((numbers[i] as number) / grid)) grid = grid > 2 ** -20 ? grid / 2 : 0
  return grid
}

/** The indices along each axis of the element at a row-major position. */
export const indexOf = (shape: Shape, position: number): Shape =>
  stridesOf(shape).map((stride, axis) => Math.floor(position / stride) % (shape[axis] as number))
