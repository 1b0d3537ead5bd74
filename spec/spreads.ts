import type { Ball } from './ball.js'
import { neverNaN, plus, sigmoidError, sigmoidOf, times } from './ball.js'
import type { Arithmetic } from './balls.js'
import { blendRounding, blended, difference, oneMinus, oneMinusSquare, summed, tanhOf, timesOneMinus } from './balls.js'
import { gamma, tanhError, tau } from './bound.js'
import type { Matrix } from './matrix.js'
import { lengthOf, mirrored, productOfRows } from './matrix.js'
import type { Numbers } from './tensor.js'

/**
 * Vectors of balls whose errors e are known together as well. Beside |e_j| ≤ error_j for each, there is a matrix Q such
 * that |aᵀe| ≤ √(aᵀQa) for every a: e lies in the ellipsoid of Q. Or there is a radius r such that |e|₂ ≤ r. Without
 * either no more is known than the errors: e lies in their box.
 *
 * Balls know no more than the box, so a row of weights takes all n errors for as large as they can be, each with the sign
 * of its weight, and the next row again, though no errors are both. At weights ±1/√H a step then stretches them by
 * ‖w‖∞ ≈ ½√H, whereas errors that exist are stretched by w itself, whose spectral radius is 1/√3. An ellipsoid goes
 * through w as it is:
 *
 *   y = w·x            wQwᵀ
 *   y = f(x)           s_j·Q_jk·s_k, with s the slopes of f at the values; what f bends and rounds beyond is a box
 *   a sum of vectors   of ellipsoids Q_i and a box of half widths l: (Σ_i t_i + Σ_j l_j)·(Σ_i Q_i/t_i + diag l), with
 *                      t_i = √tr Q_i, since Σ_i √(aᵀQ_ia) ≤ √(Σ t_i)·√(Σ aᵀQ_ia/t_i) by Cauchy and Schwarz, and a box is
 *                      a sum of segments; no factors in the place of t_i make the trace smaller
 *
 * Vectors that depend on each other are added as if they did not, which is right for any. Where errors are so large that
 * functions bend a box may be the smaller of the two, and is what is kept. A product costs 3n³/2 multiply-adds.
 *
 * Where that is too much a radius does, which costs n²: it grows by the spectral norm of w, which at weights ±1/√H is 2/√3 for
 * H × H of them and any H.
 *
 *   y = w·x            ‖w‖₂·r, and in each row |w_j|₂·r
 *   y = f(x)           max|s_j|·r; what f bends and rounds beyond is a box
 *   a sum of vectors   the sum of radii, and |l|₂ of a box of half widths l
 *
 * Source  Schweppe, "Recursive state estimation: unknown but bounded errors and system inputs", IEEE Trans. Automatic
 *         Control 13 (1968); Kurzhanski and Vályi, "Ellipsoidal Calculus for Estimation and Control" (1997), ch. 2
 */
export interface Spread {
  readonly values: Numbers
  readonly errors: Numbers
  /** Q, row-major */
  readonly ellipsoid?: Numbers
  /** no less than |e|₂ */
  readonly radius?: number
}

/** A vector of which no more is known than each error. */
export const apart = ({ values, errors }: Spread): Spread => ({ values, errors })

/** Vectors one after the other, each error apart. */
export const joined = (parts: readonly Spread[]): Spread => {
  const size = parts.reduce((size, { values }) => size + values.length, 0)
  const [values, errors] = [new Float64Array(size), new Float64Array(size)]
  let from = 0
  for (const part of parts) {
    values.set(part.values, from)
    errors.set(part.errors, from)
    from += part.values.length
  }
  return { values, errors }
}

/** So many zeros. */
export const none = (count: number): Spread => ({ values: new Float64Array(count), errors: new Float64Array(count) })

/** Numbers without an error, so many of them from a position on. */
export const certain = (numbers: Numbers, from: number, count: number): Spread => {
  const values = new Float64Array(count)
  for (let j = 0; j < count; j++) values[j] = numbers[from + j] as number
  return { values, errors: new Float64Array(count) }
}

export const ballIn = ({ values, errors }: Spread, j: number): Ball => ({
  value: values[j] as number,
  error: errors[j] as number,
})

