import { either as E, function as F } from 'fp-ts'
import type { Draws } from '../../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor, scalar, zeros } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Law } from '../questions.js'
import { form } from '../questions.js'
import { equals, exactly, named, product, times, unit } from './claims.js'
import { anyShape } from './draws.js'
import { elementwiseCorners } from './elementwise.js'
import { array } from './examples.js'
import {
  anyDecay,
  faint,
  faintSquares,
  ofAnySize,
  scaleFree,
  stateOf,
  stepBySign,
  still,
  underOneGradient,
  withoutRate,
} from './optimizers.js'

/** What `adam` and `adamw` have in common: their cases, and the laws of their moments. */

export const adamState = (...shape: Shape): Form['shapes'] => ({ ...stateOf('m', 'v')(...shape), step: [] })

/** No moments yet, and no step taken. */
export const atRest = ({ shape }: Tensor): Tensors => ({ m: zeros(shape), v: zeros(shape), step: scalar(0) })

const steps = [0, 1, 2, 9, 1000] as const

/** After so many steps; v, a mean of squares, is positive unless it is said to be something else. */
export const after = (taken: number, fills: Readonly<Record<string, Fill>> = {}): Readonly<Record<string, Fill>> => ({
  v: 'positive',
  ...fills,
  step: { constant: taken },
})

export const adamCorners: readonly Form[] = [
  ...elementwiseCorners(['w', 'g', 'm', 'v'], { epsilon: 0.001 }, after(9)).map((each) => ({
    ...each,
    shapes: { ...each.shapes, step: [] },
  })),
  ...steps.flatMap((taken) => [
    form(`${taken} steps taken, weights of zero`, { epsilon: 0.001 }, adamState(65), after(taken, { w: still })),
    form(`${taken} steps taken, ε of 10⁻⁸`, { learningRate: 0.1 }, adamState(33), after(taken, { w: still })),
    form(
      `${taken} steps taken, faint gradients and squares`,
      { learningRate: 0.5 },
      adamState(49),
      after(taken, { w: still, g: faint, m: 'small', v: faintSquares }),
    ),
    form(
      `${taken} steps taken, decays of a half and less`,
      { learningRate: 0.5, beta1: 0.3, beta2: 0.5, epsilon: 0.01 },
      adamState(33),
      after(taken, { w: still }),
    ),
    form(
      `${taken} steps taken, decays close to 1`,
      { learningRate: 0.5, beta1: 0.999, beta2: 0.99999, epsilon: 0.001 },
      adamState(33),
      after(taken, { w: still, m: 'small' }),
    ),
  ]),
  form('the first step, from rest', { learningRate: 0.5 }, adamState(40), after(0, { m: still, v: still })),
  form(
    'no gradient and no state: no step',
    {},
    adamState(40),
    after(0, {
      g: still,
      m: still,
      v: still,
    }),
  ),
  form('no memory: each gradient by its own size', { learningRate: 0.5, beta1: 0, beta2: 0 }, adamState(40), after(3)),
  form('no memory of the mean', { learningRate: 0.5, beta1: 0 }, adamState(40), after(0)),
  form('no memory of the squares', { learningRate: 0.5, beta2: 0 }, adamState(40), after(2)),
  form('no rate: w stays', { learningRate: 0 }, adamState(33), after(4)),
  form('ε as large as the root', { learningRate: 1, epsilon: 1 }, adamState(65), after(2, { w: still })),
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
  form('decay of weights of zero', { learningRate: 0.1, weightDecay: 0.3 }, adamState(40), after(1, { w: still })),
]

export const anyAdamStep = (draw: Draws): Form => ({
  attrs: {
    learningRate: draw.pick([0, 0.001, 0.1, 1]),
    beta1: draw.pick([0, 0.3, 0.5, 0.9, 0.99]),
    beta2: draw.pick([0, 0.5, 0.9, 0.99, 0.999]),
    epsilon: draw.pick([1e-3, 1e-3, 1e-8, 0.5]),
    ...anyDecay(draw),
  },
  shapes: adamState(...anyShape(draw, [0, 4], 5)),
  fills: after(draw.pick(steps), {
    w: draw.pick(['normal', still, 'small', 'wide']),
    g: draw.pick(['normal', 'small', 'wide', 'ties', faint]),
    m: draw.pick(['normal', 'small', still]),
    v: draw.pick(['positive', 'fraction', faintSquares, still]),
  }),
})

const constantGradient = underOneGradient(
  'under a constant gradient from rest the moments after k steps are g·(1 − β₁ᵏ) and g²·(1 − β₂ᵏ)',
  3,
  { beta1: 0.5, beta2: 0.75 },
  atRest,
  { m: (g) => times(7 / 8, g), v: (g) => times(37 / 64, product(g, g)), step: () => scalar(3) },
)

const firstStep = stepBySign(
  'the first step from rest is η against the sign of the gradient, whatever its size and the decays',
  {
    length: 0.25,
    gradient: ofAnySize,
    state: atRest,
    // 1 − βᵗ of βᵗ rounded to f64, where β is close to 1
    lost: ({ beta1, beta2 }) =>
      [beta1 as number, beta2 as number].reduce((sum, beta) => sum + (2 ** -53 * beta) / (1 - beta), 0),
  },
)

const rounded = Math.fround

/**
 * Under one gradient from rest the moments after k steps are g·(1 − β₁ᵏ) and g²·(1 − β₂ᵏ), and corrected they are g and g²:
 * every step is η against the sign of the gradient, the first as the hundred thousandth.
 */
const everyStep: Law = {
  name: 'under one gradient every step is η against its sign, the first and the hundred-thousandth',
  claims: ({ attrs, inputs }, ask, draw) => {
    const g = ofAnySize(named(inputs, 'g'), draw)
    const own = [attrs['beta1'] as number, attrs['beta2'] as number] as const
    const decays = [own, [0.9, 0.999], [0.999, 0.99999]].map((each) => each.map(rounded) as [number, number])
    const free = { ...attrs, learningRate: 0.25, epsilon: 0, weightDecay: 0 }
    const asked = decays.flatMap((betas) => [1, 2, 10, 1001, 2001, 4099, 100001].map((t) => ({ t, betas })))
    return E.sequenceArray(
      asked.map(({ t, betas: [beta1, beta2] }) => {
        const after = (beta: number, v: Tensor): Tensor => times(1 - beta ** (t - 1), v)
        const state = { m: after(beta1, g), v: after(beta2, product(g, g)), step: scalar(t - 1) }
        return F.pipe(
          ask('forward', { ...free, beta1, beta2 }, { w: zeros(g.shape), g, ...state }),
          E.map((answer) => {
            const claim = equals(
              'w',
              answer,
              mapTensor((v) => -Math.sign(v) / 4, g),
            )
            // 1 − βᵗ and the moments made of it, rounded to f64
            const lost = unit / (1 - beta1) + unit / (1 - beta2)
            return { ...claim, allowed: mapTensor((e) => e + 4 * lost, claim.allowed) }
          }),
        )
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

/** A second step by hand, with β₁ ½ and β₂ ¾: the moments after it, and what they were before. */
export const secondStep = {
  inputs: { w: array([1, -1]), g: array([2, -2]), m: array([1, -1]), v: array([8, 8]), step: array(1) },
  outputs: { m: array([1.5, -1.5]), v: array([7, 7]), step: array(2) },
}

export const adamLaws: readonly Law[] = [
  withoutRate,
  constantGradient,
  firstStep,
  everyStep,
  countsSteps,
  momentsOfTheirOwn,
  scaleFree({ g: 1, m: 1, v: 2 }),
]
