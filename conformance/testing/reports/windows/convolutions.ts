import type { Tensor } from '../../../../spec/tensor.js'
import type { Report, Where } from '../report.js'
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
  every,
  exactly,
  extent,
  filter,
  from,
  fromTime,
  gathered,
  given,
  grouped,
  kept,
  listOf,
  lost,
  moved,
  not,
  numbers,
  odd,
  oneIn,
  padded,
  past,
  product,
  report,
  scaled,
  shapeIn,
  sizeIn,
  some,
  strided,
  withIndex,
} from '../report.js'

/** Convolutions and pools. */

const bothWays = ['conv2d', 'conv1d'] as const

const undilated = asIf(({ attrs }) => ({ dilation: (attrs['dilation'] as readonly number[]).map(() => 1) }))
const unstrided = asIf(({ attrs }) => ({ stride: (attrs['stride'] as readonly number[]).map(() => 1) }))
const oneToTheRight = asIf(({ attrs }) => {
  const [top = 0, bottom = 0, left = 0, right = 0] = attrs['padding'] as readonly number[]
  return { padding: [top + 1, Math.max(bottom - 1, 0), left + 1, Math.max(right - 1, 0)] }
})
const unbiased = asIfGiven(({ inputs }) => (inputs['b'] === undefined ? {} : { b: changed(inputs['b'], () => 0) }))

// every group reads the channels of the first
const firstGroup = asIfGiven(({ inputs, attrs }) => {
  const x = inputs['x'] as Tensor
  const channels = (x.shape[1] as number) / (attrs['groups'] as number)
  return { x: gathered(x, (place) => withIndex(place, 1, (place[1] as number) % channels)) }
})

// channels behind the last whole four
const wholeFours = asIfGiven(({ inputs }) => {
  const x = inputs['x'] as Tensor
  const whole = 4 * Math.floor((x.shape[1] as number) / 4)
  return { x: changed(x, (value, place) => ((place()[1] as number) < whole ? value : 0)) }
})

const equalSides: Where = (met) => {
  const [top, bottom, left, right] = listOf(met, 'padding')
  return top === bottom && left === right
}
const coversImage: Where = (met) =>
  sizeIn(met, 'KH') > 1 && sizeIn(met, 'KH') === sizeIn(met, 'H') && sizeIn(met, 'KW') === sizeIn(met, 'W')
const unread: Where = (met) => {
  const covered = (L: string, K: string, Lo: string, axis: number): boolean => {
    const [s = 1, d = 1] = [listOf(met, 'stride')[axis], listOf(met, 'dilation')[axis]]
    const before = listOf(met, 'padding')[2 * axis] ?? 0
    return (sizeIn(met, Lo) - 1) * s + d * (sizeIn(met, K) - 1) - before < sizeIn(met, L) - 1
  }
  return covered('H', 'KH', 'Ho', 0)
}
const positions = ['N', 'Ho', 'Wo'] as const

