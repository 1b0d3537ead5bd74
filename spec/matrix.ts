import { once } from './field.js'
import type { Numbers, Tensor } from './tensor.js'

/** Matrices of weights as bounds need them: their rows, their products, and how far they stretch. */

/** A matrix of weights, row-major. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Numbers
  /** no less than its spectral norm ‖w‖₂, worked out when first asked for */
  readonly norm: () => number
}

/** Columns as rows. */
const turned = (rows: number, columns: number, data: Numbers): Float64Array => {
  const other = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r++) for (let k = 0; k < columns; k++) other[k * rows + r] = data[r * columns + k] as number
  return other
}

/**
 * Σ_k a[r,k]·b[s,k] over n terms, for all rows of a and of b, or only for s ≤ r + 1. Two rows of each at a time, since a
 * number that was read once then serves two products; where the last row has no neighbour it is its own.
 */
export const productOfRows = (n: number, a: Numbers, b: Numbers, half = false): Float64Array => {
  const [rows, columns] = [a.length / n, b.length / n]
  const product = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r += 2) {
    const r0 = r * n
    const r1 = Math.min(r + 1, rows - 1) * n
    const last = half ? Math.min(r + 2, columns) : columns
    for (let s = 0; s < last; s += 2) {
      const s0 = s * n
      const s1 = Math.min(s + 1, columns - 1) * n
      let p00 = 0
      let p01 = 0
      let p10 = 0
      let p11 = 0
      for (let k = 0; k < n; k++) {
        const x0 = a[r0 + k] as number
        const x1 = a[r1 + k] as number
        const y0 = b[s0 + k] as number
        const y1 = b[s1 + k] as number
        p00 += x0 * y0
        p01 += x0 * y1
        p10 += x1 * y0
        p11 += x1 * y1
      }
      product[(r0 / n) * columns + s0 / n] = p00
      product[(r0 / n) * columns + s1 / n] = p01
      product[(r1 / n) * columns + s0 / n] = p10
      product[(r1 / n) * columns + s1 / n] = p11
    }
  }
  return product
}

/** A symmetrical matrix of n rows, of which what lies above the diagonal is filled in here. */
export const mirrored = (n: number, half: Float64Array): Float64Array => {
  for (let r = 0; r < n; r++) for (let s = 0; s < r; s++) half[s * n + r] = half[r * n + s] as number
  return half
}

/** |x|₂ */
export const lengthOf = (x: Numbers): number => {
  let squares = 0
  for (let j = 0; j < x.length; j++) squares += (x[j] as number) ** 2
  return Math.sqrt(squares)
}

// the multiply-adds that a norm may take: a second or two; and how often a matrix is squared for it
const normProducts = 2 ** 31
const mostSquarings = 4

/**
 * No less than ‖w‖₂, and little more: with G = w·wᵀ or wᵀ·w, the smaller one, ‖w‖₂² is the largest eigenvalue of G, which
 * no root ‖G^p‖_F^{1/p} is below, for p = 1, 2, 4, … as far as it may be squared. At p = 16 and n rows it is above by a
 * factor of n^{1/64} at most, 8 % at n = 128. What f64 rounds away of G^p is below n^{3/2}·2⁻⁵³ of its Frobenius norm.
 */
export const spectralNorm = (rows: number, columns: number, data: Numbers): number => {
  const n = Math.min(rows, columns)
  const terms = Math.max(rows, columns)
  const frobenius = lengthOf(data)
  if (n < 2 || (n * n * terms) / 2 > normProducts || !(frobenius > 0 && frobenius < Infinity)) return frobenius
  const squarings = Math.min(mostSquarings, Math.floor((normProducts - (n * n * terms) / 2) / (n ** 3 / 2)))
  const scaled = Float64Array.from({ length: data.length }, (_, i) => (data[i] as number) / frobenius)
  const wide = rows <= columns ? scaled : turned(rows, columns, scaled)
  let power = mirrored(n, productOfRows(terms, wide, wide, true))
  // the logarithm of ‖G^p‖_F by p, from the lengths that were divided away
  let logarithm = 0
  let p = 1
  for (let k = 0; ; k++) {
    const length = lengthOf(power)
    logarithm += Math.log(length) / p
    if (k === squarings) break
    for (let i = 0; i < power.length; i++) power[i] = (power[i] as number) / length
    power = mirrored(n, productOfRows(n, power, power, true))
    p *= 2
  }
  return Math.min(1, (1 + 1e-9) * Math.exp(logarithm / 2)) * frobenius
}

/** So many rows of so many numbers. */
export const matrixOf = (rows: number, columns: number, data: Numbers): Matrix => {
  const norm = once(() => spectralNorm(rows, columns, data))
  return { rows, columns, data, norm: () => norm(0) }
}

/** So many rows of a matrix from one on. */
export const rowsOf = ({ shape, data }: Tensor, first: number, rows: number): Matrix => {
  const columns = shape[1] as number
  const taken = new Float64Array(rows * columns)
  for (let i = 0; i < taken.length; i++) taken[i] = data[first * columns + i] as number
  return matrixOf(rows, columns, taken)
}

export const transposed = ({ rows, columns, data, norm }: Matrix): Matrix => ({
  rows: columns,
  columns: rows,
  data: turned(rows, columns, data),
  norm,
})
