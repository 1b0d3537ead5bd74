import type { Field } from '../spec/field.js'
import { given, madeWhole, place2, place3, place4, reshapedField, ruled } from '../spec/field.js'
import { scan as scanned, scanBack as scannedBack } from '../spec/scan.js'
import type { Numbers, Shape } from '../spec/tensor.js'
import { generate, sizeOf } from '../spec/tensor.js'

/**
 * The loops of the reference. An op is an index expression; these own the iteration and the only mutation there is.
 * They come by arity, since a function of three numbers is an order of magnitude faster than one of a list of three.
 * Sums start at 0 and add in row-major order.
 *
 * `tabulate` gives a field: an element is worked out when it is first read, and once, and all of them only for whoever
 * asks for all. So a formula may name whatever it likes on the way: what is not read is not made.
 */

/** The field whose element at index i is f(i). */
export const tabulate1 = (shape: readonly [number], f: (i: number) => number): Field => {
  const [I] = shape
  return ruled(
    shape,
    (position) => f(position),
    () => {
      const data = new Float64Array(I)
      for (let i = 0; i < I; i++) data[i] = f(i)
      return data
    },
  )
}

export const tabulate2 = (shape: readonly [number, number], f: (i: number, j: number) => number): Field => {
  const [I, J] = shape
  return ruled(
    shape,
    (position, i = Math.floor(position / J), j = position % J) => f(i, j),
    () => {
      const data = new Float64Array(I * J)
      let at = 0
      for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) data[at++] = f(i, j)
      return data
    },
  )
}

export const tabulate3 = (
  shape: readonly [number, number, number],
  f: (i: number, j: number, k: number) => number,
): Field => {
  const [I, J, K] = shape
  return ruled(
    shape,
    (position, i = Math.floor(position / (J * K)), j = Math.floor(position / K) % J, k = position % K) => f(i, j, k),
    () => {
      const data = new Float64Array(I * J * K)
      let at = 0
      for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) for (let k = 0; k < K; k++) data[at++] = f(i, j, k)
      return data
    },
  )
}

