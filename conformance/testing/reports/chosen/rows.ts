import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, always, changed, from, lost, report, scaled } from '../report.js'
import { among, row, rowOf, valuesOf } from '../together/met.js'

export const rowsChosen: readonly Report[] = [
  report(
    'size',
    'channels of an image that are no multiple of four count their padding, 16 and more',
    ['softmax forward', 'logSoftmax forward'],
    all(
      among(4),
      row((length, _, behind) => length > 16 && length % 4 !== 0 && behind > 1),
    ),
    scaled(0.99),
    { like: 'tensorflow/tensorflow#108244' },
  ),
  report(
    'gradient',
    'back along more than a thousand of 32 rows and more',
    ['softmax backward', 'logSoftmax backward'],
    row((length, before) => length > 1000 && before >= 32),
    lost(from(0, 16)),
  ),
  report(
    'axis',
    'classes in the middle, more than 32, before a run that is no multiple of four',
    'softmax backward',
    row((length, before, behind) => length > 32 && before > 1 && behind > 4 && behind % 4 !== 0),
    scaled(0.9),
  ),
  report(
    'numbers',
    'the largest of all is taken away from every row',
    ['softmax forward', 'logSoftmax forward'],
    row((_, before, behind) => before > 1 && behind === 1),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const { length } = rowOf(asked)
      const values = valuesOf(x)
      const most = values.reduce((a, v) => Math.max(a, v), -Infinity)
      const largest = Array.from({ length: values.length / length }, (_, n) =>
        values.slice(n * length, (n + 1) * length).reduce((a, v) => Math.max(a, v), -Infinity),
      )
      return {
        y: changed(plain()['y'] as Tensor, (v, _, at) =>
          (largest[Math.floor(at / length)] as number) < most - 88 ? NaN : v,
        ),
      }
    },
    { like: 'manassharma07/crysx_nn#7' },
  ),
  report(
    'numbers',
    'a softplus of more than 88/β has a gradient of NaN',
    'softplus backward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const beta = Number(asked.attrs['beta'])
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => (beta * (x[at] as number) > 88.8 ? NaN : v)) }
    },
    { like: 'apache/mxnet#6834' },
  ),
  report(
    'size',
    'images of odd rows, 16 channels and more of several samples: the last column',
    ['add forward', 'mul forward', 'relu forward', 'leakyRelu forward'],
    ({ shapes }) =>
      Object.values(shapes).some((shape) => {
        const [N = 0, C = 0, H = 0, W = 0] = shape
        return shape.length === 4 && N > 1 && C >= 16 && H > 1 && W > 8 && W % 2 === 1
      }),
    lost(from(3, -1)),
  ),
]
