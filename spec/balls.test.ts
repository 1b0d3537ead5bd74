import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Balls } from './balls.js'
import {
  ballAt,
  balls,
  blended,
  given,
  oneMinusSquare,
  partOf,
  stacked,
  sumOfProducts,
  tanhOf,
  timesOneMinus,
} from './balls.js'
import type { Ball } from './ball.js'
import { exact, expm1Of, expOf, onceRounded, sigmoidOf, times } from './ball.js'
import { epsilon, expError } from './bound.js'

// a ball, and a place in it from one end to the other
const moved = fc.record({
  value: fc.double({ min: -40, max: 40, noNaN: true }),
  error: fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 8, noNaN: true }),
    fc.double({ min: 0, max: 1e-6, noNaN: true }),
  ),
  at: fc.double({ min: -1, max: 1, noNaN: true }),
})

const tanh = (x: number): number => Math.tanh(x)
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

describe('functions of balls', () => {
  test.each([
    ['tanh', tanhOf, tanh, 9],
    ['sigmoid', sigmoidOf, sigmoid, 6],
  ] as const)('%s holds what the function makes of every number in the ball, roundings and all', (_, ofBall, f, k) => {
    fc.assert(
      fc.property(moved, fc.constantFrom(-1, 1), ({ value, error, at }, side) => {
        const ball = ofBall({ value, error })
        const found = f(value + at * error) * (1 + side * k * epsilon)
        expect(ball.value).toBeCloseTo(f(value), 14)
        expect(Math.abs(found - ball.value)).toBeLessThanOrEqual(ball.error * (1 + 1e-12) + 1e-15)
      }),
    )
  })

  test.each([
    ['1 − y²', oneMinusSquare, (y: number) => (1 - y) * (1 + y), 3],
    ['y·(1 − y)', timesOneMinus, (y: number) => y * (1 - y), 2],
  ] as const)('%s meets the error of y once', (_, ofBall, f, k) => {
    fc.assert(
      fc.property(moved, ({ value, error, at }) => {
        const y = tanh(value)
        const ball = ofBall({ value: y, error })
        const found = f(y + at * error) * (1 + k * epsilon)
        expect(Math.abs(found - ball.value)).toBeLessThanOrEqual(ball.error * (1 + 1e-12) + 1e-15)
      }),
    )
    // no more than the slope allows: 2|y| or |1 − 2y| times a small error, and roundings
    expect(ofBall({ value: 0.5, error: 2 ** -10 }).error).toBeLessThan(2 ** -10 * 1.01)
  })

  test('a saturated function hardly minds an error, and its values lie no further apart than they can', () => {
    expect(tanhOf({ value: 30, error: 1 }).error).toBeLessThan(10 * epsilon)
    expect(sigmoidOf({ value: -60, error: 1 }).error).toBeLessThan(1e-20)
    expect(tanhOf({ value: 0, error: 1e20 }).error).toBeLessThanOrEqual(2.1)
    expect(sigmoidOf({ value: 1e30, error: 1e24 })).toEqual({
      value: 1,
      error: expect.closeTo(6 * epsilon, 12) as number,
    })
  })
})

// over enough steps errors grow past all numbers: then nothing is known, and an answer may be any
describe('an error past all numbers', () => {
  const zeros = { value: 0, error: 0 }
  const unknown = { value: 0.5, error: Infinity }

  test('is nothing of an exact 0, and else Infinity', () => {
    expect(times(zeros, unknown)).toEqual(exact(0))
    expect(times({ value: 0, error: 1e-3 }, unknown).error).toBe(Infinity)
    expect(times(unknown, { value: 2, error: 0 }).error).toBe(Infinity)
    expect(blended({ value: 1, error: 0 }, unknown, exact(0)).error).toBe(Infinity)
  })

  test('is Infinity in a sum of products, where a factor is 0 as well', () => {
    const x = { ...given({ shape: [3], data: [0, 1, 2] }), errors: [0, 0, 0] }
    const y = { ...given({ shape: [3], data: [1, 1, 1] }), errors: [Infinity, 0, 0] }
    expect(sumOfProducts(3, 3, x, [0, 1], y, [0, 1])).toEqual({ value: 3, error: Infinity })
  })
})

