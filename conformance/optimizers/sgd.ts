import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { zeros, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, combination, exactly, named } from '../vocabulary/claims.js'
import { elementwiseCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import { anyStep, decayAddsToTheGradient, decayShrinks, stateOf, still, withoutRate } from '../vocabulary/optimizers.js'

const pairOf = stateOf()
const names = ['w', 'g']

const withoutGradient = ofAnswer(
  'without a gradient and decay the weights stay',
  ({ values }, { inputs }) => [exactly(named(values, 'w'), named(inputs, 'w'))],
  ({ attrs, inputs }) => ({
    attrs: { ...attrs, weightDecay: 0 },
    inputs: { ...inputs, g: zeros(named(inputs, 'g').shape) },
  }),
)

const halfSteps: Law = {
  name: 'two steps of half the rate along one gradient are one step',
  claims: ({ inputs }, ask) => {
    const [w, g] = [named(inputs, 'w'), named(inputs, 'g')]
    const half = { learningRate: 0.25, weightDecay: 0 }
    return F.pipe(
      E.Do,
      E.bind('whole', () => ask('forward', { ...half, learningRate: 0.5 }, { w, g })),
      E.bind('first', () => ask('forward', half, { w, g })),
      E.bind('second', ({ first }) => ask('forward', half, { w: named(first.values, 'w'), g })),
      // what the first step errs goes through the second unchanged
      E.map(({ whole, first, second }) => [
        combination('w', second, [
          [1, whole],
          [1, { values: { w: zeros(w.shape) }, slack: first.slack }],
        ]),
      ]),
    )
  },
}

const linearInBoth: Law = {
  name: 'linear in weights and gradient together',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [w, g] = [named(inputs, 'w'), named(inputs, 'g')]
    const other = { w: another(draw, w.shape), g: another(draw, g.shape) }
    const both = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => 2 * a + b)
    return F.pipe(
      E.Do,
      E.bind('ofBoth', () => ask('forward', attrs, { w: both(w, other.w), g: both(g, other.g) })),
      E.bind('first', () => ask('forward', attrs, inputs)),
      E.bind('second', () => ask('forward', attrs, other)),
      E.map(({ ofBoth, first, second }) => [
        combination('w', ofBoth, [
          [2, first],
          [1, second],
        ]),
      ]),
    )
  },
}

export const sgd = questionsAbout('sgd', {
  corners: [
    ...elementwiseCorners(names, { learningRate: 0.0625 }),
    form('no rate: w stays', { learningRate: 0 }, pairOf(33)),
    form('a rate of 1', { learningRate: 1 }, pairOf(33)),
    form('no gradient: w stays', { learningRate: 0.1 }, pairOf(33), { g: { constant: 0 } }),
    form('weights of zero, so that the step is not hidden by their rounding', { learningRate: 0.01 }, pairOf(65), {
      w: { constant: 0 },
    }),
    form('the step cancels the weight', { learningRate: 0.5 }, pairOf(40), {
      w: { values: [1.5, -0.75, 3] },
      g: { values: [3, -1.5, 6.0000005] },
    }),
    form('weight decay', { learningRate: 0.1, weightDecay: 0.01 }, pairOf(40)),
    form('weight decay against the gradient', { learningRate: 0.7, weightDecay: 0.3 }, pairOf(40), {
      w: { constant: 1.1 },
      g: { constant: -0.33 },
    }),
    form('much decay', { learningRate: 0.3, weightDecay: 3 }, pairOf(65), { g: 'small' }),
    form('AlexNet’s rate and decay', { learningRate: 0.01, weightDecay: 0.0005 }, pairOf(64)),
  ],
  random: anyStep(
    pairOf,
    (draw) => ({
      learningRate: draw.pick([0, 0.001, 0.1, 1, 3]),
      ...draw.pick([{}, { weightDecay: 0 }, { weightDecay: 0.0005 }, { weightDecay: 0.1 }, { weightDecay: 2 }]),
    }),
    { w: ['normal', still, 'small', 'wide'], g: ['normal', 'small', 'wide', 'ties'] },
  ),
  laws: [
    withoutRate,
    withoutGradient,
    halfSteps,
    decayAddsToTheGradient(['w'], 'decay adds λ·w to the gradient'),
    decayShrinks(() => ({})),
    linearInBoth,
  ],
  worked: [
    {
      name: 'two coordinates by hand: 1 − ¼·2 = ½, −1 + ¼·2 = −½',
      attrs: { learningRate: 0.25, weightDecay: 0 },
      inputs: { w: array([1, -1]), g: array([2, -2]) },
      outputs: { w: array([0.5, -0.5]) },
      source: slide('Backpropagation (4–7/7)'),
    },
    {
      name: 'with decay: 1 − ¼·(2 + ½·1) = 3/8',
      attrs: { learningRate: 0.25, weightDecay: 0.5 },
      inputs: { w: array(1), g: array(2) },
      outputs: { w: array(0.375) },
      source: slide('AlexNet'),
    },
  ],
  faults: [
    { name: 'uphill', direction: 'forward', find: 'w - eta * g', replace: 'w + eta * g' },
    {
      name: 'the rate forgotten',
      direction: 'forward',
      find: 'w - eta * g',
      replace: 'w - g',
      unseenAt: form('', { learningRate: 1 }, pairOf(4)),
    },
    {
      name: 'the rate squared',
      direction: 'forward',
      find: 'w - eta * g',
      replace: 'w - eta * eta * g',
      unseenAt: form('', { learningRate: 0.0001 }, pairOf(4), { w: { constant: 1 } }),
    },
    {
      name: 'decay forgotten',
      direction: 'forward',
      find: 'lambda === 0',
      replace: 'lambda >= 0',
      unseenAt: form('', { learningRate: 0.01, weightDecay: 0.0005 }, pairOf(4)),
    },
    { name: 'sign of the decay', direction: 'forward', find: 'g + lambda * w', replace: 'g - lambda * w' },
    {
      name: 'decay of 2λ, as of a penalty without its half',
      direction: 'forward',
      find: 'g + lambda * w',
      replace: 'g + 2 * lambda * w',
      unseenAt: form('', { learningRate: 0.01, weightDecay: 0.0005 }, pairOf(4)),
    },
    { name: 'decay of the gradient', direction: 'forward', find: 'g + lambda * w', replace: 'g + lambda * g' },
    {
      name: 'decay by the sign of the weight',
      direction: 'forward',
      find: 'g + lambda * w',
      replace: 'g + lambda * Math.sign(w)',
    },
  ],
})
