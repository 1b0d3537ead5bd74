import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate, mapTensor } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, claim, named, product, times, unit } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { batchSplits, linearIn } from '../vocabulary/laws.js'
import {
  fillsFor,
  anyRows,
  classesInAnyOrder,
  everyReduction,
  manyClasses,
  pairOf,
  reductions,
  rowSums,
  unreduced,
} from '../vocabulary/losses.js'

const rows = pairOf('prediction')

// probabilities stay away from 0 throughout: what a backend's log(0) is, nobody says
const against = fillsFor('prediction', 'probability')
const soft = against('distribution')
const hot = against('oneHot')

const oneHotIsSurprise: Law = unreduced({
  name: 'a sure target costs −log p of its class: e to minus the loss is p',
  claims: ({ attrs, inputs }, ask, draw) => {
    const prediction = named(inputs, 'prediction')
    const [N, C] = prediction.shape as readonly [number, number]
    const classes = Array.from({ length: N }, () => draw.integer(0, C - 1))
    const target = generate([N, C], (i) => (classes[Math.floor(i / C)] === i % C ? 1 : 0))
    return F.pipe(
      ask('forward', attrs, { prediction, target }),
      E.map(({ values, slack }) => {
        const p = (n: number): number => at(prediction, n * C + (classes[n] as number))
        return [
          claim(
            mapTensor((loss) => Math.exp(-loss), named(values, 'loss')),
            p,
            // a loss off by e makes a factor of eᵉ; and the power itself is rounded
            (n) => p(n) * (Math.expm1(at(named(slack, 'loss'), n)) + 2 * unit),
          ),
        ]
      }),
    )
  },
})

const halvedOdds: Law = unreduced({
  name: 'half the probability costs ln 2 more for each unit of target',
  claims: ({ attrs, inputs }, ask) => {
    const target = named(inputs, 'target')
    const halved = times(1 / 2, named(inputs, 'prediction'))
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, { ...inputs, prediction: halved })),
      E.map(({ before, after }) => {
        const [weight, size, C] = [rowSums(target), rowSums(target, Math.abs), target.shape[1] as number]
        const was = (n: number): number => at(named(before.values, 'loss'), n)
        return [
          claim(
            named(after.values, 'loss'),
            (n) => was(n) + Math.LN2 * at(weight, n),
            // C additions of targets, a product and a sum, here
            (n) =>
              at(named(after.slack, 'loss'), n) +
              at(named(before.slack, 'loss'), n) +
              (C + 3) * unit * (Math.abs(was(n)) + Math.LN2 * at(size, n)),
          ),
        ]
      }),
    )
  },
})

const pullTimesPrediction: Law = unreduced({
  name: 'a class is pulled by −t/p: times p, that is minus the target',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [prediction, target] = [named(inputs, 'prediction'), named(inputs, 'target')]
    const [N, C] = prediction.shape as readonly [number, number]
    const dloss = another(draw, [N])
    return F.pipe(
      ask('backward', attrs, inputs, { loss: dloss }),
      E.map(({ values, slack }) => {
        const dp = named(values, 'prediction')
        return [
          claim(
            product(dp, prediction),
            (i) => -at(target, i) * at(dloss, Math.floor(i / C)),
            // the product on the left is rounded once, that on the right is one of 24-bit numbers
            (i) => at(prediction, i) * (at(named(slack, 'prediction'), i) + unit * Math.abs(at(dp, i))),
          ),
        ]
      }),
    )
  },
})

