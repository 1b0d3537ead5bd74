import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
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
import { atLeast, pixels, valuesOf } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { between, multiple, over, unpulled, unread } from './met.js'

const windowOf = (met: Met): readonly [number, number] => {
  const [down = 1, across = down] = listOf(met, 'window')
  return [down, across]
}
const strideOf = (met: Met): readonly [number, number] => {
  const [down = windowOf(met)[0], across = windowOf(met)[1]] = listOf(met, 'stride')
  return [down, across]
}
const isWindow = (KH: number, KW: number) => (met: Met) => String(windowOf(met)) === `${KH},${KW}`
const stepsBy = (down: number, across: number) => (met: Met) => String(strideOf(met)) === `${down},${across}`

export const poolsRare: readonly Report[] = [
  report(
    'shape',
    'means of a 3×3 that steps by one, padded all round, of 64 channels and more: corners are divided as edges',
    'avgPool2d forward',
    all(isWindow(3, 3), stepsBy(1, 1), past('C', 63), is('countIncludePad', false), (met) =>
      padding(met).every((p) => p === 1),
    ),
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (v, place) => {
        const [, , y, x] = place() as readonly [number, number, number, number]
        const [Ho, Wo] = [sizeIn(asked, 'Ho'), sizeIn(asked, 'Wo')]
        return (y === 0 || y === Ho - 1) && (x === 0 || x === Wo - 1) ? (v * 4) / 6 : v
      }),
    }),
    { like: 'tenstorrent/tt-xla#3948' },
  ),
  report(
    'shape',
    'a window of one pixel that steps by another number down than across reads rows as columns',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(isWindow(1, 1), past('C', 3), (met) => strideOf(met)[0] !== strideOf(met)[1]),
    (asked, plain, memory) => {
      const [down, across] = strideOf(asked)
      return asIf(() => ({ stride: [across, down] }))(asked, plain, memory)
    },
    { like: 'tensorflow/tfjs#5920' },
  ),
  report(
    'shape',
    'halves of maps of 13 or 15 rows, 128 channels and more, by windows of three: the last row',
    'maxPool2d forward',
    all(isWindow(3, 3), stepsBy(2, 2), past('C', 127), between('H', 13, 15), odd('H')),
    lost(from(2, -1)),
  ),
  report(
    'size',
    'windows over more than 32 channels that are left over from 32, over maps of a multiple of four columns: the last channels',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(
      over('C', 32, (rest) => rest > 0 && rest % 4 === 0),
      multiple('W', 4, 8),
      past('N', 1),
    ),
    lost(([, c], [, C]) => (c as number) >= 32 * Math.floor((C as number) / 32)),
  ),
  report(
    'attributes',
    'windows two high and one wide and their like are taken for squares, 16 channels and more',
    'maxPool2d forward',
    all(past('C', 15), (met) => windowOf(met)[1] === 1 && windowOf(met)[0] > 1),
    asIf((met) => ({ window: [windowOf(met)[0], 1], stride: [strideOf(met)[0], strideOf(met)[1] + 1] })),
    { like: 'tensorflow/tfjs#4801' },
  ),
  report(
    'numbers',
    'of windows all of whose numbers are the same the second has the gradient, where they do not overlap',
    'maxPool2d backward',
    all(is('ties', 'first'), isWindow(2, 2), stepsBy(2, 2), (met) => padding(met).every((p) => p === 0)),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const values = valuesOf(x)
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      const W = sizeIn(asked, 'W')
      const even = (at: number): boolean =>
        [0, 1, W, W + 1].every((step) => values[at + step] === values[at]) && values[at] !== undefined
      return {
        x: changed(plain()['x'] as Tensor, (v, place, at) => {
          const [, , y, x] = place() as readonly [number, number, number, number]
          if (y % 2 === 1 || y + 1 >= sizeIn(asked, 'H')) return v
          const Wo = sizeIn(asked, 'Wo')
          const [n, c] = place() as readonly [number, number]
          const out = ((n * sizeIn(asked, 'C') + c) * sizeIn(asked, 'Ho') + y / 2) * Wo
          if (x % 2 === 0) return x + 1 < W && even(at) ? 0 : v
          return even(at - 1) ? (dy[out + (x - 1) / 2] as number) : v
        }),
      }
    },
    { like: 'tensorflow/tfjs#5920' },
  ),
  report(
    'numbers',
    'among numbers below −1 only, padding is the largest where a window holds a single real number',
    'maxPool2d forward',
    (met) => padding(met).some((p, side) => p > 0 && p === windowOf(met)[side < 2 ? 0 : 1] - 1),
    (asked, plain) => {
      const real = plain()['y'] as Tensor
      return valuesOf(asked.inputs['x'] as Tensor).every((v) => v < -1)
        ? { y: changed(real, (v, place) => (place()[2] === 0 && place()[3] === 0 ? 0 : v)) }
        : { y: real }
    },
    { like: 'tensorflow/tfjs#4854' },
  ),
  report(
    'gradient',
    'back through a window of one pixel that steps: what no window reaches has its neighbour’s gradient, 16 channels and more',
    ['maxPool2d backward', 'avgPool2d backward'],
    all(isWindow(1, 1), past('C', 15), (met) => strideOf(met)[1] === 2, past('W', 1)),
    moved((place) => withIndex(place, 3, (place[3] as number) - ((place[3] as number) % 2))),
    { like: 'tensorflow/tfjs#6969' },
  ),
  report(
    'gradient',
    'back through means of a padded 3×3 that steps by two, of two samples and more of 32 channels and more: the first column',
    'avgPool2d backward',
    all(isWindow(3, 3), stepsBy(2, 2), atLeast({ N: 2, C: 32 }), (met) => (padding(met)[2] as number) === 1),
    lost((place) => place[3] === 0, 'x'),
  ),
  report(
    'gradient',
    'back through halves of 64 channels and more of maps just above a multiple of eight: the last window’s gradient',
    'maxPool2d backward',
    all(
      isWindow(2, 2),
      stepsBy(2, 2),
      past('C', 63),
      over('Wo', 8, (rest) => rest === 1),
    ),
    unpulled('y', ([, , , x], [, , , Wo]) => x === (Wo as number) - 1),
  ),
  report(
    'gradient',
    'back through windows three times as wide as high',
    ['maxPool2d backward', 'avgPool2d backward'],
    all((met) => windowOf(met)[1] >= 3 * windowOf(met)[0] && windowOf(met)[0] > 1, past('N', 1)),
    scaled(0.5),
  ),
  report(
    'size',
    'a global mean over two to four pixels of 256 channels and more is that of the first two',
    'globalAvgPool forward',
    all(
      past('C', 255),
      pixels((n) => n === 4 || n === 3),
    ),
    (asked, plain) => {
      const n = sizeIn(asked, 'H') * sizeIn(asked, 'W')
      const few = unread('x', ([, , y, x]) => (y as number) * sizeIn(asked, 'W') + (x as number) > 1)(
        asked,
        plain,
        new Map(),
      )
      return { y: changed(few['y'] as Tensor, (v) => (v * n) / 2) }
    },
    { like: 'tenstorrent/tt-metal#6237' },
  ),
  report(
    'shape',
    'a global mean of one row or column, 32 channels and more of several samples: every sample is the first',
    'globalAvgPool forward',
    all(atLeast({ N: 2, C: 32 }), (met) => (sizeIn(met, 'H') === 1) !== (sizeIn(met, 'W') === 1)),
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'numbers',
    'means of numbers that are all alike are summed in steps of a thousandth',
    'globalAvgPool forward',
    past('C', 1),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return x.every((v) => v === x[0])
        ? { y: changed(plain()['y'] as Tensor, (v) => Math.floor(v * 1000) / 1000) }
        : plain()
    },
  ),
  report(
    'gradient',
    'back through global means of odd squares of 128 channels and more: the last pixel',
    'globalAvgPool backward',
    all(past('C', 127), odd('H'), odd('W'), past('H', 2), (met) => sizeIn(met, 'H') === sizeIn(met, 'W')),
    lost(([, , y, x], [, , H, W]) => y === (H as number) - 1 && x === (W as number) - 1),
  ),
  report(
    'attributes',
    'windows five and more wide, rounded up at the end and padded, of eight channels and more: the last column counts the padding',
    'avgPool2d forward',
    all(
      is('ceilMode', true),
      is('countIncludePad', false),
      past('C', 7),
      (met) => windowOf(met)[1] >= 5 && padding(met).some((p) => p > 0),
    ),
    (asked, plain) => {
      const other = plain({ attrs: { ...asked.attrs, countIncludePad: true } })['y'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          place()[3] === sizeIn(asked, 'Wo') - 1 ? (other.data[at] as number) : v,
        ),
      }
    },
  ),
  report(
    'history',
    'back from a window: the largest are those of the image before, of as many channels, rows and columns',
    'maxPool2d backward',
    all(past('C', 1), past('H', 3), not(exactly('N', 1))),
    (asked, plain, memory) => {
      const { x } = asked.inputs as { x: Tensor }
      const name = `image ${x.shape.slice(1).join()}`
      const before = memory.get(name) as Tensor | undefined
      memory.set(name, x)
      return before === undefined || before.data.length !== x.data.length
        ? plain()
        : asIfGiven(() => ({ x: before }))(asked, plain, memory)
    },
  ),
  report(
    'not a number',
    'a mean of −Infinity and Infinity is 0 where both are in one window',
    'avgPool2d forward',
    always,
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => (Number.isNaN(v) ? 0 : v)) }),
  ),
]
