import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { zipSync } from 'fflate'
import { afterAll, describe, expect, test } from 'vitest'
import { getOrThrow } from '../spec/error.js'
import type { NpyDtype, NpyTensor } from './npy.js'
import { decodeNpy, encodeNpy } from './npy.js'
import { decodeNpz, encodeNpz } from './npz.js'
import { numbersOf } from './safetensors.js'

const stored = (name: string, dtype: NpyDtype, shape: readonly number[], data: ArrayBufferView): NpyTensor => ({
  name,
  dtype,
  shape,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})

const some: readonly NpyTensor[] = [
  stored('conv2d/forward/1/0@3/x', 'F32', [2, 3], Float32Array.of(0, -0, 1.5, NaN, Infinity, -Infinity)),
  stored('a', 'F64', [], Float64Array.of(Math.PI)),
  stored('b', 'I64', [2], BigInt64Array.of(-(2n ** 53n) + 1n, 7n)),
  stored('c', 'I32', [1, 1, 2], Int32Array.of(-5, 2 ** 31 - 1)),
  stored('d', 'U8', [4], Uint8Array.of(0, 1, 254, 255)),
  stored('e', 'BOOL', [2], Uint8Array.of(1, 0)),
  stored('none', 'F32', [0, 3], new Float32Array(0)),
  stored('long', 'F64', [1000], new Float64Array(1000).fill(1 / 3)),
]

/** An .npy file of version 1 with this header and these bytes. */
const npy = (header: string, data: readonly number[] = [0, 0, 128, 63], version = 1): Uint8Array => {
  const length = version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, 0, 0, 0]
  return Uint8Array.of(0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...Buffer.from(header), ...data)
}

const saysOf = (file: Uint8Array): string => {
  const read = decodeNpy(file)
  return E.isLeft(read) ? `${read.left.code}: ${read.left.message}` : 'read'
}

describe('an .npy file', () => {
  test('comes back as it was written', () => {
    for (const one of some) expect(getOrThrow(decodeNpy(encodeNpy(one), one.name))).toEqual({ ...one })
  })

  test('is read in any version, order of entries, and order of bytes', () => {
    const of = (header: string, data?: readonly number[], version?: number) =>
      Array.from(getOrThrow(numbersOf(getOrThrow(decodeNpy(npy(header, data, version))))).data as ArrayLike<number>)
    expect(of("{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}\n")).toEqual([1])
    expect(of("{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 1L), }   \n")).toEqual([1])
    expect(of("{'descr': '<f4', 'fortran_order': True, 'shape': (), }", undefined, 2)).toEqual([1])
    expect(of("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", [63, 128, 0, 0], 3)).toEqual([1])
    expect(
      of("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]),
    ).toEqual([1, 2, 3, 4, 5, 6])
  })

  test.each([
    ['nothing', new Uint8Array(0), 'it is an empty file'],
    ['another file', Uint8Array.from(Buffer.from('PK\x03\x04 and more')), 'wanted one NumPy array'],
    ['a version to come', npy('{}', [], 4), 'of version 4'],
    ['a cut length', npy('', []).subarray(0, 9), 'truncated'],
    ['a cut header', npy("{'descr': '<f4'", []).subarray(0, 20), 'truncated: the header is 15 bytes long'],
    ['no dictionary', npy('descr = <f4'), "no dictionary of NumPy's"],
    ['a program', npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}"), 'no dictionary'],
    ['an entry twice', npy("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"), 'no dictionary'],
    [
      'an entry too many',
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': True}"),
      'the header has x',
    ],
    ['an entry too few', npy("{'descr': '<f4', 'shape': (1,)}"), 'wants descr, fortran_order and shape'],
    ['a negative extent', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), 'no dictionary'],
    [
      'an extent beyond all',
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999,)}"),
      'its shape',
    ],
    ['too few bytes', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"), 'truncated: 4 bytes'],
    [
      'too many bytes',
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", [0, 0, 0, 0, 0]),
      'surplus: 5 bytes',
    ],
    ['a shape that multiplies to nothing real', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}"), 'truncated'], // prettier-ignore
    ['objects', npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), 'a pickle'],
    ['structures', npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), 'its elements are'],
    ['complex numbers', npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}"), 'its elements are'],
  ])('of %s is refused', (_, file, says) => {
    expect(saysOf(file)).toMatch(/^FormatInvalid: /)
    expect(saysOf(file)).toContain(says)
  })
})

