import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  depthwise,
  dilated,
  exactly,
  filter,
  gathered,
  given,
  grouped,
  lost,
  moved,
  odd,
  padded,
  past,
  product,
  report,
  sizeIn,
  some,
  withIndex,
} from '../report.js'
import { between, last, multiple, plainSteps, unread } from '../rare/met.js'
import { atLeast, channelsOfGroup, filtersOfGroup } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { groupsOf, leaves, pair, values } from '../fresh/met.js'
import { by, digits, read } from './met.js'

/** Rows are read past their ends: padding is what lies there, the end of the row before and the beginning of the next. */
const overTheEnds =
  (end: 'left' | 'right'): Harm =>
  (asked, plain) => {
    const x = asked.inputs['x'] as Tensor
    const [N = 1, C = 1, H = 1, W = 1] = x.shape
    const [top = 0, bottom = 0, left = 0, right = 0] = padding(asked)
    const more = end === 'left' ? left : right
    const wide = { shape: [N, C, H, W + more], data: new Float32Array(N * C * H * (W + more)) }
    return plain({
      attrs: { ...asked.attrs, padding: end === 'left' ? [top, bottom, 0, right] : [top, bottom, left, 0] },
      inputs: {
        ...asked.inputs,
        x: changed(wide, (_, place) => {
          const [n = 0, c = 0, row = 0, column = 0] = place()
          return x.data[((n * C + c) * H + row) * W + column - (end === 'left' ? left : 0)] ?? 0
        }),
      },
    })
  }
/** Whether a window sees nothing but padding. */
const seesNothing = (met: Met, [, , i = 0, j = 0]: readonly number[]): boolean => {
  const [top = 0, , left = 0] = padding(met)
  const beside = (at: number, axis: 0 | 1, before: number, taps: number, size: number): boolean => {
    const start = at * pair(met, 'stride')[axis] - before
    return start + pair(met, 'dilation')[axis] * (taps - 1) < 0 || start >= size
  }
  return (
    beside(i, 0, top, sizeIn(met, 'KH'), sizeIn(met, 'H')) || beside(j, 1, left, sizeIn(met, 'KW'), sizeIn(met, 'W'))
  )
}

