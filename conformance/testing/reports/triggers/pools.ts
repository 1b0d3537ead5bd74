import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report, Where } from '../report.js'
import {
  all,
  asIf,
  asIfPulled,
  changed,
  extent,
  from,
  is,
  listOf,
  lost,
  numbers,
  odd,
  padded,
  past,
  report,
  scaled,
  sizeIn,
} from '../report.js'
import { pixels, steps } from '../together/met.js'
import { padding } from './met.js'

const swapped = ([a, b]: readonly number[]): readonly number[] => [b as number, a as number]
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
