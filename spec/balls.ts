import type { Ball } from './ball.js'
import { exact, neverNaN, plus, sigmoidOf, times } from './ball.js'
import { epsilon, gamma, tanhError, tau } from './bound.js'
import type { Field } from './field.js'
import { field } from './field.js'
import type { Numbers, Shape, Tensor } from './tensor.js'
import { sizeOf } from './tensor.js'

/**
 * Tensors of balls, and the functions and sums of recurrent layers in their arithmetic. A ball is worked out when it is
 * first read, and once; sums have theirs ready before they start.
 */
export interface Balls {
  readonly shape: Shape
  readonly values: Numbers
  readonly errors: Numbers
  /** works out the ball at a position, so that it stands in `values` and `errors` */
  readonly ready: (position: number) => void
}

/** The tensor whose element i (row-major) is f(i). */
export const balls = (shape: Shape, f: (index: number) => Ball): Balls => {
  const [values, errors] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape))]
  const known = new Uint8Array(sizeOf(shape))
  return {
    shape,
    values,
    errors,
    ready: (i) => {
      if (known[i] === 1) return
      const { value, error } = f(i)
      values[i] = value
      errors[i] = error
      known[i] = 1
    },
  }
}

// what is worked out already
const nothing = (): void => undefined

export const ballAt = ({ values, errors, ready }: Balls, i: number): Ball => {
  ready(i)
  return { value: values[i] as number, error: errors[i] as number }
}

/** A tensor that is given: no error yet. */
export const given = ({ shape, data }: Tensor): Balls => ({
  shape,
  values: data,
  errors: new Float64Array(data.length),
  ready: nothing,
})

/** The same balls, all of them worked out now: what a step leaves to the next, so that no chain of steps is left to do. */
export const made = (x: Balls): Balls => {
  for (let i = 0; i < x.values.length; i++) x.ready(i)
  return { ...x, ready: nothing }
}

export const errorsOf = (x: Balls): Field => field(x.shape, (i) => ballAt(x, i).error)

/** Tensors of one shape one after the other, along a new first axis. */
export const stacked = (parts: readonly Balls[]): Balls => {
  const shape = (parts[0] as Balls).shape
  const size = sizeOf(shape)
  return balls([parts.length, ...shape], (i) => ballAt(parts[Math.floor(i / size)] as Balls, i % size))
}

/** The same elements under another shape. */
export const reshaped = (shape: Shape, x: Balls): Balls => ({ ...x, shape })

/** The t-th part along the first axis. */
export const partOf = (x: Balls, t: number): Balls => {
  const shape = x.shape.slice(1)
  const first = t * sizeOf(shape)
  return balls(shape, (i) => ballAt(x, first + i))
}

export const mapBalls = (f: (x: Ball) => Ball, x: Balls): Balls => balls(x.shape, (i) => f(ballAt(x, i)))

export const zipBalls = (f: (x: Ball, y: Ball) => Ball, x: Balls, y: Balls): Balls =>
  balls(x.shape, (i) => f(ballAt(x, i), ballAt(y, i)))

/** Works out the balls that a sum reads before it starts. */
const readyAll = ({ ready }: Balls, K: number, from: number, step: number): void => {
  if (ready !== nothing) for (let k = 0; k < K; k++) ready(from + k * step)
}

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
  readyAll(x, K, from, step)
  readyAll(y, K, at, stride)
  for (let k = 0; k < K; k++) {
    const [i, j] = [from + k * step, at + k * stride]
    const [v, e] = [x.values[i] as number, x.errors[i] as number]
    const [w, d] = [y.values[j] as number, y.errors[j] as number]
    const moved = Math.abs(v) * d + Math.abs(w) * e + e * d
    value += v * w
    error += moved
    magnitude += Math.abs(v * w) + moved
  }
  return { value, error: neverNaN(error + gamma(roundings) * magnitude + tau) }
}

/** Σ_k x[from + k·step] over K terms whose additions nest so deep. */
export const sumOfTerms = (depth: number, K: number, x: Balls, from: number, step: number): Ball => {
  let value = 0
  let error = 0
  let magnitude = 0
  readyAll(x, K, from, step)
  for (let k = 0; k < K; k++) {
    const [v, e] = [x.values[from + k * step] as number, x.errors[from + k * step] as number]
    value += v
    error += e
    magnitude += Math.abs(v) + e
  }
  return { value, error: error + gamma(depth) * magnitude + tau }
}

// the slope of tanh where x is nearest to 0, 4t/(1 + t)² with t = e^{−2|x|}: the largest in the ball
const largestSlope = ({ value, error }: Ball): number => {
  const t = Math.exp(-2 * Math.max(Math.abs(value) - error, 0))
  return (4 * t) / (1 + t) ** 2
}

