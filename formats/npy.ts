import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure, fail, show } from '../spec/error.js'
import type { Numbers, Shape } from '../spec/tensor.js'
import { showShape, sizeOf } from '../spec/tensor.js'
import { contentOf } from './content.js'
import type { Dtype, StoredTensor } from './safetensors.js'

/** The elements that NumPy has a name for. */
export type NpyDtype = Exclude<Dtype, 'BF16' | 'F8_E4M3' | 'F8_E5M2'>

/** A tensor of such elements: little-endian bytes in row-major order. */
export interface NpyTensor extends StoredTensor {
  readonly dtype: NpyDtype
}

// NumPy's kind and width of an element
const kinds: Readonly<Record<NpyDtype, string>> = {
  ...{ F64: 'f8', F32: 'f4', F16: 'f2' },
  ...{ I64: 'i8', I32: 'i4', I16: 'i2', I8: 'i1', U64: 'u8', U32: 'u4', U16: 'u2', U8: 'u1', BOOL: 'b1' },
}

const widthOf = (dtype: NpyDtype): number => Number(kinds[dtype].slice(1))

const magic = '\x93NUMPY'

const invalid = (message: string): Result<never> => fail('FormatInvalid', message)

const textOf = (bytes: Numbers, from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => String.fromCharCode(bytes[from + i] as number)).join('')

/** The header's text, and where the elements begin. */
const headerOf = (bytes: Numbers): Result<{ readonly text: string; readonly start: number }> => {
  if (textOf(bytes, 0, Math.min(bytes.length, magic.length)) !== magic)
    return invalid(`it is ${contentOf(bytes) ?? 'something else'}; wanted one NumPy array (.npy)`)
  const version = bytes[6]
  if (version !== 1 && version !== 2 && version !== 3)
    return invalid(`it is of version ${version ?? 'none'} of the format; versions 1 to 3 are read`)
  const wide = version === 1 ? 2 : 4
  const start = 8 + wide
  if (bytes.length < start) return invalid(`truncated: ${bytes.length} bytes; the header's length ends at ${start}`)
  const length = Array.from({ length: wide }, (_, i) => (bytes[8 + i] as number) * 256 ** i).reduce((a, b) => a + b)
  return start + length > bytes.length
    ? invalid(`truncated: the header is ${length} bytes long, and ${bytes.length - start} follow its length`)
    : E.right({ text: textOf(bytes, start, start + length), start: start + length })
}

interface Header {
  readonly dtype: NpyDtype
  readonly bigEndian: boolean
  readonly fortran: boolean
  readonly shape: Shape
}

const member = /'(\w+)'\s*:\s*('[^']*'|True|False|\([\dL,\s]*\)|\[.*\])\s*(?:,|$)\s*/gy

/** The entries of a Python dictionary such as {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. */
const entriesOf = (text: string): Readonly<Record<string, string>> | undefined => {
  const inside = /^\{\s*(.*?)\s*\}\s*$/s.exec(text)?.[1]
  if (inside === undefined) return undefined
  const found = [...inside.matchAll(member)]
  const names = found.map(([, name]) => name)
  return found.map(([whole]) => whole).join('') === inside && new Set(names).size === names.length
    ? Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
    : undefined
}

const dtypeOf = (descr: string): Result<Pick<Header, 'dtype' | 'bigEndian'>> => {
  const [, order = '', kind = ''] = /^'([<>|=]?)([a-zA-Z]\d*)'$/.exec(descr) ?? []
  const dtype = (Object.keys(kinds) as readonly NpyDtype[]).find((name) => kinds[name] === kind)
  return dtype !== undefined
    ? E.right({ dtype, bigEndian: order === '>' })
    : invalid(
        kind.startsWith('O')
          ? 'its elements are objects of Python: a pickle, which is a program and is not run here'
          : `its elements are ${descr.slice(0, 60)}; read are ${Object.values(kinds).join(', ')}`,
      )
}

const shapeOf = (text: string): Shape | undefined => {
  const extents = text
    .slice(1, -1)
    .split(',')
    .map((part) => part.trim().replace(/L$/, ''))
  // (3,) has a comma at its end; () has nothing
  const named = extents.at(-1) === '' ? extents.slice(0, -1) : extents
  return named.every((part) => /^\d+$/.test(part) && Number.isSafeInteger(Number(part))) ? named.map(Number) : undefined
}

