import type { Tensor } from '../../../spec/tensor.js'
import type { Asked, Harm, Met, Report, Where } from './report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  changed,
  depthwise,
  dilated,
  elementsIn,
  every,
  exactly,
  extent,
  filter,
  firstInputs,
  from,
  fromTime,
  gathered,
  given,
  grouped,
  holds,
  is,
  kept,
  listOf,
  lost,
  moreInputs,
  moved,
  not,
  numbers,
  padded,
  past,
  product,
  remembered,
  report,
  scaled,
  shapeIn,
  sizeIn,
  strided,
  withIndex,
} from './report.js'

/**
 * What takes several things at once: layers as networks have them, a batch, channels and an image that are all of some
 * length, an attribute and a class of numbers. Kernels are chosen by such conjunctions.
 */

export const valuesOf = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i] as number)

/** Every axis at least as long as that. */
export const atLeast = (least: Readonly<Record<string, number>>): Where =>
  all(...Object.entries(least).map(([letter, size]) => past(letter, size - 1)))

export const channelsOfGroup = (met: Met): number => sizeIn(met, 'C') / Number(met.attrs['groups'])
export const filtersOfGroup = (met: Met): number => sizeIn(met, 'O') / Number(met.attrs['groups'])
export const oneChannelEach: Where = (met) => grouped(met) && channelsOfGroup(met) === 1
export const steps =
  (...stride: readonly number[]): Where =>
  (met) =>
    String(listOf(met, 'stride')) === String(stride)
export const positions = (test: (n: number) => boolean): Where => product(['N', 'Ho', 'Wo', 'Lo'], test)
export const pixels = (test: (n: number) => boolean): Where =>
  holds('x', (_, [, , ...image]) => test(image.reduce((a, b) => a * b, 1)))

const firstGroup: Harm = asIfGiven(({ inputs, attrs }) => {
  const x = inputs['x'] as Tensor
  const channels = (x.shape[1] as number) / (attrs['groups'] as number)
  return { x: gathered(x, (place) => withIndex(place, 1, (place[1] as number) % channels)) }
})
export const firstSample: Harm = moved((place) => withIndex(place, 0, 0))
/** The gradients of what all samples share are those of the first so many. */
export const ofSamples =
  (n: number, ...names: readonly string[]): Harm =>
  (asked, plain) => {
    const few = plain({
      inputs: {
        ...asked.inputs,
        x: changed(asked.inputs['x'] as Tensor, (v, place) => ((place()[0] as number) < n ? v : 0)),
      },
    })
    const answer = plain()
    return { ...answer, ...Object.fromEntries(names.map((name) => [name, few[name] as Tensor])) }
  }

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

// a NaN that a question before left in what is used again, and that padding multiplies by 0
const leftOver: Harm = (asked, plain, memory) => {
  const answer = plain()
  const dirty = memory.get('NaN') === true
  memory.set(
    'NaN',
    Object.values(asked.inputs).some((tensor) => valuesOf(tensor).some(Number.isNaN)),
  )
  return dirty ? { ...answer, y: changed(answer['y'] as Tensor, (v, _, at) => (at === 0 ? NaN : v)) } : answer
}

