import type { Report, Where } from '../report.js'
import {
  all,
  asIf,
  depthwise,
  dilated,
  either,
  exactly,
  extent,
  filter,
  from,
  given,
  grouped,
  listOf,
  lost,
  moved,
  not,
  numbers,
  odd,
  padded,
  past,
  report,
  scaled,
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
  steps,
} from '../together/met.js'
import { behind, count, map, withoutRest } from './met.js'

const image =
  (test: (H: number, W: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'H'), sizeIn(met, 'W'))
const taps =
  (test: (KH: number, KW: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'KH'), sizeIn(met, 'KW'))
const plain3: Where = all(filter(3), not(strided), not(dilated), not(grouped))

export const convolutionsChosen: readonly Report[] = [
  report(
    'size',
    'a padded 3×3 with stride 2 loses the end of maps that are no multiple of four',
    'conv2d forward',
    all(
      filter(3),
      steps(2, 2),
      padded,
      past('O', 3),
      map((n) => n > 64 && n % 4 !== 0),
    ),
    lost(behind((n) => 4 * Math.floor(n / 4))),
    { like: 'Tencent/ncnn#1014' },
  ),
  report(
    'size',
    'a 3×3 with stride 2 unfolds 16 channels and more: filters that are no multiple of eight',
    'conv2d forward',
    all(
      filter(3),
      steps(2, 2),
      not(grouped),
      atLeast({ C: 16, O: 16 }),
      extent('O', (O) => O % 8 !== 0),
    ),
    lost(behind((n) => n - 1)),
    { like: 'Tencent/ncnn#1283' },
  ),
  report(
    'shape',
    'Winograd takes every image for a square: 3×3 of eight channels and filters, higher than wide',
    'conv2d forward',
    all(
      plain3,
      atLeast({ C: 8, O: 8 }),
      image((H, W) => H > W && W >= 8),
    ),
    lost((place, [, , , Wo = 1]) => (place[2] as number) >= Wo),
    { like: 'Tencent/ncnn#1111' },
  ),
  report(
    'size',
    'Winograd’s tiles in eights: the last of five to seven left over',
    'conv2d forward',
    all(plain3, atLeast({ C: 8, O: 8 }), (met) => {
      const tiles = Math.ceil(sizeIn(met, 'Ho') / 4) * Math.ceil(sizeIn(met, 'Wo') / 4)
      return tiles > 8 && tiles % 8 > 4
    }),
    lost(from(3, -1)),
    { like: 'Tencent/TNN#394' },
  ),
  report(
    'gradient',
    'the image’s gradient of more than 16 channels of less than 17 columns, where filters step across',
    'conv2d backward',
    all(
      past('C', 16),
      extent('W', (W) => W < 17),
      (met) => (listOf(met, 'stride')[1] ?? 1) > 1,
      past('KW', 1),
    ),
    lost(from(3, -1), 'x'),
    { like: 'fujitsu/oneDNN#43' },
  ),
  report(
    'gradient',
    'the depthwise filter’s gradient of a padded 3×3 with stride 2 over channels in eights',
    'conv2d backward',
    all(
      depthwise,
      filter(3),
      steps(2, 2),
      padded,
      extent('C', (C) => C >= 16 && C % 8 === 0),
    ),
    scaled(0.9, 'w'),
    { like: 'uxlfoundation/oneDNN#4124' },
  ),
  report(
    'gradient',
    'the filter’s gradient of a 1×1 with a stride over a few channels of a batch of 16 and more',
    'conv2d backward',
    all(
      filter(1),
      strided,
      not(grouped),
      extent('C', (C) => C < 8),
      atLeast({ N: 16, O: 8 }),
    ),
    ofSamples(8, 'w'),
    { like: 'uxlfoundation/oneDNN#6035' },
  ),
  report(
    'gradient',
    'the filter’s gradient of a 1×1 in groups of an even number of channels',
    'conv2d backward',
    all(grouped, filter(1), not(strided), not(padded), (met) => channelsOfGroup(met) % 2 === 0),
    scaled(0.5, 'w'),
    { like: 'ROCm/composable_kernel#2478' },
  ),
  report(
    'gradient',
    'the image’s gradient where a stride of three and more does not divide the filter, 16 channels and more',
    'conv2d backward',
    all(atLeast({ C: 16, O: 16 }), (met) => {
      const [stride, size] = [listOf(met, 'stride'), [sizeIn(met, 'KH'), sizeIn(met, 'KW')]]
      return stride.some((s, axis) => s >= 3 && (size[axis] as number) > s && (size[axis] as number) % s !== 0)
    }),
    scaled(0.9, 'x'),
    { like: 'ROCm/MIOpen#575' },
  ),
  report(
    'gradient',
    'the image’s gradient of a 1×1 with stride 2 that leaves one position, 16 channels and more',
    'conv2d backward',
    all(
      filter(1),
      steps(2, 2),
      past('C', 15),
      map((n) => n === 1),
      image((H, W) => H > 1 && W > 1),
    ),
    scaled(0.5, 'x'),
    { like: 'ROCm/MIOpen#1495' },
  ),
  report(
    'gradient',
    'without groups the image’s gradient of a stride above the dilation has the first of its products only',
    'conv2d backward',
    all(not(grouped), atLeast({ C: 16, O: 16 }), (met) =>
      listOf(met, 'stride').every((s, axis) => s > (listOf(met, 'dilation')[axis] ?? 1)),
    ),
    lost(
      ([, , h = 0, w = 0], _, asked) =>
        h % (listOf(asked, 'stride')[0] ?? 1) !== 0 || w % (listOf(asked, 'stride')[1] ?? 1) !== 0,
      'x',
    ),
    { like: 'ROCm/rocm-libraries#7732' },
  ),
  report(
    'attributes',
    'a transposed 1×1 ignores its padding',
    'convTranspose2d forward',
    all(filter(1), padded),
    moved((place) => [place[0] as number, place[1] as number, 0, 0]),
    { like: 'ROCm/MIOpen#55' },
  ),
  report(
    'attributes',
    'a sequence of an odd number of channels from 33 on under a filter that steps',
    'conv1d forward',
    all(strided, not(grouped), past('C', 32), odd('C')),
    withoutRest(2),
    { like: 'pytorch/pytorch#82921' },
  ),
  report(
    'size',
    'a bank of 32 filters and more of 256 taps and more over one channel is 0',
    'conv1d forward',
    all(exactly('C', 1), atLeast({ O: 32, K: 256 })),
    scaled(0),
    { like: 'pytorch/pytorch#96982' },
  ),
  report(
    'size',
    'an odd number of channels from five on up into filters in fours: the rest is not weighed',
    'convTranspose2d forward',
    all(
      not(grouped),
      past('C', 4),
      odd('C'),
      extent('O', (O) => O % 4 === 0),
    ),
    withoutRest(4),
    { like: 'microsoft/onnxruntime#27749' },
  ),
  report(
    'size',
    'a map that is up to more than 2,048 rows or columns',
    'convTranspose2d forward',
    either(past('Ho', 2048), past('Wo', 2048)),
    lost(([, , h = 0, w = 0]) => h > 2048 || w > 2048),
    { like: 'microsoft/onnxruntime#28976' },
  ),
  report(
    'attributes',
    'up with another stride down than across and another dilation too: the one for the other',
    'convTranspose2d forward',
    (met) => {
      const [[s0, s1], [d0, d1]] = [listOf(met, 'stride'), listOf(met, 'dilation')]
      return s0 !== s1 && d0 !== d1
    },
    scaled(0.5),
    { like: 'microsoft/onnxruntime#2518' },
  ),
  report(
    'shape',
    'a channel each under a filter of one row or one column, padded, with stride 2 both ways',
    'conv2d forward',
    all(
      oneChannelEach,
      padded,
      steps(2, 2),
      taps((KH, KW) => Math.min(KH, KW) === 1 && Math.max(KH, KW) > 1),
    ),
    moved((place) => withIndex(place, 3, 0)),
    { like: 'tensorflow/tfjs#6629' },
  ),
  report(
    'size',
    'depthwise filters of more than 3,000 numbers',
    'conv2d forward',
    all(
      depthwise,
      count('w', (n) => n > 3000),
    ),
    lost(from(1, -1)),
    { like: 'tensorflow/tfjs#6775' },
  ),
  report(
    'shape',
    'a stride larger than the image under a padded filter of several taps: nothing is written',
    'conv2d forward',
    all(
      padded,
      taps((KH, KW) => KH > 1 && KW > 1),
      (met) => (listOf(met, 'stride')[0] ?? 1) > sizeIn(met, 'H') && (listOf(met, 'stride')[1] ?? 1) > sizeIn(met, 'W'),
    ),
    scaled(0),
    { like: 'tensorflow/tfjs#5907' },
  ),
  report(
    'shape',
    'an even filter of eight channels and filters and more loses the last column',
    'conv2d forward',
    all(
      atLeast({ C: 8, O: 8, Wo: 2 }),
      not(padded),
      taps((KH, KW) => KH % 2 === 0 && KW % 2 === 0),
    ),
    lost(from(3, -1)),
    { like: 'ARM-software/ComputeLibrary#78' },
  ),
  report(
    'shape',
    'a 1×1 as a product of all images at once: pixels that are no multiple of four',
    'conv2d forward',
    all(
      filter(1),
      not(strided),
      not(grouped),
      atLeast({ N: 2, C: 16, O: 16 }),
      image((H, W) => (H * W) % 4 !== 0 && H * W > 4),
    ),
    lost((place, shape) => (place[0] as number) > 0 && behind((n) => 4 * Math.floor(n / 4))(place, shape)),
  ),
  report(
    'attributes',
    'groups of 16 channels and more with stride 2, several samples',
    'conv2d forward',
    all(grouped, steps(2, 2), past('N', 1), (met) => channelsOfGroup(met) >= 16 && filtersOfGroup(met) >= 16),
    firstSample,
  ),
  report(
    'size',
    'sums of a 5×5 of more than a thousand terms, no multiple of 32, lose their last part',
    'conv2d forward',
    all(filter(5), (met) => {
      const terms = 25 * channelsOfGroup(met)
      return terms > 1000 && terms % 32 !== 0
    }),
    scaled(0.98),
  ),
  report(
    'gradient',
    'the bias’s gradient of filters that are no multiple of four over more than 4,096 positions',
    'conv2d backward',
    all(
      given('b'),
      extent('O', (O) => O > 4 && O % 4 !== 0),
      (met) => sizeIn(met, 'N') * sizeIn(met, 'Ho') * sizeIn(met, 'Wo') > 4096,
    ),
    numbers((v, place, _, [O = 1]) => ((place()[0] as number) >= 4 * Math.floor(O / 4) ? 0 : v), 'b'),
  ),
  report(
    'attributes',
    'a 3×3 that is dilated and steps, eight channels and filters and more',
    'conv2d forward',
    all(filter(3), dilated, strided, not(grouped), atLeast({ C: 8, O: 8 })),
    asIf(({ attrs }) => ({ dilation: (attrs['dilation'] as readonly number[]).map(() => 1) })),
  ),
  report(
    'shape',
    'halves by a padded 4×4 of 32 channels and filters and more',
    'conv2d forward',
    all(filter(4), steps(2, 2), padded, atLeast({ C: 32, O: 32 })),
    lost(from(2, -1)),
  ),
  report(
    'gradient',
    'the depthwise filter’s gradient of a 7×7 over 32 channels and more of several samples is the first’s',
    'conv2d backward',
    all(depthwise, filter(7), not(strided), atLeast({ N: 2, C: 32 })),
    ofSamples(1, 'w'),
  ),
  report(
    'gradient',
    'the image’s gradient of dilated depthwise filters of 16 channels and more',
    'conv2d backward',
    all(depthwise, dilated, past('C', 15)),
    scaled(0.5, 'x'),
  ),
  report(
    'size',
    'rows of 128 and more of 16 channels and more keep four columns a lane: the last lane is not written',
    'conv2d forward',
    all(filter(3), not(grouped), atLeast({ C: 16, O: 16, Wo: 128 })),
    lost(from(3, -4)),
  ),
  report(
    'size',
    'places beyond column 2,048 are counted in halves',
    ['conv2d forward', 'maxPool2d forward', 'avgPool2d forward'],
    past('Wo', 2048),
    lost(from(3, 2049)),
    { like: 'microsoft/onnxruntime#28976' },
  ),
  report(
    'shape',
    'a 1×1 of 32 channels and more into one map of several samples',
    'conv2d forward',
    all(filter(1), exactly('O', 1), atLeast({ N: 2, C: 32 })),
    firstSample,
  ),
]