const total = (numbers: Numbers): number => {
  let sum = 0
  for (let j = 0; j < numbers.length; j++) sum += numbers[j] as number
  return sum
}

/** w·Q of an ellipsoid, or of the smallest one around a box, diag(e)·Σe. */
const halfThrough = ({ columns: n, data: w }: Matrix, { errors, ellipsoid }: Spread): Float64Array => {
  if (ellipsoid !== undefined) return productOfRows(n, w, ellipsoid)
  const size = total(errors)
  const product = new Float64Array(w.length)
  for (let i = 0; i < product.length; i++) product[i] = (w[i] as number) * (errors[i % n] as number) * size
  return product
}

/** wQwᵀ */
const through = (w: Matrix, x: Spread): Float64Array =>
  mirrored(w.rows, productOfRows(w.columns, halfThrough(w, x), w.data, true))

/** The diagonal of wQwᵀ: how far each row of w reaches, squared. */
const reaches = (w: Matrix, x: Spread): Float64Array => {
  const squared = new Float64Array(w.rows)
  if (x.radius !== undefined) {
    for (let i = 0; i < w.data.length; i++) {
      const r = Math.floor(i / w.columns)
      squared[r] = (squared[r] as number) + ((w.data[i] as number) * x.radius) ** 2
    }
    return squared
  }
  const half = halfThrough(w, x)
  for (let i = 0; i < half.length; i++) {
    const r = Math.floor(i / w.columns)
    squared[r] = (squared[r] as number) + (half[i] as number) * (w.data[i] as number)
  }
  return squared
}

/** An ellipsoid, each axis stretched by its slope where there are slopes. */
interface Part {
  readonly ellipsoid: Numbers
  readonly slopes?: Numbers
}

/** An ellipsoid around the sums of vectors from ellipsoids and a box, or none where there is no ellipsoid to add. */
const around = (box: Numbers, parts: readonly Part[]): Float64Array | undefined => {
  if (parts.length === 0) return undefined
  const n = box.length
  const traces = parts.map(({ ellipsoid, slopes }) => {
    let trace = 0
    for (let j = 0; j < n; j++) trace += (ellipsoid[j * n + j] as number) * (slopes?.[j] ?? 1) ** 2
    return Math.sqrt(Math.max(trace, 0))
  })
  const size = total(traces) + total(box)
  const sum = new Float64Array(n * n)
  parts.forEach(({ ellipsoid, slopes }, part) => {
    const trace = traces[part] as number
    if (trace === 0) return
    const factor = size / trace
    for (let j = 0; j < n; j++) {
      const [row, scale] = [j * n, factor * (slopes?.[j] ?? 1)]
      if (slopes === undefined)
        for (let k = 0; k < n; k++) sum[row + k] = (sum[row + k] as number) + scale * (ellipsoid[row + k] as number)
      else
        for (let k = 0; k < n; k++)
          sum[row + k] = (sum[row + k] as number) + scale * (slopes[k] as number) * (ellipsoid[row + k] as number)
    }
  })
  for (let j = 0; j < n; j++) sum[j * n + j] = (sum[j * n + j] as number) + size * (box[j] as number)
  return sum
}

/** How long errors are together. */
const radiusOf = ({ errors, radius }: Spread): number => radius ?? lengthOf(errors)

// no error is longer than all of them together, nor they than its box is
const withinRadius = (values: Numbers, errors: Float64Array, radius: number): Spread => {
  const known = neverNaN(radius)
  for (let j = 0; j < errors.length; j++) errors[j] = Math.min(errors[j] as number, known)
  return { values, errors, radius: Math.min(known, lengthOf(errors)) }
}

// each error is the smaller of what ball and ellipsoid say, and of box and ellipsoid the one of the smaller trace is kept
const narrowed = (values: Numbers, errors: Float64Array, ellipsoid: Numbers | undefined): Spread => {
  if (ellipsoid === undefined) return { values, errors }
  const n = errors.length
  let trace = 0
  for (let j = 0; j < n; j++) {
    const squared = ellipsoid[j * n + j] as number
    trace += squared
    const reach = Math.sqrt(Math.max(squared, 0))
    if (reach < (errors[j] as number)) errors[j] = reach
  }
  // not so where an ellipsoid is past all numbers
  return trace <= total(errors) ** 2 ? { values, errors, ellipsoid } : { values, errors }
}

