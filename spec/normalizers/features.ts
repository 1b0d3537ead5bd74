import type { Field } from '../field.js'
import { field } from '../field.js'
import type { Tensor } from '../tensor.js'
import { fold } from '../tensor.js'

/** The number of rows that a normalizer answers with: those of `apply`, or those of x without one. */
export const rowsOf = ({ N, M }: { readonly N: number; readonly M?: number }): number => M ?? N

/** For each feature f(… f(f(start, x₀), x₁) …) over its numbers in x [N,D]: a field [D]. */
export const foldFeatures = (
  x: Tensor,
  start: number,
  f: (soFar: number, value: number, feature: number) => number,
): Field => {
  const [N = 1, D = 1] = x.shape
  return field([D], (d) => fold(N, start, (soFar, n) => f(soFar, x.data[n * D + d] as number, d)))
}

export const least = (x: Tensor): Field => foldFeatures(x, Infinity, (least, v) => Math.min(least, v))
export const most = (x: Tensor): Field => foldFeatures(x, -Infinity, (most, v) => Math.max(most, v))
