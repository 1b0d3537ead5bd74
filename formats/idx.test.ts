import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Result } from '../spec/error.js'
import type { Images } from './idx.js'
import { decodeImages, decodeLabels, encodeImages, encodeLabels } from './idx.js'

const someImages: fc.Arbitrary<Images> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([count, rows, cols]) =>
    fc
      .uint8Array({ minLength: count * rows * cols, maxLength: count * rows * cols })
      .map((bytes): Images => ({ shape: [count, rows, cols], bytes })),
  )
const someLabels = fc.uint8Array({ minLength: 1, maxLength: 30, max: 9 })

const invalid = (message: RegExp) =>
  E.left({ code: 'FormatInvalid', message: expect.stringMatching(message) as string })

const expectInvalid = (result: Result<unknown>, message: RegExp): void => expect(result).toEqual(invalid(message))

// two images of one row and three columns, written out by hand from the format's description
const imageFile = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255]
const labelFile = [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9]

const replaced = (bytes: readonly number[], at: number, ...values: readonly number[]): readonly number[] =>
  bytes.map((byte, i) => values[i - at] ?? byte)

describe('IDX', () => {
  it('decodes the worked files', () => {
    expect(decodeImages(imageFile)).toEqual(
      E.right({ shape: [2, 1, 3], bytes: Uint8Array.of(10, 20, 30, 40, 50, 255) }),
    )
    expect(decodeLabels(labelFile)).toEqual(E.right(Uint8Array.of(7, 0, 9)))
  })

  it('encodes the worked files', () => {
    expect([...encodeImages({ shape: [2, 1, 3], bytes: [10, 20, 30, 40, 50, 255] })]).toEqual(imageFile)
    expect([...encodeLabels([7, 0, 9])]).toEqual(labelFile)
  })

  it('decoding gives back what was encoded', () => {
    fc.assert(
      fc.property(someImages, (images) => {
        expect(decodeImages(encodeImages(images))).toEqual(E.right(images))
      }),
    )
    fc.assert(
      fc.property(someLabels, (labels) => {
        expect(decodeLabels(encodeLabels(labels))).toEqual(E.right(labels))
      }),
    )
  })

  it('an extent above 255 is read big-endian', () => {
    const images: Images = { shape: [1, 258, 3], bytes: new Uint8Array(774) }
    expect([...encodeImages(images).slice(8, 12)]).toEqual([0, 0, 1, 2])
    expect(decodeImages(encodeImages(images))).toEqual(E.right(images))
  })

  it('a file cut after any byte is a Left that says truncated', () => {
    for (let length = 0; length < imageFile.length; length++)
      expectInvalid(decodeImages(imageFile.slice(0, length)), /truncated (header|payload)/)
    for (let length = 0; length < labelFile.length; length++)
      expectInvalid(decodeLabels(labelFile.slice(0, length)), /truncated (header|payload)/)
  })

  it('a surplus byte is a Left', () => {
    expectInvalid(decodeImages([...imageFile, 0]), /surplus payload: 7 bytes.*\[2, 1, 3\] holds 6/)
    expectInvalid(decodeLabels([...labelFile, 0]), /surplus payload: 4 bytes.*\[3\] holds 3/)
  })

  it('labels where images are wanted, and the other way round, are told', () => {
    expectInvalid(decodeImages(labelFile), /0x00000801 \(labels, mislabelled as images\); wanted 0x00000803/)
    expectInvalid(decodeLabels(imageFile), /0x00000803 \(images, mislabelled as labels\); wanted 0x00000801/)
  })

  it('other element types, other numbers of axes and other files are told', () => {
    expectInvalid(decodeImages(replaced(imageFile, 2, 0x0d)), /IDX with 3 axes of f32/)
    expectInvalid(decodeLabels(replaced(labelFile, 2, 0x0c)), /IDX with 1 axes of i32/)
    expectInvalid(decodeImages(replaced(imageFile, 3, 4)), /IDX with 4 axes of u8/)
    expectInvalid(decodeImages(replaced(imageFile, 2, 0x0a)), /not an IDX file/)
    expectInvalid(decodeLabels(replaced(labelFile, 0, 0x1f, 0x8b)), /gzip/)
    expectInvalid(decodeImages(Array.from(Buffer.from('<html><body>'))), /not an IDX file but an HTML page/)
    expectInvalid(decodeImages([]), /truncated header: an empty file/)
  })

  it('a header in little-endian order is named as such, by its magic or by its extents alone', () => {
    const little = [3, 8, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, ...imageFile.slice(16)]
    expectInvalid(
      decodeImages(little),
      /0x03080000 \(IDX with 3 axes of u8, its header in little-endian order; IDX is big-endian\)/,
    )
    expectInvalid(decodeLabels(replaced(labelFile, 0, 1, 8, 0, 0)), /1 axes of u8, its header in little-endian order/)
    expectInvalid(
      decodeImages([...imageFile.slice(0, 4), ...little.slice(4)]),
      /the extents are in little-endian order, \[2, 1, 3\]; IDX is big-endian/,
    )
    expectInvalid(decodeLabels(replaced(labelFile, 4, 3, 0, 0, 0)), /little-endian order, \[3\]/)
  })

  it('an extent of zero is a Left', () => {
    for (const axis of [0, 1, 2]) expectInvalid(decodeImages(replaced(imageFile, 7 + 4 * axis, 0)), /at least 1/)
    expectInvalid(decodeLabels([0, 0, 8, 1, 0, 0, 0, 0]), /\[n\] = \[0\]; every extent is at least 1/)
  })

  it('a label above 9 is a Left that names it', () => {
    expectInvalid(decodeLabels(replaced(labelFile, 9, 10)), /label 1 is 10; labels are 0 … 9/)
  })

  it('extents whose product passes 2⁵³ are a Left', () => {
    expectInvalid(decodeImages(replaced(imageFile, 4, ...Array<number>(12).fill(255))), /truncated payload/)
  })

  it('any bytes are answered, never thrown at', () => {
    const decoders = [decodeImages, decodeLabels]
    const damaged = fc.tuple(fc.constantFrom(imageFile, labelFile), fc.nat(21), fc.integer({ min: 0, max: 255 }))
    fc.assert(fc.property(fc.uint8Array(), (bytes) => decoders.forEach((decode) => decode(bytes))))
    fc.assert(
      fc.property(damaged, ([file, at, value]) => decoders.forEach((decode) => decode(replaced(file, at, value)))),
    )
  })

  it('a decoded value does not change with the bytes that it came from', () => {
    const bytes = Uint8Array.from(labelFile)
    const labels = decodeLabels(bytes)
    bytes.fill(0)
    expect(labels).toEqual(E.right(Uint8Array.of(7, 0, 9)))
  })
})