describe('an .npz file', () => {
  const file = encodeNpz({ tensors: some })
  const changed = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const copy = Uint8Array.from(file)
    copy.set(bytes, at)
    return copy
  }
  const listed = Buffer.from(file).lastIndexOf(Buffer.from('PK\x01\x02'))
  const says = (bytes: Uint8Array): string => {
    const read = decodeNpz(bytes)
    return E.isLeft(read) ? `${read.left.code}: ${read.left.message}` : 'read'
  }

  test('comes back as it was written, and is the same bytes again', () => {
    expect(getOrThrow(decodeNpz(file))).toEqual({ tensors: some.map((one) => ({ ...one })) })
    expect(Buffer.from(encodeNpz({ tensors: some })).equals(file)).toBe(true)
  })

  test('may hold other files, which are named', () => {
    const zip = zipSync({ 'a.npy': encodeNpy(some[1]!), 'read.me': Uint8Array.of(1) })
    expect(getOrThrow(decodeNpz(zip))).toMatchObject({ tensors: [{ name: 'a' }], others: ['read.me'] })
  })

  test('whose list or content lies is refused', () => {
    expect(says(new Uint8Array(0))).toContain('FormatInvalid: it is an empty file')
    expect(says(encodeNpy(some[0]!))).toContain('it is one NumPy array (.npy); wanted a zip')
    expect(says(file.subarray(0, file.length - 30))).toContain('truncated: a zip archive ends with a list')
    expect(says(changed(file.length - 12, 99, 0))).toContain('FormatInvalid: the list of files lies')
    expect(says(changed(listed + 8, 1))).toContain('array long: it is encrypted')
    expect(says(changed(listed + 10, 12))).toContain('array long: it is packed by method 12')
    expect(says(changed(listed + 16, 0, 0, 0, 0))).toContain('array long: damaged: the checksum')
    expect(says(changed(listed + 24, 0xff, 0xff, 0xff, 0x7f))).toContain('which they cannot')
    expect(says(changed(listed + 24, 1, 0, 0, 0))).toMatch(/array long: .*(checksum|unpack)/)
    expect(says(changed(listed + 20, 0xff, 0xff, 0xff, 0))).toContain('array long: truncated')
    expect(says(changed(listed + 42, 1))).toContain('and there it does not')
    expect(says(zipSync({ 'a.npy': Uint8Array.of(1, 2) }))).toContain('array a: it is')
  })

  test('with a name twice is refused', () => {
    const two = zipSync({ 'a.npy': encodeNpy(some[1]!), 'b.npy': encodeNpy(some[1]!) })
    const same = Buffer.from(Buffer.from(two).toString('latin1').replaceAll('b.npy', 'a.npy'), 'latin1')
    expect(says(same)).toContain('"a.npy" twice')
  })

  test('of any flipped bit is refused or reads the same', () => {
    const whole = some.map(({ bytes }) => Buffer.from(bytes as Uint8Array).toString('hex')).join()
    for (let at = 0; at < file.length; at += 7) {
      const read = decodeNpz(changed(at, (file[at] as number) ^ 0x10))
      if (E.isRight(read))
        expect(read.right.tensors.map(({ bytes }) => Buffer.from(bytes as Uint8Array).toString('hex')).join()).toBe(
          whole,
        )
    }
  })
})

const python = ['python3', 'python'].find((name) => spawnSync(name, ['-c', 'import numpy']).status === 0)
if (python === undefined) console.warn('NumPy is not asked about .npz files: there is no python3 that has it')

describe.skipIf(python === undefined)('NumPy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'etalon-npz-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const run = (program: string): string =>
    execFileSync(python ?? '', ['-c', program], { cwd: folder, encoding: 'utf8' }).trim()

  test('reads what is written here', () => {
    writeFileSync(join(folder, 'ours.npz'), encodeNpz({ tensors: some }))
    const told = run(`
import json, numpy as np
f = np.load('ours.npz')
print(json.dumps({n: [f[n].dtype.str, list(f[n].shape), f[n].tobytes().hex()] for n in f.files}))`)
    const names: Readonly<Record<string, string>> = { F32: '<f4', F64: '<f8', I64: '<i8', I32: '<i4', U8: '|u1' }
    expect(JSON.parse(told)).toEqual(
      Object.fromEntries(
        some.map(({ name, dtype, shape, bytes }) => [
          name,
          [names[dtype] ?? '|b1', shape, Buffer.from(bytes as Uint8Array).toString('hex')],
        ]),
      ),
    )
  })

  test.each(['savez', 'savez_compressed'])('writes by %s what is read here', (how) => {
    const told = run(`
import json, numpy as np
x = np.arange(24).reshape(2, 3, 4) / 7 - 1
arrays = {d + o: a for d in ('f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', '?')
          for o, a in (('c', (3 * abs(x)).astype(d)), ('f', np.asfortranarray((3 * abs(x)).astype(d))))}
arrays['big'] = x.astype('>f8')
arrays['scalar'] = np.float32(0.1)
arrays['cut'] = x[:, ::2, 1:3]
np.${how}('theirs.npz', **arrays)
print(json.dumps({n: [list(a.shape), a.astype('f8').ravel().tolist()] for n, a in arrays.items()}))`)
    const read = getOrThrow(decodeNpz(readFileSync(join(folder, 'theirs.npz'))))
    const got = read.tensors.map((one) => {
      const { shape, data } = getOrThrow(numbersOf(one))
      return [one.name, [shape, Array.from(data as ArrayLike<number>)]]
    })
    expect(Object.fromEntries(got)).toEqual(JSON.parse(told))
    expect(got).toHaveLength(27)
  })
})