const parsed = (text: string): Result<Header> => {
  const entries = entriesOf(text.trimEnd())
  if (entries === undefined) return invalid(`the header is no dictionary of NumPy's: ${show(text)}`)
  const { descr, fortran_order: fortran, shape: extents, ...rest } = entries
  const stranger = Object.keys(rest)[0]
  if (stranger !== undefined) return invalid(`the header has ${stranger}, which the format does not know`)
  if (descr === undefined || (fortran !== 'True' && fortran !== 'False') || extents?.startsWith('(') !== true)
    return invalid(`the header wants descr, fortran_order and shape; it is ${show(text)}`)
  const shape = shapeOf(extents)
  return F.pipe(
    dtypeOf(descr),
    E.flatMap((elements) =>
      shape === undefined
        ? invalid(`its shape is ${extents.slice(0, 60)}; wanted whole numbers`)
        : E.right({ ...elements, fortran: fortran === 'True', shape }),
    ),
  )
}

/** Little-endian bytes in row-major order, of any. */
const inOrder = (bytes: Numbers, start: number, { dtype, bigEndian, fortran, shape }: Header): Uint8Array => {
  const width = widthOf(dtype)
  const data = new Uint8Array(sizeOf(shape) * width)
  if (!bigEndian && !fortran && bytes instanceof Uint8Array) {
    data.set(bytes.subarray(start, start + data.length))
    return data
  }
  // where each step along an axis leads, in elements of the file: of Fortran's order the first axis is the fastest
  const steps = shape.map((_, axis) => sizeOf(fortran ? shape.slice(0, axis) : shape.slice(axis + 1)))
  const index = shape.map(() => 0)
  for (let to = 0; to < data.length; to += width) {
    const from = start + width * index.reduce((sum, i, axis) => sum + i * (steps[axis] as number), 0)
    for (let i = 0; i < width; i++) data[to + i] = bytes[from + (bigEndian ? width - 1 - i : i)] as number
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < (shape[axis] as number)) break
      index[axis] = 0
    }
  }
  return data
}

/**
 * The array of an .npy file: `\x93NUMPY`, two bytes of version, the length of a header, a Python dictionary of the
 * elements' type, their order and the shape, then the elements.
 *
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 *
 * Elements are floats of 2 to 8 bytes, integers of 1 to 8 with or without a sign, or bool, in either order of bytes; what
 * lies in Fortran's order is laid row by row. `numbersOf` reads the numbers.
 *
 * Errors  FormatInvalid – another kind of file; a version above 3; truncated or surplus bytes; a header that is no such
 *         dictionary; elements of another type, objects of Python among them
 * Source  NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays"; numpy.lib.format
 */
export const decodeNpy = (bytes: Numbers, name = 'array'): Result<NpyTensor> =>
  F.pipe(
    headerOf(bytes),
    E.flatMap(({ text, start }) =>
      F.pipe(
        parsed(text),
        E.tap(({ dtype, shape }) => {
          const [there, wanted] = [bytes.length - start, sizeOf(shape) * widthOf(dtype)]
          return ensure(
            there === wanted,
            'FormatInvalid',
            `${there < wanted ? 'truncated' : 'surplus'}: ${there} bytes of elements; ${kinds[dtype]} of shape ${showShape(shape)} takes ${wanted}`,
          )
        }),
        E.map((header) => ({
          name,
          dtype: header.dtype,
          shape: header.shape,
          bytes: inOrder(bytes, start, header),
        })),
      ),
    ),
  )

/** An .npy file, version 1, its elements beginning at a multiple of 64 as NumPy's own. Bytes fit the shape, or it throws. */
export const encodeNpy = ({ name, dtype, shape, bytes }: NpyTensor): Uint8Array => {
  const width = widthOf(dtype)
  if (bytes.length !== sizeOf(shape) * width) throw new RangeError(`array ${name}: bytes that are not its shape's`)
  const descr = `${width === 1 ? '|' : '<'}${kinds[dtype]}`
  const extents = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${extents}, }`
  const start = Math.ceil((10 + text.length + 1) / 64) * 64
  const file = new Uint8Array(start + bytes.length)
  file.set(Uint8Array.from(magic, (character) => character.charCodeAt(0)))
  file[6] = 1
  new DataView(file.buffer).setUint16(8, start - 10, true)
  file.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10)
  file.set(bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes as ArrayLike<number>), start)
  return file
}
