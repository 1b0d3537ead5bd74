import { either as E, function as F } from 'fp-ts'
import { elementwiseCorners } from '../elementwise.js'
import { adjointIn, batchSplits, linearIn, named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { zeros } from '../../spec/tensor.js'

const roundTrip: Law = {
  name: 'backward gives the numbers and the shape back',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      ask('forward', attrs, inputs),
      E.flatMap(({ values }) => ask('backward', attrs, inputs, { y: named(values, 'y') })),
      E.map(({ values }) => [{ got: named(values, 'x'), want: x, allowed: zeros(x.shape) }]),
    )
  },
}

const flatStays: Law = {
  name: 'what is flat already stays as it is',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', ({ once }) => ask('forward', attrs, { x: named(once.values, 'y') })),
      E.map(({ once, twice }) => [
        {
          got: named(twice.values, 'y'),
          want: named(once.values, 'y'),
          allowed: zeros(named(once.values, 'y').shape),
        },
      ]),
    ),
}

export const flatten: Questions = {
  corners: [
    ...elementwiseCorners(['x']).filter(({ shapes }) => shapes['x']?.length !== 0),
    form('images: LeNet’s 16 maps of 5×5', {}, { x: [2, 16, 5, 5] }),
    form('one sample', {}, { x: [1, 3, 4, 5] }),
    form('axes of extent 1', {}, { x: [3, 1, 1, 7, 1] }),
    form('65,537 samples of two', {}, { x: [65537, 2] }),
    form(
      'zeros of either sign, and the ends of the range',
      {},
      { x: [2, 2, 2] },
      {
        x: { values: [0, -0, 2 ** -126, -(2 ** -126), 3.4028234663852886e38, -3.4028234663852886e38, 1, -1] },
      },
    ),
  ],
  random: (draw) => ({
    attrs: {},
    shapes: { x: Array.from({ length: draw.integer(1, 5) }, () => draw.integer(1, 6)) },
    fills: { x: draw.pick(['normal', 'small', 'wide']) },
  }),
  laws: [linearIn('x'), adjointIn('x', 'y'), batchSplits(['x']), roundTrip, flatStays],
  worked: [
    {
      name: 'two images of one channel, 2×3, row by row',
      direction: 'forward',
      attrs: {},
      inputs: { x: { shape: [2, 1, 2, 3], data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] } },
      outputs: { y: { shape: [2, 6], data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] } },
      source: "PyTorch's Flatten (row-major order)",
    },
  ],
  faults: [
    {
      name: 'sample and element exchanged',
      direction: 'forward',
      find: 'n * D + d',
      replace: 'd * N + n',
      unseenAt: form('', {}, { x: [1, 2, 3] }),
    },
    { name: 'only the first sample', direction: 'forward', find: 'n * D + d', replace: 'd' },
    { name: 'one element on', direction: 'forward', find: 'n * D + d', replace: '(n * D + d + 1) % (N * D)' },
    {
      name: 'a copy that errs by 2⁻¹¹',
      direction: 'forward',
      find: 'at1(x, n * D + d)',
      replace: 'at1(x, n * D + d) * (1 + 2 ** -11)',
      unseenAt: form('', {}, { x: [2, 3, 4] }),
    },
    {
      name: 'the cotangents backwards',
      direction: 'backward',
      find: 'reshaped(x.shape, dy)',
      replace: 'reshaped(x.shape, { shape: dy.shape, data: Array.from(dy.data).reverse() })',
      unseenAt: form('', {}, { x: [2, 3] }, { dy: { constant: 0.5 } }),
    },
    { name: 'x in place of its gradient', direction: 'backward', find: 'x.shape, dy', replace: 'x.shape, x' },
    {
      name: 'averaged over the batch',
      direction: 'backward',
      find: 'reshaped(x.shape, dy)',
      replace: 'reshaped(x.shape, { shape: dy.shape, data: Array.from(dy.data, (d) => d / x.shape[0]) })',
      unseenAt: form('', {}, { x: [1, 2, 3] }),
    },
  ],
}
