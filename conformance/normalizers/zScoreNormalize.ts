import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, sumOf } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import { form, questionsAbout } from '../questions.js'
import { named, unit } from '../vocabulary/claims.js'
import { applied, featureCorners, fit, normalizerLaws, randomRows } from '../vocabulary/features.js'
import { affineIn, ofAnswer } from '../vocabulary/laws.js'

const columnOf = ({ shape: [N = 1, D = 1], data }: Tensor, d: number): readonly number[] =>
  Array.from({ length: N }, (_, n) => data[n * D + d] as number)

const standardised = ofAnswer(
  'a fitted feature has mean 0 and biased variance 1; a constant one is 0',
  ({ values, slack }, { inputs }) => {
    const x = named(inputs, 'x')
    const [N = 1, D = 1] = x.shape
    const features = Array.from({ length: D }, (_, d) => ({
      varies: columnOf(x, d).some((v) => v !== x.data[d]),
      values: columnOf(named(values, 'y'), d),
      errors: columnOf(named(slack, 'y'), d),
    }))
    const of = (f: (feature: (typeof features)[number]) => number): Tensor =>
      generate([D], (d) => f(features[d] as (typeof features)[number]))
    return [
      {
        got: of(({ values }) => sumOf(values)),
        want: of(() => 0),
        allowed: of(({ values, errors }) => sumOf(errors) + (N + 1) * unit * sumOf(values.map(Math.abs))),
      },
      {
        got: of(({ values }) => sumOf(values.map((v) => v * v))),
        want: of(({ varies }) => (varies ? N : 0)),
        allowed: of(
          ({ values, errors }) =>
            sumOf(values.map((v, n) => (2 * Math.abs(v) + (errors[n] as number)) * (errors[n] as number))) +
            (N + 2) * unit * sumOf(values.map((v) => v * v)),
        ),
      },
    ]
  },
  ({ inputs }) => ({ inputs: { x: named(inputs, 'x') } }),
)

const affine = affineIn('apply', 'affine in what it is applied to: y(2a − b) = 2y(a) − y(b)', 'x')

const fills: readonly Fill[] = ['normal', 'wide', 'ties', { mean: 10, scale: 1 }, { mean: 100, scale: 1 }]

const scikitLearns = { shape: [4, 2], data: [0, 0, 0, 0, 1, 1, 1, 1] }

