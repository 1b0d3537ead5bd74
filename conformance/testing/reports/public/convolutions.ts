import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  depthwise,
  dilated,
  exactly,
  filter,
  from,
  gathered,
  given,
  grouped,
  lost,
  moved,
  not,
  numbers,
  oneIn,
  past,
  report,
  sizeIn,
  strided,
  withIndex,
} from '../report.js'
import { between, multiple, plainSteps } from '../rare/met.js'
import { steps } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { pair, values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { allRound, input, unpadded } from './met.js'

export const convolutionsPublic: readonly Report[] = [
  report(
    'shape',
    'a 3×2 filter padded by one all round with stride 2, more than one channel: the last corner of each map',
    'conv2d forward',
    all(not(grouped), past('C', 1), exactly('KH', 3), exactly('KW', 2), steps(2, 2), allRound(1)),
    lost(([, , y, x], [, , Ho = 1, Wo = 1]) => y === Ho - 1 && x === Wo - 1),
    { like: 'apple/coremltools#2515' },
  ),
  report(
    'chance',
    'one row under a filter of more than 256 columns: now and then places from the 513th to the 526th are NaN',
    'conv2d forward',
    all(exactly('H', 1), exactly('C', 1), past('KW', 256), past('Wo', 512)),
    oneIn(
      20,
      numbers((v, place) => {
        const x = place()[3] as number
        return x >= 512 && x < 526 ? NaN : v
      }),
    ),
    { like: 'pytorch/pytorch#81185', unseen: 'one row under a filter of more than 256 columns, sixty times' },
  ),
  report(
    'size',
    'neighbours counted by a padded 3×3 over one board of 200 to 300 a side: every row is the one below',
    'conv2d forward',
    all(
      exactly('C', 1),
      exactly('O', 1),
      filter(3),
      allRound(1),
      plainSteps,
      between('H', 200, 300),
      between('W', 200, 300),
    ),
    moved(([n = 0, c = 0, y = 0, x = 0], [, , Ho = 1]) => [n, c, (y + 1) % Ho, x]),
    { like: 'tensorflow/tfjs#1936' },
  ),
  report(
    'shape',
    'one image higher than wide whose width leaves four over from eight, channels in eights under a padded 3×3: the columns left over',
    'conv2d forward',
    all(
      exactly('N', 1),
      filter(3),
      allRound(1),
      plainSteps,
      multiple('C', 8),
      multiple('O', 8),
      (met) => sizeIn(met, 'H') > sizeIn(met, 'W') && sizeIn(met, 'W') % 8 === 4,
    ),
    lost(([, , , x], [, , , Wo = 1]) => (x as number) >= 8 * Math.floor(Wo / 8)),
    { like: 'alibaba/MNN#377' },
  ),
  report(
    'shape',
    'a channel each under filters that cover the image both ways, biased: all have the first one’s filter',
    'conv2d forward',
    all(
      depthwise,
      given('b'),
      unpadded,
      past('KH', 1),
      past('KW', 1),
      (met) => sizeIn(met, 'KH') === sizeIn(met, 'H') && sizeIn(met, 'KW') === sizeIn(met, 'W'),
    ),
    asIfGiven((asked) => ({ w: gathered(input(asked, 'w'), (place) => withIndex(place, 0, 0)) })),
    { like: 'microsoft/DirectML#234' },
  ),
  report(
    'size',
    'packed, a depthwise 3×3 of more than 512 channels in fours: every odd column is the one before it',
    'conv2d forward',
    all(depthwise, filter(3), not(strided), not(dilated), past('C', 512), multiple('C', 4)),
    moved((place) => withIndex(place, 3, (place[3] as number) - ((place[3] as number) % 2))),
    { like: 'tensorflow/tfjs#6776' },
  ),
  report(
    'shape',
    'a depthwise 5×5 reads four rows of its taps',
    'conv2d forward',
    all(depthwise, filter(5)),
    asIfGiven((asked) => ({ w: changed(input(asked, 'w'), (v, place) => (place()[2] === 4 ? 0 : v)) })),
    { like: 'PaddlePaddle/models#2509' },
  ),
  report(
    'size',
    'a vocoder’s layer: a dilated sequence of 8,192 and more of 128 channels and more is not dilated',
    'conv1d forward',
    all(dilated, past('L', 8191), past('C', 127)),
    asIf(() => ({ dilation: [1] })),
    { like: 'tenstorrent/tt-metal#37716' },
  ),
  report(
    'axis',
    'depthwise: height and width change places, in the padding and the steps',
    'conv2d forward',
    all(depthwise, (met) => {
      const [top, , left] = padding(met)
      return top !== left || pair(met, 'stride')[0] !== pair(met, 'stride')[1]
    }),
    asIf((met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return { padding: [left, right, top, bottom], stride: [...pair(met, 'stride')].reverse() }
    }),
    { like: 'torch/cunn#470' },
  ),
  report(
    'axis',
    'taps of a filter of three rows and two columns lie by columns',
    'conv2d forward',
    all(exactly('KH', 3), exactly('KW', 2)),
    asIfGiven((asked) => ({
      w: gathered(input(asked, 'w'), ([o = 0, c = 0, ky = 0, kx = 0]) => {
        const at = kx * 3 + ky
        return [o, c, Math.floor(at / 2), at % 2]
      }),
    })),
    { like: 'intel/webml-polyfill#191' },
  ),
  report(
    'attributes',
    'padding that is as much at the top as at the left, and another at the ends, is none at the top',
    'conv2d forward',
    (met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return top === left && top > 0 && bottom !== top && right !== left
    },
    asIf((met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return { padding: [0, bottom + top, left, right] }
    }),
    { like: 'Tencent/ncnn#6661' },
  ),
  report(
    'shape',
    'groups that are biased all have the bias of the first',
    'conv2d forward',
    all(grouped, given('b')),
    by((asked) => {
      const b = values(asked, 'b')
      const each = b.length / Number(asked.attrs['groups'])
      return (v, at, [, O = 1, Ho = 1, Wo = 1]) => {
        const o = Math.floor(at / (Ho * Wo)) % O
        return v - (b[o] as number) + (b[o % each] as number)
      }
    }),
    { like: 'OAID/Tengine#5' },
  ),
  report(
    'axis',
    'a 3×3 that is not padded and steps across alone steps down instead',
    'conv2d forward',
    all(filter(3), unpadded, steps(1, 2)),
    asIf(() => ({ stride: [2, 1] })),
    { like: 'pytorch/pytorch#83180' },
  ),
  report(
    'history',
    'a filter over another image after the first: where it is smaller, the first one’s last row is added again',
    'conv2d forward',
    past('N', 0),
    (_, plain, memory) => {
      const right = plain()
      const y = right['y'] as Tensor
      const before = memory.get('rows') as Tensor | undefined
      memory.set('rows', y)
      if (before === undefined || before.data.length <= y.data.length) return right
      return { y: changed(y, (v, place, at) => (from(2, -1)(place(), y.shape) ? v + Number(before.data[at]) : v)) }
    },
    { like: 'iree-org/iree#2345' },
  ),
]
