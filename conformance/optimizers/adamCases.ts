import { either as E, function as F } from 'fp-ts'
import type { Draws } from '../../spec/philox.js'
import { mapTensor, scalar, zeros } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import type { Fill, Form } from '../form.js'
import type { Law } from '../questions.js'
import { form } from '../questions.js'
import { equals, exactly, named, scaleFree, sixteenths, withoutRate } from './optimizerLaws.js'

/** What `adam` and `adamw` have in common: their cases, and the laws of their moments. */

export const adamState = (...shape: readonly number[]) => ({ w: shape, g: shape, m: shape, v: shape, step: [] })

const steps = [0, 1, 2, 9, 1000] as const

/** After so many steps; v, a mean of squares, is positive unless it is said to be something else. */
export const after = (taken: number, fills: Readonly<Record<string, Fill>> = {}): Readonly<Record<string, Fill>> => ({
  v: 'positive',
  ...fills,
  step: { constant: taken },
})

// a mean of squares with zeros, and sizes down to those of gradients of 2⁻⁴⁰
const squares: Fill = { values: [0, 1, 2 ** -80, 0.25, 1e-6, 2 ** -40, 3] }
const faint: Fill = { values: [0, 2 ** -40, -(2 ** -40), 2 ** -30, -1e-6, 1e-3, -1] }

export const adamCorners: readonly Form[] = [
  ...elementwiseCorners(['w', 'g', 'm', 'v'], { epsilon: 0.001 }, after(9)).map((each) => ({
    ...each,
    shapes: { ...each.shapes, step: [] },
  })),
  ...steps.flatMap((taken) => [
    form(
      `${taken} steps taken, weights of zero`,
      { epsilon: 0.001 },
      adamState(65),
      after(taken, { w: { constant: 0 } }),
    ),
    form(`${taken} steps taken, ε of 10⁻⁸`, { learningRate: 0.1 }, adamState(33), after(taken, { w: { constant: 0 } })),
    form(
      `${taken} steps taken, faint gradients and squares`,
      { learningRate: 0.5 },
      adamState(49),
      after(taken, { w: { constant: 0 }, g: faint, m: 'small', v: squares }),
    ),
    form(
      `${taken} steps taken, decays of a half and less`,
      { learningRate: 0.5, beta1: 0.3, beta2: 0.5, epsilon: 0.01 },
      adamState(33),
      after(taken, { w: { constant: 0 } }),
    ),
    form(
      `${taken} steps taken, decays close to 1`,
      { learningRate: 0.5, beta1: 0.999, beta2: 0.99999, epsilon: 0.001 },
      adamState(33),
      after(taken, { w: { constant: 0 }, m: 'small' }),
    ),
  ]),
  form(
    'the first step, from rest',
    { learningRate: 0.5 },
    adamState(40),
    after(0, { m: { constant: 0 }, v: { constant: 0 } }),
  ),
  form(
    'no gradient and no state: no step',
    {},
    adamState(40),
    after(0, {
      g: { constant: 0 },
      m: { constant: 0 },
      v: { constant: 0 },
    }),
  ),
  form('no memory: each gradient by its own size', { learningRate: 0.5, beta1: 0, beta2: 0 }, adamState(40), after(3)),
  form('no memory of the mean', { learningRate: 0.5, beta1: 0 }, adamState(40), after(0)),
  form('no memory of the squares', { learningRate: 0.5, beta2: 0 }, adamState(40), after(2)),
  form('no rate: w stays', { learningRate: 0 }, adamState(33), after(4)),
  form('ε as large as the root', { learningRate: 1, epsilon: 1 }, adamState(65), after(2, { w: { constant: 0 } })),
  form('no decay at all', { learningRate: 0.1, weightDecay: 0 }, adamState(40), after(2)),
  form('much decay', { learningRate: 0.3, weightDecay: 3, epsilon: 0.001 }, adamState(65), after(2, { g: 'small' })),
  form(
    'decay against the gradient',
    { learningRate: 0.7, weightDecay: 0.3, epsilon: 0.001 },
    adamState(40),
    after(9, {
      w: { constant: 1.1 },
      g: { constant: -0.33 },
    }),
  ),
  form(
    'decay of weights of zero',
    { learningRate: 0.1, weightDecay: 0.3 },
    adamState(40),
    after(1, { w: { constant: 0 } }),
  ),
]

