import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { count, pair } from '../spec/attributes.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../spec/error.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sameShape, showShape, sizeOf, tensor } from '../spec/tensor.js'
import { contentOf } from './content.js'

/** How a file holds an element that is read here, and in how many bytes. */
const widths = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
} as const
export type Dtype = keyof typeof widths

/** The bytes that an element takes. */
export const widthOf = (dtype: Dtype): number => widths[dtype]

/** A tensor as a file holds it: little-endian bytes in row-major order, so that nothing is lost between two files. */
export interface StoredTensor {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: Shape
  readonly bytes: Numbers
}

/** A tensor of elements that are not read here, such as pairs of 4 bits: what the file says of it. */
export interface SkippedTensor {
  readonly name: string
  readonly dtype: string
  readonly shape: Shape
}

/** A safetensors file: its tensors in the order in which their bytes lie, and what it says about itself. */
export interface Safetensors {
  readonly tensors: readonly StoredTensor[]
  /** those that were passed over, for elements that are not read here */
  readonly skipped?: readonly SkippedTensor[]
  readonly metadata?: Readonly<Record<string, string>>
}

// as the format's own library: no header is that long unless its length lies
const longestHeader = 100_000_000

const entryCodec = t.strict({
  dtype: t.string,
  shape: t.readonlyArray(count, 'a list of integers of at least 0'),
  data_offsets: pair(count),
})
const metadataCodec = t.record(t.string, t.string)

interface Entry {
  readonly dtype: string
  readonly shape: Shape
  readonly data_offsets: readonly [number, number]
}

const isRead = (dtype: string): dtype is Dtype => Object.hasOwn(widths, dtype)

const invalid = (message: string): Result<never> => fail('FormatInvalid', message)

// files of networks are hundreds of megabytes, so bytes are moved in one go where they are bytes already
const copyOf = (bytes: Numbers, from: number, to: number): Uint8Array<ArrayBuffer> => {
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes.subarray(from, to))
  const copy = new Uint8Array(to - from)
  for (let i = 0; i < copy.length; i++) copy[i] = bytes[from + i] as number
  return copy
}

const viewOf = (bytes: Numbers): DataView => new DataView(copyOf(bytes, 0, bytes.length).buffer)

/** Whether the bytes are not plainly another kind of file. */
const expected = (bytes: Numbers): Result<void> => {
  const content = contentOf(bytes)
  return ensure(
    content === undefined || content === 'a safetensors file',
    'FormatInvalid',
    `it is ${content}; wanted a safetensors file`,
  )
}

/** The text of the header, and where the tensors' bytes begin. */
const headerOf = (bytes: Numbers): Result<{ readonly text: string; readonly start: number }> => {
  if (bytes.length < 8) return invalid(`truncated: ${bytes.length} bytes; the header's length alone takes 8`)
  const length = viewOf(copyOf(bytes, 0, 8)).getBigUint64(0, true)
  if (length > BigInt(longestHeader))
    return invalid(`the header's length is given as ${length} bytes; it is at most ${longestHeader}`)
  const start = 8 + Number(length)
  if (start > bytes.length)
    return invalid(`truncated: the header is ${length} bytes long, and ${bytes.length - 8} follow its length`)
  return F.pipe(
    E.tryCatch(
      () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(copyOf(bytes, 8, start)),
      () => etalonError('FormatInvalid', 'the header is not UTF-8'),
    ),
    E.map((text) => ({ text, start })),
  )
}

// what JSON.parse passes over: of two members of one name it keeps the last. The text is known to be JSON
const repeatedName = (text: string): string | undefined => {
  const seen: Set<string>[] = []
  let before = ''
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') seen.push(new Set())
    else if (token === '}' || token === ']') seen.pop()
    else if (token === ':') {
      const [name, names] = [JSON.parse(before) as string, seen.at(-1)]
      if (names?.has(name) === true) return name
      names?.add(name)
    }
    before = token
  }
  return undefined
}

const decodedBy = <A>(codec: t.Type<A, A, unknown>, value: unknown): Result<A> =>
  F.pipe(
    codec.decode(value),
    E.mapLeft((errors) => {
      const last = errors[errors.length - 1]
      const path = last?.context.flatMap(({ key }) => (key === '' ? [] : [key])).join('.')
      const wanted = last?.context.at(-1)?.type.name
      return etalonError('FormatInvalid', `${path === '' ? 'it' : path} is ${show(last?.value)}; wanted ${wanted}`)
    }),
  )

