import { either as E, function as F } from 'fp-ts'
import type { Tensor } from '../../../spec/tensor.js'
import { mapTensor, sizeOf, sumOf } from '../../../spec/tensor.js'
import type { Near, Read, Way } from './near.js'
import { added, cotangent, largest, owned } from './near.js'

/** Shares along an axis. What is off by B at most makes each share y off by y·(e^2B − 1) at most. */

/** |y(x) − y(x′)| by a share, or its logarithm, and the largest b. */
export const sharing =
  (off: (share: number, most: number) => number): Way =>
  (read) =>
    F.pipe(
      owned(read),
      E.map(({ y }) => {
        const { value, bound } = y as Near
        const most = largest(read.bounds['x'] as Tensor)
        return {
          y: added(
            value,
            bound,
            mapTensor((share) => off(share, most), value),
          ),
        }
      }),
    )

/** The positions of the numbers along an axis, for each place beside it. */
export const alongAxis = ({ shape }: Tensor, axis: number): readonly (readonly number[])[] => {
  const at = axis < 0 ? axis + shape.length : axis
  const [extent, inner] = [shape[at] as number, sizeOf(shape.slice(at + 1))]
  return Array.from({ length: sizeOf(shape) / Math.max(1, extent) }, (_, i) =>
    Array.from({ length: extent }, (_, k) => (Math.floor(i / inner) * extent + k) * inner + (i % inner)),
  )
}

export const sharesOf = (numbers: readonly number[]): readonly number[] => {
  const most = Math.max(...numbers)
  const powers = numbers.map((x) => Math.exp(x - most))
  const sum = sumOf(powers)
  return powers.map((power) => power / sum)
}

/** What the gradient may be off by, of the shares of some numbers, what these are off by at most, and dy and what that is off by. */
type Off = (y: readonly number[], growth: number, dy: readonly number[], b: readonly number[]) => readonly number[]

const sharingBack =
  (off: Off): Way =>
  (read) =>
    F.pipe(
      owned(read),
      E.map(({ x }) => {
        const { value, bound } = x as Near
        const of = new Float64Array(sizeOf(value.shape))
        for (const positions of alongAxis(value, Number(read.attrs['axis'] ?? -1))) {
          const from = (tensor: Tensor | undefined): readonly number[] =>
            positions.map((at) => Number(tensor?.data[at]))
          const growth = Math.expm1(2 * Math.max(0, ...from(read.bounds['x'])))
          const y = cotangent('y')
          const here = off(sharesOf(from(read.values['x'])), growth, from(read.values[y]), from(read.bounds[y]))
          positions.forEach((at, k) => (of[at] = here[k] as number))
        }
        return { x: added(value, bound, { shape: value.shape, data: of }) }
      }),
    )

/** dx = y·(dy − Σ y·dy), with y off by a factor of 1 + E: y·(E·|dy| + (2E + E²)·Σ y·|dy|) + y·(1 + E)·(b + (1 + E)·Σ y·b) */
export const softmaxBack = sharingBack((y, growth, dy, b) => {
  const [ofValues, ofBounds] = [sumOf(y.map((p, k) => p * Math.abs(dy[k] as number))), sumOf(y.map((p, k) => p * (b[k] as number)))] // prettier-ignore
  const grown = 1 + growth
  return y.map(
    (p, k) =>
      p * (growth * Math.abs(dy[k] as number) + (grown * grown - 1) * ofValues) +
      p * grown * ((b[k] as number) + grown * ofBounds),
  )
})

/** dx = dy − y·Σ dy: y·E·|Σ dy| + b + y·(1 + E)·Σ b */
export const logSoftmaxBack = sharingBack((y, growth, dy, b) => {
  const [sum, ofBounds] = [Math.abs(sumOf(dy)), sumOf(b)]
  return y.map((p, k) => p * growth * sum + (b[k] as number) + p * (1 + growth) * ofBounds)
})

/** Of each row of two-dimensional scores. */
export const rowsOf = (read: Read, slot: string): readonly (readonly number[])[] => {
  const { shape, data } = read.values[slot] as Tensor
  const [N = 0, C = 0] = shape
  return Array.from({ length: N }, (_, n) => Array.from({ length: C }, (_, c) => data[n * C + c] as number))
}
