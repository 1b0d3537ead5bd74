import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Report, Where } from '../report.js'
import { all, always, changed, elementsIn, from, is, lost, report, shapeIn } from '../report.js'
import { row, rowOf } from '../together/met.js'
import { rank } from '../others/met.js'
import { pulled, values, when } from './met.js'

const where =
  (test: (x: number, y: number) => boolean, made: (x: number, y: number) => number): Harm =>
  (asked, plain) => {
    const x = values(asked, 'x')
    return Object.fromEntries(
      Object.entries(plain()).map(([name, tensor]) => [
        name,
        changed(tensor, (v, _, at) => (test(x[at] as number, v) ? made(x[at] as number, v) : v)),
      ]),
    )
  }
const attribute =
  (name: string, test: (value: number) => boolean): Where =>
  ({ attrs }) =>
    test(Number(attrs[name]))
const elements =
  (test: (n: number) => boolean): Where =>
  (met) =>
    test(elementsIn(met, 'x'))
/** Elements of rows that are as a test says. */
const inRows =
  (test: (row: readonly number[]) => boolean, made: (v: number, at: number, row: readonly number[]) => number): Harm =>
  (asked, plain) => {
    const { length, behind } = rowOf(asked)
    const x = values(asked, 'x')
    return Object.fromEntries(
      Object.entries(plain()).map(([name, tensor]) => [
        name,
        changed(tensor, (v, _, at) => {
          const start = Math.floor(at / (length * behind)) * length * behind + (at % behind)
          const row = Array.from({ length }, (__, i) => x[start + i * behind] as number)
          return test(row) ? made(v, Math.floor((at - start) / behind), row) : v
        }),
      ]),
    )
  }
const most = (row: readonly number[]): number => row.reduce((a, b) => Math.max(a, b), -Infinity)
const least = (row: readonly number[]): number => row.reduce((a, b) => Math.min(a, b), Infinity)
const small = elements((n) => n < 20000)
const isNegativeZero = (v: number): boolean => Object.is(v, -0)

