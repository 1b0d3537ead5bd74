import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  asIf,
  depthwise,
  dilated,
  exactly,
  extent,
  filter,
  grouped,
  lost,
  moved,
  not,
  past,
  report,
  sizeIn,
  some,
  strided,
  withIndex,
} from '../report.js'
import { between, only, plainSteps } from '../rare/met.js'
import { padding } from '../triggers/met.js'
import { pulled, values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { unpadded } from './met.js'

/** Ways back of convolutions, and ways up. */

export const stepsPublic: readonly Report[] = [
  report(
    'gradient',
    'the filters’ gradient of an even number of columns, eight to fourteen: the last',
    'conv2d backward',
    all(
      between('KW', 8, 14),
      extent('KW', (n) => n % 2 === 0),
    ),
    lost(([, , , kx], [, , , KW = 1]) => kx === KW - 1, 'w'),
    { like: 'ROCm/MIOpen#100' },
  ),
  report(
    'gradient',
    'the image’s gradient of a 1×1 of 32 channels and filters and more is written in sixteens: pixels left over are 0',
    'conv2d backward',
    all(filter(1), plainSteps, unpadded, past('C', 31), past('O', 31), (met) => {
      const pixels = sizeIn(met, 'H') * sizeIn(met, 'W')
      return pixels > 16 && pixels % 16 !== 0
    }),
    lost(([, , y = 0, x = 0], [, , H = 1, W = 1]) => y * W + x >= 16 * Math.floor((H * W) / 16), 'x'),
    { like: 'ROCm/MIOpen#1672' },
  ),
  report(
    'gradient',
    'depthwise taps over a sequence of one: their gradients are one off',
    'conv1d backward',
    all(depthwise, exactly('L', 1), past('K', 1)),
    moved((place, [, , K = 1]) => withIndex(place, 2, ((place[2] as number) + 1) % K), 'w'),
    { like: 'intel/torch-xpu-ops#4906' },
  ),
  report(
    'attributes',
    'up by steps with a dilation: all of it a row lower and a column further right',
    'convTranspose2d forward',
    all(strided, dilated),
    by((_, right) => {
      const { data } = right['y'] as Tensor
      return (_v, at, [, , Ho = 1, Wo = 1]) =>
        at % Wo === 0 || Math.floor(at / Wo) % Ho === 0 ? 0 : Number(data[at - Wo - 1])
    }),
    { like: 'apache/mxnet#11203' },
  ),
  report(
    'shape',
    'a channel each up by two and cropped: all of it a row higher and a column further left',
    'convTranspose2d forward',
    all(
      grouped,
      exactly('Og', 1),
      (met) => Number(met.attrs['groups']) === sizeIn(met, 'C'),
      strided,
      some('padding', (p) => p > 0),
    ),
    by((_, right) => {
      const { data } = right['y'] as Tensor
      return (_v, at, [, , Ho = 1, Wo = 1]) =>
        at % Wo === Wo - 1 || Math.floor(at / Wo) % Ho === Ho - 1 ? 0 : Number(data[at + Wo + 1])
    }),
    { like: 'alibaba/MNN#951' },
  ),
  report(
    'gradient',
    'the image’s gradient of dilated filters that go up is that of filters without',
    'convTranspose2d backward',
    dilated,
    only(
      ['x'],
      asIf(() => ({ dilation: [1, 1] })),
    ),
    { like: 'ooples/AiDotNet#514' },
  ),
  report(
    'axis',
    'maps of groups that go up lie crosswise: the first of each group, then the second of each',
    'convTranspose2d forward',
    all(grouped, past('Og', 1)),
    moved((place, [, O = 1], asked) => {
      const groups = Number(asked.attrs['groups'])
      const [, o = 0] = place
      return withIndex(place, 1, (o % groups) * (O / groups) + Math.floor(o / groups))
    }),
    { like: 'uxlfoundation/oneDNN#352' },
  ),
  report(
    'axis',
    'filters that are no squares go up, cropped: what is cropped at the bottom and at the left change places',
    'convTranspose2d forward',
    (met) => sizeIn(met, 'KH') !== sizeIn(met, 'KW') && padding(met)[1] !== padding(met)[2],
    asIf((met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return { padding: [top, left, bottom, right] }
    }),
    { like: 'robertknight/rten#1399' },
  ),
  report(
    'gradient',
    'the image’s gradient of a 1×1 that goes up by steps is read without them: from places one behind another',
    'convTranspose2d backward',
    all(filter(1), strided, unpadded, not(grouped)),
    by((asked) => {
      const [dy, w] = [pulled(asked, 'y'), values(asked, 'w')]
      const { shape } = asked.cotangents['y'] as Tensor
      const [, O = 1, Ho = 1, Wo = 1] = shape
      return (v, at, [, C = 1, H = 1, W = 1]) => {
        if (dy.length === 0) return v
        const [p, c, n] = [at % (H * W), Math.floor(at / (H * W)) % C, Math.floor(at / (H * W * C))]
        return Array.from({ length: O }, (_, o) => o).reduce(
          (sum, o) => sum + (w[c * O + o] as number) * (dy[(n * O + o) * Ho * Wo + p] as number),
          0,
        )
      }
    }, 'x'),
    { like: 'pytorch/pytorch#63314' },
  ),
]
