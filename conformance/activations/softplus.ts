import { either as E, function as F } from 'fp-ts'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { at, claim, exactly, named, opposite, times, unit } from '../vocabulary/claims.js'
import {
  anyPoints,
  anyValue,
  closedForm,
  eachValue,
  functionCorners,
  ofEitherSign,
  points,
  slopeOfValue,
} from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { compared } from '../vocabulary/laws.js'

// where e^{−|x|} is lost beside 1, where 1 + e^x rounds to 1 in f32, where PyTorch gives way to x, where e^x leaves f32
const turns = ofEitherSign([0.5, 0.6931472, 15, 16.6, 17, 17.4, 19.9, 20, 20.1, 87, 88, 88.7, 89, 103, 104, 105])
const betas = [1, 0.5, 2, 0.1, 8, 100]

const oddPart: Law = {
  name: 'y(x) − y(−x) = x',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, inputs)),
      E.bind('left', () => ask('forward', attrs, { x: opposite(named(inputs, 'x')) })),
      E.map(({ right, left }) => {
        const [x, above, below] = [named(inputs, 'x'), named(right.values, 'y'), named(left.values, 'y')]
        return [
          claim(
            x,
            (i) => at(above, i) - at(below, i),
            // the difference of two that are no larger than |x| and ln 2/β, which their slack holds
            (i) => at(named(right.slack, 'y'), i) + at(named(left.slack, 'y'), i) + unit * Math.abs(at(x, i)),
          ),
        ]
      }),
    ),
}

const halved: Law = compared(
  'of half x and twice β it is half, and its slope the same',
  ({ attrs, inputs }) => ({
    attrs: { beta: 2 * (attrs['beta'] as number) },
    inputs: { x: times(0.5, named(inputs, 'x')) },
  }),
  (before, after) => [
    exactly(named(after.ahead.values, 'y'), times(0.5, named(before.ahead.values, 'y'))),
    exactly(named(after.back.values, 'x'), named(before.back.values, 'x')),
  ],
)

// y's error by the slope of e^{−βy}; the product, the power and their roundings, of numbers up to 1
const slope = slopeOfValue(
  'its slope is 1 − e^{−βy}',
  (y, beta) => -Math.expm1(-beta * y),
  (y, e, beta) => beta * e + (4 + beta * y) * unit,
  { attribute: 'beta' },
)

const literal = closedForm(
  'it is the formula as it is written, where nothing overflows',
  (draw) => draw.uniform() * 4 - 1,
  (x, beta) => Math.log(1 + Math.exp(beta * x)) / beta,
  (x, y, beta) => (8 + 4 * Math.abs(beta * x)) * unit * (1 / beta + y),
  'beta',
)

export const softplus = questionsAbout('softplus', {
  corners: [
    ...functionCorners({ beta: 0.5 }),
    ...eachValue('beta', 'beta', betas),
    points('where formulas turn', 64, turns),
    points('where formulas turn, beta 2', 64, [...turns, ...turns.map((x) => x / 2)], { beta: 2 }),
    points('far below 0', 65, { mean: -60, scale: 20 }),
    points('around zero', 64, 'small', { beta: 3 }),
    points('saturated', 64, 'saturated'),
    points('saturated, a small beta', 64, 'saturated', { beta: 1e-3 }),
  ],
  random: anyPoints(['normal', 'small', 'wide'], anyValue('beta', betas)),
  laws: [oddPart, halved, slope, literal],
  worked: [
    {
      name: 'at 0 it is ln 2, at ln 3 ln 4, and half of that with beta 2 at half of it',
      inputs: { x: array([0, Math.log(3), -Math.log(3)]) },
      outputs: { y: array([Math.LN2, Math.log(4), Math.log(4 / 3)]) },
      source: 'closed form: 1 + e^x is 2, 4 and 4/3 there',
    },
    {
      name: 'its slope at 0, ln 3 and −ln 3 is ½, ¾ and ¼',
      inputs: { x: array([0, Math.log(3), -Math.log(3)]) },
      cotangents: { y: array([2, 4, -4]) },
      outputs: { x: array([1, 3, -1]) },
      source: 'closed form',
    },
  ],
  faults: [
    { name: 'β not divided by', direction: 'forward', find: '/ beta', replace: '' },
    { name: 'β left out of the power', direction: 'forward', find: 'Math.abs(beta * x)', replace: 'Math.abs(x)' },
    {
      name: 'no more than 1 beside the power: log(1 + t) for t below 1',
      direction: 'forward',
      find: 'Math.log1p(Math.exp(-Math.abs(beta * x)))',
      replace: 'Math.log(Math.fround(1 + Math.exp(-Math.abs(beta * x))))',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [0, 1, -1, 2] } }),
    },
    { name: 'the rectifier left out', direction: 'forward', find: 'Math.max(x, 0) +', replace: '' },
    { name: 'slope of β = 1', direction: 'backward', find: 'sigmoid(beta * x)', replace: 'sigmoid(x)' },
    { name: 'slope times β', direction: 'backward', find: 'dy * sigmoid', replace: 'beta * dy * sigmoid' },
  ],
})
