import { either as E, function as F } from 'fp-ts'
import { epsilon } from '../../spec/bound.js'
import { slide } from '../../spec/op.js'
import { generate, mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { answersTo, exactly, named, plus, times, unit } from '../vocabulary/claims.js'
import {
  anyKink,
  anyPoints,
  anyValue,
  aroundZero,
  closedForm,
  eachKink,
  eachValue,
  functionCorners,
  points,
  slopeAtTheCorner,
  slopeOfValue,
} from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'

// where a polynomial may give way to the exponential, where e^x − 1 reaches −1 in f32, and where e^x leaves f32
const turns = [-0.25, -0.499, -0.5, -0.501, -0.6931472, -1, -15, -16.6, -17, -17.4, -87, -87.4, -88, -103, -104, -105]
const kinks = [0, 2 ** -126, -(2 ** -126), 1e-30, -1e-30, 1e-10, -1e-10, -1e-5, -1e-4, -(2 ** -20)]
const alphas = [1, 0.5, 2, 0.1, 1.6732632, 0, -0.5]

const below = (x: number): number => -Math.abs(x) - 2 ** -20

const aboveZero: Law = {
  name: 'from 0 up it is the identity, and so is its slope at 0, whatever alpha is, unless that on the left is asked for',
  claims: ({ attrs: given, inputs, cotangents }, ask) => {
    const attrs = { ...given, kink: 'catalogue' }
    const x = mapTensor(Math.abs, named(inputs, 'x'))
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, { x })),
      E.bind('dx', () => ask('backward', attrs, { x }, cotangents)),
      E.bind('atZero', () => ask('backward', attrs, { x: zeros(x.shape) }, cotangents)),
      E.map(({ y, dx, atZero }) => [
        exactly(named(y.values, 'y'), x),
        exactly(named(dx.values, 'x'), named(cotangents, 'y')),
        exactly(named(atZero.values, 'x'), named(cotangents, 'y')),
      ]),
    )
  },
}

const zeroAlpha: Law = {
  name: 'with alpha 0 it is the rectifier',
  claims: ({ inputs }, ask) =>
    F.pipe(
      ask('forward', { alpha: 0 }, inputs),
      E.map(({ values }) => [
        exactly(
          named(values, 'y'),
          mapTensor((x) => Math.max(x, 0), named(inputs, 'x')),
        ),
      ]),
    ),
}

const linearInAlpha: Law = {
  name: 'twice the alpha is twice the value and the slope below 0',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const x = mapTensor(below, named(inputs, 'x'))
    const twice = { alpha: 2 * (attrs['alpha'] as number) }
    return F.pipe(
      E.Do,
      E.bind('once', () => answersTo(ask, { attrs, inputs: { x }, cotangents })),
      E.bind('doubled', () => answersTo(ask, { attrs: twice, inputs: { x }, cotangents })),
      E.map(({ once, doubled }) => [
        exactly(named(doubled.ahead.values, 'y'), times(2, named(once.ahead.values, 'y'))),
        exactly(named(doubled.back.values, 'x'), times(2, named(once.back.values, 'x'))),
      ]),
    )
  },
}

// y's own error; the sum and the product are rounded, of numbers no larger than |α|
const slope = slopeOfValue(
  'below 0 its slope is y + α',
  (y, alpha) => y + alpha,
  (_, e, alpha) => e + 3 * unit * Math.abs(alpha),
  { x: below, attribute: 'alpha' },
)

// the next term is x³/24 < 2⁻⁶¹; a handful of roundings
const nearZero = closedForm(
  'just below 0 it is α·x·(1 + x/2 + x²/6) to the last digit',
  (draw) => -(2 ** -20) * (1 + draw.uniform()),
  (x, alpha) => alpha * x * (1 + x / 2 + (x * x) / 6),
  (_, y) => 8 * unit * Math.abs(y),
  'alpha',
)

const sums: Law = {
  name: 'below 0, y(a + b) = y(a) + y(b) + y(a)·y(b)/α, as e^a·e^b = e^(a + b)',
  claims: (_, ask, draw) => {
    const alpha = draw.pick([1, 0.5, 2, -0.75])
    // multiples of 2⁻²⁰ above −8, so that their sum is exact
    const a = generate([20], () => -draw.integer(1, 2 ** 23) / 2 ** 20)
    const b = generate([20], () => -draw.integer(1, 2 ** 23) / 2 ** 20)
    return F.pipe(
      E.Do,
      E.bind('ofA', () => ask('forward', { alpha }, { x: a })),
      E.bind('ofB', () => ask('forward', { alpha }, { x: b })),
      E.bind('ofSum', () => ask('forward', { alpha }, { x: plus(a, b) })),
      E.map(({ ofA, ofB, ofSum }) => [
        {
          got: named(ofSum.values, 'y'),
          want: zipTensors([named(ofA.values, 'y'), named(ofB.values, 'y')], (a, b) => a + b + (a * b) / alpha),
          // y(b)/α lies between −1 and 0, so each error counts once at most; then four roundings of numbers up to 2|α|
          allowed: zipTensors(
            [named(ofSum.slack, 'y'), named(ofA.slack, 'y'), named(ofB.slack, 'y')],
            (e, a, b) => e + a + b + 8 * unit * Math.abs(alpha),
          ),
        },
      ]),
    )
  },
}

const cornerSlopes = slopeAtTheCorner(({ alpha }) => ({ catalogue: 1, left: alpha as number, right: 1 }))

const [exactlyAt, oftenAt] = aroundZero('the kink', [{ alpha: 2 }, { alpha: 0.5 }, {}])

