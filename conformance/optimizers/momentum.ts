import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate, mapTensor, zeros } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { equals, named } from '../laws.js'
import type { Questions } from '../questions.js'
import { form } from '../questions.js'

const state = (...shape: readonly number[]) => ({ w: shape, g: shape, velocity: shape })
const names = ['w', 'g', 'velocity']

export const momentum: Questions = {
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
  random: (draw) => ({
    attrs: {
      learningRate: draw.pick([0, 0.001, 0.1, 1, 3]),
      momentum: draw.pick([0, 0.5, 0.9, 0.99, 1]),
      nesterov: draw.pick([true, false]),
      weightDecay: draw.pick([0, 0, 0.0005, 0.1]),
    },
    shapes: state(...Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 5))),
    fills: { w: draw.pick(['normal', { constant: 0 }, 'small']), g: draw.pick(['normal', 'small', 'wide']) },
  }),
  laws: [
    {
      name: 'under a constant gradient the velocity after k steps is g·(1 − μᵏ)/(1 − μ)',
      claims: (_, ask, draw) => {
        const g = generate([8], () => Math.fround(draw.normal()))
        const attrs = { learningRate: 0.5, momentum: 0.5, nesterov: false, weightDecay: 0 }
        const step = (before: ReturnType<typeof ask>) =>
          F.pipe(
            before,
            E.flatMap(({ values }) =>
              ask('forward', attrs, { w: named(values, 'w'), g, velocity: named(values, 'velocity') }),
            ),
          )
        const first = ask('forward', attrs, { w: zeros([8]), g, velocity: zeros([8]) })
        return F.pipe(
          step(step(step(first))),
          // μ = ½ and four steps: every product and sum of these numbers is exact, and (1 − μ⁴)/(1 − μ) = 15/8
          E.map((last) => [
            equals(
              'velocity',
              last,
              mapTensor((v) => (v * 15) / 8, g),
            ),
          ]),
        )
      },
    },
    {
      name: 'a zero gradient leaves μ·v',
      claims: ({ attrs, inputs }, ask) => {
        const [w, v] = [named(inputs, 'w'), named(inputs, 'velocity')]
        const mu = attrs['momentum'] as number
        return F.pipe(
          ask('forward', { ...attrs, weightDecay: 0 }, { w, g: zeros(w.shape), velocity: v }),
          E.map((answer) => [
            equals(
              'velocity',
              answer,
              mapTensor((x) => mu * x, v),
            ),
          ]),
        )
      },
    },
    {
      name: 'without a rate the weights stay',
      claims: ({ attrs, inputs }, ask) =>
        F.pipe(
          ask('forward', { ...attrs, learningRate: 0 }, inputs),
          E.map((answer) => [equals('w', answer, named(inputs, 'w'))]),
        ),
    },
  ],
  worked: [
    {
      name: 'two coordinates by hand: v′ = ½·4 + 2 = 4, w′ = 1 − ¼·4 = 0',
      direction: 'forward',
      attrs: { learningRate: 0.25, momentum: 0.5, nesterov: false, weightDecay: 0 },
      inputs: {
        w: { shape: [2], data: [1, -1] },
        g: { shape: [2], data: [2, -2] },
        velocity: { shape: [2], data: [4, 0] },
      },
      outputs: { w: { shape: [2], data: [0, -0.5] }, velocity: { shape: [2], data: [4, -2] } },
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
}
