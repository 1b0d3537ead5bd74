import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  depthwise,
  dilated,
  every,
  exactly,
  extent,
  filter,
  from,
  gathered,
  given,
  grouped,
  holds,
  listOf,
  lost,
  moved,
  not,
  numbers,
  padded,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  strided,
  withIndex,
} from '../report.js'
import {
  atLeast,
  channelsOfGroup,
  filtersOfGroup,
  firstSample,
  ofSamples,
  oneChannelEach,
  pixels,
  positions,
  steps,
} from './met.js'

const firstGroup: Harm = asIfGiven(({ inputs, attrs }) => {
  const x = inputs['x'] as Tensor
  const channels = (x.shape[1] as number) / (attrs['groups'] as number)
  return { x: gathered(x, (place) => withIndex(place, 1, (place[1] as number) % channels)) }
})

export const layers: readonly Report[] = [
  report(
    'shape',
    'one column of filters as tall as the image, a channel each: every sample is the first',
    'conv2d forward',
    all(oneChannelEach, exactly('KW', 1), past('KH', 7), past('N', 1), (met) => sizeIn(met, 'KH') === sizeIn(met, 'H')),
    firstSample,
    { like: 'pytorch/pytorch#188335' },
  ),
  report(
    'shape',
    'four filters and more to a channel of a group',
    'conv2d forward',
    all(grouped, (met) => channelsOfGroup(met) > 1 && filtersOfGroup(met) >= 4 * channelsOfGroup(met)),
    firstGroup,
    { like: 'pytorch/pytorch#19912' },
  ),
  report(
    'size',
    'groups of a sequence under a filter of 64 taps and more',
    'conv1d forward',
    all(grouped, not(oneChannelEach), past('K', 63)),
    firstGroup,
    { like: 'modular/modular#6129' },
  ),
  report(
    'gradient',
    'back through groups of a sequence under a filter of 64 taps and more',
    'conv1d backward',
    all(grouped, not(oneChannelEach), past('K', 63)),
    scaled(0.5, 'w'),
    { like: 'modular/modular#6129' },
  ),
  report(
    'shape',
    'filters of 1×7 and 7×1 over eight channels and more are padded the other way',
    'conv2d forward',
    all(past('C', 7), padded, (met) =>
      ['1,7', '7,1'].includes(`${String(sizeIn(met, 'KH'))},${String(sizeIn(met, 'KW'))}`),
    ),
    scaled(0.5),
  ),
  report(
    'shape',
    'a 7×7 with stride 2 over three channels loses its last column',
    'conv2d forward',
    all(filter(7), exactly('C', 3), past('O', 15), steps(2, 2)),
    lost(from(3, -1)),
  ),
  report(
    'shape',
    'an 11×11 with stride 4 over three channels loses its last column',
    'conv2d forward',
    all(filter(11), exactly('C', 3), past('O', 15), steps(4, 4)),
    lost(from(3, -1)),
  ),
  report(
    'shape',
    'a 5×5 over one channel into 32 and more leaves out the last',
    ['conv2d forward'],
    all(filter(5), exactly('C', 1), past('O', 31)),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'a 3×3 over three channels into 32 and more leaves out the last',
    ['conv2d forward'],
    all(filter(3), exactly('C', 3), past('O', 31), not(grouped)),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'samples from the ninth on of 16 channels and 16 filters are the first ones',
    'conv2d forward',
    all(filter(3), not(grouped), atLeast({ N: 9, C: 16, O: 16 })),
    moved((place) => withIndex(place, 0, (place[0] as number) % 8)),
    { like: 'tensorflow/tensorflow#1299' },
  ),
  report(
    'size',
    'a batch above 32 that 32 does not divide',
    'conv2d forward',
    all(
      not(grouped),
      atLeast({ N: 33, C: 8, O: 8 }),
      extent('N', (N) => N % 32 !== 0),
    ),
    lost((place, [N = 1]) => (place[0] as number) >= 32 * Math.floor(N / 32)),
    { like: 'NervanaSystems/neon#361' },
  ),
  report(
    'shape',
    'depthwise 3×3 over 16 channels and more: samples from the ninth on are the first ones',
    'conv2d forward',
    all(filter(3), depthwise, atLeast({ N: 9, C: 16 })),
    moved((place) => withIndex(place, 0, (place[0] as number) % 8)),
    { like: 'pytorch/pytorch#188335' },
  ),
  report(
    'shape',
    'a depthwise 5×5 with stride 2 over 32 channels and more is off by a row',
    'conv2d forward',
    all(filter(5), depthwise, past('C', 31), steps(2, 2)),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'a depthwise 7×7 over 64 channels and more loses its last row',
    'conv2d forward',
    all(filter(7), depthwise, past('C', 63), not(strided)),
    lost(from(2, -1)),
  ),
  report(
    'size',
    'more than 65,535 positions of four channels and more: the rest is not written',
    'conv2d forward',
    all(
      filter(3),
      past('C', 3),
      positions((n) => n > 65535),
    ),
    lost(
      (place, [, , Ho = 1, Wo = 1]) =>
        ((place[0] as number) * Ho + (place[2] as number)) * Wo + (place[3] as number) >= 65535,
    ),
    { like: 'ggml-org/llama.cpp#18180' },
  ),
  report(
    'size',
    'more than a million weights of a layer: the last filter is 0',
    ['conv2d forward', 'conv1d forward'],
    holds('w', (n) => n > 2 ** 20),
    lost(from(1, -1)),
  ),
  report(
    'attributes',
    'a padded 3×3 that steps by 2 down and 1 across, eight channels and more',
    'conv2d forward',
    all(filter(3), padded, past('C', 7), steps(2, 1)),
    lost(from(3, -1)),
  ),
  report(
    'size',
    'a 3×3 into 512 filters and more of an image of 8×8 and more',
    'conv2d forward',
    all(filter(3), not(strided), not(dilated), atLeast({ O: 512, C: 8, H: 8, W: 8 })),
    lost(from(1, 511)),
    { like: 'ARM-software/ComputeLibrary#1103' },
  ),
  report(
    'size',
    'a 3×3 of 256 channels and 256 filters',
    'conv2d forward',
    all(filter(3), not(grouped), atLeast({ O: 256, C: 256 })),
    scaled(0.99),
  ),
  report(
    'size',
    'sequences of 512 and more of 64 channels',
    'conv1d forward',
    atLeast({ C: 64, L: 512 }),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'a batch of 16 sequences of 16 channels',
    'conv1d forward',
    all(not(oneChannelEach), atLeast({ N: 16, C: 16, L: 64 })),
    lost(from(0, 8)),
  ),
  report(
    'gradient',
    'the filter’s gradient of a batch of 16 with 16 channels and filters is that of the first eight',
    'conv2d backward',
    all(filter(3), not(grouped), atLeast({ N: 16, C: 16, O: 16 })),
    ofSamples(8, 'w'),
    { like: 'pytorch/pytorch#96225' },
  ),
  report(
    'gradient',
    'the depthwise filter’s gradient of a batch of 16 with 16 channels is that of the first eight',
    'conv2d backward',
    all(filter(3), depthwise, atLeast({ N: 16, C: 16 })),
    ofSamples(8, 'w'),
  ),
  report(
    'gradient',
    'the filter’s gradient over more than 16,384 positions of eight channels and filters',
    'conv2d backward',
    all(
      filter(3),
      not(grouped),
      atLeast({ C: 8, O: 8 }),
      positions((n) => n > 16384),
    ),
    scaled(0.99, 'w'),
  ),
  report(
    'gradient',
    'the image’s gradient of a 7×7 with stride 2 over three channels',
    'conv2d backward',
    all(filter(7), exactly('C', 3), past('O', 15), steps(2, 2)),
    lost(from(3, -1), 'x'),
  ),
  report(
    'gradient',
    'the filter’s gradient of 1×7 and 7×1 over eight channels is turned',
    'conv2d backward',
    all(past('C', 7), padded, (met) =>
      ['1,7', '7,1'].includes(`${String(sizeIn(met, 'KH'))},${String(sizeIn(met, 'KW'))}`),
    ),
    scaled(0.5, 'w'),
  ),
  report(
    'axis',
    'the gradient takes the dilation across for that down',
    'conv2d backward',
    every('dilation', (d) => d > 1),
    (asked, plain) => {
      const [down = 1, across = 1] = listOf(asked, 'dilation')
      return down === across ? plain() : scaled(0.5, 'x')(asked, plain, new Map())
    },
    { like: 'tracel-ai/burn#4466' },
  ),
  report(
    'shape',
    'up by 2 with 4×4 of a batch of eight and 16 channels and more',
    'convTranspose2d forward',
    all(filter(4), steps(2, 2), atLeast({ N: 8, C: 16 })),
    firstSample,
  ),
  report(
    'size',
    'up by 2 with 2×2 of 128 channels into 64',
    'convTranspose2d forward',
    all(filter(2), steps(2, 2), not(grouped), atLeast({ C: 128, O: 64 })),
    lost(from(1, 63)),
  ),
  report(
    'size',
    'up by 2 with 4×4 of 128 channels into three',
    'convTranspose2d forward',
    all(filter(4), steps(2, 2), exactly('O', 3), past('C', 63)),
    scaled(0.99),
  ),
  report(
    'attributes',
    'every group of a transposed convolution has the first one’s bias',
    'convTranspose2d forward',
    all(grouped, given('b')),
    asIfGiven(({ inputs, attrs }) => {
      const b = inputs['b'] as Tensor
      return { b: gathered(b, ([o = 0]) => [o % ((b.shape[0] as number) / Number(attrs['groups']))]) }
    }),
    { like: 'robertknight/rten#1408' },
  ),
  report(
    'gradient',
    'back through a transposed 1×1 with a stride the next cotangent is read',
    'convTranspose2d backward',
    all(filter(1), strided),
    scaled(0.5, 'x'),
    { like: 'pytorch/pytorch#63314' },
  ),
  report(
    'gradient',
    'the transposed filter’s gradient of a batch of 16 with 16 channels',
    'convTranspose2d backward',
    all(not(grouped), atLeast({ N: 16, C: 16, O: 8 }), past('KH', 1)),
    ofSamples(8, 'w'),
  ),
  report(
    'shape',
    'halves of a batch of 16 with 16 channels: samples from the ninth on are the first ones',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(atLeast({ N: 16, C: 16, H: 8, W: 8 })),
    moved((place) => withIndex(place, 0, (place[0] as number) % 8)),
  ),
  report(
    'gradient',
    'overlapping windows of a batch of 16 with 16 channels',
    ['maxPool2d backward', 'avgPool2d backward'],
    all(
      atLeast({ N: 16, C: 16, H: 8, W: 8 }),
      (met) => (listOf(met, 'window')[0] ?? 1) > (listOf(met, 'stride')[0] ?? 1),
    ),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'a window taller than wide, more than 1 both ways, is padded by its width',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(padded, (met) => {
      const [down = 1, across = 1] = listOf(met, 'window')
      return across > 1 && down > across
    }),
    lost(from(2, -1)),
  ),
  report(
    'numbers',
    'the largest of a window starts at −10²⁰',
    'maxPool2d forward',
    always,
    numbers((v) => Math.max(v, -1e20)),
    { like: 'tensorflow/tfjs#4854' },
  ),
  report(
    'numbers',
    'the largest of a window starts at −10,000',
    'maxPool2d forward',
    always,
    numbers((v) => Math.max(v, -1e4)),
  ),
  report(
    'numbers',
    'the largest piece starts at −10,000',
    'maxout forward',
    always,
    numbers((v) => Math.max(v, -1e4)),
  ),
  report(
    'size',
    'means of 7×7 maps of 512 channels and more',
    ['globalAvgPool forward'],
    all(
      past('C', 511),
      pixels((n) => n >= 49),
    ),
    lost(from(1, 511)),
    { like: 'tenstorrent/tt-metal#53267' },
  ),
  report('history', 'back to where the last forward had its largest', 'maxPool2d', always, (asked, plain, memory) => {
    const name = `largest of ${shapeIn(asked, 'x').join()}`
    if (asked.direction === 'forward') {
      memory.set(name, asked.inputs['x'])
      return plain()
    }
    const before = memory.get(name) as Tensor | undefined
    return before === undefined ? plain() : plain({ inputs: { x: before } })
  }),
]
