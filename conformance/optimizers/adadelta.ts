import { either as E, function as F } from 'fp-ts'
import { filled, mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { equal, exactly, named, product, scaled, times, unit } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import {
  decayAddsToTheGradient,
  plainGradient,
  stateOf,
  stepBySign,
  underOneGradient,
  widened,
  withoutRate,
} from '../vocabulary/optimizers.js'
import { anyRootStep, eachDecay, rootCorners } from '../vocabulary/roots.js'

const kept = ['meanSquare', 'meanSquareDelta']
const state = stateOf(...kept)
const paper = 'Zeiler, "ADADELTA: an adaptive learning rate method" (2012), algorithm 1'

const balanced = stepBySign(
  'where the mean square is that of the gradient, the step is as long as the steps before it',
  {
    length: 1 / 4,
    attrs: { learningRate: 1 },
    gradient: plainGradient,
    state: (g) => ({ meanSquare: product(g, g), meanSquareDelta: filled(g.shape, 1 / 16) }),
    kept: { meanSquareDelta: 1 / 16 },
  },
)

const constantGradient = underOneGradient(
  'under a constant gradient from rest the mean square after k steps is g²·(1 − ρᵏ)',
  3,
  { decay: 0.75 },
  ({ shape }) => ({ meanSquare: zeros(shape) }),
  { meanSquare: (g) => times(37 / 64, product(g, g)) },
)

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
    const steeper = { ...given, g: times(8, named(given, 'g')), meanSquare: times(64, given.meanSquare) }
    const longer = { ...given, meanSquareDelta: times(16, named(given, 'meanSquareDelta')) }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', free, given)),
      E.bind('after', () => ask('forward', free, steeper)),
      E.bind('stretched', () => ask('forward', free, longer)),
      E.map(({ before, after, stretched }) => [equal('w', after, before), equal('w', stretched, scaled(4, before))]),
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
        equal('w', quarter, scaled(1 / 4, one)),
        exactly(named(quarter.values, 'meanSquareDelta'), named(one.values, 'meanSquareDelta')),
      ]),
    )
  },
}

const keepsItsSteps = ofAnswer(
  'what is kept of the steps is a mean of their squares',
  (answer, { inputs }) => {
    // from w = 0 at a rate of 1, w′ is −Δ
    const mean = zipTensors(
      [named(inputs, 'meanSquareDelta'), named(answer.values, 'w')],
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
  },
  ({ attrs, inputs }) => ({
    attrs: { ...attrs, learningRate: 1, decay: 0.75, weightDecay: 0 },
    inputs: { ...inputs, w: zeros(named(inputs, 'w').shape) },
  }),
)

export const adadelta = questionsAbout('adadelta', {
  corners: [
    ...rootCorners(kept, {}),
    ...eachDecay(kept, {}, [0, 0.3, 0.5, 0.99, 1], { meanSquare: 'positive', meanSquareDelta: 'fraction' }),
    form('steps much smaller than ε', { epsilon: 0.01 }, state(40), {
      w: { constant: 0 },
      meanSquare: 'positive',
      meanSquareDelta: { constant: 1e-6 },
    }),
  ],
  random: anyRootStep(kept, (draw) => ({ decay: draw.pick([0, 0.3, 0.5, 0.9, 0.95, 0.99]) })),
  laws: [
    withoutRate,
    balanced,
    constantGradient,
    unitsOfTheWeights,
    rateApart,
    keepsItsSteps,
    decayAddsToTheGradient(['w', ...kept]),
  ],
  worked: [
    {
      name: 'two coordinates by hand: s′ = ½·26 + ½·4 = 15, Δ = 2·√(3 + 1)/√(15 + 1) = 1, d′ = ½·3 + ½, w′ = 1 − ½',
      attrs: { learningRate: 0.5, decay: 0.5, epsilon: 1, weightDecay: 0 },
      inputs: {
        w: array([1, -1]),
        g: array([2, -2]),
        meanSquare: array([26, 26]),
        meanSquareDelta: array([3, 3]),
      },
      outputs: {
        w: array([0.5, -0.5]),
        meanSquare: array([15, 15]),
        meanSquareDelta: array([2, 2]),
      },
      source: paper,
    },
    {
      name: 'from rest the first step is √ε·g/√((1 − ρ)·g² + ε): g = 4 and ε = 1 make 4/3',
      attrs: { learningRate: 1, decay: 0.5, epsilon: 1, weightDecay: 0 },
      inputs: {
        w: array(0),
        g: array(4),
        meanSquare: array(0),
        meanSquareDelta: array(0),
      },
      outputs: {
        w: array(-4 / 3),
        meanSquare: array(8),
        meanSquareDelta: array(8 / 9),
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
})
