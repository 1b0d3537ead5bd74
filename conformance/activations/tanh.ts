import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate, mapTensor, zipTensors } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'

/** One rounding to f64, in either direction. */
const unit = 2 ** -52

// where a polynomial may give way to exponentials, where f32 reaches 1, and where e^2x or e^x leave f32
const turns = [0.25, 0.5, 0.624, 0.625, 0.626, 1, 5, 8.9, 9, 9.1, 10, 10.1, 44, 44.5, 88, 89]

const odd: Law = {
  name: 'odd, and its slope even',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const opposite = { x: mapTensor((x) => -x, named(inputs, 'x')) }
    return F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, inputs)),
      E.bind('left', () => ask('forward', attrs, opposite)),
      E.bind('rightSlope', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('leftSlope', () => ask('backward', attrs, opposite, cotangents)),
      E.map(({ right, left, rightSlope, leftSlope }) => [
        {
          got: named(left.values, 'y'),
          want: mapTensor((y) => -y, named(right.values, 'y')),
          allowed: zipTensors([named(left.slack, 'y'), named(right.slack, 'y')], (a, b) => a + b),
        },
        {
          got: named(leftSlope.values, 'x'),
          want: named(rightSlope.values, 'x'),
          allowed: zipTensors([named(leftSlope.slack, 'x'), named(rightSlope.slack, 'x')], (a, b) => a + b),
        },
      ]),
    )
  },
}

const contracts: Law = {
  name: 'no further from 0 than x is, and than 1',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, inputs),
      E.map(({ values, slack }) => {
        const limit = mapTensor((x) => Math.min(Math.abs(x), 1), named(inputs, 'x'))
        return [
          {
            got: zipTensors([named(values, 'y'), limit], (y, limit) => Math.max(Math.abs(y), limit)),
            want: limit,
            allowed: named(slack, 'y'),
          },
        ]
      }),
    ),
}

const doubles: Law = {
  name: 'tanh 2x = 2t/(1 + t²) with t = tanh x',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', () => ask('forward', attrs, { x: mapTensor((x) => 2 * x, named(inputs, 'x')) })),
      E.map(({ once, twice }) => {
        const want = mapTensor((t) => (2 * t) / (1 + t * t), named(once.values, 'y'))
        return [
          {
            got: named(twice.values, 'y'),
            want,
            // the slope of 2t/(1 + t²) is at most 2; t², 1 + t² and the quotient are rounded
            allowed: zipTensors(
              [named(twice.slack, 'y'), named(once.slack, 'y'), want],
              (e2, e1, value) => e2 + 2 * e1 + 3 * unit * Math.abs(value),
            ),
          },
        ]
      }),
    ),
}

const slope: Law = {
  name: 'its slope is 1 − y²',
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ ahead, back }) => {
        const [y, dy] = [named(ahead.values, 'y'), named(cotangents, 'y')]
        return [
          {
            got: named(back.values, 'x'),
            want: zipTensors([y, dy], (y, dy) => dy * (1 - y * y)),
            // y's error e in y², at most 2|y|e + e²; y², 1 − y² and the product are rounded
            allowed: zipTensors(
              [named(back.slack, 'x'), named(ahead.slack, 'y'), y, dy],
              (ofX, e, y, dy) => ofX + Math.abs(dy) * ((2 * Math.abs(y) + e) * e + unit * (y * y + 2)),
            ),
          },
        ]
      }),
    ),
}

const slidesForm: Law = {
  name: 'the slide’s (e^x − e^−x)/(e^x + e^−x), where the difference keeps its digits',
  claims: (_, ask, draw) => {
    const x = generate([20], (i) => Math.fround((i % 2 === 0 ? 1 : -1) * (0.5 + 4 * draw.uniform())))
    return F.pipe(
      ask('forward', {}, { x }),
      E.map(({ values, slack }) => [
        {
          got: named(values, 'y'),
          want: mapTensor((x) => (Math.exp(x) - Math.exp(-x)) / (Math.exp(x) + Math.exp(-x)), x),
          // each exponential errs a rounding: one of the sum, coth |x| ≤ coth ½ < 3 of the difference; then three more
          allowed: mapTensor((e) => e + (3 + 1 + 3) * unit, named(slack, 'y')),
        },
      ]),
    )
  },
}

