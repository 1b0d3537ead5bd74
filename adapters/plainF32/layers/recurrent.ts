import * as arithmetic from '../arithmetic.js'
import type { Tensor32 } from '../kernel.js'

const { at, f32 } = arithmetic

/** What the recurrent cells and their scans have in common: weights of R rows, and the sums over them. */
export interface Weights {
  readonly wIh: Tensor32
  readonly wHh: Tensor32
  readonly b: Tensor32
}

export interface Extents {
  readonly N: number
  readonly I: number
  readonly H: number
}

/** a[n,r] = b[r] + Σ_i wIh[r,i]·x[n,i] + Σ_k wHh[r,k]·h[n,k], added from the left */
export const preactivations = (
  { wIh, wHh, b }: Weights,
  x: Float32Array,
  h: Float32Array,
  { N, I, H }: Extents,
): Float32Array => {
  const R = b.data.length
  const a = new Float32Array(N * R)
  for (let n = 0; n < N; n++)
    for (let r = 0; r < R; r++) {
      let sum = at(b.data, r)
      for (let i = 0; i < I; i++) sum = f32(sum + f32(at(wIh.data, r * I + i) * at(x, n * I + i)))
      for (let k = 0; k < H; k++) sum = f32(sum + f32(at(wHh.data, r * H + k) * at(h, n * H + k)))
      a[n * R + r] = sum
    }
  return a
}

/** b[r] + Σ_k w[r,k]·x[n,k], added from the left: the part of a pre-activation that is made of inputs, or of the state */
export const affine = (w: Tensor32, b: Tensor32, x: Float32Array, N: number): Float32Array => {
  const [R, K] = w.shape as readonly [number, number]
  const a = new Float32Array(N * R)
  for (let n = 0; n < N; n++)
    for (let r = 0; r < R; r++) {
      let sum = at(b.data, r)
      for (let k = 0; k < K; k++) sum = f32(sum + f32(at(w.data, r * K + k) * at(x, n * K + k)))
      a[n * R + r] = sum
    }
  return a
}

/** To the gradients of such a part: dw[r,k] += da[n,r]·x[n,k],   db[r] += da[n,r] */
export const addAffineGradients = (w: Tensor32, b: Tensor32, da: Float32Array, x: Float32Array, N: number): void => {
  const [R, K] = w.shape as readonly [number, number]
  for (let n = 0; n < N; n++)
    for (let r = 0; r < R; r++) {
      const d = at(da, n * R + r)
      b.data[r] = f32(at(b.data, r) + d)
      for (let k = 0; k < K; k++) w.data[r * K + k] = f32(at(w.data, r * K + k) + f32(d * at(x, n * K + k)))
    }
}

/** Σ_r w[r,k]·da[n,r], for each of K columns: what reaches the input x or the state h */
export const pulledBack = (w: Tensor32, da: Float32Array, N: number): Float32Array => {
  const [R, K] = w.shape as readonly [number, number]
  const pulled = new Float32Array(N * K)
  for (let n = 0; n < N; n++)
    for (let r = 0; r < R; r++)
      for (let k = 0; k < K; k++)
        pulled[n * K + k] = f32(at(pulled, n * K + k) + f32(at(w.data, r * K + k) * at(da, n * R + r)))
  return pulled
}

/** To the gradients of the weights: dwIh[r,i] += da[n,r]·x[n,i],   dwHh[r,k] += da[n,r]·h[n,k],   db[r] += da[n,r] */
export const addGradients = (
  { wIh, wHh, b }: Weights,
  da: Float32Array,
  x: Float32Array,
  h: Float32Array,
  { N, I, H }: Extents,
): void => {
  const R = b.data.length
  for (let n = 0; n < N; n++)
    for (let r = 0; r < R; r++) {
      const d = at(da, n * R + r)
      b.data[r] = f32(at(b.data, r) + d)
      for (let i = 0; i < I; i++) wIh.data[r * I + i] = f32(at(wIh.data, r * I + i) + f32(d * at(x, n * I + i)))
      for (let k = 0; k < H; k++) wHh.data[r * H + k] = f32(at(wHh.data, r * H + k) + f32(d * at(h, n * H + k)))
    }
}
