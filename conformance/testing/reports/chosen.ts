import type { Tensor } from '../../../spec/tensor.js'
import type { Harm, Met, Report, Where } from './report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  changed,
  depthwise,
  dilated,
  either,
  elementsIn,
  exactly,
  extent,
  filter,
  from,
  given,
  grouped,
  holds,
  is,
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
  shapeIn,
  sizeIn,
  some,
  strided,
  withIndex,
} from './report.js'
import {
  among,
  atLeast,
  channelsOfGroup,
  filtersOfGroup,
  firstSample,
  ofSamples,
  oneChannelEach,
  pixels,
  row,
  rowOf,
  rowsOf,
  steps,
  valuesOf,
} from './together.js'

/**
 * What hangs on which of several kernels is chosen: tiles with strides, paths by what divides an extent, sums cut into parts,
 * Winograd, images unfolded, a lane for every unit; and what is kept by a key that leaves something out.
 */

const map =
  (test: (positions: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'Ho') * sizeIn(met, 'Wo'))
const image =
  (test: (H: number, W: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'H'), sizeIn(met, 'W'))
const taps =
  (test: (KH: number, KW: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'KH'), sizeIn(met, 'KW'))
const plain3: Where = all(filter(3), not(strided), not(dilated), not(grouped))
const unequalSides: Where = (met) => {
  const [top, bottom, left, right] = listOf(met, 'padding')
  return top !== bottom || left !== right
}
const windows =
  (test: (window: number, stride: number) => boolean): Where =>
  (met) =>
    listOf(met, 'window').every((k, axis) => test(k, listOf(met, 'stride')[axis] ?? k))
const count = (name: string, test: (n: number) => boolean): Where => holds(name, test)

/** The last of the channels behind the last whole so many is read as 0. */
const withoutRest = (of: number): Harm =>
  asIfGiven(({ inputs }) => {
    const x = inputs['x'] as Tensor
    const whole = of * Math.floor((x.shape[1] as number) / of)
    return { x: changed(x, (value, place) => ((place()[1] as number) < whole ? value : 0)) }
  })

/** Positions of a map from one on. */
const behind =
  (start: (positions: number) => number) =>
  (place: readonly number[], [, , Ho = 1, Wo = 1]: readonly number[]): boolean =>
    (place[2] as number) * Wo + (place[3] ?? 0) >= start(Ho * Wo)

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

export const poolsChosen: readonly Report[] = [
  report(
    'attributes',
    'unequal padding counts, though it is not to be counted, where the end is rounded up',
    'avgPool2d forward',
    all(is('countIncludePad', false), is('ceilMode', true), unequalSides),
    asIf(() => ({ countIncludePad: true })),
    { like: 'tracel-ai/burn#5450' },
  ),
  report(
    'attributes',
    'overlapping windows that count their padding, unequal and rounded up, divide by all of the window',
    'avgPool2d forward',
    all(
      is('countIncludePad', true),
      is('ceilMode', true),
      unequalSides,
      windows((k, s) => k > s),
    ),
    scaled(0.9),
    { like: 'microsoft/onnxruntime#29631' },
  ),
  report(
    'gradient',
    'padded 3×3 windows with stride 2 of 32 channels and more: who wins several has the gradient of one',
    'maxPool2d backward',
    all(
      windows((k, s) => k === 3 && s === 2),
      padded,
      atLeast({ C: 32, H: 8, W: 8 }),
    ),
    scaled(0.5),
    { like: 'FluxML/Flux.jl#1197' },
  ),
  report(
    'shape',
    'padded windows of five and more that step by one, 16 channels and more: the last row',
    'maxPool2d forward',
    all(
      windows((k, s) => k >= 5 && s === 1),
      padded,
      past('C', 15),
    ),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'one window over an image that is no square, of 64 channels and more',
    ['avgPool2d forward', 'maxPool2d forward'],
    all(past('C', 63), (met) => {
      const [down, across] = listOf(met, 'window')
      return down === sizeIn(met, 'H') && across === sizeIn(met, 'W') && down !== across
    }),
    scaled(0.9),
  ),
  report(
    'gradient',
    'gaps between padded windows have what was there before',
    ['avgPool2d backward', 'maxPool2d backward'],
    all(
      padded,
      windows((k, s) => s > k),
      past('C', 3),
    ),
    numbers((v) => (v === 0 ? 1 : v)),
  ),
  report(
    'size',
    'means of 33 to 63 pixels of 16 channels and more, of several samples: more than a subgroup and less than two',
    ['globalAvgPool forward', 'globalAvgPool backward'],
    all(
      atLeast({ N: 2, C: 16 }),
      pixels((n) => n > 32 && n < 64),
    ),
    scaled(0.9),
  ),
  report(
    'gradient',
    'back through a mean of more than 1,024 pixels of several samples',
    'globalAvgPool backward',
    all(
      past('N', 1),
      pixels((n) => n > 1024),
    ),
    firstSample,
  ),
  report(
    'gradient',
    'with the end rounded up the windows that hang over give their gradient to the row before, eight channels and more',
    ['maxPool2d backward', 'avgPool2d backward'],
    all(
      is('ceilMode', true),
      past('C', 7),
      (met) => (sizeIn(met, 'H') - (listOf(met, 'window')[0] ?? 1)) % (listOf(met, 'stride')[0] ?? 1) !== 0,
    ),
    moved((place, [, , H = 1]) => withIndex(place, 2, Math.min(place[2] as number, Math.max(H - 2, 0)))),
  ),
]