export const zScoreNormalize = questionsAbout('zScoreNormalize', {
  corners: [
    ...featureCorners({}),
    form('a deviation of a tenth under a mean of 1', {}, fit(65, 3), { x: { mean: 1, scale: 0.1 } }),
    form('a mean of ten deviations', {}, fit(130, 3), { x: { mean: 10, scale: 1 } }),
    form('a mean of a hundred', {}, fit(130, 3), { x: { mean: 100, scale: 1 } }),
    form('a mean of a hundred thousand', {}, applied(130, 9, 3), {
      x: { mean: 100, scale: 0.001 },
      apply: { mean: 100, scale: 0.001 },
    }),
    form('nearly constant: a few units in the last place', {}, applied(65, 9, 3), {
      x: { mean: 3, scale: 2 ** -22 },
      apply: { mean: 3, scale: 2 ** -20 },
    }),
    form('nearly constant: one row of many, by one unit in the last place', {}, applied(67, 3, 1), {
      x: { values: [...Array.from({ length: 66 }, () => Math.fround(0.1)), Math.fround(0.1) + 2 ** -27] },
      apply: { values: [Math.fround(0.1), Math.fround(0.1) + 2 ** -27, 1] },
    }),
    form('a small deviation, where an ε under the root would show', {}, fit(33, 4), { x: { mean: 0, scale: 0.001 } }),
    form('large values', {}, fit(33, 4), { x: { mean: 0, scale: 2 ** 20 } }),
  ],
  random: (draw) => ({ attrs: {}, ...randomRows(draw, fills) }),
  laws: [
    standardised,
    affine,
    ...normalizerLaws('a constant feature is 0 everywhere, whatever it is applied to', () => 0),
  ],
  worked: [
    {
      name: '2, 4, 4, 4, 5, 5, 7 and 9: mean 5, deviation 2',
      inputs: { x: { shape: [8, 1], data: [2, 4, 4, 4, 5, 5, 7, 9] } },
      outputs: { y: { shape: [8, 1], data: [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2] } },
      source: 'Wikipedia, "Standard deviation": its first example, of the population',
    },
    {
      name: 'two features of zeros and ones',
      inputs: { x: scikitLearns },
      outputs: { y: { shape: [4, 2], data: [-1, -1, -1, -1, 1, 1, 1, 1] } },
      source: 'documentation of sklearn.preprocessing.StandardScaler, its example',
    },
    {
      name: 'the same fit applied to (2, 2)',
      inputs: { x: scikitLearns, apply: { shape: [1, 2], data: [2, 2] } },
      outputs: { y: { shape: [1, 2], data: [3, 3] } },
      source: 'documentation of sklearn.preprocessing.StandardScaler, its example',
    },
    {
      name: 'three tenths add up to more than three times one: a constant is 0 all the same',
      inputs: { x: { shape: [3, 1], data: [0.1, 0.1, 0.1] }, apply: { shape: [2, 1], data: [0.1, 7] } },
      outputs: { y: { shape: [2, 1], data: [0, 0] } },
      source: slide('Normalization'),
    },
  ],
  faults: [
    {
      name: 'the variance over N − 1',
      direction: 'forward',
      find: '/ N),',
      replace: '/ (N - 1)),',
      unseenAt: form('', {}, fit(600, 1)),
    },
    {
      name: 'an ε of 10⁻⁵ under the root, as in batch normalization',
      direction: 'forward',
      find: '/ N),',
      replace: '/ N + 1e-5),',
      unseenAt: form('', {}, fit(5, 3)),
    },
    {
      name: 'an ε of 10⁻⁷ beside the deviation',
      direction: 'forward',
      find: '/ at1(deviation, d)',
      replace: '/ (at1(deviation, d) + 1e-7)',
      unseenAt: form('', {}, fit(5, 3)),
    },
    {
      name: 'divided by the variance',
      direction: 'forward',
      find: '/ at1(deviation, d)',
      replace: '/ at1(deviation, d) ** 2',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [1, -1] } }),
    },
    {
      name: 'the mean not taken away',
      direction: 'forward',
      find: '(at2(a, n, d) - at1(mean, d)) / at1',
      replace: 'at2(a, n, d) / at1',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [1, -1] } }),
    },
    {
      name: 'the variance about 0',
      direction: 'forward',
      find: '(at2(x, n, d) - at1(mean, d)) * (at2(x, n, d) - at1(mean, d))',
      replace: 'at2(x, n, d) * at2(x, n, d)',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [1, -1] } }),
    },
    {
      name: 'the mean of the data that it is applied to',
      direction: 'forward',
      find: 'sum1(N, (n) => at2(x, n, d)) / N',
      replace: 'sum1(rows, (n) => at2(a, n, d)) / rows',
      unseenAt: form('', {}, fit(4, 2)),
    },
    {
      name: 'the last row not fitted',
      direction: 'forward',
      find: 'sum1(N, (n) => at2(x, n, d)) / N',
      replace: 'sum1(N - 1, (n) => at2(x, n, d)) / N',
      unseenAt: form('', {}, fit(3, 1), { x: { values: [1, -1, 0] } }),
    },
    {
      name: 'constant features not looked for',
      direction: 'forward',
      find: 'at1(constant, d) === 1 ? 0 :',
      replace: '',
      unseenAt: form('', {}, fit(5, 2)),
    },
    {
      name: 'a constant feature divided by 1, as scikit-learn does',
      direction: 'forward',
      find: '=== 1 ? 0 :',
      replace: '=== 1 ? at2(a, n, d) - at2(x, 0, d) :',
      unseenAt: form('', {}, fit(5, 2), { x: { constant: 0.5 } }),
    },
  ],
})