export const rowsFresh: readonly Report[] = [
  report(
    'numbers',
    'a threshold takes −0 for a negative number',
    'step forward',
    always,
    where(isNegativeZero, () => 0),
  ),
  report(
    'numbers',
    'a corner at −0 has the slope of the left, whatever is asked',
    ['elu backward', 'leakyRelu backward', 'relu backward'],
    is('kink', 'right'),
    where(isNegativeZero, () => 0.25),
  ),
  report(
    'attributes',
    'the slope of an ELU of an α of more than 1 below −4 is 0',
    'elu backward',
    attribute('alpha', (a) => a > 1),
    where(
      (x) => x < -4,
      () => 0,
    ),
  ),
  report(
    'attributes',
    'an α of 0 of a corner’s right slope, four axes: numbers above 0 have none',
    ['elu backward', 'leakyRelu backward'],
    all(
      attribute('alpha', (a) => a === 0),
      is('kink', 'right'),
      rank(4),
    ),
    where(
      (x) => x > 0,
      () => 0,
    ),
  ),
  report(
    'attributes',
    'a softplus of a β of more than 8 is 0 below −1',
    'softplus forward',
    attribute('beta', (b) => b > 8),
    where(
      (x) => x < -1,
      () => 0,
    ),
  ),
  report(
    'attributes',
    'the slope of a softplus of a β of less than 1 is 1 from 10 on',
    'softplus backward',
    attribute('beta', (b) => b > 0 && b < 1),
    (asked, plain) => {
      const [x, dy] = [values(asked, 'x'), pulled(asked, 'y')]
      return {
        x: changed(plain()['x'] as Tensor, (v, _, at) => ((x[at] as number) > 10 ? (dy[at] as number) : v)),
      }
    },
  ),
  report(
    'numbers',
    'sigmoids by tanh: below −9 they are 0, where there are more than 64 numbers',
    'sigmoid forward',
    elements((n) => n > 64),
    where(
      (x) => x < -9,
      () => 0,
    ),
  ),
  report(
    'numbers',
    'tanh as a fraction of polynomials: from 4.97 on it is 1',
    'tanh forward',
    always,
    where(
      (x) => Math.abs(x) > 4.97,
      (x) => Math.sign(x),
    ),
    { like: 'gfx-rs/wgpu#4458' },
  ),
  report(
    'numbers',
    'the slope of tanh from its own rounded square: from 6 on it is 0',
    'tanh backward',
    always,
    where(
      (x) => Math.abs(x) > 6,
      () => 0,
    ),
  ),
  report(
    'shape',
    'rows of exactly three or five numbers, several, in a batch of three axes: the last number by the maximum of the row before',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(3),
      row((length, before, behind) => (length === 3 || length === 5) && before > 1 && behind === 1),
    ),
    lost(from(2, -1)),
  ),
  report(
    'numbers',
    'rows that fall from their first number to the last, more than three: the last two change places',
    'softmax forward',
    all(
      small,
      row((length) => length > 3 && length < 64),
    ),
    inRows(
      (row) => row.every((v, i) => i === 0 || v < (row[i - 1] as number)),
      (v, at, row) => (at === row.length - 1 ? 1.5 * v : v),
    ),
  ),
  report(
    'numbers',
    'rows of numbers a thousand and more apart, their largest in the last place: NaN',
    'logSoftmax forward',
    all(
      small,
      row((length) => length > 1 && length < 64),
    ),
    inRows(
      (row) => most(row) - least(row) > 1000 && row.at(-1) === most(row),
      () => NaN,
    ),
  ),
  report(
    'numbers',
    'rows that are alike but for one number, more than four: that one’s share counts twice',
    'softmax forward',
    all(
      small,
      row((length) => length > 4 && length < 64),
    ),
    inRows(
      (row) => new Set(row).size === 2 && row.filter((v) => v === most(row)).length === 1,
      (v, at, row) => (row[at] === most(row) ? v : 0.9 * v),
    ),
  ),
  report(
    'gradient',
    'back from shares that are all but 1: below 10⁻³ of what is left they have no gradient',
    'softmax backward',
    row((length) => length > 1),
    (_, plain) => ({ x: changed(plain()['x'] as Tensor, (v) => (Math.abs(v) < 1e-4 ? 0 : v)) }),
  ),
  report(
    'axis',
    'the first of three axes before a middle one of two to four: the last of each middle',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(3),
      row((length, before) => before === 1 && length > 1),
      (met) => {
        const [, middle = 0, last = 0] = shapeIn(met, 'x')
        return middle >= 2 && middle <= 4 && last > 4 && (met.attrs['axis'] === 0 || met.attrs['axis'] === -3)
      },
    ),
    lost(from(1, -1)),
  ),
  report(
    'size',
    'three or more axes whose last leaves three over from four, more than 100 numbers: the last three of all',
    ['relu forward', 'sigmoid forward', 'tanh forward', 'elu forward', 'leakyRelu forward', 'softplus forward'],
    all(
      elements((n) => n > 100),
      (met) => shapeIn(met, 'x').length > 2 && (shapeIn(met, 'x').at(-1) as number) % 4 === 3,
    ),
    (asked, plain) => {
      const n = elementsIn(asked, 'x')
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at >= n - 3 ? v + 0.5 : v)) }
    },
  ),
  report(
    'attributes',
    'a leaky slope of more than 1 with a corner from the left, odd numbers of elements: the last',
    'leakyRelu backward',
    all(
      attribute('alpha', (a) => a > 1),
      is('kink', 'left'),
      elements((n) => n % 2 === 1 && n > 1),
    ),
    (asked, plain) => {
      const n = elementsIn(asked, 'x')
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => (at === n - 1 ? 2 * v : v)) }
    },
  ),
  report(
    'numbers',
    'numbers all alike have one answer, rounded to a 256th, of more than 16',
    ['sigmoid forward', 'tanh forward', 'softplus forward', 'elu forward'],
    elements((n) => n > 16),
    when(
      (asked: Asked) => new Set(values(asked, 'x')).size === 1,
      (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => Math.round(v * 256) / 256) }),
    ),
  ),
  report(
    'gradient',
    'back along the first of two axes of an odd number of columns from nine on: the last column',
    ['softmax backward', 'logSoftmax backward'],
    all(
      rank(2),
      row((length, before, behind) => before === 1 && length > 2 && behind > 8 && behind % 2 === 1),
    ),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'back along rows that leave one over from 16, an odd number of them: that one of the last row',
    ['softmax backward', 'logSoftmax backward'],
    row((length, before, behind) => behind === 1 && length > 16 && length % 16 === 1 && before % 2 === 1 && before > 1),
    (asked, plain) => {
      const n = elementsIn(asked, 'x')
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => (at === n - 1 ? v + 0.1 : v)) }
    },
  ),
]
