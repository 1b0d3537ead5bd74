import { either as E, function as F } from 'fp-ts'
import { generate, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { at, claim, named, opposite, plus, unit } from '../vocabulary/claims.js'
import { anyPoints, elementwiseCorners, points } from '../vocabulary/elementwise.js'

const oddAroundHalf: Law = {
  name: 'σ(x) + σ(−x) = 1',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, inputs)),
      E.bind('left', () => ask('forward', attrs, { x: opposite(named(inputs, 'x')) })),
      E.map(({ right, left }) => [
        claim(
          plus(named(right.values, 'y'), named(left.values, 'y')),
          () => 1,
          (i) => at(named(right.slack, 'y'), i) + at(named(left.slack, 'y'), i) + unit,
        ),
      ]),
    ),
}

const logOdds: Law = {
  name: 'ln(y/(1 − y)) gives x back where neither tail is lost',
  claims: (_, ask, draw) => {
    const x = generate([20], () => Math.fround(draw.uniform() * 4 - 2))
    return F.pipe(
      ask('forward', {}, { x }),
      E.map(({ values, slack }) => {
        const y = (i: number): number => at(named(values, 'y'), i)
        return [
          claim(
            generate([20], (i) => Math.log(y(i) / (1 - y(i)))),
            (i) => at(x, i),
            // d ln(y/(1 − y)) = dy/(y(1 − y)), and two roundings in the quotient and the logarithm
            (i) => (at(named(slack, 'y'), i) + unit) / (y(i) * (1 - y(i))) + 4 * unit * Math.abs(at(x, i)) + 2 * unit,
          ),
        ]
      }),
    )
  },
}

export const sigmoid = questionsAbout('sigmoid', {
  corners: [
    ...elementwiseCorners(['x']),
    points('saturated', 64, 'saturated'),
    points('around zero', 64, 'small'),
    points('far out', 200, [-86, -40, -20, -10, -1, 0, 1, 10, 20, 40, 86]),
  ],
  random: anyPoints(['normal', 'small', 'wide']),
  laws: [oddAroundHalf, logOdds],
  worked: [],
  // PyTorch's backward has y alone and multiplies by 1 − y, which keeps y's absolute error: at x = 40 that is all of it
  witnessError: {
    backward: ({ cotangents }, forward) => {
      const { values, slack } = forward()
      return {
        x: zipTensors(
          [named(values, 'y'), named(slack, 'y'), named(cotangents, 'y')],
          (y, e, dy) => Math.abs(dy) * y * e,
        ),
      }
    },
  },
  faults: [
    {
      name: 'sign of the exponent',
      direction: 'forward',
      find: '1 / (1 + Math.exp(-x))',
      replace: '1 / (1 + Math.exp(x))',
    },
    {
      name: 'the tail as a difference from 1',
      direction: 'forward',
      find: 'Math.exp(x) / (1 + Math.exp(x))',
      replace: '1 - 1 / (1 + Math.exp(x)) + 1e-7',
      unseenAt: form('', {}, { x: [4] }, { x: { values: [-1, -0.5, -2, -0.25] } }),
    },
    { name: 'derivative without 1 − y', direction: 'backward', find: ' * sigmoid(-x)', replace: '' },
    {
      name: 'derivative of the square',
      direction: 'backward',
      find: 'sigmoid(-x)',
      replace: 'sigmoid(x)',
      unseenAt: form('', {}, { x: [3] }, { x: { constant: 0 } }),
    },
  ],
})