export const cce = questionsAbout('cce', {
  corners: [
    form('one row, one class', {}, rows(1, 1), against('positive')),
    form('one class', { reduction: 'none' }, rows(6, 1), against('fraction')),
    form('one row', {}, rows(1, 10), soft),
    ...everyReduction.flatMap((reduction) => [
      form(`one-hot targets, ${reduction}`, { reduction }, rows(9, 7), hot),
      form(`targets that do not sum to one, ${reduction}`, { reduction }, rows(7, 9), against('fraction')),
      form(`soft targets with zeros among them, ${reduction}`, { reduction }, rows(8, 11), soft),
    ]),
    form('targets of either sign', { reduction: 'none' }, rows(5, 8), against('normal')),
    form('targets of zero cost nothing', {}, rows(5, 8), against({ constant: 0 })),
    form('predictions that do not sum to one, nor stay below it', {}, rows(6, 5), {
      prediction: 'positive',
      target: 'distribution',
    }),
    form('the ends of the domain', { reduction: 'none' }, rows(4, 8), {
      prediction: { values: [2 ** -20, 1 - 2 ** -20, 1, 0.5, 0.49999997, 2 ** -10] },
      target: { values: [1, 0.5, 1, 0.25, 1, 0, 1] },
    }),
    ...manyClasses(rows, { hot, soft, weights: against('fraction'), rowByRow: soft }),
  ],
  random: anyRows(rows, {
    prediction: ['probability', 'probability', 'positive'],
    target: ['oneHot', 'distribution', 'fraction', 'normal'],
  }),
  laws: [
    reductions('prediction'),
    linearIn('target'),
    unreduced(batchSplits(['prediction', 'target'], 'loss')),
    classesInAnyOrder('prediction'),
    oneHotIsSurprise,
    halvedOdds,
    pullTimesPrediction,
  ],
  worked: [
    {
      name: 'p = ½, ¼, ¼: the classes cost ln 2, 2·ln 2 and 2·ln 2, and a half of each of two 3/2·ln 2',
      attrs: { reduction: 'none' },
      inputs: {
        prediction: { shape: [4, 3], data: [0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25] },
        target: { shape: [4, 3], data: [1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0] },
      },
      outputs: { loss: array([Math.LN2, 2 * Math.LN2, 2 * Math.LN2, 1.5 * Math.LN2]) },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'the mean is over rows, not over elements: (ln 2 + 2·ln 2)/2',
      attrs: { reduction: 'mean' },
      inputs: {
        prediction: { shape: [2, 3], data: [0.5, 0.25, 0.25, 0.5, 0.25, 0.25] },
        target: { shape: [2, 3], data: [1, 0, 0, 0, 1, 0] },
      },
      outputs: { loss: array(1.5 * Math.LN2) },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'gradients by hand: −t/p over two rows',
      attrs: { reduction: 'mean' },
      inputs: {
        prediction: { shape: [2, 2], data: [0.5, 0.5, 0.25, 0.75] },
        target: { shape: [2, 2], data: [1, 0, 0.5, 0.75] },
      },
      cotangents: { loss: array(4) },
      outputs: { prediction: { shape: [2, 2], data: [-4, 0, -4, -2] } },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'no clamp: an impossible class costs Infinity, and one of weight 0 nothing',
      attrs: { reduction: 'none' },
      inputs: { prediction: { shape: [2, 2], data: [0, 1, 0, 1] }, target: { shape: [2, 2], data: [1, 0, 0, 1] } },
      outputs: { loss: array([Infinity, 0]) },
      source: 'the catalogue: 0·log 0 = 0, no clamp',
    },
    {
      name: 'an impossible class of weight 0 is not pulled',
      attrs: { reduction: 'none' },
      inputs: { prediction: { shape: [1, 2], data: [0, 1] }, target: { shape: [1, 2], data: [0, 1] } },
      cotangents: { loss: array([1]) },
      outputs: { prediction: { shape: [1, 2], data: [0, -1] } },
      source: 'the catalogue: a gradient term of weight 0 is 0',
    },
  ],
  faults: [
    {
      name: 'averaged over classes too',
      direction: 'forward',
      find: 'total(each) / N',
      replace: 'total(each) / (N * C)',
      unseenAt: form('', {}, rows(4, 1), against('fraction')),
    },
    {
      name: 'missing 1/N',
      direction: 'forward',
      find: 'total(each) / N',
      replace: 'total(each)',
      unseenAt: form('', {}, rows(1, 5), soft),
    },
    { name: 'sign', direction: 'forward', find: '-sum1(C, (c)', replace: 'sum1(C, (c)' },
    { name: 'the last class left out', direction: 'forward', find: 'sum1(C, (c)', replace: 'sum1(C - 1, (c)' },
    {
      name: 'targets taken as counts of one: the weight forgotten',
      direction: 'forward',
      find: 'weighted(at2(t, n, c), Math.log(at2(p, n, c)))',
      replace: 'weighted(Math.sign(at2(t, n, c)), Math.log(at2(p, n, c)))',
      unseenAt: form('', {}, rows(4, 5), hot),
    },
    {
      name: 'an epsilon within the logarithm',
      direction: 'forward',
      find: 'Math.log(at2(p, n, c))',
      replace: 'Math.log(at2(p, n, c) + 1e-7)',
      unseenAt: form('', {}, rows(2, 4), { prediction: { values: [0.25, 0.5, 0.75, 0.1] }, target: 'oneHot' }),
    },
    { name: 'sign', direction: 'backward', find: '-t / p', replace: 't / p' },
    {
      name: 'missing 1/N',
      direction: 'backward',
      find: '(slope(at2(p, n, c), at2(t, n, c)) * d) / rows',
      replace: 'slope(at2(p, n, c), at2(t, n, c)) * d',
      unseenAt: form('', {}, rows(1, 5), soft),
    },
    {
      name: 'averaged over classes too',
      direction: 'backward',
      find: "=== 'mean' ? N : 1",
      replace: "=== 'mean' ? N * C : 1",
      unseenAt: form('', {}, rows(4, 1), against('fraction')),
    },
    {
      name: 'the first row’s cotangent for all',
      direction: 'backward',
      find: "'none' ? n : 0",
      replace: "'none' ? 0 : 0",
      unseenAt: form('', {}, rows(4, 3), soft),
    },
    {
      name: 'the difference p − t, as behind a softmax',
      direction: 'backward',
      find: '-t / p',
      replace: 'p - t',
    },
  ],
})
