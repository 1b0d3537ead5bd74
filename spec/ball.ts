import { epsilon, expError, expm1Error, log1pError } from './bound.js'

/**
 * A value, and how far f32 arithmetic as WGSL permits it may be from it: bounds by arithmetic, for formulas too long for
 * a closed form. An operation takes its operands' errors along and adds its own rounding: ε for + − ×, 2½ε for a quotient,
 * 4½ε for a root, and what bound.ts says of the functions. What may be subnormal may be flushed, so 2⁻¹²⁶ comes with each
 * rounding: a root makes 2⁻⁶³ of it.
 *
 * A product with an exact 0 or ±1 and a sum with an exact 0 round nowhere, so a term that an attribute switches off costs
 * nothing. Nothing depends on the order of additions and products beyond the formula's own, and fusing only removes
 * roundings.
 */
export interface Ball {
  readonly value: number
  readonly error: number
}

const flushed = 2 ** -126

export const exact = (value: number): Ball => ({ value, error: 0 })

// a result that is off by `error` before it is rounded itself, by a relative `rounding`; 0 and an infinity are not rounded
const rounding = (relative: number, value: number, error: number): Ball =>
  error === 0 && (value === 0 || Math.abs(value) === Infinity)
    ? exact(value)
    : { value, error: error + relative * (Math.abs(value) + error) + flushed }

/** A number that f32 may not hold, rounded once on its way to the device. */
export const onceRounded = (value: number): Ball => rounding(epsilon, value, 0)

const is = ({ value, error }: Ball, wanted: number): boolean => value === wanted && error === 0

export const negative = ({ value, error }: Ball): Ball => ({ value: -value, error })

export const plus = (x: Ball, y: Ball): Ball =>
  is(x, 0) ? y : is(y, 0) ? x : rounding(epsilon, x.value + y.value, x.error + y.error)

export const minus = (x: Ball, y: Ball): Ball => plus(x, negative(y))

/** So much of a number as an error reaches: none of an exact 0 or without an error, though the other be past all numbers. */
const share = (size: number, error: number): number => (size === 0 || error === 0 ? 0 : size * error)

/** An error, which is Infinity where nothing is known: never NaN, for which no answer would do. */
export const neverNaN = (error: number): number => (Number.isNaN(error) ? Infinity : error)

export const times = (x: Ball, y: Ball): Ball =>
  is(x, 0) || is(y, 0)
    ? exact(0)
    : is(x, 1)
      ? y
      : is(y, 1)
        ? x
        : rounding(
            epsilon,
            x.value * y.value,
            share(Math.abs(x.value), y.error) + share(Math.abs(y.value), x.error) + share(x.error, y.error),
          )

/** x/y; Infinity where y may be 0. */
export const over = (x: Ball, y: Ball): Ball => {
  const quotient = x.value / y.value
  const least = Math.abs(y.value) - y.error
  return is(x, 0)
    ? x
    : rounding(2.5 * epsilon, quotient, least > 0 ? (x.error + Math.abs(quotient) * y.error) / least : Infinity)
}

/** √x of an x of at least 0. */
export const rootOf = ({ value, error }: Ball): Ball => {
  const root = Math.sqrt(value)
  const least = Math.sqrt(Math.max(value - error, 0))
  return rounding(4.5 * epsilon, root, error === 0 ? 0 : error / (root + least))
}

// e^{v+e} − e^v as e^{v+e}·(1 − e^{−e}): no more than e^{v+e}, where e^v·(e^e − 1) is 0·∞ for a v far below and a large e
const movedPower = ({ value, error }: Ball): number => Math.exp(value + error) * -Math.expm1(-error)

/** e^x */
export const expOf = (x: Ball): Ball =>
  rounding(expError(Math.abs(x.value) + x.error), Math.exp(x.value), movedPower(x))

/** e^x − 1 for an x of at most ½. */
export const expm1Of = (x: Ball): Ball => rounding(expm1Error, Math.expm1(x.value), movedPower(x))

/** log(1 + x) for an x from 0 to 1. */
export const log1pOf = ({ value, error }: Ball): Ball =>
  rounding(log1pError, Math.log1p(value), -Math.log1p(-error / (1 + value)))

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

/** The permitted relative error of 1/(1 + e^{−x}), made of e^{−|x|}: 6ε for x ≥ 0, (11 + 2|x|)ε below, as `sigmoid` derives. */
export const sigmoidError = ({ value, error }: Ball): number =>
  (value - error >= 0 ? 6 : 11 + 2 * (Math.abs(value) + error)) * epsilon

/** 1/(1 + e^{−x}) */
export const sigmoidOf = (x: Ball): Ball => {
  const { value, error } = x
  const y = sigmoid(value)
  return rounding(sigmoidError(x), y, Math.max(sigmoid(value + error) - y, y - sigmoid(value - error)))
}
