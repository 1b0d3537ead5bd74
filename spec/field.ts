import type { Numbers, Shape, Tensor } from './tensor.js'
import { generate, sizeOf } from './tensor.js'

/**
 * A tensor by its rule: a shape, and the value at each index. An element is worked out when it is first read, and once;
 * all of them only for whoever asks for all. So a few elements of a large answer cost no more than those few, and what
 * the answer says there is what it says when it is worked out whole.
 *
 * What a long sum reads is to be data before the sum starts: a look-up by rule costs a few times a look-up in data.
 */
export interface Field {
  readonly shape: Shape
  /** every element, row-major, where they are there from the start */
  readonly data: Numbers | undefined
  /** the element at a row-major position; the index too, where the reader has it at hand */
  readonly read: (position: number, i?: number, j?: number, k?: number, l?: number) => number
  /** every element, worked out in order */
  readonly all: () => Numbers
  /** the extents of the second, third and fourth axis, 1 where there is none: what finds an index's position reads them */
  readonly J: number
  readonly K: number
  readonly L: number
}

/** Fields by name; an optional one may be absent. */
export type Fields = Readonly<Record<string, Field>>
export type GivenFields = Readonly<Record<string, Field | undefined>>

// The values read so far of a large field are kept by position, until they are so many that a table of its size is worth
// its memory; of what is larger than the largest table they always are. A small field has its table at once.
const [smallTable, largestTable] = [2 ** 12, 2 ** 24]
const worthATable = (read: number, size: number): boolean => size <= largestTable && 64 * read > size

type Rule = Field['read']

/** A rule that is followed once for each position, when it is first read. */
const remembered = (size: number, rule: Rule): Rule => {
  let byPosition: Map<number, number> | undefined
  let values: Float64Array | undefined
  let known: Uint8Array | undefined
  const makeTable = (): void => {
    values = new Float64Array(size)
    known = new Uint8Array(size)
    if (byPosition === undefined) return
    for (const [position, value] of byPosition) {
      values[position] = value
      known[position] = 1
    }
    byPosition = undefined
  }
  return (position, i, j, k, l) => {
    if (values === undefined && size <= smallTable) makeTable()
    if (values !== undefined && known !== undefined) {
      if (known[position] === 1) return values[position] as number
      const value = rule(position, i, j, k, l)
      values[position] = value
      known[position] = 1
      return value
    }
    const kept = byPosition?.get(position)
    if (kept !== undefined) return kept
    const value = rule(position, i, j, k, l)
    byPosition ??= new Map()
    byPosition.set(position, value)
    if (worthATable(byPosition.size, size)) makeTable()
    return value
  }
}

/**
 * A field of its parts. All fields are made here: of one form, and with extents as members, they are read three times as
 * fast as of several and with extents in a list.
 */
export const fieldOf = ({ shape, data, read, all }: Omit<Field, 'J' | 'K' | 'L'>): Field => ({
  shape,
  data,
  read,
  all,
  J: shape[1] ?? 1,
  K: shape[2] ?? 1,
  L: shape[3] ?? 1,
})

/** The row-major position of an index. Positions are whole numbers, which no arithmetic that formulas are read in rounds. */
export const place2 = ({ J }: Field, i: number, j: number): number => i * J + j
export const place3 = ({ J, K }: Field, i: number, j: number, k: number): number => (i * J + j) * K + k
export const place4 = ({ J, K, L }: Field, i: number, j: number, k: number, l: number): number =>
  ((i * J + j) * K + k) * L + l

/** The field of a rule, and how all of its elements are worked out, in row-major order. */
export const ruled = (shape: Shape, rule: Rule, all: () => Numbers): Field =>
  fieldOf({ shape, data: undefined, read: remembered(sizeOf(shape), rule), all })

/** The field whose element at a row-major position is f(position). */
export const field = (shape: Shape, f: (position: number) => number): Field =>
  ruled(
    shape,
    (position) => f(position),
    () => generate(shape, f).data,
  )

/** What can be read at an index: numbers that are there, or a rule for them. */
export type Readable = Tensor | Field
export type Readables = Readonly<Record<string, Readable>>

/** A field of numbers that are there. */
export const given = ({ shape, data }: Tensor): Field =>
  fieldOf({ shape, data, read: (position) => data[position] as number, all: () => data })

/** The element at a row-major position. */
export const element = (x: Readable, position: number): number =>
  'read' in x && x.data === undefined ? x.read(position) : ((x.data as Numbers)[position] as number)

const allOf = (x: Readable): Numbers => ('all' in x ? x.all() : x.data)

/** Every element of a field: the tensor that it is. */
export const whole = ({ shape, all }: Field): Tensor => ({ shape, data: all() })

export const wholeOf = (fields: Fields): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, whole(field)]))

/** A field as one of data: what long sums read. */
export const madeWhole = (field: Field): Field => (field.data === undefined ? given(whole(field)) : field)

/** The elements at some positions, one after the other, as a tensor [n]. */
export const elementsAt = (field: Readable, positions: Numbers): Tensor =>
  generate([positions.length], (i) => element(field, positions[i] as number))

/** The same elements in row-major order under another shape. */
export const reshapedField = (shape: Shape, x: Field): Field =>
  fieldOf({ shape, data: x.data, read: (position) => x.read(position), all: x.all })

/** f of every element. */
export const mapField = (f: (value: number, position: number) => number, x: Readable): Field =>
  ruled(
    x.shape,
    (position) => f(element(x, position), position),
    () => {
      const data = allOf(x)
      return generate(x.shape, (i) => f(data[i] as number, i)).data
    },
  )

/** f of the elements at the same place of tensors or fields of one shape. */
export const zipFields = <const T extends readonly Readable[]>(
  fields: T & readonly [Readable, ...Readable[]],
  f: (...values: { readonly [I in keyof T]: number }) => number,
): Field => {
  const { shape } = fields[0]
  const combine = f as (...values: readonly number[]) => number
  const [a, b] = fields as readonly Readable[] as readonly [Readable, Readable]
  // two are read without a list of what was read
  return fields.length === 2
    ? ruled(
        shape,
        (position) => combine(element(a, position), element(b, position)),
        () => {
          const [ofA, ofB] = [allOf(a), allOf(b)]
          return generate(shape, (i) => combine(ofA[i] as number, ofB[i] as number)).data
        },
      )
    : ruled(
        shape,
        (position) => combine(...fields.map((x) => element(x, position))),
        () => {
          const columns = fields.map(allOf)
          return generate(shape, (i) => combine(...columns.map((column) => column[i] as number))).data
        },
      )
}

/** What each of the indices 0, 1, … has that is no single number: made when it is first asked for, and once. */
export const once = <A>(f: (index: number) => A): ((index: number) => A) => {
  const known = new Map<number, A>()
  return (index) => {
    const kept = known.get(index)
    if (kept !== undefined) return kept
    const made = f(index)
    known.set(index, made)
    return made
  }
}

/** f of every member of a record; one that is absent stays so. */
export const mapValues = <A, B>(
  f: (value: A) => B,
  members: Readonly<Record<string, A | undefined>>,
): Readonly<Record<string, B>> =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, f(value)]])),
  )