export const productsChosen: readonly Report[] = [
  report(
    'shape',
    'one row of a thousand terms and more into columns that are no multiple of four',
    'dense forward',
    all(
      exactly('N', 1),
      past('I', 999),
      extent('O', (O) => O > 64 && O % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
  report(
    'size',
    'sums of 8,000 terms and more of small products are cut in parts, the last of which is read past its end',
    'dense forward',
    all(
      atLeast({ N: 2, O: 2, I: 8000 }),
      extent('I', (I) => I % 64 !== 0),
      (met) => sizeIn(met, 'N') * sizeIn(met, 'O') <= 4096,
    ),
    scaled(1.01),
    { like: 'ml-explore/mlx#3854' },
  ),
  report(
    'size',
    '17 to 32 rows of 256 terms and more: only the first is right',
    'dense forward',
    all(
      extent('N', (N) => N > 16 && N <= 32),
      past('I', 255),
    ),
    firstSample,
    { like: 'hw-native-sys/PTOAS#30' },
  ),
  report(
    'shape',
    '64 rows and more of terms that are no multiple of four into columns that are',
    'dense forward',
    all(
      atLeast({ N: 64, I: 17, O: 16 }),
      extent('I', (I) => I % 4 !== 0),
      extent('O', (O) => O % 4 === 0),
    ),
    withoutRest(4),
  ),
  report(
    'gradient',
    'the rows’ gradient of one column and 256 rows and more',
    'dense backward',
    all(exactly('O', 1), past('N', 255), past('I', 7)),
    lost(from(0, 256), 'x'),
  ),
  report(
    'gradient',
    'the bias’s gradient of more than a thousand rows and columns that are no multiple of 32',
    'dense backward',
    all(
      given('b'),
      past('N', 1000),
      extent('O', (O) => O > 32 && O % 32 !== 0),
    ),
    scaled(0.99, 'b'),
  ),
  report(
    'shape',
    'four pieces and more of 32 outputs and more of a batch of 16 and more: the last is left out',
    'maxout forward',
    atLeast({ N: 16, K: 4, O: 32, I: 16 }),
    asIfGiven(({ inputs }) => {
      const [w, b] = [inputs['w'] as Tensor, inputs['b'] as Tensor]
      const last = (tensor: Tensor): Tensor =>
        changed(tensor, (v, place) => (place()[0] === (tensor.shape[0] as number) - 1 ? -Math.abs(v) - 1 : v))
      return { w: last(w), b: last(b) }
    }),
  ),
  report(
    'gradient',
    'ties of three pieces and more give the last what is to be shared, in a batch of eight and more',
    'maxout backward',
    all(is('ties', 'share'), atLeast({ K: 3, N: 8 })),
    asIf(() => ({ ties: 'last' })),
  ),
]

export const rowsChosen: readonly Report[] = [
  report(
    'size',
    'channels of an image that are no multiple of four count their padding, 16 and more',
    ['softmax forward', 'logSoftmax forward'],
    all(
      among(4),
      row((length, _, behind) => length > 16 && length % 4 !== 0 && behind > 1),
    ),
    scaled(0.99),
    { like: 'tensorflow/tensorflow#108244' },
  ),
  report(
    'gradient',
    'back along more than a thousand of 32 rows and more',
    ['softmax backward', 'logSoftmax backward'],
    row((length, before) => length > 1000 && before >= 32),
    lost(from(0, 16)),
  ),
  report(
    'axis',
    'classes in the middle, more than 32, before a run that is no multiple of four',
    'softmax backward',
    row((length, before, behind) => length > 32 && before > 1 && behind > 4 && behind % 4 !== 0),
    scaled(0.9),
  ),
  report(
    'numbers',
    'the largest of all is taken away from every row',
    ['softmax forward', 'logSoftmax forward'],
    row((_, before, behind) => before > 1 && behind === 1),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const { length } = rowOf(asked)
      const values = valuesOf(x)
      const most = values.reduce((a, v) => Math.max(a, v), -Infinity)
      const largest = Array.from({ length: values.length / length }, (_, n) =>
        values.slice(n * length, (n + 1) * length).reduce((a, v) => Math.max(a, v), -Infinity),
      )
      return {
        y: changed(plain()['y'] as Tensor, (v, _, at) =>
          (largest[Math.floor(at / length)] as number) < most - 88 ? NaN : v,
        ),
      }
    },
    { like: 'manassharma07/crysx_nn#7' },
  ),
  report(
    'numbers',
    'a softplus of more than 88/β has a gradient of NaN',
    'softplus backward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const beta = Number(asked.attrs['beta'])
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => (beta * (x[at] as number) > 88.8 ? NaN : v)) }
    },
    { like: 'apache/mxnet#6834' },
  ),
  report(
    'size',
    'images of odd rows, 16 channels and more of several samples: the last column',
    ['add forward', 'mul forward', 'relu forward', 'leakyRelu forward'],
    ({ shapes }) =>
      Object.values(shapes).some((shape) => {
        const [N = 0, C = 0, H = 0, W = 0] = shape
        return shape.length === 4 && N > 1 && C >= 16 && H > 1 && W > 8 && W % 2 === 1
      }),
    lost(from(3, -1)),
  ),
]

