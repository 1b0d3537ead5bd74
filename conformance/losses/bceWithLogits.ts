import { either as E, function as F } from 'fp-ts'
import { epsilon } from '../../spec/bound.js'
import { slide } from '../../spec/op.js'
import { filled, mapTensor } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, claim, named, opposite, unit } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners, summedCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { anyReduction, classesExchanged, pairOf, reductions, unreduced } from '../vocabulary/losses.js'

const both = pairOf('logits')
const names = ['logits', 'target']
const soft = { target: 'fraction' } as const

const exchanged = classesExchanged(
  'the two classes may be exchanged: −x and 1 − t cost the same, and pull the other way',
  'logits',
  (inputs) => {
    const logits = named(inputs, 'logits')
    // 64ths: 1 − t is exact, and so are the products that the costs differ by
    const target = mapTensor((t) => Math.round(t * 64) / 64, named(inputs, 'target'))
    return [
      { logits, target },
      { logits: opposite(logits), target: mapTensor((t) => 1 - t, target) },
    ]
  },
)

const evenOdds: Law = unreduced({
  name: 'a logit of 0 costs ln 2, whatever the target, and is pulled by ½ − t',
  claims: ({ attrs, inputs }, ask) => {
    const target = named(inputs, 'target')
    const even = { target, logits: filled(target.shape, 0) }
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, even)),
      E.bind('back', () => ask('backward', attrs, even, { loss: filled(target.shape, 1) })),
      E.map(({ ahead, back }) => [
        claim(
          named(ahead.values, 'loss'),
          () => Math.LN2,
          (i) => at(named(ahead.slack, 'loss'), i) + unit,
        ),
        claim(
          named(back.values, 'logits'),
          (i) => 0.5 - at(target, i),
          (i) => at(named(back.slack, 'logits'), i),
        ),
      ]),
    )
  },
})

const oddsOfTheSigmoid: Law = unreduced({
  name: 'a sure target costs −log of its probability: e to minus the loss is 1/(1 + e^−x)',
  claims: ({ attrs, inputs }, ask) => {
    const logits = named(inputs, 'logits')
    return F.pipe(
      ask('forward', attrs, { logits, target: filled(logits.shape, 1) }),
      E.map(({ values, slack }) => {
        // as tanh, so that it is not the formula on trial: (1 + tanh(x/2))/2, which errs a few ε of its largest, 1
        const p = (i: number): number => (1 + Math.tanh(at(logits, i) / 2)) / 2
        return [
          claim(
            mapTensor((loss) => Math.exp(-loss), named(values, 'loss')),
            p,
            (i) => Math.exp(-at(named(values, 'loss'), i)) * Math.expm1(at(named(slack, 'loss'), i)) + 4 * unit,
          ),
        ]
      }),
    )
  },
})

const affineInTarget: Law = unreduced({
  name: 'a unit of target saves its logit: the cost is that of 0 less x·t',
  claims: ({ attrs, inputs }, ask) => {
    const [logits, target] = [named(inputs, 'logits'), named(inputs, 'target')]
    return F.pipe(
      E.Do,
      E.bind('some', () => ask('forward', attrs, inputs)),
      E.bind('none', () => ask('forward', attrs, { logits, target: filled(target.shape, 0) })),
      E.map(({ some, none }) => {
        const saved = (i: number): number => at(logits, i) * at(target, i)
        const cost = (i: number): number => at(named(none.values, 'loss'), i)
        return [
          claim(
            named(some.values, 'loss'),
            (i) => cost(i) - saved(i),
            // a product and a difference, here
            (i) =>
              at(named(some.slack, 'loss'), i) +
              at(named(none.slack, 'loss'), i) +
              unit * (2 * Math.abs(saved(i)) + Math.abs(cost(i))),
          ),
        ]
      }),
    )
  },
})

const pullsAddUp: Law = unreduced({
  name: 'targets of 0 and of 1 pull apart by the whole cotangent',
  claims: ({ attrs, inputs }, ask, draw) => {
    const logits = named(inputs, 'logits')
    const dloss = another(draw, logits.shape)
    const against = (t: number) => ask('backward', attrs, { logits, target: filled(logits.shape, t) }, { loss: dloss })
    return F.pipe(
      E.Do,
      E.bind('nil', () => against(0)),
      E.bind('one', () => against(1)),
      E.map(({ nil, one }) => {
        const apart = (i: number): number => at(named(nil.values, 'logits'), i) - at(named(one.values, 'logits'), i)
        return [
          claim(
            mapTensor((_, i) => apart(i), logits),
            (i) => at(dloss, i),
            (i) => at(named(nil.slack, 'logits'), i) + at(named(one.slack, 'logits'), i) + unit * Math.abs(apart(i)),
          ),
        ]
      }),
    )
  },
})

