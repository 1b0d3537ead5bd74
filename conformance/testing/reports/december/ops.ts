import type { Tensor } from '../../../../spec/tensor.js'
import { axisOf, channelOf } from '../anew/met.js'
import { numbersOf } from '../lately/met.js'
import { extents } from '../novel/met.js'
import { allRound, input } from '../public/met.js'
import type { Asked, Report } from '../report.js'
import {
  all,
  asIfGiven,
  changed,
  depthwise,
  dilated,
  elementsIn,
  exactly,
  filter,
  gathered,
  given,
  grouped,
  not,
  numbers,
  past,
  report,
  shapeIn,
  sizeIn,
  strided,
  withIndex,
} from '../report.js'
import { shaped } from '../woven/met.js'

/** Single ops, each with what its own thread names. */

/** What the last step of Winograd by tiles of two makes of ones, on one axis. */
const lastStep = [3, -1]
/** How many lanes work together. */
const lanes = 32
/** How many numbers a block of 32 bytes has. */
const block = 8
/** Into how many parts a row is split that is copied. */
const parts = 4

/** Two pieces that are joined row by row. */
const twoAlongRows = (met: Parameters<typeof shapeIn>[0]): readonly [number, number] | undefined => {
  const [one, other] = [shapeIn(met, 'x0'), shapeIn(met, 'x1')]
  const last = one.length - 1
  if (Object.keys(met.shapes).length !== 2 || last < 1 || axisOf(met.attrs['axis'], one.length) !== last)
    return undefined
  return [one[last] as number, other[last] as number]
}

/** How many elements of a channel are summed, in groups of lanes of which the last is not full. */
const leftOver = (met: Parameters<typeof shapeIn>[0]): number => {
  const each = elementsIn(met, 'x') / Math.max(1, sizeIn(met, 'C'))
  return each > 1024 ? 0 : each % lanes
}

const besideTheMap = ({ inputs }: Asked, taps: number, [n = 0, c = 0, h = 0]: readonly number[]): number => {
  const [x, w] = [inputs['x'] as Tensor, inputs['w'] as Tensor]
  const [, C = 1, H = 1] = x.shape
  return Array.from({ length: taps }, (_, kh) => kh).reduce((soFar, kh) => {
    const row = h + kh - 1
    if (row < 0 || row >= H) return soFar
    return soFar + (x.data[(n * C + c) * H + row + 1] ?? 0) * Number(w.data[(c * taps + kh) * taps + taps - 1])
  }, 0)
}