export const normalizersChosen: readonly Report[] = [
  report(
    'numbers',
    'a channel of one large number is ±γ and not 0',
    'batchNormTraining forward',
    always,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const values = valuesOf(x)
      const [, C = 1] = x.shape
      const S = values.length / ((x.shape[0] as number) * C)
      // the first number of each channel, or NaN where there are others
      const numbersOf = values.reduce<number[]>((found, v, at) => {
        const c = Math.floor(at / S) % C
        const first = found[c]
        found[c] = first === undefined || first === v ? v : NaN
        return found
      }, [])
      const constant = numbersOf.map((v) => Math.abs(v) > 100)
      const answer = plain()
      return {
        ...answer,
        y: changed(answer['y'] as Tensor, (v, place) => (constant[place()[1] as number] === true ? v + 1 : v)),
      }
    },
    { like: 'pytorch/pytorch#5410' },
  ),
  report(
    'size',
    '256 channels and more of at most four samples of at most 16 pixels',
    ['batchNormTraining forward', 'batchNormTraining backward'],
    all(
      past('C', 255),
      extent('N', (N) => N > 1 && N <= 4),
      pixels((n) => n > 1 && n <= 16),
    ),
    lost(from(1, 255), 'y', 'x'),
  ),
  report(
    'size',
    'sequences of 256 and more of 16 channels and more have the statistics of their first half',
    'batchNormTraining forward',
    all(
      past('C', 15),
      holds('x', (_, shape) => shape.length === 3 && (shape[2] as number) >= 256),
    ),
    scaled(0.9, 'y'),
  ),
  report(
    'gradient',
    'γ’s gradient of five axes and more',
    ['batchNormInference backward', 'batchNormTraining backward'],
    holds('x', (n, shape) => shape.length >= 5 && n > 1),
    scaled(0.5, 'gamma'),
  ),
  report(
    'gradient',
    'back through given statistics of 64 channels and more of 16 samples and more',
    'batchNormInference backward',
    atLeast({ N: 16, C: 64 }),
    scaled(0.9, 'beta'),
  ),
  report(
    'shape',
    'a window wider than eight channels and more is NaN',
    'localResponseNorm forward',
    all(past('C', 7), (met) => Number(met.attrs['size']) > sizeIn(met, 'C')),
    scaled(NaN),
    { like: 'BVLC/caffe#1864' },
  ),
  report(
    'gradient',
    'back through even windows of 16 channels and more',
    'localResponseNorm backward',
    all(past('C', 15), (met) => Number(met.attrs['size']) % 2 === 0),
    scaled(0.9),
  ),
  report(
    'attributes',
    'a root in the place of a power of ½: of several channels and pixels',
    ['localResponseNorm forward', 'localResponseNorm backward'],
    all(
      is('beta', 0.5),
      past('C', 3),
      pixels((n) => n > 3),
    ),
    scaled(0.9),
  ),
  report(
    'size',
    'columns of more than a thousand rows, 16 and more: the ends of the first thousand',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    atLeast({ N: 1001, D: 16 }),
    scaled(0.9),
  ),
  report(
    'size',
    'more rows than were measured, 64 and more: the rest is not written',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    all(given('apply'), past('M', 63), (met) => sizeIn(met, 'M') > sizeIn(met, 'N')),
    lost((place, _, asked) => (place[0] as number) >= sizeIn(asked, 'N')),
  ),
]

