import type { Report } from '../report.js'
import {
  all,
  asIf,
  depthwise,
  dilated,
  exactly,
  filter,
  given,
  grouped,
  from,
  lost,
  moved,
  not,
  odd,
  past,
  report,
  sizeIn,
  some,
  strided,
  withIndex,
} from '../report.js'
import { between, last, multiple, only, unpulled, unread } from '../rare/met.js'
import { atLeast, channelsOfGroup, filtersOfGroup } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { groupsOf, leaves, pair, without } from './met.js'

export const convolutionsFresh: readonly Report[] = [
  report(
    'shape',
    'filters in threes that are no fours, of channels in fours: vectors of three are stored as four, and the last filter not',
    'conv2d forward',
    all(
      past('KH', 1),
      multiple('C', 4),
      (met) => sizeIn(met, 'O') % 3 === 0 && sizeIn(met, 'O') % 4 !== 0,
      past('O', 5),
    ),
    lost(from(1, -1)),
    { like: 'microsoft/onnxruntime#27749' },
  ),
  report(
    'shape',
    'groups of three channels each under a 3×3 are read as vectors of four: the third is lost',
    'conv2d forward',
    all(grouped, past('KH', 1), (met) => channelsOfGroup(met) === 3),
    unread('w', (place) => place[1] === 2),
  ),
  report(
    'attributes',
    'more padding at the top than at the bottom, or less, with a stride of three and more: the one for the other',
    'conv2d forward',
    all(
      (met) => pair(met, 'stride')[0] > 2,
      (met) => padding(met)[0] !== padding(met)[1],
    ),
    asIf((met) => {
      const [top, bottom, left, right] = padding(met) as readonly [number, number, number, number]
      return { padding: [bottom, top, left, right] }
    }),
    { like: 'microsoft/onnxruntime#29631' },
  ),
  report(
    'attributes',
    'a stride that is another down than across with a dilation that is, too: the dilation is turned',
    'conv2d forward',
    (met) => pair(met, 'stride')[0] !== pair(met, 'stride')[1] && pair(met, 'dilation')[0] !== pair(met, 'dilation')[1],
    asIf((met) => ({ dilation: [pair(met, 'dilation')[1], pair(met, 'dilation')[0]] })),
    { like: 'Tencent/ncnn#1494' },
  ),
  report(
    'size',
    'maps of two to four columns and more than 16 rows, of eight filters and more: rows from the 17th on are the first again',
    'conv2d forward',
    all(between('Wo', 2, 4), past('Ho', 16), past('O', 7)),
    moved((place) => withIndex(place, 2, (place[2] as number) % 16)),
  ),
  report(
    'shape',
    'a biased 1×1 of an odd number of samples from three on into filters that leave two over from four: the last two have no bias',
    'conv2d forward',
    all(filter(1), given('b'), past('N', 2), odd('N'), leaves('O', 4, 2)),
    (asked, plain) => {
      const { b: _, ...inputs } = asked.inputs
      const bare = plain({ inputs })['y']
      return {
        y: {
          shape: bare?.shape ?? [],
          data: Float32Array.from(plain()['y']?.data ?? [], (v, at) => {
            const [, O = 1, Ho = 1, Wo = 1] = bare?.shape ?? []
            return Math.floor(at / (Ho * Wo)) % O >= O - 2 ? Number(bare?.data[at]) : v
          }),
        },
      }
    },
  ),
  report(
    'shape',
    'groups without a bias, of several samples: the last group of the last sample',
    'conv2d forward',
    all(grouped, not(depthwise), without('b'), past('N', 1)),
    lost(
      ([n, o], [N], asked) => n === (N as number) - 1 && (o as number) >= sizeIn(asked, 'O') - filtersOfGroup(asked),
    ),
  ),
  report(
    'gradient',
    'the bias’s gradient of groups that step both ways is that of the first group alone',
    'conv2d backward',
    all(grouped, given('b'), (met) => pair(met, 'stride')[0] > 1 && pair(met, 'stride')[1] > 1),
    lost(([o], _, asked) => (o as number) >= filtersOfGroup(asked), 'b'),
  ),
  report(
    'gradient',
    'the image’s gradient of a stride with more padding at the bottom than at the top: the last row',
    'conv2d backward',
    all(
      past('KH', 1),
      (met) => pair(met, 'stride')[0] > 1,
      (met) => (padding(met)[1] as number) > (padding(met)[0] as number),
    ),
    lost(from(2, -1), 'x'),
    { like: 'fujitsu/oneDNN#43' },
  ),
  report(
    'gradient',
    'the filters’ gradient of a 2×2 with stride 2 over an odd number of channels: the last channel',
    'conv2d backward',
    all(filter(2), past('C', 2), odd('C'), (met) => String(pair(met, 'stride')) === '2,2'),
    lost(from(1, -1), 'w'),
  ),
  report(
    'gradient',
    'the filters’ gradient of three groups and more of an odd number of filters each: the last group',
    'conv2d backward',
    all((met) => groupsOf(met) > 2 && filtersOfGroup(met) > 1 && filtersOfGroup(met) % 2 === 1),
    lost(([o], _, asked) => (o as number) >= sizeIn(asked, 'O') - filtersOfGroup(asked), 'w'),
  ),
  report(
    'shape',
    'a filter wider than high, more than one both ways, with a stride: columns of taps behind its height',
    'conv2d forward',
    all(strided, past('KH', 1), (met) => sizeIn(met, 'KW') > sizeIn(met, 'KH')),
    unread('w', (place, shape) => (place[3] as number) >= (shape[2] as number)),
  ),
  report(
    'shape',
    'a padded 4×4 without stride into an odd number of filters: the last column',
    'conv2d forward',
    all(
      filter(4),
      not(strided),
      some('padding', (p) => p > 0),
      odd('O'),
    ),
    lost(from(3, -1)),
  ),
  report(
    'attributes',
    'a dilated depthwise filter over an odd width, with unequal padding: it is that of the left',
    'conv2d forward',
    all(depthwise, dilated, odd('W'), (met) => padding(met)[2] !== padding(met)[3]),
    moved((place, shape) =>
      withIndex(place, 3, Math.max(0, Math.min((shape[3] as number) - 1, (place[3] as number) - 1))),
    ),
  ),
  report(
    'gradient',
    'the image’s gradient of dilated filters padded by their dilation, several samples: the first row of all but the first',
    'conv2d backward',
    all(
      past('N', 1),
      past('KH', 1),
      (met) => pair(met, 'dilation')[0] > 1 && padding(met)[0] === pair(met, 'dilation')[0],
    ),
    lost(([n, , y]) => n !== 0 && y === 0, 'x'),
  ),
  report(
    'shape',
    'a 1×1 of five to seven channels, several samples: what is left of four is not weighed from the second sample on',
    'conv2d forward',
    all(filter(1), past('N', 1), between('C', 5, 7)),
    unread('x', (place) => place[0] !== 0 && (place[1] as number) > 3),
    { like: 'Tencent/ncnn#1384' },
  ),
  report(
    'shape',
    'two filters to each channel with stride 2: the last column of the second',
    'conv2d forward',
    all(strided, (met) => channelsOfGroup(met) === 1 && filtersOfGroup(met) === 2 && groupsOf(met) > 1),
    lost(([, o, , x], [, , , Wo]) => (o as number) % 2 === 1 && x === (Wo as number) - 1),
  ),
  report(
    'attributes',
    'filters padded by all they reach, and dilated: the first column',
    'conv2d forward',
    all(dilated, past('KW', 1), (met) => padding(met)[2] === pair(met, 'dilation')[1] * (sizeIn(met, 'KW') - 1)),
    lost(([, , , x]) => x === 0),
  ),
  report(
    'size',
    'more than 65,535 numbers of several samples whose maps are no multiple of four: the last sample',
    'conv2d forward',
    all(past('N', 1), (met) => {
      const pixels = sizeIn(met, 'H') * sizeIn(met, 'W')
      return sizeIn(met, 'N') * sizeIn(met, 'C') * pixels > 65535 && pixels % 4 !== 0
    }),
    lost(([n], [N]) => n === (N as number) - 1),
  ),
  report(
    'shape',
    'a sequence under a filter of one tap that steps, of channels that are no multiple of four: the last channel',
    'conv1d forward',
    all(exactly('K', 1), strided, leaves('C', 4, 1, 2, 3)),
    unread('x', last(1)),
  ),
  report(
    'attributes',
    'a sequence that looks back only under a dilated filter of an even number of taps is a position late',
    'conv1d forward',
    all(
      dilated,
      past('K', 1),
      (met) => sizeIn(met, 'K') % 2 === 0 && (padding(met)[0] as number) > 0 && padding(met)[1] === 0,
    ),
    asIf((met) => ({ padding: [(padding(met)[0] as number) - 1, 1] })),
  ),
  report(
    'gradient',
    'the sequence’s gradient of groups of two channels over an odd length: the last position',
    'conv1d backward',
    all(grouped, odd('L'), past('L', 4), (met) => channelsOfGroup(met) === 2),
    lost(from(2, -1), 'x'),
  ),
  report(
    'shape',
    'several sequences into filters in fours that are no eights, of lengths that are no fours: the last sample’s last position',
    'conv1d forward',
    all(past('N', 1), leaves('O', 8, 4), (met) => sizeIn(met, 'Lo') % 4 !== 0),
    lost(([n, , x], [N, , Lo]) => n === (N as number) - 1 && x === (Lo as number) - 1),
  ),
  report(
    'gradient',
    'the filters’ gradient of a sequence that steps, padded more at its end: the last tap',
    'conv1d backward',
    all(strided, past('K', 1), (met) => (padding(met)[1] as number) > (padding(met)[0] as number)),
    lost(from(2, -1), 'w'),
  ),
  report(
    'attributes',
    'a sequence in groups without a bias, dilated: every group is the first',
    'conv1d forward',
    all(grouped, dilated, without('b')),
    moved((place, _, asked) => withIndex(place, 1, (place[1] as number) % filtersOfGroup(asked))),
  ),
  report(
    'attributes',
    'a transposed filter that steps by another number down than across, with output padding: that is turned',
    'convTranspose2d forward',
    all(
      (met) => pair(met, 'stride')[0] !== pair(met, 'stride')[1],
      (met) => pair(met, 'outputPadding')[0] !== pair(met, 'outputPadding')[1],
    ),
    lost(([, , y, x], [, , Ho, Wo], asked) =>
      pair(asked, 'outputPadding')[0] > pair(asked, 'outputPadding')[1]
        ? y === (Ho as number) - 1
        : x === (Wo as number) - 1,
    ),
  ),
  report(
    'attributes',
    'a dilated transposed filter in groups that steps: the second group and what follows are not dilated',
    'convTranspose2d forward',
    all(grouped, dilated, strided),
    (asked, plain, memory) => {
      const wrong = asIf(() => ({ dilation: [1, 1] }))(asked, plain, memory)['y']
      const y = plain()['y']
      const [, O = 1, Ho = 1, Wo = 1] = y?.shape ?? []
      return {
        y: {
          shape: y?.shape ?? [],
          data: Float32Array.from(y?.data ?? [], (v, at) =>
            Math.floor(at / (Ho * Wo)) % O >= filtersOfGroup(asked) ? Number(wrong?.data[at]) : v,
          ),
        },
      }
    },
    { like: 'google/XNNPACK#1951' },
  ),
  report(
    'shape',
    'up by 2 into an odd number of maps from an even number of channels: the last map’s odd columns',
    'convTranspose2d forward',
    all(
      past('O', 2),
      odd('O'),
      (met) => sizeIn(met, 'C') % 2 === 0 && String(pair(met, 'stride')) === '2,2',
      not(grouped),
    ),
    lost(([, o, , x], [, O]) => o === (O as number) - 1 && (x as number) % 2 === 1),
  ),
  report(
    'gradient',
    'the image’s gradient of a transposed filter that steps, cropped more at the top than at the bottom: the first row',
    'convTranspose2d backward',
    all(
      (met) => pair(met, 'stride')[0] > 1,
      (met) => (padding(met)[0] as number) > (padding(met)[1] as number),
    ),
    lost(([, , y]) => y === 0, 'x'),
  ),
  report(
    'gradient',
    'the transposed filter’s gradient of one pixel of several samples, channels in fours, misses the last sample',
    'convTranspose2d backward',
    all(exactly('H', 1), exactly('W', 1), past('N', 1), multiple('C', 4)),
    only(['w'], unpulled('y', last(0))),
  ),
  report(
    'gradient',
    'the bias’s gradient of transposed groups of several samples: the last group has the first sample’s alone',
    'convTranspose2d backward',
    all(grouped, given('b'), past('N', 1)),
    only(
      ['b'],
      unpulled('y', ([n, o], [, O], met) => n !== 0 && (o as number) >= (O as number) - filtersOfGroup(met)),
    ),
  ),
  report(
    'attributes',
    'output padding at the bottom alone counts for the right as well, of eight channels and more: the last column',
    'convTranspose2d forward',
    all(atLeast({ C: 8 }), (met) => pair(met, 'outputPadding')[0] > 0 && pair(met, 'outputPadding')[1] === 0),
    lost(from(3, -1)),
  ),
]
