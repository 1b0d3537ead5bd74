import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { always, changed, from, lost, numbers, report, scaled } from '../report.js'
import { among, row, rowOf, valuesOf } from './met.js'

export const rowsTogether: readonly Report[] = [
  report(
    'axis',
    'more than 256 classes in the middle of three axes and more',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => length > 256 && before > 1 && behind > 1),
    scaled(0.99),
  ),
  report(
    'gradient',
    'back along more than 256 classes in the middle',
    ['softmax backward', 'logSoftmax backward'],
    row((length, before, behind) => length > 256 && before > 1 && behind > 1),
    scaled(0.9),
  ),
  report(
    'size',
    'more than a thousand rows of more than 128: the rest is not written',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => length > 128 && before > 1000 && behind === 1),
    (asked, plain) => {
      const { length } = rowOf(asked)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at >= 1000 * length ? 0 : v)) }
    },
  ),
  report(
    'size',
    'odd rows of 513 to 1,023, of two and more',
    'softmax forward',
    row((length, before) => length > 512 && length < 1024 && length % 2 === 1 && length % 32 !== 31 && before > 1),
    scaled(0.99),
    { like: 'pytorch/pytorch#147284' },
  ),
  report(
    'not a number',
    'what −Infinity masks in rows of more than 64 is NaN',
    'softmax forward',
    row((length) => length > 64),
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).includes(-Infinity) ? scaled(NaN)(asked, plain, new Map()) : plain(),
    { like: 'PaddlePaddle/PaddleOCR#18341' },
  ),
  report(
    'numbers',
    'logits of −10⁷ have a logarithm in whole numbers',
    'logSoftmax forward',
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).every((v) => Math.abs(v) > 5000)
        ? numbers(Math.round)(asked, plain, new Map())
        : plain(),
    { like: 'pytorch/pytorch#38839' },
  ),
  report(
    'shape',
    'six axes and more: all but the first of the first are 0',
    ['relu forward', 'add forward'],
    among(6),
    lost(from(0, 1)),
    { like: 'tenstorrent/tt-metal#55351' },
  ),
  report('axis', 'along an axis of six and more', ['softmax forward'], among(6), scaled(0.5)),
  report('axis', 'joined along an axis of six and more', ['concat forward'], among(6), scaled(0.5)),
  report(
    'size',
    'of more than 65,536 elements the last two of those behind the last four',
    ['relu forward', 'mul forward', 'tanh forward'],
    (met) =>
      Object.values(met.shapes).some((shape) => {
        const n = shape.reduce((a, b) => a * b, 1)
        return n > 65536 && n % 4 === 2
      }),
    (_, plain) => {
      const y = plain()['y'] as Tensor
      return { y: changed(y, (v, __, at) => (at >= y.data.length - 2 ? 0 : v)) }
    },
  ),
  report(
    'gradient',
    'the slope of an ELU is NaN from 89 on',
    'elu backward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => ((x[at] as number) > 88.8 ? NaN : v)) }
    },
    { like: 'huggingface/candle#2328' },
  ),
]
