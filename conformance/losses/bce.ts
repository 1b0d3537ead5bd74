import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, mapTensor, mapTensors, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, claim, exactly, named, unit } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, summedCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswers } from '../vocabulary/laws.js'
import { anyReduction, classesExchanged, pairOf, reductions, unreduced } from '../vocabulary/losses.js'

const both = pairOf('prediction')
const names = ['prediction', 'target']
const soft = { prediction: 'probability', target: 'fraction' } as const

// the ends of the domain: no logarithm of 0 is asked for, since a backend's may be anything
const [low, high] = [2 ** -20, 1 - 2 ** -20]

// 1 − p and 1 − t are exact: drawn probabilities are multiples of 2⁻⁴⁴
const exchanged = classesExchanged(
  'the two classes may be exchanged: 1 − p and 1 − t cost the same, and pull the other way',
  'prediction',
  (given) => [given, mapTensors((v) => 1 - v, given)],
)

const affineInTarget: Law = unreduced({
  name: 'a soft target costs what its two classes cost, by weight',
  claims: ({ attrs, inputs }, ask) => {
    const [prediction, target] = [named(inputs, 'prediction'), named(inputs, 'target')]
    const against = (t: number) => ask('forward', attrs, { prediction, target: filled(target.shape, t) })
    return F.pipe(
      E.Do,
      E.bind('mixed', () => ask('forward', attrs, inputs)),
      E.bind('ones', () => against(1)),
      E.bind('nils', () => against(0)),
      E.map(({ mixed, ones, nils }) => {
        const t = (i: number): number => at(target, i)
        const weighed = (of: 'values' | 'slack') => (i: number) =>
          t(i) * at(named(ones[of], 'loss'), i) + (1 - t(i)) * at(named(nils[of], 'loss'), i)
        return [
          // two products and a sum of magnitudes, here; both costs are positive
          claim(
            named(mixed.values, 'loss'),
            weighed('values'),
            (i) => at(named(mixed.slack, 'loss'), i) + weighed('slack')(i) + 2 * unit * weighed('values')(i),
          ),
        ]
      }),
    )
  },
})

const evenOdds: Law = unreduced({
  name: 'even odds cost ln 2, whatever the target',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, { ...inputs, prediction: filled(named(inputs, 'prediction').shape, 0.5) }),
      E.map(({ values, slack }) => [
        claim(
          named(values, 'loss'),
          () => Math.LN2,
          (i) => at(named(slack, 'loss'), i) + unit,
        ),
      ]),
    ),
})

const stillAtTheTarget = ofAnswers(
  'a prediction that is the target is not pulled',
  ({ back }, { inputs }) => [exactly(named(back.values, 'prediction'), zeros(named(inputs, 'target').shape))],
  ({ inputs }) => ({ inputs: { ...inputs, target: named(inputs, 'prediction') } }),
)

const pullTimesVariance: Law = unreduced({
  name: 'a prediction is pulled by its error over its variance: times p·(1 − p), that is p − t',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [prediction, target] = [named(inputs, 'prediction'), named(inputs, 'target')]
    const dloss = another(draw, prediction.shape)
    return F.pipe(
      ask('backward', attrs, inputs, { loss: dloss }),
      E.map(({ values, slack }) => {
        const dp = named(values, 'prediction')
        const variance = (i: number): number => at(prediction, i) * (1 - at(prediction, i))
        const pulled = mapTensor((d, i) => d * variance(i), dp)
        return [
          claim(
            pulled,
            (i) => (at(prediction, i) - at(target, i)) * at(dloss, i),
            // the variance and its product on the left are rounded once each, the product on the right too; 1 − p and
            // p − t are exact
            (i) => variance(i) * at(named(slack, 'prediction'), i) + 3 * unit * Math.abs(at(pulled, i)),
          ),
        ]
      }),
    )
  },
})

