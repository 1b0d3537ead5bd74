import type { Tensor } from '../../../spec/tensor.js'
import type { Harm, Met, Report, Where } from './report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  dilated,
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
import { atLeast, channelsOfGroup, filtersOfGroup, firstSample, pixels, steps, valuesOf } from './together.js'

/**
 * Each with the trigger that one report names: a remainder that strides leave, an attribute that is 0 and counts as none, an
 * image on its side, a bias that the question before had, inputs of zeros.
 */

const padding = (met: Met): readonly number[] => listOf(met, 'padding')

/** Pixels of an axis that are left over behind the last window. */
const leftOver = (met: Met, axis: 0 | 1): number => {
  const [size, taps] = [sizeIn(met, axis === 0 ? 'H' : 'W'), sizeIn(met, axis === 0 ? 'KH' : 'KW')]
  const [before = 0, after = 0] = padding(met).slice(2 * axis)
  const [stride = 1, dilation = 1] = [listOf(met, 'stride')[axis], listOf(met, 'dilation')[axis]]
  return (size + before + after - dilation * (taps - 1) - 1) % stride
}

const swapped = ([a, b]: readonly number[]): readonly number[] => [b as number, a as number]
const reduced = (...reductions: readonly string[]): Where => {
  return ({ attrs }) => reductions.includes(attrs['reduction'] as string)
}

/** The answer with one of its parts made from others. */
const having = (answer: Readonly<Record<string, Tensor>>, part: Readonly<Record<string, Tensor>>) => ({
  ...answer,
  ...part,
})

/** The attribute counts as not given where it is 0. */
const noneIf0 = (
  id: string,
  touches: Report['touches'],
  attribute: string,
  usual: number,
  more: Parameters<typeof report>[5] = {},
): Report =>
  report(
    'attributes',
    id,
    touches,
    is(attribute, 0),
    asIf(() => ({ [attribute]: usual })),
    more,
  )

// ---- convolutions ------------------------------------------------------------------------------------------------

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

// ---- products ----------------------------------------------------------------------------------------------------