const cells = ['rnnCell', 'lstmCell', 'gruCell'] as const
const sequences = ['rnn', 'lstm', 'gru'] as const

export const recurrentChosen: readonly Report[] = [
  report(
    'gradient',
    'the first steps of one sequence of more than eight have the gradient of a shorter one',
    ['rnn backward', 'lstm backward', 'gru backward'],
    all(exactly('N', 1), past('T', 8)),
    lost((place) => place[0] === 0, 'x'),
    { like: 'apache/mxnet#21143' },
  ),
  report(
    'size',
    'units from the 257th on do not wait for the step before',
    sequences.map((op) => `${op} forward` as const),
    all(past('H', 256), past('T', 1)),
    lost((place) => (place.at(-1) as number) >= 256, 'hT'),
    { like: 'ooples/AiDotNet#722' },
  ),
  report(
    'gradient',
    'the starts’ gradient of 16 steps and more of several sequences is the last step’s',
    sequences.map((op) => `${op} backward` as const),
    atLeast({ T: 16, N: 2 }),
    scaled(0.5, 'h0'),
  ),
  report(
    'shape',
    'series of one number, 32 steps and more of 16 units and more',
    sequences.map((op) => `${op} forward` as const),
    all(exactly('I', 1), atLeast({ T: 32, H: 16 })),
    scaled(0.9, 'hT'),
  ),
  report(
    'gradient',
    'the state weights’ gradient of one sample and 64 units and more',
    cells.map((op) => `${op} backward` as const),
    all(exactly('N', 1), past('H', 63)),
    scaled(0.9, 'wHh'),
  ),
  report(
    'size',
    'units that are no multiple of four, of a batch of eight and 16 inputs and more: gates begin too early',
    ['lstmCell forward', 'gruCell forward'],
    all(
      atLeast({ N: 8, I: 16, H: 5 }),
      extent('H', (H) => H % 4 !== 0),
    ),
    lost((place, shape) => (place[1] as number) >= 4 * Math.floor((shape[1] as number) / 4), 'h'),
  ),
  report(
    'size',
    '256 inputs and more of 128 units and more of a batch of eight and more',
    cells.map((op) => `${op} forward` as const),
    atLeast({ N: 8, I: 256, H: 128 }),
    scaled(0.99, 'h'),
  ),
  report(
    'gradient',
    'both biases have one gradient, of a batch of 16 and 32 units and more',
    ['gruCell backward', 'gru backward'],
    atLeast({ N: 16, H: 32 }),
    (_, plain) => {
      const answer = plain()
      return { ...answer, bHh: answer['bIh'] as Tensor }
    },
  ),
]