export const adamRandom = (draw: Draws): Form => ({
  attrs: {
    learningRate: draw.pick([0, 0.001, 0.1, 1]),
    beta1: draw.pick([0, 0.3, 0.5, 0.9, 0.99]),
    beta2: draw.pick([0, 0.5, 0.9, 0.99, 0.999]),
    epsilon: draw.pick([1e-3, 1e-3, 1e-8, 0.5]),
    ...draw.pick([{}, { weightDecay: 0 }, { weightDecay: 0.01 }, { weightDecay: 0.5 }]),
  },
  shapes: adamState(...Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 5))),
  fills: after(draw.pick(steps), {
    w: draw.pick(['normal', { constant: 0 }, 'small', 'wide']),
    g: draw.pick(['normal', 'small', 'wide', 'ties', faint]),
    m: draw.pick(['normal', 'small', { constant: 0 }]),
    v: draw.pick(['positive', 'fraction', squares, { constant: 0 }]),
  }),
})

const dyadic = { beta1: 0.5, beta2: 0.75, weightDecay: 0 }

const constantGradient: Law = {
  name: 'under a constant gradient from rest the moments after k steps are g·(1 − β₁ᵏ) and g²·(1 − β₂ᵏ)',
  claims: ({ attrs, inputs }, ask) => {
    const g = sixteenths(named(inputs, 'g'))
    const rest = zeros(g.shape)
    const step = (before: ReturnType<typeof ask>) =>
      F.pipe(
        before,
        E.flatMap(({ values }) => ask('forward', { ...attrs, ...dyadic }, { ...values, g })),
      )
    const first = ask('forward', { ...attrs, ...dyadic }, { w: rest, g, m: rest, v: rest, step: scalar(0) })
    return F.pipe(
      step(step(first)),
      // three steps of dyadic numbers: all of it is exact
      E.map(({ values }) => [
        exactly(
          named(values, 'm'),
          mapTensor((g) => (g * 7) / 8, g),
        ),
        exactly(
          named(values, 'v'),
          mapTensor((g) => (g * g * 37) / 64, g),
        ),
        exactly(named(values, 'step'), scalar(3)),
      ]),
    )
  },
}

const firstStep: Law = {
  name: 'the first step from rest is η against the sign of the gradient, whatever its size and the decays',
  claims: ({ attrs, inputs }, ask, draw) => {
    const rest = zeros(named(inputs, 'w').shape)
    const g = mapTensor(() => draw.pick([1, -1]) * 2 ** draw.integer(-10, 10) * (1 + draw.uniform()), rest)
    const free = { ...attrs, learningRate: 0.25, epsilon: 0, weightDecay: 0 }
    const [beta1, beta2] = [attrs['beta1'] as number, attrs['beta2'] as number]
    return F.pipe(
      ask('forward', free, { w: rest, g, m: rest, v: rest, step: scalar(0) }),
      E.map((answer) => {
        const claim = equals(
          'w',
          answer,
          mapTensor((g) => -0.25 * Math.sign(g), g),
        )
        // 1 − βᵗ of βᵗ rounded to f64, where β is close to 1
        const lost = (2 ** -53 * beta1) / (1 - beta1) + (2 ** -53 * beta2) / (1 - beta2)
        return [{ ...claim, allowed: mapTensor((allowed) => allowed + lost, claim.allowed) }]
      }),
    )
  },
}

const countsSteps: Law = {
  name: 'the number of steps grows by one',
  claims: ({ attrs, inputs }, ask, draw) => {
    const taken = draw.integer(0, 1e6)
    return F.pipe(
      ask('forward', attrs, { ...inputs, step: scalar(taken) }),
      E.map(({ values }) => [exactly(named(values, 'step'), scalar(taken + 1))]),
    )
  },
}

const momentsOfTheirOwn: Law = {
  name: 'the moments know nothing of the weights, the rate and the number of steps',
  claims: ({ attrs, inputs }, ask) => {
    const free = { ...attrs, weightDecay: 0 }
    const other = { ...inputs, w: mapTensor((w) => 3 - w, named(inputs, 'w')), step: scalar(7) }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', free, inputs)),
      E.bind('after', () => ask('forward', { ...free, learningRate: 0.75, epsilon: 0.5 }, other)),
      E.map(({ before, after }) =>
        ['m', 'v'].map((name) => exactly(named(after.values, name), named(before.values, name))),
      ),
    )
  },
}

export const adamLaws: readonly Law[] = [
  withoutRate,
  constantGradient,
  firstStep,
  countsSteps,
  momentsOfTheirOwn,
  scaleFree({ g: 1, m: 1, v: 2 }),
]
