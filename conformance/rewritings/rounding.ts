import { epsilon, expError, expm1Error, log1pError, logError, tanhError } from '../../spec/bound.js'
import type { Draws } from '../../spec/philox.js'
import type { Arithmetic } from './arithmetic.js'

const bits = new Int32Array(1)
const float = new Float32Array(bits.buffer)

// the f32 next to a finite f32 in the direction of a larger or smaller value
export const neighbour = (value: number, up: boolean): number => {
  if (value === 0) return up ? 2 ** -149 : -(2 ** -149)
  float[0] = value
  bits[0] = (bits[0] as number) + (value > 0 === up ? 1 : -1)
  return float[0]
}

/**
 * f32 arithmetic as WGSL permits it and no better: every operation returns one of the two f32 neighbours of its exact
 * result, drawn at random; division, `exp`, `log`, `sqrt` and our `tanh` helper err by as much as they may, drawn
 * uniformly. A result that f32 holds stays as it is.
 */
export const randomRounding = (draw: Draws): Arithmetic => {
  const rounded = (exact: number): number => {
    const nearest = Math.fround(exact)
    if (nearest === exact || !Number.isFinite(nearest)) return nearest
    return draw.toss() ? nearest : neighbour(nearest, exact > nearest)
  }
  // within ±limit·ε of the exact value, as an f32
  const within = (exact: number, relative: number): number =>
    Math.fround(exact * (1 + (2 * draw.uniform() - 1) * Math.max(relative - epsilon / 2, 0)))
  return {
    '+': (a, b) => rounded(a + b),
    '-': (a, b) => rounded(a - b),
    '*': (a, b) => rounded(a * b),
    '/': (a, b) => {
      const quotient = a / b
      return Math.fround(quotient) === quotient || Number.isNaN(quotient) ? quotient : within(quotient, 2.5 * epsilon)
    },
    Math: {
      abs: Math.abs,
      max: Math.max,
      min: Math.min,
      floor: Math.floor,
      ceil: Math.ceil,
      sign: Math.sign,
      exp: (x: number) => within(Math.exp(x), expError(x)),
      log: (x: number) => {
        const exact = Math.log(x)
        // of 0 it is no number, and has no room about it
        if (!Number.isFinite(exact)) return exact
        const room = Math.max(logError(x) - (epsilon / 2) * Math.abs(exact), 0)
        return Math.fround(exact + (2 * draw.uniform() - 1) * room)
      },
      sqrt: (x: number) => within(Math.sqrt(x), 4.5 * epsilon),
      tanh: (x: number) => within(Math.tanh(x), tanhError),
      expm1: (x: number) => within(Math.expm1(x), expm1Error),
      log1p: (x: number) => within(Math.log1p(x), log1pError),
    },
  }
}

/**
 * The same arithmetic with sums as `lanesThenTree` has them: 64 sums side by side, which are then added in pairs.
 */
export const inLanes = (arithmetic: Arithmetic): Arithmetic => ({
  ...arithmetic,
  total: () => {
    const lanes: number[] = []
    let count = 0
    const plus = arithmetic['+']
    const pairwise = (terms: readonly number[]): number =>
      terms.length <= 1
        ? (terms[0] ?? 0)
        : pairwise(
            Array.from({ length: Math.ceil(terms.length / 2) }, (_, i) => {
              const [a, b] = [terms[2 * i] as number, terms[2 * i + 1]]
              return b === undefined ? a : plus(a, b)
            }),
          )
    return {
      add: (term) => {
        const lane = count++ % 64
        lanes[lane] = lanes[lane] === undefined ? term : plus(lanes[lane], term)
      },
      value: () => pairwise(lanes),
    }
  },
})