export const productsTriggered: readonly Report[] = [
  report(
    'size',
    'nine to 32 columns of more than 32 rows of a thousand terms and more: NaN',
    'dense forward',
    all(
      past('N', 32),
      past('I', 1023),
      extent('O', (O) => O > 8 && O <= 32),
    ),
    scaled(NaN),
    { like: 'ggml-org/llama.cpp#26921' },
  ),
  report(
    'size',
    'every other block of 64 rows is 0 where all are more than 64 and terms an odd multiple of eight',
    'dense forward',
    all(
      atLeast({ N: 65, I: 65, O: 65 }),
      extent('I', (I) => I % 16 === 8),
    ),
    lost((place) => Math.floor((place[0] as number) / 64) % 2 === 1),
    { like: 'ggml-org/ggml#1287' },
  ),
  report(
    'size',
    'two to eight rows of terms in multiples of 256 into 16 columns and more',
    'dense forward',
    all(
      extent('N', (N) => N > 1 && N <= 8),
      extent('I', (I) => I > 0 && I % 256 === 0),
      past('O', 15),
    ),
    scaled(0.5),
    { like: 'ggml-org/llama.cpp#25906' },
  ),
  report(
    'size',
    'a batch that is no power of two of 64 inputs and outputs and more',
    'dense forward',
    all(
      atLeast({ I: 64, O: 64 }),
      extent('N', (N) => N > 2 && N < 64 && !Number.isInteger(Math.log2(N))),
    ),
    lost(from(0, -1)),
    { like: 'Maratyszcza/NNPACK#43' },
  ),
  report(
    'gradient',
    'the weights’ gradient of an odd batch from 65 on, of inputs that are no multiple of four: the last sample',
    'dense backward',
    all(
      past('N', 64),
      odd('N'),
      extent('I', (I) => I > 4 && I % 4 !== 0),
    ),
    (asked, plain) => {
      const { w } = plain({
        inputs: {
          ...asked.inputs,
          x: changed(asked.inputs['x'] as Tensor, (v, place) =>
            (place()[0] as number) === sizeIn(asked, 'N') - 1 ? 0 : v,
          ),
        },
      })
      return having(plain(), { w: w as Tensor })
    },
    { like: 'tracel-ai/burn#5304' },
  ),
  report(
    'shape',
    'two pieces of outputs that are no multiple of four, 32 inputs and more: the last output is its first piece',
    'maxout forward',
    all(
      exactly('K', 2),
      past('I', 31),
      extent('O', (O) => O % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
]

// ---- recurrent layers --------------------------------------------------------------------------------------------

const sequences = ['rnn', 'lstm', 'gru'] as const

export const recurrentTriggered: readonly Report[] = [
  report(
    'size',
    'more than 65,536 steps of sequences together have no bias',
    'lstm forward',
    (met) => sizeIn(met, 'T') * sizeIn(met, 'N') > 65536,
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => 0) })),
    { like: 'ROCm/rocm-libraries#10551' },
  ),
  report(
    'size',
    'more than 100 sequences of 128 units: those behind',
    'lstm forward',
    all(past('N', 100), past('H', 127)),
    lost((place) => (place.at(-2) as number) >= 100),
    { like: 'pytorch/pytorch#177834' },
  ),
  report(
    'gradient',
    'the state weights’ gradient of several steps of eight sequences and more, of units that are no multiple of four',
    'gru backward',
    all(
      atLeast({ T: 2, N: 8 }),
      extent('H', (H) => H % 4 !== 0),
    ),
    scaled(0.9, 'wHh'),
    { like: 'pytorch/pytorch#54307' },
  ),
  report(
    'numbers',
    'an input of zeros has no bias either',
    ['gru forward', 'gruCell forward'],
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).every((v) => v === 0)
        ? plain({ inputs: { ...asked.inputs, bIh: changed(asked.inputs['bIh'] as Tensor, () => 0) } })
        : plain(),
    { like: 'uxlfoundation/oneDNN#617' },
  ),
  report(
    'gradient',
    'as many inputs as units: cotangents are overwritten by gradients before the last step’s are read',
    sequences.map((op) => `${op} backward` as const),
    all(past('T', 1), (met) => sizeIn(met, 'I') === sizeIn(met, 'H')),
    asIfPulled(({ cotangents }) =>
      Object.fromEntries(
        Object.entries(cotangents).map(([name, dy]) => [
          name,
          name === 'y' ? changed(dy, (v, place) => (place()[0] === 0 ? 0 : v)) : dy,
        ]),
      ),
    ),
    { like: 'apache/mxnet#18203' },
  ),
  report(
    'gradient',
    'the bias’s gradient of more than 256 steps of sequences together, of units in eights',
    'lstm backward',
    all(
      (met) => sizeIn(met, 'T') * sizeIn(met, 'N') > 256,
      past('T', 1),
      extent('H', (H) => H % 8 === 0),
    ),
    scaled(0.9, 'b'),
  ),
  report(
    'shape',
    'one input into 64 units and more of several samples: the last unit',
    ['lstmCell forward', 'gruCell forward', 'rnnCell forward'],
    all(exactly('I', 1), atLeast({ N: 2, H: 64 })),
    lost(from(1, -1), 'h'),
  ),
  report(
    'size',
    'an odd number of samples from 17 on, of units in sixteens: the last sample',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    all(
      past('N', 16),
      odd('N'),
      extent('H', (H) => H % 16 === 0),
    ),
    lost(from(0, -1), 'h'),
  ),
  report(
    'history',
    'another number of steps after the first keeps the first one’s',
    ['rnn forward', 'gru forward'],
    past('T', 1),
    (asked, plain, memory) => {
      const name = `steps ${asked.op} ${shapeIn(asked, 'wIh').join()} ${sizeIn(asked, 'N')}`
      const before = (memory.get(name) as number | undefined) ?? sizeIn(asked, 'T')
      memory.set(name, before)
      return sizeIn(asked, 'T') <= before
        ? plain()
        : lost((place, shape) => shape.length === 3 && (place[0] as number) >= before)(asked, plain, memory)
    },
  ),
]

