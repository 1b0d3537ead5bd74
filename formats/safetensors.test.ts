import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Result } from '../spec/error.js'
import { getOrThrow } from '../spec/error.js'
import { sizeOf, tensor } from '../spec/tensor.js'
import type { Dtype, Safetensors } from './safetensors.js'
import { decodeSafetensors, encodeSafetensors, numbersOf, storedTensor, tensorsAs, unwanted } from './safetensors.js'

// made by fixtures/write.py
const written = new Uint8Array(readFileSync(new URL('fixtures/small.safetensors', import.meta.url)))

/** A file of the given header, its length told rightly unless another is given, and so many bytes of 0. */
const file = (header: string, size: number, told?: bigint): Uint8Array => {
  const text = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + text.length + size)
  new DataView(bytes.buffer).setBigUint64(0, told ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}

const expectInvalid = (result: Result<unknown>, message: RegExp): void =>
  expect(result).toEqual(E.left({ code: 'FormatInvalid', message: expect.stringMatching(message) as string }))

const numbers = (bytes: Uint8Array): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(
    getOrThrow(decodeSafetensors(bytes)).tensors.map((stored) => [
      stored.name,
      Array.from(getOrThrow(numbersOf(stored)).data),
    ]),
  )

const someFile: fc.Arbitrary<Safetensors> = fc
  .uniqueArray(fc.tuple(fc.string(), fc.array(fc.nat(3), { maxLength: 3 }), fc.boolean()), {
    selector: ([name]) => name,
    maxLength: 4,
  })
  .chain((parts) =>
    fc.tuple(
      ...parts.map(([name, shape, single]) =>
        fc
          .array(single ? fc.float() : fc.double(), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
          .map((data) => storedTensor(name, tensor(shape, data))),
      ),
    ),
  )
  .map((tensors): Safetensors => ({ tensors: tensors.filter(({ name }) => name !== '__metadata__') }))

describe('safetensors', () => {
  it('the file written by hand reads as what was written, in the order of its bytes', () => {
    const { tensors, metadata } = getOrThrow(decodeSafetensors(written))
    expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['fc1.weight', 'F32', [2, 3]],
      ['mean', 'F64', [1]],
      ['num_batches_tracked', 'I64', []],
      ['half', 'F16', [4]],
      ['0', 'BF16', [2]],
    ])
    expect(metadata).toEqual({ format: 'pt', what: 'étalon' })
    expect(numbers(written)).toEqual({
      'fc1.weight': [0.5, -1.25, 3, 2 ** -149, (2 - 2 ** -23) * 2 ** 127, -0],
      mean: [0.1],
      num_batches_tracked: [-7],
      half: [1.5, -65504, 2 ** -24, Infinity],
      '0': [1.5, -123.5],
    })
  })

  it('the file written by hand encodes to its own bytes again', () => {
    expect(encodeSafetensors(getOrThrow(decodeSafetensors(written)))).toEqual(written)
  })

  it('what was encoded decodes to itself, and encodes to the same bytes', () => {
    fc.assert(
      fc.property(someFile, (value) => {
        const bytes = encodeSafetensors(value)
        const again = getOrThrow(decodeSafetensors(bytes))
        expect(again.tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
          value.tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        )
        expect(encodeSafetensors(again).length).toBe(bytes.length)
      }),
    )
  })

  it('numbers come back bit for bit, as f32 where that holds them and as f64 where not', () => {
    const back = (data: readonly number[]) => {
      const stored = storedTensor('w', tensor([data.length], data))
      return [stored.dtype, Array.from(getOrThrow(numbersOf(stored)).data)]
    }
    expect(back([0.5, -0, Infinity, NaN])).toEqual(['F32', [0.5, -0, Infinity, NaN]])
    expect(back([0.1])).toEqual(['F64', [0.1]])
    expect(back([2 ** -1074, -Infinity])).toEqual(['F64', [2 ** -1074, -Infinity]])
  })

  it('a file cut after any byte is a Left', () => {
    expectInvalid(decodeSafetensors([]), /it is an empty file; wanted a safetensors file/)
    for (let length = 1; length < written.length; length++)
      expectInvalid(decodeSafetensors(written.slice(0, length)), /truncated/)
  })

  it('a surplus byte is a Left', () => {
    expectInvalid(decodeSafetensors(Uint8Array.of(...written, 0)), /surplus: tensor 0 ends at byte 52 .* there are 53/)
  })

  it.each([
    ['an absurd length', file('{}', 0, 2n ** 63n + 255n), /length is given as 9223372036854776063 bytes/],
    ['a length past the end', file('{}', 0, 3n), /truncated: the header is 3 bytes long, and 2 follow/],
    ['no JSON', file('{"a"', 0), /the header is not JSON/],
    ['no object', file('[1]', 0), /the header is \[1\]; wanted an object/],
    ['no UTF-8', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /not UTF-8/],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}', 0), /__metadata__: a is 1; wanted string/],
    [
      'another kind of file',
      new TextEncoder().encode('<!DOCTYPE html><html><head><title>Not Found'),
      /it is an HTML page, as a download answers .*; wanted a safetensors file/,
    ],
    ['a dtype that is no text', file('{"w":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}', 1), /tensor w: dtype is 8/],
    [
      'a tensor of elements that are not read, whose offsets turn back',
      file('{"w":{"dtype":"F4","shape":[2],"data_offsets":[1,0]}}', 1),
      /tensor w: data_offsets \[1,0\] hold -1 bytes/,
    ],
    [
      'a gap behind a tensor of elements that are not read',
      file(
        '{"v":{"dtype":"F4","shape":[2],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}',
        3,
      ),
      /tensor w: it begins at byte 2, where tensor v ends at 1: there is a gap/,
    ],
    ['no dtype', file('{"w":{"shape":[1],"data_offsets":[0,1]}}', 1), /tensor w: dtype is undefined/],
    [
      'a negative extent',
      file('{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4),
      /tensor w: shape.0 is -1; wanted an integer of at least 0/,
    ],
    [
      'offsets that do not hold the shape',
      file('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
      /tensor w: data_offsets \[0,4\] hold 4 bytes; F32 of shape \[2\] takes 8/,
    ],
    [
      'offsets in the wrong order',
      file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4),
      /tensor w: data_offsets \[4,0\] hold -4 bytes/,
    ],
    [
      'offsets that overlap',
      file(
        '{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      /tensor w: it begins at byte 4, where tensor v ends at 8: they overlap/,
    ],
    [
      'a gap',
      file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8),
      /tensor w: it begins at byte 4, where the header ends at 0: there is a gap/,
    ],
    [
      'offsets past the end',
      file('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4),
      /tensor w: it ends at byte 8 of the data, and there are 4/,
    ],
    [
      'a name twice, once in escapes',
      file(
        '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      /the header has w twice/,
    ],
    [
      'a member that the format does not know',
      file('{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4],"offset":0}}', 4),
      /tensor w: it has offset/,
    ],
  ] as const)('%s is a Left that says so', (_, bytes, message) => expectInvalid(decodeSafetensors(bytes), message))

  it('tensors of no elements, and names of any kind, are no trouble', () => {
    const bytes = file('{"__proto__":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}', 0)
    expect(getOrThrow(decodeSafetensors(bytes)).tensors).toMatchObject([{ name: '__proto__', shape: [0, 3] }])
  })

  it('an integer beyond ±2⁵³ is told, with its tensor', () => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x7f)
    expectInvalid(numbersOf({ name: 'steps', dtype: 'I64', shape: [], bytes }), /tensor steps: holds 915/)
  })

  const elements = (dtype: Dtype, ...bytes: readonly number[]): readonly number[] =>
    Array.from(getOrThrow(numbersOf({ name: 'w', dtype, shape: [], bytes })).data)

  // the tables of Micikevicius et al., "FP8 formats for deep learning", 2022
  it('F8 reads as its paper tabulates it, without and with infinities', () => {
    const some = [0x00, 0x80, 0x01, 0x07, 0x08, 0x38, 0x7e, 0xfe, 0x7f]
    expect(some.flatMap((byte) => elements('F8_E4M3', byte))).toEqual([
      ...[0, -0, 2 ** -9, 0.875 * 2 ** -6, 2 ** -6, 1, 448, -448, NaN],
    ])
    const others = [0x00, 0x80, 0x01, 0x03, 0x04, 0x3c, 0x7b, 0xfb, 0x7c, 0xfc, 0x7e]
    expect(others.flatMap((byte) => elements('F8_E5M2', byte))).toEqual([
      ...[0, -0, 2 ** -16, 0.75 * 2 ** -14, 2 ** -14, 1, 57344, -57344, Infinity, -Infinity, NaN],
    ])
  })

  it('integers and truth values read as what they are, and their bytes stay', () => {
    expect([elements('U8', 200), elements('I8', 200), elements('BOOL', 1)].flat()).toEqual([200, -56, 1])
    expect([elements('U16', 1, 255), elements('I16', 1, 255)].flat()).toEqual([65281, -255])
    expect([elements('U32', 1, 0, 0, 255), elements('I32', 1, 0, 0, 255)].flat()).toEqual([4278190081, -16777215])
    expect(elements('U64', 0, 0, 0, 0, 1, 0, 0, 0)).toEqual([2 ** 32])
    expectInvalid(numbersOf({ name: 'w', dtype: 'BOOL', shape: [], bytes: [7] }), /tensor w: holds 7; a BOOL is 0 or 1/)
    const bytes = file('{"w":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}  ', 8)
    expect(encodeSafetensors(getOrThrow(decodeSafetensors(bytes)))).toEqual(bytes)
  })

  it('a tensor of elements that are not read is passed over by name, and refuses only who wants it', () => {
    const { tensors, skipped } = getOrThrow(
      decodeSafetensors(
        file(
          '{"v":{"dtype":"F4","shape":[4],"data_offsets":[0,2]},"w":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}',
          3,
        ),
      ),
    )
    expect(tensors.map(({ name }) => name)).toEqual(['w'])
    expect(skipped).toEqual([{ name: 'v', dtype: 'F4', shape: [4] }])
    const found = { tensors, ...(skipped === undefined ? {} : { skipped }) }
    expect(getOrThrow(tensorsAs({ w: [1] }, found))).toEqual({ w: tensor([1], Float64Array.of(0)) })
    expect(unwanted({ w: [1] }, found)).toEqual(['v'])
    expectInvalid(tensorsAs({ v: [4], w: [1] }, found), /tensor v: its dtype F4 is not read here; wanted one of F64/)
    expect(tensorsAs({ x: [1] }, found)).toEqual(
      E.left({ code: 'MissingInput', message: 'tensor x is missing; nothing wants w, v' }),
    )
  })

  it('any bytes are answered, never thrown at', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeSafetensors(bytes)))
    fc.assert(
      fc.property(fc.nat(written.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        decodeSafetensors(written.map((byte, i) => (i === at ? value : byte)))
      }),
    )
  })
})
