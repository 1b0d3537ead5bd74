import type { Ball } from './ball.js'
import { exact } from './ball.js'
import { epsilon, gamma, tanhError, tau } from './bound.js'
import type { Shape, Tensor } from './tensor.js'
import { generate, sizeOf } from './tensor.js'

/** Tensors of balls, and the functions and sums of recurrent layers in their arithmetic. */
export interface Balls {
  readonly shape: Shape
  readonly values: Float64Array
  readonly errors: Float64Array
}

/** The tensor whose element i (row-major) is f(i). */
export const balls = (shape: Shape, f: (index: number) => Ball): Balls => {
  const [values, errors] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))]
  for (let i = 0; i < values.length; i++) {
    const { value, error } = f(i)
    values[i] = value
    errors[i] = error
  }
  return { shape, values, errors }
}

export const ballAt = ({ values, errors }: Balls, i: number): Ball => ({
  value: values[i] as number,
  error: errors[i] as number,
})

/** A tensor that is given: no error yet. */
export const given = (x: Tensor): Balls => balls(x.shape, (i) => exact(x.data[i] as number))

export const errorsOf = ({ shape, errors }: Balls): Tensor => generate(shape, (i) => errors[i] as number)

/** Tensors of one shape one after the other, along a new first axis. */
export const stacked = (parts: readonly Balls[]): Balls => {
  const shape = (parts[0] as Balls).shape
  const size = sizeOf(shape)
  return balls([parts.length, ...shape], (i) => ballAt(parts[Math.floor(i / size)] as Balls, i % size))
}

/** The same elements under another shape. */
export const reshaped = (shape: Shape, { values, errors }: Balls): Balls => ({ shape, values, errors })

/** The t-th part along the first axis. */
export const partOf = ({ shape: [, ...shape], values, errors }: Balls, t: number): Balls => {
  const [from, to] = [t * sizeOf(shape), (t + 1) * sizeOf(shape)]
  return { shape, values: values.subarray(from, to), errors: errors.subarray(from, to) }
}

export const mapBalls = (f: (x: Ball) => Ball, x: Balls): Balls => balls(x.shape, (i) => f(ballAt(x, i)))

export const zipBalls = (f: (x: Ball, y: Ball) => Ball, x: Balls, y: Balls): Balls =>
  balls(x.shape, (i) => f(ballAt(x, i), ballAt(y, i)))

/**
 * Σ_k x[from + k·step]·y[at + k·stride] over K terms, and `also`. A term meets so many roundings: its product's, and as
 * many more as additions nest.
 */
export const sumOfProducts = (
  roundings: number,
  K: number,
  x: Balls,
  [from, step]: readonly [number, number],
  y: Balls,
  [at, stride]: readonly [number, number],
  also: Ball = exact(0),
): Ball => {
  let value = also.value
  let error = also.error
  let magnitude = Math.abs(also.value) + also.error
  for (let k = 0; k < K; k++) {
    const [i, j] = [from + k * step, at + k * stride]
    const [v, e] = [x.values[i] as number, x.errors[i] as number]
    const [w, d] = [y.values[j] as number, y.errors[j] as number]
    const moved = Math.abs(v) * d + Math.abs(w) * e + e * d
    value += v * w
    error += moved
    magnitude += Math.abs(v * w) + moved
  }
  return { value, error: error + gamma(roundings) * magnitude + tau }
}

/** Σ_k x[from + k·step] over K terms whose additions nest so deep. */
export const sumOfTerms = (depth: number, K: number, x: Balls, from: number, step: number): Ball => {
  let value = 0
  let error = 0
  let magnitude = 0
  for (let k = 0; k < K; k++) {
    const [v, e] = [x.values[from + k * step] as number, x.errors[from + k * step] as number]
    value += v
    error += e
    magnitude += Math.abs(v) + e
  }
  return { value, error: error + gamma(depth) * magnitude + tau }
}

// a function of slope at most `steepest` whose values lie at most `range` apart, off by `relative` of its value itself
const through = (value: number, relative: number, error: number, steepest: number, range: number): Ball => {
  const moved = Math.min(error * steepest, range)
  return { value, error: moved + relative * (Math.abs(value) + moved) + tau }
}

// the slope of the sigmoid, t/(1 + t)² with t = e^{−|x|}; it falls with |x|, and that of tanh at x is 4 times that at 2x
const slopeOfSigmoid = (size: number): number => {
  const t = Math.exp(-size)
  return t / (1 + t) ** 2
}

const nearest = ({ value, error }: Ball): number => Math.max(Math.abs(value) - error, 0)

/** tanh x: x's error by the largest slope near it, and the 9ε of tanh itself. */
export const tanhOf = (x: Ball): Ball =>
  through(Math.tanh(x.value), tanhError, x.error, 4 * slopeOfSigmoid(2 * nearest(x)), 2)

/** 1/(1 + e^{−x}): 6ε of itself for x ≥ 0, (11 + 2|x|)ε below, as the op sigmoid has it. */
export const sigmoidOf = (x: Ball): Ball => {
  const t = Math.exp(-Math.abs(x.value))
  const value = (x.value >= 0 ? 1 : t) / (1 + t)
  const roundings = x.value - x.error >= 0 ? 6 : 11 + 2 * (Math.abs(x.value) + x.error)
  return through(value, roundings * epsilon, x.error, slopeOfSigmoid(nearest(x)), 1)
}

// a value that its argument's error moves by `moved`, rounded k times on its way
const rounded = (k: number, value: number, moved: number): Ball => ({
  value,
  error: moved + gamma(k) * (Math.abs(value) + moved) + tau,
})

/** (1 − y)·(1 + y), the slope of y = tanh a: the error of y, met once and not twice, and 3 roundings. */
export const oneMinusSquare = ({ value: y, error: e }: Ball): Ball =>
  rounded(3, (1 - y) * (1 + y), e * (2 * Math.abs(y) + e))

/** y·(1 − y), the slope of y = sigmoid a: the error of y, met once and not twice, and 2 roundings. */
export const timesOneMinus = ({ value: y, error: e }: Ball): Ball =>
  rounded(2, y * (1 - y), e * (Math.abs(1 - 2 * y) + e))
