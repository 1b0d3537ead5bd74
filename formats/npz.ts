import { either as E, function as F } from 'fp-ts'
import { inflateSync, zipSync } from 'fflate'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../spec/error.js'
import type { Numbers } from '../spec/tensor.js'
import { contentOf } from './content.js'
import type { NpyTensor } from './npy.js'
import { decodeNpy, encodeNpy } from './npy.js'

/** An .npz file: its arrays in the order of the archive, and the names of what else lies in it. */
export interface Npz {
  readonly tensors: readonly NpyTensor[]
  readonly others?: readonly string[]
}

const invalid = (message: string): Result<never> => fail('FormatInvalid', message)

/** What the list at an archive's end says of a file in it. */
interface Entry {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly at: number
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const signatures = { end: 0x06054b50, listed: 0x02014b50, local: 0x04034b50 } as const
// the shortest end of an archive, and the longest: a comment has at most 65,535 bytes
const endSize = 22
const longestEnd = endSize + 0xffff
// a number that stands in other fields, of an archive of more than 4 GiB
const elsewhere = 0xffffffff

const endOf = (view: DataView): number | undefined => {
  for (let at = view.byteLength - endSize; at >= Math.max(0, view.byteLength - longestEnd); at--)
    if (view.getUint32(at, true) === signatures.end && at + endSize + view.getUint16(at + 20, true) === view.byteLength)
      return at
  return undefined
}

/** The list at the end of the archive. */
const entriesOf = (bytes: Uint8Array): Result<readonly Entry[]> => {
  const view = viewOf(bytes)
  const end = endOf(view)
  if (end === undefined)
    return bytes[0] === 0x50 && bytes[1] === 0x4b
      ? invalid('truncated: a zip archive ends with a list of its files; this has none')
      : invalid(`it is ${contentOf(bytes) ?? 'no zip archive'}; wanted a zip of NumPy arrays (.npz)`)
  const [count, from] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)]
  if (from === elsewhere || count === 0xffff)
    return invalid('an archive of more than 4 GiB or 65,534 files is not read')
  const entries: Entry[] = []
  let at = from
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== signatures.listed)
      return invalid(`the list of files lies: it has ${i} of the ${count} that it is said to have`)
    const length = view.getUint16(at + 28, true)
    const next = at + 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (next > end) return invalid(`the list of files lies: entry ${i + 1} ends behind it`)
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    })
    at = next
  }
  const twice = entries.find(({ name }, i) => entries.findIndex((other) => other.name === name) !== i)
  return twice === undefined ? E.right(entries) : invalid(`the archive has ${show(twice.name)} twice`)
}

const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1
  return rest >>> 0
})

/** CRC-32 as zip has it. */
const crcOf = (bytes: Uint8Array): number => {
  let rest = 0xffffffff
  for (let i = 0; i < bytes.length; i++)
    rest = (remainders[(rest ^ (bytes[i] as number)) & 255] as number) ^ (rest >>> 8)
  return (rest ^ 0xffffffff) >>> 0
}

const extension = '.npy'

// deflate makes at most 1032 bytes of one
const mostInflated = 1032

/** Where a file's bytes begin, behind a header of its own that says its name once more. */
const startOf = (bytes: Uint8Array, { name, at }: Entry): Result<number> => {
  const view = viewOf(bytes)
  if (at + 30 > bytes.length || view.getUint32(at, true) !== signatures.local)
    return invalid(`the list says that it begins at byte ${at}, and there it does not`)
  const end = at + 30 + view.getUint16(at + 26, true)
  const called = new TextDecoder().decode(bytes.subarray(at + 30, end))
  return called === name
    ? E.right(end + view.getUint16(at + 28, true))
    : invalid(`the list calls it ${show(name)}; where it lies it is ${show(called)}`)
}

/** A file of the archive, unpacked, if it is what the list says. */
const unpacked = (
  bytes: Uint8Array,
  start: number,
  { name, flags, method, crc, packed, size }: Entry,
): Result<Uint8Array> => {
  if ((flags & 1) === 1) return invalid('it is encrypted')
  if (method !== 0 && method !== 8)
    return invalid(`it is packed by method ${method}; stored and deflated ones are read`)
  if (packed === elsewhere || size === elsewhere) return invalid('it has more than 4 GiB')
  if (start + packed > bytes.length) return invalid(`truncated: it ends at byte ${start + packed} of ${bytes.length}`)
  if (method === 0 ? size !== packed : size > mostInflated * packed)
    return invalid(`the list says that ${packed} bytes hold ${size}, which they cannot`)
  const inside = bytes.subarray(start, start + packed)
  return F.pipe(
    E.tryCatch(
      () => (method === 0 ? inside : inflateSync(inside, { out: new Uint8Array(size) })),
      (thrown) => etalonError('FormatInvalid', `it does not unpack: ${(thrown as Error).message}`),
    ),
    E.tap((data) =>
      ensure(
        data.length === size && crcOf(data) === crc,
        'FormatInvalid',
        `damaged: the checksum of ${show(name)} is another`,
      ),
    ),
  )
}

/**
 * The arrays of an .npz file, a zip of .npy files, as numpy.savez and numpy.savez_compressed write it. Names are those of
 * the files without `.npy`; other files are named and passed over.
 *
 * Errors  FormatInvalid – another kind of file; a list that lies about lengths, places or numbers, a name twice, a wrong
 *         checksum, an encrypted file; an array, by its name, as of `decodeNpy`
 * Source  APPNOTE.TXT of ZIP, sections 4.3 and 4.4; numpy.lib.npyio
 */
export const decodeNpz = (given: Numbers): Result<Npz> => {
  const bytes = given instanceof Uint8Array ? given : Uint8Array.from(given as ArrayLike<number>)
  return F.pipe(
    entriesOf(bytes),
    E.flatMap((entries) => {
      const others = entries.map(({ name }) => name).filter((name) => !name.endsWith(extension))
      return F.pipe(
        entries,
        E.traverseArray((entry) => {
          const isArray = entry.name.endsWith(extension)
          const name = isArray ? entry.name.slice(0, -extension.length) : entry.name
          return F.pipe(
            startOf(bytes, entry),
            E.flatMap((start) => (isArray ? unpacked(bytes, start, entry) : E.right(undefined))),
            E.flatMap((data) => (data === undefined ? E.right(undefined) : decodeNpy(data, name))),
            E.mapLeft(within(isArray ? `array ${name}` : name)),
          )
        }),
        E.map((found) => ({
          tensors: found.filter((one) => one !== undefined),
          ...(others.length === 0 ? {} : { others }),
        })),
      )
    }),
  )
}

/**
 * An .npz file of these arrays, deflated; of the same arrays the same bytes, whenever it is written. Names are one
 * another's only, or it throws.
 */
export const encodeNpz = ({ tensors }: Pick<Npz, 'tensors'>): Uint8Array => {
  if (new Set(tensors.map(({ name }) => name)).size !== tensors.length) throw new RangeError('a name twice')
  // the earliest date that a zip can tell, wherever it is written: without a zone it is the local one
  const mtime = '1980-01-01T00:00:00'
  return zipSync(Object.fromEntries(tensors.map((one) => [`${one.name}${extension}`, encodeNpy(one)])), {
    level: 6,
    mtime,
  })
}
