import type { Balls } from '../balls.js'
import { ballAt, balls, errorsOf, given, reshaped, stacked, sumOfProducts, sumOfTerms } from '../balls.js'
import type { Field } from '../field.js'
import type { Depth } from '../op.js'
import type { Tensor } from '../tensor.js'

/** What recurrent cells and their scans have in common: R = 1·H or 4·H rows of weights, and their bounds in balls. */
export interface Weights {
  readonly wIh: Tensor
  readonly wHh: Tensor
  readonly b: Tensor
}

const extent = ({ shape }: { readonly shape: readonly number[] }, axis: number): number => shape[axis] as number

/** a[n,r] = b[r] + Σ_i wIh[r,i]·x[n,i] + Σ_k wHh[r,k]·h[n,k]: a product and at most I + H additions meet a term. */
export const preactivations = ({ wIh, wHh, b }: Weights, x: Balls, h: Balls): Balls => {
  const [N, I] = [extent(x, 0), extent(x, 1)]
  const [R, H] = [extent(wHh, 0), extent(wHh, 1)]
  const [ofX, ofH, bias] = [given(wIh), given(wHh), given(b)]
  const roundings = I + H + 1
  return balls([N, R], (at) => {
    const [n, r] = [Math.floor(at / R), at % R]
    const fromX = sumOfProducts(roundings, I, ofX, [r * I, 1], x, [n * I, 1], ballAt(bias, r))
    const fromH = sumOfProducts(roundings, H, ofH, [r * H, 1], h, [n * H, 1])
    return { value: fromX.value + fromH.value, error: fromX.error + fromH.error }
  })
}

/** Σ_r w[r,k]·da[n,r], and where it is given what else arrives at [n,k]: a product and R − 1 or R additions meet a term. */
export const pulledBack = (w: Tensor, da: Balls, arriving?: Balls): Balls => {
  const [R, K] = [extent(w, 0), extent(w, 1)]
  const weights = given(w)
  return balls([extent(da, 0), K], (at) => {
    const [n, k] = [Math.floor(at / K), at % K]
    const also = arriving === undefined ? [] : [ballAt(arriving, at)]
    return sumOfProducts(R + also.length, R, weights, [k, K], da, [n * R, 1], ...also)
  })
}

/** Σ_m da[m,r]·x[m,k], m over batch and time: a product, and additions as deep as is declared. */
const weightGradient = (da: Balls, x: Balls, depth: Depth): Field => {
  const [M, R, K] = [extent(da, 0), extent(da, 1), extent(x, 1)]
  return errorsOf(balls([R, K], (at) => sumOfProducts(depth(M) + 1, M, da, [Math.floor(at / K), R], x, [at % K, K])))
}

/** The bounds of dwIh, dwHh and db = Σ_m da[m,r], from the gradients of all pre-activations, inputs and states before. */
export const weightGradients = (da: Balls, x: Balls, h: Balls, depth: Depth) => {
  const [M, R] = [extent(da, 0), extent(da, 1)]
  return {
    wIh: weightGradient(da, x, depth),
    wHh: weightGradient(da, h, depth),
    b: errorsOf(balls([R], (r) => sumOfTerms(depth(M), M, da, r, R))),
  }
}

/** Balls of every step, one after the other as a batch of T·N. */
export const asBatch = (steps: readonly Balls[]): Balls => {
  const all = stacked(steps)
  const [T, N, K] = [extent(all, 0), extent(all, 1), extent(all, 2)]
  return reshaped([T * N, K], all)
}

/** What comes before each step: the state that is given, then those of all steps but the last. */
export const shiftedBy = (start: Balls, states: readonly Balls[]): readonly Balls[] => [start, ...states.slice(0, -1)]
