/** A binary floating-point format: which of the real numbers it holds. */
export interface Format {
  /** bits of the significand behind its leading one */
  readonly digits: number
  /** the exponent of the smallest normal number; below it the numbers lie as close as just above it */
  readonly least: number
  readonly largest: number
}

const format = (digits: number, least: number, exponent: number): Format => ({
  digits,
  least,
  largest: (2 - 2 ** -digits) * 2 ** exponent,
})

export const f32 = format(23, -126, 127)
/** f32's range with 10 digits: what tensor cores read of an f32 */
export const tf32 = format(10, -126, 127)
/** the upper half of an f32 */
export const bf16 = format(7, -126, 127)
/** IEEE 754's binary16: at most 65504, normal from 2⁻¹⁴ on, in steps of 2⁻²⁴ below */
export const f16 = format(10, -14, 15)

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
const upper = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0

/** ⌊log₂ x⌋ of a positive normal number: the exponent of f64. */
const exponentOf = (x: number): number => {
  double[0] = x
  return ((words[upper] as number) >>> 20) - 1023
}

// a rounding of magnitudes, the sign kept: of −0 too
const bySize =
  (rounding: (size: number) => number) =>
  (x: number): number =>
    x === 0 || !Number.isFinite(x) ? x : Math.sign(x) * rounding(Math.abs(x))

const unitOf = ({ digits, least }: Format, size: number): number => 2 ** (Math.max(exponentOf(size), least) - digits)

/** The number of a format nearest to another, of two as near the even one: IEEE 754's conversion. Past the range, an infinity. */
export const toNearest = (format: Format): ((x: number) => number) =>
  bySize((size) => {
    const unit = unitOf(format, size)
    const below = Math.floor(size / unit)
    const over = size / unit - below
    const rounded = (over > 0.5 || (over === 0.5 && below % 2 === 1) ? below + 1 : below) * unit
    return rounded > format.largest ? Infinity : rounded
  })

/** The number of a format next to another towards 0: further digits cut off. Past the range, the largest. */
export const towardsZero = (format: Format): ((x: number) => number) =>
  bySize((size) => {
    const unit = unitOf(format, size)
    return Math.min(Math.floor(size / unit) * unit, format.largest)
  })

/** 0 in place of a format's subnormal numbers, as WGSL permits. */
export const flushed = ({ least }: Format): ((x: number) => number) => bySize((size) => (size < 2 ** least ? 0 : size))
