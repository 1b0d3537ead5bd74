import { either as E, function as F } from 'fp-ts'
import { mapTensor, zeros } from '../../spec/tensor.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { decayAddsToTheGradient, equals, exactly, named, scaleFree, sixteenths, withoutRate } from './optimizerLaws.js'
import { rootCorners, rootRandom, rootState } from './rootCases.js'

const state = rootState('meanSquare')
const lecture = 'Hinton, Srivastava and Swersky, "Neural networks for machine learning" (2012), lecture 6e'

const settled: Law = {
  name: 'where the mean square is that of the gradient, the step is η against its sign, whatever ρ',
  claims: ({ attrs, inputs }, ask) => {
    const g = mapTensor((v) => (v === 0 ? 1 : v), sixteenths(named(inputs, 'g')))
    const given = { w: zeros(g.shape), g, meanSquare: mapTensor((g) => g * g, g) }
    return F.pipe(
      ask('forward', { ...attrs, learningRate: 0.25, epsilon: 0, weightDecay: 0 }, given),
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

const constantGradient: Law = {
  name: 'under a constant gradient from rest the mean square after k steps is g²·(1 − ρᵏ)',
  claims: ({ attrs, inputs }, ask) => {
    const g = sixteenths(named(inputs, 'g'))
    const free = { ...attrs, decay: 0.75, weightDecay: 0 }
    const step = (before: ReturnType<typeof ask>) =>
      F.pipe(
        before,
        E.flatMap(({ values }) => ask('forward', free, { ...values, g })),
      )
    return F.pipe(
      step(step(ask('forward', free, { ...inputs, g, meanSquare: zeros(g.shape) }))),
      // 1 − ρ³ = 37/64, and all of it is exact
      E.map(({ values }) => [
        exactly(
          named(values, 'meanSquare'),
          mapTensor((g) => (g * g * 37) / 64, g),
        ),
      ]),
    )
  },
}

const remembersAll: Law = {
  name: 'with ρ = 1 the mean square stays, with ρ = 0 it is the gradient’s own',
  claims: ({ attrs, inputs }, ask) => {
    const g = sixteenths(named(inputs, 'g'))
    const at = (decay: number) => ask('forward', { ...attrs, decay, weightDecay: 0 }, { ...inputs, g })
    return F.pipe(
      E.Do,
      E.bind('all', () => at(1)),
      E.bind('none', () => at(0)),
      E.map(({ all, none }) => [
        exactly(named(all.values, 'meanSquare'), named(inputs, 'meanSquare')),
        exactly(
          named(none.values, 'meanSquare'),
          mapTensor((g) => g * g, g),
        ),
      ]),
    )
  },
}

export const rmsprop: Questions = {
  corners: [
    ...rootCorners(['meanSquare'], { learningRate: 0.5 }),
    ...[0, 0.3, 0.5, 0.9, 1].map((decay) =>
      form(`ρ of ${decay}`, { learningRate: 0.5, decay, epsilon: 0.001 }, state(40), {
        w: { constant: 0 },
        meanSquare: 'positive',
      }),
    ),
  ],
  random: rootRandom(['meanSquare'], (draw) => ({ decay: draw.pick([0, 0.3, 0.5, 0.9, 0.99, 0.999]) })),
  laws: [
    withoutRate,
    settled,
    constantGradient,
    remembersAll,
    scaleFree({ g: 1, meanSquare: 2 }),
    decayAddsToTheGradient(['w', 'meanSquare']),
  ],
  worked: [
    {
      name: 'two coordinates by hand: s′ = ¾·20 + ¼·4 = 16, w′ = 1 − 2·2/(4 + 4)',
      direction: 'forward',
      attrs: { learningRate: 2, decay: 0.75, epsilon: 4, weightDecay: 0 },
      inputs: {
        w: { shape: [2], data: [1, -1] },
        g: { shape: [2], data: [2, -2] },
        meanSquare: { shape: [2], data: [20, 20] },
      },
      outputs: { w: { shape: [2], data: [0.5, -0.5] }, meanSquare: { shape: [2], data: [16, 16] } },
      source: lecture,
    },
    {
      name: 'with decay: the gradient is 1 + ½·2 = 2, s′ = ½·4 + ½·4',
      direction: 'forward',
      attrs: { learningRate: 1, decay: 0.5, epsilon: 2, weightDecay: 0.5 },
      inputs: {
        w: { shape: [], data: [2] },
        g: { shape: [], data: [1] },
        meanSquare: { shape: [], data: [4] },
      },
      outputs: { w: { shape: [], data: [1.5] }, meanSquare: { shape: [], data: [4] } },
      source: `${lecture}; the decay as in PyTorch`,
    },
  ],
  faults: [
    { name: 'uphill', direction: 'forward', find: 'w - (eta', replace: 'w + (eta' },
    {
      name: 'ε within the root, as in TensorFlow',
      direction: 'forward',
      find: 'Math.sqrt(s) + epsilon',
      replace: 'Math.sqrt(s + epsilon)',
      unseenAt: form('', { learningRate: 0.1 }, state(4), { meanSquare: 'positive' }),
    },
    {
      name: 'no ε',
      direction: 'forward',
      find: 'Math.sqrt(s) + epsilon',
      replace: 'Math.sqrt(s)',
      unseenAt: form('', { learningRate: 0.1 }, state(4), { meanSquare: 'positive' }),
    },
    { name: 'no root', direction: 'forward', find: 'Math.sqrt(s) + epsilon', replace: 's + epsilon' },
    {
      name: 'the mean square before this gradient',
      direction: 'forward',
      find: 'w, gradient, meanSquare)',
      replace: 'w, gradient, s)',
      unseenAt: form('', { learningRate: 0.001 }, state(4), {
        w: { constant: 1 },
        g: { constant: 0.5 },
        meanSquare: { constant: 1 },
      }),
    },
    {
      name: 'ρ and 1 − ρ exchanged',
      direction: 'forward',
      find: 'rho * s + (1 - rho) * (g * g)',
      replace: '(1 - rho) * s + rho * (g * g)',
      unseenAt: form('', { learningRate: 0.1, decay: 0.5 }, state(4), { meanSquare: 'positive' }),
    },
    {
      name: 'the square at full weight',
      direction: 'forward',
      find: '(1 - rho) * (g * g)',
      replace: 'g * g',
      unseenAt: form('', { learningRate: 0.1, decay: 0 }, state(4), { meanSquare: 'positive' }),
    },
    { name: 'no square', direction: 'forward', find: '(g * g)', replace: 'Math.abs(g)' },
    {
      name: 'decay forgotten',
      direction: 'forward',
      find: 'lambda === 0',
      replace: 'lambda >= 0',
      unseenAt: form('', { learningRate: 0.001, weightDecay: 0.0005 }, state(4), {
        w: { constant: 1 },
        g: { constant: 1 },
        meanSquare: { constant: 1 },
      }),
    },
    { name: 'sign of the decay', direction: 'forward', find: 'g + lambda * w', replace: 'g - lambda * w' },
    {
      name: 'decay in the step but not in the mean square',
      direction: 'forward',
      find: 's, gradient)',
      replace: 's, g)',
      unseenAt: form('', { learningRate: 0.1 }, state(4), { meanSquare: 'positive' }),
    },
  ],
}