/** One tensor's entry in the header, alone: whether its offsets hold its shape. */
const entryOf = (name: string, value: unknown): Result<Entry> =>
  F.pipe(
    decodedBy(entryCodec, value),
    E.tap(() => {
      const stranger = Object.keys(value as object).find((key) => !(key in entryCodec.type.props))
      return ensure(stranger === undefined, 'FormatInvalid', `it has ${stranger}, which the format does not know`)
    }),
    E.tap(({ dtype, shape, data_offsets: [from, to] }) => {
      // how wide other elements are is not known here
      const wanted = isRead(dtype) ? sizeOf(shape) * widths[dtype] : undefined
      return ensure(
        wanted === undefined ? from <= to : to - from === wanted,
        'FormatInvalid',
        `data_offsets [${from},${to}] hold ${to - from} bytes; ${dtype} of shape ${showShape(shape)} takes ${wanted ?? 'some'}`,
      )
    }),
    E.mapLeft(within(`tensor ${name}`)),
  )

interface Named extends Entry {
  readonly name: string
}

/** The entries in the order of their bytes, which must follow one another from the first to the last. */
const inOrder = (entries: readonly Named[], size: number): Result<readonly Named[]> => {
  const ordered = entries.toSorted(({ data_offsets: [a, aEnd] }, { data_offsets: [b, bEnd] }) => a - b || aEnd - bEnd)
  let [end, previous] = [0, 'the header']
  for (const {
    name,
    data_offsets: [from, to],
  } of ordered) {
    if (from !== end)
      return invalid(
        `tensor ${name}: it begins at byte ${from}, where ${previous} ends at ${end}: ${from < end ? 'they overlap' : 'there is a gap'}`,
      )
    if (to > size)
      return invalid(
        `tensor ${name}: it ends at byte ${to} of the data, and there are ${size}: truncated, or a wrong header`,
      )
    ;[end, previous] = [to, `tensor ${name}`]
  }
  return end === size
    ? E.right(ordered)
    : invalid(`surplus: ${previous} ends at byte ${end} of the data; there are ${size}`)
}

const entriesOf = (members: Readonly<Record<string, unknown>>): Result<readonly Named[]> => {
  const found: Named[] = []
  for (const [name, value] of Object.entries(members)) {
    if (name === '__metadata__') continue
    const entry = entryOf(name, value)
    if (E.isLeft(entry)) return entry
    found.push({ name, ...entry.right })
  }
  return E.right(found)
}

/**
 * The tensors of a safetensors file: eight bytes of length, little-endian, a JSON header of that length, then the
 * tensors' bytes without a gap.
 *
 *   {"__metadata__": {…}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
 *
 * Elements are F64, F32, F16, BF16, F8_E4M3, F8_E5M2, integers of 8 to 64 bits with or without a sign, or BOOL; bytes are
 * kept as they are, and `numbersOf` reads them. Tensors of other elements are passed over: `skipped` has their names. A
 * file as the format's own library writes it encodes to the same bytes again, where none was.
 *
 * Errors  FormatInvalid – another kind of file, by its name where it is known (`contentOf`); truncated or surplus bytes; a
 *         header that is no JSON object, or longer than 100 MB; a name twice; a tensor, by name, whose offsets do not hold
 *         its shape, overlap others, leave a gap or lie outside the file
 * Source  Hugging Face, "Safetensors", section on the format
 */
export const decodeSafetensors = (bytes: Numbers): Result<Safetensors> =>
  F.pipe(
    expected(bytes),
    E.flatMap(() => headerOf(bytes)),
    E.flatMap(({ text, start }) =>
      F.pipe(
        E.tryCatch(
          () => JSON.parse(text) as unknown,
          () => etalonError('FormatInvalid', `the header is not JSON: ${show(text)}`),
        ),
        E.flatMap((header) =>
          typeof header === 'object' && header !== null && !Array.isArray(header)
            ? E.right(header as Readonly<Record<string, unknown>>)
            : invalid(`the header is ${show(header)}; wanted an object`),
        ),
        E.tap(() => {
          const repeated = repeatedName(text)
          return ensure(repeated === undefined, 'FormatInvalid', `the header has ${repeated} twice`)
        }),
        E.bindTo('header'),
        E.bind('metadata', ({ header }) =>
          Object.hasOwn(header, '__metadata__')
            ? F.pipe(decodedBy(metadataCodec, header['__metadata__']), E.mapLeft(within('__metadata__')))
            : E.right(undefined),
        ),
        E.bind('entries', ({ header }) => entriesOf(header)),
        E.bind('ordered', ({ entries }) => inOrder(entries, bytes.length - start)),
        E.map(({ metadata, ordered }) => {
          const skipped = ordered.flatMap(({ name, dtype, shape }): readonly SkippedTensor[] =>
            isRead(dtype) ? [] : [{ name, dtype, shape }],
          )
          return {
            tensors: ordered.flatMap(({ name, dtype, shape, data_offsets: [from, to] }): readonly StoredTensor[] =>
              isRead(dtype) ? [{ name, dtype, shape, bytes: copyOf(bytes, start + from, start + to) }] : [],
            ),
            ...(skipped.length === 0 ? {} : { skipped }),
            ...(metadata === undefined ? {} : { metadata }),
          }
        }),
      ),
    ),
  )