export const tanh: Questions = {
  corners: [
    ...elementwiseCorners(['x']),
    ...[7, 8, 9, 16, 31, 32, 33, 65536].map((n) => form(`${n}`, {}, { x: [n] })),
    form('saturated', {}, { x: [64] }, { x: 'saturated' }),
    form('around zero', {}, { x: [64] }, { x: 'small' }),
    form(
      'zero, and next to nothing',
      {},
      { x: [8] },
      { x: { values: [0, 1e-30, -1e-30, 1e-10, -1e-10, 1e-5, -1e-4] } },
    ),
    form('where formulas turn', {}, { x: [32] }, { x: { values: turns.flatMap((x) => [x, -x]) } }),
    form('the steep part', {}, { x: [1000] }, { x: { mean: 0, scale: 0.5 } }),
    form('the tails', {}, { x: [1000] }, { x: { mean: 0, scale: 6 } }),
  ],
  random: (draw) => ({
    attrs: {},
    shapes: { x: Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6)) },
    fills: { x: draw.pick(['normal', 'small', 'wide']) },
  }),
  laws: [odd, contracts, doubles, slope, slidesForm],
  worked: [
    {
      name: 'tanh(½ ln 3) = ½, tanh(ln 2) = 3/5, tanh(−ln 3) = −4/5',
      direction: 'forward',
      attrs: {},
      inputs: { x: { shape: [4], data: [0, Math.log(3) / 2, Math.log(2), -Math.log(3)] } },
      outputs: { y: { shape: [4], data: [0, 1 / 2, 3 / 5, -4 / 5] } },
      source: 'closed form: tanh(ln a) = (a² − 1)/(a² + 1)',
    },
    {
      name: 'its slope there: 1, 3/4, 16/25 and 9/25, times the cotangent',
      direction: 'backward',
      attrs: {},
      inputs: { x: { shape: [4], data: [0, Math.log(3) / 2, Math.log(2), -Math.log(3)] } },
      cotangents: { y: { shape: [4], data: [1, 4, -25, 50] } },
      outputs: { x: { shape: [4], data: [1, 3, -16, 18] } },
      source: slide('Activation functions'),
    },
  ],
  faults: [
    { name: 'twice the argument', direction: 'forward', find: 'Math.tanh(x)', replace: 'Math.tanh(2 * x)' },
    {
      name: 'the sigmoid in its place',
      direction: 'forward',
      find: 'Math.tanh(x)',
      replace: '1 / (1 + Math.exp(-x))',
      unseenAt: form('', {}, { x: [3] }, { x: { values: [8, 9, 20] } }),
    },
    {
      name: 'as coarse as WGSL’s own: off by 10⁻⁵',
      direction: 'forward',
      find: 'Math.tanh(x)',
      replace: '(Math.tanh(x) + 1e-5)',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [-1, 0.5, -2, 0.25] } }),
    },
    {
      name: 'cut off at ±4',
      direction: 'forward',
      find: 'Math.tanh(x)',
      replace: 'Math.tanh(Math.max(-4, Math.min(4, x)))',
      unseenAt: form('', {}, { x: [6] }, { x: { values: [-100, -5, -4, 0, 4.5, 20] } }),
    },
    { name: 'derivative 1 − y', direction: 'backward', find: '(1 - y) * (1 + y)', replace: '1 - y' },
    {
      name: 'derivative of the sigmoid, y·(1 − y)',
      direction: 'backward',
      find: '(1 - y) * (1 + y)',
      replace: '(1 - y) * y',
    },
    {
      name: 'derivative from x in place of y',
      direction: 'backward',
      find: '(1 - y) * (1 + y)',
      replace: '(1 - x) * (1 + x)',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [0.01, -0.02, 0.005, 0] } }),
    },
    {
      name: 'cotangent forgotten',
      direction: 'backward',
      find: 'dy * ((1 - y) * (1 + y))',
      replace: '(1 - y) * (1 + y)',
      unseenAt: form('', {}, { x: [3] }, { dy: { constant: 1 } }),
    },
  ],
}
