import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensor, zeros } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import { another, batchSplits, invariant, linearIn, named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { claim, classesReversed, element, reductions, rowSums, unit, unreduced } from './lossLaws.js'

const rows = (N: number, C: number) => ({ logits: [N, C], target: [N, C] })
const against = (target: Fill, logits: Fill = 'normal') => ({ logits, target })
const soft = against('distribution')
const hot = against('oneHot')

const shiftedLogits: Law = invariant('a number added to every logit changes nothing', 'loss', (sample) => ({
  ...sample,
  // exact: drawn logits are multiples of 2⁻⁴⁴ below 2⁷
  inputs: { ...sample.inputs, logits: mapTensor((x) => x + 8, named(sample.inputs, 'logits')) },
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
      E.map(({ before, after }) => [
        claim(
          named(after.values, 'logits'),
          (i) => element(named(before.values, 'logits'), i),
          (i) => element(named(after.slack, 'logits'), i) + element(named(before.slack, 'logits'), i),
        ),
      ]),
    ),
}

const gradientsBalance: Law = {
  name: 'the gradient of a row sums to nothing: no shift of its logits pays',
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      ask('backward', attrs, inputs, cotangents),
      E.map(({ values, slack }) => {
        const dx = named(values, 'logits')
        const [sums, sizes, slacks] = [rowSums(dx), rowSums(dx, Math.abs), rowSums(named(slack, 'logits'))]
        const C = dx.shape[1] as number
        return [
          claim(
            sums,
            () => 0,
            (n) => element(slacks, n) + C * unit * element(sizes, n),
          ),
        ]
      }),
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
        const d = (i: number): number => element(dloss, Math.floor(i / C))
        const want = (i: number): number => d(i) * element(named(ones.values, 'logits'), i)
        return [
          claim(
            named(scaled.values, 'logits'),
            want,
            // one product, here
            (i) =>
              element(named(scaled.slack, 'logits'), i) +
              Math.abs(d(i)) * element(named(ones.slack, 'logits'), i) +
              unit * Math.abs(want(i)),
          ),
        ]
      }),
    )
  },
})

const twoClasses: Law = unreduced({
  name: 'of two classes, the second costs ln(1 + e^(x₀ − x₁))',
  claims: ({ attrs }, ask, draw) => {
    const logits = another(draw, [12, 2])
    const target = generate([12, 2], (i) => i % 2)
    const difference = (n: number): number => element(logits, 2 * n) - element(logits, 2 * n + 1)
    return F.pipe(
      ask('forward', attrs, { logits, target }),
      E.map(({ values, slack }) => [
        claim(
          named(values, 'loss'),
          (n) => Math.log1p(Math.exp(difference(n))),
          // e^d errs by a rounding or two of its own and |d| of its argument's, and ln(1 + e^d) is at least as well
          // conditioned; then the logarithm's own
          (n) =>
            element(named(slack, 'loss'), n) +
            (4 + Math.abs(difference(n))) * unit * Math.log1p(Math.exp(difference(n))),
        ),
      ]),
    )
  },
})

const equalLogits: Law = unreduced({
  name: 'equal logits cost ln C for each unit of target',
  claims: ({ attrs, inputs }, ask) => {
    const target = named(inputs, 'target')
    const C = target.shape[1] as number
    return F.pipe(
      ask('forward', attrs, { target, logits: filled(target.shape, 3) }),
      E.map(({ values, slack }) => {
        const [weight, size] = [rowSums(target), rowSums(target, Math.abs)]
        return [
          claim(
            named(values, 'loss'),
            (n) => element(weight, n) * Math.log(C),
            // C additions of targets, the logarithm and a product, here
            (n) => element(named(slack, 'loss'), n) + (C + 3) * unit * element(size, n) * Math.log(C),
          ),
        ]
      }),
    )
  },
})

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
        claim(
          named(ahead.values, 'loss'),
          () => 0,
          () => 0,
        ),
        { got: named(back.values, 'logits'), want: zeros([N, 1]), allowed: zeros([N, 1]) },
      ]),
    )
  },
}

const farApart: Fill = { values: [1e4, -1e4, 3, 9999.5, -7, 0, 1e4, 9990, -1e4] }