// ---- normalization, pools ----------------------------------------------------------------------------------------

const rest = (met: Met): readonly number[] => shapeIn(met, 'x').slice(2)
const overhangs = (met: Met): boolean => {
  const [top = 0, bottom = 0] = padding(met)
  const [[window = 1], stride] = [listOf(met, 'window'), listOf(met, 'stride')]
  return (sizeIn(met, 'Ho') - 1) * (stride[0] ?? window) + window > sizeIn(met, 'H') + top + bottom
}
const windowOf = (test: (KH: number, KW: number) => boolean): Where => {
  return (met) => {
    const [KH = 1, KW = 1] = listOf(met, 'window')
    return test(KH, KW)
  }
}

export const normsTriggered: readonly Report[] = [
  report(
    'gradient',
    'maps of one pixel of more than 512 samples and several channels',
    'batchNormTraining backward',
    all(past('N', 512), past('C', 1), (met) => rest(met).length > 0 && rest(met).every((n) => n === 1)),
    scaled(0.9, 'gamma'),
    { like: 'ROCm/MIOpen#1109' },
  ),
  report(
    'size',
    'features that are no multiple of four, of 64 rows and more: the last keeps its numbers',
    'batchNormTraining forward',
    all(
      past('N', 63),
      extent('C', (C) => C > 4 && C % 4 !== 0),
      (met) => rest(met).length === 0,
    ),
    lost(from(1, -1), 'y'),
    { like: 'intel/torch-xpu-ops#1238' },
  ),
  report(
    'size',
    'sequences of more than 65,535 samples by given statistics: the rest is not written',
    'batchNormInference forward',
    all(past('N', 65535), (met) => rest(met).length > 0),
    lost(from(0, 65535)),
    { like: 'pytorch/pytorch#29744' },
  ),
  report(
    'numbers',
    'a given variance of 0 counts as 1',
    ['batchNormInference forward', 'batchNormInference backward'],
    ({ attrs }) => Number(attrs['epsilon']) > 0,
    asIfGiven(({ inputs }) => ({ runningVar: changed(inputs['runningVar'] as Tensor, (v) => (v === 0 ? 1 : v)) })),
  ),
  report(
    'attributes',
    'a momentum of 1 counts as none: statistics stay what they were',
    'batchNormTraining forward',
    is('momentum', 1),
    asIf(() => ({ momentum: 0 })),
  ),
  noneIf0('a momentum of 0 is the usual one', ['batchNormTraining forward'], 'momentum', 0.1),
  report(
    'attributes',
    'biased running variances of one sample are the others',
    'batchNormTraining forward',
    all(is('runningVariance', 'biased'), exactly('N', 1), (met) => rest(met).some((n) => n > 1)),
    asIf(() => ({ runningVariance: 'unbiased' })),
  ),
  report(
    'axis',
    'channels from the number of samples on are normalized by none',
    ['localResponseNorm forward'],
    (met) => sizeIn(met, 'C') > sizeIn(met, 'N'),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const factor = Number(asked.attrs['k']) ** -Number(asked.attrs['beta'])
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          (place()[1] as number) >= sizeIn(asked, 'N') ? factor * (x[at] as number) : v,
        ),
      }
    },
    { like: 'onnx/onnx#7805' },
  ),
  report(
    'gradient',
    'a power of 1 leaves the neighbours out, of four channels and more under a window of three and more',
    'localResponseNorm backward',
    all(is('beta', 1), past('C', 3), (met) => Number(met.attrs['size']) > 2),
    scaled(0.9),
  ),
  noneIf0('a k of 0 counts as 1', ['localResponseNorm forward', 'localResponseNorm backward'], 'k', 1),
  report(
    'shape',
    'sequences of several samples: every one is normalized as the first',
    'localResponseNorm forward',
    all(past('N', 1), past('C', 7), (met) => rest(met).length === 1 && (rest(met)[0] as number) > 1),
    firstSample,
  ),
]

