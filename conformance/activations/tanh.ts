import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { mapTensor, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { combination, equal, named, opposite, times, unit } from '../vocabulary/claims.js'
import {
  anyPoints,
  closedForm,
  functionCorners,
  ofEitherSign,
  points,
  slopeOfValue,
} from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { compared, ofAnswer } from '../vocabulary/laws.js'

// where a polynomial may give way to exponentials, where f32 reaches 1, and where e^2x or e^x leave f32
const turns = [0.25, 0.5, 0.624, 0.625, 0.626, 1, 5, 8.9, 9, 9.1, 10, 10.1, 44, 44.5, 88, 89]

const odd = compared(
  'odd, and its slope even',
  ({ inputs }) => ({ inputs: { x: opposite(named(inputs, 'x')) } }),
  (right, left) => [combination('y', left.ahead, [[-1, right.ahead]]), equal('x', left.back, right.back)],
)

const contracts = ofAnswer('no further from 0 than x is, and than 1', ({ values, slack }, { inputs }) => {
  const limit = mapTensor((x) => Math.min(Math.abs(x), 1), named(inputs, 'x'))
  return [
    {
      got: zipTensors([named(values, 'y'), limit], (y, limit) => Math.max(Math.abs(y), limit)),
      want: limit,
      allowed: named(slack, 'y'),
    },
  ]
})

const doubles: Law = {
  name: 'tanh 2x = 2t/(1 + t²) with t = tanh x',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', () => ask('forward', attrs, { x: times(2, named(inputs, 'x')) })),
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

// y's error e in y², at most 2|y|e + e²; y², 1 − y² and the product are rounded
const slope = slopeOfValue(
  'its slope is 1 − y²',
  (y) => 1 - y * y,
  (y, e) => (2 * Math.abs(y) + e) * e + unit * (y * y + 2),
)

// each exponential errs a rounding: one of the sum, coth |x| ≤ coth ½ < 3 of the difference; then three more
const slidesForm = closedForm(
  'the slide’s (e^x − e^−x)/(e^x + e^−x), where the difference keeps its digits',
  (draw, i) => (i % 2 === 0 ? 1 : -1) * (0.5 + 4 * draw.uniform()),
  (x) => (Math.exp(x) - Math.exp(-x)) / (Math.exp(x) + Math.exp(-x)),
  () => (3 + 1 + 3) * unit,
)

const x = array([0, Math.log(3) / 2, Math.log(2), -Math.log(3)])

export const tanh = questionsAbout('tanh', {
  corners: [
    ...functionCorners(),
    points('saturated', 64, 'saturated'),
    points('around zero', 64, 'small'),
    points('zero, and next to nothing', 8, [0, 1e-30, -1e-30, 1e-10, -1e-10, 1e-5, -1e-4]),
    points('where formulas turn', 32, ofEitherSign(turns)),
    points('the steep part', 1000, { mean: 0, scale: 0.5 }),
    points('the tails', 1000, { mean: 0, scale: 6 }),
  ],
  random: anyPoints(['normal', 'small', 'wide']),
  laws: [odd, contracts, doubles, slope, slidesForm],
  worked: [
    {
      name: 'tanh(½ ln 3) = ½, tanh(ln 2) = 3/5, tanh(−ln 3) = −4/5',
      inputs: { x },
      outputs: { y: array([0, 1 / 2, 3 / 5, -4 / 5]) },
      source: 'closed form: tanh(ln a) = (a² − 1)/(a² + 1)',
    },
    {
      name: 'its slope there: 1, 3/4, 16/25 and 9/25, times the cotangent',
      inputs: { x },
      cotangents: { y: array([1, 4, -25, 50]) },
      outputs: { x: array([1, 3, -16, 18]) },
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
})
