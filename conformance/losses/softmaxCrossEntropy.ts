import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensor, zeros } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, claim, equal, exactly, named, unit } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { batchSplits, invariant, linearIn } from '../vocabulary/laws.js'
import {
  alikeCost,
  fillsFor,
  anyRows,
  classesInAnyOrder,
  everyReduction,
  gradientsBalance,
  manyClasses,
  pairOf,
  reductions,
  unreduced,
} from '../vocabulary/losses.js'
import { ofPairs } from '../vocabulary/rows.js'

const rows = pairOf('logits')
const against = fillsFor('logits')
const soft = against('distribution')
const hot = against('oneHot')

// exact: drawn logits are multiples of 2⁻⁴⁴ below 2⁷
const shiftedLogits = invariant('a number added to every logit changes nothing', 'loss', ({ inputs }) => ({
  inputs: { ...inputs, logits: mapTensor((x) => x + 8, named(inputs, 'logits')) },
}))

const shiftedGradient: Law = {
  name: 'a number added to every logit moves no gradient',
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      E.Do,
      E.bind('before', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('after', () =>
        ask('backward', attrs, { ...inputs, logits: mapTensor((x) => x - 4, named(inputs, 'logits')) }, cotangents),
      ),
      E.map(({ before, after }) => [equal('logits', after, before)]),
    ),
}

const ownCotangent: Law = unreduced({
  name: 'a row’s gradient is as large as the row’s own cotangent',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [N, C] = named(inputs, 'logits').shape as readonly [number, number]
    const dloss = another(draw, [N])
    return F.pipe(
      E.Do,
      E.bind('ones', () => ask('backward', attrs, inputs, { loss: filled([N], 1) })),
      E.bind('scaled', () => ask('backward', attrs, inputs, { loss: dloss })),
      E.map(({ ones, scaled }) => {
        const d = (i: number): number => at(dloss, Math.floor(i / C))
        const want = (i: number): number => d(i) * at(named(ones.values, 'logits'), i)
        return [
          claim(
            named(scaled.values, 'logits'),
            want,
            // one product, here
            (i) =>
              at(named(scaled.slack, 'logits'), i) +
              Math.abs(d(i)) * at(named(ones.slack, 'logits'), i) +
              unit * Math.abs(want(i)),
          ),
        ]
      }),
    )
  },
})

const twoClasses = unreduced(
  ofPairs(
    'of two classes, the second costs ln(1 + e^(x₀ − x₁))',
    ['logits', 'loss'],
    (x, { attrs }) => ({ attrs, inputs: { target: generate(x.shape, (i) => i % 2) } }),
    { place: (n) => n, formula: (gap) => Math.log1p(Math.exp(-gap)) },
  ),
)

const equalLogits = alikeCost('equal logits cost ln C for each unit of target', ['logits', 3], Math.log, 3)

const oneClass: Law = {
  name: 'a single class is certain: no loss and no gradient',
  claims: ({ attrs, inputs }, ask, draw) => {
    const N = named(inputs, 'logits').shape[0] as number
    const single = { logits: another(draw, [N, 1]), target: another(draw, [N, 1]) }
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, single)),
      E.bind('back', ({ ahead }) =>
        ask('backward', attrs, single, { loss: another(draw, named(ahead.values, 'loss').shape) }),
      ),
      E.map(({ ahead, back }) => [
        exactly(named(ahead.values, 'loss'), zeros(named(ahead.values, 'loss').shape)),
        exactly(named(back.values, 'logits'), zeros([N, 1])),
      ]),
    )
  },
}

const farApart: Fill = { values: [1e4, -1e4, 3, 9999.5, -7, 0, 1e4, 9990, -1e4] }

