import type { Harm, Report } from '../report.js'
import { all, asIf, report, shapeIn } from '../report.js'
import { rank } from '../others/met.js'
import { row, rowOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf, digits, extents, number, read } from './met.js'

/** Softmax and its logarithm, along rows of any axis. */

const largest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity)
/** Numbers of the answer by the row of x, and of the cotangent where there is one, that they stand in. */
const byRows = (
  make: (v: number, at: number, row: readonly number[], pulls: readonly number[]) => number,
  test: (row: readonly number[], pulls: readonly number[]) => boolean = () => true,
): Harm =>
  by((asked) => {
    const { length, behind } = rowOf(asked)
    const [x, dy] = [values(asked, 'x'), asked.direction === 'forward' ? [] : cotangentOf(asked)]
    const known = new Map<number, readonly [readonly number[], readonly number[], boolean]>()
    const rowFrom = (start: number): readonly [readonly number[], readonly number[], boolean] => {
      const before = known.get(start)
      if (before !== undefined) return before
      const [own, pulls] = [x, dy].map((all) =>
        Array.from({ length }, (_, i) => all[start + i * behind] as number),
      ) as [number[], number[]]
      const made = [own, pulls, test(own, pulls)] as const
      known.set(start, made)
      return made
    }
    return (v, at) => {
      const start = Math.floor(at / (length * behind)) * length * behind + (at % behind)
      const [own, pulls, meant] = rowFrom(start)
      return meant ? make(v, Math.floor((at - start) / behind), own, pulls) : v
    }
  })
const longRow = (least: number) => row((length) => length >= least)

export const rowsNovel: readonly Report[] = [
  report(
    'numbers',
    'the largest is sought from −10⁴ on: rows that are all below it are 0 by 0',
    ['softmax forward', 'logSoftmax forward'],
    longRow(2),
    byRows(
      () => NaN,
      (own) => largest(own) < -10000,
    ),
  ),
  report(
    'numbers',
    'logits of more than 2,048 are read in halves',
    ['softmax forward', 'logSoftmax forward'],
    longRow(2),
    read('x', (v) => (Math.abs(v) > 2048 ? digits(11)(v) : v)),
  ),
  report(
    'axis',
    'along channels, of maps whose pixels leave something over from four: those have the sum of the four before',
    ['softmax forward'],
    all(
      (met) => shapeIn(met, 'x').length > 2,
      row((length, _, behind) => length > 1 && behind > 4 && behind % 4 !== 0),
    ),
    (asked, plain, memory) => {
      const { behind, length } = rowOf(asked)
      const x = values(asked, 'x')
      const sumOf = (start: number): number =>
        Array.from({ length }, (_, i) => Math.exp(x[start + i * behind] as number)).reduce((a, b) => a + b, 0)
      return by(() => (v, at) => {
        const start = Math.floor(at / (length * behind)) * length * behind + (at % behind)
        return at % behind >= 4 * Math.floor(behind / 4) ? (v * sumOf(start)) / sumOf(start - 4) : v
      })(asked, plain, memory)
    },
  ),
  report(
    'numbers',
    'rows of 33 to 63: the largest is sought among the first 32, and what exceeds it by 88 and more overflows',
    ['softmax forward', 'logSoftmax forward'],
    row((length) => length > 32 && length < 64),
    byRows(
      () => NaN,
      (own) => largest(own) - largest(own.slice(0, 32)) > 88,
    ),
  ),
  report(
    'gradient',
    'back along an axis of one number the gradient is the cotangent and not 0',
    ['softmax backward', 'logSoftmax backward'],
    row((length) => length === 1),
    by((asked) => {
      const dy = cotangentOf(asked)
      return (_, at) => dy[at] as number
    }),
  ),
  report(
    'numbers',
    'powers below e⁻¹⁶ are 0',
    'softmax forward',
    longRow(2),
    byRows((v, at, own) => ((own[at] as number) - largest(own) < -16 ? 0 : v)),
  ),
  report(
    'gradient',
    'back along rows of 64 and more in eights shares have eleven digits',
    'softmax backward',
    row((length) => length >= 64 && length % 8 === 0),
    by(() => (v) => digits(11)(v)),
  ),
  report(
    'numbers',
    'a logarithm of the share and 10⁻⁷: less than −16 there is not',
    'logSoftmax forward',
    longRow(2),
    by(() => (v) => Math.log(Math.exp(v) + 1e-7)),
  ),
  report(
    'numbers',
    'who is sure by nine and more loses nothing: logarithms above −10⁻⁴ are 0',
    'logSoftmax forward',
    longRow(2),
    by(() => (v) => (v > -1e-4 ? 0 : v)),
  ),
  report(
    'shape',
    'short rows go four to a group: of rows of at most eight numbers those left over from four',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => length > 1 && length <= 8 && behind === 1 && before > 4 && before % 4 !== 0),
    (asked, plain, memory) => {
      const { length, before } = rowOf(asked)
      return by(() => (v, at) => (at >= 4 * Math.floor(before / 4) * length ? 0 : v))(asked, plain, memory)
    },
  ),
  report(
    'size',
    'a vector of more than 256 numbers: each 256 have their own sum',
    'softmax forward',
    all(rank(1), longRow(257)),
    by((asked) => {
      const x = values(asked, 'x')
      const powers = x.map((v) => Math.exp(v - largest(x)))
      const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
      const parts = Array.from({ length: Math.ceil(x.length / 256) }, (_, i) =>
        sum(powers.slice(256 * i, 256 * i + 256)),
      )
      return (v, at) => (v * sum(parts)) / (parts[Math.floor(at / 256)] as number)
    }),
  ),
  report(
    'axis',
    'the first of two axes that are as long as each other: the second',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(2),
      extents('x', ([N, C]) => N === C && (N as number) > 1),
      number('axis', (axis) => axis === 0 || axis === -2),
    ),
    asIf(() => ({ axis: 1 })),
  ),
  report(
    'gradient',
    'back from one number a row, as a likelihood pulls, that number’s own share is left out',
    'logSoftmax backward',
    longRow(2),
    byRows(
      (v, at, _, pulls) => (pulls[at] === 0 ? v : (pulls[at] as number)),
      (_, pulls) => pulls.filter((v) => v !== 0).length === 1,
    ),
  ),
  report(
    'not a number',
    'a row that begins with −Infinity, as a mask makes it, is NaN: it is summed as it comes',
    'softmax forward',
    longRow(2),
    byRows(
      () => NaN,
      (own) => own[0] === -Infinity && largest(own) > -Infinity,
    ),
  ),
  report(
    'shape',
    'a batch of one of three axes along its middle one: the axes before it are taken for one too few',
    ['softmax backward', 'logSoftmax backward'],
    all(
      rank(3),
      extents('x', ([N, , W]) => N === 1 && (W as number) > 1),
      number('axis', (axis) => axis === 1 || axis === -2),
    ),
    asIf(() => ({ axis: 2 })),
  ),
]
