import { either as E, function as F } from 'fp-ts'
import { mapValues } from '../../../spec/field.js'
import type { Tensor, Tensors } from '../../../spec/tensor.js'
import { zipTensors } from '../../../spec/tensor.js'
import type { Near, Read, Way } from './near.js'
import { added, magnitude, offGrid } from './near.js'

/** What adds: copies, choices, sums and products. With y(x) what an op answers, and x off by b at most. */

/** The largest magnitudes that what is read may have. */
export const uppermost = ({ values, bounds }: Read): Tensors =>
  Object.fromEntries(
    Object.entries(values).map(([slot, x]) => [
      slot,
      zipTensors([x, bounds[slot] as Tensor], (v, b) => (b > 0 ? (Math.abs(v) + b) * offGrid : Math.abs(v))),
    ]),
  )

/** |y(x) − y(x′)| ≤ y(b), of what copies, chooses, adds, averages or drops out, and of the gradients of these. */
export const itself: Way = (read) =>
  F.pipe(
    E.Do,
    E.bind('own', () => read.of(read.values)),
    E.bind('upper', () => read.of(uppermost(read))),
    E.bind('off', () => read.of(read.bounds)),
    E.map(({ own, upper, off }) =>
      Object.fromEntries(
        Object.entries(own).map(([output, { value }]) => [
          output,
          added(value, (upper[output] as Near).bound, (off[output] as Near).value),
        ]),
      ),
    ),
  )

// of the difference of two sums in f64
const cancelled = 2 ** -40

/**
 * |y(x) − y(x′)| ≤ y(|x| + b) − y(|x|), of sums of products, linear in each of what they read: products, convolutions and their
 * gradients; of squares too.
 */
export const multilinear: Way = (read) =>
  F.pipe(
    E.Do,
    E.bind('own', () => read.of(read.values)),
    E.bind('upper', () => read.of(uppermost(read))),
    E.bind('lower', () => read.of(mapValues(magnitude, read.values))),
    E.map(({ own, upper, lower }) =>
      Object.fromEntries(
        Object.entries(own).map(([output, { value }]) => {
          const most = upper[output] as Near
          const off = zipTensors([most.value, (lower[output] as Near).value], (m, l) => m - l + cancelled * m)
          return [output, added(value, most.bound, off)]
        }),
      ),
    ),
  )
