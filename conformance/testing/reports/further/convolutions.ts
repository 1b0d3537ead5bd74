import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  dilated,
  exactly,
  filter,
  from,
  gathered,
  given,
  grouped,
  listOf,
  lost,
  not,
  padded,
  past,
  product,
  report,
  sizeIn,
  strided,
  withIndex,
} from '../report.js'
import { between, last, multiple, plainSteps, unread } from '../rare/met.js'
import { atLeast, channelsOfGroup } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { groupsOf, pair, values, when } from '../fresh/met.js'
import { by, digits, partly, read } from '../novel/met.js'
import { isWhole, size } from './met.js'

const reach = (met: Met): number => pair(met, 'dilation')[1] * (sizeIn(met, 'KW') - 1)
const left = (met: Met): number => padding(met)[2] as number

export const convolutionsFurther: readonly Report[] = [
  report(
    'attributes',
    'padding at the left of more than the filter reaches is as much as it reaches',
    'conv2d forward',
    (met) => left(met) > reach(met),
    asIf((met) => {
      const [top = 0, bottom = 0, , right = 0] = padding(met)
      return { padding: [top, bottom, reach(met), right] }
    }),
  ),
  report(
    'numbers',
    'a 3×3 by tiles of four outputs loses digits: answers are off by 2⁻¹³ of the largest, of eight channels and filters and more',
    'conv2d forward',
    all(filter(3), plainSteps, atLeast({ C: 8, O: 8, Ho: 4, Wo: 4 })),
    by((_, right) => {
      const most = size(Array.from((right['y'] as Tensor).data, Number))
      return (v, at) => v + (at % 3 === 0 ? 1 : -1) * 2 ** -13 * most
    }),
  ),
  report(
    'numbers',
    'images and filters of whole numbers up to 127 are multiplied as bytes: sums end at ±32,767',
    'conv2d forward',
    past('Cg', 0),
    when(
      (asked) => ['x', 'w'].every((name) => isWhole(values(asked, name)) && size(values(asked, name)) <= 127),
      by(() => (v) => Math.max(-32767, Math.min(32767, v))),
    ),
  ),
  report(
    'numbers',
    'filters that are symmetrical across, as blurs are, are folded: the middle one of three columns is weighed twice',
    'conv2d forward',
    exactly('KW', 3),
    when(
      (asked) => {
        const w = values(asked, 'w')
        return w.every((v, at) => at % 3 !== 0 || v === w[at + 2])
      },
      asIfGiven(({ inputs }) => ({
        w: changed(inputs['w'] as Tensor, (v, _, at) => (at % 3 === 1 ? 2 * v : v)),
      })),
    ),
  ),
  report(
    'numbers',
    'a bias of more than 2,048 begins a sum of eleven digits',
    'conv2d forward',
    given('b'),
    by((asked) => {
      const b = values(asked, 'b')
      return (v, at, [, O = 1, Ho = 1, Wo = 1]) =>
        Math.abs(b[Math.floor(at / (Ho * Wo)) % O] as number) > 2048 ? digits(11)(v) : v
    }),
  ),
  report(
    'shape',
    'patches as large as their steps over a width that leaves something over: the next row begins where the last patch ends',
    'conv2d forward',
    all(
      not(padded),
      not(dilated),
      (met) => String(listOf(met, 'stride')) === String([sizeIn(met, 'KH'), sizeIn(met, 'KW')]),
      (met) => sizeIn(met, 'H') > 1 && sizeIn(met, 'W') % sizeIn(met, 'KW') !== 0,
    ),
    asIfGiven((asked) => {
      const x = asked.inputs['x'] as Tensor
      const over = sizeIn(asked, 'W') % sizeIn(asked, 'KW')
      return { x: changed(x, (_, place, at) => Number(x.data[at - (place()[2] as number) * over])) }
    }),
  ),
  report(
    'axis',
    'as many samples as groups: they change places',
    'conv2d forward',
    all(grouped, (met) => groupsOf(met) === sizeIn(met, 'N')),
    asIfGiven((asked) => ({
      x: gathered(asked.inputs['x'] as Tensor, ([n = 0, c = 0, ...pixel]) => {
        const each = channelsOfGroup(asked)
        return [Math.floor(c / each), n * each + (c % each), ...pixel]
      }),
    })),
  ),
  report(
    'attributes',
    'an image padded at its top alone, as one that is made row by row, is padded by halves',
    'conv2d forward',
    (met) => {
      const [top = 0, bottom = 0, l = 0, r = 0] = padding(met)
      return top > 0 && bottom === 0 && l === r
    },
    asIf((met) => {
      const [top = 0, , l = 0, r = 0] = padding(met)
      return { padding: [Math.floor(top / 2), Math.ceil(top / 2), l, r] }
    }),
  ),
  report(
    'size',
    'maps of exactly 64, 256 or 1,024 positions are dispatched without their last row',
    'conv2d forward',
    product(['Ho', 'Wo'], (n) => [64, 256, 1024].includes(n)),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'one channel under filters that step is taken for depthwise: all filters are the first',
    'conv2d forward',
    all(exactly('C', 1), past('O', 1), strided),
    asIfGiven(({ inputs }) => ({ w: gathered(inputs['w'] as Tensor, (place) => withIndex(place, 0, 0)) })),
  ),
  report(
    'numbers',
    'filters of which two in every four weights are 0, as pruning by structure leaves them, are read in eleven digits',
    'conv2d forward',
    (met) => (sizeIn(met, 'O') * sizeIn(met, 'Cg') * sizeIn(met, 'KH') * sizeIn(met, 'KW')) % 4 === 0,
    when(
      (asked) => {
        const w = values(asked, 'w')
        const fours = Array.from({ length: w.length / 4 }, (_, i) => w.slice(4 * i, 4 * i + 4))
        return fours.every((four) => four.filter((v) => v === 0).length >= 2)
      },
      read('w', digits(11)),
    ),
  ),
  report(
    'shape',
    'a padded 5×5 over a width in eights: at the left end the last column of taps is not read',
    'conv2d forward',
    all(filter(5), padded, multiple('W', 8)),
    partly(unread('w', last(3)), ([, , , x]) => x === 0),
  ),
  report(
    'axis',
    'as many rows of taps as channels: weights are read with their rows first',
    'conv2d forward',
    all(past('KH', 1), past('KW', 1), (met) => sizeIn(met, 'KH') === sizeIn(met, 'Cg')),
    asIfGiven(({ inputs }) => ({
      w: gathered(inputs['w'] as Tensor, ([o = 0, c = 0, down = 0, across = 0]) => [o, down, c, across]),
    })),
  ),
  report(
    'size',
    'from 33 to 63 filters of one sample: those behind the 32nd have no bias',
    'conv2d forward',
    all(exactly('N', 1), between('O', 33, 63), given('b')),
    asIfGiven(({ inputs }) => ({
      b: changed(inputs['b'] as Tensor, (v, _, o) => (o < 32 ? v : 0)),
    })),
  ),
]
