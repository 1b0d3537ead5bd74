import { zeros } from '../../spec/tensor.js'
import { form, questionsAbout } from '../questions.js'
import { product, times } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import {
  decayAddsToTheGradient,
  insideIsMoreState,
  ofAnySize,
  plainGradient,
  scaleFree,
  stateOf,
  stepBySign,
  underOneGradient,
  withoutRate,
} from '../vocabulary/optimizers.js'
import { anyPlaceOfEpsilon, anyRootStep, insideCorners, rootCorners } from '../vocabulary/roots.js'

const kept = ['accumulator']
const state = stateOf(...kept)
const paper = 'Duchi, Hazan and Singer, "Adaptive subgradient methods" (2011)'

const firstStep = stepBySign('the first step from rest is η against the sign of the gradient, whatever its size', {
  length: 0.25,
  gradient: ofAnySize,
  state: ({ shape }) => ({ accumulator: zeros(shape) }),
})

const gathers = underOneGradient(
  'under a constant gradient from rest the accumulator after k steps is k·g², and nothing is forgotten',
  3,
  {},
  ({ shape }) => ({ accumulator: zeros(shape) }),
  { accumulator: (g) => times(3, product(g, g)) },
)

const fallsAsTheRoot = stepBySign('after three more gradients like it the step is half as long', {
  length: 0.25,
  attrs: { learningRate: 0.5 },
  gradient: plainGradient,
  state: (g) => ({ accumulator: times(3, product(g, g)) }),
})

export const adagrad = questionsAbout('adagrad', {
  corners: [...rootCorners(kept, { learningRate: 0.5 }), ...insideCorners(kept, { learningRate: 0.5 })],
  random: anyRootStep(kept, anyPlaceOfEpsilon),
  laws: [
    withoutRate,
    firstStep,
    gathers,
    fallsAsTheRoot,
    scaleFree({ g: 1, accumulator: 2 }),
    decayAddsToTheGradient(['w', ...kept]),
    insideIsMoreState('accumulator', 1),
  ],
  worked: [
    {
      name: 'two coordinates by hand: G′ = 7 + 3² = 16, w′ = 1 − 2·3/(4 + 4)',
      attrs: { learningRate: 2, epsilon: 4, weightDecay: 0 },
      inputs: {
        w: array([1, -1]),
        g: array([3, -3]),
        accumulator: array([7, 7]),
      },
      outputs: { w: array([0.25, -0.25]), accumulator: array([16, 16]) },
      source: paper,
    },
    {
      name: 'ε inside the root by hand: w′ = 1 − 2·3/√(16 + 20)',
      attrs: { learningRate: 2, epsilon: 20, weightDecay: 0, epsilonInside: true },
      inputs: { w: array([1, -1]), g: array([3, -3]), accumulator: array([7, 7]) },
      outputs: { w: array([0, 0]), accumulator: array([16, 16]) },
      source: `${paper}; ε as in Keras’ and TensorFlow.js’ Adagrad`,
    },
    {
      name: 'with decay: the gradient is 1 + ½·4 = 3',
      attrs: { learningRate: 2, epsilon: 1, weightDecay: 0.5 },
      inputs: {
        w: array(4),
        g: array(1),
        accumulator: array(16),
      },
      outputs: { w: array(3), accumulator: array(25) },
      source: `${paper}; the decay as in PyTorch`,
    },
  ],
  faults: [
    {
      name: 'ε outside the root, wherever it is asked for',
      direction: 'forward',
      find: 'epsilonInside ?',
      replace: 'false ?',
      unseenAt: form('', { learningRate: 0.1, epsilonInside: true }, state(4), { accumulator: 'positive' }),
    },
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
})
