import type { Numbers, Shape, Tensor } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'

/**
 * The loops of the reference. An op is an index expression; these own the iteration and the only mutation there is.
 * They come by arity, since a function of three numbers is an order of magnitude faster than one of a list of three.
 * Sums start at 0 and add in row-major order.
 */

/** The tensor whose element at index i is f(i). */
export const tabulate1 = (shape: readonly [number], f: (i: number) => number): Tensor => {
  const [I] = shape
  const data = new Float64Array(I)
  for (let i = 0; i < I; i++) data[i] = f(i)
  return { shape, data }
}

export const tabulate2 = (shape: readonly [number, number], f: (i: number, j: number) => number): Tensor => {
  const [I, J] = shape
  const data = new Float64Array(I * J)
  let at = 0
  for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) data[at++] = f(i, j)
  return { shape, data }
}

export const tabulate3 = (
  shape: readonly [number, number, number],
  f: (i: number, j: number, k: number) => number,
): Tensor => {
  const [I, J, K] = shape
  const data = new Float64Array(I * J * K)
  let at = 0
  for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) for (let k = 0; k < K; k++) data[at++] = f(i, j, k)
  return { shape, data }
}

export const tabulate4 = (
  shape: readonly [number, number, number, number],
  f: (i: number, j: number, k: number, l: number) => number,
): Tensor => {
  const [I, J, K, L] = shape
  const data = new Float64Array(I * J * K * L)
  let at = 0
  for (let i = 0; i < I; i++)
    for (let j = 0; j < J; j++) for (let k = 0; k < K; k++) for (let l = 0; l < L; l++) data[at++] = f(i, j, k, l)
  return { shape, data }
}

/** Σ f(i), 0 ≤ i < I. */
export const sum1 = (I: number, f: (i: number) => number): number => {
  let total = 0
  for (let i = 0; i < I; i++) total = total + f(i)
  return total
}

export const sum2 = (I: number, J: number, f: (i: number, j: number) => number): number => {
  let total = 0
  for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) total = total + f(i, j)
  return total
}

export const sum3 = (I: number, J: number, K: number, f: (i: number, j: number, k: number) => number): number => {
  let total = 0
  for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) for (let k = 0; k < K; k++) total = total + f(i, j, k)
  return total
}

export const sum4 = (
  I: number,
  J: number,
  K: number,
  L: number,
  f: (i: number, j: number, k: number, l: number) => number,
): number => {
  let total = 0
  for (let i = 0; i < I; i++)
    for (let j = 0; j < J; j++) for (let k = 0; k < K; k++) for (let l = 0; l < L; l++) total = total + f(i, j, k, l)
  return total
}

/** The largest f(i), 0 ≤ i < I. */
export const largest = (I: number, f: (i: number) => number): number => {
  let most = -Infinity
  for (let i = 0; i < I; i++) most = Math.max(most, f(i))
  return most
}

/** The smallest f(i), 0 ≤ i < I. */
export const smallest = (I: number, f: (i: number) => number): number => {
  let least = Infinity
  for (let i = 0; i < I; i++) least = Math.min(least, f(i))
  return least
}

/** The largest f(i, j), 0 ≤ i < I, 0 ≤ j < J. */
export const largest2 = (I: number, J: number, f: (i: number, j: number) => number): number => {
  let most = -Infinity
  for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) most = Math.max(most, f(i, j))
  return most
}

/** Which of f(0) … f(I − 1) is the largest: the first of equals. NaN exceeds every number, and the first NaN the others. */
export const indexOfLargest = (I: number, f: (i: number) => number): number => {
  let index = 0
  let most = -Infinity
  for (let i = 0; i < I; i++) {
    const value = f(i)
    if (value > most || (Number.isNaN(value) && !Number.isNaN(most))) {
      index = i
      most = value
    }
  }
  return index
}

/**
 * Where in a rectangle of rows and columns (from, to) f is largest: the first of equals in row-major order. NaN exceeds
 * every number, and a NaN the NaN before it.
 */
export const placeOfLargest = (
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
  f: (row: number, column: number) => number,
): readonly [number, number] => {
  let place: readonly [number, number] = [top, left]
  let most = -Infinity
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const value = f(row, column)
      if (value > most || Number.isNaN(value)) {
        place = [row, column]
        most = value
      }
    }
  return place
}

/** The element at an index. */
export const at1 = ({ data }: Tensor, i: number): number => data[i] as number

export const at2 = ({ shape, data }: Tensor, i: number, j: number): number =>
  data[i * (shape[1] as number) + j] as number

export const at3 = ({ shape, data }: Tensor, i: number, j: number, k: number): number =>
  data[(i * (shape[1] as number) + j) * (shape[2] as number) + k] as number

