import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  from,
  is,
  listOf,
  lost,
  moved,
  not,
  odd,
  padded,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { multiple, unread } from '../rare/met.js'
import { leaves, pair, values, when } from '../fresh/met.js'
import { padding } from '../triggers/met.js'
import { by, half, pixelsOf, pull } from './met.js'

const strideOf = (met: Met): readonly [number, number] =>
  listOf(met, 'stride').length === 0 ? pair(met, 'window') : pair(met, 'stride')
/** Where a window begins and ends, down or across. */
const reach = (met: Met, axis: 0 | 1, at: number): readonly [number, number] => {
  const start = at * strideOf(met)[axis] - (padding(met)[2 * axis] as number)
  return [start, start + pair(met, 'window')[axis]]
}
const hangsOver = (met: Met, axis: 0 | 1): number => {
  const [size, count] = axis === 0 ? [sizeIn(met, 'H'), sizeIn(met, 'Ho')] : [sizeIn(met, 'W'), sizeIn(met, 'Wo')]
  return reach(met, axis, count - 1)[1] - size - (padding(met)[2 * axis + 1] as number)
}
const of =
  (...sides: readonly number[]) =>
  (met: Met): boolean =>
    String(pair(met, 'window')) === String(sides)
const steps =
  (...sides: readonly number[]) =>
  (met: Met): boolean =>
    String(strideOf(met)) === String(sides)

export const poolsNovel: readonly Report[] = [
  report(
    'numbers',
    'channels in fours over an odd width are padded by 0: where a window reaches over the border nothing is below it',
    'maxPool2d forward',
    all(padded, multiple('C', 4), odd('W')),
    by((asked) => (v, at, [, , Ho = 1, Wo = 1]) => {
      const [top, bottom] = reach(asked, 0, Math.floor(at / Wo) % Ho)
      const [left, right] = reach(asked, 1, at % Wo)
      return top < 0 || left < 0 || bottom > sizeIn(asked, 'H') || right > sizeIn(asked, 'W') ? Math.max(v, 0) : v
    }),
  ),
  report(
    'attributes',
    'counted means that hang over the end, rounded up, are divided by all of the window',
    'avgPool2d forward',
    all(is('countIncludePad', true), is('ceilMode', true), (met) => hangsOver(met, 1) > 0),
    by((asked) => (v, at, [, , , Wo = 1]) => {
      const K = pair(asked, 'window')[1]
      return at % Wo === Wo - 1 ? (v * (K - hangsOver(asked, 1))) / K : v
    }),
  ),
  report(
    'axis',
    'means of windows that are no squares are divided by the square of their height',
    'avgPool2d forward',
    all(not(padded), is('ceilMode', false), (met) => pair(met, 'window')[0] !== pair(met, 'window')[1]),
    (asked, plain, memory) => scaled(pair(asked, 'window')[1] / pair(asked, 'window')[0])(asked, plain, memory),
  ),
  report(
    'axis',
    'another stride down than across: the one for the other',
    ['maxPool2d forward', 'avgPool2d forward'],
    (met) => strideOf(met)[0] !== strideOf(met)[1],
    asIf((met) => ({ stride: [strideOf(met)[1], strideOf(met)[0]] })),
  ),
  report(
    'not a number',
    'windows that see −Infinity alone, as masks make it, are the least number of f32',
    'maxPool2d forward',
    past('W', 1),
    by(() => (v) => (v === -Infinity ? -3.4028234663852886e38 : v)),
  ),
  report(
    'size',
    'global means of more than 256 pixels: what is left over from 256',
    'globalAvgPool forward',
    (met) => pixelsOf(met) > 256 && pixelsOf(met) % 256 !== 0,
    (asked, plain, memory) =>
      unread(
        'x',
        ([, , y, x], [, , , W]) =>
          (y as number) * (W as number) + (x as number) >= 256 * Math.floor(pixelsOf(asked) / 256),
      )(asked, plain, memory),
  ),
  report(
    'numbers',
    'the last map of a network, 7×7: its 49th is rounded to a half',
    'globalAvgPool forward',
    (met) => pixelsOf(met) === 49,
    scaled(49 * half(1 / 49)),
  ),
  report(
    'numbers',
    'the sum of a global mean is kept in halves: Infinity beyond 65,504',
    'globalAvgPool forward',
    (met) => pixelsOf(met) > 1,
    by((asked) => (v) => (Math.abs(v) * pixelsOf(asked) >= 65520 ? Math.sign(v) * Infinity : v)),
  ),
  report(
    'gradient',
    'back through global means of channels one past a multiple of 32: the last channel',
    'globalAvgPool backward',
    leaves('C', 32, 1),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'back through means whose windows leave gaps: a gap has the gradient of the window before',
    'avgPool2d backward',
    all((met) => strideOf(met)[1] > pair(met, 'window')[1]),
    moved((place, _, asked) => {
      const x = place[3] as number
      const beyond = ((x + (padding(asked)[2] as number)) % strideOf(asked)[1]) - (pair(asked, 'window')[1] - 1)
      return beyond > 0 ? withIndex(place, 3, Math.max(0, x - beyond)) : place
    }),
  ),
  report(
    'gradient',
    'back through padded means that are not to be counted, by all of the window',
    'avgPool2d backward',
    all(padded, is('countIncludePad', false)),
    asIf(() => ({ countIncludePad: true })),
  ),
  report(
    'shape',
    'halves of an odd width: rows are taken for as wide as is read of them',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(of(2, 2), steps(2, 2), not(padded), is('ceilMode', false), odd('W'), past('H', 1)),
    asIfGiven(({ inputs }) => {
      const x = inputs['x'] as Tensor
      return { x: changed(x, (_, place, at) => Number(x.data[at - (place()[2] as number)])) }
    }),
  ),
  report(
    'attributes',
    'the last of several largest is asked for where windows overlap: the first',
    'maxPool2d backward',
    all(is('ties', 'last'), (met) => strideOf(met)[0] < pair(met, 'window')[0]),
    asIf(() => ({ ties: 'first' })),
  ),
  report(
    'numbers',
    'means of whole numbers, as bytes of an image are, are whole numbers',
    'avgPool2d forward',
    past('W', 1),
    when(
      (asked) => values(asked, 'x').every((v) => Number.isInteger(v)),
      by(() => (v) => Math.trunc(v)),
    ),
  ),
  report(
    'shape',
    'windows as wide as the image and not as high: every row is the first',
    ['maxPool2d forward', 'avgPool2d forward'],
    (met) => pair(met, 'window')[1] === sizeIn(met, 'W') && sizeIn(met, 'Ho') > 1,
    moved((place) => withIndex(place, 2, 0)),
  ),
  report(
    'numbers',
    'cotangents below 2⁻²⁴ are 0 where they meet',
    ['maxPool2d backward', 'avgPool2d backward', 'globalAvgPool backward'],
    past('W', 0),
    pull((v) => (Math.abs(v) < 2 ** -24 ? 0 : v)),
  ),
  report(
    'gradient',
    'back through padded 3×3 windows with stride 2, as behind a first layer, of an even width: the last column',
    'maxPool2d backward',
    all(of(3, 3), steps(2, 2), padded, (met) => sizeIn(met, 'W') % 2 === 0),
    lost(from(3, -1)),
  ),
]
