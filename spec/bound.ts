import type { Depth } from './op.js'
import type { Field, Readable } from './field.js'
import { field, mapField } from './field.js'
import type { Numbers, Shape, Tensor } from './tensor.js'
import { gridOfNumbers, largestMagnitude } from './tensor.js'

/**
 * The vocabulary of error bounds. WGSL names no rounding mode, so a correctly rounded operation may return either
 * neighbour: it errs by at most ε = 2⁻²³ relative, not half of that. k roundings compound to γ(k) = kε/(1 − kε)
 * (Higham, "Accuracy and Stability of Numerical Algorithms", lemma 3.1). τ = 2⁻¹⁰⁰ absorbs flushed subnormals.
 */
export const epsilon = 2 ** -23
export const tau = 2 ** -100

/** γ(k); Infinity from k = 2²³ on, where no first-order analysis bounds the error any more. */
export const gamma = (roundings: number): number =>
  roundings * epsilon < 1 ? (roundings * epsilon) / (1 - roundings * epsilon) : Infinity

/**
 * k roundings of terms whose magnitudes sum to m: γ(k)·m + τ, element by element. Where every term is a multiple of one
 * power of two, `grid`, and m is at most 2²⁴ of it, f32 holds every sum on the way, in any order, fused or not: 0. Where
 * that is so of `most`, which no m exceeds, no m need be worked out.
 */
export const rounded = (
  roundings: number,
  magnitude: Readable,
  grid = 0,
  most: () => number = () => Infinity,
): Field => {
  const factor = gamma(roundings)
  const held = 2 ** 24 * grid
  if (grid > 0 && most() <= held) return exactly(magnitude)
  return mapField((m) => (Math.abs(m) <= held && grid > 0 ? 0 : factor * Math.abs(m) + tau), magnitude)
}

/** What no sum of so many products, a number of each of some tensors, exceeds by magnitude. */
export const mostOfProducts =
  (terms: number, ...tensors: readonly { readonly data: Numbers }[]): (() => number) =>
  () =>
    tensors.reduce((most, { data }) => most * largestMagnitude(data), terms)

/** The same of Σ w·x + b. */
export const mostOfSums =
  (terms: number, { x, w, b }: Affine): (() => number) =>
  () =>
    mostOfProducts(terms, x, w)() + (b === undefined ? 0 : mostOfProducts(1, b)())

/** The largest power of two, from 1 down to 2⁻²⁰, of which all numbers of some tensors are multiples; 0 if there is none. */
export const gridOf = (...tensors: readonly { readonly data: Numbers }[]): number =>
  tensors.reduce((coarsest, { data }) => gridOfNumbers(data, coarsest), 1)

/** What a sum of products and a bias reads. */
type Affine = Readonly<Record<'x' | 'w', Tensor>> & { readonly b?: Tensor | undefined }

/** The same of every term of Σ w·x + b. */
export const gridOfSums = ({ x, w, b }: Affine): number =>
  Math.min(gridOf(x) * gridOf(w), b === undefined ? 1 : gridOf(b))

/** Exact ops: a copy, a maximum or a mask errs nowhere. */
export const exactly = ({ shape }: { readonly shape: Shape }): Field => field(shape, () => 0)

/** Any order of additions, so a foreign backend is judged by it. */
export const anyOrder: Depth = (terms) => Math.max(terms - 1, 0)

/** 64 partial sums side by side, then a tree: D(n) = min(n − 1, ⌈n/64⌉ + 7). */
export const lanesThenTree: Depth = (terms) => Math.max(Math.min(terms - 1, Math.ceil(terms / 64) + 7), 0)

// from |x| = 104 on e^x is 0 or flushed in f32, or past its range
const farthestPower = 104

/**
 * The permitted relative error of WGSL's `exp` of an exact x: (4 + 2|x|)ε (3 + 2|x| ULP, and a measured excess); no more
 * where e^x is no number of f32's any more.
 */
export const expError = (x: number): number => (4 + 2 * Math.min(Math.abs(x), farthestPower)) * epsilon

/**
 * The permitted relative errors of functions that WGSL lacks, or defines too coarsely, of an exact argument: tanh; e^x − 1
 * for x up to ½; log(1 + x) for x from 0 to 1. Measured, a helper of a few terms errs a third of them or less.
 */
export const tanhError = 9 * epsilon
export const expm1Error = 9 * epsilon
export const log1pError = 6 * epsilon

/** The permitted absolute error of WGSL's `log` of an exact positive z: 2⁻²¹ on [½, 2], else 4ε|log z|. */
export const logError = (z: number): number => (z >= 0.5 && z <= 2 ? 2 ** -21 : 4 * epsilon * Math.abs(Math.log(z)))