export const bce = questionsAbout('bce', {
  corners: [
    ...elementwiseCorners(names, {}, soft).filter(({ shapes }) => shapes['target']?.[0] !== 2048),
    ...elementwiseCorners(names, { reduction: 'none' }, soft),
    ...summedCorners(names, {}, soft),
    form('a sum', { reduction: 'sum' }, both(7, 9), soft),
    form('a long sum', { reduction: 'sum' }, both(4097), soft),
    form('a sum of one', { reduction: 'sum' }, both(1), soft),
    ...(['none', 'mean'] as const).map((reduction) =>
      form(`targets of 0 and 1, ${reduction}`, { reduction }, both(3, 43), {
        prediction: 'probability',
        target: { values: [0, 1, 1] },
      }),
    ),
    form('the ends of the domain', { reduction: 'none' }, both(48), {
      prediction: { values: [low, high, 2 ** -10, 1 - 2 ** -10, 0.5, 0.25, 0.75, 0.49999997] },
      target: { values: [0, 1, 0.5, 0.25, 1, 0, low, high, 0.3] },
    }),
    form('sure and right', { reduction: 'none' }, both(33), {
      prediction: { constant: high },
      target: { constant: 1 },
    }),
    form('sure and wrong', {}, both(33), { prediction: { constant: high }, target: { constant: 0 } }),
    form('the prediction is the target', {}, both(40), {
      prediction: { values: [0.125, 0.3, 0.9, 0.5] },
      target: { values: [0.125, 0.3, 0.9, 0.5] },
    }),
    form('prediction and target nearly equal', { reduction: 'none' }, both(40), {
      prediction: { values: [0.125, 0.3, 0.9, 0.5] },
      target: { values: [0.12500001, 0.29999998, 0.90000004, 0.49999997] },
    }),
  ],
  random: drawn({
    attrs: anyReduction,
    shapes: (draw) => both(...anyShape(draw)),
    fills: { prediction: 'probability', target: ['fraction', 'probability', { values: [0, 1, 0] }] },
  }),
  laws: [reductions('prediction'), exchanged, affineInTarget, evenOdds, stillAtTheTarget, pullTimesVariance],
  worked: [
    {
      name: 'closed forms: ln 2, ln 4 − ln 3, and half of ln 4 and of ln (4/3) each',
      attrs: { reduction: 'none' },
      inputs: {
        prediction: array([0.5, 0.25, 0.75, 0.25]),
        target: array([1, 0, 1, 0.5]),
      },
      outputs: {
        loss: array([Math.LN2, 2 * Math.LN2 - Math.log(3), 2 * Math.LN2 - Math.log(3), 2 * Math.LN2 - Math.log(3) / 2]),
      },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'the mean over elements, not over rows: all at even odds cost ln 2',
      attrs: { reduction: 'mean' },
      inputs: {
        prediction: { shape: [2, 2], data: [0.5, 0.5, 0.5, 0.5] },
        target: { shape: [2, 2], data: [0, 1, 1, 0] },
      },
      outputs: { loss: array(Math.LN2) },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'gradients by hand: −1/p, 1/(1 − p) and (p − t)/(p·(1 − p))',
      attrs: { reduction: 'none' },
      inputs: {
        prediction: array([0.25, 0.25, 0.25]),
        target: array([1, 0, 0.5]),
      },
      cotangents: { loss: array([1, 3, 3]) },
      outputs: { prediction: array([-4, 4, -4]) },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'no clamp: a sure mistake costs Infinity, and a weight of 0 costs nothing',
      attrs: { reduction: 'none' },
      inputs: {
        prediction: array([0, 1, 0, 1]),
        target: array([1, 0, 0, 1]),
      },
      outputs: { loss: array([Infinity, Infinity, 0, 0]) },
      source: 'the catalogue: 0·log 0 = 0, no clamp',
    },
    {
      name: 'a gradient term of weight 0 is 0',
      attrs: { reduction: 'none' },
      inputs: { prediction: array([0, 1]), target: array([0, 1]) },
      cotangents: { loss: array([1, 1]) },
      outputs: { prediction: array([1, -1]) },
      source: 'the catalogue: a gradient term of weight 0 is 0',
    },
  ],
  faults: [
    {
      name: 'sum in place of mean',
      direction: 'forward',
      find: 'total(each) / sizeOf(rest)',
      replace: 'total(each)',
      unseenAt: form('', {}, both(1), soft),
    },
    {
      name: 'n − 1',
      direction: 'forward',
      find: 'total(each) / sizeOf(rest)',
      replace: 'total(each) / (sizeOf(rest) - 1)',
      unseenAt: form('', {}, both(2048), soft),
    },
    {
      name: 'mean over the rows only',
      direction: 'forward',
      find: 'sizeOf(rest) : total(each)',
      replace: '(rest[0] ?? 1) : total(each)',
      unseenAt: form('', {}, both(8), soft),
    },
    { name: 'sign', direction: 'forward', find: '-(weighted', replace: '(weighted' },
    {
      name: 'the other class forgotten',
      direction: 'forward',
      find: 'weighted(1 - t, Math.log(1 - p))',
      replace: '0',
      unseenAt: form('', {}, both(8), { prediction: 'probability', target: { constant: 1 } }),
    },
    {
      name: 'an epsilon within the logarithm',
      direction: 'forward',
      find: 'Math.log(p)',
      replace: 'Math.log(p + 1e-7)',
      unseenAt: form('', {}, both(4), { prediction: { values: [0.25, 0.5, 0.75] }, target: { constant: 1 } }),
    },
    {
      name: 'prediction and target exchanged',
      direction: 'forward',
      find: 'weighted(t, Math.log(p)) + weighted(1 - t, Math.log(1 - p))',
      replace: 'weighted(p, Math.log(t + 2 ** -30)) + weighted(1 - p, Math.log(1 - t + 2 ** -30))',
    },
    { name: 'sign', direction: 'backward', find: '(p - t) / (p * (1 - p))', replace: '(t - p) / (p * (1 - p))' },
    {
      name: 'the difference alone, as behind a sigmoid',
      direction: 'backward',
      find: '(p - t) / (p * (1 - p))',
      replace: 'p - t',
    },
    {
      name: 'missing 1/n',
      direction: 'backward',
      find: '(slope(p, t) * d) / n',
      replace: 'slope(p, t) * d',
      unseenAt: form('', {}, both(1), soft),
    },
    {
      name: 'a target of 1 pulls as one of 0',
      direction: 'backward',
      find: '-1 / p',
      replace: '1 / p',
      unseenAt: form('', {}, both(8), { prediction: 'probability', target: { constant: 0 } }),
    },
    {
      name: 'divided by p alone',
      direction: 'backward',
      find: '(p * (1 - p))',
      replace: 'p',
      unseenAt: form('', {}, both(4), { prediction: { constant: 0.0001 }, target: { constant: 0.5 } }),
    },
  ],
})
