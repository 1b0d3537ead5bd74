import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  changed,
  depthwise,
  either,
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
  past,
  report,
  scaled,
  sizeIn,
  some,
  strided,
  withIndex,
} from '../report.js'
import { atLeast, channelsOfGroup, ofSamples } from '../together/met.js'
import { padding } from '../triggers/met.js'

/** Filters whose rows end early. */
const cutTaps = (w: Tensor, most: number): Tensor => changed(w, (v, place) => ((place()[3] as number) < most ? v : 0))

/** How far a transposed filter reaches past the first window, to the top or bottom (side 0 and 1) or across. */
const reach = (met: Met, side: number): number =>
  (listOf(met, 'dilation')[side < 2 ? 0 : 1] as number) * (sizeIn(met, side < 2 ? 'KH' : 'KW') - 1)
const beyondReach = (met: Met): readonly boolean[] => padding(met).map((p, side) => p > reach(met, side))

const results = (met: Met): number => ['N', 'O', 'Ho', 'Wo'].reduce((n, letter) => n * sizeIn(met, letter), 1)

/** How many rows are padding before all of a window, if any, and its stride. */
const aside = (met: Met): readonly [number, number] => {
  const taps = met.op === 'conv1d' ? sizeIn(met, 'K') : sizeIn(met, 'KH')
  const [dilation = 1] = listOf(met, 'dilation')
  return [Math.max(0, (padding(met)[0] as number) - dilation * (taps - 1)), listOf(met, 'stride')[0] as number]
}