/** A function at balls: what it makes of them, its slopes at their values, and what it may be off beyond those. */
interface Following {
  readonly ball: Ball
  readonly slopes: readonly number[]
  readonly rest: number
}

/** How long errors are together once each is stretched by its slope. */
const stretched = (x: Spread, slopes: Numbers): number => {
  let [steepest, squares] = [0, 0]
  for (let j = 0; j < slopes.length; j++) {
    const slope = Math.abs(slopes[j] as number)
    steepest = Math.max(steepest, slope)
    squares += (slope * (x.errors[j] as number)) ** 2
  }
  return Math.min(neverNaN(steepest * radiusOf(x)), neverNaN(Math.sqrt(squares)))
}

const following = <const X extends readonly Spread[]>(
  operands: X & readonly [Spread, ...Spread[]],
  f: (...balls: { readonly [I in keyof X]: Ball }) => Following,
): Spread => {
  const n = operands[0].values.length
  const [values, errors, box] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  const slopes = operands.map(() => new Float64Array(n))
  const inOne = operands.some(({ radius }) => radius !== undefined)
  const at = f as (x: Ball, y?: Ball, z?: Ball) => Following
  const [x, y, z] = operands as readonly Spread[] as readonly [Spread, Spread?, Spread?]
  // of no list for each element: it would cost more than the arithmetic
  const make = (j: number): Following =>
    y === undefined
      ? at(ballIn(x, j))
      : z === undefined
        ? at(ballIn(x, j), ballIn(y, j))
        : at(ballIn(x, j), ballIn(y, j), ballIn(z, j))
  for (let j = 0; j < n; j++) {
    const { ball, slopes: here, rest } = make(j)
    values[j] = ball.value
    errors[j] = ball.error
    let beyond = Math.max(neverNaN(rest), 0)
    for (let i = 0; i < operands.length; i++) {
      const { ellipsoid, errors: off } = operands[i] as Spread
      const slope = here[i] as number
      ;(slopes[i] as Float64Array)[j] = slope
      if (ellipsoid === undefined && !inOne) beyond += Math.abs(slope) * (off[j] as number)
    }
    box[j] = beyond
  }
  if (inOne)
    return withinRadius(
      values,
      errors,
      operands.reduce((sum, operand, i) => sum + stretched(operand, slopes[i] as Float64Array), lengthOf(box)),
    )
  const parts = operands.flatMap(({ ellipsoid }, i): readonly Part[] =>
    ellipsoid === undefined ? [] : [{ ellipsoid, slopes: slopes[i] as Float64Array }],
  )
  return narrowed(values, errors, around(box, parts))
}

/** What is kept of sums' errors: an ellipsoid; a radius, which costs less; or only how far each reaches in those of its terms. */
export type Keep = 'ellipsoid' | 'radius' | 'reach'

/** Σ w·x over all terms, and `also`, in any order: so many roundings meet a product. */
export const sumsOfProducts = (
  roundings: number,
  terms: readonly (readonly [w: Matrix, x: Spread])[],
  also: Spread,
  keep: Keep,
): Spread => {
  const n = also.values.length
  const [values, errors, box] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  const meeting = gamma(roundings)
  // by terms without an error, and those with
  const uncertain = terms.map(([, { errors }]) => total(errors) > 0)
  const images = terms.map(([w, x], i) => (uncertain[i] && keep === 'ellipsoid' ? through(w, x) : undefined))
  const reached = terms.map(([w, x], i) => (uncertain[i] && keep !== 'ellipsoid' ? reaches(w, x) : undefined))
  for (let r = 0; r < n; r++) {
    let value = also.values[r] as number
    let error = also.errors[r] as number
    let magnitude = Math.abs(value) + error
    for (let i = 0; i < terms.length; i++) {
      const [{ columns, data }, x] = terms[i] as (typeof terms)[number]
      let moved = 0
      for (let k = 0; k < columns; k++) {
        const w = data[r * columns + k] as number
        const product = w * (x.values[k] as number)
        const off = Math.abs(w) * (x.errors[k] as number)
        value += product
        moved += off
        magnitude += Math.abs(product) + off
      }
      const squared = images[i]?.[r * n + r] ?? reached[i]?.[r] ?? Infinity
      const reach = Math.sqrt(Math.max(squared, 0))
      error += reach < moved ? reach : moved
    }
    const rounding = meeting * magnitude + tau
    values[r] = value
    errors[r] = neverNaN(error + rounding)
    box[r] = rounding + (also.errors[r] as number)
  }
  if (keep === 'radius')
    return withinRadius(
      values,
      errors,
      terms.reduce((sum, [w, x], i) => sum + (uncertain[i] ? w.norm() * radiusOf(x) : 0), lengthOf(box)),
    )
  const parts = images.flatMap((ellipsoid) => (ellipsoid === undefined ? [] : [{ ellipsoid }]))
  return narrowed(values, errors, around(box, parts))
}

