import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  depthwise,
  dilated,
  exactly,
  extent,
  filter,
  from,
  gathered,
  given,
  grouped,
  lost,
  moved,
  not,
  odd,
  padded,
  past,
  report,
  sizeIn,
  some,
  strided,
  withIndex,
} from '../report.js'
import { last, only, unpulled, unread } from '../rare/met.js'
import { channelsOfGroup, filtersOfGroup } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { groupsOf, pair } from '../fresh/met.js'
import { by, pull } from './met.js'

/** Ways back of convolutions, sequences, and ways up. */

const [top, bottom, left] = [0, 1, 2].map((side) => (met: Met) => padding(met)[side] as number) as [
  (met: Met) => number,
  (met: Met) => number,
  (met: Met) => number,
]
const across = (met: Met): number => pair(met, 'stride')[1]

export const stepsNovel: readonly Report[] = [
  report(
    'gradient',
    'pixels that steps leave out have the gradient of the last one that is read',
    'conv2d backward',
    all((met) => across(met) > sizeIn(met, 'KW') && pair(met, 'dilation')[1] === 1),
    moved((place, _, asked) => {
      const x = place[3] as number
      const beyond = ((x + left(asked)) % across(asked)) - (sizeIn(asked, 'KW') - 1)
      return beyond > 0 ? withIndex(place, 3, Math.max(0, x - beyond)) : place
    }, 'x'),
  ),
  report(
    'gradient',
    'the filters’ gradient of a padded filter of an even number of columns is a column off',
    'conv2d backward',
    all(
      padded,
      extent('KW', (n) => n % 2 === 0),
    ),
    moved((place, shape) => withIndex(place, 3, Math.min((place[3] as number) + 1, (shape[3] as number) - 1)), 'w'),
  ),
  report(
    'gradient',
    'the bias’s gradient of a single filter is that of the first sample',
    'conv2d backward',
    all(exactly('O', 1), given('b'), past('N', 1)),
    only(
      ['b'],
      unpulled('y', ([n]) => n !== 0),
    ),
  ),
  report(
    'numbers',
    'cotangents below 2⁻²⁴, as the mean over a large batch makes them, are 0',
    ['conv2d backward', 'conv1d backward', 'convTranspose2d backward'],
    past('N', 0),
    pull((v) => (Math.abs(v) < 2 ** -24 ? 0 : v)),
  ),
  report(
    'gradient',
    'depthwise filters’ gradients add samples by twos: the last of an odd batch is left out',
    'conv2d backward',
    all(depthwise, odd('N'), past('N', 1)),
    only(['w'], unpulled('y', last(0))),
  ),
  report(
    'gradient',
    'the image’s gradient of groups of another number of filters than of channels: the second channel of each is the first',
    'conv2d backward',
    all(grouped, (met) => channelsOfGroup(met) > 1 && channelsOfGroup(met) !== filtersOfGroup(met)),
    moved((place, _, asked) => {
      const c = place[1] as number
      return c % channelsOfGroup(asked) === 1 ? withIndex(place, 1, c - 1) : place
    }, 'x'),
  ),
  report(
    'attributes',
    'a dilated sequence padded at its beginning alone, as a causal one is, is padded by halves',
    'conv1d forward',
    all(dilated, (met) => top(met) > 1 && bottom(met) === 0),
    asIf((met) => ({ padding: [Math.floor(top(met) / 2), Math.ceil(top(met) / 2)] })),
  ),
  report(
    'attributes',
    'a filter of one tap over a sequence is a product, whatever its stride',
    'conv1d forward',
    all(exactly('K', 1), strided),
    asIf(() => ({ stride: [1] })),
  ),
  report(
    'shape',
    'a padded sequence shorter than its filter: its last number is not read',
    'conv1d forward',
    (met) => sizeIn(met, 'L') < sizeIn(met, 'K'),
    unread('x', last(2)),
  ),
  report(
    'size',
    'places one past a multiple of 32: the last of each filter',
    'conv1d forward',
    extent('Lo', (n) => n > 32 && n % 32 === 1),
    lost(from(2, -1)),
  ),
  report(
    'gradient',
    'depthwise filters of four taps over a padded sequence, as state-space models have them: the first tap’s gradient',
    'conv1d backward',
    all(depthwise, exactly('K', 4), padded),
    lost((place) => place[2] === 0, 'w'),
  ),
  report(
    'shape',
    'an even filter with stride 2 over a sequence of an odd length, not padded: the last place',
    'conv1d forward',
    all(
      odd('L'),
      not(padded),
      extent('K', (n) => n % 2 === 0),
      some('stride', (s) => s === 2),
    ),
    lost(from(2, -1)),
  ),
  report(
    'attributes',
    'what output padding adds where nothing is cropped has no bias',
    'convTranspose2d forward',
    all(given('b'), (met) => pair(met, 'outputPadding')[1] > 0 && padding(met)[3] === 0),
    lost(([, , , x], [, , , Wo], asked) => (x as number) >= (Wo as number) - pair(asked, 'outputPadding')[1]),
  ),
  report(
    'attributes',
    'gaps between stamps that do not meet have no bias',
    'convTranspose2d forward',
    all(given('b'), (met) => across(met) > sizeIn(met, 'KW') && pair(met, 'dilation')[1] === 1),
    lost(([, , , x], _, asked) => ((x as number) + left(asked)) % across(asked) >= sizeIn(asked, 'KW')),
  ),
  report(
    'shape',
    'ways up in groups of several channels: all groups have the filters of the first',
    'convTranspose2d forward',
    all(grouped, (met) => sizeIn(met, 'C') > groupsOf(met)),
    asIfGiven((asked) => ({
      w: gathered(asked.inputs['w'] as Tensor, (place) =>
        withIndex(place, 0, (place[0] as number) % (sizeIn(asked, 'C') / groupsOf(asked))),
      ),
    })),
  ),
  report(
    'shape',
    'a 4×4 up by 2 that is cropped by one, as generators have it, over an odd width: the last column',
    'convTranspose2d forward',
    all(filter(4), odd('W'), (met) => String(pair(met, 'stride')) === '2,2' && String(padding(met)) === '1,1,1,1'),
    lost(from(3, -1)),
  ),
  report(
    'convention',
    'without steps the way up is a convolution by the filters as they lie, not turned',
    'convTranspose2d forward',
    all(not(strided), past('KW', 1), (met) => groupsOf(met) === 1),
    asIfGiven(({ inputs }) => {
      const w = inputs['w'] as Tensor
      const [, , KH = 1, KW = 1] = w.shape
      return {
        w: gathered(w, ([c = 0, o = 0, down = 0, right = 0]) => [c, o, KH - 1 - down, KW - 1 - right]),
      }
    }),
  ),
  report(
    'gradient',
    'the gradient of filters that go up, of two samples, is made of the first alone',
    'convTranspose2d backward',
    all(exactly('N', 2), strided),
    only(
      ['w'],
      unpulled('y', ([n]) => n !== 0),
    ),
  ),
  report(
    'attributes',
    'up by steps with a dilation, the dilation is left out',
    'convTranspose2d forward',
    all(strided, dilated),
    asIf(() => ({ dilation: [1, 1] })),
  ),
  report(
    'shape',
    'up into a single filter, as the last layer of a generator, of several samples: they have the bias twice',
    'convTranspose2d forward',
    all(exactly('O', 1), given('b'), past('N', 1)),
    by((asked) => {
      const b = Number(asked.inputs['b']?.data[0])
      return (v) => v + b
    }),
  ),
]