export const poolsTriggered: readonly Report[] = [
  report(
    'gradient',
    'maps wider than high: columns from their height on give nothing back',
    'maxPool2d backward',
    (met) => sizeIn(met, 'Wo') > sizeIn(met, 'Ho'),
    asIfPulled((asked) => ({
      y: changed(asked.cotangents['y'] as Tensor, (v, place) =>
        (place()[3] as number) >= sizeIn(asked, 'Ho') ? 0 : v,
      ),
    })),
    { like: 'pytorch/pytorch#36820' },
  ),
  report(
    'gradient',
    'back through padded means that overlap, of channels in fours: the last column',
    'avgPool2d backward',
    all(
      padded,
      extent('C', (C) => C % 4 === 0),
      windowOf((KH, KW) => KH > 1 && KW > 1),
      (met) => (listOf(met, 'stride')[1] as number) < (listOf(met, 'window')[1] as number),
    ),
    lost(from(3, -1)),
    { like: 'pytorch/pytorch#188344' },
  ),
  report(
    'gradient',
    'back through means that count their padding and hang over the end: by all of the window',
    'avgPool2d backward',
    all(is('ceilMode', true), is('countIncludePad', true), overhangs),
    numbers((v, place, _, shape) => (place()[2] === (shape[2] as number) - 1 ? 0.5 * v : v)),
    { like: 'pytorch/pytorch#198119' },
  ),
  report(
    'size',
    'means of more than 2,048 numbers are summed in halves',
    ['avgPool2d forward'],
    windowOf((KH, KW) => KH * KW > 2048),
    scaled(0.5),
    { like: 'ROCm/MIOpen#2109' },
  ),
  report(
    'shape',
    'even windows that step by one over images odd both ways: the last column',
    'maxPool2d forward',
    all(
      odd('H'),
      odd('W'),
      steps(1, 1),
      windowOf((KH, KW) => KH % 2 === 0 && KW % 2 === 0),
    ),
    lost(from(3, -1)),
    { like: 'doonny/PipeCNN#5' },
  ),
  report(
    'attributes',
    'means of 16 channels and more that step by another number down than across take the one for the other',
    ['avgPool2d forward', 'avgPool2d backward'],
    all(past('C', 15), (met) => {
      const [down, across] = listOf(met, 'stride')
      return down !== across
    }),
    asIf((asked) => ({ stride: swapped(listOf(asked, 'stride')) })),
  ),
  report(
    'size',
    'a global mean of channels from 33 on that are no multiple of 32, of several samples: the last channel',
    'globalAvgPool forward',
    all(
      past('N', 1),
      extent('C', (C) => C > 32 && C % 32 !== 0),
      pixels((n) => n > 1),
    ),
    lost(from(1, -1)),
    { like: 'tenstorrent/tt-metal#14268' },
  ),
]

// ---- losses, rows ------------------------------------------------------------------------------------------------