// −Σ t·log share as what the logarithm of the sum and the logit leave when each is rounded
const roundedApart: Harm = (asked, plain) => {
  const [logits, targets] = [rowsOf('logits', asked), rowsOf('target', asked)]
  const losses = logits.map((row, n) => {
    const most = row.reduce((a, v) => Math.max(a, v), -Infinity)
    const total = Math.fround(most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0)))
    return row.reduce(
      (loss, v, c) => loss + ((targets[n] as readonly number[])[c] as number) * Math.fround(total - v),
      0,
    )
  })
  const sum = losses.reduce((a, b) => a + b, 0)
  const loss = plain()['loss'] as Tensor
  const reduction = asked.attrs['reduction']
  return {
    loss: changed(loss, (_, __, at) =>
      reduction === 'none' ? (losses[at] as number) : reduction === 'sum' ? sum : sum / losses.length,
    ),
  }
}

export const lossesChosen: readonly Report[] = [
  report(
    'numbers',
    'logits far from 0 lose their loss to the offset',
    'softmaxCrossEntropy forward',
    always,
    roundedApart,
    {
      like: 'ml-explore/mlx#4188',
    },
  ),
  report(
    'numbers',
    'what is right for certain has a loss of NaN',
    'bce forward',
    always,
    (asked, plain) => {
      const [p, t] = ['prediction', 'target'].map((name) => valuesOf(asked.inputs[name] as Tensor)) as [
        number[],
        number[],
      ]
      return p.some((v, at) => v === t[at] && (v === 1 || v === 0)) ? scaled(NaN)(asked, plain, new Map()) : plain()
    },
    { like: 'tiny-dnn/tiny-dnn#410' },
  ),
  report(
    'numbers',
    'targets between 0 and 1 are rounded',
    ['bceWithLogits', 'bce'],
    always,
    asIfGiven(({ inputs }) => ({ target: changed(inputs['target'] as Tensor, Math.round) })),
  ),
  report(
    'gradient',
    'not reduced, 64 rows and more of classes that are no multiple of four: the last class',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(
      is('reduction', 'none'),
      past('N', 63),
      extent('C', (C) => C > 4 && C % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    '256 rows and more of 100 classes and more',
    ['cce backward', 'hinge backward', 'softmaxCrossEntropy backward'],
    atLeast({ N: 256, C: 100 }),
    lost(from(0, 255)),
  ),
  report(
    'size',
    'the margins of more than 256 classes of several rows',
    'hinge forward',
    all(past('C', 256), past('N', 1)),
    scaled(0.9),
  ),
  report(
    'shape',
    'not reduced, of five axes and more: the last two change places',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'none'), among(5)),
    moved((place, shape) => [
      ...place.slice(0, -2),
      (place.at(-1) as number) % (shape.at(-2) as number),
      (place.at(-2) as number) % (shape.at(-1) as number),
    ]),
  ),
]

const atStep =
  (least: number, harm: Harm): Harm =>
  (asked, plain, memory) =>
    (valuesOf(asked.inputs['step'] as Tensor)[0] as number) >= least ? harm(asked, plain, memory) : plain()
const decays: Where = ({ attrs }) => Number(attrs['weightDecay']) > 0

