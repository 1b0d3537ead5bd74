import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, zeros, zipTensors } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { another, combination, equals, named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'

const pairOf = (...shape: readonly number[]) => ({ w: shape, g: shape })
const names = ['w', 'g']
const unit = 2 ** -52

const withoutRate: Law = {
  name: 'without a rate the weights stay',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', { ...attrs, learningRate: 0 }, inputs),
      E.map(({ values }) => [
        { got: named(values, 'w'), want: named(inputs, 'w'), allowed: zeros(named(inputs, 'w').shape) },
      ]),
    ),
}

const withoutGradient: Law = {
  name: 'without a gradient and decay the weights stay',
  claims: ({ attrs, inputs }, ask) => {
    const w = named(inputs, 'w')
    return F.pipe(
      ask('forward', { ...attrs, weightDecay: 0 }, { w, g: zeros(w.shape) }),
      E.map(({ values }) => [{ got: named(values, 'w'), want: w, allowed: zeros(w.shape) }]),
    )
  },
}

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

const decayPulls: Law = {
  name: 'decay adds λ·w to the gradient',
  claims: ({ attrs, inputs }, ask) => {
    const [w, g] = [named(inputs, 'w'), named(inputs, 'g')]
    const [eta, lambda] = [attrs['learningRate'] as number, 0.1]
    const pulled = zipTensors([w, g], (w, g) => g + lambda * w)
    return F.pipe(
      E.Do,
      E.bind('decayed', () => ask('forward', { ...attrs, weightDecay: lambda }, { w, g })),
      E.bind('plain', () => ask('forward', { ...attrs, weightDecay: 0 }, { w, g: pulled })),
      E.map(({ decayed, plain }) => [
        combination('w', decayed, [
          [1, plain],
          // the two roundings of g + λ·w here
          [
            1,
            {
              values: { w: zeros(w.shape) },
              slack: {
                w: zipTensors([w, g], (w, g) => eta * unit * (2 * Math.abs(lambda * w) + Math.abs(g))),
              },
            },
          ],
        ]),
      ]),
    )
  },
}

const decayShrinks: Law = {
  name: 'decay alone shrinks the weights by 1 − η·λ',
  claims: ({ inputs }, ask) => {
    const w = named(inputs, 'w')
    return F.pipe(
      ask('forward', { learningRate: 0.5, weightDecay: 0.25 }, { w, g: zeros(w.shape) }),
      E.map((answer) => [
        equals(
          'w',
          answer,
          generate(w.shape, (i) => 0.875 * (w.data[i] as number)),
        ),
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

export const sgd: Questions = {
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
  random: (draw) => ({
    attrs: {
      learningRate: draw.pick([0, 0.001, 0.1, 1, 3]),
      ...draw.pick([{}, { weightDecay: 0 }, { weightDecay: 0.0005 }, { weightDecay: 0.1 }, { weightDecay: 2 }]),
    },
    shapes: pairOf(...Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 5))),
    fills: {
      w: draw.pick(['normal', { constant: 0 }, 'small', 'wide']),
      g: draw.pick(['normal', 'small', 'wide', 'ties']),
    },
  }),
  laws: [withoutRate, withoutGradient, halfSteps, decayPulls, decayShrinks, linearInBoth],
  worked: [
    {
      name: 'two coordinates by hand: 1 − ¼·2 = ½, −1 + ¼·2 = −½',
      direction: 'forward',
      attrs: { learningRate: 0.25, weightDecay: 0 },
      inputs: { w: { shape: [2], data: [1, -1] }, g: { shape: [2], data: [2, -2] } },
      outputs: { w: { shape: [2], data: [0.5, -0.5] } },
      source: slide('Backpropagation (4–7/7)'),
    },
    {
      name: 'with decay: 1 − ¼·(2 + ½·1) = 3/8',
      direction: 'forward',
      attrs: { learningRate: 0.25, weightDecay: 0.5 },
      inputs: { w: { shape: [], data: [1] }, g: { shape: [], data: [2] } },
      outputs: { w: { shape: [], data: [0.375] } },
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
}