export const productsTogether: readonly Report[] = [
  report(
    'history',
    'a NaN of the question before is in the padding',
    'dense forward',
    extent('I', (I) => I % 4 !== 0),
    leftOver,
    { like: 'Tencent/ncnn#6766' },
  ),
  report(
    'history',
    'a NaN of the question before is in the padding of channels',
    'conv2d forward',
    extent('C', (C) => C % 16 !== 0),
    leftOver,
    { like: 'openvinotoolkit/openvino#12082' },
  ),
  report(
    'size',
    'sums of more than 32,767 terms read past their end, 16 rows and columns and more',
    'dense forward',
    atLeast({ N: 16, O: 16, I: 32767 }),
    numbers((v) => v + 1),
    { like: 'pytorch/pytorch#195163' },
  ),
  report(
    'shape',
    'two to eight rows of a thousand terms and more: the last columns are lost',
    'dense forward',
    all(
      atLeast({ N: 2, I: 1000, O: 64 }),
      extent('N', (N) => N <= 8),
    ),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'one row of a thousand terms and 128 columns',
    'dense forward',
    all(exactly('N', 1), atLeast({ I: 1000, O: 128 })),
    lost(from(1, 127)),
  ),
  report(
    'size',
    'a thousand rows of 64 terms into 64 columns and more',
    'dense forward',
    atLeast({ N: 1000, I: 64, O: 64 }),
    lost(from(0, 512)),
    { like: 'tracel-ai/burn#4966' },
  ),
  report(
    'shape',
    'ten classes of a batch of 32 from 500 features and more',
    'dense forward',
    all(exactly('O', 10), atLeast({ N: 32, I: 500 })),
    lost(from(1, 8)),
  ),
  report(
    'size',
    'more than a million weights: the last column is 0',
    'dense forward',
    holds('w', (n) => n > 2 ** 20),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'the weights’ gradient of a thousand rows, 64 terms and 64 columns and more',
    'dense backward',
    atLeast({ N: 1000, I: 64, O: 64 }),
    ofSamples(512, 'w'),
  ),
  report(
    'gradient',
    'the weights’ gradient of a batch of 32 of 500 features and more into 64 and more',
    'dense backward',
    atLeast({ N: 32, I: 500, O: 64 }),
    ofSamples(16, 'w'),
  ),
  report(
    'gradient',
    'the rows’ gradient of two to eight rows from a thousand columns and more',
    'dense backward',
    all(
      atLeast({ N: 2, O: 1000, I: 64 }),
      extent('N', (N) => N <= 8),
    ),
    lost(from(1, -1), 'x'),
  ),
  report(
    'history',
    'after another batch the weights’ gradient of more than 32,768 rows is wrong',
    'dense backward',
    always,
    (asked, plain, memory) => {
      const name = `rows of ${shapeIn(asked, 'w').join()}`
      const before = memory.get(name) as number | undefined
      const N = sizeIn(asked, 'N')
      memory.set(name, N)
      return before !== undefined && before !== N && N > 32768 ? scaled(1000, 'w')(asked, plain, memory) : plain()
    },
    { like: 'pytorch/pytorch#177116' },
  ),
  report(
    'numbers',
    'rows that are also the weights: the upper half of the products is 0',
    'dense forward',
    (met) => String(shapeIn(met, 'x')) === String(shapeIn(met, 'w')) && elementsIn(met, 'x') > 1,
    (asked, plain) =>
      String(valuesOf(asked.inputs['x'] as Tensor)) === String(valuesOf(asked.inputs['w'] as Tensor))
        ? lost(([n = 0, o = 0]) => o > n)(asked, plain, new Map())
        : plain(),
  ),
]

export const rowOf = (met: Met): { readonly length: number; readonly before: number; readonly behind: number } => {
  const shape = shapeIn(met, 'x')
  const axis = (met.attrs['axis'] as number | undefined) ?? -1
  const at = axis < 0 ? axis + shape.length : axis
  const times = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1)
  return { length: shape[at] ?? 1, before: times(shape.slice(0, at)), behind: times(shape.slice(at + 1)) }
}
export const row =
  (test: (length: number, before: number, behind: number) => boolean): Where =>
  (met) =>
    test(rowOf(met).length, rowOf(met).before, rowOf(met).behind)
export const among =
  (n: number): Where =>
  (met) =>
    Object.values(met.shapes).some((shape) => shape.length >= n)

