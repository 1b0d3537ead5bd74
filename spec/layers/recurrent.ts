import type { Balls } from '../balls.js'
import { ballAt, balls, errorsOf, given, sumOfProducts, sumOfTerms } from '../balls.js'
import type { Field } from '../field.js'
import type { Depth } from '../op.js'
import type { Keep, Spread } from '../spreads.js'
import { ballIn, certain } from '../spreads.js'
import type { Tensor } from '../tensor.js'

/** What recurrent cells and their scans have in common: R = 1·H, 3·H or 4·H rows of weights, and their bounds in balls. */
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

/** b[r] + Σ_k w[r,k]·x[n,k], a sum by itself or a part of one, in which so many roundings meet a term. */
export const affine = (roundings: number, w: Tensor, b: Tensor, x: Balls): Balls => {
  const [N, R, K] = [extent(x, 0), extent(w, 0), extent(w, 1)]
  const [weights, bias] = [given(w), given(b)]
  return balls([N, R], (at) => {
    const [n, r] = [Math.floor(at / R), at % R]
    return sumOfProducts(roundings, K, weights, [r * K, 1], x, [n * K, 1], ballAt(bias, r))
  })
}

/** Σ_r w[r,k]·da[n,r]: a product and R − 1 additions meet a term, or more where other terms are added. */
export const pulledBack = (w: Tensor, da: Balls, roundings = extent(w, 0)): Balls => {
  const [R, K] = [extent(w, 0), extent(w, 1)]
  const weights = given(w)
  return balls([extent(da, 0), K], (at) => {
    const [n, k] = [Math.floor(at / K), at % K]
    return sumOfProducts(roundings, R, weights, [k, K], da, [n * R, 1])
  })
}

/** Σ_m da[m,r]·x[m,k], m over batch and time: a product, and additions as deep as is declared. */
export const weightGradient = (da: Balls, x: Balls, depth: Depth): Field => {
  const [M, R, K] = [extent(da, 0), extent(da, 1), extent(x, 1)]
  return errorsOf(balls([R, K], (at) => sumOfProducts(depth(M) + 1, M, da, [Math.floor(at / K), R], x, [at % K, K])))
}

/** Σ_m da[m,r], m over batch and time. */
export const biasGradient = (da: Balls, depth: Depth): Field => {
  const [M, R] = [extent(da, 0), extent(da, 1)]
  return errorsOf(balls([R], (r) => sumOfTerms(depth(M), M, da, r, R)))
}

/** The bounds of dwIh, dwHh and db = Σ_m da[m,r], from the gradients of all pre-activations, inputs and states before. */
export const weightGradients = (da: Balls, x: Balls, h: Balls, depth: Depth) => ({
  wIh: weightGradient(da, x, depth),
  wHh: weightGradient(da, h, depth),
  b: biasGradient(da, depth),
})

/** Extents of a scan. */
export interface ScanSizes {
  readonly T: number
  readonly N: number
  readonly I: number
  readonly H: number
}

// the multiply-adds that are spent on knowing how errors lie together: seconds
const mostProducts = 2 ** 30

/**
 * How the errors of each sequence's states are followed: of the first ones, as many as can be afforded, together in
 * ellipsoids; of the others by how long they are together, which costs as little as the sequence itself. Where errors
 * outgrow all numbers, as those of chaotic states do over many steps, a bound is Infinity and says nothing.
 */
export const followed = ({ T }: ScanSizes, { wHh }: Pick<Weights, 'wHh'>): ((n: number) => Keep) => {
  const many = Math.floor(mostProducts / (T * extent(wHh, 0) * extent(wHh, 1) ** 2))
  return (n) => (n < many ? 'ellipsoid' : 'radius')
}

/** The n-th sequence at step t of a tensor [T,N,K], or of one [N,K]. */
export const stepOf = (x: Tensor, n: number, t = 0): Spread => {
  const [N, K] = [x.shape.at(-2) as number, x.shape.at(-1) as number]
  return certain(x.data, (t * N + n) * K, K)
}

/** Balls of each step and sequence, as a batch of T·N, from what each sequence comes to at each step. */
export const asBatch = (T: number, N: number, K: number, of: (n: number) => readonly Spread[]): Balls =>
  balls([T * N, K], (at) => {
    const row = Math.floor(at / K)
    return ballIn(of(row % N)[Math.floor(row / N)] as Spread, at % K)
  })

/** What comes before each step: the state that is given, then those of all steps but the last. */
export const shiftedBy = <S>(start: S, states: readonly S[]): readonly S[] => [start, ...states.slice(0, -1)]
