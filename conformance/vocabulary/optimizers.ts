import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Draws } from '../../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { filled, mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Evaluation, Law } from '../questions.js'
import { equal, equals, exactly, named, plus, sixteenths, times } from './claims.js'
import { anyShape, drawn } from './draws.js'

/** Cases and laws of optimizers: one step of weights w under a gradient g, and of the state that is kept. */

// ---- cases -------------------------------------------------------------------------------------------------------

/** The shapes of weights, gradient and what is kept beside them. */
export const stateOf =
  (...kept: readonly string[]) =>
  (...shape: Shape): Form['shapes'] =>
    Object.fromEntries(['w', 'g', ...kept].map((name) => [name, shape]))

/** Weight decay: left out as often as it is any of these. */
export const anyDecay = (draw: Draws): Form['attrs'] =>
  draw.pick([{}, { weightDecay: 0 }, { weightDecay: 0.01 }, { weightDecay: 0.5 }])

/** Drawn steps. */
export const anyStep = (
  state: (...shape: Shape) => Form['shapes'],
  attrs: (draw: Draws) => Form['attrs'],
  fills: Readonly<Record<string, Fill | readonly Fill[]>>,
): ((draw: Draws) => Form) => drawn({ attrs, shapes: (draw) => state(...anyShape(draw, [0, 4], 5)), fills })

/** Weights of zero, so that a step is not hidden by their rounding. */
export const still: Fill = { constant: 0 }

/** Means of squares with zeros, and sizes down to those of gradients of 2⁻⁴⁰; and gradients of such sizes. */
export const faintSquares: Fill = { values: [0, 1, 2 ** -80, 0.25, 1e-6, 2 ** -40, 3] }
export const faint: Fill = { values: [0, 2 ** -40, -(2 ** -40), 2 ** -30, -1e-6, 1e-3, -1] }

// ---- laws --------------------------------------------------------------------------------------------------------

/** An answer whose slack is larger, for what a law rounds by itself. */
export const widened = (
  { values, slack }: Evaluation,
  output: string,
  by: (value: number, i: number) => number,
): Evaluation => ({
  values,
  slack: { ...slack, [output]: plus(named(slack, output), mapTensor(by, named(values, output))) },
})

export const withoutRate: Law = {
  name: 'without a rate the weights stay',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', { ...attrs, learningRate: 0 }, inputs),
      E.map(({ values }) => [exactly(named(values, 'w'), named(inputs, 'w'))]),
    ),
}

/** A coupled decay is a gradient with λ·w added to it. */
export const decayAddsToTheGradient = (
  outputs: readonly string[],
  name = 'decay adds λ·w to the gradient, and so goes through the state',
): Law => ({
  name,
  claims: ({ attrs, inputs }, ask) => {
    // eighths: λ·w and the sum with g are exact
    const eighths = (x: Tensor): Tensor => mapTensor((v) => Math.round(v * 8) / 8, x)
    const [w, g] = [eighths(named(inputs, 'w')), eighths(named(inputs, 'g'))]
    const pulled = zipTensors([w, g], (w, g) => g + w / 4)
    return F.pipe(
      E.Do,
      E.bind('decayed', () => ask('forward', { ...attrs, weightDecay: 0.25 }, { ...inputs, w, g })),
      E.bind('plain', () => ask('forward', { ...attrs, weightDecay: 0 }, { ...inputs, w, g: pulled })),
      E.map(({ decayed, plain }) => outputs.map((output) => equal(output, decayed, plain))),
    )
  },
})

/** A decay by itself takes η·λ of the weights away: an eighth, which is exact. `rest` is the state that pulls nowhere. */
export const decayShrinks = (rest: (w: Tensor) => Tensors, attrs: Attributes = {}): Law => ({
  name: 'decay alone shrinks the weights by 1 − η·λ',
  claims: (sample, ask, draw) => {
    const w = named(sample.inputs, 'w')
    const rate = draw.pick([0.25, 0.5, 1, 2])
    return F.pipe(
      ask(
        'forward',
        { ...sample.attrs, ...attrs, learningRate: rate, weightDecay: 1 / 8 / rate },
        { w, g: zeros(w.shape), ...rest(w) },
      ),
      E.map((answer) => [equals('w', answer, times(0.875, w))]),
    )
  },
})