export const softmaxCrossEntropy: Questions = {
  corners: [
    form('one row, one class', {}, rows(1, 1), against('positive')),
    form('one class', { reduction: 'none' }, rows(6, 1), against('fraction', 'wide')),
    form('one row', {}, rows(1, 10), soft),
    ...(['mean', 'sum', 'none'] as const).flatMap((reduction) => [
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
    form('ten classes, a batch of 32', {}, rows(32, 10), hot),
    form('1000 classes', {}, rows(3, 1000), hot),
    form('1000 classes, row by row', { reduction: 'none' }, rows(5, 1000), against('oneHot', 'wide')),
    ...[8, 16, 32, 64, 128, 256].flatMap((t) =>
      [t - 1, t, t + 1].flatMap((edge, at) => [
        form(`${edge} classes`, { reduction: 'none' }, rows(3, edge), soft),
        form(`${edge} rows`, { reduction: at === 1 ? 'mean' : 'none' }, rows(edge, 3), hot),
      ]),
    ),
    form('4095 rows of 65 classes', { reduction: 'none' }, rows(4095, 65), soft),
    form('4096 rows of 65 classes', { reduction: 'none' }, rows(4096, 65), hot),
    form('65,537 rows', {}, rows(65537, 2), soft),
    form('65,535 rows', { reduction: 'none' }, rows(65535, 2), hot),
    form('65,537 classes', { reduction: 'sum' }, rows(1, 65537), against('fraction')),
    { ...form('more classes than one row of workgroups', {}, rows(2049, 2048), against('fraction')), only: 'backward' },
  ],
  random: (draw) => ({
    attrs: { reduction: draw.pick(['mean', 'sum', 'none']) },
    shapes: rows(draw.integer(1, 9), draw.integer(1, 12)),
    fills: {
      logits: draw.pick(['normal', 'wide', 'small', 'ties']),
      target: draw.pick(['oneHot', 'distribution', 'fraction', 'normal']),
    },
  }),
  laws: [
    reductions('logits'),
    linearIn('target'),
    unreduced(batchSplits(['logits', 'target'], 'loss')),
    invariant('the order of the classes changes nothing', 'loss', (sample) => ({
      ...sample,
      inputs: {
        logits: classesReversed(named(sample.inputs, 'logits')),
        target: classesReversed(named(sample.inputs, 'target')),
      },
    })),
    shiftedLogits,
    shiftedGradient,
    gradientsBalance,
    ownCotangent,
    twoClasses,
    equalLogits,
    oneClass,
  ],
  worked: [
    {
      name: 'logits 0 and ln 3 are odds of ¼ and ¾: they cost ln 4 and ln 4 − ln 3',
      direction: 'forward',
      attrs: { reduction: 'none' },
      inputs: {
        logits: { shape: [2, 2], data: [0, Math.log(3), 0, Math.log(3)] },
        target: { shape: [2, 2], data: [1, 0, 0, 1] },
      },
      outputs: { loss: { shape: [2], data: [2 * Math.LN2, 2 * Math.LN2 - Math.log(3)] } },
      source: slide('Softmax'),
    },
    {
      name: 'four equal logits in two rows cost ln 4 on average',
      direction: 'forward',
      attrs: { reduction: 'mean' },
      inputs: {
        logits: { shape: [2, 4], data: [7, 7, 7, 7, -2, -2, -2, -2] },
        target: { shape: [2, 4], data: [1, 0, 0, 0, 0, 0, 0.5, 0.5] },
      },
      outputs: { loss: { shape: [], data: [2 * Math.LN2] } },
      source: slide('Softmax'),
    },
    {
      name: 'the gradient is p − t over the rows',
      direction: 'backward',
      attrs: { reduction: 'mean' },
      inputs: {
        logits: { shape: [2, 2], data: [0, Math.log(3), Math.log(3), 0] },
        target: { shape: [2, 2], data: [1, 0, 1, 0] },
      },
      cotangents: { loss: { shape: [], data: [8] } },
      outputs: { logits: { shape: [2, 2], data: [-3, 3, -1, 1] } },
      source: slide('Softmax'),
    },
    {
      name: 'with targets that sum to 2 it is 2·p − t',
      direction: 'backward',
      attrs: { reduction: 'none' },
      inputs: { logits: { shape: [1, 2], data: [5, 5] }, target: { shape: [1, 2], data: [2, 0] } },
      cotangents: { loss: { shape: [1], data: [1] } },
      outputs: { logits: { shape: [1, 2], data: [-1, 1] } },
      source: 'the catalogue: targets need not sum to 1',
    },
    {
      name: 'logits 10⁴ apart: the unlikely class costs 10⁴, where log(softmax) would say Infinity',
      direction: 'forward',
      attrs: { reduction: 'none' },
      inputs: {
        logits: { shape: [2, 2], data: [10000, 0, 10000, 0] },
        target: { shape: [2, 2], data: [0, 1, 1, 0] },
      },
      outputs: { loss: { shape: [2], data: [10000, 0] } },
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
}