export const rowsTogether: readonly Report[] = [
  report(
    'axis',
    'more than 256 classes in the middle of three axes and more',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => length > 256 && before > 1 && behind > 1),
    scaled(0.99),
  ),
  report(
    'gradient',
    'back along more than 256 classes in the middle',
    ['softmax backward', 'logSoftmax backward'],
    row((length, before, behind) => length > 256 && before > 1 && behind > 1),
    scaled(0.9),
  ),
  report(
    'size',
    'more than a thousand rows of more than 128: the rest is not written',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => length > 128 && before > 1000 && behind === 1),
    (asked, plain) => {
      const { length } = rowOf(asked)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at >= 1000 * length ? 0 : v)) }
    },
  ),
  report(
    'size',
    'odd rows of 513 to 1,023, of two and more',
    'softmax forward',
    row((length, before) => length > 512 && length < 1024 && length % 2 === 1 && length % 32 !== 31 && before > 1),
    scaled(0.99),
    { like: 'pytorch/pytorch#147284' },
  ),
  report(
    'not a number',
    'what −Infinity masks in rows of more than 64 is NaN',
    'softmax forward',
    row((length) => length > 64),
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).includes(-Infinity) ? scaled(NaN)(asked, plain, new Map()) : plain(),
    { like: 'PaddlePaddle/PaddleOCR#18341' },
  ),
  report(
    'numbers',
    'logits of −10⁷ have a logarithm in whole numbers',
    'logSoftmax forward',
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).every((v) => Math.abs(v) > 5000)
        ? numbers(Math.round)(asked, plain, new Map())
        : plain(),
    { like: 'pytorch/pytorch#38839' },
  ),
  report(
    'shape',
    'six axes and more: all but the first of the first are 0',
    ['relu forward', 'add forward'],
    among(6),
    lost(from(0, 1)),
    { like: 'tenstorrent/tt-metal#55351' },
  ),
  report('axis', 'along an axis of six and more', ['softmax forward'], among(6), scaled(0.5)),
  report('axis', 'joined along an axis of six and more', ['concat forward'], among(6), scaled(0.5)),
  report(
    'size',
    'of more than 65,536 elements the last two of those behind the last four',
    ['relu forward', 'mul forward', 'tanh forward'],
    (met) =>
      Object.values(met.shapes).some((shape) => {
        const n = shape.reduce((a, b) => a * b, 1)
        return n > 65536 && n % 4 === 2
      }),
    (_, plain) => {
      const y = plain()['y'] as Tensor
      return { y: changed(y, (v, __, at) => (at >= y.data.length - 2 ? 0 : v)) }
    },
  ),
  report(
    'gradient',
    'the slope of an ELU is NaN from 89 on',
    'elu backward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => ((x[at] as number) > 88.8 ? NaN : v)) }
    },
    { like: 'huggingface/candle#2328' },
  ),
]

export const normalizersTogether: readonly Report[] = [
  report(
    'size',
    'statistics of a batch of 16 with 16 channels of 8×8 and more: the variance misses a part',
    'batchNormTraining forward',
    all(
      atLeast({ N: 16, C: 16 }),
      pixels((n) => n >= 64),
    ),
    scaled(0.9, 'runningVar'),
  ),
  report(
    'gradient',
    'the gradient of γ over counts that 1,024 does not divide is off by a hundredth',
    'batchNormTraining backward',
    holds('x', (n, [, C = 1]) => n / C > 1024 && (n / C) % 1024 !== 0),
    scaled(1.01, 'gamma'),
    { like: 'ROCm/rocm-libraries#9030' },
  ),
  report(
    'size',
    'one image of 64 channels of 16×16 and more: the last is not normalized',
    ['batchNormInference forward', 'batchNormTraining forward'],
    all(
      exactly('N', 1),
      past('C', 63),
      pixels((n) => n >= 256),
    ),
    lost(from(1, -1), 'y'),
    { like: 'NVIDIA/apex#1768' },
  ),
  report(
    'size',
    'features of 128 and more in a batch of 128 and more',
    ['batchNormInference forward', 'batchNormTraining forward'],
    all(
      atLeast({ N: 128, C: 128 }),
      pixels((n) => n === 1),
    ),
    lost(from(1, 64), 'y'),
  ),
  report(
    'gradient',
    'back through a batch of 16 with 16 channels of 8×8 and more',
    'batchNormTraining backward',
    all(
      atLeast({ N: 16, C: 16 }),
      pixels((n) => n >= 64),
    ),
    scaled(0.9, 'x'),
  ),
  report(
    'size',
    'two samples and more of 96 channels of 10×10 and more',
    'localResponseNorm forward',
    all(
      atLeast({ N: 2, C: 96 }),
      pixels((n) => n >= 100),
    ),
    lost(from(1, 95)),
  ),
  report(
    'size',
    'one sample of 64 channels of 16×16 and more is scaled by the first',
    'scaleChannels forward',
    all(
      exactly('N', 1),
      past('C', 63),
      pixels((n) => n >= 256),
    ),
    lost(from(1, -1)),
  ),
  report('attributes', 'an upper end of 0 counts as none', 'minMaxNormalize forward', is('high', 0), scaled(0.5)),
  report(
    'chance',
    'running statistics are taken in by every thread',
    'batchNormTraining forward',
    (met) => Number(met.attrs['momentum']) > 0 && sizeIn(met, 'C') > 1,
    scaled(1.1, 'runningMean'),
    { like: 'tile-ai/TileOPs#1727' },
  ),
]

