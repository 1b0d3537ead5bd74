import type { Report, Where } from '../report.js'
import {
  all,
  asIf,
  from,
  is,
  listOf,
  lost,
  moved,
  numbers,
  padded,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { atLeast, firstSample, pixels } from '../together/met.js'

const unequalSides: Where = (met) => {
  const [top, bottom, left, right] = listOf(met, 'padding')
  return top !== bottom || left !== right
}
const windows =
  (test: (window: number, stride: number) => boolean): Where =>
  (met) =>
    listOf(met, 'window').every((k, axis) => test(k, listOf(met, 'stride')[axis] ?? k))

export const poolsChosen: readonly Report[] = [
  report(
    'attributes',
    'unequal padding counts, though it is not to be counted, where the end is rounded up',
    'avgPool2d forward',
    all(is('countIncludePad', false), is('ceilMode', true), unequalSides),
    asIf(() => ({ countIncludePad: true })),
    { like: 'tracel-ai/burn#5450' },
  ),
  report(
    'attributes',
    'overlapping windows that count their padding, unequal and rounded up, divide by all of the window',
    'avgPool2d forward',
    all(
      is('countIncludePad', true),
      is('ceilMode', true),
      unequalSides,
      windows((k, s) => k > s),
    ),
    scaled(0.9),
    { like: 'microsoft/onnxruntime#29631' },
  ),
  report(
    'gradient',
    'padded 3×3 windows with stride 2 of 32 channels and more: who wins several has the gradient of one',
    'maxPool2d backward',
    all(
      windows((k, s) => k === 3 && s === 2),
      padded,
      atLeast({ C: 32, H: 8, W: 8 }),
    ),
    scaled(0.5),
    { like: 'FluxML/Flux.jl#1197' },
  ),
  report(
    'shape',
    'padded windows of five and more that step by one, 16 channels and more: the last row',
    'maxPool2d forward',
    all(
      windows((k, s) => k >= 5 && s === 1),
      padded,
      past('C', 15),
    ),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'one window over an image that is no square, of 64 channels and more',
    ['avgPool2d forward', 'maxPool2d forward'],
    all(past('C', 63), (met) => {
      const [down, across] = listOf(met, 'window')
      return down === sizeIn(met, 'H') && across === sizeIn(met, 'W') && down !== across
    }),
    scaled(0.9),
  ),
  report(
    'gradient',
    'gaps between padded windows have what was there before',
    ['avgPool2d backward', 'maxPool2d backward'],
    all(
      padded,
      windows((k, s) => s > k),
      past('C', 3),
    ),
    numbers((v) => (v === 0 ? 1 : v)),
  ),
  report(
    'size',
    'means of 33 to 63 pixels of 16 channels and more, of several samples: more than a subgroup and less than two',
    ['globalAvgPool forward', 'globalAvgPool backward'],
    all(
      atLeast({ N: 2, C: 16 }),
      pixels((n) => n > 32 && n < 64),
    ),
    scaled(0.9),
  ),
  report(
    'gradient',
    'back through a mean of more than 1,024 pixels of several samples',
    'globalAvgPool backward',
    all(
      past('N', 1),
      pixels((n) => n > 1024),
    ),
    firstSample,
  ),
  report(
    'gradient',
    'with the end rounded up the windows that hang over give their gradient to the row before, eight channels and more',
    ['maxPool2d backward', 'avgPool2d backward'],
    all(
      is('ceilMode', true),
      past('C', 7),
      (met) => (sizeIn(met, 'H') - (listOf(met, 'window')[0] ?? 1)) % (listOf(met, 'stride')[0] ?? 1) !== 0,
    ),
    moved((place, [, , H = 1]) => withIndex(place, 2, Math.min(place[2] as number, Math.max(H - 2, 0)))),
  ),
]
