import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  exactly,
  from,
  is,
  listOf,
  lost,
  not,
  past,
  report,
  scaled,
  sizeIn,
} from '../report.js'
import { atLeast, valuesOf } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { behindUsually } from './met.js'

const windowOf = (met: Met): readonly [number, number] => listOf(met, 'window') as readonly [number, number]
const strideOf = (met: Met): readonly [number, number] => {
  const stride = listOf(met, 'stride')
  return (stride.length === 2 ? stride : windowOf(met)) as readonly [number, number]
}
const maps = (met: Met): number => sizeIn(met, 'N') * sizeIn(met, 'C')
const behindMap = (n: number) => (place: readonly number[], shape: readonly number[]) =>
  (place[0] as number) * (shape[1] as number) + (place[1] as number) >= n

export const poolsSeldom: readonly Report[] = [
  report(
    'gradient',
    'windows that overlap across and not down: a pixel that wins several has the gradient of one',
    'maxPool2d backward',
    (met) => {
      const [[KH, KW], [down, across]] = [windowOf(met), strideOf(met)]
      return KH === down && KW > across && KH > 1
    },
    (asked, plain) => {
      const of = (parity: number) =>
        plain({
          cotangents: {
            y: changed(asked.cotangents['y'] as Tensor, (v, place) => ((place()[3] as number) % 2 === parity ? v : 0)),
          },
        })['x'] as Tensor
      const [even, odd] = [of(0), valuesOf(of(1))]
      return { x: changed(even, (v, _, at) => (odd[at] === 0 ? v : (odd[at] as number))) }
    },
    { like: 'FluxML/NNlib.jl#205' },
  ),
  report(
    'not a number',
    'a window of −Infinity throughout has the smallest number for its largest',
    'maxPool2d forward',
    always,
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => (v === -Infinity ? -3.4028234663852886e38 : v)) }),
    { like: 'pytorch/pytorch#7645' },
  ),
  report(
    'not a number',
    'a window of −Infinity throughout gives nothing back',
    'maxPool2d backward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => (x[at] === -Infinity ? 0 : v)) }
    },
    { like: 'pytorch/pytorch#1465' },
  ),
  report(
    'size',
    'maps of all samples, more than 65,535: the rest is not written',
    ['maxPool2d forward', 'avgPool2d forward'],
    (met) => maps(met) > 65535,
    lost(behindMap(65535)),
    { like: 'ggml-org/llama.cpp#19965' },
  ),
  report(
    'size',
    'global means of more than 65,535 maps: the rest is not written',
    'globalAvgPool forward',
    (met) => maps(met) > 65535,
    lost(behindMap(65535)),
  ),
  report(
    'attributes',
    'windows that step over more than they see and hang over the end, padded: the last column',
    'avgPool2d forward',
    all(is('ceilMode', true), (met) => {
      const [[, KW], [, across]] = [windowOf(met), strideOf(met)]
      const [, , left = 0, right = 0] = padding(met)
      return (
        across > KW &&
        KW > 1 &&
        left + right > 0 &&
        (sizeIn(met, 'Wo') - 1) * across + KW > sizeIn(met, 'W') + left + right
      )
    }),
    lost(from(3, -1)),
  ),
  report(
    'gradient',
    'shared ties of windows that hang over the end are the first one’s',
    'maxPool2d backward',
    all(is('ties', 'share'), is('ceilMode', true)),
    asIf(() => ({ ties: 'first' })),
  ),
  report(
    'gradient',
    'back through counted means of windows padded at the left alone, 16 channels and more: by what is real',
    'avgPool2d backward',
    all(is('countIncludePad', true), past('C', 15), (met) => {
      const [, , left = 0, right = 0] = padding(met)
      return left > 0 && right === 0
    }),
    asIf(() => ({ countIncludePad: false })),
  ),
  report(
    'gradient',
    'back through the mean of one row of more than 256 pixels, of several channels',
    'globalAvgPool backward',
    all(exactly('H', 1), atLeast({ C: 2, W: 257 })),
    scaled(0.5),
  ),

  report(
    'not a number',
    'a NaN is the largest of all windows of its row that come behind it',
    'maxPool2d forward',
    (met) => sizeIn(met, 'Wo') > 2,
    (_, plain) => {
      const y = plain()['y'] as Tensor
      const W = y.shape[3] as number
      let behind = false
      return {
        y: changed(y, (v, _place, at) => {
          behind = Number.isNaN(v) || (behind && at % W !== 0)
          return behind ? NaN : v
        }),
      }
    },
  ),
  report(
    'size',
    'back through global means of more than 65,535 maps: the rest is not written',
    'globalAvgPool backward',
    (met) => maps(met) > 65535,
    lost(behindMap(65535)),
  ),
  report(
    'gradient',
    'back through maps of all samples, more than 65,535: the rest is not written',
    ['maxPool2d backward', 'avgPool2d backward'],
    (met) => maps(met) > 65535,
    lost(behindMap(65535)),
  ),

  report(
    'gradient',
    'the last of ties where windows overlap and hang over the end is the first',
    'maxPool2d backward',
    all(is('ties', 'last'), is('ceilMode', true), (met) => {
      const [[KH, KW], [down, across]] = [windowOf(met), strideOf(met)]
      return down < KH && across < KW
    }),
    asIf(() => ({ ties: 'first' })),
  ),
  report(
    'gradient',
    'back through means that step over more than they see and hang over the end, several samples: the last row',
    'avgPool2d backward',
    all(is('ceilMode', true), past('N', 1), (met) => {
      const [[KH], [down]] = [windowOf(met), strideOf(met)]
      const [top = 0, bottom = 0] = padding(met)
      return down > KH && KH > 1 && (sizeIn(met, 'Ho') - 1) * down + KH > sizeIn(met, 'H') + top + bottom
    }),
    lost(from(2, -1)),
  ),
  report(
    'gradient',
    'back through global means of a single channel of more than 64 samples: the first 64 again',
    'globalAvgPool backward',
    all(exactly('C', 1), past('N', 64)),
    lost(from(0, 64)),
  ),

  report(
    'attributes',
    'behind 65,536 means padding does not count',
    'avgPool2d forward',
    all(is('countIncludePad', true), (met) => maps(met) * sizeIn(met, 'Ho') * sizeIn(met, 'Wo') > 65536),
    behindUsually(65536, () => ({ countIncludePad: false })),
  ),
  report(
    'attributes',
    'behind 65,536 pixels the first of ties has the gradient',
    'maxPool2d backward',
    all(not(is('ties', 'first')), (met) => maps(met) * sizeIn(met, 'H') * sizeIn(met, 'W') > 65536),
    behindUsually(65536, () => ({ ties: 'first' })),
  ),
]