export const bceWithLogits = questionsAbout('bceWithLogits', {
  corners: [
    ...elementwiseCorners(names, {}, soft),
    ...elementwiseCorners(names, { reduction: 'none' }, soft),
    ...summedCorners(names, {}, soft),
    form('a sum', { reduction: 'sum' }, both(7, 9), soft),
    form('a long sum', { reduction: 'sum' }, both(4097), soft),
    form('a sum of one', { reduction: 'sum' }, both(1), soft),
    ...(['none', 'mean', 'sum'] as const).flatMap((reduction) => [
      form(`targets of 0 and 1, ${reduction}`, { reduction }, both(3, 43), { target: { values: [0, 1, 1] } }),
      form(`saturated logits, ${reduction}`, { reduction }, both(7, 11), { logits: 'saturated', target: 'fraction' }),
    ]),
    form('saturated logits, targets of 0 and 1', { reduction: 'none' }, both(66), {
      logits: { values: [0, 1, -1, 20, -20, 100, -100, 1e4, -1e4, 1e30, -1e30] },
      target: { values: [0, 1] },
    }),
    form('small logits', { reduction: 'none' }, both(65), { logits: 'small', target: 'fraction' }),
    form('wide logits', { reduction: 'none' }, both(65), { logits: 'wide', target: { values: [0, 1] } }),
    form('across the range of e^−|x|', { reduction: 'none' }, both(40), {
      logits: { values: [0, -20, 60, -80, 87, -88, 103, -110] },
      target: { values: [0, 1, 0.5] },
    }),
    form('targets of either sign', { reduction: 'none' }, both(65), { logits: 'wide', target: 'normal' }),
  ],
  random: drawn({
    attrs: anyReduction,
    shapes: (draw) => both(...anyShape(draw)),
    fills: {
      logits: ['normal', 'wide', 'small', 'ties'],
      target: ['fraction', 'probability', { values: [0, 1, 0] }],
    },
  }),
  laws: [reductions('logits'), exchanged, evenOdds, oddsOfTheSigmoid, affineInTarget, pullsAddUp],
  worked: [
    {
      name: 'closed forms: logits of 0 and ±ln 3 are odds of ½, ¾ and ¼',
      attrs: { reduction: 'none' },
      inputs: {
        logits: array([0, Math.log(3), -Math.log(3), -Math.log(3)]),
        target: array([1, 1, 1, 0.5]),
      },
      outputs: {
        loss: array([Math.LN2, 2 * Math.LN2 - Math.log(3), 2 * Math.LN2, 2 * Math.LN2 - Math.log(3) / 2]),
      },
      source: slide('Loss functions (1/2)'),
    },
    {
      name: 'a sure mistake costs its logit, and a sure success nothing',
      attrs: { reduction: 'none' },
      inputs: {
        logits: array([1e30, -1e30, 1e4, -1e4]),
        target: array([1, 1, 0, 0]),
      },
      outputs: { loss: array([0, 1e30, 1e4, 0]) },
      source: 'the limits of log(1 + e^x) − x·t',
    },
    {
      name: 'the gradient is p − t over the elements: ¾ − 1, ¼ and ½ − 1',
      attrs: { reduction: 'mean' },
      inputs: {
        logits: array([Math.log(3), -Math.log(3), 0]),
        target: array([1, 0, 1]),
      },
      cotangents: { loss: array(12) },
      outputs: { logits: array([-1, 1, -2]) },
      source: slide('Loss functions (1/2)'),
    },
  ],
  // PyTorch rounds 1 + e^{−|x|} before it takes the logarithm: an ε in each element's loss
  witnessError: {
    forward: ({ attrs, inputs }, forward) => {
      const elements = attrs['reduction'] === 'sum' ? named(inputs, 'logits').data.length : 1
      return { loss: mapTensor(() => epsilon * elements, named(forward().values, 'loss')) }
    },
  },
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
    { name: 'sign of the target', direction: 'forward', find: '- x * t', replace: '+ x * t' },
    {
      name: 'the target’s share taken for the other class’s',
      direction: 'forward',
      find: '- x * t',
      replace: '- x * (1 - t)',
      unseenAt: form('', {}, both(5), { target: { constant: 0.5 } }),
    },
    {
      name: 'the logarithm of p with an epsilon in it',
      direction: 'forward',
      find: 'Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)))',
      replace: '-(t * Math.log(1 / (1 + Math.exp(-x)) + 1e-7) + (1 - t) * Math.log(1 - 1 / (1 + Math.exp(-x)) + 1e-7))',
      unseenAt: form('', {}, both(5), { logits: { values: [1, -1, 0.5] }, target: 'fraction' }),
    },
    {
      name: 'the logarithm left out where x is large enough',
      direction: 'forward',
      find: 'Math.log1p(Math.exp(-Math.abs(x)))',
      replace: '(Math.abs(x) > 8 ? 0 : Math.log1p(Math.exp(-Math.abs(x))))',
      unseenAt: form('', {}, both(5), { logits: { constant: 12 }, target: { constant: 0.25 } }),
    },
    { name: 'no |x| in the power', direction: 'forward', find: 'Math.exp(-Math.abs(x))', replace: 'Math.exp(-x)' },
    { name: 'sign', direction: 'backward', find: 'sigmoid(x) - t', replace: 't - sigmoid(x)' },
    {
      name: 'missing 1/n',
      direction: 'backward',
      find: '((sigmoid(x) - t) * d) / n',
      replace: '(sigmoid(x) - t) * d',
      unseenAt: form('', {}, both(1), soft),
    },
    {
      name: 'the slope of the sigmoid as well, as behind a squared error',
      direction: 'backward',
      find: '(sigmoid(x) - t) * d',
      replace: '(sigmoid(x) - t) * sigmoid(x) * (1 - sigmoid(x)) * d',
    },
    {
      name: 'the first cotangent for all',
      direction: 'backward',
      find: "=== 'none' ? dloss :",
      replace: "=== '' ? dloss :",
      unseenAt: form('', { reduction: 'none' }, both(4), { target: 'fraction', dloss: { constant: 1 } }),
    },
  ],
})