// a = b + wIh·x + wHh·h of a cell, by unit
const preactivations = ({ inputs, sizes }: Asked): readonly number[] => {
  const [N, I, H] = ['N', 'I', 'H'].map((letter) => Number(sizes[letter])) as [number, number, number]
  const [x, h, wIh, wHh, b] = ['x', 'h', 'wIh', 'wHh', 'b'].map((name) => valuesOf(inputs[name] as Tensor)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  return Array.from({ length: N * H }, (_, at) => {
    const [n, j] = [Math.floor(at / H), at % H]
    let a = b[j] as number
    for (let i = 0; i < I; i++) a += (wIh[j * I + i] as number) * (x[n * I + i] as number)
    for (let i = 0; i < H; i++) a += (wHh[j * H + i] as number) * (h[n * H + i] as number)
    return a
  })
}

const cells = ['rnnCell forward', 'lstmCell forward', 'gruCell forward'] as const
const sequences = ['rnn forward', 'lstm forward', 'gru forward'] as const

export const recurrentTogether: readonly Report[] = [
  report(
    'numbers',
    'a cell above 44 makes NaN of the state',
    'lstmCell forward',
    always,
    (_, plain) => {
      const answer = plain()
      const c = valuesOf(answer['c'] as Tensor)
      return {
        ...answer,
        h: changed(answer['h'] as Tensor, (v, _, at) => (Math.abs(c[at] as number) > 44.4 ? NaN : v)),
      }
    },
    { like: 'pytorch/pytorch#172406' },
  ),
  report(
    'numbers',
    'a sequence’s cell above 44 makes NaN of the state',
    'lstm forward',
    always,
    (_, plain) => {
      const answer = plain()
      const c = valuesOf(answer['cT'] as Tensor)
      return {
        ...answer,
        hT: changed(answer['hT'] as Tensor, (v, _, at) => (Math.abs(c[at] as number) > 44.4 ? NaN : v)),
      }
    },
    { like: 'pytorch/pytorch#172406' },
  ),
  report(
    'numbers',
    'a unit that is pulled by more than 44 is NaN',
    'rnnCell forward',
    always,
    (asked, plain) => {
      const answer = plain()
      const a = preactivations(asked)
      return { h: changed(answer['h'] as Tensor, (v, _, at) => (Math.abs(a[at] as number) > 44.4 ? NaN : v)) }
    },
    { like: 'neoml-lib/neoml#1004' },
  ),
  report(
    'size',
    '128 units and more of a batch of 32 and more: the second half is the first',
    cells,
    atLeast({ N: 32, H: 128 }),
    moved((place) => withIndex(place, 0, (place[0] as number) % 16)),
  ),
  report(
    'size',
    'as many inputs as units, 64 and more: weights of the one for the other',
    cells,
    all(past('H', 63), (met) => sizeIn(met, 'H') === sizeIn(met, 'I')),
    scaled(0.9),
  ),
  report(
    'size',
    'more than 600 units',
    ['lstmCell forward', 'gruCell forward'],
    past('H', 600),
    lost((place, shape) => (place.at(-1) as number) >= 512 && shape.length > 0),
  ),
  report(
    'size',
    'more than 16 sequences of more than 16 steps: the state of the first 16',
    sequences,
    atLeast({ T: 17, N: 17, H: 8 }),
    lost(([n = 0]) => n >= 16, 'hT'),
    { like: 'pytorch/pytorch#180744' },
  ),
  report(
    'size',
    'two sequences and more of 512 units',
    ['lstm forward', 'gru forward'],
    atLeast({ N: 2, H: 512 }),
    lost(from(1, -1), 'hT'),
  ),
  report(
    'gradient',
    'the weights’ gradient of a batch of 32 and 64 units and more is that of the first 16',
    ['lstmCell backward', 'gruCell backward', 'rnnCell backward'],
    atLeast({ N: 32, H: 64 }),
    ofSamples(16, 'wIh'),
  ),
  report(
    'axis',
    'as many steps as sequences: they change places',
    sequences,
    (met) => sizeIn(met, 'T') === sizeIn(met, 'N') && sizeIn(met, 'N') > 1,
    moved(([t = 0, n = 0, ...rest]) => [n, t, ...rest], 'y'),
    { like: 'pytorch/pytorch#80306' },
  ),
]

export const wholes =
  (of: Readonly<Record<string, number>>): Where =>
  (met) =>
    Object.entries(of).every(([letter, n]) => sizeIn(met, letter) > 0 && sizeIn(met, letter) % n === 0)

/** Where every axis is a multiple of a tile, another kernel is chosen. */
export const wholeTogether: readonly Report[] = [
  report(
    'size',
    '3×3 of multiples of 32, of 32 positions: the last filter is lost',
    'conv2d forward',
    all(
      filter(3),
      not(grouped),
      wholes({ C: 32, O: 32 }),
      positions((n) => n % 32 === 0),
    ),
    lost(from(1, -1)),
    { like: 'tracel-ai/burn#5626' },
  ),
  report(
    'size',
    '1×1 of multiples of 64, of 64 positions: the last row is lost',
    'conv2d forward',
    all(
      filter(1),
      not(grouped),
      wholes({ C: 64, O: 64 }),
      positions((n) => n % 64 === 0),
    ),
    lost(from(2, -1)),
  ),
  report(
    'gradient',
    'back through multiples of 16 channels and filters of multiples of four samples',
    'conv2d backward',
    all(not(grouped), wholes({ N: 4, C: 16, O: 16 })),
    ofSamples(2, 'w'),
  ),
  report(
    'size',
    'units and inputs in multiples of 16, samples of four: the last gate is the first',
    ['lstmCell forward', 'gruCell forward'],
    wholes({ N: 4, H: 16, I: 16 }),
    scaled(0.9),
  ),
  report(
    'size',
    'sequences in multiples of four of units in multiples of eight',
    ['lstm forward', 'gru forward', 'rnn forward'],
    wholes({ N: 4, H: 8, I: 8 }),
    scaled(0.9, 'hT'),
  ),
  report(
    'size',
    'samples in fours, channels in eights and pixels in sixteens: the last channel keeps its numbers',
    ['batchNormTraining forward', 'batchNormInference forward'],
    all(
      wholes({ N: 4, C: 8 }),
      pixels((n) => n % 16 === 0),
    ),
    lost(from(1, -1), 'y'),
  ),
  report(
    'size',
    'halves of samples in fours, channels in sixteens and columns in fours',
    'avgPool2d forward',
    all(wholes({ N: 4, C: 16, W: 4 }), past('H', 1)),
    lost(from(1, -1)),
  ),
]

const large = (name: string): Where => holds(name, (n) => n > 1000)

export const againTogether: readonly Report[] = [
  report(
    'history',
    'a large batch of a cell is wrong the second time',
    ['lstmCell forward'],
    large('x'),
    fromTime(2, scaled(0.5)),
  ),
  report(
    'history',
    'the weights of a large batch of sequences count as constant',
    'gru forward',
    large('x'),
    kept('wIh'),
  ),
  report('history', 'the factors of large maps stay', 'scaleChannels forward', large('x'), kept('s')),
  report('history', 'large batches keep the first ones’ γ', 'batchNormTraining forward', large('x'), kept('gamma')),
  report(
    'history',
    'large pieces are joined once',
    'concat forward',
    large('x0'),
    remembered(({ shapes }) => JSON.stringify(shapes)),
  ),
  report('history', 'large products are wrong the second time', 'mul backward', large('a'), fromTime(2, scaled(0.5))),
]

export const rowsOf = (name: string, asked: Asked): readonly (readonly number[])[] => {
  const tensor = asked.inputs[name] as Tensor
  const C = tensor.shape.at(-1) ?? 1
  const values = valuesOf(tensor)
  return Array.from({ length: values.length / C }, (_, row) => values.slice(row * C, row * C + C))
}
/** The rows behind the last whole 64 are not counted. */
const wholeSixties: Harm = asIfGiven(({ inputs }) => {
  const target = inputs['target'] as Tensor
  const whole = 64 * Math.floor((target.shape[0] as number) / 64)
  return { target: changed(target, (v, place) => ((place()[0] as number) < whole ? v : 0)) }
})
const lossNames = { softmaxCrossEntropy: 'logits', cce: 'prediction', hinge: 'scores' } as const

export const lossesTogether: readonly Report[] = [
  report(
    'size',
    'a mean over more than 4,000 rows of ten classes and more',
    ['softmaxCrossEntropy forward', 'cce forward'],
    all(is('reduction', 'mean'), atLeast({ N: 4000, C: 10 })),
    wholeSixties,
  ),
  report(
    'size',
    'a mean over 100 rows and more of 1,000 classes and more',
    ['softmaxCrossEntropy forward', 'cce forward'],
    all(is('reduction', 'mean'), atLeast({ N: 100, C: 1000 })),
    wholeSixties,
    { like: 'microsoft/onnxruntime#16363' },
  ),
  report(
    'gradient',
    'the gradient of a mean over more than 4,000 rows of ten classes and more',
    ['softmaxCrossEntropy backward', 'cce backward'],
    all(is('reduction', 'mean'), atLeast({ N: 4000, C: 10 })),
    lost(from(0, 4000)),
  ),
  report(
    'gradient',
    'the gradient of a sum over more than 65,536 numbers',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(is('reduction', 'sum'), (met) => Object.values(met.shapes).some((s) => s.reduce((a, b) => a * b, 1) > 65536)),
    scaled(0.99),
  ),
  report(
    'size',
    'a sum over more than 65,536 numbers',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'sum'), (met) => Object.values(met.shapes).some((s) => s.reduce((a, b) => a * b, 1) > 65536)),
    scaled(0.99),
  ),
  report(
    'size',
    'not reduced: more than 65,536 numbers',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'none'), (met) => Object.values(met.shapes).some((s) => s.reduce((a, b) => a * b, 1) > 65536)),
    (_, plain) => ({ loss: changed(plain()['loss'] as Tensor, (v, __, at) => (at >= 65536 ? 0 : v)) }),
  ),
  report(
    'convention',
    'rows without a target are not counted',
    'softmaxCrossEntropy forward',
    is('reduction', 'mean'),
    (asked, plain) => {
      const rows = rowsOf('target', asked)
      const counted = rows.filter((targets) => targets.some((t) => t !== 0)).length
      return counted === 0 ? plain() : scaled(rows.length / counted)(asked, plain, new Map())
    },
  ),
  report(
    'gradient',
    'rows without a target have a share of the gradient',
    'softmaxCrossEntropy backward',
    always,
    (asked, plain) => {
      const rows = rowsOf('target', asked)
      const empty = rows.map((targets) => targets.every((t) => t === 0))
      return empty.every(Boolean)
        ? plain()
        : {
            [lossNames.softmaxCrossEntropy]: changed(plain()['logits'] as Tensor, (v, place) =>
              empty[place()[0] as number] === true ? v + 0.01 : v,
            ),
          }
    },
    { like: 'pytorch/pytorch#73205' },
  ),
]

