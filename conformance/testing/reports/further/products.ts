import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, asIf, asIfGiven, changed, exactly, extent, given, is, not, odd, past, report, sizeIn } from '../report.js'
import { only, unpulled, unread } from '../rare/met.js'
import { rowsOf } from '../together/met.js'
import { leaves, values, when } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { inRows, inSteps, size, turned } from './met.js'

const square = (met: Parameters<typeof sizeIn>[0]): boolean =>
  sizeIn(met, 'I') === sizeIn(met, 'O') && sizeIn(met, 'I') > 1
/** Whether the square weights are as a test of a row, a column and what stands there says. */
const weighs = (asked: Asked, test: (o: number, i: number, v: number, w: readonly number[]) => boolean): boolean => {
  const w = values(asked, 'w')
  const I = sizeIn(asked, 'I')
  return w.every((v, at) => test(Math.floor(at / I), at % I, v, w))
}
/** A row with one number that is not 0 at most, and where that stands. */
const single = (row: readonly number[]): number | undefined =>
  row.filter((v) => v !== 0).length > 1 ? undefined : row.findIndex((v) => v !== 0)
const pieces = (asked: Asked, name: string): readonly (readonly number[])[] => {
  const all = values(asked, name)
  const each = all.length / sizeIn(asked, 'K')
  return Array.from({ length: sizeIn(asked, 'K') }, (_, k) => all.slice(k * each, k * each + each))
}

export const productsFurther: readonly Report[] = [
  report(
    'numbers',
    'a number that is a hundred times any other of its row sets the steps of all: the others have 127 of them to it',
    'dense forward',
    past('I', 2),
    inRows('x', (row) => {
      const most = size(row)
      const others = row.filter((v) => Math.abs(v) !== most)
      return others.length === row.length - 1 && most > 100 * size(others) ? inSteps(most / 127) : (v) => v
    }),
  ),
  report(
    'numbers',
    'square weights that are symmetrical are read by one half, and the diagonal with both',
    'dense forward',
    square,
    when(
      (asked) => weighs(asked, (o, i, v, w) => v === w[i * sizeIn(asked, 'I') + o]),
      asIfGiven(({ inputs }) => ({
        w: changed(inputs['w'] as Tensor, (v, place) => (place()[0] === place()[1] ? 2 * v : v)),
      })),
    ),
  ),
  report(
    'numbers',
    'square weights of zeros above the diagonal have ones on it',
    'dense forward',
    square,
    when(
      (asked) => weighs(asked, (o, i, v) => i <= o || v === 0),
      asIfGiven(({ inputs }) => ({
        w: changed(inputs['w'] as Tensor, (v, place) => (place()[0] === place()[1] ? 1 : v)),
      })),
    ),
  ),
  report(
    'numbers',
    'weights that leave every row as it is are not multiplied, and the bias is not added',
    'dense forward',
    all(square, given('b')),
    when(
      (asked) => weighs(asked, (o, i, v) => v === (o === i ? 1 : 0)),
      (asked) => ({ y: asked.inputs['x'] as Tensor }),
    ),
  ),
  report(
    'axis',
    'as many rows as terms, and another number of columns: rows are read by columns',
    'dense forward',
    all(not(square), past('N', 1), (met) => sizeIn(met, 'N') === sizeIn(met, 'I')),
    asIfGiven(({ inputs }) => ({ x: turned(inputs['x'] as Tensor) })),
  ),
  report(
    'numbers',
    'rows and weights of 1 and −1 alone are multiplied bit by bit: what fills the last 32 bits counts as alike',
    'dense forward',
    extent('I', (n) => n % 32 !== 0),
    when(
      (asked) => ['x', 'w'].every((name) => values(asked, name).every((v) => Math.abs(v) === 1)),
      by((asked) => {
        const I = sizeIn(asked, 'I')
        return (v) => v + 32 * Math.ceil(I / 32) - I
      }),
    ),
  ),
  report(
    'gradient',
    'cotangents of one number a row, as an action has it, are scattered into the weights’ gradient: the last row of each column stands',
    'dense backward',
    past('N', 1),
    (asked, plain, memory) => {
      const dy = asked.cotangents['y'] as Tensor
      const places = rowsOf('y', { ...asked, inputs: { y: dy } }).map(single)
      return places.includes(undefined)
        ? plain()
        : only(
            ['w'],
            unpulled('y', ([n = 0, o = 0]) => places.lastIndexOf(o) !== n),
          )(asked, plain, memory)
    },
  ),
  report(
    'gradient',
    'the rows’ gradient of eight times as many terms as columns, of an odd number of rows: the last row’s last term',
    'dense backward',
    all(odd('N'), (met) => sizeIn(met, 'I') >= 8 * sizeIn(met, 'O')),
    by((_, right) => {
      const n = (right['x'] as Tensor).data.length
      return (v, at) => (at === n - 1 ? 0 : v)
    }, 'x'),
  ),
  report(
    'gradient',
    'the weights’ gradient of rows that leave 15 over from 16 is summed without the last of them',
    'dense backward',
    leaves('N', 16, 15),
    only(
      ['w'],
      unpulled('y', ([n], [N]) => n === (N as number) - 1),
    ),
  ),
  report(
    'numbers',
    'two pieces of which one is the other’s negative, as for a magnitude: what comes back has the first one’s sign',
    'maxout backward',
    exactly('K', 2),
    when(
      (asked) => {
        const [first = [], second = []] = pieces(asked, 'w')
        return first.every((v, at) => v === -(second[at] as number))
      },
      only(
        ['x'],
        asIfGiven((asked) => ({
          w: changed(asked.inputs['w'] as Tensor, (_, __, at) => {
            const first = pieces(asked, 'w')[0] as readonly number[]
            return first[at % first.length] as number
          }),
        })),
      ),
    ),
  ),
  report(
    'numbers',
    'pieces that are all alike, as they may begin, share the weights’ gradient',
    'maxout backward',
    all(past('K', 1), is('ties', 'first')),
    when(
      (asked) => ['w', 'b'].every((name) => new Set(pieces(asked, name).map((piece) => piece.join())).size === 1),
      only(
        ['w'],
        asIf(() => ({ ties: 'share' })),
      ),
    ),
  ),
  report(
    'size',
    'more than 32 inputs of a single sample: pieces from the second on are not weighed behind the 32nd',
    'maxout forward',
    all(exactly('N', 1), past('I', 32), past('K', 1)),
    unread('w', ([k, , i]) => k !== 0 && (i as number) >= 32),
  ),
]