export const tabulate4 = (
  shape: readonly [number, number, number, number],
  f: (i: number, j: number, k: number, l: number) => number,
): Field => {
  const [I, J, K, L] = shape
  return ruled(
    shape,
    (
      position,
      i = Math.floor(position / (J * K * L)),
      j = Math.floor(position / (K * L)) % J,
      k = Math.floor(position / L) % K,
      l = position % L,
    ) => f(i, j, k, l),
    () => {
      const data = new Float64Array(I * J * K * L)
      let at = 0
      for (let i = 0; i < I; i++)
        for (let j = 0; j < J; j++) for (let k = 0; k < K; k++) for (let l = 0; l < L; l++) data[at++] = f(i, j, k, l)
      return data
    },
  )
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

/** Which of f(0) … f(I − 1) is the largest: the last of equals. NaN exceeds every number, and the last NaN the others. */
export const lastIndexOfLargest = (I: number, f: (i: number) => number): number => {
  let index = 0
  let most = -Infinity
  for (let i = 0; i < I; i++) {
    const value = f(i)
    if (value >= most || Number.isNaN(value)) {
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

/** The same, of equals the last in row-major order; so with NaN. */
export const lastPlaceOfLargest = (
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
  f: (row: number, column: number) => number,
): readonly [number, number] => {
  let place: readonly [number, number] = [top, left]
  let most = -Infinity
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const value = f(row, column)
      if (value >= most || Number.isNaN(value)) {
        place = [row, column]
        most = value
      }
    }
  return place
}

/** The element at an index. */
export const at1 = ({ data, read }: Field, i: number): number => (data === undefined ? read(i) : (data[i] as number))

export const at2 = (x: Field, i: number, j: number): number => {
  const position = place2(x, i, j)
  return x.data === undefined ? x.read(position, i, j) : (x.data[position] as number)
}

export const at3 = (x: Field, i: number, j: number, k: number): number => {
  const position = place3(x, i, j, k)
  return x.data === undefined ? x.read(position, i, j, k) : (x.data[position] as number)
}

export const at4 = (x: Field, i: number, j: number, k: number, l: number): number => {
  const position = place4(x, i, j, k, l)
  return x.data === undefined ? x.read(position, i, j, k, l) : (x.data[position] as number)
}

/** The element at an index of a sequence, 0 outside its last axis. */
export const at3OrZero = (x: Field, n: number, c: number, position: number): number =>
  position < 0 || position >= x.K ? 0 : at3(x, n, c, position)

/** The element at an index of an image, or the value that stands outside its last two axes. */
export const at4Or = (outside: number, x: Field, n: number, c: number, row: number, column: number): number =>
  row < 0 || row >= x.K || column < 0 || column >= x.L ? outside : at4(x, n, c, row, column)

/** The element at an index of an image, 0 outside its last two axes. */
export const at4OrZero = (x: Field, n: number, c: number, row: number, column: number): number =>
  at4Or(0, x, n, c, row, column)

/** The tensor of the same shape whose elements are f of x's. */
export const map = (f: (x: number) => number, x: Field): Field =>
  ruled(
    x.shape,
    (position) => f(at1(x, position)),
    () => {
      const values = x.all()
      const data = new Float64Array(values.length)
      for (let i = 0; i < data.length; i++) data[i] = f(values[i] as number)
      return data
    },
  )

/** The tensor of the same shape whose elements are f of those of tensors of one shape. */
export const zip = (f: (a: number, b: number) => number, a: Field, b: Field): Field =>
  ruled(
    a.shape,
    (position) => f(at1(a, position), at1(b, position)),
    () => {
      const [ofA, ofB] = [a.all(), b.all()]
      const data = new Float64Array(ofA.length)
      for (let i = 0; i < data.length; i++) data[i] = f(ofA[i] as number, ofB[i] as number)
      return data
    },
  )

export const zip3 = (f: (a: number, b: number, c: number) => number, a: Field, b: Field, c: Field): Field =>
  ruled(
    a.shape,
    (position) => f(at1(a, position), at1(b, position), at1(c, position)),
    () => {
      const [ofA, ofB, ofC] = [a.all(), b.all(), c.all()]
      const data = new Float64Array(ofA.length)
      for (let i = 0; i < data.length; i++) data[i] = f(ofA[i] as number, ofB[i] as number, ofC[i] as number)
      return data
    },
  )

/** Σ of all elements. */
export const total = (x: Field): number => {
  const values = x.all()
  return sum1(values.length, (i) => values[i] as number)
}

/** Σ of fields of one shape, element by element, in their order; of one that field itself. */
export const sumOfFields = (fields: readonly Field[]): Field => {
  const first = fields[0] as Field
  const others = fields.slice(1)
  if (others.length === 0) return first
  return ruled(
    first.shape,
    (position) => {
      let total = at1(first, position)
      for (const x of others) total = total + at1(x, position)
      return total
    },
    () => {
      const data = Float64Array.from(first.all() as Iterable<number> & Numbers)
      for (const x of others) {
        const values = x.all()
        for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) + (values[i] as number)
      }
      return data
    },
  )
}

/** The t-th part of a field along its first axis: numbers that are there, for sums to read. */
export const partOf = (x: Field, t: number): Field => {
  const shape = x.shape.slice(1)
  const first = t * sizeOf(shape)
  return given(generate(shape, (i) => at1(x, first + i)))
}

/** Fields of one shape one after the other, along a new first axis. */
export const stacked = (parts: readonly Field[]): Field => {
  const { shape } = parts[0] as Field
  const size = sizeOf(shape)
  return ruled(
    [parts.length, ...shape],
    (position) => at1(parts[Math.floor(position / size)] as Field, position % size),
    () => {
      const data = new Float64Array(parts.length * size)
      for (let t = 0; t < parts.length; t++) data.set((parts[t] as Field).all(), t * size)
      return data
    },
  )
}

/** What one step hands on to the next: a field, or some by name. */
type Carried = Field | { readonly h: Field; readonly c?: Field }

// what is handed on is worked out step by step, in the order of time, or the last step would wait for all before it
const settled = <C extends Carried, S extends C>(start: C, made: S): S =>
  'all' in start
    ? (madeWhole(made as Field) as S)
    : {
        ...made,
        ...Object.fromEntries(
          Object.keys(start).map((name) => [name, madeWhole((made as Readonly<Record<string, Field>>)[name] as Field)]),
        ),
      }

/** What each of T steps makes of what the step before it made: the first of `start`, and so on. */
export const scan = <C extends Carried, S extends C>(
  T: number,
  start: C,
  step: (before: C, t: number) => S,
): readonly S[] => scanned<C, S>(T, start, (before, t) => settled(start, step(before, t)))

/** The same from the last step to the first: each makes something of what the step after it made. In order of time. */
export const scanBack = <C extends Carried, S extends C>(
  T: number,
  start: C,
  step: (after: C, t: number) => S,
): readonly S[] => scannedBack<C, S>(T, start, (after, t) => settled(start, step(after, t)))

/** The same elements in row-major order under another shape. */
export const reshaped = (shape: Shape, x: Field): Field => reshapedField(shape, x)

export const scalarOf = (value: number): Field => given({ shape: [], data: Float64Array.of(value) })

/** A field of one number throughout. */
export const filled = (shape: Shape, value: number): Field =>
  ruled(
    shape,
    () => value,
    () => new Float64Array(sizeOf(shape)).fill(value),
  )

/** The index that is congruent to `offset` in a window: (position − offset)/stride where that is an integer of 0 … count − 1, else −1. */
export const windowReading = (position: number, stride: number, count: number): number => {
  const window = position / stride
  return Number.isInteger(window) && window >= 0 && window < count ? window : -1
}