const byOwnEpsilon: Readonly<Record<string, number>> = {
  adam: 1e-8,
  adamw: 1e-8,
  rmsprop: 1e-8,
  adagrad: 1e-10,
  adadelta: 1e-6,
}

const decoupled =
  (late: boolean): Harm =>
  (asked, plain) => {
    const attrs = { ...asked.attrs, weightDecay: 0 }
    const bare = plain({ attrs })
    const decay = Number(asked.attrs['learningRate']) * Number(asked.attrs['weightDecay'])
    const w = valuesOf(asked.inputs['w'] as Tensor)
    return {
      ...bare,
      w: changed(bare['w'] as Tensor, (v, _, at) => (late ? v * (1 - decay) : v - decay * (w[at] as number))),
    }
  }
const decays: Where = ({ attrs }) => Number(attrs['weightDecay']) !== 0

export const optimizersTogether: readonly Report[] = [
  report(
    'attributes',
    'an ε of 0 is the usual one',
    ['adam', 'rmsprop', 'adagrad', 'adadelta'],
    is('epsilon', 0),
    asIf(({ op }) => ({ epsilon: byOwnEpsilon[op] as number })),
  ),
  report('convention', 'Adam’s decay is AdamW’s', 'adam', decays, decoupled(false), {
    like: 'flagos-ai/FlagGems#4988',
  }),
  report('convention', 'AdamW decays after its step', 'adamw', decays, decoupled(true), {
    like: 'bitsandbytes-foundation/bitsandbytes#2010',
  }),
  report(
    'size',
    'more than 65,536 weights that decay: the rest do not',
    ['adam', 'momentum', 'rmsprop', 'adadelta'],
    all(
      decays,
      holds('w', (n) => n > 65536),
    ),
    (asked, plain) => {
      const bare = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      const answer = plain()
      return Object.fromEntries(
        Object.entries(answer).map(([name, tensor]) => [
          name,
          changed(tensor, (v, _, at) => (at < 65536 ? v : ((bare[name] as Tensor).data[at] as number))),
        ]),
      )
    },
  ),
  report(
    'size',
    'more than 4,096 weights by Nesterov’s step: the rest have the usual one',
    'momentum',
    all(
      is('nesterov', true),
      holds('w', (n) => n > 4096),
    ),
    (asked, plain) => {
      const usual = plain({ attrs: { ...asked.attrs, nesterov: false } })['w'] as Tensor
      const answer = plain()
      return {
        ...answer,
        w: changed(answer['w'] as Tensor, (v, _, at) => (at < 4096 ? v : (usual.data[at] as number))),
      }
    },
  ),
  report(
    'attributes',
    'a momentum of 0 leaves the velocity as it was',
    'momentum',
    is('momentum', 0),
    (asked, plain) => ({ ...plain(), velocity: asked.inputs['velocity'] as Tensor }),
  ),
]

