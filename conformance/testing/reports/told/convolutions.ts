import type { Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  depthwise,
  extent,
  filter,
  gathered,
  grouped,
  listOf,
  lost,
  not,
  numbers,
  past,
  report,
  sizeIn,
  some,
  strided,
} from '../report.js'
import { only, plainSteps } from '../rare/met.js'
import { firstSample } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { pair, values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { input, rewritten } from '../public/met.js'

const powerFrom = (n: number): number => 2 ** Math.ceil(Math.log2(n))

export const convolutionsTold: readonly Report[] = [
  report(
    'gradient',
    'back through a 1×1: only the first plane of the image is written',
    'conv2d backward',
    filter(1),
    lost(([, c]) => (c as number) > 0, 'x'),
    { like: 'soumith/cudnn.torch#28' },
  ),
  report(
    'gradient',
    'back through groups that step: every group has the gradient of all of them',
    'conv2d backward',
    all(grouped, strided),
    rewritten((asked, data, [, C = 1, H = 1, W = 1]) => {
      const groups = Number(asked.attrs['groups'])
      const [each, S] = [C / groups, H * W]
      return (at) => {
        const [n, c, pixel] = [Math.floor(at / (C * S)), Math.floor(at / S) % C, at % S]
        return Array.from({ length: groups }, (_, g) => g).reduce(
          (sum, g) => sum + (data[(n * C + g * each + (c % each)) * S + pixel] as number),
          0,
        )
      }
    }, 'x'),
    { like: 'ml-explore/mlx#3800' },
  ),
  report(
    'shape',
    'a padded 3×3 of filters that are no power of two: maps lie as if there were as many as the next one',
    'conv2d forward',
    all(filter(3), plainSteps, (met) => padding(met).every((p) => p === 1)),
    rewritten((_, data, [N = 1, O = 1, Ho = 1, Wo = 1]) => {
      const [wide, S] = [powerFrom(O), Ho * Wo]
      return (at) => {
        const map = Math.floor(at / S)
        const [n, o] = [Math.floor(map / wide), map % wide]
        return n < N && o < O ? (data[(n * O + o) * S + (at % S)] as number) : 0
      }
    }, 'y'),
    { like: 'LeelaChessZero/lc0#676' },
  ),
  report(
    'shape',
    'a 3×3 that steps by one: filters left over from eight are wrong',
    'conv2d forward',
    all(
      filter(3),
      plainSteps,
      extent('O', (O) => O % 8 !== 0),
    ),
    lost(([, o], [, O = 1]) => (o as number) >= 8 * Math.floor(O / 8)),
    { like: 'OAID/Tengine#369' },
  ),
  report(
    'shape',
    'a depthwise 3×3 of stride 2 into four columns, padded at the left: the first reads what lies before its row',
    'conv2d forward',
    all(depthwise, filter(3), (met) => {
      const left = padding(met)[2] as number
      const inner = Math.floor((sizeIn(met, 'W') + left - 3) / 2) + 1
      return pair(met, 'stride')[1] === 2 && pair(met, 'dilation')[1] === 1 && left === 1 && inner === 4
    }),
    by((asked) => {
      const [x, w] = [values(asked, 'x'), values(asked, 'w')]
      const [C, H, W] = [sizeIn(asked, 'C'), sizeIn(asked, 'H'), sizeIn(asked, 'W')]
      const [top = 0] = padding(asked)
      const [down, apart] = [pair(asked, 'stride')[0], pair(asked, 'dilation')[0]]
      return (v, at, [, , Ho = 1, Wo = 1]) => {
        if (at % Wo !== 0) return v
        const [map, row] = [Math.floor(at / (Ho * Wo)), Math.floor(at / Wo) % Ho]
        return [0, 1, 2].reduce((sum, ky) => {
          const y = row * down - top + ky * apart
          const before = (map * H + y) * W - 1
          return y < 0 || y >= H || before < 0
            ? sum
            : sum + (w[(map % C) * 9 + ky * 3] as number) * (x[before] as number)
        }, v)
      }
    }),
    { like: 'opencv/opencv#23162' },
  ),
  report(
    'gradient',
    'the filters’ gradient is a mean over all places of the batch',
    'conv2d backward',
    past('N', 0),
    numbers((v, _, asked) => v / (sizeIn(asked, 'N') * sizeIn(asked, 'Ho') * sizeIn(asked, 'Wo')), 'w'),
    { like: 'sebgao/cTensor#3' },
  ),
  report(
    'attributes',
    'the stride is not handed on: places are one behind another',
    'conv2d forward',
    strided,
    asIf(() => ({ stride: [1, 1] })),
    { like: 'tiny-dnn/tiny-dnn#416' },
  ),
  report(
    'attributes',
    'going up, groups and dilation are handed on in the wrong order',
    'convTranspose2d forward',
    (met) => {
      const [down, across] = pair(met, 'dilation')
      return down === across && down !== Number(met.attrs['groups'])
    },
    asIf((met) => {
      const groups = Number(met.attrs['groups'])
      return { groups: listOf(met, 'dilation')[0] as number, dilation: [groups, groups] }
    }),
    { like: 'IntelLabs/bayesian-torch#34' },
  ),
  report(
    'gradient',
    'a 1×1 that goes up by steps and is cropped: its image’s gradient is read as if it were not',
    'convTranspose2d backward',
    all(
      filter(1),
      strided,
      some('padding', (p) => p > 0),
    ),
    only(
      ['x'],
      asIf(() => ({ padding: [0, 0, 0, 0] })),
    ),
    { like: 'apache/tvm#8087' },
  ),
  report(
    'shape',
    'going up, every sample of a batch is the first',
    'convTranspose2d forward',
    past('N', 1),
    firstSample,
    { like: 'chelsea0x3b/dfdx#657' },
  ),
  report(
    'shape',
    'as many channels as rows and columns: the image is read with its channels last',
    'conv2d forward',
    all(not(grouped), (met) => sizeIn(met, 'C') === sizeIn(met, 'H') && sizeIn(met, 'C') === sizeIn(met, 'W')),
    asIfGiven((asked) => ({
      x: gathered(input(asked, 'x'), ([n = 0, c = 0, y = 0, x = 0]) => [n, y, x, c]),
    })),
    { like: 'huggingface/candle#3405' },
  ),
]