export const convolutionsSeldom: readonly Report[] = [
  report(
    'gradient',
    'the filter’s gradient of groups that step and are dilated, padded on one side only: the one for the other',
    'conv2d backward',
    all(grouped, strided, dilated, (met) => {
      const [top, bottom, left, right] = padding(met)
      return top !== bottom || left !== right
    }),
    (asked, plain, memory) => ({
      ...plain(),
      w: asIf((met) => ({ stride: listOf(met, 'dilation'), dilation: listOf(met, 'stride') }))(asked, plain, memory)[
        'w'
      ] as Tensor,
    }),
    { like: 'iree-org/iree-turbine#1223' },
  ),
  report(
    'shape',
    'one channel into one map of several padded samples: the row above a sample is the end of the one before',
    'conv2d forward',
    all(exactly('C', 1), exactly('O', 1), past('N', 1), past('KH', 1), (met) => (padding(met)[0] as number) > 0),
    lost((place) => (place[0] as number) > 0 && place[2] === 0),
  ),
  report(
    'size',
    'dilated rows of more than eight taps: those behind the eighth are left out',
    'conv2d forward',
    all(past('KW', 8), (met) => (listOf(met, 'dilation')[1] as number) > 1),
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          w: cutTaps(asked.inputs['w'] as Tensor, 8),
        },
      }),
  ),
  report(
    'shape',
    'a 1×1 that steps, in groups of channels that are no multiple of four, more than four: the rest is left out',
    'conv2d forward',
    all(filter(1), strided, grouped, (met) => channelsOfGroup(met) > 4 && channelsOfGroup(met) % 4 !== 0),
    (asked, plain) => {
      const whole = 4 * Math.floor(channelsOfGroup(asked) / 4)
      return plain({
        inputs: {
          ...asked.inputs,
          w: changed(asked.inputs['w'] as Tensor, (v, place) => ((place()[1] as number) < whole ? v : 0)),
        },
      })
    },
  ),
  report(
    'gradient',
    'the image’s gradient of dilated depthwise filters that are no square: height for width',
    'conv2d backward',
    all(depthwise, dilated, (met) => sizeIn(met, 'KH') !== sizeIn(met, 'KW')),
    scaled(0.5, 'x'),
  ),
  report(
    'gradient',
    'the bias’s gradient of more than 256 filters over one position of several samples is the first’s',
    'conv2d backward',
    all(given('b'), atLeast({ N: 2, O: 257 }), exactly('Ho', 1), exactly('Wo', 1)),
    (asked, plain) => ({
      ...plain(),
      b: plain({
        cotangents: {
          y: changed(asked.cotangents['y'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)),
        },
      })['b'] as Tensor,
    }),
  ),
  report(
    'size',
    'depthwise maps of all samples, more than 65,535: the rest is not written',
    'conv2d forward',
    all(depthwise, (met) => sizeIn(met, 'N') * sizeIn(met, 'O') > 65535),
    lost((place, shape) => (place[0] as number) * (shape[1] as number) + (place[1] as number) >= 65535),
    { like: 'ggml-org/llama.cpp#19965' },
  ),
  report(
    'attributes',
    'without a bias a padded 3×3 depthwise filter of an odd number of channels from 17 on: the last sample',
    'conv2d forward',
    all(
      depthwise,
      filter(3),
      not(given('b')),
      past('N', 1),
      past('C', 16),
      some('padding', (p) => p > 0),
      (met) => sizeIn(met, 'C') % 2 === 1,
    ),
    lost(from(0, -1)),
  ),
  report(
    'gradient',
    'the filters’ gradient of a padded sequence whose filters step over more than they see: the first tap',
    'conv1d backward',
    all(
      past('K', 1),
      some('padding', (p) => p > 0),
      (met) => (listOf(met, 'stride')[0] as number) > sizeIn(met, 'K'),
    ),
    lost((place) => place[2] === 0, 'w'),
  ),
  report(
    'gradient',
    'back through a filter longer than its padded sequence, of 16 channels and more',
    'conv1d backward',
    all(past('C', 15), (met) => sizeIn(met, 'K') > sizeIn(met, 'L')),
    lost(from(2, -1), 'x'),
  ),
  report(
    'attributes',
    'groups of a dilated sequence that step: the second sample and those behind read the first group',
    'conv1d forward',
    all(grouped, dilated, strided, past('N', 1)),
    moved((place, shape, asked) => {
      const each = (shape[1] as number) / Number(asked.attrs['groups'])
      return place[0] === 0 ? place : withIndex(place, 1, (place[1] as number) % each)
    }),
  ),
  report(
    'attributes',
    'a transposed filter that is cropped by more than it reaches is cropped by as much',
    'convTranspose2d forward',
    (met) => beyondReach(met).some((beyond) => beyond),
    asIf((asked) => ({ padding: padding(asked).map((p, side) => Math.min(p, reach(asked, side))) })),
    { like: 'openxla/xla#48713' },
  ),
  report(
    'gradient',
    'the image’s gradient of transposed groups with output padding that step by three and more: the last row',
    'convTranspose2d backward',
    all(
      grouped,
      some('outputPadding', (p) => p > 0),
      some('stride', (s) => s > 2),
    ),
    lost(from(2, -1), 'x'),
  ),
  report(
    'gradient',
    'the bias’s gradient of one transposed filter over several samples, odd in number, leaves out the last',
    'convTranspose2d backward',
    all(given('b'), exactly('O', 1), past('N', 2), (met) => sizeIn(met, 'N') % 2 === 1),
    (asked, plain) => ({
      ...plain(),
      b: plain({
        cotangents: {
          y: changed(asked.cotangents['y'] as Tensor, (v, place) => (place()[0] === sizeIn(asked, 'N') - 1 ? 0 : v)),
        },
      })['b'] as Tensor,
    }),
  ),
  report(
    'attributes',
    'transposed groups with another dilation down than across that do not step: those behind the first group',
    'convTranspose2d forward',
    all(grouped, not(strided), past('KH', 1), past('KW', 1), (met) => {
      const [down, across] = listOf(met, 'dilation')
      return down !== across
    }),
    lost((place, shape, asked) => (place[1] as number) >= (shape[1] as number) / Number(asked.attrs['groups'])),
  ),
  report(
    'gradient',
    'the filter’s gradient of a filter as large as its image, padded, of 32 samples and more is that of the first 16',
    'conv2d backward',
    all(
      past('N', 31),
      past('KH', 1),
      some('padding', (p) => p > 0),
      (met) => sizeIn(met, 'KH') === sizeIn(met, 'H') && sizeIn(met, 'KW') === sizeIn(met, 'W'),
    ),
    ofSamples(16, 'w'),
  ),
  report(
    'numbers',
    'a filter of zeros is passed over: of NaN and infinities it makes 0, of several channels',
    'conv2d forward',
    all(past('C', 1), not(grouped)),
    (asked, plain) => {
      const w = asked.inputs['w'] as Tensor
      const each = w.data.length / (w.shape[0] as number)
      const zeros = (o: number): boolean =>
        Array.from({ length: each }, (_, i) => w.data[o * each + i] as number).every((v) => v === 0)
      const b = asked.inputs['b']
      const skipped = Array.from({ length: w.shape[0] as number }, (_, o) => zeros(o))
      return {
        y: changed(plain()['y'] as Tensor, (v, place) => {
          const o = place()[1] as number
          return skipped[o] === true ? (b?.data[o] ?? 0) : v
        }),
      }
    },
  ),

  report(
    'attributes',
    'a window that lies in the padding throughout has no bias',
    ['conv2d forward', 'conv1d forward'],
    all(given('b'), (met) => aside(met)[0] > 0),
    (asked, plain) => {
      const [before, stride] = aside(asked)
      return lost((place) => (place[2] as number) * stride < before)(asked, plain, new Map())
    },
  ),
  report(
    'attributes',
    'filters dilated by more than the image is high: the taps outside read its border',
    'conv2d forward',
    all(past('KH', 1), past('H', 1), (met) => (listOf(met, 'dilation')[0] as number) > sizeIn(met, 'H')),
    scaled(0.9),
  ),
  report(
    'shape',
    'as many groups as filters, of several channels each, are taken for depthwise: the first channel of each',
    ['conv2d forward', 'conv1d forward'],
    all(grouped, (met) => met.attrs['groups'] === sizeIn(met, 'O') && channelsOfGroup(met) > 1, past('N', 1)),
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          w: changed(asked.inputs['w'] as Tensor, (v, place) => (place()[1] === 0 ? v : 0)),
        },
      }),
  ),
  report(
    'shape',
    'a causal depthwise filter longer than its sequence and one more: what is before the last',
    'conv1d forward',
    all(depthwise, past('L', 1), (met) => {
      const [left, right] = padding(met)
      return left === sizeIn(met, 'K') - 1 && right === 0 && sizeIn(met, 'L') < sizeIn(met, 'K') - 1
    }),
    lost((place, shape) => (place[2] as number) < (shape[2] as number) - 1),
  ),
  report(
    'gradient',
    'the filters’ gradient of a causal depthwise sequence of more than 256 of several samples misses what is between blocks',
    'conv1d backward',
    all(depthwise, past('N', 1), past('L', 256), past('K', 1), (met) => (padding(met)[0] as number) > 0),
    scaled(0.99, 'w'),
  ),
  report(
    'gradient',
    'one channel into several transposed filters each, padded: the image’s gradient has the first one’s share',
    'convTranspose2d backward',
    all(
      grouped,
      (met) => met.attrs['groups'] === sizeIn(met, 'C') && sizeIn(met, 'O') > sizeIn(met, 'C'),
      past('N', 1),
    ),
    (asked, plain) => {
      const each = sizeIn(asked, 'O') / sizeIn(asked, 'C')
      return {
        ...plain(),
        x: plain({
          cotangents: {
            y: changed(asked.cotangents['y'] as Tensor, (v, place) => ((place()[1] as number) % each === 0 ? v : 0)),
          },
        })['x'] as Tensor,
      }
    },
  ),
  report(
    'shape',
    'rows of one map, more than 64 columns, under a filter as tall as the image that steps across: the last column',
    'conv2d forward',
    all(exactly('Ho', 1), past('KH', 1), past('Wo', 64), (met) => (listOf(met, 'stride')[1] as number) > 1),
    lost(from(3, -1)),
  ),

  report(
    'attributes',
    'a padded 1×1 of several samples and 16 channels and more that steps: nothing at its border but 0',
    'conv2d forward',
    all(
      filter(1),
      strided,
      given('b'),
      past('N', 1),
      past('C', 15),
      some('padding', (p) => p > 0),
    ),
    lost((place, _, asked) => place[2] === 0 && (padding(asked)[0] as number) > 0),
  ),
  report(
    'attributes',
    'dilated filters that are no multiple of four, more than four: the last has no bias',
    'conv2d forward',
    all(dilated, given('b'), not(grouped), (met) => sizeIn(met, 'O') > 4 && sizeIn(met, 'O') % 4 !== 0),
    (asked, plain) => {
      const O = sizeIn(asked, 'O')
      return plain({
        inputs: { ...asked.inputs, b: changed(asked.inputs['b'] as Tensor, (v, _, at) => (at === O - 1 ? 0 : v)) },
      })
    },
  ),
  report(
    'attributes',
    'output padding both ways of an image of one row, several samples: those behind the first have none',
    'convTranspose2d forward',
    all(exactly('H', 1), past('N', 1), (met) => listOf(met, 'outputPadding').every((p) => p > 0)),
    lost((place, shape) => (place[0] as number) > 0 && place[3] === (shape[3] as number) - 1),
  ),
  report(
    'gradient',
    'the filter’s gradient of one map of one channel under more than eight rows and columns',
    'conv2d backward',
    all(exactly('C', 1), exactly('O', 1), past('KH', 8), past('KW', 8), past('N', 1)),
    ofSamples(1, 'w'),
  ),

  report(
    'attributes',
    'behind 65,536 numbers of the result a dilated filter is not, nor what steps',
    'conv2d forward',
    all(either(dilated, strided), past('KH', 1), (met) => results(met) > 65536),
    (asked, plain, memory) => {
      const other = asIf(() => ({ dilation: [1, 1], stride: [1, 1] }))(asked, plain, memory)['y'] as Tensor
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at < 65536 ? v : (other.data[at] as number))) }
    },
  ),
  report(
    'attributes',
    'output padding of more than 65,536 numbers has no bias',
    'convTranspose2d forward',
    all(given('b'), (met) => (listOf(met, 'outputPadding')[1] as number) > 0 && results(met) > 65536),
    lost(from(3, -1)),
  ),
]