export const lossesTriggered: readonly Report[] = [
  report(
    'gradient',
    'a sum’s gradient is divided by the rows',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(reduced('sum'), past('N', 1)),
    (asked, plain) => scaled(1 / sizeIn(asked, 'N'))(asked, plain, new Map()),
    { like: 'paiml/aprender#2182' },
  ),
  report(
    'numbers',
    'a logit of 0 has the gradient of a slope that is 0 there',
    'bceWithLogits backward',
    always,
    (asked, plain) => {
      const logits = valuesOf(asked.inputs['logits'] as Tensor)
      return { logits: changed(plain()['logits'] as Tensor, (v, _, at) => (logits[at] === 0 ? 0 : v)) }
    },
    { like: 'pytorch/pytorch#1792' },
  ),
  report(
    'size',
    'the mean of more than 100,000 numbers that are no multiple of 1,024 misses the last part',
    ['bceWithLogits forward', 'mse forward'],
    all(reduced('mean'), (met) => {
      const n = elementsIn(met, 'target')
      return n > 100000 && n % 1024 !== 0
    }),
    (asked, plain) => {
      const target = valuesOf(asked.inputs['target'] as Tensor)
      const whole = 1024 * Math.floor(target.length / 1024)
      // what costs nothing
      const right = asked.op === 'mse' ? (at: number) => target[at] as number : () => 1e9
      const name = asked.op === 'mse' ? 'prediction' : 'logits'
      return plain({
        inputs: {
          target: changed(asked.inputs['target'] as Tensor, (v, _, at) =>
            at < whole ? v : asked.op === 'mse' ? v : 1,
          ),
          [name]: changed(asked.inputs[name] as Tensor, (v, _, at) => (at < whole ? v : right(at))),
        },
      })
    },
    { like: 'Oneflow-Inc/oneflow#9666' },
  ),
  report(
    'gradient',
    'one row of more than 64 classes that is not reduced: the last class',
    ['hinge backward', 'cce backward', 'softmaxCrossEntropy backward'],
    all(exactly('N', 1), past('C', 64), reduced('none')),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'the gradient of a sum over a number of elements from 1,000 on that is no multiple of four: the last',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(reduced('sum'), (met) => elementsIn(met, 'target') > 1000 && elementsIn(met, 'target') % 4 !== 0),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  noneIf0('a penalty of 0 is one of 10⁻⁴', ['l2Penalty forward', 'l2Penalty backward'], 'beta', 1e-4),
  report(
    'numbers',
    'a probability below 10⁻⁷ gives no gradient, as if it were cut there',
    ['cce backward', 'bce backward'],
    always,
    (asked, plain) => {
      const p = valuesOf(asked.inputs['prediction'] as Tensor)
      return {
        prediction: changed(plain()['prediction'] as Tensor, (v, _, at) => ((p[at] as number) < 1e-7 ? 0 : v)),
      }
    },
    { like: 'tensorflow/tensorflow#32039' },
  ),
  report(
    'size',
    'rows of 257 to 384 numbers, of two and more',
    'logSoftmax forward',
    all(
      (met) => shapeIn(met, 'x').length > 1,
      (met) => {
        const x = shapeIn(met, 'x')
        const axis = Number(met.attrs['axis'])
        const along = x.at(axis) as number
        return along > 256 && along <= 384 && elementsIn(met, 'x') > along
      },
    ),
    scaled(0.9),
    { like: 'intel/torch-xpu-ops#4772' },
  ),
  report(
    'size',
    'back along rows of 1,025 to 1,535 numbers',
    ['softmax backward', 'logSoftmax backward'],
    (met) => {
      const along = shapeIn(met, 'x').at(Number(met.attrs['axis'])) as number
      return along > 1024 && along < 1536
    },
    scaled(0.9),
    { like: 'intel/torch-xpu-ops#4772' },
  ),
]

// ---- optimizers --------------------------------------------------------------------------------------------------

const decays: Where = ({ attrs }) => Number(attrs['weightDecay']) > 0

/** The decay is taken off the weights by itself, and no state sees it. */
const apart: Harm = (asked, plain) => {
  const answer = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
  const before = valuesOf(asked.inputs['w'] as Tensor)
  const step = Number(asked.attrs['learningRate']) * Number(asked.attrs['weightDecay'])
  return { ...answer, w: changed(answer['w'] as Tensor, (v, _, at) => v - step * (before[at] as number)) }
}

export const optimizersTriggered: readonly Report[] = [
  report('convention', 'the decay is in no accumulator', ['adagrad', 'adadelta'], decays, apart, {
    like: 'apache/mxnet#9363',
  }),
  report(
    'attributes',
    'Adadelta’s learning rate counts as 1',
    'adadelta',
    (met) => met.attrs['learningRate'] !== 1,
    asIf(() => ({ learningRate: 1 })),
  ),
  noneIf0('AdamW’s decay of 0 is the usual one', ['adamw'], 'weightDecay', 0.01),
  noneIf0('RMSprop’s decay of 0 is the usual one', ['rmsprop'], 'decay', 0.99),
  report(
    'attributes',
    'without a first moment Adam keeps the one before',
    ['adam', 'adamw'],
    is('beta1', 0),
    (asked, plain) => having(plain(), { m: asked.inputs['m'] as Tensor }),
  ),
  report(
    'shape',
    'what has one axis is a bias, and does not decay',
    ['sgd', 'momentum'],
    all(
      decays,
      holds('w', (n, shape) => shape.length === 1 && n > 1),
    ),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'attributes',
    'Nesterov’s step of weights that decay leaves the decay out',
    'momentum',
    all(is('nesterov', true), decays),
    asIf(() => ({ weightDecay: 0 })),
  ),
]

// ---- the rest ----------------------------------------------------------------------------------------------------

export const movingTriggered: readonly Report[] = [
  noneIf0('a leaky slope of 0 is the usual one', ['leakyRelu forward', 'leakyRelu backward'], 'alpha', 0.1),
  report(
    'numbers',
    'tanh by exponentials: of numbers below 10⁻⁴ it is 0',
    'tanh forward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (Math.abs(x[at] as number) < 1e-4 ? 0 : v)) }
    },
    { like: 'mil-tokyo/webdnn#525' },
  ),
  report(
    'gradient',
    'four tensors and more of equal lengths, joined at their ends: the last has the first one’s gradient',
    'concat backward',
    (met) => {
      const shapes = Object.values(met.shapes)
      const axis = Number(met.attrs['axis'])
      const x = shapeIn(met, 'x0')
      return (
        shapes.length > 3 && [x.length - 1, -1].includes(axis) && shapes.every((shape) => String(shape) === String(x))
      )
    },
    (_, plain) => {
      const answer = plain()
      const last = Object.keys(answer).reduce(
        (a, name) => (Number(name.slice(1)) > Number(a.slice(1)) ? name : a),
        'x0',
      )
      return having(answer, { [last]: answer['x0'] as Tensor })
    },
  ),
  report(
    'shape',
    'a last axis in fours that becomes an odd one, of more than 256 numbers: the last number',
    'reshape forward',
    (met) => {
      const [x, y] = [shapeIn(met, 'x'), met.attrs['shape'] as readonly number[]]
      return elementsIn(met, 'x') > 256 && x.length > 0 && (x.at(-1) as number) % 4 === 0 && (y.at(-1) ?? 0) % 2 === 1
    },
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'gradient',
    'maps of one pixel of several samples: the factors’ gradient is the cotangent',
    'scaleChannels backward',
    all(past('N', 1), exactly('H', 1), exactly('W', 1)),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      const answer = plain()
      return having(answer, { s: changed(answer['s'] as Tensor, (_, __, at) => dy[at] as number) })
    },
  ),
  report('attributes', 'where all is kept nothing comes back', 'dropout backward', is('keep', 1), scaled(0)),
  report(
    'numbers',
    'steps beyond 2²⁴ are rounded as f32 does',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Math.fround(Number(attrs['step'])) !== Number(attrs['step']),
    asIf(({ attrs }) => ({ step: Math.min(Math.fround(Number(attrs['step'])), 2 ** 32 - 1) })),
  ),
  report(
    'shape',
    'one row applied is normalized by itself',
    'zScoreNormalize forward',
    all(given('apply'), exactly('M', 1)),
    scaled(0),
  ),
  report(
    'size',
    'a single column of more than a thousand rows',
    ['zScoreNormalize forward', 'minMaxNormalize forward'],
    all(exactly('D', 1), past('N', 1000)),
    scaled(0.9),
  ),
]
