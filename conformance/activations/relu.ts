import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { named } from '../laws.js'
import type { Claim, Law, Questions } from '../questions.js'
import { form } from '../questions.js'

// nothing here rounds: maxima and copies of f32 values, their doubles, sums and products are exact in f64
const exactly = (got: Tensor, want: Tensor): Claim => ({ got, want, allowed: zeros(want.shape) })

const idempotent: Law = {
  name: 'twice is once',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', ({ once }) => ask('forward', attrs, { x: named(once.values, 'y') })),
      E.map(({ once, twice }) => [exactly(named(twice.values, 'y'), named(once.values, 'y'))]),
    ),
}

const homogeneous: Law = {
  name: 'of a positive multiple the multiple, and the same slope',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const larger = { x: mapTensor((x) => 4 * x, named(inputs, 'x')) }
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('largerY', () => ask('forward', attrs, larger)),
      E.bind('dx', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('largerDx', () => ask('backward', attrs, larger, cotangents)),
      E.map(({ y, largerY, dx, largerDx }) => [
        exactly(
          named(largerY.values, 'y'),
          mapTensor((y) => 4 * y, named(y.values, 'y')),
        ),
        exactly(named(largerDx.values, 'x'), named(dx.values, 'x')),
      ]),
    )
  },
}

const parts: Law = {
  name: 'the part above 0 less the part below is x',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('above', () => ask('forward', attrs, inputs)),
      E.bind('below', () => ask('forward', attrs, { x: mapTensor((x) => -x, named(inputs, 'x')) })),
      E.map(({ above, below }) => [
        exactly(
          zipTensors([named(above.values, 'y'), named(below.values, 'y')], (a, b) => a - b),
          named(inputs, 'x'),
        ),
      ]),
    ),
}

const euler: Law = {
  name: 'x·dx = y·dy, as for every function homogeneous of degree 1',
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ ahead, back }) => [
        exactly(
          zipTensors([named(inputs, 'x'), named(back.values, 'x')], (x, dx) => x * dx),
          zipTensors([named(ahead.values, 'y'), named(cotangents, 'y')], (y, dy) => y * dy),
        ),
      ]),
    ),
}

export const relu: Questions = {
  corners: [
    ...elementwiseCorners(['x']),
    ...[7, 8, 9, 16, 31, 32, 33, 65536].map((n) => form(`${n}`, {}, { x: [n] })),
    form('exactly at the kink', {}, { x: [3, 7] }, { x: { constant: 0 } }),
    form('often at the kink', {}, { x: [130] }, { x: 'ties' }),
    form(
      'on either side of the kink',
      {},
      { x: [16] },
      { x: { values: [0, 2 ** -126, -(2 ** -126), 1e-30, -1e-30, 2 ** -20, -(2 ** -20)] } },
    ),
    form('nothing passes', {}, { x: [65] }, { x: 'negative' }),
    form('all passes', {}, { x: [65] }, { x: 'positive' }),
    form('small', {}, { x: [64] }, { x: 'small' }),
    form('saturated', {}, { x: [64] }, { x: 'saturated' }),
  ],
  random: (draw) => ({
    attrs: {},
    shapes: { x: Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6)) },
    fills: { x: draw.pick(['normal', 'small', 'wide', 'ties']) },
  }),
  laws: [idempotent, homogeneous, parts, euler],
  worked: [
    {
      name: 'negative numbers and 0 give 0, positive ones themselves',
      direction: 'forward',
      attrs: {},
      inputs: { x: { shape: [5], data: [-10, -0.5, 0, 0.5, 10] } },
      outputs: { y: { shape: [5], data: [0, 0, 0, 0.5, 10] } },
      source: slide('Activation functions'),
    },
    {
      name: 'the slope is 0, 0 at 0, and 1',
      direction: 'backward',
      attrs: {},
      inputs: { x: { shape: [5], data: [-10, -0.5, 0, 0.5, 10] } },
      cotangents: { y: { shape: [5], data: [1, 2, 3, 4, -5] } },
      outputs: { x: { shape: [5], data: [0, 0, 0, 4, -5] } },
      source: 'slide "Activation functions"; the slope at 0 as in PyTorch',
    },
  ],
  faults: [
    { name: 'minimum in place of maximum', direction: 'forward', find: 'Math.max(0, x)', replace: 'Math.min(0, x)' },
    {
      name: 'the magnitude',
      direction: 'forward',
      find: 'Math.max(0, x)',
      replace: 'Math.abs(x)',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'leaky',
      direction: 'forward',
      find: 'Math.max(0, x)',
      replace: 'Math.max(0.01 * x, x)',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'cut off at 6',
      direction: 'forward',
      find: 'Math.max(0, x)',
      replace: 'Math.min(6, Math.max(0, x))',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'slope 1 at 0',
      direction: 'backward',
      find: 'x <= 0 ? 0 : dy',
      replace: 'x < 0 ? 0 : dy',
      unseenAt: form('', {}, { x: [8] }),
    },
    { name: 'sides exchanged', direction: 'backward', find: 'x <= 0 ? 0 : dy', replace: 'x >= 0 ? 0 : dy' },
    {
      name: 'leaky slope',
      direction: 'backward',
      find: 'x <= 0 ? 0 : dy',
      replace: 'x <= 0 ? 0.01 * dy : dy',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'decided by the cotangent',
      direction: 'backward',
      find: 'x <= 0 ? 0 : dy',
      replace: 'dy <= 0 ? 0 : dy',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive', dy: 'positive' }),
    },
    { name: 'cotangent forgotten', direction: 'backward', find: 'x <= 0 ? 0 : dy', replace: 'x <= 0 ? 0 : 1' },
  ],
}
