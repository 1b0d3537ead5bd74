import { either as E, function as F } from 'fp-ts'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { exactly, named } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, extremes, idempotent } from '../vocabulary/elementwise.js'
import { adjointIn, batchSplits, linearIn } from '../vocabulary/laws.js'

const roundTrip: Law = {
  name: 'backward gives the numbers and the shape back',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, inputs),
      E.flatMap(({ values }) => ask('backward', attrs, inputs, { y: named(values, 'y') })),
      E.map(({ values }) => [exactly(named(values, 'x'), named(inputs, 'x'))]),
    ),
}

export const flatten = questionsAbout('flatten', {
  corners: [
    ...elementwiseCorners(['x']).filter(({ shapes }) => shapes['x']?.length !== 0),
    form('images: LeNet’s 16 maps of 5×5', {}, { x: [2, 16, 5, 5] }),
    form('one sample', {}, { x: [1, 3, 4, 5] }),
    form('axes of extent 1', {}, { x: [3, 1, 1, 7, 1] }),
    form('65,537 samples of two', {}, { x: [65537, 2] }),
    form('zeros of either sign, and the ends of the range', {}, { x: [2, 2, 2] }, { x: extremes }),
  ],
  random: drawn({
    shapes: (draw) => ({ x: anyShape(draw, [1, 5]) }),
    fills: { x: ['normal', 'small', 'wide'] },
  }),
  laws: [
    linearIn('x'),
    adjointIn('x', 'y'),
    batchSplits(['x']),
    roundTrip,
    idempotent('what is flat already stays as it is'),
  ],
  worked: [
    {
      name: 'two images of one channel, 2×3, row by row',
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
      replace: 'reshaped(x.shape, tabulate2(dy.shape, (n, d) => at1(dy, (dy.shape[0] - n) * dy.shape[1] - 1 - d)))',
      unseenAt: form('', {}, { x: [2, 3] }, { dy: { constant: 0.5 } }),
    },
    { name: 'x in place of its gradient', direction: 'backward', find: 'x.shape, dy', replace: 'x.shape, x' },
    {
      name: 'averaged over the batch',
      direction: 'backward',
      find: 'reshaped(x.shape, dy)',
      replace: 'reshaped(x.shape, tabulate2(dy.shape, (n, d) => at1(dy, n * dy.shape[1] + d) / x.shape[0]))',
      unseenAt: form('', {}, { x: [1, 2, 3] }),
    },
  ],
})
