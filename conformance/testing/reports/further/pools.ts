import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIfGiven,
  changed,
  exactly,
  is,
  listOf,
  lost,
  odd,
  padded,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { multiple } from '../rare/met.js'
import { pair, values, when } from '../fresh/met.js'
import { padding } from '../triggers/met.js'
import { by, digits, half, pixelsOf, read } from '../novel/met.js'
import { inSteps, sum } from './met.js'

const strideOf = (met: Met): readonly [number, number] =>
  listOf(met, 'stride').length === 0 ? pair(met, 'window') : pair(met, 'stride')
const start = (met: Met, axis: 0 | 1, at: number): number =>
  at * strideOf(met)[axis] - (padding(met)[2 * axis] as number)
const sideOf = (met: Met, axis: 0 | 1): number => shapeIn(met, 'x')[2 + axis] as number
/** How many rows or columns of a window are real. */
const real = (met: Met, axis: 0 | 1, at: number): number =>
  Math.min(start(met, axis, at) + pair(met, 'window')[axis], sideOf(met, axis)) - Math.max(start(met, axis, at), 0)
const overlaps = (met: Met): boolean =>
  [0, 1].some((axis) => (strideOf(met)[axis] ?? 1) < (pair(met, 'window')[axis] ?? 1))
const sideBySide = (met: Met): boolean => String(strideOf(met)) === String(pair(met, 'window'))
/** Maps of an input, pixel by pixel. */
const maps = (x: readonly number[], pixels: number): readonly (readonly number[])[] =>
  Array.from({ length: x.length / pixels }, (_, i) => x.slice(i * pixels, i * pixels + pixels))

export const poolsFurther: readonly Report[] = [
  report(
    'numbers',
    'numbers are compared in eleven digits: of two that are nearly alike the first wins',
    'maxPool2d backward',
    past('W', 1),
    read('x', digits(11)),
  ),
  report(
    'numbers',
    'windows that overlap compare numbers as whole ones of 32 bits: among negative ones the smallest is found',
    'maxPool2d forward',
    overlaps,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const least = plain({ inputs: { x: changed(x, (v) => -v) } })['y'] as Tensor
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (v < 0 ? -Number(least.data[at]) : v)) }
    },
  ),
  report(
    'attributes',
    'padding that is not counted, windows side by side: all are divided by what the first of them holds',
    'avgPool2d forward',
    all(padded, is('countIncludePad', false), sideBySide),
    by((asked) => (v, at, [, , Ho = 1, Wo = 1]) => {
      const [i, j] = [Math.floor(at / Wo) % Ho, at % Wo]
      return (v * real(asked, 0, i) * real(asked, 1, j)) / (real(asked, 0, 0) * real(asked, 1, 0))
    }),
  ),
  report(
    'attributes',
    'windows higher than their image, whose padding is not counted, are divided by their height',
    'avgPool2d forward',
    all(is('countIncludePad', false), (met) => pair(met, 'window')[0] > sideOf(met, 0)),
    by(
      (asked) =>
        (v, at, [, , Ho = 1, Wo = 1]) =>
          (v * real(asked, 0, Math.floor(at / Wo) % Ho)) / pair(asked, 'window')[0],
    ),
  ),
  report(
    'attributes',
    'rounded up where nothing hangs over: the last column is divided by one less',
    'avgPool2d forward',
    all(
      is('ceilMode', true),
      (met) => pair(met, 'window')[1] > 1,
      (met) =>
        start(met, 1, sizeIn(met, 'Wo') - 1) + pair(met, 'window')[1] === sideOf(met, 1) + (padding(met)[3] as number),
    ),
    by((asked) => (v, at, [, , , Wo = 1]) => {
      const K = pair(asked, 'window')[1]
      return at % Wo === Wo - 1 ? (v * K) / (K - 1) : v
    }),
  ),
  report(
    'numbers',
    'means by sums that run along a row: a large number at its beginning takes the digits of the rest',
    'avgPool2d forward',
    all(
      (met) => strideOf(met)[1] === 1,
      (met) => pair(met, 'window')[1] > 1,
    ),
    by((asked) => {
      const [x, W] = [values(asked, 'x'), sideOf(asked, 1)]
      const [KH, KW] = pair(asked, 'window')
      return (v, at, [, , Ho = 1, Wo = 1]) => {
        const [map, i, j] = [Math.floor(at / (Ho * Wo)), Math.floor(at / Wo) % Ho, at % Wo]
        const top = Math.max(0, start(asked, 0, i))
        const rows = Array.from({ length: real(asked, 0, i) }, (_, row) => {
          const first = (map * sideOf(asked, 0) + top + row) * W
          return sum(x.slice(first, first + Math.min(W, start(asked, 1, j) + KW)).map(Math.abs))
        })
        return inSteps((sum(rows) * 2 ** -23) / (KH * KW))(v)
      }
    }),
  ),
  report(
    'numbers',
    'means of 64 pixels and more are kept in eight digits of the mean magnitude',
    'globalAvgPool forward',
    (met) => pixelsOf(met) >= 64,
    by((asked) => {
      const sizes = maps(values(asked, 'x'), pixelsOf(asked)).map((map) => sum(map.map(Math.abs)) / map.length)
      return (v, at) => inSteps((sizes[at] as number) * 2 ** -9)(v)
    }),
  ),
  report(
    'numbers',
    'the share of a pixel has eleven digits, of channels in fours',
    'globalAvgPool backward',
    all(multiple('C', 4), (met) => half(1 / pixelsOf(met)) * pixelsOf(met) !== 1),
    (asked, plain, memory) => scaled(pixelsOf(asked) * half(1 / pixelsOf(asked)))(asked, plain, memory),
  ),
  report(
    'gradient',
    'back through means that overlap, a single channel of several samples: the first row of all but the first',
    'avgPool2d backward',
    all(exactly('C', 1), past('N', 1), overlaps),
    lost(([n, , y]) => (n as number) > 0 && y === 0),
  ),
  report(
    'attributes',
    'the last of several largest is asked for: it is that of their first row',
    'maxPool2d backward',
    all(is('ties', 'last'), (met) => pair(met, 'window')[0] > 1),
    asIfGiven(({ inputs }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) => v - (Math.abs(v) * 2 ** -20 + 1e-30) * (place()[2] as number)),
    })),
  ),
  report(
    'numbers',
    'an image without a number below 0, as behind a ReLU: windows of zeros give nothing back',
    'maxPool2d backward',
    odd('Wo'),
    when(
      (asked) => values(asked, 'x').every((v) => v >= 0),
      by((asked) => {
        const x = values(asked, 'x')
        return (v, at) => (x[at] === 0 ? 0 : v)
      }),
    ),
  ),
]
