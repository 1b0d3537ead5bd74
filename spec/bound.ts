import type { Depth } from './op.js'
import type { Field, Readable } from './field.js'
import { field, mapField } from './field.js'
import type { Shape } from './tensor.js'

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

/** k roundings of terms whose magnitudes sum to m: γ(k)·m + τ, element by element. */
export const rounded = (roundings: number, magnitude: Readable): Field => {
  const factor = gamma(roundings)
  return mapField((m) => factor * Math.abs(m) + tau, magnitude)
}

/** Exact ops: a copy, a maximum or a mask errs nowhere. */
export const exactly = ({ shape }: { readonly shape: Shape }): Field => field(shape, () => 0)

/** Any order of additions, so a foreign backend is judged by it. */
export const anyOrder: Depth = (terms) => Math.max(terms - 1, 0)

/** 64 partial sums side by side, then a tree: D(n) = min(n − 1, ⌈n/64⌉ + 7). */
export const lanesThenTree: Depth = (terms) => Math.max(Math.min(terms - 1, Math.ceil(terms / 64) + 7), 0)

/** The permitted relative error of WGSL's `exp` of an exact x: (4 + 2|x|)ε (3 + 2|x| ULP, and a measured excess). */
export const expError = (x: number): number => (4 + 2 * Math.abs(x)) * epsilon

/**
 * The permitted relative errors of functions that WGSL lacks, or defines too coarsely, of an exact argument: tanh; e^x − 1
 * for x up to ½; log(1 + x) for x from 0 to 1. Measured, a helper of a few terms errs a third of them or less.
 */
export const tanhError = 9 * epsilon
export const expm1Error = 9 * epsilon
export const log1pError = 6 * epsilon

/** The permitted absolute error of WGSL's `log` of an exact positive z: 2⁻²¹ on [½, 2], else 4ε|log z|. */
export const logError = (z: number): number => (z >= 0.5 && z <= 2 ? 2 ** -21 : 4 * epsilon * Math.abs(Math.log(z)))