/**
 * A safetensors file: the header, padded with spaces so that the tensors begin at a multiple of 8, and the tensors in
 * their order. Names are one another's only, and bytes fit shapes: another list is a caller's bug, and throws.
 */
export const encodeSafetensors = ({ tensors, metadata }: Safetensors): Uint8Array => {
  const members: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', metadata]]
  let size = 0
  for (const { name, dtype, shape, bytes } of tensors) {
    if (bytes.length !== sizeOf(shape) * widths[dtype] || members.some(([other]) => other === name))
      throw new RangeError(`tensor ${name}: a name twice, or bytes that are not its shape's`)
    members.push([name, { dtype, shape, data_offsets: [size, size + bytes.length] }])
    size += bytes.length
  }
  // member by member: an object would put names such as "0" first
  const text = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
  const header = new TextEncoder().encode(text)
  const length = Math.ceil(header.length / 8) * 8
  const file = new Uint8Array(8 + length + size).fill(0x20, 8, 8 + length)
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true)
  file.set(header, 8)
  let at = 8 + length
  for (const { bytes } of tensors) {
    file.set(bytes, at)
    at += bytes.length
  }
  return file
}

// the sign, five bits of exponent, ten of fraction (IEEE 754 binary16)
const halfOf = (bits: number): number => {
  const [sign, exponent, part] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 31) return part === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? part * 2 ** -24 : (1 + part / 1024) * 2 ** (exponent - 15))
}

// the upper half of an f32
const brainFloatOf = (bits: number): number => {
  const word = new DataView(new ArrayBuffer(4))
  word.setUint16(0, bits)
  return word.getFloat32(0)
}

// the sign, four bits of exponent, three of fraction; no infinities, and one NaN of each sign
const e4m3Of = (bits: number): number => {
  const [sign, exponent, part] = [bits >> 7 === 0 ? 1 : -1, (bits >> 3) & 15, bits & 7]
  if (exponent === 15 && part === 7) return NaN
  return sign * (exponent === 0 ? part * 2 ** -9 : (1 + part / 8) * 2 ** (exponent - 7))
}

const ownOrder = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

const readers: Readonly<Record<Dtype, (view: DataView, at: number) => number>> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => halfOf(view.getUint16(at, true)),
  BF16: (view, at) => brainFloatOf(view.getUint16(at, true)),
  F8_E4M3: (view, at) => e4m3Of(view.getUint8(at)),
  // the upper half of a binary16
  F8_E5M2: (view, at) => halfOf(view.getUint8(at) << 8),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
  I32: (view, at) => view.getInt32(at, true),
  I16: (view, at) => view.getInt16(at, true),
  I8: (view, at) => view.getInt8(at),
  U64: (view, at) => Number(view.getBigUint64(at, true)),
  U32: (view, at) => view.getUint32(at, true),
  U16: (view, at) => view.getUint16(at, true),
  U8: (view, at) => view.getUint8(at),
  BOOL: (view, at) => view.getUint8(at),
}

// the platform's own arrays read f32 and f64 many times faster, where it has the file's order of bytes
const elementsOf = (dtype: Dtype, buffer: ArrayBuffer): Float64Array => {
  if (ownOrder && dtype === 'F64') return new Float64Array(buffer)
  if (ownOrder && dtype === 'F32') return new Float64Array(new Float32Array(buffer))
  const [view, elements] = [new DataView(buffer), new Float64Array(buffer.byteLength / widths[dtype])]
  for (let i = 0; i < elements.length; i++) elements[i] = readers[dtype](view, i * widths[dtype])
  return elements
}

