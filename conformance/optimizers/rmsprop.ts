import { either as E, function as F } from 'fp-ts'
import { zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { exactly, named, product, sixteenths, times } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import {
  decayAddsToTheGradient,
  insideIsMoreState,
  plainGradient,
  scaleFree,
  stateOf,
  stepBySign,
  underOneGradient,
  withoutRate,
} from '../vocabulary/optimizers.js'
import { anyPlaceOfEpsilon, anyRootStep, eachDecay, insideCorners, rootCorners } from '../vocabulary/roots.js'

const kept = ['meanSquare']
const state = stateOf(...kept)
const lecture = 'Hinton, Srivastava and Swersky, "Neural networks for machine learning" (2012), lecture 6e'

const settled = stepBySign(
  'where the mean square is that of the gradient, the step is η against its sign, whatever ρ',
  { length: 0.25, gradient: plainGradient, state: (g) => ({ meanSquare: product(g, g) }) },
)

// 1 − ρ³ = 37/64
const constantGradient = underOneGradient(
  'under a constant gradient from rest the mean square after k steps is g²·(1 − ρᵏ)',
  3,
  { decay: 0.75 },
  ({ shape }) => ({ meanSquare: zeros(shape) }),
  { meanSquare: (g) => times(37 / 64, product(g, g)) },
)

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
        exactly(named(none.values, 'meanSquare'), product(g, g)),
      ]),
    )
  },
}

export const rmsprop = questionsAbout('rmsprop', {
  corners: [
    ...rootCorners(kept, { learningRate: 0.5 }),
    ...insideCorners(kept, { learningRate: 0.5, decay: 0.75 }),
    ...eachDecay(kept, { learningRate: 0.5 }, [0, 0.3, 0.5, 0.9, 1], { meanSquare: 'positive' }),
  ],
  random: anyRootStep(kept, (draw) => ({
    decay: draw.pick([0, 0.3, 0.5, 0.9, 0.99, 0.999]),
    ...anyPlaceOfEpsilon(draw),
  })),
  laws: [
    withoutRate,
    settled,
    constantGradient,
    remembersAll,
    scaleFree({ g: 1, meanSquare: 2 }),
    decayAddsToTheGradient(['w', ...kept]),
    insideIsMoreState('meanSquare', 0.5, { decay: 0.5 }),
  ],
  worked: [
    {
      name: 'two coordinates by hand: s′ = ¾·20 + ¼·4 = 16, w′ = 1 − 2·2/(4 + 4)',
      attrs: { learningRate: 2, decay: 0.75, epsilon: 4, weightDecay: 0 },
      inputs: {
        w: array([1, -1]),
        g: array([2, -2]),
        meanSquare: array([20, 20]),
      },
      outputs: { w: array([0.5, -0.5]), meanSquare: array([16, 16]) },
      source: lecture,
    },
    {
      name: 'ε inside the root by hand: w′ = 1 − 2·2/√(16 + 48)',
      attrs: { learningRate: 2, decay: 0.75, epsilon: 48, weightDecay: 0, epsilonInside: true },
      inputs: { w: array([1, -1]), g: array([2, -2]), meanSquare: array([20, 20]) },
      outputs: { w: array([0.5, -0.5]), meanSquare: array([16, 16]) },
      source: `${lecture}; ε as in Keras’ and TensorFlow.js’ RMSprop`,
    },
    {
      name: 'with decay: the gradient is 1 + ½·2 = 2, s′ = ½·4 + ½·4',
      attrs: { learningRate: 1, decay: 0.5, epsilon: 2, weightDecay: 0.5 },
      inputs: {
        w: array(2),
        g: array(1),
        meanSquare: array(4),
      },
      outputs: { w: array(1.5), meanSquare: array(4) },
      source: `${lecture}; the decay as in PyTorch`,
    },
  ],
  faults: [
    {
      name: 'ε outside the root, wherever it is asked for',
      direction: 'forward',
      find: 'epsilonInside ?',
      replace: 'false ?',
      unseenAt: form('', { learningRate: 0.1, epsilonInside: true }, state(4), { meanSquare: 'positive' }),
    },
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
})
