import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  elementsIn,
  extent,
  holds,
  is,
  lost,
  moved,
  numbers,
  report,
  scaled,
  shapeIn,
  withIndex,
} from '../report.js'
import { rank, row, rowOf, valuesOf } from './met.js'

const alongTheLast = asIf(() => ({ axis: -1 }))

export const rows: readonly Report[] = [
  report(
    'size',
    'rows of 513 to 896 numbers are not the shares of one',
    'softmax forward',
    row((n) => n > 512 && n <= 896),
    scaled(1.125),
  ),
  report(
    'size',
    'the loss of 513 to 896 classes has the wrong maximum',
    'softmaxCrossEntropy forward',
    extent('C', (C) => C > 512 && C <= 896),
    numbers((v) => v + 0.5),
  ),
  report(
    'size',
    '1,000 classes of a 4-D tensor are cut at 992',
    'softmax forward',
    all(
      rank(4),
      row((n) => n > 512 && n % 32 !== 0),
    ),
    numbers((v, place) => ((place().at(-1) as number) >= 992 ? 0 : v * 1.01)),
    { like: 'intel/webml-polyfill#891' },
  ),
  report(
    'axis',
    'channels of an image are taken along its columns',
    ['softmax forward', 'logSoftmax forward'],
    all(rank(4), is('axis', 1)),
    alongTheLast,
  ),
  report(
    'axis',
    'an axis counted from the end is the last',
    'softmax forward',
    ({ attrs }) => (attrs['axis'] as number) < -1,
    alongTheLast,
  ),
  report(
    'gradient',
    'back along another axis than the last it is the last',
    'softmax backward',
    row((_, apart) => apart > 1),
    alongTheLast,
  ),
  report(
    'numbers',
    'without the largest taken away: NaN from 89 on',
    'softmax forward',
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).some((x) => x > 88.7) ? scaled(NaN)(asked, plain, new Map()) : plain(),
    { like: 'tensorflow/tfjs#5394' },
  ),
  report(
    'numbers',
    'the logarithm of what the softmax has rounded to 0',
    'logSoftmax forward',
    always,
    numbers((v) => (v < -103 ? -Infinity : v)),
  ),
  report(
    'size',
    'rows past a block of 64 are those of the block before',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(2),
      row((_, apart) => apart === 1),
      (met) => (shapeIn(met, 'x')[0] as number) > 64,
    ),
    moved((place) => ((place[0] as number) === 64 ? withIndex(place, 0, 63) : place)),
  ),
  report(
    'size',
    'more than 65,535 rows: the rest is not written',
    'softmax forward',
    (met) => elementsIn(met, 'x') / rowOf(met).length > 65535,
    lost((place) => (place[0] as number) >= 65535),
  ),
  report(
    'size',
    'a vocabulary of more than 131,072 words loses its end',
    ['softmax forward', 'logSoftmax forward'],
    row((n) => n > 131_072),
    scaled(1.01),
  ),
  report(
    'size',
    'long rows far apart: a maximum of the first 1,024 only',
    'softmax forward',
    row((n, apart) => n > 1024 && apart > 1),
    scaled(1.5),
  ),
  report(
    'size',
    'many long rows at once: only the first 256 rows of more than 256 numbers',
    'softmax forward',
    (met) => rowOf(met).length > 256 && elementsIn(met, 'x') / rowOf(met).length > 256,
    lost((place) => (place[0] as number) > 255),
  ),
  report(
    'history',
    'the maximum of the row before stays',
    'softmax forward',
    holds('x', (n) => n > 1),
    (asked, plain, memory) => {
      const largest = valuesOf(asked.inputs['x'] as Tensor).reduce((a, b) => Math.max(a, b), -Infinity)
      const before = memory.get('largest') as number | undefined
      memory.set('largest', largest)
      return before !== undefined && before - largest > 80 ? scaled(0)(asked, plain, memory) : plain()
    },
  ),
]