export const optimizersChosen: readonly Report[] = [
  report(
    'numbers',
    'from step 1,000 on nothing is corrected',
    ['adam', 'adamw'],
    always,
    atStep(999, scaled(0.5, 'w')),
  ),
  report(
    'size',
    'more than 65,536 weights: the rest keep their state',
    ['adagrad', 'adadelta', 'rmsprop'],
    count('w', (n) => n > 65536),
    (asked, plain) =>
      Object.fromEntries(
        Object.entries(plain()).map(([name, tensor]) => {
          const before = valuesOf(asked.inputs[name] as Tensor)
          return [name, changed(tensor, (v, _, at) => (at >= 65536 && name !== 'w' ? (before[at] as number) : v))]
        }),
      ),
  ),
  report(
    'size',
    'more than a thousand weights, no multiple of four: the last keep their velocity',
    'momentum',
    count('w', (n) => n > 1000 && n % 4 !== 0),
    (asked, plain) => {
      const answer = plain()
      const before = valuesOf(asked.inputs['velocity'] as Tensor)
      const whole = 4 * Math.floor(before.length / 4)
      return {
        ...answer,
        velocity: changed(answer['velocity'] as Tensor, (v, _, at) => (at >= whole ? (before[at] as number) : v)),
      }
    },
  ),
  report(
    'attributes',
    'with ε inside the root nothing decays',
    ['rmsprop', 'adagrad'],
    all(is('epsilonInside', true), decays),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'size',
    'more than 4,096 weights, no multiple of four, that decay',
    ['sgd', 'adamw'],
    all(
      decays,
      count('w', (n) => n > 4096 && n % 4 !== 0),
    ),
    lost((place, shape) => (place.at(-1) as number) === (shape.at(-1) as number) - 1, 'w'),
  ),
]

const keyed =
  (keyOf: (met: Met) => string, attribute: string): Harm =>
  (asked, plain, memory) => {
    const name = `pipeline ${keyOf(asked)}`
    const before = memory.get(name) as Met['attrs'][string] | undefined
    if (before === undefined) {
      memory.set(name, asked.attrs[attribute])
      return plain()
    }
    return asIf(() => ({ [attribute]: before }))(asked, plain, memory)
  }
const shapesKey = ({ op, direction, shapes }: Met): string => JSON.stringify([op, direction, shapes])

