import type { Tensor } from '../../../../spec/tensor.js'
import type { Where } from '../report.js'
import { shapeIn } from '../report.js'

/** Everything but convolutions and pools. */

export const f32 = Math.fround

export const valuesOf = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i] as number)

/** The length of the rows that an op works along, and how many numbers lie between two of a row. */
export const rowOf = (met: Parameters<Where>[0]): { readonly length: number; readonly apart: number } => {
  const shape = shapeIn(met, 'x')
  const axis = (met.attrs['axis'] as number | undefined) ?? -1
  const at = axis < 0 ? axis + shape.length : axis
  return { length: shape[at] ?? 1, apart: shape.slice(at + 1).reduce((n, extent) => n * extent, 1) }
}
export const row =
  (test: (length: number, apart: number) => boolean): Where =>
  (met) =>
    test(rowOf(met).length, rowOf(met).apart)

export const rank =
  (n: number): Where =>
  (met) =>
    shapeIn(met, 'x').length === n