export const elu = questionsAbout('elu', {
  corners: [
    ...functionCorners({ alpha: 0.25 }),
    ...eachValue('alpha', 'alpha', alphas),
    exactlyAt,
    oftenAt,
    ...eachKink({ alpha: 2 }),
    points('on either side of the kink', 20, kinks, { alpha: 2 }),
    points(
      'where formulas turn',
      48,
      turns.flatMap((x) => [x, x / 2, -x]),
      { alpha: 1.5 },
    ),
    points('all below 0', 65, 'negative'),
    points('all above 0', 65, 'positive', { alpha: 3 }),
    points('around zero', 64, 'small', { alpha: 0.75 }),
    points('saturated', 64, 'saturated'),
    points('saturated, a large alpha', 64, 'saturated', { alpha: 1000 }),
    points('the steep part', 1000, { mean: 0, scale: 0.5 }),
    points('the tail', 1000, { mean: -8, scale: 6 }),
  ],
  random: anyPoints(['normal', 'small', 'wide', 'ties'], (draw) => ({
    ...anyValue('alpha', alphas)(draw),
    ...anyKink(draw),
  })),
  laws: [aboveZero, zeroAlpha, linearInAlpha, slope, nearZero, sums, cornerSlopes],
  worked: [
    {
      name: 'at −ln 2 it is −½, at −ln 4 −¾: e^x is ½ and ¼ there',
      inputs: { x: array([-Math.log(2), -Math.log(4), 0, 3]) },
      outputs: { y: array([-1 / 2, -3 / 4, 0, 3]) },
      source: `${slide('Activation functions')}; closed form`,
    },
    {
      name: 'with alpha 2: −1, 0 and 1 give 2·(1/e − 1), 0 and 1',
      attrs: { alpha: 2 },
      inputs: { x: array([-1, 0, 1]) },
      outputs: { y: array([-1.2642411176571153, 0, 1]) },
      source: 'ONNX’s example of Elu, which prints −1.2642411; more digits from 1/e = 0.36787944117144233',
    },
    {
      name: 'its slope is α·e^x below 0 and 1 from there on, 0 included',
      attrs: { alpha: 2 },
      inputs: { x: array([-Math.log(2), -Math.log(4), 0, 3]) },
      cotangents: { y: array([3, -4, 5, 6]) },
      outputs: { x: array([3, -2, 5, 6]) },
      source: 'by hand; the slope at 0 as TensorFlow’s EluGrad has it (PyTorch would have 10 for 5)',
    },
    {
      name: 'with the slope on the left of 0 there, α',
      attrs: { alpha: 2, kink: 'left' },
      inputs: { x: array([-Math.log(2), -Math.log(4), 0, 3]) },
      cotangents: { y: array([3, -4, 5, 6]) },
      outputs: { x: array([3, -2, 10, 6]) },
      source: 'by hand; the slope at 0 as PyTorch’s ELU has it',
    },
  ],
  // PyTorch has the plain difference e^x − 1, which keeps the error of e^x, at most 2ε, near 0 as well
  witnessError: {
    forward: ({ attrs, inputs }) => ({
      y: mapTensor((x) => (x < 0 ? 2 * epsilon * Math.abs(attrs['alpha'] as number) : 0), named(inputs, 'x')),
    }),
  },
  faults: [
    {
      name: 'the plain difference, e^x rounded to f32 before 1 is taken away',
      direction: 'forward',
      find: 'Math.expm1(x)',
      replace: '(Math.fround(Math.exp(x)) - 1)',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [-1, -0.5, -2, -0.25] } }),
    },
    { name: 'e^x alone', direction: 'forward', find: 'Math.expm1(x)', replace: 'Math.exp(x)' },
    {
      name: 'alpha forgotten',
      direction: 'forward',
      find: 'alpha * Math.expm1(x)',
      replace: 'Math.expm1(x)',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'CELU’s e^(x/α)',
      direction: 'forward',
      find: 'Math.expm1(x)',
      replace: 'Math.expm1(x / alpha)',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'SELU’s scale on top',
      direction: 'forward',
      find: '? x :',
      replace: '? 1.0507009873554805 * x :',
      unseenAt: form('', {}, { x: [4] }, { x: 'negative' }),
    },
    {
      name: 'cut off at −4',
      direction: 'forward',
      find: 'Math.expm1(x)',
      replace: 'Math.expm1(Math.max(x, -4))',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [-1, -3, -4, 2] } }),
    },
    {
      name: 'slope α at 0, as PyTorch has it',
      direction: 'backward',
      find: "kink !== 'left' && x === 0",
      replace: 'false',
      unseenAt: form('', { alpha: 2 }, { x: [8] }),
    },
    {
      name: 'slope 1 at 0, whichever is asked for',
      direction: 'backward',
      find: "kink !== 'left' && x === 0",
      replace: 'x === 0',
      unseenAt: form('', { alpha: 2, kink: 'left' }, { x: [8] }),
    },
    {
      name: 'alpha forgotten',
      direction: 'backward',
      find: 'alpha * Math.exp(x)',
      replace: 'Math.exp(x)',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'the slope from y without its alpha: e^x − 1',
      direction: 'backward',
      find: 'Math.exp(x)',
      replace: 'Math.expm1(x)',
    },
    {
      name: 'a constant slope below 0',
      direction: 'backward',
      find: 'alpha * Math.exp(x)',
      replace: 'alpha',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [-1e-5, -1e-4, 1, 2] } }),
    },
    { name: 'cotangent forgotten', direction: 'backward', find: 'dy * (alpha', replace: '(alpha' },
  ],
})