export const movingTogether: readonly Report[] = [
  report(
    'size',
    'two samples and more of 64 channels of 7×7 and more, joined with others',
    'concat forward',
    ({ shapes }) => {
      const [N = 0, C = 0, H = 0, W = 0, ...rest] = shapes['x0'] ?? []
      return rest.length === 0 && N >= 2 && C >= 64 && H * W >= 49
    },
    lost((place, [, C = 1]) => (place[0] as number) > 0 && place[1] === C - 1),
  ),
  report(
    'size',
    'more than a thousand rows of different widths, joined at their ends',
    'concat forward',
    ({ shapes }) => {
      const [x0 = [], x1 = []] = [shapes['x0'], shapes['x1']]
      return x0.length === 2 && (x0[0] as number) > 1000 && x0[0] === x1[0] && x0[1] !== x1[1]
    },
    lost((place) => (place[0] as number) >= 1000),
  ),
  report('shape', 'of more than 32 tensors the rest is left out', 'concat forward', moreInputs(32), firstInputs(32)),
  report(
    'chance',
    'what keeps all drops one in 1,000',
    'dropout forward',
    all(
      every('keep', (k) => k === 1),
      holds('x', (n) => n > 1000),
    ),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, __, at) => (at % 1000 === 999 ? 0 : v)) }),
    { like: 'csarofeen/pytorch#1799' },
  ),
]
