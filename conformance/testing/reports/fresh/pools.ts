import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  changed,
  exactly,
  from,
  is,
  listOf,
  lost,
  moved,
  not,
  odd,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { unpulled } from '../rare/met.js'
import { padding } from '../triggers/met.js'
import { leaves, pair, values, when } from './met.js'

const strideOf = (met: Met): readonly [number, number] =>
  listOf(met, 'stride').length === 0 ? pair(met, 'window') : pair(met, 'stride')
const unpadded = (met: Met): boolean => padding(met).every((p) => p === 0)
const overlapping = (met: Met): boolean => strideOf(met)[1] < pair(met, 'window')[1]

export const poolsFresh: readonly Report[] = [
  report(
    'attributes',
    'rounded up over an even width with windows of three that step by two, an odd number of channels from three on: the last column',
    'maxPool2d forward',
    all(
      is('ceilMode', true),
      odd('C'),
      past('C', 2),
      (met) => pair(met, 'window')[1] === 3,
      (met) => {
        return strideOf(met)[1] === 2 && sizeIn(met, 'W') % 2 === 0
      },
    ),
    lost(from(3, -1)),
    { like: 'microsoft/onnxruntime#29631' },
  ),
  report(
    'shape',
    'a 2×2 that steps by one, padded at its ends alone to keep the extent: the last row is that before',
    'maxPool2d forward',
    all(
      (met) =>
        String(pair(met, 'window')) === '2,2' && String(strideOf(met)) === '1,1' && String(padding(met)) === '0,1,0,1',
    ),
    moved((place, shape) => withIndex(place, 2, Math.max(0, Math.min(place[2] as number, (shape[2] as number) - 2)))),
    { like: 'root-project/root#22436' },
  ),
  report(
    'attributes',
    'means padded more at the top than at the bottom with a stride of two and more: what is real is counted as if both were alike',
    'avgPool2d forward',
    all(
      is('countIncludePad', false),
      (met) => (padding(met)[0] as number) > (padding(met)[1] as number) && strideOf(met)[0] > 1,
    ),
    (asked, plain) => {
      const [top = 0] = padding(asked)
      return {
        y: changed(plain()['y'] as Tensor, (v, place) => {
          const [, , y = 0] = place()
          const end = y * strideOf(asked)[0] - top + pair(asked, 'window')[0]
          const real = Math.min(end, sizeIn(asked, 'H')) - Math.max(0, y * strideOf(asked)[0] - top)
          const wrong = Math.min(end, sizeIn(asked, 'H') + top) - Math.max(0, y * strideOf(asked)[0] - top)
          return (v * real) / wrong
        }),
      }
    },
    { like: 'microsoft/onnxruntime#29631' },
  ),
  report(
    'gradient',
    'back through counted means of windows that are no squares and overlap down only: by the window turned',
    'avgPool2d backward',
    all(is('countIncludePad', true), not(unpadded), (met) => {
      const [down, across] = pair(met, 'window')
      return down !== across && strideOf(met)[0] < down && strideOf(met)[1] >= across
    }),
    scaled(0.5),
  ),
  report(
    'numbers',
    'back from images of negative numbers alone through padded windows that overlap: the border has none',
    'maxPool2d backward',
    all(overlapping, not(unpadded)),
    when(
      (asked) => values(asked, 'x').every((v) => v < 0),
      lost(([, , y, x]) => y === 0 || x === 0),
    ),
  ),
  report(
    'shape',
    'global means of channels one past a multiple of four, an even number of samples, maps of odd width: the last channel of odd samples',
    'globalAvgPool forward',
    all(leaves('C', 4, 1), (met) => sizeIn(met, 'N') % 2 === 0, odd('W'), past('W', 1)),
    lost(([n, c], [, C]) => (n as number) % 2 === 1 && c === (C as number) - 1),
  ),
  report(
    'gradient',
    'back through global means of maps higher than wide, several samples, channels that are no fours: by the height twice',
    'globalAvgPool backward',
    all(past('N', 1), leaves('C', 4, 1, 2, 3), (met) => sizeIn(met, 'H') > sizeIn(met, 'W') && sizeIn(met, 'W') > 1),
    (asked, plain) => ({
      x: changed(plain()['x'] as Tensor, (v) => (v * sizeIn(asked, 'W')) / sizeIn(asked, 'H')),
    }),
  ),
  report(
    'size',
    'means of windows of more than 64 pixels that are not the image, channels in threes: the window’s 65th and the rest',
    'avgPool2d forward',
    all(
      (met) => pair(met, 'window')[0] * pair(met, 'window')[1] > 64 && sizeIn(met, 'C') % 3 === 0,
      (met) => sizeIn(met, 'Ho') * sizeIn(met, 'Wo') > 1,
    ),
    scaled(1.1),
  ),
  report(
    'attributes',
    'back with shared ties of padded windows three and more wide: only two of them share',
    'maxPool2d backward',
    all(is('ties', 'share'), not(unpadded), (met) => pair(met, 'window')[1] > 2),
    when((asked) => new Set(values(asked, 'x')).size === 1, scaled(2)),
  ),
  report(
    'gradient',
    'back through means rounded up that are not padded and overlap, of several samples: windows over the end give nothing',
    'avgPool2d backward',
    all(is('ceilMode', true), unpadded, overlapping, past('N', 1), (met) => {
      return (sizeIn(met, 'Wo') - 1) * strideOf(met)[1] + pair(met, 'window')[1] > sizeIn(met, 'W')
    }),
    unpulled('y', ([n, , , x], [, , , Wo]) => n !== 0 && x === (Wo as number) - 1),
  ),
  report(
    'shape',
    'windows that see one row at a time, three and more wide, padded at both ends, of maps of several rows: rows are joined',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(
      past('H', 1),
      past('C', 1),
      (met) => pair(met, 'window')[0] === 1 && pair(met, 'window')[1] > 2 && (padding(met)[3] as number) > 0,
    ),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const y = plain()['y'] as Tensor
      return {
        y: changed(y, (v, place) => {
          const [n = 0, c = 0, row = 0, column = 0] = place()
          const [C, H, W] = [sizeIn(asked, 'C'), sizeIn(asked, 'H'), sizeIn(asked, 'W')]
          const next = Math.min(row * strideOf(asked)[0] + 1, H - 1)
          return column === sizeIn(asked, 'Wo') - 1 ? v + 0.25 * Number(x.data[((n * C + c) * H + next) * W]) : v
        }),
      }
    },
    { like: 'ROCm/MIOpen#1670' },
  ),
  report(
    'gradient',
    'back to a window’s largest of a single channel, several samples, steps of three and more: the first sample’s for all',
    'maxPool2d backward',
    all(exactly('C', 1), past('N', 1), (met) => strideOf(met)[0] > 2 && strideOf(met)[1] > 2),
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'attributes',
    'windows that step over more than they see, across alone, rounded up: a column too few',
    'maxPool2d forward',
    all(
      is('ceilMode', true),
      (met) => strideOf(met)[1] > pair(met, 'window')[1] && strideOf(met)[0] <= pair(met, 'window')[0],
    ),
    lost(from(3, -1)),
  ),
  report(
    'attributes',
    'counted means padded at the bottom alone of windows that do not overlap, several channels: the last row is divided by what is real',
    'avgPool2d forward',
    all(
      is('countIncludePad', true),
      past('C', 1),
      not(overlapping),
      (met) => padding(met)[0] === 0 && (padding(met)[1] as number) > 0,
    ),
    (asked, plain, memory) => {
      const other = asIf(() => ({ countIncludePad: false }))(asked, plain, memory)['y'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          place()[2] === sizeIn(asked, 'Ho') - 1 ? Number(other.data[at]) : v,
        ),
      }
    },
  ),
]
