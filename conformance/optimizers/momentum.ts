import { slide } from '../../spec/op.js'
import { zeros } from '../../spec/tensor.js'
import { form, questionsAbout } from '../questions.js'
import { at, claim, equals, named, times, unit } from '../vocabulary/claims.js'
import { elementwiseCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import {
  anyStep,
  decayAddsToTheGradient,
  stateOf,
  still,
  underOneGradient,
  withoutRate,
} from '../vocabulary/optimizers.js'

const state = stateOf('velocity')
const names = ['w', 'g', 'velocity']

// μ = ½ and four steps: (1 − μ⁴)/(1 − μ) = 15/8
const constantGradient = underOneGradient(
  'under a constant gradient the velocity after k steps is g·(1 − μᵏ)/(1 − μ)',
  4,
  { momentum: 0.5 },
  ({ shape }) => ({ velocity: zeros(shape) }),
  { velocity: (g) => times(15 / 8, g) },
)

const zeroGradient = ofAnswer(
  'a zero gradient leaves μ·v',
  (answer, { attrs, inputs }) => [
    equals('velocity', answer, times(attrs['momentum'] as number, named(inputs, 'velocity'))),
  ],
  ({ attrs, inputs }) => ({
    attrs: { ...attrs, weightDecay: 0 },
    inputs: { ...inputs, g: zeros(named(inputs, 'g').shape) },
  }),
)

// g + μ·v′ under Nesterov, and v′ without: what the step takes from the weights, η times
const alongItsVelocity = ofAnswer(
  'the weights go by η along the new velocity; under Nesterov along the gradient and μ of it',
  ({ values, slack }, { attrs, inputs }) => {
    const [eta, mu] = [attrs['learningRate'] as number, attrs['momentum'] as number]
    const [w, g, next] = [named(inputs, 'w'), named(inputs, 'g'), named(values, 'velocity')]
    const nesterov = attrs['nesterov'] === true
    const way = (i: number): number => (nesterov ? at(g, i) + mu * at(next, i) : at(next, i))
    const size = (i: number): number => Math.abs(at(next, i)) + (nesterov ? Math.abs(at(g, i)) : 0)
    return [
      claim(
        named(values, 'w'),
        (i) => at(w, i) - eta * way(i),
        (i) =>
          at(named(slack, 'w'), i) +
          eta * at(named(slack, 'velocity'), i) +
          4 * unit * (Math.abs(at(w, i)) + eta * size(i)),
      ),
    ]
  },
  ({ attrs }) => ({ attrs: { ...attrs, weightDecay: 0 } }),
)

export const momentum = questionsAbout('momentum', {
  corners: [
    ...elementwiseCorners(names, { learningRate: 0.0625 }),
    form('no momentum: plain descent', { learningRate: 0.5, momentum: 0 }, state(33)),
    form('no rate: w stays', { learningRate: 0 }, state(33)),
    form('weights of zero, so that the step is not hidden by their rounding', { learningRate: 0.01 }, state(65), {
      w: { constant: 0 },
    }),
    form('weight decay', { learningRate: 0.1, weightDecay: 0.01 }, state(40)),
    form('Nesterov', { learningRate: 0.1, nesterov: true }, state(40), { w: { constant: 0 } }),
    form(
      'Nesterov with weight decay',
      { learningRate: 0.1, nesterov: true, weightDecay: 0.25, momentum: 0.5 },
      state(40),
    ),
    form('AlexNet’s numbers', { learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005 }, state(64)),
  ],
  random: anyStep(
    state,
    (draw) => ({
      learningRate: draw.pick([0, 0.001, 0.1, 1, 3]),
      momentum: draw.pick([0, 0.5, 0.9, 0.99, 1]),
      nesterov: draw.pick([true, false]),
      weightDecay: draw.pick([0, 0, 0.0005, 0.1]),
    }),
    { w: ['normal', still, 'small'], g: ['normal', 'small', 'wide'] },
  ),
  laws: [constantGradient, zeroGradient, withoutRate, alongItsVelocity, decayAddsToTheGradient(['w', 'velocity'])],
  worked: [
    {
      name: 'two coordinates by hand: v′ = ½·4 + 2 = 4, w′ = 1 − ¼·4 = 0',
      attrs: { learningRate: 0.25, momentum: 0.5, nesterov: false, weightDecay: 0 },
      inputs: {
        w: array([1, -1]),
        g: array([2, -2]),
        velocity: array([4, 0]),
      },
      outputs: { w: array([0, -0.5]), velocity: array([4, -2]) },
      source: slide('AlexNet'),
    },
  ],
  faults: [
    { name: 'sign of the velocity', direction: 'forward', find: 'w - eta * s', replace: 'w + eta * s' },
    {
      name: 'dampening: the gradient weighted by 1 − μ',
      direction: 'forward',
      find: 'mu * v + g, v',
      replace: 'mu * v + (1 - mu) * g, v',
    },
    {
      name: 'weight decay forgotten',
      direction: 'forward',
      find: 'g + lambda * w',
      replace: 'g',
      unseenAt: form('', { learningRate: 0.01, weightDecay: 0.0005 }, state(4), {
        w: { constant: 1 },
        g: { constant: 1 },
        velocity: { constant: 1 },
      }),
    },
    {
      name: 'Nesterov without its look ahead',
      direction: 'forward',
      find: 'g + mu * v, gradient',
      replace: 'v, gradient',
      unseenAt: form('', { learningRate: 0.001, nesterov: true }, state(4), {
        w: { constant: 1 },
        g: { constant: 0.5 },
        velocity: { constant: 0.5 },
      }),
    },
    {
      name: 'the old velocity applied',
      direction: 'forward',
      find: 'w - eta * s, w, step',
      replace: 'w - eta * s, w, v',
    },
  ],
})