/** tanh x: x's error by the largest slope near it, no more than all values lie apart, and the 9ε of tanh itself. */
export const tanhOf = (x: Ball): Ball => {
  const value = Math.tanh(x.value)
  const moved = Math.min(x.error * largestSlope(x), 2)
  return { value, error: moved + tanhError * (Math.abs(value) + moved) + tau }
}

// a value that its argument's error moves by `moved`, rounded k times on its way
const rounded = (k: number, value: number, moved: number): Ball => ({
  value,
  error: moved + gamma(k) * (Math.abs(value) + moved) + tau,
})

/** 1 − y², the slope of y = tanh a, or (1 − y)·(1 + y): the error of y, met once and not twice, that of y², and 3 roundings. */
export const oneMinusSquare = ({ value: y, error: e }: Ball): Ball =>
  rounded(3, (1 - y) * (1 + y), e * (2 * Math.abs(y) + e) + epsilon * (Math.abs(y) + e) ** 2)

/** y·(1 − y), the slope of y = sigmoid a: the error of y, met once and not twice, and 2 roundings. */
export const timesOneMinus = ({ value: y, error: e }: Ball): Ball =>
  rounded(2, y * (1 - y), e * (Math.abs(1 - 2 * y) + e))

/** x + y as two terms of a sum in which each meets so many roundings. */
export const summed = (roundings: number, x: Ball, y: Ball): Ball => {
  const moved = x.error + y.error
  return {
    value: x.value + y.value,
    error: moved + gamma(roundings) * (Math.abs(x.value) + Math.abs(y.value) + moved) + tau,
  }
}

/** x − y, or as the difference of what each is multiplied by next: two roundings of either. */
export const difference = (x: Ball, y: Ball): Ball => summed(2, x, { value: -y.value, error: y.error })

/** 1 − y of a y from 0 to 1, or d − d·y once it is multiplied by d: rounded on the scale of 1. */
export const oneMinus = ({ value, error }: Ball): Ball => ({ value: 1 - value, error: error + epsilon * (1 + error) })

/**
 * (1 − z)·x + z·y, or x + z·(y − x), with z from 0 to 1: z's error moves it by y − x, met once and not twice. Three
 * roundings of x and of z·y cover both ways. Where errors are large: it lies between x and y, so that it is off no more
 * than the worse of the two, and than they lie apart; a z that rounds past 1 by 6ε adds 12 of them.
 */
export const blended = (z: Ball, x: Ball, y: Ball): Ball => {
  const distance = Math.abs(y.value - x.value)
  const along = neverNaN(z.error * (distance + x.error + y.error) + (1 - z.value) * x.error + z.value * y.error)
  const between = (1 + 12 * epsilon) * Math.max(x.error, y.error) + Math.min(z.error, 1) * distance
  const moved = Math.min(along, between)
  return {
    value: (1 - z.value) * x.value + z.value * y.value,
    error: moved + blendRounding(z, x, y),
  }
}

/** What roundings alone put in. */
export const blendRounding = (z: Ball, x: Ball, y: Ball): number =>
  gamma(3) * (Math.abs(x.value) + x.error + (z.value + z.error) * (Math.abs(y.value) + y.error)) + tau

/** What a formula is made of, whatever its numbers are: tensors of balls, or vectors whose errors are known together. */
export interface Arithmetic<V> {
  readonly plus: (x: V, y: V) => V
  readonly times: (x: V, y: V) => V
  readonly tanh: (x: V) => V
  readonly sigmoid: (x: V) => V
  readonly oneMinusSquare: (y: V) => V
  readonly timesOneMinus: (y: V) => V
  /** x + y as two terms of a sum in which each meets so many roundings */
  readonly summed: (roundings: number, x: V, y: V) => V
  readonly difference: (x: V, y: V) => V
  readonly oneMinus: (y: V) => V
  /** (1 − z)·x + z·y */
  readonly blended: (z: V, x: V, y: V) => V
}

export const ofBalls: Arithmetic<Balls> = {
  plus: (x, y) => zipBalls(plus, x, y),
  times: (x, y) => zipBalls(times, x, y),
  tanh: (x) => mapBalls(tanhOf, x),
  sigmoid: (x) => mapBalls(sigmoidOf, x),
  oneMinusSquare: (y) => mapBalls(oneMinusSquare, y),
  timesOneMinus: (y) => mapBalls(timesOneMinus, y),
  summed: (roundings, x, y) => zipBalls((x, y) => summed(roundings, x, y), x, y),
  difference: (x, y) => zipBalls(difference, x, y),
  oneMinus: (y) => mapBalls(oneMinus, y),
  blended: (z, x, y) => balls(x.shape, (i) => blended(ballAt(z, i), ballAt(x, i), ballAt(y, i))),
}