/**
 * The numbers of a stored tensor, each exactly; of BOOL 0 and 1.
 *
 * Errors  FormatInvalid – an integer beyond ±2⁵³, or a BOOL that is neither 0 nor 1
 * Source  F8: Micikevicius et al., "FP8 formats for deep learning", 2022; the others IEEE 754 and two's complement
 */
export const numbersOf = ({ name, dtype, shape, bytes }: StoredTensor): Result<Tensor> => {
  const data = elementsOf(dtype, copyOf(bytes, 0, bytes.length).buffer)
  const long = dtype === 'I64' || dtype === 'U64'
  const beyond = long ? data.find((value) => !Number.isSafeInteger(value)) : undefined
  const neither = dtype === 'BOOL' ? data.find((value) => value > 1) : undefined
  return F.pipe(
    ensure(beyond === undefined, 'FormatInvalid', `tensor ${name}: holds ${beyond}; integers up to 2⁵³ are read`),
    E.flatMap(() =>
      ensure(neither === undefined, 'FormatInvalid', `tensor ${name}: holds ${neither}; a BOOL is 0 or 1`),
    ),
    E.map(() => tensor(shape, data)),
  )
}

/** A tensor to store: in f32 where that holds each of its numbers, else in f64, so that what comes back is the same. */
export const storedTensor = (name: string, { shape, data }: Tensor): StoredTensor => {
  const size = sizeOf(shape)
  let single = true
  for (let i = 0; i < size; i++) single &&= Object.is(Math.fround(data[i] as number), data[i])
  const dtype = single ? 'F32' : 'F64'
  const view = new DataView(new ArrayBuffer(size * widths[dtype]))
  for (let i = 0; i < size; i++)
    if (single) view.setFloat32(4 * i, data[i] as number, true)
    else view.setFloat64(8 * i, data[i] as number, true)
  return { name, dtype, shape, bytes: new Uint8Array(view.buffer) }
}

/** The names in a file of tensors that nothing wants, those passed over for their elements among them. */
export const unwanted = (
  wanted: Readonly<Record<string, unknown>>,
  { tensors, skipped = [] }: Pick<Safetensors, 'tensors' | 'skipped'>,
): readonly string[] => [...tensors, ...skipped].map(({ name }) => name).filter((name) => !Object.hasOwn(wanted, name))

const someOf = (names: readonly string[]): string =>
  `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`

/**
 * Stored tensors that are to be some by name, each of its shape. What nothing wants is passed over; `unwanted` names it.
 *
 * Errors  MissingInput – a tensor's name, and what the file has in its place that nothing wants
 *         ShapeMismatch – with the tensor's name; FormatInvalid – its numbers, or elements that are not read
 */
export const tensorsAs = (
  wanted: Readonly<Record<string, Shape>>,
  found: Pick<Safetensors, 'tensors' | 'skipped'>,
): Result<Tensors> => {
  const { tensors, skipped = [] } = found
  const known = tensors.filter(({ name }) => Object.hasOwn(wanted, name))
  const unread = skipped.find(({ name }) => Object.hasOwn(wanted, name))
  const names = new Set(known.map(({ name }) => name))
  const missing = Object.keys(wanted).filter((name) => !names.has(name))
  const strangers = unwanted(wanted, found)
  const unfit = known.find(({ name, shape }) => !sameShape(shape, wanted[name] ?? shape))
  return F.pipe(
    ensure(
      unread === undefined,
      'FormatInvalid',
      `tensor ${unread?.name}: its dtype ${unread?.dtype} is not read here; wanted one of ${Object.keys(widths).join(', ')}`,
    ),
    E.flatMap(() =>
      ensure(
        missing.length === 0,
        'MissingInput',
        `tensor ${missing[0]} is missing${missing.length > 1 ? `, and ${missing.length - 1} more` : ''}${strangers.length > 0 ? `; nothing wants ${someOf(strangers)}` : ''}`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        unfit === undefined,
        'ShapeMismatch',
        `tensor ${unfit?.name} has shape ${showShape(unfit?.shape ?? [])}; wanted ${showShape(wanted[unfit?.name ?? ''] ?? [])}`,
      ),
    ),
    E.flatMap(() =>
      E.traverseArray((stored: StoredTensor) =>
        F.pipe(
          numbersOf(stored),
          E.map((value): readonly [string, Tensor] => [stored.name, value]),
        ),
      )(known),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  )
}
