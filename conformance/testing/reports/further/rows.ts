import type { Harm, Report } from '../report.js'
import { all, asIf, report, shapeIn } from '../report.js'
import { rank } from '../others/met.js'
import { row, rowOf } from '../together/met.js'
import { values, when } from '../fresh/met.js'
import { by, cotangentOf, digits, extents, number, read } from '../novel/met.js'
import { sum } from './met.js'

/** Softmax and its logarithm, along rows of any axis. */

const largest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity)
const powersOf = (numbers: readonly number[]): readonly number[] => {
  const most = largest(numbers)
  return numbers.map((v) => Math.exp(v - most))
}
interface Row {
  readonly x: readonly number[]
  readonly dy: readonly number[]
  /** the place in the row */
  readonly at: number
}
/** Numbers of the answer by the row that they stand in. */
const byRows = (make: (v: number, row: Row) => number): Harm =>
  by((asked) => {
    const { length, behind } = rowOf(asked)
    const [x, dy] = [values(asked, 'x'), asked.direction === 'forward' ? [] : cotangentOf(asked)]
    return (v, position) => {
      const start = Math.floor(position / (length * behind)) * length * behind + (position % behind)
      const own = (all: readonly number[]): readonly number[] =>
        all.length === 0 ? [] : Array.from({ length }, (_, i) => all[start + i * behind] as number)
      return make(v, { x: own(x), dy: own(dy), at: Math.floor((position - start) / behind) })
    }
  })
// rows are read anew for each of their numbers: short ones
const rowFrom = (least: number, most = 512) => row((length) => length >= least && length <= most)

export const rowsFurther: readonly Report[] = [
  report(
    'numbers',
    'two shares are a sigmoid of their difference, made as 1 less the other: below 10⁻⁷ the second is 0',
    'softmax forward',
    row((length) => length === 2),
    byRows((v, { at }) => (at === 1 && v < 1.2e-7 ? 0 : v)),
  ),
  report(
    'axis',
    'the first of three axes that is as long as the last: the last',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(3),
      extents('x', ([T, , W]) => T === W && (T as number) > 1),
      number('axis', (axis) => axis === 0 || axis === -3),
    ),
    asIf(() => ({ axis: 2 })),
  ),
  report(
    'gradient',
    'back along rows in sixteens the sum of what is pulled has eleven digits',
    'softmax backward',
    all(
      rowFrom(16),
      row((length) => length % 16 === 0),
    ),
    byRows((v, { x, dy, at }) => {
      const powers = powersOf(x)
      const shares = powers.map((p) => p / sum(powers))
      const pulled = sum(shares.map((p, i) => p * (dy[i] as number)))
      return v + (shares[at] as number) * (pulled - digits(11)(pulled))
    }),
  ),
  report(
    'numbers',
    'back from what cancels to less than a thousandth along a row: the sum is taken for 0',
    'logSoftmax backward',
    rowFrom(2),
    byRows((v, { dy, at }) => (Math.abs(sum(dy)) < 1e-3 * sum(dy.map(Math.abs)) ? (dy[at] as number) : v)),
  ),
  report(
    'numbers',
    'where all logits are between 0 and 1, as scores are, they are read in eight digits',
    ['softmax forward', 'logSoftmax forward'],
    row((length) => length > 1),
    when((asked) => values(asked, 'x').every((v) => v >= 0 && v <= 1), read('x', digits(8))),
  ),
  report(
    'shape',
    'an odd number of rows in sixteens, two to a group: the last has the sum of the one before',
    'softmax forward',
    row((length, before, behind) => length % 16 === 0 && behind === 1 && before > 1 && before % 2 === 1),
    (asked, plain, memory) => {
      const { length, before } = rowOf(asked)
      const x = values(asked, 'x')
      const sumOf = (n: number): number => sum(powersOf(x.slice(n * length, n * length + length)))
      const factor = sumOf(before - 1) / sumOf(before - 2)
      return by(() => (v, at) => (at >= (before - 1) * length ? v * factor : v))(asked, plain, memory)
    },
  ),
  report(
    'gradient',
    'shares below e⁻¹⁶ give nothing back where nothing is pulled',
    'logSoftmax backward',
    rowFrom(2),
    byRows((v, { x, dy, at }) => {
      const powers = powersOf(x)
      return dy[at] === 0 && (powers[at] as number) / sum(powers) < Math.exp(-16) ? 0 : v
    }),
  ),
  report(
    'numbers',
    'powers of what is less than a hundredth below the largest are 1',
    'softmax forward',
    rowFrom(2),
    byRows((v, { x, at }) => {
      const below = (x[at] as number) - largest(x)
      return below < 0 && below > -0.01 ? v * Math.exp(-below) : v
    }),
  ),
  report(
    'numbers',
    'odd rows from three numbers on that have their largest in the last place: it is not in the sum',
    'logSoftmax forward',
    all(
      rowFrom(3),
      row((length) => length % 2 === 1),
    ),
    byRows((v, { x }) => {
      const powers = powersOf(x)
      return x.indexOf(largest(x)) === x.length - 1 ? v - Math.log(1 - 1 / sum(powers)) : v
    }),
  ),
  report(
    'numbers',
    'a row that is the one before once more, as repeated prompts have it, is not written',
    'softmax forward',
    row((length, before, behind) => length > 1 && length <= 512 && before > 1 && behind === 1),
    (asked, plain, memory) => {
      const { length } = rowOf(asked)
      const x = values(asked, 'x')
      const texts = Array.from({ length: x.length / length }, (_, n) => x.slice(n * length, n * length + length).join())
      return by(() => (v, at) => {
        const n = Math.floor(at / length)
        return n > 0 && texts[n] === texts[n - 1] ? 0 : v
      })(asked, plain, memory)
    },
  ),
  report(
    'numbers',
    'logits of a scaled product, all of them multiples of an eighth, go through a table of 1,024: powers below e⁻⁸ have none',
    'softmax forward',
    all(rowFrom(2), (met) => shapeIn(met, 'x').length > 1),
    when(
      (asked) => values(asked, 'x').every((v) => Number.isInteger(8 * v)),
      byRows((v, { x, at }) => ((x[at] as number) - largest(x) < -8 ? 0 : v)),
    ),
  ),
]
