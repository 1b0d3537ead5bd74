import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { named } from '../laws.js'
import type { Claim, Law, Questions } from '../questions.js'
import { form } from '../questions.js'

const exactly = (got: Tensor, want: Tensor): Claim => ({ got, want, allowed: zeros(want.shape) })

const opposite = (x: Tensor): Tensor => mapTensor((x) => -x, x)

const oneSide: Law = {
  name: 'x lies on one side: y(x) + y(−x) is 1, and 2 at 0, which lies on both',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, { x })),
      E.bind('left', () => ask('forward', attrs, { x: opposite(x) })),
      E.map(({ right, left }) => [
        exactly(
          zipTensors([named(right.values, 'y'), named(left.values, 'y')], (a, b) => a + b),
          mapTensor((x) => 2 - Math.abs(Math.sign(x)), x),
        ),
      ]),
    )
  },
}

const scaleFree: Law = {
  name: 'any positive multiple is decided alike',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('ofMultiple', () => ask('forward', attrs, { x: mapTensor((x) => 2 ** -40 * x, named(inputs, 'x')) })),
      E.map(({ y, ofMultiple }) => [exactly(named(ofMultiple.values, 'y'), named(y.values, 'y'))]),
    ),
}

const magnitude: Law = {
  name: 'x·(2y − 1) is |x|',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, inputs),
      E.map(({ values }) => [
        exactly(
          zipTensors([named(inputs, 'x'), named(values, 'y')], (x, y) => x * (2 * y - 1)),
          mapTensor(Math.abs, named(inputs, 'x')),
        ),
      ]),
    ),
}

const counts: Law = {
  name: 'it counts: the steps of x − 0, x − 1, …, x − 9 sum to ⌊x⌋ + 1',
  claims: (_, ask, draw) => {
    const x = generate([30], () => draw.integer(0, 9 * 4) / 4)
    const at = (i: number): number => x.data[Math.floor(i / 10)] as number
    return F.pipe(
      ask('forward', {}, { x: generate([30, 10], (i) => at(i) - (i % 10)) }),
      E.map(({ values }) => {
        const y = named(values, 'y')
        const sum = (row: number): number =>
          Array.from({ length: 10 }, (_, k) => y.data[10 * row + k] as number).reduce((a, b) => a + b)
        return [
          exactly(
            generate([30], sum),
            mapTensor((x) => Math.floor(x) + 1, x),
          ),
        ]
      }),
    )
  },
}

export const step: Questions = {
  corners: [
    ...elementwiseCorners(['x']),
    ...[7, 8, 9, 16, 31, 32, 33, 65536].map((n) => form(`${n}`, {}, { x: [n] })),
    form('exactly at the threshold', {}, { x: [3, 7] }, { x: { constant: 0 } }),
    form('0 with a sign', {}, { x: [4] }, { x: { values: [0, -0] } }),
    form('often at the threshold', {}, { x: [130] }, { x: 'ties' }),
    form(
      'on either side of the threshold',
      {},
      { x: [16] },
      { x: { values: [0, 2 ** -126, -(2 ** -126), 1e-30, -1e-30, 2 ** -20, -(2 ** -20)] } },
    ),
    form('nothing fires', {}, { x: [65] }, { x: 'negative' }),
    form('all fire', {}, { x: [65] }, { x: 'positive' }),
    form('small', {}, { x: [64] }, { x: 'small' }),
    form('saturated', {}, { x: [64] }, { x: 'saturated' }),
  ],
  random: (draw) => ({
    attrs: {},
    shapes: { x: Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6)) },
    fills: { x: draw.pick(['normal', 'small', 'wide', 'ties']) },
  }),
  laws: [oneSide, scaleFree, magnitude, counts],
  worked: [
    {
      name: 'below the threshold 0, at it and above 1',
      direction: 'forward',
      attrs: {},
      inputs: { x: { shape: [5], data: [-10, -0.5, 0, 0.5, 10] } },
      outputs: { y: { shape: [5], data: [0, 0, 1, 1, 1] } },
      source: slide('The perceptron'),
    },
    {
      name: 'the perceptrons of AND (x₁ + x₂ − 2), OR (x₁ + x₂ − 1) and NOT AND (1 − x₁ − x₂)',
      direction: 'forward',
      attrs: {},
      inputs: { x: { shape: [3, 4], data: [-2, -1, -1, 0, -1, 0, 0, 1, 1, 0, 0, -1] } },
      outputs: { y: { shape: [3, 4], data: [0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0] } },
      source: `truth tables at 00, 01, 10 and 11; ${slide('The perceptron')}`,
    },
  ],
  faults: [
    {
      name: '0 at the threshold',
      direction: 'forward',
      find: 'x >= 0 ? 1 : 0',
      replace: 'x > 0 ? 1 : 0',
      unseenAt: form('', {}, { x: [8] }),
    },
    { name: 'sides exchanged', direction: 'forward', find: 'x >= 0 ? 1 : 0', replace: 'x >= 0 ? 0 : 1' },
    {
      name: '±1 in place of 1 and 0',
      direction: 'forward',
      find: '? 1 : 0',
      replace: '? 1 : -1',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'half at the threshold',
      direction: 'forward',
      find: 'x >= 0 ? 1 : 0',
      replace: '(Math.sign(x) + 1) / 2',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'a threshold of 10⁻⁶',
      direction: 'forward',
      find: 'x >= 0',
      replace: 'x >= 1e-6',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'the rectifier',
      direction: 'forward',
      find: '? 1 : 0',
      replace: '? x : 0',
      unseenAt: form('', {}, { x: [4] }, { x: 'negative' }),
    },
  ],
}