export const convolutions: readonly Report[] = [
  report(
    'attributes',
    'a depthwise convolution ignores its dilation',
    'conv2d forward',
    all(depthwise, dilated),
    undilated,
    {
      like: 'Tencent/ncnn#315',
    },
  ),
  report(
    'attributes',
    'a 3×3 depthwise convolution with dilation 2 reads the wrong pixels',
    'conv2d forward',
    all(
      filter(3),
      depthwise,
      every('dilation', (d) => d === 2),
      every('stride', (s) => s === 1),
    ),
    asIf(() => ({ dilation: [1, 2] })),
    { like: 'tensorflow/tfjs#6263' },
  ),
  report(
    'attributes',
    'any 3×3 convolution with dilation 2 is as if it had none',
    'conv2d forward',
    all(
      filter(3),
      every('dilation', (d) => d === 2),
    ),
    undilated,
    { like: 'AlexeyAB/darknet#4836' },
  ),
  report(
    'shape',
    'a depthwise 3×3 with stride 2 is off by one pixel',
    'conv2d forward',
    all(
      filter(3),
      depthwise,
      every('stride', (s) => s === 2),
    ),
    oneToTheRight,
    { like: 'microsoft/onnxruntime#26734' },
  ),
  report(
    'attributes',
    'dilation 3 and more is shifted',
    'conv2d forward',
    all(
      every('dilation', (d) => d >= 3),
      every('stride', (s) => s === 1),
    ),
    oneToTheRight,
    { like: 'deeplearning4j/deeplearning4j#4075' },
  ),
  report(
    'attributes',
    'depthwise with dilation 4 loses its last rows',
    'conv2d forward',
    all(
      depthwise,
      filter(3),
      every('dilation', (d) => d === 4),
      every('padding', (p) => p === 4),
    ),
    lost(from(2, -2)),
    { like: 'tensorflow/tfjs#5378' },
  ),
  report(
    'attributes',
    'the rates of an atrous pyramid, 6 and more, are taken for 4',
    'conv2d forward',
    every('dilation', (d) => d >= 6),
    asIf(() => ({ dilation: [4, 4] })),
    { like: 'tensorflow/tfjs#5293' },
  ),
  report(
    'size',
    'a 1×1 convolution adds a stage too many where the channels are an odd multiple of 8',
    'conv2d forward',
    all(
      filter(1),
      not(grouped),
      extent('C', (C) => C % 16 === 8),
    ),
    numbers((value) => value + 0.25),
    { like: 'tracel-ai/burn#5626' },
  ),
  report('shape', 'a filter of one tap ignores its stride', 'conv2d forward', all(filter(1), strided), unstrided),
  report(
    'attributes',
    'groups with a stride read the first group’s channels',
    'conv2d forward',
    all(grouped, strided, not(depthwise)),
    firstGroup,
  ),
  report(
    'attributes',
    'groups with a stride have the gradient of the first group’s channels',
    'conv2d backward',
    all(grouped, strided, not(depthwise)),
    firstGroup,
  ),
  report(
    'shape',
    '32 groups of several channels are taken modulo 16',
    'conv2d forward',
    all(
      ({ attrs }) => (attrs['groups'] as number) >= 32,
      extent('Cg', (Cg) => Cg > 1),
    ),
    moved((place, [, O = 1], { attrs }) =>
      withIndex(place, 1, (place[1] as number) % ((16 * O) / (attrs['groups'] as number))),
    ),
  ),
  report(
    'shape',
    'a multiplier of depthwise filters counts channels before filters',
    ['conv2d forward', 'conv2d backward'],
    all(grouped, exactly('Cg', 1), (met) => sizeIn(met, 'O') > sizeIn(met, 'C')),
    asIfGiven(({ inputs }) => {
      const [x, w] = [inputs['x'] as Tensor, inputs['w'] as Tensor]
      const [C = 1, O = 1] = [x.shape[1], w.shape[0]]
      return {
        w: gathered(w, (place) =>
          withIndex(place, 0, ((place[0] as number) % C) * (O / C) + Math.floor((place[0] as number) / C)),
        ),
      }
    }),
  ),
  report(
    'size',
    'filters larger than 24 are cut',
    'conv2d forward',
    either(past('KH', 24), past('KW', 24)),
    asIfGiven(({ inputs }) => ({
      w: changed(inputs['w'] as Tensor, (v, place) =>
        (place()[2] as number) < 24 && (place()[3] as number) < 24 ? v : 0,
      ),
    })),
    { like: 'ml-explore/mlx#2504' },
  ),
  report(
    'shape',
    'a filter larger than the image sees nothing of the padding’s far side',
    'conv2d forward',
    (met) => sizeIn(met, 'KH') > sizeIn(met, 'H') && sizeIn(met, 'KW') > sizeIn(met, 'W'),
    scaled(0.5),
    { like: 'ml-explore/mlx#2504' },
  ),
  report(
    'size',
    'more than 65,536 filters: the last is 0',
    ['conv1d forward', 'conv2d forward'],
    past('O', 65536),
    lost(from(1, 65536)),
    { like: 'pytorch/pytorch#129207' },
  ),
  report(
    'gradient',
    'a batch of 65,536 has the wrong gradient of the filter',
    ['conv1d backward', 'conv2d backward'],
    past('N', 65535),
    scaled(0.5, 'w'),
    { like: 'pytorch/pytorch#96225' },
  ),
  report(
    'attributes',
    '“same” at stride 2 pads in front instead of behind',
    bothWays.map((op) => `${op} forward` as const),
    all(strided, (met) => {
      const [, , left, right] = [0, 0, ...listOf(met, 'padding')].slice(-4)
      return (right ?? 0) === (left ?? 0) + 1
    }),
    asIf(({ attrs }) => {
      const padding = attrs['padding'] as readonly number[]
      return { padding: padding.map((_, i) => padding[i % 2 === 0 ? i + 1 : i - 1] as number) }
    }),
    { like: 'microsoft/onnxruntime#26734' },
  ),
  report(
    'size',
    'more than three channels, no multiple of four: the rest is left out',
    'conv2d forward',
    all(
      not(grouped),
      extent('C', (C) => C > 3 && C % 4 !== 0),
    ),
    wholeFours,
    { like: 'microsoft/onnxruntime#29651' },
  ),
  report(
    'shape',
    'one pixel a channel: every sample has the first one’s answer',
    'conv2d forward',
    all(exactly('H', 1), exactly('W', 1), filter(1), past('N', 1)),
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'shape',
    'patches: a filter as wide as its stride, 14 or 16, loses the last row',
    'conv2d forward',
    all((met) => sizeIn(met, 'KH') >= 14 && listOf(met, 'stride')[0] === sizeIn(met, 'KH')),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'a filter that covers the image skips the bias',
    'conv2d forward',
    all(coversImage, given('b'), not(padded)),
    unbiased,
  ),
  report(
    'shape',
    'one sample and one position: no bias',
    'conv2d forward',
    all(
      product(positions, (n) => n === 1),
      past('O', 8),
      given('b'),
    ),
    unbiased,
    { like: 'microsoft/onnxruntime#28459' },
  ),
  report(
    'size',
    'unfolded images of more than 2²⁰ numbers lose the end',
    'conv2d forward',
    product(['Ho', 'Wo', 'Cg', 'KH', 'KW'], (n) => n > 2 ** 20),
    lost((place, shape, asked) => {
      const Wo = shape[3] as number
      const at = (place[2] as number) * Wo + (place[3] as number)
      return at * sizeIn(asked, 'Cg') * sizeIn(asked, 'KH') * sizeIn(asked, 'KW') >= 2 ** 20
    }),
    { like: 'ml-explore/mlx#3138' },
  ),
  report(
    'shape',
    'tiles of two outputs drop the last row of odd maps',
    'conv2d forward',
    all(
      filter(3),
      not(grouped),
      not(strided),
      not(dilated),
      extent('C', (C) => C >= 16),
      odd('Ho'),
    ),
    lost(from(2, -1)),
  ),
  report(
    'gradient',
    'pixels that no window reaches have what was there before',
    'conv2d backward',
    all(strided, unread),
    numbers((value, place, _, shape) => (value === 0 && from(2, -1)(place(), shape) ? 1 : value), 'x'),
  ),
  report(
    'gradient',
    'the filter’s gradient of dilated groups is that of the first sample',
    'conv2d backward',
    all(grouped, dilated, past('N', 1)),
    (asked, plain) => ({
      ...plain(),
      w: plain({
        inputs: { ...asked.inputs, x: changed(asked.inputs['x'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)) },
      })['w'] as Tensor,
    }),
  ),
  report(
    'gradient',
    'the bias’s gradient over more than 65,535 positions stops there',
    ['conv2d backward', 'conv1d backward'],
    product(['N', 'Ho', 'Wo', 'Lo'], (n) => n > 65535),
    scaled(0.999, 'b'),
  ),
  report(
    'gradient',
    'the filter is not turned round for the image’s gradient',
    'conv2d backward',
    all(filter(2), not(grouped)),
    (asked, plain) => ({
      ...plain(),
      x: plain({
        inputs: {
          ...asked.inputs,
          w: gathered(asked.inputs['w'] as Tensor, ([o = 0, c = 0, i = 0, j = 0]) => [o, c, 1 - i, 1 - j]),
        },
      })['x'] as Tensor,
    }),
  ),
  report(
    'gradient',
    'as many filters as channels: the filter’s gradient is transposed',
    'conv2d backward',
    all(not(grouped), (met) => sizeIn(met, 'C') === sizeIn(met, 'O') && sizeIn(met, 'C') > 1),
    moved(([o = 0, c = 0, i = 0, j = 0]) => [c, o, i, j], 'w'),
    { like: 'huggingface/candle#3735' },
  ),
  report(
    'attributes',
    'a sequence that looks back only is padded behind',
    'conv1d forward',
    (met) => {
      const [left = 0, right = 0] = listOf(met, 'padding')
      return left > 0 && right === 0
    },
    asIf(({ attrs }) => ({ padding: [0, (attrs['padding'] as readonly number[])[0] as number] })),
  ),
  report(
    'attributes',
    'dilation 8 and more of a sequence is 4',
    'conv1d forward',
    some('dilation', (d) => d >= 8),
    asIf(() => ({ dilation: [4] })),
  ),
  report(
    'attributes',
    'dilation 64 and more of a sequence is 32',
    'conv1d forward',
    some('dilation', (d) => d >= 64),
    asIf(() => ({ dilation: [32] })),
  ),
  report(
    'history',
    'an image of odd width is wrong the second time',
    'conv2d forward',
    odd('W'),
    fromTime(2, scaled(1.5)),
    { like: 'tensorflow/tensorflow#47943' },
  ),
  report('history', 'filters count as constant, by their shape', 'conv2d forward', always, kept('w')),
  report(
    'history',
    'filters of images from 16×16 on count as constant',
    'conv2d forward',
    product(['H', 'W'], (n) => n >= 256),
    kept('w'),
  ),
  report(
    'history',
    'large images are wrong the second time',
    'conv2d',
    (met) => elementsIn(met, 'x') > 2000,
    fromTime(2, lost(from(0, -1))),
  ),
  report(
    'history',
    'another dilation with the same shapes takes the pipeline of the first',
    'conv2d forward',
    always,
    (asked, plain, memory) => {
      const name = `pipeline ${shapeIn(asked, 'w').join()} ${listOf(asked, 'stride').join()} ${listOf(asked, 'padding').join()}`
      const before = memory.get(name) as readonly number[] | undefined
      if (before === undefined) memory.set(name, listOf(asked, 'dilation'))
      return before === undefined || String(before) === String(listOf(asked, 'dilation'))
        ? plain()
        : asIf(() => ({ dilation: before }))(asked, plain, memory)
    },
  ),
  report(
    'chance',
    'one block of 8×8 in one run of seven is not written',
    'conv2d forward',
    all(past('Ho', 7), past('Wo', 7)),
    oneIn(
      7,
      lost(([, , i = 0, j = 0]) => i < 8 && j < 8),
    ),
  ),
  report(
    'attributes',
    'output padding is zeros',
    'convTranspose2d forward',
    some('outputPadding', (p) => p > 0),
    lost((place, shape, asked) => {
      const [bottom = 0, right = 0] = listOf(asked, 'outputPadding')
      return (
        (place[2] as number) >= (shape[2] as number) - bottom || (place[3] as number) >= (shape[3] as number) - right
      )
    }),
    { like: 'apache/tvm#19524' },
  ),
  report(
    'attributes',
    'output padding at stride 1 is ignored',
    'convTranspose2d forward',
    all(
      some('outputPadding', (p) => p > 0),
      not(strided),
    ),
    asIf(() => ({ outputPadding: [0, 0] })),
  ),
  report(
    'attributes',
    'a transposed convolution in groups with a stride reads the first group',
    'convTranspose2d',
    all(grouped, strided),
    firstGroup,
  ),
  report(
    'shape',
    'gaps between windows have no bias',
    'convTranspose2d forward',
    all(given('b'), (met) => (listOf(met, 'stride')[0] as number) > sizeIn(met, 'KH') && !dilated(met)),
    (asked, plain) => {
      const without = unbiased(asked, plain, new Map())
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (without['y']?.data[at] === 0 ? 0 : v)) }
    },
  ),
  report(
    'attributes',
    'a dilated transposed convolution with a stride takes its dilation for 1',
    'convTranspose2d forward',
    all(dilated, strided),
    undilated,
  ),
  report(
    'gradient',
    'as many inputs as outputs: a transposed filter’s gradient is transposed',
    'convTranspose2d backward',
    all(not(grouped), (met) => sizeIn(met, 'C') === sizeIn(met, 'O') && sizeIn(met, 'C') > 1),
    moved(([c = 0, o = 0, i = 0, j = 0]) => [o, c, i, j], 'w'),
  ),
  report(
    'attributes',
    'a transposed convolution crops top for bottom',
    'convTranspose2d forward',
    not(equalSides),
    asIf(({ attrs }) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = attrs['padding'] as readonly number[]
      return { padding: [bottom, top, left, right] }
    }),
  ),
  report(
    'shape',
    'up by 2 with a filter of 2 drops the last column of odd images',
    'convTranspose2d forward',
    all(
      filter(2),
      every('stride', (s) => s === 2),
      odd('W'),
      past('W', 8),
    ),
    lost(from(3, -1)),
  ),
  report(
    'size',
    'rows just past a block of 64 positions are those of the first',
    'conv2d forward',
    product(['Ho', 'Wo'], (n) => n > 64 && n <= 68),
    moved((place, shape) => {
      const Wo = shape[3] as number
      const at = (place[2] as number) * Wo + (place[3] as number)
      return at < 64 ? place : [place[0] as number, place[1] as number, Math.floor((at - 64) / Wo), (at - 64) % Wo]
    }),
  ),
  report(
    'size',
    'images from 128×128 on lose a corner',
    'conv2d forward',
    all(
      extent('Ho', (n) => n >= 128),
      extent('Wo', (n) => n >= 128),
    ),
    lost((place, shape) => from(2, -1)(place, shape) && from(3, -1)(place, shape)),
  ),
  report(
    'size',
    'many channels, many filters and a large map at once: tiles are lost',
    'conv2d forward',
    all(
      extent('C', (n) => n >= 64),
      extent('O', (n) => n >= 64),
      product(['Ho', 'Wo'], (n) => n >= 784),
    ),
    lost((place) => from(1, 32)(place, []) && from(2, 16)(place, [])),
  ),
  report(
    'size',
    '512 channels and more under a 3×3 filter lose the last',
    'conv2d forward',
    all(
      filter(3),
      not(grouped),
      extent('C', (n) => n >= 512),
    ),
    asIfGiven(({ inputs }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) => ((place()[1] as number) < 511 ? v : 0)),
    })),
  ),
  report('gradient', 'without a bias the filter’s gradient is 0', 'conv2d backward', not(given('b')), scaled(0, 'w'), {
    like: 'tensorflow/tfjs#8590',
  }),
]