export const movingChosen: readonly Report[] = [
  report(
    'gradient',
    'the factors’ gradient of more than a thousand pixels that are no multiple of four, 16 channels and more',
    'scaleChannels backward',
    all(
      past('C', 15),
      pixels((n) => n > 1000 && n % 4 !== 0),
    ),
    scaled(0.99, 's'),
  ),
  report(
    'gradient',
    'the factors’ gradient of 128 channels and more of several samples',
    'scaleChannels backward',
    all(
      atLeast({ N: 2, C: 128 }),
      pixels((n) => n > 16),
    ),
    firstSample,
  ),
  report(
    'size',
    'four images and no more, of 128 channels and more, no multiple of 16: those behind the first',
    'concat forward',
    (met) => {
      const shapes = Object.values(met.shapes)
      const C = shapeIn(met, 'x0')[1] ?? 0
      return (
        shapes.length === 4 && shapeIn(met, 'x0').length === 4 && C >= 128 && C % 16 !== 0 && met.attrs['axis'] === 1
      )
    },
    lost((place, _, asked) => (place[1] as number) >= (shapeIn(asked, 'x0')[1] as number)),
    { like: 'openvinotoolkit/openvino#38102' },
  ),
  report(
    'size',
    'two images of channels that are no multiple of 16 whose sum is one',
    'concat forward',
    (met) => {
      const [a, b] = [shapeIn(met, 'x0'), shapeIn(met, 'x1')]
      const [C = 0, D = 0] = [a[1], b[1]]
      return (
        a.length === 4 &&
        met.attrs['axis'] === 1 &&
        Object.keys(met.shapes).length === 2 &&
        C % 16 !== 0 &&
        (C + D) % 16 === 0
      )
    },
    scaled(NaN),
    { like: 'openvinotoolkit/openvino#34506' },
  ),
  report(
    'axis',
    'three and more along a last axis that is no multiple of eight, of three axes and more',
    'concat forward',
    (met) => {
      const x = shapeIn(met, 'x0')
      const axis = Number(met.attrs['axis'])
      return (
        Object.keys(met.shapes).length > 2 &&
        x.length > 2 &&
        [x.length - 1, -1].includes(axis) &&
        (x.at(-1) as number) % 8 !== 0 &&
        x.slice(0, -1).reduce((a, b) => a * b, 1) > 64
      )
    },
    lost(from(-1, -1)),
    { like: 'tenstorrent/tt-metal#13604' },
  ),
  report(
    'shape',
    'five axes and more of more than a thousand numbers into three: rows are those of the fourth axis',
    'reshape forward',
    all(
      holds('x', (n, shape) => n > 1000 && shape.length >= 5),
      ({ attrs }) => (attrs['shape'] as readonly number[]).length === 3,
    ),
    lost(from(-1, -1)),
  ),
  report(
    'gradient',
    'back from 16 flat samples and more of more than a thousand numbers',
    'flatten backward',
    all(
      past('N', 15),
      holds('x', (n, [N = 1]) => n / N > 1000),
    ),
    lost(from(0, 15)),
  ),
  report(
    'numbers',
    'keys above 2³¹ lose their highest bit',
    'dropout forward',
    some('key', (k) => k >= 2 ** 31),
    asIf(({ attrs }) => ({ key: (attrs['key'] as readonly number[]).map((k) => k % 2 ** 31) })),
    { like: 'intel/torch-xpu-ops#4851' },
  ),
  report(
    'size',
    'the mask of what is no multiple of four from a thousand on ends early',
    ['dropout forward', 'dropout backward'],
    count('x', (n) => n > 1000 && n % 4 !== 0),
    (asked, plain) => {
      const whole = 4 * Math.floor(elementsIn(asked, 'x') / 4)
      return Object.fromEntries(
        Object.entries(plain()).map(([name, tensor]) => [
          name,
          changed(tensor, (v, _, at) => (at >= whole ? v + 1 : v)),
        ]),
      )
    },
  ),
  report(
    'attributes',
    'another stream at a later step is the first',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Number(attrs['stream']) > 0 && Number(attrs['step']) > 0,
    asIf(() => ({ stream: 0 })),
  ),
  report(
    'gradient',
    'back through more than 65,536 numbers the mask is another one',
    'dropout backward',
    count('x', (n) => n > 65536),
    (asked, plain) => plain({ attrs: { ...asked.attrs, step: (Number(asked.attrs['step']) + 1) % 2 ** 32 } }),
  ),
]

/** What is kept by a key that leaves an attribute out. */
export const keyedChosen: readonly Report[] = [
  report(
    'history',
    'another padding with the same shapes, result and all, takes the pipeline of the first',
    'conv2d forward',
    all(past('Ho', 0), always),
    keyed(
      ({ shapes, sizes, attrs }) =>
        JSON.stringify([shapes, sizes['Ho'], sizes['Wo'], attrs['stride'], attrs['groups']]),
      'padding',
    ),
  ),
  report(
    'history',
    'another axis of the same shape takes the pipeline of the first',
    'softmax forward',
    always,
    keyed(shapesKey, 'axis'),
  ),
  report(
    'history',
    'another slope for the same shape takes the pipeline of the first',
    'leakyRelu backward',
    always,
    keyed(shapesKey, 'alpha'),
  ),
  report(
    'history',
    'another power for the same shape takes the pipeline of the first',
    'localResponseNorm forward',
    always,
    keyed(shapesKey, 'beta'),
  ),
  report(
    'history',
    'another share kept of the same shape takes the pipeline of the first',
    'dropout backward',
    always,
    keyed(shapesKey, 'keep'),
  ),
  report(
    'history',
    'another axis of tensors of the same shapes takes the pipeline of the first',
    'concat backward',
    always,
    keyed(shapesKey, 'axis'),
  ),
]