export const softmaxCrossEntropy = questionsAbout('softmaxCrossEntropy', {
  corners: [
    form('one row, one class', {}, rows(1, 1), against('positive')),
    form('one class', { reduction: 'none' }, rows(6, 1), against('fraction', 'wide')),
    form('one row', {}, rows(1, 10), soft),
    ...everyReduction.flatMap((reduction) => [
      form(`one-hot targets, ${reduction}`, { reduction }, rows(9, 7), hot),
      form(`targets that do not sum to one, ${reduction}`, { reduction }, rows(7, 9), against('fraction', 'wide')),
      form(`soft targets with zeros among them, ${reduction}`, { reduction }, rows(8, 11), soft),
      form(`logits of ±10⁴, ${reduction}`, { reduction }, rows(7, 5), against('distribution', farApart)),
      form(`logits of up to ±10³⁰, ${reduction}`, { reduction }, rows(9, 5), against('distribution', 'saturated')),
    ]),
    form('logits of ±10⁴, one-hot', { reduction: 'none' }, rows(18, 4), against('oneHot', farApart)),
    form('logits of up to ±10³⁰, one-hot', {}, rows(16, 6), against('oneHot', 'saturated')),
    form('targets of either sign', { reduction: 'none' }, rows(5, 8), against('normal')),
    form('targets of zero cost nothing', {}, rows(5, 8), against({ constant: 0 })),
    form('equal logits', { reduction: 'none' }, rows(5, 8), against('oneHot', { constant: 2.5 })),
    form('two largest logits', { reduction: 'none' }, rows(6, 5), against('distribution', 'ties')),
    form('small logits', {}, rows(6, 7), against('oneHot', 'small')),
    form('sure and right: a loss near 0', { reduction: 'none' }, rows(8, 3), {
      logits: { values: [9, 0, -3, -1, 12, 0.5] },
      target: { values: [1, 0, 0, 0, 1, 0] },
    }),
    form('differences across the range of e^z', { reduction: 'none' }, rows(5, 8), {
      logits: { values: [0, -20, -60, -80, -87, -88, -103, -110] },
      target: 'fraction',
    }),
    ...manyClasses(rows, { hot, soft, weights: against('fraction'), rowByRow: against('oneHot', 'wide') }),
  ],
  random: anyRows(rows, {
    logits: ['normal', 'wide', 'small', 'ties'],
    target: ['oneHot', 'distribution', 'fraction', 'normal'],
  }),
  laws: [
    reductions('logits'),
    linearIn('target'),
    unreduced(batchSplits(['logits', 'target'], 'loss')),
    classesInAnyOrder('logits'),
    shiftedLogits,
    shiftedGradient,
    gradientsBalance('the gradient of a row sums to nothing: no shift of its logits pays', 'logits'),
    ownCotangent,
    twoClasses,
    equalLogits,
    oneClass,
  ],
  worked: [
    {
      name: 'logits 0 and ln 3 are odds of ¼ and ¾: they cost ln 4 and ln 4 − ln 3',
      attrs: { reduction: 'none' },
      inputs: {
        logits: { shape: [2, 2], data: [0, Math.log(3), 0, Math.log(3)] },
        target: { shape: [2, 2], data: [1, 0, 0, 1] },
      },
      outputs: { loss: array([2 * Math.LN2, 2 * Math.LN2 - Math.log(3)]) },
      source: slide('Softmax'),
    },
    {
      name: 'four equal logits in two rows cost ln 4 on average',
      attrs: { reduction: 'mean' },
      inputs: {
        logits: { shape: [2, 4], data: [7, 7, 7, 7, -2, -2, -2, -2] },
        target: { shape: [2, 4], data: [1, 0, 0, 0, 0, 0, 0.5, 0.5] },
      },
      outputs: { loss: array(2 * Math.LN2) },
      source: slide('Softmax'),
    },
    {
      name: 'the gradient is p − t over the rows',
      attrs: { reduction: 'mean' },
      inputs: {
        logits: { shape: [2, 2], data: [0, Math.log(3), Math.log(3), 0] },
        target: { shape: [2, 2], data: [1, 0, 1, 0] },
      },
      cotangents: { loss: array(8) },
      outputs: { logits: { shape: [2, 2], data: [-3, 3, -1, 1] } },
      source: slide('Softmax'),
    },
    {
      name: 'with targets that sum to 2 it is 2·p − t',
      attrs: { reduction: 'none' },
      inputs: { logits: { shape: [1, 2], data: [5, 5] }, target: { shape: [1, 2], data: [2, 0] } },
      cotangents: { loss: array([1]) },
      outputs: { logits: { shape: [1, 2], data: [-1, 1] } },
      source: 'the catalogue: targets need not sum to 1',
    },
    {
      name: 'logits 10⁴ apart: the unlikely class costs 10⁴, where log(softmax) would say Infinity',
      attrs: { reduction: 'none' },
      inputs: {
        logits: { shape: [2, 2], data: [10000, 0, 10000, 0] },
        target: { shape: [2, 2], data: [0, 1, 1, 0] },
      },
      outputs: { loss: array([10000, 0]) },
      source: slide('Softmax'),
    },
  ],
  faults: [
    {
      name: 'averaged over classes too',
      direction: 'forward',
      find: 'total(each) / N',
      replace: 'total(each) / (N * C)',
    },
    {
      name: 'missing 1/N',
      direction: 'forward',
      find: 'total(each) / N',
      replace: 'total(each)',
      unseenAt: form('', {}, rows(1, 5), soft),
    },
    { name: 'sign', direction: 'forward', find: '-sum1(C, (c)', replace: 'sum1(C, (c)' },
    {
      name: 'the sum of powers forgotten',
      direction: 'forward',
      find: 'at2(z, n, c) - logS',
      replace: 'at2(z, n, c)',
      unseenAt: form('', {}, rows(3, 2), against({ values: [0.5, 1] }, { values: [0, 40] })),
    },
    {
      name: 'a class left out of the sum of powers',
      direction: 'forward',
      find: 'sum1(C, (c) => Math.exp',
      replace: 'sum1(C - 1, (c) => Math.exp',
      unseenAt: form('', {}, rows(3, 3), against('fraction', { values: [2, 1, -20] })),
    },
    {
      name: 'log(softmax + 10⁻⁷)',
      direction: 'forward',
      find: 'at2(z, n, c) - logS',
      replace: 'Math.log(Math.exp(at2(z, n, c) - logS) + 1e-7)',
      unseenAt: form('', {}, rows(3, 4), hot),
    },
    {
      name: 'the weight of the target forgotten',
      direction: 'forward',
      find: 'weighted(at2(t, n, c),',
      replace: 'weighted(Math.sign(at2(t, n, c)),',
      unseenAt: form('', {}, rows(3, 4), hot),
    },
    {
      name: 'p − t, as if targets summed to one',
      direction: 'backward',
      find: 'p * at1(T, n)',
      replace: 'p',
      unseenAt: form('', {}, rows(3, 4), hot),
    },
    {
      name: 'missing 1/N',
      direction: 'backward',
      find: '- at2(t, n, c)) * d) / rows',
      replace: '- at2(t, n, c)) * d)',
      unseenAt: form('', {}, rows(1, 4), hot),
    },
    {
      name: 'averaged over classes too',
      direction: 'backward',
      find: "=== 'mean' ? N : 1",
      replace: "=== 'mean' ? N * C : 1",
    },
    { name: 'sign', direction: 'backward', find: 'at1(T, n) - at2(t, n, c)', replace: 'at1(T, n) + at2(t, n, c)' },
    {
      name: 'the first row’s cotangent for all',
      direction: 'backward',
      find: "'none' ? n : 0",
      replace: "'none' ? 0 : 0",
      unseenAt: form('', {}, rows(4, 3), soft),
    },
    {
      name: 'a class left out of the sum of powers',
      direction: 'backward',
      find: 'sum1(C, (c) => Math.exp',
      replace: 'sum1(C - 1, (c) => Math.exp',
      unseenAt: form('', {}, rows(3, 3), against('oneHot', { values: [2, 1, -20] })),
    },
  ],
})
