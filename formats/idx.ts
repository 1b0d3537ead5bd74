import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { Numbers } from '../spec/tensor.js'
import { contentOf } from './content.js'

/** Grey images: `bytes[(n·rows + i)·cols + j]` is pixel (i, j) of image n, 0 … 255. */
export interface Images {
  readonly shape: readonly [count: number, rows: number, cols: number]
  readonly bytes: Numbers
}

/** How many classes a label tells apart; labels are 0 … classCount − 1. */
export const classCount = 10

const imagesMagic = 0x00000803
const labelsMagic = 0x00000801

// the third byte of the magic names the element type
const elementTypes: Readonly<Record<number, string>> = {
  0x08: 'u8',
  0x09: 'i8',
  0x0b: 'i16',
  0x0c: 'i32',
  0x0d: 'f32',
  0x0e: 'f64',
}

const wordOf = (bytes: Numbers, offset: number): number =>
  [0, 1, 2, 3].reduce((word, i) => word * 256 + (bytes[offset + i] as number), 0)

const hex = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`

const turned = (word: number): number =>
  [0, 8, 16, 24].reduce((turned, shift) => turned * 256 + ((word >>> shift) & 0xff), 0)

const axesOf = (magic: number): string | undefined => {
  const type = elementTypes[(magic >>> 8) & 0xff]
  return magic >>> 16 !== 0 || type === undefined || (magic & 0xff) === 0
    ? undefined
    : `IDX with ${magic & 0xff} axes of ${type}`
}

// what a magic that is not the wanted one says about the file
const describe = (magic: number, bytes: Numbers): string => {
  if (magic === labelsMagic) return 'labels, mislabelled as images'
  if (magic === imagesMagic) return 'images, mislabelled as labels'
  const [straight, backwards] = [axesOf(magic), axesOf(turned(magic))]
  if (straight !== undefined) return straight
  if (backwards !== undefined) return `${backwards}, its header in little-endian order; IDX is big-endian`
  const content = contentOf(bytes)
  return content === undefined ? 'not an IDX file' : `not an IDX file but ${content}`
}

/** The extents of an IDX file of bytes; everything that is not its elements is checked here. */
const extentsOf = (what: 'images' | 'labels', bytes: Numbers): Result<readonly number[]> => {
  const [magic, axes] = what === 'images' ? [imagesMagic, ['n', 'rows', 'cols']] : [labelsMagic, ['n']]
  const header = 4 + 4 * axes.length
  if (bytes.length === 0) return fail('FormatInvalid', `${what}: truncated header: an empty file`)
  if (bytes.length < 4)
    return fail('FormatInvalid', `${what}: truncated header: ${bytes.length} bytes where the magic takes 4`)
  const found = wordOf(bytes, 0)
  if (found !== magic)
    return fail(
      'FormatInvalid',
      `${what}: the magic is ${hex(found)} (${describe(found, bytes)}); wanted ${hex(magic)}, ${what} of u8`,
    )
  if (bytes.length < header)
    return fail('FormatInvalid', `${what}: truncated header: ${bytes.length} bytes; the header takes ${header}`)
  const extents = axes.map((_, axis) => wordOf(bytes, 4 + 4 * axis))
  const shape = `[${axes.join(', ')}] = [${extents.join(', ')}]`
  const wanted = extents.reduce((n, extent) => n * extent, 1)
  const payload = bytes.length - header
  const backwards = extents.map(turned)
  const fits = backwards.reduce((n, extent) => n * extent, 1) === payload
  if (payload !== wanted && fits)
    return fail(
      'FormatInvalid',
      `${what}: ${shape}, and ${payload} bytes after the header: the extents are in little-endian order, [${backwards.join(', ')}]; IDX is big-endian`,
    )
  return F.pipe(
    ensure(wanted > 0, 'FormatInvalid', `${what}: ${shape}; every extent is at least 1`),
    E.flatMap(() =>
      ensure(
        payload === wanted,
        'FormatInvalid',
        `${what}: ${payload < wanted ? 'truncated' : 'surplus'} payload: ${payload} bytes after the header; ${shape} holds ${wanted}`,
      ),
    ),
    E.map(() => extents),
  )
}

// a copy, so that later writes to the file's buffer do not reach the value
const copyOf = (bytes: Numbers, from: number): Numbers => {
  const copy = new Uint8Array(bytes.length - from)
  for (let i = 0; i < copy.length; i++) copy[i] = bytes[from + i] as number
  return copy
}

/** Right when every label names a class. Errors: FormatInvalid – a label outside 0 … 9 */
export const checkLabels = (labels: Numbers): Result<void> => {
  for (let n = 0; n < labels.length; n++) {
    const label = labels[n] as number
    if (!Number.isInteger(label) || label < 0 || label >= classCount)
      return fail('FormatInvalid', `labels: label ${n} is ${label}; labels are 0 … ${classCount - 1}`)
  }
  return E.right(undefined)
}

/**
 * Images from the bytes of an IDX3 file: big-endian magic 0x00000803, n, rows, cols, then n·rows·cols bytes.
 *
 * Shapes  bytes [16 + n·rows·cols]  →  images [n, rows, cols]
 * Units   grey levels, 0 (paper) … 255 (ink)
 * Errors  FormatInvalid – truncated header, another magic or element type, an extent of 0, truncated or surplus payload
 * Source  "The MNIST database of handwritten digits" (LeCun, Cortes, Burges), section on file formats
 */
export const decodeImages = (bytes: Numbers): Result<Images> =>
  F.pipe(
    extentsOf('images', bytes),
    E.map((extents) => ({ shape: extents as Images['shape'], bytes: copyOf(bytes, 16) })),
  )

/**
 * Labels from the bytes of an IDX1 file: big-endian magic 0x00000801, n, then n bytes.
 *
 * Shapes  bytes [8 + n]  →  labels [n]
 * Units   class numbers, 0 … 9
 * Errors  FormatInvalid – as `decodeImages`, and a label outside 0 … 9
 * Source  as `decodeImages`
 */
export const decodeLabels = (bytes: Numbers): Result<Numbers> =>
  F.pipe(
    extentsOf('labels', bytes),
    E.map(() => copyOf(bytes, 8)),
    E.tap(checkLabels),
  )

const encode = (magic: number, extents: readonly number[], elements: Numbers): Uint8Array => {
  const header = [magic, ...extents].flatMap((word) => [word >>> 24, word >>> 16, word >>> 8, word])
  const bytes = new Uint8Array(header.length + elements.length)
  bytes.set(header)
  for (let i = 0; i < elements.length; i++) bytes[header.length + i] = elements[i] as number
  return bytes
}

/** The IDX3 file of images; `decodeImages` gives them back. */
export const encodeImages = ({ shape, bytes }: Images): Uint8Array => encode(imagesMagic, shape, bytes)

/** The IDX1 file of labels; `decodeLabels` gives them back. */
export const encodeLabels = (labels: Numbers): Uint8Array => encode(labelsMagic, [labels.length], labels)
