import { either as E, function as F } from 'fp-ts'
import { mapTensor, zeros } from '../../spec/tensor.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { decayAddsToTheGradient, equals, exactly, named, scaleFree, sixteenths, withoutRate } from './optimizerLaws.js'
import { rootCorners, rootRandom, rootState } from './rootCases.js'

const state = rootState('accumulator')
const paper = 'Duchi, Hazan and Singer, "Adaptive subgradient methods" (2011)'

const firstStep: Law = {
  name: 'the first step from rest is η against the sign of the gradient, whatever its size',
  claims: ({ inputs }, ask, draw) => {
    const rest = zeros(named(inputs, 'w').shape)
    const g = mapTensor(() => draw.pick([1, -1]) * 2 ** draw.integer(-10, 10) * (1 + draw.uniform()), rest)
    return F.pipe(
      ask('forward', { learningRate: 0.25, epsilon: 0, weightDecay: 0 }, { w: rest, g, accumulator: rest }),
      E.map((answer) => [
        equals(
          'w',
          answer,
          mapTensor((g) => -0.25 * Math.sign(g), g),
        ),
      ]),
    )
  },
}

const gathers: Law = {
  name: 'under a constant gradient from rest the accumulator after k steps is k·g², and nothing is forgotten',
  claims: ({ attrs, inputs }, ask) => {
    const g = sixteenths(named(inputs, 'g'))
    const free = { ...attrs, weightDecay: 0 }
    const step = (before: ReturnType<typeof ask>) =>
      F.pipe(
        before,
        E.flatMap(({ values }) => ask('forward', free, { ...values, g })),
      )
    return F.pipe(
      step(step(ask('forward', free, { ...inputs, g, accumulator: zeros(g.shape) }))),
      E.map(({ values }) => [
        exactly(
          named(values, 'accumulator'),
          mapTensor((g) => 3 * g * g, g),
        ),
      ]),
    )
  },
}

const fallsAsTheRoot: Law = {
  name: 'after three more gradients like it the step is half as long',
  claims: ({ inputs }, ask) => {
    const g = mapTensor((v) => (v === 0 ? 1 : v), sixteenths(named(inputs, 'g')))
    const given = { w: zeros(g.shape), g, accumulator: mapTensor((g) => 3 * g * g, g) }
    return F.pipe(
      ask('forward', { learningRate: 0.5, epsilon: 0, weightDecay: 0 }, given),
      E.map((answer) => [
        equals(
          'w',
          answer,
          mapTensor((g) => -0.25 * Math.sign(g), g),
        ),
      ]),
    )
  },
}

export const adagrad: Questions = {
  corners: rootCorners(['accumulator'], { learningRate: 0.5 }),
  random: rootRandom(['accumulator'], () => ({})),
  laws: [
    withoutRate,
    firstStep,
    gathers,
    fallsAsTheRoot,
    scaleFree({ g: 1, accumulator: 2 }),
    decayAddsToTheGradient(['w', 'accumulator']),
  ],
  worked: [
    {
      name: 'two coordinates by hand: G′ = 7 + 3² = 16, w′ = 1 − 2·3/(4 + 4)',
      direction: 'forward',
      attrs: { learningRate: 2, epsilon: 4, weightDecay: 0 },
      inputs: {
        w: { shape: [2], data: [1, -1] },
        g: { shape: [2], data: [3, -3] },
        accumulator: { shape: [2], data: [7, 7] },
      },
      outputs: { w: { shape: [2], data: [0.25, -0.25] }, accumulator: { shape: [2], data: [16, 16] } },
      source: paper,
    },
    {
      name: 'with decay: the gradient is 1 + ½·4 = 3',
      direction: 'forward',
      attrs: { learningRate: 2, epsilon: 1, weightDecay: 0.5 },
      inputs: {
        w: { shape: [], data: [4] },
        g: { shape: [], data: [1] },
        accumulator: { shape: [], data: [16] },
      },
      outputs: { w: { shape: [], data: [3] }, accumulator: { shape: [], data: [25] } },
      source: `${paper}; the decay as in PyTorch`,
    },
  ],
  faults: [
    { name: 'uphill', direction: 'forward', find: 'w - (eta', replace: 'w + (eta' },
    {
      name: 'ε within the root, as in TensorFlow',
      direction: 'forward',
      find: 'Math.sqrt(G) + epsilon',
      replace: 'Math.sqrt(G + epsilon)',
      unseenAt: form('', { learningRate: 0.1 }, state(4), { accumulator: 'positive' }),
    },
    {
      name: 'no ε',
      direction: 'forward',
      find: 'Math.sqrt(G) + epsilon',
      replace: 'Math.sqrt(G)',
      unseenAt: form('', { learningRate: 0.1 }, state(4), { accumulator: 'positive' }),
    },
    { name: 'no root', direction: 'forward', find: 'Math.sqrt(G) + epsilon', replace: 'G + epsilon' },
    {
      name: 'the accumulator before this gradient',
      direction: 'forward',
      find: 'w, gradient, accumulator)',
      replace: 'w, gradient, G)',
      unseenAt: form('', { learningRate: 0.001 }, state(4), {
        w: { constant: 1 },
        g: { constant: 1 },
        accumulator: { constant: 1 },
      }),
    },
    { name: 'no square', direction: 'forward', find: 'G + g * g', replace: 'G + Math.abs(g)' },
    { name: 'a mean, as in RMSprop', direction: 'forward', find: 'G + g * g', replace: '0.9 * G + 0.1 * g * g' },
    {
      name: 'decay forgotten',
      direction: 'forward',
      find: 'lambda === 0',
      replace: 'lambda >= 0',
      unseenAt: form('', { learningRate: 0.001, weightDecay: 0.0005 }, state(4), {
        w: { constant: 1 },
        g: { constant: 1 },
        accumulator: { constant: 1 },
      }),
    },
    { name: 'sign of the decay', direction: 'forward', find: 'g + lambda * w', replace: 'g - lambda * w' },
    {
      name: 'decay in the step but not in the accumulator',
      direction: 'forward',
      find: 'G, gradient)',
      replace: 'G, g)',
      unseenAt: form('', { learningRate: 0.1 }, state(4), { accumulator: 'positive' }),
    },
  ],
}
