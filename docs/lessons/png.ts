import { crc32, deflateSync } from 'node:zlib'

/** A colour of 8 bits for red, green and blue. */
export type Colour = readonly [red: number, green: number, blue: number]

const bigEndian = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))

// a chunk's check covers its type and its data, its length the data alone
const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const body = joined(Uint8Array.from(Buffer.from(type, 'latin1')), data)
  return joined(bigEndian(data.length), body, bigEndian(crc32(body)))
}

/**
 * An image as a PNG file: 8 bits of red, green and blue, every line unfiltered.
 *
 * Source  W3C, "Portable Network Graphics (PNG) Specification", third edition
 */
export const png = (width: number, height: number, at: (row: number, column: number) => Colour): Uint8Array => {
  const lines = Array.from({ length: height }, (_, row) => [
    0,
    ...Array.from({ length: width }, (_, column) => at(row, column)).flat(),
  ])
  const kind = Uint8Array.of(8, 2, 0, 0, 0)
  return joined(
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', joined(bigEndian(width), bigEndian(height), kind)),
    chunk('IDAT', Uint8Array.from(deflateSync(Uint8Array.from(lines.flat())))),
    chunk('IEND', new Uint8Array()),
  )
}
