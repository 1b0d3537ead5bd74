import type { Field } from '../field.js'
import { field } from '../field.js'
import type { Tensor } from '../tensor.js'

/** The number of rows that a normalizer answers with: those of `apply`, or those of x without one. */
export const rowsOf = ({ N, M }: { readonly N: number; readonly M?: number }): number => M ?? N

/** For each feature f(… f(f(start, x₀), x₁) …) over its numbers in x [N,D]: a field [D]. */
export const foldFeatures = (
  x: Tensor,
  start: number,
  f: (soFar: number, value: number, feature: number) => number,
): Field => {
  const [N = 1, D = 1] = x.shape
  const rows = Array.from({ length: N }, (_, n) => n * D)
  return field([D], (d) => rows.reduce((soFar, row) => f(soFar, x.data[row + d] as number, d), start))
}

export const least = (x: Tensor): Field => foldFeatures(x, Infinity, (least, v) => Math.min(least, v))
export const most = (x: Tensor): Field => foldFeatures(x, -Infinity, (most, v) => Math.max(most, v))
