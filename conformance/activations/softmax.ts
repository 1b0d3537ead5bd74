import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, mapTensor, sumOf, zipTensors } from '../../spec/tensor.js'
import { another, named } from '../laws.js'
import type { Evaluation, Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { alongTheLastAxis, at, axisOf, classesInAnyOrder, rowCorners, rowsSumTo, shifted, unit } from './rowLaws.js'

const times = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => a * b)
const size = (a: Tensor): Tensor => mapTensor(Math.abs, a)

const sharesOfOne: Law = {
  name: 'the shares of a row sum to 1, and their gradients to 0',
  claims: (sample, ask) =>
    F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', sample.attrs, sample.inputs)),
      E.bind('dx', () => ask('backward', sample.attrs, sample.inputs, sample.cotangents)),
      E.bind('ones', ({ y }) => rowsSumTo(1, axisOf(sample), 'y', y)),
      E.bind('zeros', ({ dx }) => rowsSumTo(0, axisOf(sample), 'x', dx)),
      E.map(({ ones, zeros }) => [ones, zeros]),
    ),
}

const sharesAreShares: Law = {
  name: 'no share is below 0 or above 1',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, inputs),
      E.map(({ values, slack }) => {
        const y = named(values, 'y')
        return [{ got: y, want: mapTensor((y) => Math.min(Math.max(y, 0), 1), y), allowed: named(slack, 'y') }]
      }),
    ),
}

const odds: Law = {
  name: 'the log of the odds of two classes is the difference of their logits',
  claims: (_, ask, draw) => {
    const x = another(draw, [6, 5])
    return F.pipe(
      ask('forward', { axis: 1 }, { x }),
      E.map(({ values, slack }) => {
        const [y, e] = [named(values, 'y'), named(slack, 'y')]
        const first = (i: number): number => i - (i % 5)
        const relative = (i: number): number => at(e.data, i) / at(y.data, i)
        return [
          {
            got: generate([6, 5], (i) => Math.log(at(y.data, i) / at(y.data, first(i)))),
            want: generate([6, 5], (i) => at(x.data, i) - at(x.data, first(i))),
            // d ln y = dy/y; the quotient is rounded, and its logarithm
            allowed: generate(
              [6, 5],
              (i) => relative(i) + relative(first(i)) + unit + unit * Math.abs(at(x.data, i) - at(x.data, first(i))),
            ),
          },
        ]
      }),
    )
  },
}

const symmetricJacobian: Law = {
  name: 'its Jacobian is symmetric: ⟨u, Jᵀv⟩ = ⟨v, Jᵀu⟩',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const v = named(cotangents, 'y')
    const u = another(draw, v.shape)
    return F.pipe(
      E.Do,
      E.bind('ofV', () => ask('backward', attrs, inputs, { y: v })),
      E.bind('ofU', () => ask('backward', attrs, inputs, { y: u })),
      E.map(({ ofV, ofU }) => {
        const scalar = (value: number): Tensor => ({ shape: [], data: [value] })
        const dot = (a: Tensor, b: Tensor): number => sumOf(times(a, b).data)
        // a product and n additions
        const error = (a: Tensor, b: Evaluation): number =>
          dot(size(a), named(b.slack, 'x')) + (a.data.length + 1) * unit * dot(size(a), size(named(b.values, 'x')))
        return [
          {
            got: scalar(dot(u, named(ofV.values, 'x'))),
            want: scalar(dot(v, named(ofU.values, 'x'))),
            allowed: scalar(error(u, ofV) + error(v, ofU)),
          },
        ]
      }),
    )
  },
}