// half the largest second derivatives: of tanh, 4/(3√3); of 1/(1 + e^{−x}), 1/(6√3)
const bendOfTanh = 2 / (3 * Math.sqrt(3))
const bendOfSigmoid = 1 / (12 * Math.sqrt(3))

// a rising function goes where its slope points: it is off its tangent by no more than either of the two
const beyondTangent = (bend: number, slope: number, { error }: Ball, moved: number): number =>
  Math.min(bend * error * error, Math.max(moved, slope * error))

export const ofSpreads: Arithmetic<Spread> = {
  plus: (x, y) =>
    following([x, y], (x, y) => {
      const ball = plus(x, y)
      return { ball, slopes: [1, 1], rest: ball.error - x.error - y.error }
    }),
  times: (x, y) =>
    following([x, y], (x, y) => {
      const ball = times(x, y)
      const along = Math.abs(x.value) * y.error + Math.abs(y.value) * x.error
      return { ball, slopes: [y.value, x.value], rest: ball.error - along }
    }),
  tanh: (x) =>
    following([x], (x) => {
      const ball = tanhOf(x)
      const slope = (1 - ball.value) * (1 + ball.value)
      const rounding = tanhError * Math.min(Math.abs(ball.value) + x.error, 1) + tau
      return { ball, slopes: [slope], rest: beyondTangent(bendOfTanh, slope, x, ball.error) + rounding }
    }),
  sigmoid: (x) =>
    following([x], (x) => {
      const ball = sigmoidOf(x)
      const slope = ball.value * (1 - ball.value)
      const rounding = sigmoidError(x) * Math.min(ball.value + x.error, 1) + tau
      return { ball, slopes: [slope], rest: beyondTangent(bendOfSigmoid, slope, x, ball.error) + rounding }
    }),
  oneMinusSquare: (y) =>
    following([y], (y) => {
      const ball = oneMinusSquare(y)
      return { ball, slopes: [-2 * y.value], rest: ball.error - 2 * Math.abs(y.value) * y.error }
    }),
  timesOneMinus: (y) =>
    following([y], (y) => {
      const ball = timesOneMinus(y)
      const slope = 1 - 2 * y.value
      return { ball, slopes: [slope], rest: ball.error - Math.abs(slope) * y.error }
    }),
  summed: (roundings, x, y) =>
    following([x, y], (x, y) => {
      const ball = summed(roundings, x, y)
      return { ball, slopes: [1, 1], rest: ball.error - x.error - y.error }
    }),
  difference: (x, y) =>
    following([x, y], (x, y) => {
      const ball = difference(x, y)
      return { ball, slopes: [1, -1], rest: ball.error - x.error - y.error }
    }),
  oneMinus: (y) =>
    following([y], (y) => {
      const ball = oneMinus(y)
      return { ball, slopes: [-1], rest: ball.error - y.error }
    }),
  blended: (z, x, y) =>
    following([z, x, y], (z, x, y) => {
      const ball = blended(z, x, y)
      const slopes = [y.value - x.value, 1 - z.value, z.value] as const
      return { ball, slopes, rest: z.error * (x.error + y.error) + blendRounding(z, x, y) }
    }),
}