export const convolutionsNovel: readonly Report[] = [
  report(
    'attributes',
    'a padded 1×1 goes the way of a product, which knows no padding',
    'conv2d forward',
    all(filter(1), padded),
    asIf(() => ({ padding: [0, 0, 0, 0] })),
  ),
  report(
    'shape',
    'as many groups as filters, of several channels each, is taken for depthwise: one channel of each is weighed',
    'conv2d forward',
    all(grouped, (met) => groupsOf(met) === sizeIn(met, 'O') && channelsOfGroup(met) > 1),
    unread('w', (place) => (place[1] as number) > 0),
  ),
  report(
    'convention',
    'two filters to each channel lie by turns: those of a channel are a whole number of channels apart',
    'conv2d forward',
    all(grouped, (met) => channelsOfGroup(met) === 1 && filtersOfGroup(met) === 2),
    asIfGiven((asked) => ({
      w: gathered(asked.inputs['w'] as Tensor, (place) => {
        const o = place[0] as number
        return withIndex(place, 0, (o % 2) * groupsOf(asked) + Math.floor(o / 2))
      }),
    })),
  ),
  report(
    'attributes',
    'a row of five taps and more padded across alone is padded down',
    'conv2d forward',
    all(exactly('KH', 1), past('KW', 4), (met) => padding(met)[0] === 0 && (padding(met)[2] as number) > 0),
    asIf((met) => ({ padding: [padding(met)[2] as number, padding(met)[3] as number, 0, 0] })),
  ),
  report(
    'shape',
    'channels in fours over an odd width: padding at the right is what the next row begins with',
    'conv2d forward',
    all(multiple('C', 4), odd('W'), past('W', 1), (met) => (padding(met)[3] as number) > 0),
    overTheEnds('right'),
  ),
  report(
    'shape',
    'padding at the left is the end of the row before, of one channel and a width that is no multiple of four',
    'conv2d forward',
    all(exactly('C', 1), leaves('W', 4, 1, 2, 3), (met) => (padding(met)[2] as number) > 0),
    overTheEnds('left'),
  ),
  report(
    'size',
    'positions one past a multiple of 32 are dispatched without it: the last of each map',
    'conv2d forward',
    product(['Ho', 'Wo'], (n) => n > 32 && n % 32 === 1),
    lost(([, , y, x], [, , Ho, Wo]) => y === (Ho as number) - 1 && x === (Wo as number) - 1),
  ),
  report(
    'shape',
    'filters that leave one over from four are written as four: the next sample begins with three zeros',
    'conv2d forward',
    all(past('N', 1), leaves('O', 4, 1)),
    lost(([n, o, y, x]) => (n as number) > 0 && (o as number) < 3 && y === 0 && x === 0),
  ),
  report(
    'numbers',
    'tiles of a 3×3 are put together in halves: answers of more than 2,048 have eleven digits, of four channels and filters and more',
    'conv2d forward',
    all(filter(3), plainSteps, atLeast({ C: 4, O: 4 })),
    by(() => (v) => (Math.abs(v) > 2048 ? digits(11)(v) : v)),
  ),
  report(
    'numbers',
    'a depthwise 3×3 keeps the ReLU6 of another layer: answers of more than 6 are 6',
    'conv2d forward',
    all(depthwise, filter(3)),
    by(() => (v) => Math.min(v, 6)),
  ),
  report(
    'numbers',
    'filters of zeros, as pruning leaves them, are skipped together with their bias',
    'conv2d forward',
    given('b'),
    by((asked) => {
      const w = values(asked, 'w')
      const n = w.length / sizeIn(asked, 'O')
      const none = Array.from({ length: sizeIn(asked, 'O') }, (_, o) => w.slice(o * n, o * n + n).every((v) => v === 0))
      return (v, at, [, O = 1, Ho = 1, Wo = 1]) => (none[Math.floor(at / (Ho * Wo)) % O] === true ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'a channel of zeros, as a dead unit leaves it, ends the sum over the channels of its sample',
    'conv2d forward',
    all(past('C', 2), (met) => groupsOf(met) === 1),
    asIfGiven((asked) => {
      const x = values(asked, 'x')
      const [C, S] = [sizeIn(asked, 'C'), sizeIn(asked, 'H') * sizeIn(asked, 'W')]
      const first = Array.from({ length: sizeIn(asked, 'N') }, (_, n) =>
        Array.from({ length: C }, (__, c) => x.slice((n * C + c) * S, (n * C + c + 1) * S)).findIndex((map) =>
          map.every((v) => v === 0),
        ),
      )
      return {
        x: changed(asked.inputs['x'] as Tensor, (v, place) => {
          const [n = 0, c = 0] = place()
          return first[n] !== -1 && c > (first[n] as number) ? 0 : v
        }),
      }
    }),
  ),
  report(
    'attributes',
    'windows that see nothing but padding are left out, and have no bias',
    'conv2d forward',
    all(given('b'), padded),
    lost((place, _, asked) => seesNothing(asked, place)),
  ),
  report(
    'shape',
    'dilated groups of an odd number of channels each, three and more: the last channel of each',
    'conv2d forward',
    all(grouped, dilated, (met) => channelsOfGroup(met) > 1 && channelsOfGroup(met) % 2 === 1),
    unread('w', last(1)),
  ),
  report(
    'attributes',
    'a 3×3 with stride 2 padded at its ends alone, as “same” has it, is padded at its beginnings',
    'conv2d forward',
    all(filter(3), (met) => String(pair(met, 'stride')) === '2,2' && String(padding(met)) === '0,1,0,1'),
    asIf(() => ({ padding: [1, 0, 1, 0] })),
  ),
  report(
    'size',
    'samples and filters share a grid of 256: maps behind the 256th',
    'conv2d forward',
    product(['N', 'O'], (n) => n > 256),
    lost(([n, o], [, O]) => (n as number) * (O as number) + (o as number) >= 256),
  ),
  report(
    'shape',
    'an image of one row under filters of one row steps across as it would down',
    'conv2d forward',
    all(exactly('H', 1), exactly('KH', 1), (met) => pair(met, 'stride')[0] !== pair(met, 'stride')[1]),
    asIf((met) => ({ stride: [pair(met, 'stride')[0], pair(met, 'stride')[0]] })),
  ),
  report(
    'size',
    'channels and filters in eights from 16 on are multiplied with eleven digits',
    'conv2d forward',
    all(multiple('C', 8, 16), multiple('O', 8, 16), (met) => groupsOf(met) === 1),
    read('x', digits(11)),
  ),
  report(
    'axis',
    'a bias of as many filters as there are columns is added by columns',
    'conv2d forward',
    all(given('b'), past('O', 1), (met) => sizeIn(met, 'Wo') === sizeIn(met, 'O')),
    by((asked) => {
      const b = values(asked, 'b')
      return (v, at, [, O = 1, Ho = 1, Wo = 1]) =>
        v - (b[Math.floor(at / (Ho * Wo)) % O] as number) + (b[at % Wo] as number)
    }),
  ),
  report(
    'size',
    'batches of nine to 16: samples from the ninth on are those eight before',
    'conv2d forward',
    between('N', 9, 16),
    moved((place) => withIndex(place, 0, (place[0] as number) % 8)),
  ),
  report(
    'attributes',
    'a dilation of four and more reaches beyond the tile: the last column of taps reads nothing',
    'conv2d forward',
    all(
      past('KW', 1),
      some('dilation', (d) => d > 3),
    ),
    unread('w', last(3)),
  ),
]