export const softmax: Questions = {
  corners: [
    ...rowCorners,
    form('more than one row of workgroups', { axis: 0 }, { x: [64, 65537] }),
    form('all equal', {}, { x: [3, 10] }, { x: { constant: 3 } }),
    form('two classes', {}, { x: [40, 2] }),
    form('rows of one class', { axis: 1 }, { x: [65, 1] }, { x: 'wide' }),
    form('logits of ±10,000', {}, { x: [16, 7] }, { x: { mean: 0, scale: 1e4 } }),
    form('10,000 and its neighbours', {}, { x: [16, 7] }, { x: { mean: 1e4, scale: 1 } }),
    form('−10,000 and its neighbours', { axis: 0 }, { x: [16, 7] }, { x: { mean: -1e4, scale: 1 } }),
    form('saturated', {}, { x: [16, 8] }, { x: 'saturated' }),
    form('saturated, two classes', {}, { x: [128, 2] }, { x: 'saturated' }),
    form(
      'shares that vanish in f32',
      {},
      { x: [4, 9] },
      { x: { values: [0, -1, -50, -80, -87, -88, -103, -104, -105, -1000, 0.5] } },
    ),
    form('wide logits, long rows', {}, { x: [4, 1000] }, { x: 'wide' }),
    form('small logits', {}, { x: [5, 20] }, { x: 'small' }),
    form('ties', {}, { x: [20, 6] }, { x: 'ties' }),
    form('a cotangent of one class', {}, { x: [12, 10] }, { dy: 'oneHot' }),
    form('a constant cotangent pulls nowhere', {}, { x: [12, 10] }, { dy: { constant: 1 } }),
    form('a cotangent under a large mean', {}, { x: [12, 10] }, { dy: { mean: 100, scale: 1 } }),
  ],
  random: (draw) => {
    const rank = draw.integer(0, 4)
    return {
      attrs: { axis: draw.integer(-Math.max(rank, 1), Math.max(rank, 1) - 1) },
      shapes: { x: Array.from({ length: rank }, () => draw.integer(1, 6)) },
      fills: { x: draw.pick(['normal', 'wide', 'small', 'ties', { mean: 0, scale: 100 }]) },
    }
  },
  laws: [sharesOfOne, sharesAreShares, shifted, classesInAnyOrder, alongTheLastAxis, odds, symmetricJacobian],
  worked: [
    {
      name: 'logits 0, ln 2 and ln 5 have shares 1/8, 2/8 and 5/8',
      direction: 'forward',
      attrs: { axis: -1 },
      inputs: { x: { shape: [3], data: [0, Math.log(2), Math.log(5)] } },
      outputs: { y: { shape: [3], data: [1 / 8, 2 / 8, 5 / 8] } },
      source: slide('Softmax'),
    },
    {
      name: 'logits 1, 2 and 3, down the columns',
      direction: 'forward',
      attrs: { axis: 0 },
      inputs: { x: { shape: [3, 2], data: [1, 3, 2, 2, 3, 1] } },
      outputs: {
        y: {
          shape: [3, 2],
          data: [
            0.09003057317038046, 0.6652409557748219, 0.24472847105479767, 0.24472847105479767, 0.6652409557748219,
            0.09003057317038046,
          ],
        },
      },
      source: 'the digits that SciPy prints for softmax([1, 2, 3])',
    },
    {
      name: 'a pull of 8 at shares 1/8, 2/8 and 5/8: 8·y·(1 − y) at its own class, −8·y·y′ at the others',
      direction: 'backward',
      attrs: { axis: -1 },
      inputs: { x: { shape: [3], data: [0, Math.log(2), Math.log(5)] } },
      cotangents: { y: { shape: [3], data: [8, 0, 0] } },
      outputs: { x: { shape: [3], data: [7 / 8, -2 / 8, -5 / 8] } },
      source: 'by hand: ∂yᵢ/∂xⱼ = yᵢ·((i = j) − yⱼ)',
    },
  ],
  faults: [
    {
      name: 'no maximum subtracted',
      direction: 'forward',
      find: 'at3(rows, o, i, k) - at2(most, o, k)',
      replace: 'at3(rows, o, i, k)',
      unseenAt: form('', {}, { x: [3, 5] }),
    },
    {
      name: 'last class left out of the sum',
      direction: 'forward',
      find: 'sum1(extent, (j) => at3(powers',
      replace: 'sum1(extent - 1, (j) => at3(powers',
      unseenAt: form('', {}, { x: [2, 3] }, { x: { values: [20, 1, 0] } }),
    },
    {
      name: 'another axis: the two innermost exchanged',
      direction: 'forward',
      find: 'reshaped([outer, extent, inner], x)',
      replace: 'reshaped([outer, inner, extent], x)',
      unseenAt: form('', { axis: 0 }, { x: [3, 3] }),
    },
    {
      name: 'powers of 2',
      direction: 'forward',
      find: 'Math.exp(at3(rows, o, i, k) - at2(most, o, k))',
      replace: '2 ** (at3(rows, o, i, k) - at2(most, o, k))',
    },
    {
      name: 'a guard of 10⁻⁴ in the divisor',
      direction: 'forward',
      find: 'at3(powers, o, i, k) / at2(sums, o, k)',
      replace: 'at3(powers, o, i, k) / (at2(sums, o, k) + 1e-4)',
      unseenAt: form('', {}, { x: [3, 5] }),
    },
    {
      name: 'the sum of the first row for all',
      direction: 'forward',
      find: 'at3(powers, o, i, k) / at2(sums, o, k)',
      replace: 'at3(powers, o, i, k) / at2(sums, 0, k)',
      unseenAt: form('', {}, { x: [4] }),
    },
    {
      name: 'the derivative of the sigmoid, y·(1 − y)',
      direction: 'backward',
      find: '- at2(mean, o, k)',
      replace: '- at3(y, o, i, k) * at3(dy, o, i, k)',
    },
    { name: 'other classes forgotten', direction: 'backward', find: '- at2(mean, o, k)', replace: '' },
    {
      name: 'sign of the mean',
      direction: 'backward',
      find: 'at3(dy, o, i, k) - at2(mean, o, k)',
      replace: 'at3(dy, o, i, k) + at2(mean, o, k)',
    },
    {
      name: 'a plain mean in place of the weighted one',
      direction: 'backward',
      find: 'at3(y, o, j, k) * at3(dy, o, j, k)',
      replace: 'at3(dy, o, j, k) / extent',
      unseenAt: form('', {}, { x: [2, 4] }, { x: { constant: 1 } }),
    },
    {
      name: 'last class left out of the mean',
      direction: 'backward',
      find: 'sum1(extent, (j) => at3(y',
      replace: 'sum1(extent - 1, (j) => at3(y',
      unseenAt: form('', {}, { x: [2, 3] }, { dy: { values: [1, -2, 0] } }),
    },
  ],
}
