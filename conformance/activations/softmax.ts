import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate } from '../../spec/tensor.js'
import type { Evaluation, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, claim, dot, named, numbersAgree, size, unit, within } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import {
  alongTheLastAxis,
  anyLogits,
  classesInAnyOrder,
  logitCorners,
  logits,
  ofRows,
  plainLogits,
  rowsSumTo,
  shifted,
  vanishing,
} from '../vocabulary/rows.js'

const sharesOfOne = ofRows('the shares of a row sum to 1, and their gradients to 0', ({ ahead, back }, cut) =>
  E.right([rowsSumTo(1, cut, 'y', ahead), rowsSumTo(0, cut, 'x', back)]),
)

const sharesAreShares = ofAnswer('no share is below 0 or above 1', (answer) => [
  within('y', answer, (y) => Math.min(Math.max(y, 0), 1)),
])

const odds: Law = {
  name: 'the log of the odds of two classes is the difference of their logits',
  claims: (_, ask, draw) => {
    const x = another(draw, [6, 5])
    return F.pipe(
      ask('forward', { axis: 1 }, { x }),
      E.map(({ values, slack }) => {
        const [y, e] = [named(values, 'y'), named(slack, 'y')]
        const first = (i: number): number => i - (i % 5)
        const relative = (i: number): number => at(e, i) / at(y, i)
        const gap = (i: number): number => at(x, i) - at(x, first(i))
        return [
          claim(
            generate([6, 5], (i) => Math.log(at(y, i) / at(y, first(i)))),
            gap,
            // d ln y = dy/y; the quotient is rounded, and its logarithm
            (i) => relative(i) + relative(first(i)) + unit + unit * Math.abs(gap(i)),
          ),
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
        // a product and n additions
        const error = (a: Tensor, b: Evaluation): number =>
          dot(size(a), named(b.slack, 'x')) + (a.data.length + 1) * unit * dot(size(a), size(named(b.values, 'x')))
        return [
          numbersAgree(dot(u, named(ofV.values, 'x')), dot(v, named(ofU.values, 'x')), error(u, ofV) + error(v, ofU)),
        ]
      }),
    )
  },
}

const x = array([0, Math.log(2), Math.log(5)])

export const softmax = questionsAbout('softmax', {
  corners: [
    ...logitCorners,
    logits('shares that vanish in f32', [4, 9], vanishing),
    ...plainLogits,
    form('a constant cotangent pulls nowhere', {}, { x: [12, 10] }, { dy: { constant: 1 } }),
    form('a cotangent under a large mean', {}, { x: [12, 10] }, { dy: { mean: 100, scale: 1 } }),
  ],
  random: anyLogits,
  laws: [sharesOfOne, sharesAreShares, shifted, classesInAnyOrder, alongTheLastAxis, odds, symmetricJacobian],
  worked: [
    {
      name: 'logits 0, ln 2 and ln 5 have shares 1/8, 2/8 and 5/8',
      inputs: { x },
      outputs: { y: array([1 / 8, 2 / 8, 5 / 8]) },
      source: slide('Softmax'),
    },
    {
      name: 'logits 1, 2 and 3, down the columns',
      attrs: { axis: 0 },
      inputs: {
        x: array([
          [1, 3],
          [2, 2],
          [3, 1],
        ]),
      },
      outputs: {
        y: array([
          [0.09003057317038046, 0.6652409557748219],
          [0.24472847105479767, 0.24472847105479767],
          [0.6652409557748219, 0.09003057317038046],
        ]),
      },
      source: 'the digits that SciPy prints for softmax([1, 2, 3])',
    },
    {
      name: 'a pull of 8 at shares 1/8, 2/8 and 5/8: 8·y·(1 − y) at its own class, −8·y·y′ at the others',
      inputs: { x },
      cotangents: { y: array([8, 0, 0]) },
      outputs: { x: array([7 / 8, -2 / 8, -5 / 8]) },
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
})
