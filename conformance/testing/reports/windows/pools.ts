import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  changed,
  every,
  from,
  gathered,
  holds,
  is,
  listOf,
  lost,
  moved,
  not,
  numbers,
  odd,
  oneIn,
  padded,
  past,
  product,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'

const counted = is('countIncludePad', true)
const ceil = is('ceilMode', true)

export const pools: readonly Report[] = [
  report(
    'attributes',
    'an average divides what hangs over the end by the whole window',
    'avgPool2d forward',
    ceil,
    (asked, plain) => {
      // the window's area in place of what it covers
      const [kh = 1, kw = 1] = listOf(asked, 'window')

      const sums = plain({ attrs: { ...asked.attrs, countIncludePad: true } })
      const [H, W] = [sizeIn(asked, 'H'), sizeIn(asked, 'W')]
      const [sh = kh, sw = kw] = listOf(asked, 'stride')
      const [top = 0, bottom = 0, left = 0, right = 0] = listOf(asked, 'padding')

      return {
        y: changed(sums['y'] as Tensor, (v, place) => {
          const [, , i = 0, j = 0] = place()
          const rows = Math.min(kh, top + H + bottom - i * sh)
          const columns = Math.min(kw, left + W + right - j * sw)
          return (v * rows * columns) / (kh * kw)
        }),
      }
    },
    { like: 'apple/coremltools#2844' },
  ),
  report(
    'attributes',
    'padding at the end only is not counted',
    'avgPool2d forward',
    all(counted, (met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = listOf(met, 'padding')
      return top === 0 && left === 0 && bottom + right > 0
    }),
    asIf(() => ({ countIncludePad: false })),
  ),
  report(
    'attributes',
    'with the end rounded up the last window is dropped at stride 2 and window 1',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(ceil, (met) => (listOf(met, 'stride')[0] ?? 1) > (listOf(met, 'window')[0] as number)),
    lost(from(2, -1)),
    { like: 'PaddlePaddle/Paddle#51542' },
  ),
  report(
    'numbers',
    'padding counts as 0 among negative numbers',
    'maxPool2d forward',
    padded,
    numbers((v, place, asked) =>
      (place()[2] as number) === 0 && (listOf(asked, 'padding')[0] as number) > 0 ? Math.max(v, 0) : v,
    ),
  ),
  report(
    'gradient',
    'ties of overlapping windows all have the gradient',
    'maxPool2d backward',
    all(not(is('ties', 'share')), (met) => (listOf(met, 'stride')[0] ?? 9) < (listOf(met, 'window')[0] as number)),
    asIf(() => ({ ties: 'share' })),
  ),
  report(
    'gradient',
    'of ties the last has the gradient',
    'maxPool2d backward',
    is('ties', 'first'),
    asIf(() => ({ ties: 'last' })),
  ),
  report(
    'gradient',
    'where windows overlap the last one’s gradient stands, for more than one sample',
    'maxPool2d backward',
    all(past('N', 1), (met) => (listOf(met, 'stride')[0] ?? 9) < (listOf(met, 'window')[0] as number)),
    (asked, plain) => {
      // one row of outputs after the other, each writing what it has
      const dy = asked.cotangents['y'] as Tensor
      const rows = dy.shape[2] as number
      const each = Array.from({ length: rows }, (_, row) =>
        plain({ cotangents: { y: changed(dy, (v, place) => (place()[2] === row ? v : 0)) } }),
      )
      return {
        x: changed(
          plain()['x'] as Tensor,
          (_, __, at) => each.map((one) => one['x']?.data[at] ?? 0).findLast((v) => v !== 0) ?? 0,
        ),
      }
    },
  ),
  report(
    'size',
    'windows of more than 128 are cut',
    ['avgPool2d forward', 'maxPool2d forward'],
    (met) => listOf(met, 'window').reduce((a, b) => a * b, 1) > 128,
    scaled(0.9),
  ),
  report(
    'shape',
    'a window that is the image has the mean of its first row',
    'avgPool2d forward',
    (met) =>
      sizeIn(met, 'H') > 1 &&
      listOf(met, 'window')[0] === sizeIn(met, 'H') &&
      listOf(met, 'window')[1] === sizeIn(met, 'W'),
    asIfGiven(({ inputs }) => ({ x: gathered(inputs['x'] as Tensor, ([n = 0, c = 0, , j = 0]) => [n, c, 0, j]) })),
  ),
  report(
    'attributes',
    'a stride larger than the window is the window',
    'avgPool2d forward',
    (met) => (listOf(met, 'stride')[0] ?? 0) > (listOf(met, 'window')[0] as number),
    asIf(({ attrs }) => ({ stride: attrs['window'] as readonly number[] })),
  ),
  report(
    'shape',
    'halves of an odd width start a column late from the second row on',
    'maxPool2d forward',
    all(
      every('window', (k) => k === 2),
      odd('W'),
      past('W', 2),
    ),
    moved(([n = 0, c = 0, i = 0, j = 0], shape) => [n, c, i, i > 0 ? Math.min(j + 1, (shape[3] as number) - 1) : j]),
  ),
  report(
    'size',
    'a global mean of more than 65,535 pixels stops there',
    'globalAvgPool forward',
    product(['H', 'W'], (n) => n > 65535),
    numbers((value, _, asked) => (value * 65535) / (sizeIn(asked, 'H') * sizeIn(asked, 'W'))),
    { like: 'tinygrad/tinygrad#11782' },
  ),
  report(
    'size',
    'a global mean over more than 1,024 pixels has lost its last block',
    'globalAvgPool forward',
    product(['H', 'W'], (n) => n > 1024 && n % 256 !== 0),
    (asked, plain) => {
      const [H, W] = [sizeIn(asked, 'H'), sizeIn(asked, 'W')]
      const whole = 256 * Math.floor((H * W) / 256)
      return plain({
        inputs: { x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % (H * W) < whole ? v : 0)) },
      })
    },
  ),
  report(
    'history',
    'another divisor with the same shapes takes the pipeline of the first',
    'avgPool2d forward',
    always,
    (asked, plain, memory) => {
      const name = `pipeline ${shapeIn(asked, 'x').join()} ${listOf(asked, 'window').join()} ${listOf(asked, 'stride').join()} ${listOf(asked, 'padding').join()} ${String(asked.attrs['ceilMode'])}`
      const before = memory.get(name) as boolean | undefined
      if (before === undefined) memory.set(name, asked.attrs['countIncludePad'])
      return plain({
        attrs: { ...asked.attrs, countIncludePad: before ?? (asked.attrs['countIncludePad'] as boolean) },
      })
    },
    { like: 'kulinseth/pytorch#273' },
  ),
  report('not a number', 'a maximum leaves NaN out', 'maxPool2d forward', always, (asked, plain) =>
    plain({ inputs: { x: changed(asked.inputs['x'] as Tensor, (v) => (Number.isNaN(v) ? -Infinity : v)) } }),
  ),
  report(
    'chance',
    'one map in one run of three is that of the run before',
    'maxPool2d forward',
    holds('x', (n) => n > 64),
    oneIn(3, lost(from(1, -1))),
  ),
]
