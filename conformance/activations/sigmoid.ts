import { either as E, function as F } from 'fp-ts'
import { generate, mapTensor } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { named } from '../laws.js'
import type { Questions } from '../questions.js'
import { form } from '../questions.js'

export const sigmoid: Questions = {
  corners: [
    ...elementwiseCorners(['x']),
    form('saturated', {}, { x: [64] }, { x: 'saturated' }),
    form('around zero', {}, { x: [64] }, { x: 'small' }),
    form('far out', {}, { x: [200] }, { x: { values: [-86, -40, -20, -10, -1, 0, 1, 10, 20, 40, 86] } }),
  ],
  random: (draw) => ({
    attrs: {},
    shapes: { x: Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6)) },
    fills: { x: draw.pick(['normal', 'small', 'wide']) },
  }),
  laws: [
    {
      name: 'σ(x) + σ(−x) = 1',
      claims: ({ attrs, inputs }, ask) =>
        F.pipe(
          E.Do,
          E.bind('right', () => ask('forward', attrs, inputs)),
          E.bind('left', () => ask('forward', attrs, { x: mapTensor((v) => -v, named(inputs, 'x')) })),
          E.map(({ right, left }) => {
            const [a, b] = [named(right.values, 'y'), named(left.values, 'y')]
            const [ea, eb] = [named(right.slack, 'y'), named(left.slack, 'y')]
            return [
              {
                got: generate(a.shape, (i) => (a.data[i] as number) + (b.data[i] as number)),
                want: generate(a.shape, () => 1),
                allowed: generate(a.shape, (i) => (ea.data[i] as number) + (eb.data[i] as number) + 2 ** -52),
              },
            ]
          }),
        ),
    },
    {
      name: 'ln(y/(1 − y)) gives x back where neither tail is lost',
      claims: (_, ask, draw) => {
        const x = generate([20], () => Math.fround(draw.uniform() * 4 - 2))
        return F.pipe(
          ask('forward', {}, { x }),
          E.map(({ values, slack }) => {
            const [y, e] = [named(values, 'y'), named(slack, 'y')]
            const at = (i: number): number => y.data[i] as number
            return [
              {
                got: generate([20], (i) => Math.log(at(i) / (1 - at(i)))),
                want: x,
                // d ln(y/(1 − y)) = dy/(y(1 − y)), and two roundings in the quotient and the logarithm
                allowed: generate(
                  [20],
                  (i) =>
                    ((e.data[i] as number) + 2 ** -52) / (at(i) * (1 - at(i))) +
                    2 ** -50 * Math.abs(x.data[i] as number) +
                    2 ** -51,
                ),
              },
            ]
          }),
        )
      },
    },
  ],
  worked: [],
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
}