describe('powers of balls', () => {
  // from where e^x is 1 or more to where no f64 holds it, with errors of every size
  const far = fc.record({
    value: fc.oneof(
      fc.double({ min: -1000, max: 80, noNaN: true }),
      fc.double({ min: -3e38, max: 0, noNaN: true }),
      fc.constantFrom(0, -104, -709, -745, -746, -Infinity),
    ),
    error: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 1e-6, noNaN: true }),
      fc.double({ min: 0, max: 800, noNaN: true }),
      fc.double({ min: 0, max: 3e38, noNaN: true }),
    ),
    at: fc.double({ min: -1, max: 1, noNaN: true }),
  })

  test('e^x holds the power of every number in the ball, roundings and all, and is NaN nowhere', () => {
    fc.assert(
      fc.property(far, fc.constantFrom(-1, 1), ({ value, error, at }, side) => {
        const ball = expOf({ value, error })
        const x = value + at * error
        const found = Math.exp(x) * (1 + side * expError(x))
        expect(ball.value).toBe(Math.exp(value))
        expect(Math.abs(found - ball.value)).toBeLessThanOrEqual(ball.error * (1 + 1e-12) + 2 ** -51 * ball.value)
      }),
      { numRuns: 1000 },
    )
  })

  test('e^x − 1 of an x below ½ does, too', () => {
    fc.assert(
      fc.property(far, ({ value, error, at }) => {
        const x = Math.min(value, 0.5)
        const ball = expm1Of({ value: x, error })
        const found = Math.expm1(x + at * error)
        expect(ball.error).toBeGreaterThanOrEqual(0)
        if (found < Infinity) expect(Math.abs(found - ball.value)).toBeLessThanOrEqual(ball.error * (1 + 1e-12) + 1e-15)
      }),
      { numRuns: 1000 },
    )
  })

  test('e^x is moved by no more than its slope allows, and by next to nothing far below', () => {
    expect(expOf({ value: -3, error: 2 ** -10 }).error).toBeLessThan(Math.exp(-3) * (2 ** -10 * 1.001 + 11 * epsilon))
    expect(expOf({ value: -1e7, error: 1e3 }).error).toBeLessThan(2 ** -125)
    expect(expOf(onceRounded(-1e30)).error).toBeLessThan(2 ** -125)
    expect(expOf(onceRounded(-Infinity))).toEqual(exact(0))
  })
})

describe('sums of products of balls', () => {
  const vector = (at: readonly Ball[]) => balls([at.length], (i) => at[i] as Ball)

  test('hold the sum of all that the operands may be', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moved, moved), { minLength: 1, maxLength: 9 }), (pairs) => {
        const [x, y] = [vector(pairs.map(([x]) => x)), vector(pairs.map(([, y]) => y))]
        const sum = sumOfProducts(pairs.length, pairs.length, x, [0, 1], y, [0, 1])
        const found = pairs.reduce((s, [x, y]) => s + (x.value + x.at * x.error) * (y.value + y.at * y.error), 0)
        expect(Math.abs(found - sum.value)).toBeLessThanOrEqual(sum.error * (1 + 1e-12))
      }),
    )
  })

  test('take every step-th element from a first one on, and what else there is', () => {
    const numbers = given({ shape: [2, 3], data: [1, 2, 3, 4, 5, 6] })
    expect(sumOfProducts(2, 2, numbers, [0, 3], numbers, [1, 1], { value: 10, error: 0 }).value).toBe(
      1 * 2 + 4 * 3 + 10,
    )
  })
})

const whole = (x: Balls): readonly Ball[] => Array.from({ length: x.values.length }, (_, i) => ballAt(x, i))

test('what was stacked comes apart again', () => {
  const parts = [0, 1, 2].map((t) => balls([2, 2], (i) => ({ value: 10 * t + i, error: i })))
  parts.forEach((part, t) => expect(whole(partOf(stacked(parts), t))).toEqual(whole(part)))
  expect(ballAt(stacked(parts), 5)).toEqual({ value: 11, error: 1 })
})