/** State of a gradient's size, by the powers of the gradient that it scales with. */
export const scaleFree = (powers: Readonly<Record<string, number>>): Law => ({
  name: 'a gradient, its state and ε of another scale make the same step',
  claims: ({ attrs, inputs }, ask) => {
    const by = 2 ** -3
    const free: Attributes = { ...attrs, weightDecay: 0 }
    // inside the root ε is of the size of a square
    const ofEpsilon = free['epsilonInside'] === true ? by * by : by
    const scaled: Tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, times(by ** (powers[name] ?? 0), x)]),
    )
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', free, inputs)),
      E.bind('after', () => ask('forward', { ...free, epsilon: (free['epsilon'] as number) * ofEpsilon }, scaled)),
      E.map(({ before, after }) => [equal('w', after, before)]),
    )
  },
})

/**
 * ε inside the root is a state that much larger without ε: under `state`, which weighs its old value by so much. Of few
 * bits, so that the larger state is exact.
 */
export const insideIsMoreState = (state: string, weight: number, attrs: Attributes = {}): Law => ({
  name: 'ε inside the root makes the step that a larger state makes without ε',
  claims: (sample, ask) => {
    const before = sixteenths(named(sample.inputs, state))
    const free = { ...sample.attrs, ...attrs, weightDecay: 0 }
    const larger = mapTensor((v) => v + 0.25 / weight, before)
    return F.pipe(
      E.Do,
      E.bind('inside', () =>
        ask('forward', { ...free, epsilon: 0.25, epsilonInside: true }, { ...sample.inputs, [state]: before }),
      ),
      E.bind('without', () =>
        ask('forward', { ...free, epsilon: 0, epsilonInside: false }, { ...sample.inputs, [state]: larger }),
      ),
      E.map(({ inside, without }) => [equal('w', inside, without)]),
    )
  },
})

/**
 * What is kept after k steps under one gradient, from rest; gradient and decays have few bits, so that all of it is
 * exact. `rest` is the state that the first step starts from, `kept` what becomes of it.
 */
export const underOneGradient = (
  name: string,
  steps: number,
  dyadic: Attributes,
  rest: (g: Tensor) => Tensors,
  kept: Readonly<Record<string, (g: Tensor) => Tensor>>,
): Law => ({
  name,
  claims: ({ attrs, inputs }, ask) => {
    const g = sixteenths(named(inputs, 'g'))
    const step = (state: Tensors) => ask('forward', { ...attrs, ...dyadic, weightDecay: 0 }, { ...state, g })
    return F.pipe(
      Array.from({ length: steps - 1 }).reduce<ReturnType<typeof step>>(
        (before) =>
          F.pipe(
            before,
            E.flatMap(({ values }) => step(values)),
          ),
        step({ ...inputs, ...rest(g) }),
      ),
      E.map(({ values }) => Object.entries(kept).map(([name, f]) => exactly(named(values, name), f(g)))),
    )
  },
})

/** What a step by a gradient's sign is made of. */
interface BySign {
  readonly length: number
  readonly attrs?: Attributes
  readonly gradient: (g: Tensor, draw: Draws) => Tensor
  readonly state: (g: Tensor) => Tensors
  /** what of the state is one known number afterwards */
  readonly kept?: Readonly<Record<string, number>>
  /** what the step's length loses where attributes are close to 1 */
  readonly lost?: (attrs: Attributes) => number
}

/** A step from weights of zero goes against the gradient's sign and is of one length, whatever the gradient's size. */
export const stepBySign = (
  name: string,
  { length, attrs = {}, gradient, state, kept = {}, lost = () => 0 }: BySign,
): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const g = gradient(named(sample.inputs, 'g'), draw)
    const free: Attributes = { ...sample.attrs, learningRate: 0.25, epsilon: 0, weightDecay: 0, ...attrs }
    return F.pipe(
      ask('forward', free, { w: zeros(g.shape), g, ...state(g) }),
      E.map((answer) => {
        const step = equals(
          'w',
          answer,
          mapTensor((v) => -length * Math.sign(v), g),
        )
        return [
          { ...step, allowed: mapTensor((e) => e + lost(free), step.allowed) },
          ...Object.entries(kept).map(([name, value]) => equals(name, answer, filled(g.shape, value))),
        ]
      }),
    )
  },
})

/** The sample's gradient without zeros, of few bits. */
export const plainGradient = (g: Tensor): Tensor => mapTensor((v) => (v === 0 ? 1 : v), sixteenths(g))

/** Gradients from 2⁻¹⁰ to 2¹¹, of either sign. */
export const ofAnySize = (g: Tensor, draw: Draws): Tensor =>
  mapTensor(() => draw.pick([1, -1]) * 2 ** draw.integer(-10, 10) * (1 + draw.uniform()), g)
