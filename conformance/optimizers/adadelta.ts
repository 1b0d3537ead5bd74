import { either as E, function as F } from 'fp-ts'
import { mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import {
  decayAddsToTheGradient,
  equal,
  equals,
  exactly,
  named,
  sixteenths,
  unit,
  widened,
  withoutRate,
} from './optimizerLaws.js'
import { rootCorners, rootRandom, rootState } from './rootCases.js'

const state = rootState('meanSquare', 'meanSquareDelta')
const paper = 'Zeiler, "ADADELTA: an adaptive learning rate method" (2012), algorithm 1'

const balanced: Law = {
  name: 'where the mean square is that of the gradient, the step is as long as the steps before it',
  claims: ({ attrs, inputs }, ask) => {
    const g = mapTensor((v) => (v === 0 ? 1 : v), sixteenths(named(inputs, 'g')))
    const given = {
      w: zeros(g.shape),
      g,
      meanSquare: mapTensor((g) => g * g, g),
      meanSquareDelta: mapTensor(() => 1 / 16, g),
    }
    return F.pipe(
      ask('forward', { ...attrs, learningRate: 1, epsilon: 0, weightDecay: 0 }, given),
      E.map((answer) => [
        equals(
          'w',
          answer,
          mapTensor((g) => -Math.sign(g) / 4, g),
        ),
        equals(
          'meanSquareDelta',
          answer,
          mapTensor(() => 1 / 16, g),
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
      E.map(({ values }) => [
        exactly(
          named(values, 'meanSquare'),
          mapTensor((g) => (g * g * 37) / 64, g),
        ),
      ]),
    )
  },
}

const unitsOfTheWeights: Law = {
  name: 'a gradient of another unit, with its mean square, makes the same step; the weights’ unit is that of their steps',
  claims: ({ attrs, inputs }, ask) => {
    const free = { ...attrs, epsilon: 0, weightDecay: 0 }
    // a mean square of zero would leave nothing to divide by
    const given = {
      ...inputs,
      w: zeros(named(inputs, 'w').shape),
      meanSquare: mapTensor((s) => s + 1, named(inputs, 'meanSquare')),
    }
    const scaled = {
      ...given,
      g: mapTensor((g) => 8 * g, named(given, 'g')),
      meanSquare: mapTensor((s) => 64 * s, named(given, 'meanSquare')),
    }
    const longer = { ...given, meanSquareDelta: mapTensor((d) => 16 * d, named(given, 'meanSquareDelta')) }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', free, given)),
      E.bind('after', () => ask('forward', free, scaled)),
      E.bind('stretched', () => ask('forward', free, longer)),
      E.map(({ before, after, stretched }) => [
        equal('w', after, before),
        equal('w', stretched, {
          values: { w: mapTensor((w) => 4 * w, named(before.values, 'w')) },
          slack: { w: mapTensor((e) => 4 * e, named(before.slack, 'w')) },
        }),
      ]),
    )
  },
}

const rateApart: Law = {
  name: 'the rate scales the step and nothing that is kept',
  claims: ({ attrs, inputs }, ask) => {
    const free = { ...attrs, weightDecay: 0 }
    const given = { ...inputs, w: zeros(named(inputs, 'w').shape) }
    return F.pipe(
      E.Do,
      E.bind('one', () => ask('forward', { ...free, learningRate: 1 }, given)),
      E.bind('quarter', () => ask('forward', { ...free, learningRate: 0.25 }, given)),
      E.map(({ one, quarter }) => [
        equal('w', quarter, {
          values: { w: mapTensor((w) => w / 4, named(one.values, 'w')) },
          slack: { w: mapTensor((e) => e / 4, named(one.slack, 'w')) },
        }),
        exactly(named(quarter.values, 'meanSquareDelta'), named(one.values, 'meanSquareDelta')),
      ]),
    )
  },
}

const keepsItsSteps: Law = {
  name: 'what is kept of the steps is a mean of their squares',
  claims: ({ attrs, inputs }, ask) => {
    const given = { ...inputs, w: zeros(named(inputs, 'w').shape) }
    return F.pipe(
      ask('forward', { ...attrs, learningRate: 1, decay: 0.75, weightDecay: 0 }, given),
      E.map((answer) => {
        // from w = 0 at a rate of 1, w′ is −Δ
        const mean = zipTensors(
          [named(given, 'meanSquareDelta'), named(answer.values, 'w')],
          (d, w) => 0.75 * d + 0.25 * (w * w),
        )
        const moved = { values: { meanSquareDelta: mean }, slack: answer.slack }
        return [
          equal(
            'meanSquareDelta',
            answer,
            widened(moved, 'meanSquareDelta', (v) => 4 * unit * v),
          ),
        ]
      }),
    )
  },
}

export const adadelta: Questions = {
  corners: [
    ...rootCorners(['meanSquare', 'meanSquareDelta'], {}),
    ...[0, 0.3, 0.5, 0.99, 1].map((decay) =>
      form(`ρ of ${decay}`, { decay, epsilon: 0.001 }, state(40), {
        w: { constant: 0 },
        meanSquare: 'positive',
        meanSquareDelta: 'fraction',
      }),
    ),
    form('steps much smaller than ε', { epsilon: 0.01 }, state(40), {
      w: { constant: 0 },
      meanSquare: 'positive',
      meanSquareDelta: { constant: 1e-6 },
    }),
  ],
  random: rootRandom(['meanSquare', 'meanSquareDelta'], (draw) => ({
    decay: draw.pick([0, 0.3, 0.5, 0.9, 0.95, 0.99]),
  })),
  laws: [
    withoutRate,
    balanced,
    constantGradient,
    unitsOfTheWeights,
    rateApart,
    keepsItsSteps,
    decayAddsToTheGradient(['w', 'meanSquare', 'meanSquareDelta']),
  ],
  worked: [
    {
      name: 'two coordinates by hand: s′ = ½·26 + ½·4 = 15, Δ = 2·√(3 + 1)/√(15 + 1) = 1, d′ = ½·3 + ½, w′ = 1 − ½',
      direction: 'forward',
      attrs: { learningRate: 0.5, decay: 0.5, epsilon: 1, weightDecay: 0 },
      inputs: {
        w: { shape: [2], data: [1, -1] },
        g: { shape: [2], data: [2, -2] },
        meanSquare: { shape: [2], data: [26, 26] },
        meanSquareDelta: { shape: [2], data: [3, 3] },
      },
      outputs: {
        w: { shape: [2], data: [0.5, -0.5] },
        meanSquare: { shape: [2], data: [15, 15] },
        meanSquareDelta: { shape: [2], data: [2, 2] },
      },
      source: paper,
    },
    {
      name: 'from rest the first step is √ε·g/√((1 − ρ)·g² + ε): g = 4 and ε = 1 make 4/3',
      direction: 'forward',
      attrs: { learningRate: 1, decay: 0.5, epsilon: 1, weightDecay: 0 },
      inputs: {
        w: { shape: [], data: [0] },
        g: { shape: [], data: [4] },
        meanSquare: { shape: [], data: [0] },
        meanSquareDelta: { shape: [], data: [0] },
      },
      outputs: {
        w: { shape: [], data: [-4 / 3] },
        meanSquare: { shape: [], data: [8] },
        meanSquareDelta: { shape: [], data: [8 / 9] },
      },
      source: paper,
    },
  ],
  faults: [
    { name: 'uphill', direction: 'forward', find: 'w - eta', replace: 'w + eta' },
    {
      name: 'ε outside the root of the gradients',
      direction: 'forward',
      find: 'Math.sqrt(s + epsilon)',
      replace: '(Math.sqrt(s) + epsilon)',
      unseenAt: form('', {}, state(4), { meanSquare: 'positive', meanSquareDelta: 'positive' }),
    },
    {
      name: 'ε outside the root of the steps',
      direction: 'forward',
      find: 'Math.sqrt(d + epsilon)',
      replace: '(Math.sqrt(d) + epsilon)',
      unseenAt: form('', {}, state(4), { meanSquare: 'positive', meanSquareDelta: 'positive' }),
    },
    {
      name: 'no ε beside the steps: it never starts',
      direction: 'forward',
      find: 'Math.sqrt(d + epsilon)',
      replace: 'Math.sqrt(d)',
      unseenAt: form('', {}, state(4), { meanSquare: 'positive', meanSquareDelta: 'positive' }),
    },
    {
      name: 'the means exchanged',
      direction: 'forward',
      find: 'meanSquare, d)',
      replace: 'd, meanSquare)',
    },
    {
      name: 'the gradients’ mean before this gradient',
      direction: 'forward',
      find: 'gradient, meanSquare, d)',
      replace: 'gradient, s, d)',
      unseenAt: form('', { learningRate: 0.001 }, state(4), {
        w: { constant: 1 },
        g: { constant: 0.97 },
        meanSquare: { constant: 1 },
        meanSquareDelta: { constant: 1 },
      }),
    },
    {
      name: 'the rate in what is kept of the steps',
      direction: 'forward',
      find: '(delta * delta)',
      replace: '(eta * delta * (eta * delta))',
      unseenAt: form('', {}, state(4), { meanSquare: 'positive', meanSquareDelta: 'positive' }),
    },
    {
      name: 'the gradient kept in place of the step',
      direction: 'forward',
      find: 'd, delta)',
      replace: 'd, gradient)',
    },
    {
      name: 'the rate forgotten',
      direction: 'forward',
      find: 'w - eta * delta',
      replace: 'w - delta',
      unseenAt: form('', {}, state(4), { meanSquare: 'positive', meanSquareDelta: 'positive' }),
    },
    {
      name: 'decay forgotten',
      direction: 'forward',
      find: 'lambda === 0',
      replace: 'lambda >= 0',
      unseenAt: form('', { learningRate: 0.001, weightDecay: 0.0005 }, state(4), {
        w: { constant: 1 },
        g: { constant: 1 },
        meanSquare: { constant: 1 },
        meanSquareDelta: { constant: 1 },
      }),
    },
    { name: 'sign of the decay', direction: 'forward', find: 'g + lambda * w', replace: 'g - lambda * w' },
  ],
}