export const at4 = ({ shape, data }: Tensor, i: number, j: number, k: number, l: number): number =>
  data[((i * (shape[1] as number) + j) * (shape[2] as number) + k) * (shape[3] as number) + l] as number

/** The element at an index of a sequence, 0 outside its last axis. */
export const at3OrZero = (x: Tensor, n: number, c: number, position: number): number =>
  position < 0 || position >= (x.shape[2] as number) ? 0 : at3(x, n, c, position)

/** The element at an index of an image, or the value that stands outside its last two axes. */
export const at4Or = (outside: number, x: Tensor, n: number, c: number, row: number, column: number): number =>
  row < 0 || row >= (x.shape[2] as number) || column < 0 || column >= (x.shape[3] as number)
    ? outside
    : at4(x, n, c, row, column)

/** The element at an index of an image, 0 outside its last two axes. */
export const at4OrZero = (x: Tensor, n: number, c: number, row: number, column: number): number =>
  at4Or(0, x, n, c, row, column)

/** The tensor of the same shape whose elements are f of x's. */
export const map = (f: (x: number) => number, x: Tensor): Tensor => {
  const data = new Float64Array(x.data.length)
  for (let i = 0; i < data.length; i++) data[i] = f(x.data[i] as number)
  return { shape: x.shape, data }
}

/** The tensor of the same shape whose elements are f of those of tensors of one shape. */
export const zip = (f: (a: number, b: number) => number, a: Tensor, b: Tensor): Tensor => {
  const data = new Float64Array(a.data.length)
  for (let i = 0; i < data.length; i++) data[i] = f(a.data[i] as number, b.data[i] as number)
  return { shape: a.shape, data }
}

export const zip3 = (f: (a: number, b: number, c: number) => number, a: Tensor, b: Tensor, c: Tensor): Tensor => {
  const data = new Float64Array(a.data.length)
  for (let i = 0; i < data.length; i++) data[i] = f(a.data[i] as number, b.data[i] as number, c.data[i] as number)
  return { shape: a.shape, data }
}

/** Σ of all elements. */
export const total = (x: Tensor): number => sum1(x.data.length, (i) => at1(x, i))

/** Σ of tensors of one shape, element by element. */
export const sumOfTensors = (tensors: readonly Tensor[]): Tensor => tensors.reduce((a, b) => zip((a, b) => a + b, a, b))

/** The t-th part of a tensor along its first axis. */
export const partOf = ({ shape: [, ...shape], data }: Tensor, t: number): Tensor => {
  const size = sizeOf(shape)
  return { shape, data: Float64Array.from({ length: size }, (_, i) => data[t * size + i] as number) }
}

/** Tensors of one shape one after the other, along a new first axis. */
export const stacked = (parts: readonly Tensor[]): Tensor => {
  const { shape } = parts[0] as Tensor
  const size = sizeOf(shape)
  const data = new Float64Array(parts.length * size)
  for (let t = 0; t < parts.length; t++) data.set((parts[t] as Tensor).data, t * size)
  return { shape: [parts.length, ...shape], data }
}

/** What each of T steps makes of what the step before it made: the first of `start`, and so on. */
export const scan = <C, S extends C>(T: number, start: C, step: (before: C, t: number) => S): readonly S[] => {
  const made: S[] = []
  for (let t = 0; t < T; t++) made.push(step(made[t - 1] ?? start, t))
  return made
}

/** The same from the last step to the first: each makes something of what the step after it made. In order of time. */
export const scanBack = <C, S extends C>(T: number, start: C, step: (after: C, t: number) => S): readonly S[] => {
  const made: S[] = []
  for (let t = T - 1; t >= 0; t--) made.unshift(step(made[0] ?? start, t))
  return made
}

/** The same elements in row-major order under another shape. */
export const reshaped = (shape: Shape, x: Tensor): Tensor => ({ shape, data: x.data })

export const scalarOf = (value: number): Tensor => ({ shape: [], data: Float64Array.of(value) })

/** Extents before, along and after an axis: row-major data is then [outer, extent, inner]. */
export const around = (
  shape: Shape,
  axis: number,
): { readonly outer: number; readonly extent: number; readonly inner: number } => ({
  outer: sizeOf(shape.slice(0, axis)),
  extent: shape[axis] ?? 1,
  inner: sizeOf(shape.slice(axis + 1)),
})

/** The index that is congruent to `offset` in a window: (position − offset)/stride where that is an integer of 0 … count − 1, else −1. */
export const windowReading = (position: number, stride: number, count: number): number => {
  const window = position / stride
  return Number.isInteger(window) && window >= 0 && window < count ? window : -1
}

export type { Numbers }
