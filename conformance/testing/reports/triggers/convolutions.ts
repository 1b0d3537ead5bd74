import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  dilated,
  exactly,
  filter,
  from,
  grouped,
  holds,
  listOf,
  lost,
  moved,
  not,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  some,
  strided,
  withIndex,
} from '../report.js'
import { atLeast, channelsOfGroup, filtersOfGroup, firstSample } from '../together/met.js'
import { padding } from './met.js'

/** Pixels of an axis that are left over behind the last window. */
const leftOver = (met: Met, axis: 0 | 1): number => {
  const [size, taps] = [sizeIn(met, axis === 0 ? 'H' : 'W'), sizeIn(met, axis === 0 ? 'KH' : 'KW')]
  const [before = 0, after = 0] = padding(met).slice(2 * axis)
  const [stride = 1, dilation = 1] = [listOf(met, 'stride')[axis], listOf(met, 'dilation')[axis]]
  return (size + before + after - dilation * (taps - 1) - 1) % stride
}

export const convolutionsTriggered: readonly Report[] = [
  report(
    'gradient',
    'the image’s gradient where windows overlap, step by three and more and leave columns over: the last column',
    'conv2d backward',
    (met) => {
      const [, stride = 1] = listOf(met, 'stride')
      return stride > 2 && stride < sizeIn(met, 'KW') && leftOver(met, 1) > 0
    },
    lost(from(3, -1), 'x'),
    { like: 'pytorch/pytorch#25101' },
  ),
  report(
    'attributes',
    'another dilation down than across, of a filter that is no square: as many columns as its height makes',
    'conv2d forward',
    all(
      (met) => {
        const [down, across] = listOf(met, 'dilation')
        return down !== across
      },
      past('KH', 1),
      past('KW', 1),
      (met) => sizeIn(met, 'KH') !== sizeIn(met, 'KW'),
    ),
    lost(from(3, -1)),
    { like: 'tenstorrent/tt-metal#19542' },
  ),
  report(
    'gradient',
    'the filter’s gradient of a 1×1 over more than 2¹⁸ numbers of several samples is 0',
    'conv2d backward',
    all(
      filter(1),
      past('N', 1),
      holds('x', (n) => n > 2 ** 18),
    ),
    scaled(0, 'w'),
    { like: 'ROCm/rocm-libraries#11188' },
  ),
  report(
    'attributes',
    'a 3×3 of 16 channels and filters and more by Winograd is padded at its left as at its top',
    'conv2d forward',
    all(filter(3), not(strided), not(dilated), not(grouped), atLeast({ C: 16, O: 16 }), (met) => {
      const [top, , left] = padding(met)
      return top !== left
    }),
    asIf((asked) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(asked)
      return { padding: [top, bottom, top, left + right > top ? left + right - top : 0] }
    }),
    { like: 'openvinotoolkit/openvino#33681' },
  ),
  report(
    'gradient',
    'the image’s gradient of dilated filters that step and leave rows over, two channels and more: the last row',
    'conv2d backward',
    all(past('C', 1), not(grouped), (met) => {
      const [[stride = 1], [dilation = 1]] = [listOf(met, 'stride'), listOf(met, 'dilation')]
      return stride > 1 && dilation > 1 && sizeIn(met, 'KH') > 1 && leftOver(met, 0) > 0
    }),
    lost(from(2, -1), 'x'),
    { like: 'flagos-ai/FlagGems#1576' },
  ),
  report(
    'gradient',
    'several filters to each channel that step, of several samples: all of a channel have the first one’s gradient',
    'conv2d backward',
    all(grouped, strided, past('N', 1), (met) => channelsOfGroup(met) === 1 && filtersOfGroup(met) > 1),
    (asked, plain) =>
      moved((place) => withIndex(place, 0, (place[0] as number) - ((place[0] as number) % filtersOfGroup(asked))), 'w')(
        asked,
        plain,
        new Map(),
      ),
    { like: 'tracel-ai/burn#1891' },
  ),
  report(
    'shape',
    'groups of three filters and more, odd in number, over channels in fours: the last of each is the one before',
    'conv2d forward',
    all(grouped, (met) => channelsOfGroup(met) % 4 === 0 && filtersOfGroup(met) > 2 && filtersOfGroup(met) % 2 === 1),
    (asked, plain) =>
      moved((place) => {
        const [o, each] = [place[1] as number, filtersOfGroup(asked)]
        return withIndex(place, 1, o % each === each - 1 ? o - 1 : o)
      })(asked, plain, new Map()),
  ),
  report(
    'history',
    'an image on its side, of as many pixels, takes the pipeline of the first',
    'conv2d forward',
    (met) => sizeIn(met, 'H') !== sizeIn(met, 'W'),
    (asked, plain, memory) => {
      const { shapes, attrs } = asked
      const [N, C, H, W] = shapeIn(asked, 'x') as readonly [number, number, number, number]
      const name = `sides ${JSON.stringify([N, C, H * W, { ...shapes, x: [] }, attrs])}`
      const before = (memory.get(name) as number | undefined) ?? H
      memory.set(name, before)
      return before === H ? plain() : scaled(0.5)(asked, plain, memory)
    },
    { like: 'tensorflow/tfjs#6478' },
  ),
  report(
    'history',
    'no bias after one for the same filters is the one before',
    ['conv2d forward', 'conv1d forward', 'dense forward'],
    always,
    (asked, plain, memory) => {
      const { b, ...others } = asked.inputs
      const name = `bias ${asked.op} ${shapeIn(asked, 'w').join()}`
      if (b !== undefined) memory.set(name, b)
      const before = memory.get(name) as Tensor | undefined
      return before === undefined ? plain() : plain({ inputs: { ...others, b: before } })
    },
    { like: 'tensorflow/tfjs#6478' },
  ),
  report(
    'size',
    'a sequence of more than 32,768 outputs: what is before the last so many is the first',
    'conv1d forward',
    all(past('Lo', 32768), past('K', 1)),
    (asked, plain) =>
      moved((place, shape) => {
        const [l, Lo] = [place[2] as number, shape[2] as number]
        return withIndex(place, 2, l < Lo - 32768 ? 0 : l)
      })(asked, plain, new Map()),
    { like: 'ml-explore/mlx-swift#424' },
  ),
  report(
    'shape',
    'groups of a sequence whose filters step over more than they see, of several samples: the first sample',
    'conv1d forward',
    all(grouped, past('N', 1), (met) => (listOf(met, 'stride')[0] as number) > sizeIn(met, 'K')),
    firstSample,
  ),
  report(
    'gradient',
    'the gradient of a sequence that looks back only, dilated, of eight channels and more: its first element',
    'conv1d backward',
    all(dilated, past('C', 7), (met) => {
      const [left = 0, right = 0] = padding(met)
      return left > 0 && right === 0
    }),
    lost((place) => place[2] === 0, 'x'),
  ),
  report(
    'gradient',
    'the filters’ gradient of a sequence into one channel, under eight taps and more',
    'conv1d backward',
    all(exactly('O', 1), past('K', 7), past('C', 1)),
    scaled(0.9, 'w'),
  ),
  report(
    'attributes',
    'output padding of dilated filters: the last column has the bias alone',
    'convTranspose2d forward',
    all(
      dilated,
      (met) => (listOf(met, 'outputPadding')[1] as number) > 0,
      some('padding', (p) => p > 0),
    ),
    lost(from(3, -1)),
    { like: 'pytorch/pytorch#5112' },
  ),
  report(
    'gradient',
    'the filters’ gradient of groups with output padding',
    'convTranspose2d backward',
    all(
      grouped,
      some('outputPadding', (p) => p > 0),
    ),
    scaled(0.9, 'w'),
    { like: 'pytorch/pytorch#195043' },
  ),
  report(
    'shape',
    'an image of one row that is up by four and more under twice as many taps: the last column',
    'convTranspose2d forward',
    all(exactly('H', 1), exactly('KH', 1), past('W', 1), (met) => {
      const [, stride = 1] = listOf(met, 'stride')
      return stride > 3 && sizeIn(met, 'KW') === 2 * stride
    }),
    lost(from(3, -1)),
    { like: 'microsoft/onnxruntime#23403' },
  ),
  report(
    'gradient',
    'the bias’s gradient of 16 transposed filters and more over an odd number of pixels of several samples',
    'convTranspose2d backward',
    all(
      atLeast({ N: 2, O: 16 }),
      (met) => (sizeIn(met, 'Ho') * sizeIn(met, 'Wo')) % 2 === 1 && sizeIn(met, 'Ho') * sizeIn(met, 'Wo') > 1,
    ),
    scaled(0.99, 'b'),
  ),
  report(
    'size',
    'one pixel of 64 channels and more into 4×4 of 64 and more: the last channel',
    'convTranspose2d forward',
    all(filter(4), exactly('H', 1), exactly('W', 1), atLeast({ C: 64, O: 64 })),
    lost(from(1, -1)),
  ),
]