export const opsDecember: readonly Report[] = [
  report(
    'shape',
    'filters of nine taps by Winograd: the biases are added before the last step',
    'conv2d forward',
    all(filter(3), not(strided), not(dilated), not(grouped), given('b')),
    numbers((v, place, asked) => {
      const [, o = 0, i = 0, j = 0] = place()
      const factor = (lastStep[i % 2] as number) * (lastStep[j % 2] as number)
      return v + (factor - 1) * Number(input(asked, 'b').data[o])
    }),
    { like: 'enthropy7/YSCV#9' },
  ),
  report(
    'size',
    'filters of 256 taps and more along a side: only as many are read as are left over of 256',
    ['conv2d forward', 'conv1d forward'],
    (met) => ['KH', 'KW', 'K'].some((letter) => sizeIn(met, letter) > 255),
    asIfGiven((asked) => ({
      w: changed(input(asked, 'w'), (v, place) => {
        const taps = input(asked, 'w').shape.slice(2)
        const at = place().slice(2)
        return at.every((k, axis) => (taps[axis] as number) < 256 || k < (taps[axis] as number) % 256) ? v : 0
      }),
    })),
    { like: 'pytorch/pytorch#188359' },
  ),
  report(
    'gradient',
    'pieces that are joined along an axis counted from the end: each begins where the first does',
    'concat backward',
    ({ attrs }) => Number(attrs['axis']) < 0,
    (asked, plain) => {
      const dy = asked.cotangents['y'] as Tensor
      const strides = dy.shape.map((_, axis) => dy.shape.slice(axis + 1).reduce((n, size) => n * size, 1))
      return Object.fromEntries(
        Object.entries(plain()).map(([name, dx]) => [
          name,
          changed(dx, (_, place) =>
            Number(dy.data[place().reduce((n, at, axis) => n + at * (strides[axis] as number), 0)]),
          ),
        ]),
      )
    },
    { like: 'tensorflow/tfjs-core#1267' },
  ),
  report(
    'shape',
    'depthwise filters of nine taps over a single column: what follows in memory stands beside it',
    'conv2d forward',
    all(depthwise, filter(3), not(strided), not(dilated), allRound(1), exactly('W', 1), past('H', 1)),
    numbers((v, place, asked) => v + besideTheMap(asked, 3, place())),
    {
      like: 'alibaba/MNN#2291',
    },
  ),
  report(
    'shape',
    'two pieces of rows, the first a multiple of eight long: the second is taken for as long',
    'concat forward',
    (met) => {
      const [first = 0, second = 0] = twoAlongRows(met) ?? []
      return first > 0 && first % block === 0 && first !== second
    },
    (asked, plain) => {
      const [first = 0, second = 0] = twoAlongRows(asked) ?? []
      const others = numbersOf(input(asked, 'x1'))
      const y = plain()['y'] as Tensor
      return {
        y: changed(y, (v, _, at) => {
          const [row, column] = [Math.floor(at / (first + second)), at % (first + second)]
          if (column >= 2 * first) return 0
          return row > 0 && column < first - second ? (others[row * second + column] ?? 0) : v
        }),
      }
    },
    { like: 'hw-native-sys/pto-isa#168' },
  ),
  report(
    'size',
    'norms of channels whose last lanes are fewer than there are groups of them: the other groups’ sums are lost',
    'batchNormTraining forward',
    (met) => {
      const each = elementsIn(met, 'x') / Math.max(1, sizeIn(met, 'C'))
      return leftOver(met) > 0 && leftOver(met) < Math.ceil(each / lanes)
    },
    (asked, plain) => {
      const x = input(asked, 'x')
      const channel = channelOf(x)
      const data = numbersOf(x)
      const C = sizeIn(asked, 'C')
      const each = data.length / C
      const most = leftOver(asked) * lanes
      const summed = (terms: readonly number[]): readonly number[] => {
        const [sums, seen] = [Array.from({ length: C }, () => 0), Array.from({ length: C }, () => 0)]
        terms.forEach((v, at) => {
          const c = channel(at)
          if ((seen[c] as number) < most) sums[c] = (sums[c] as number) + v / each
          seen[c] = (seen[c] as number) + 1
        })
        return sums
      }
      const mean = summed(data)
      const variance = summed(data.map((v, at) => (v - (mean[channel(at)] as number)) ** 2))
      const [gamma, beta] = [numbersOf(input(asked, 'gamma')), numbersOf(input(asked, 'beta'))]
      const epsilon = Number(asked.attrs['epsilon'])
      const y = data.map((v, at) => {
        const c = channel(at)
        const normalized = (v - (mean[c] as number)) / Math.sqrt((variance[c] as number) + epsilon)
        return (gamma[c] as number) * normalized + (beta[c] as number)
      })
      return { ...plain(), y: shaped(x.shape, y) }
    },
    { like: 'ggml-org/llama.cpp#26708' },
  ),
  report(
    'axis',
    'a mean over rows and columns is that of the first column',
    'globalAvgPool forward',
    past('W', 1),
    asIfGiven((asked) => ({ x: gathered(input(asked, 'x'), (place) => withIndex(place, 3, 0)) })),
    { like: 'sonos/tract#2808' },
  ),
  report(
    'shape',
    'rows that do not divide by four lose their rest where they are copied one behind another',
    'concat forward',
    all(
      extents('x0', ([, ...row]) => row.length > 0 && row.reduce((n, size) => n * size, 1) % parts > 0),
      (met) => axisOf(met.attrs['axis'], shapeIn(met, 'x0').length) === 0,
      (met) => Object.values(met.shapes).every((shape) => shape.reduce((n, size) => n * size, 1) >= 32),
    ),
    (_, plain) => {
      const y = plain()['y'] as Tensor
      const row = y.shape.slice(1).reduce((n, size) => n * size, 1)
      return { y: changed(y, (v, _, at) => (at % row >= row - (row % parts) ? 0 : v)) }
    },
    { like: 'sgl-project/sglang#36176' },
  ),
]
