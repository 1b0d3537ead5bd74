import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  asIf,
  depthwise,
  dilated,
  exactly,
  filter,
  from,
  given,
  grouped,
  listOf,
  lost,
  moved,
  not,
  odd,
  padded,
  past,
  report,
  scaled,
  sizeIn,
  strided,
  withIndex,
} from '../report.js'
import { atLeast, channelsOfGroup, filtersOfGroup, steps } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { between, last, multiple, only, over, plainSteps, unpulled, unread } from './met.js'

export const convolutionsRare: readonly Report[] = [
  report(
    'size',
    'Winograd’s tiles of four outputs: the row left over where one is, of one image of 16 channels and filters and more',
    'conv2d forward',
    all(
      exactly('N', 1),
      filter(3),
      plainSteps,
      atLeast({ C: 16, O: 16, Wo: 8 }),
      over('Ho', 4, (rest) => rest === 1),
    ),
    lost(from(2, -1)),
    { like: 'ROCm/MIOpen#600' },
  ),
  report(
    'attributes',
    'a depthwise 3×3 with stride 2 padded at its ends alone, of multiples of eight channels: the last row is not padded',
    'conv2d forward',
    all(depthwise, filter(3), steps(2, 2), multiple('C', 8), (met) => {
      const [top, bottom, left, right] = padding(met)
      return top === 0 && left === 0 && bottom === 1 && right === 1
    }),
    lost(from(2, -1)),
    { like: 'microsoft/onnxruntime#26734' },
  ),
  report(
    'shape',
    'a first layer of more than three channels, no multiple of four, into 16 maps and more of 16×16 and more: the fourth is weighed as the third',
    'conv2d forward',
    all(past('KH', 1), between('C', 5, 12), atLeast({ O: 16, H: 16, W: 16 }), (met) => sizeIn(met, 'C') % 4 !== 0),
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          w: moved((place) => withIndex(place, 1, place[1] === 3 ? 2 : (place[1] as number)), 'w')(
            asked,
            () => ({ w: asked.inputs['w'] as Tensor }),
            new Map(),
          )['w'] as Tensor,
        },
      }),
    { like: 'microsoft/onnxruntime#29651' },
  ),
  report(
    'shape',
    'a 1×1 of an odd number of channels from 65 on over maps of odd width: the last channel',
    'conv2d forward',
    all(filter(1), past('C', 64), odd('C'), odd('W'), past('W', 1)),
    unread('x', last(1)),
    { like: 'tensorflow/tfjs#6284' },
  ),
  report(
    'attributes',
    'a stride that is also the dilation, two and more, of eight channels and more: pixels between are read',
    'conv2d forward',
    all(past('KW', 1), past('C', 7), (met) => {
      const [stride, dilation] = [listOf(met, 'stride'), listOf(met, 'dilation')]
      return (stride[1] as number) > 1 && stride[1] === dilation[1]
    }),
    asIf(({ attrs }) => ({ dilation: [(attrs['dilation'] as readonly number[])[0] as number, 1] })),
  ),
  report(
    'attributes',
    'a row of taps that is dilated, of 16 channels and more: the last tap',
    'conv2d forward',
    all(exactly('KH', 1), past('KW', 2), past('C', 15), (met) => (listOf(met, 'dilation')[1] as number) > 1),
    unread('w', last(3)),
  ),
  report(
    'shape',
    'two groups of more than 32 channels each under a 5×5: the second reads from a multiple of 32 on',
    'conv2d forward',
    all((met) => met.attrs['groups'] === 2 && channelsOfGroup(met) > 32 && channelsOfGroup(met) % 32 !== 0, filter(5)),
    lost((place, shape) => (place[1] as number) >= (shape[1] as number) / 2),
    { like: 'pytorch/pytorch#192212' },
  ),
  report(
    'size',
    'channels in sixteens, not in thirty-twos, into filters in thirty-twos: the last 16 channels, where a map has more than 128 positions',
    'conv2d forward',
    all(
      past('KH', 1),
      multiple('C', 16, 48),
      multiple('O', 32),
      (met) => sizeIn(met, 'C') % 32 === 16,
      (met) => sizeIn(met, 'Ho') * sizeIn(met, 'Wo') > 128,
    ),
    unread('x', (place, shape) => (place[1] as number) >= (shape[1] as number) - 16),
    { like: 'iree-org/iree#10712' },
  ),
  report(
    'shape',
    'the last map of a network: a padded 3×3 of 64 channels and more into one, its last column',
    'conv2d forward',
    all(exactly('O', 1), filter(3), past('C', 63), padded),
    lost(from(3, -1)),
  ),
  report(
    'size',
    'inside of large maps: every 64th column of every 64th row, of 64 filters and more',
    'conv2d forward',
    all(atLeast({ O: 64, Ho: 64, Wo: 64 })),
    lost((place) => (place[2] as number) % 64 === 63 && (place[3] as number) % 64 === 63 && (place[1] as number) > 31),
  ),
  report(
    'gradient',
    'the filter’s gradient is split over more than 1,024 positions of a few weights: the rest of less than 32 is left out',
    'conv2d backward',
    all(
      (met) => sizeIn(met, 'C') * sizeIn(met, 'KH') * sizeIn(met, 'KW') <= 32 && sizeIn(met, 'KH') > 1,
      (met) => {
        const n = sizeIn(met, 'Ho') * sizeIn(met, 'Wo')
        return n > 1024 && n % 256 !== 0 && n % 256 < 32
      },
    ),
    only(
      ['w'],
      unpulled('y', ([, , y, x], [, , Ho, Wo]) => {
        const n = (Ho as number) * (Wo as number)
        return (y as number) * (Wo as number) + (x as number) >= n - (n % 256)
      }),
    ),
    { like: 'ROCm/MIOpen#449' },
  ),
  report(
    'gradient',
    'the filter’s gradient of a 3×3 with stride 2 of an even image padded all round, 32 channels and more: the first tap',
    'conv2d backward',
    all(filter(3), steps(2, 2), past('C', 31), not(grouped), padded, (met) => sizeIn(met, 'H') % 2 === 0),
    lost((place) => place[2] === 0 && place[3] === 0, 'w'),
  ),
  report(
    'gradient',
    'the image’s gradient of a 7×7 and larger over two channels: rows from the end of a tile of 32 on',
    'conv2d backward',
    all(exactly('C', 2), past('KH', 6), past('H', 32)),
    lost(from(2, 32), 'x'),
    { like: 'ROCm/MIOpen#97' },
  ),
  report(
    'gradient',
    'the filter’s gradient of a 7×7 and larger over images of odd width from 33 on: the last column gives nothing',
    'conv2d backward',
    all(past('KW', 6), past('W', 32), odd('W'), not(strided)),
    only(['w'], unpulled('y', last(3))),
    { like: 'ROCm/MIOpen#97' },
  ),
  report(
    'gradient',
    'the image’s gradient of filters padded at the right alone, 32 channels and more, misses the last column',
    'conv2d backward',
    all(past('C', 31), past('KW', 1), (met) => {
      const [, , left = 0, right = 0] = padding(met)
      return left === 0 && right > 0
    }),
    lost(from(3, -1), 'x'),
  ),
  report(
    'gradient',
    'the filter’s gradient of groups of two to four channels that are not dilated, 64 channels and more in all: groups from the 17th on',
    'conv2d backward',
    all(
      grouped,
      not(depthwise),
      past('C', 63),
      past('KH', 1),
      (met) => channelsOfGroup(met) >= 2 && channelsOfGroup(met) <= 4,
      (met) => Number(met.attrs['groups']) > 16,
    ),
    lost((place, _, asked) => (place[0] as number) >= 16 * filtersOfGroup(asked), 'w'),
  ),
  report(
    'gradient',
    'the image’s gradient of a 1×1 from few filters to many channels, of several samples: the last sample’s last quarter',
    'conv2d backward',
    all(
      filter(1),
      not(strided),
      past('N', 1),
      (met) => sizeIn(met, 'C') >= 4 * sizeIn(met, 'O') && sizeIn(met, 'C') > 64,
    ),
    lost(([n, c], [N, C]) => n === (N as number) - 1 && (c as number) >= (3 * (C as number)) / 4, 'x'),
  ),
  report(
    'attributes',
    'filters of an even number of taps, padded by unequal parts to keep the extent: the parts change places',
    ['conv2d forward', 'conv1d forward'],
    all(not(strided), not(dilated), (met) => {
      const p = padding(met)
      const taps = met.op === 'conv1d' ? sizeIn(met, 'K') : sizeIn(met, 'KW')
      return (
        taps % 2 === 0 &&
        Math.abs((p.at(-1) as number) - (p.at(-2) as number)) === 1 &&
        (p.at(-1) as number) + (p.at(-2) as number) === taps - 1
      )
    }),
    asIf((met) => {
      const p = padding(met)
      return { padding: [...p.slice(0, -2), p.at(-1) as number, p.at(-2) as number] }
    }),
    { like: 'microsoft/onnxruntime#26734' },
  ),
  report(
    'size',
    'sequences unfolded by more than 1,024 taps of all channels, three taps each, are dispatched as short ones: positions from the 513th on',
    'conv1d forward',
    all(between('K', 2, 16), (met) => sizeIn(met, 'K') * channelsOfGroup(met) > 1024, past('Lo', 512)),
    lost(from(2, 512)),
    { like: 'ggml-org/ggml#1532' },
  ),
  report(
    'shape',
    'sequences of 1,024 numbers of all taps and more into several maps: the second half of a short answer',
    'conv1d forward',
    all(between('K', 2, 16), (met) => sizeIn(met, 'K') * channelsOfGroup(met) > 1024, between('Lo', 2, 512)),
    lost((place, shape) => (place[2] as number) >= (shape[2] as number) / 2),
    { like: 'ggml-org/ggml#1532' },
  ),
  report(
    'gradient',
    'the sequence’s gradient of two samples and more whose filters step by four and more and overlap: what lies between',
    'conv1d backward',
    all(
      past('N', 1),
      (met) => (listOf(met, 'stride')[0] as number) >= 4 && sizeIn(met, 'K') > (listOf(met, 'stride')[0] as number),
    ),
    lost(
      (place, _, asked) =>
        ((place[2] as number) + (padding(asked)[0] as number)) % (listOf(asked, 'stride')[0] as number) === 3,
      'x',
    ),
  ),
  report(
    'gradient',
    'the bias’s gradient of a sequence of more than 128 positions of three samples and more is a sample short',
    'conv1d backward',
    all(given('b'), past('N', 2), past('Lo', 128)),
    only(['b'], unpulled('y', last(0))),
  ),
  report(
    'attributes',
    'up by 2 with a 3×3 and output padding of more than 32 channels in groups of one: the last row',
    'convTranspose2d forward',
    all(filter(3), steps(2, 2), past('C', 31), (met) => met.attrs['groups'] === sizeIn(met, 'C')),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'five or seven channels up into several filters: what is left of four is added without its weight',
    'convTranspose2d forward',
    all(past('O', 1), past('KH', 1), (met) => [5, 7, 9, 11].includes(channelsOfGroup(met)), past('W', 7)),
    unread('w', (place, shape) => (place[0] as number) >= 4 * Math.floor((shape[0] as number) / 4)),
    { like: 'microsoft/onnxruntime#27749' },
  ),
  report(
    'attributes',
    'up by 3 and more across a filter of as many columns, of four samples and more: the last of each step',
    'convTranspose2d forward',
    all(
      past('N', 3),
      (met) => (listOf(met, 'stride')[1] as number) > 2 && (listOf(met, 'stride')[1] as number) === sizeIn(met, 'KW'),
    ),
    lost(
      (place, _, asked) =>
        ((place[3] as number) + (padding(asked)[2] as number)) % sizeIn(asked, 'KW') === sizeIn(asked, 'KW') - 1,
    ),
  ),
  report(
    'gradient',
    'the transposed filter’s gradient of 5×5 that go up by 2 over more than 32 channels: the last tap',
    'convTranspose2d backward',
    all(filter(5), steps(2, 2), past('C', 31)),
    lost((place) => place[2] === 4 && place[3] === 4, 'w'),
  ),
  report(
    'gradient',
    'the image’s gradient of a transposed filter without steps, padded by all it reaches, 16 channels and more',
    'convTranspose2d backward',
    all(
      not(strided),
      not(dilated),
      past('KH', 1),
      past('C', 15),
      (met) => (padding(met)[0] as number) === sizeIn(met, 'KH') - 1,
    ),
    scaled(0.9, 'x'),
  ),
]
