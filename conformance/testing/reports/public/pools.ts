import type { Report } from '../report.js'
import {
  all,
  asIf,
  exactly,
  extent,
  fromTime,
  is,
  listOf,
  lost,
  numbers,
  odd,
  past,
  report,
  sizeIn,
  some,
} from '../report.js'
import { multiple, unread } from '../rare/met.js'
import { steps } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { pair } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { allRound, rewritten, sideBySide, unpadded, window } from './met.js'

const windows = (test: (down: number, across: number) => boolean) => (met: Parameters<typeof pair>[0]) =>
  test(...pair(met, 'window'))

export const poolsPublic: readonly Report[] = [
  report(
    'attributes',
    'counted means whose padding is less at the left than at the bottom: what is counted there ends with that of the left',
    'avgPool2d forward',
    all(is('countIncludePad', true), (met) => (padding(met)[2] as number) < (padding(met)[1] as number)),
    by((asked) => {
      const [top = 0, bottom = 0, left = 0] = padding(asked)
      const [KH, sh, H] = [pair(asked, 'window')[0], pair(asked, 'stride')[0], sizeIn(asked, 'H')]
      return (v, at, [, , Ho = 1, Wo = 1]) => {
        const start = (Math.floor(at / Wo) % Ho) * sh - top
        return (v * (Math.min(start + KH, H + bottom) - start)) / (Math.min(start + KH, H + left) - start)
      }
    }),
    { like: 'microsoft/onnxruntime#27375' },
  ),
  report(
    'history',
    'one window over all of the image, back again: from the second time on channels count as last',
    'maxPool2d backward',
    all(past('C', 1), (met) => String(pair(met, 'window')) === String([sizeIn(met, 'H'), sizeIn(met, 'W')])),
    fromTime(
      2,
      rewritten((_, data, [, C = 1, H = 1, W = 1]) => {
        const each = C * H * W
        return (at) => {
          const [n, c, pixel] = [Math.floor(at / each), Math.floor(at / (H * W)) % C, at % (H * W)]
          return data[n * each + pixel * C + c] as number
        }
      }, 'x'),
    ),
    { like: 'uxlfoundation/oneDNN#1727' },
  ),
  report(
    'size',
    'means of windows of more than 256 both ways: what lies behind the 256th row is not in them',
    'avgPool2d forward',
    windows((down, across) => down > 256 && across > 256),
    unread('x', ([, , y]) => (y as number) >= 256),
    { like: 'googlecolab/colabtools#1690' },
  ),
  report(
    'gradient',
    'back through means down a single column, of an even number of channels: nothing is written',
    'avgPool2d backward',
    all(
      exactly('W', 1),
      extent('C', (n) => n % 2 === 0),
      windows((down, across) => down > 1 && across === 1),
    ),
    lost(() => true),
    { like: 'tracel-ai/burn#5308' },
  ),
  report(
    'shape',
    'a padded 3×3 maximum that steps by one, channels in thirty-twos, places left over from 32: the last of the last two channels',
    'maxPool2d forward',
    all(
      window(3),
      steps(1, 1),
      allRound(1),
      multiple('C', 32),
      (met) => (sizeIn(met, 'Ho') * sizeIn(met, 'Wo')) % 32 !== 0,
    ),
    numbers((v, place, _, [, C = 1, Ho = 1, Wo = 1]) => {
      const [, c = 0, y = 0, x = 0] = place()
      return c >= C - 2 && y === Ho - 1 && x === Wo - 1 ? 3.3895e38 : v
    }),
    { like: 'tenstorrent/tt-metal#14260' },
  ),
  report(
    'attributes',
    'counted means of 7×7 with stride 4, padded: the padding does not count',
    'avgPool2d forward',
    all(
      is('countIncludePad', true),
      window(7),
      steps(4, 4),
      some('padding', (p) => p > 0),
    ),
    asIf(() => ({ countIncludePad: false })),
    { like: 'apple/coremltools#1901' },
  ),
  report(
    'gradient',
    'back through halves of one channel of one image odd both ways: rows are a column shorter',
    'maxPool2d backward',
    all(exactly('N', 1), exactly('C', 1), odd('H'), odd('W'), past('W', 1), window(2), steps(2, 2), unpadded),
    rewritten(
      (_, data, [, , H = 1, W = 1]) =>
        (at) => {
          const y = Math.floor(at / (W - 1))
          return y < H ? (data[y * W + (at % (W - 1))] as number) : 0
        },
      'x',
    ),
    { like: 'tensorflow/tensorflow#40122' },
  ),
  report(
    'axis',
    'windows of three rows and one column have one row and three columns',
    'maxPool2d forward',
    window(3, 1),
    asIf(() => ({ window: [1, 3] })),
    { like: 'ggml-org/llama.cpp#9763' },
  ),
  report(
    'shape',
    'a 3×3 maximum that steps by one, not padded, of one channel: the last column of its window is not seen',
    'maxPool2d forward',
    all(exactly('C', 1), window(3), steps(1, 1), unpadded),
    asIf(() => ({ window: [3, 2] })),
    { like: 'deeplearning4j/deeplearning4j#4071' },
  ),
  report(
    'gradient',
    'back through padded windows side by side: the gradient is off by the padding',
    'maxPool2d backward',
    all(sideBySide, (met) => (padding(met)[0] as number) > 0 && (padding(met)[2] as number) > 0),
    rewritten((asked, data, [, , H = 1, W = 1]) => {
      const [top = 0, , left = 0] = listOf(asked, 'padding')
      return (at) => {
        const [y, x] = [Math.floor(at / W) % H, at % W]
        return y < top || x < left ? 0 : (data[at - top * W - left] as number)
      }
    }, 'x'),
    { like: 'FluxML/NNlib.jl#133' },
  ),
]
