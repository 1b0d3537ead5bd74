import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import type { Claim } from '../laws.js'
import { equal, equals, named } from '../laws.js'
import type { Evaluation, Law } from '../questions.js'

/** Laws and words of optimizers that divide by the root of a mean of squares. */

/** One rounding to f64, in either direction. */
export const unit = 2 ** -52

export const exactly = (got: Tensor, want: Tensor): Claim => ({ got, want, allowed: zeros(want.shape) })

/** An answer whose slack is larger, for what a law rounds by itself. */
export const widened = (
  { values, slack }: Evaluation,
  output: string,
  by: (value: number, i: number) => number,
): Evaluation => ({
  values,
  slack: {
    ...slack,
    [output]: zipTensors([named(slack, output), mapTensor(by, named(values, output))], (e, more) => e + more),
  },
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
export const decayAddsToTheGradient = (outputs: readonly string[]): Law => ({
  name: 'decay adds λ·w to the gradient, and so goes through the state',
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

/** State of a gradient's size, by the powers of the gradient that it scales with. */
export const scaleFree = (powers: Readonly<Record<string, number>>): Law => ({
  name: 'a gradient, its state and ε of another scale make the same step',
  claims: ({ attrs, inputs }, ask) => {
    const by = 2 ** -3
    const free: Attributes = { ...attrs, weightDecay: 0 }
    const scaled: Tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, mapTensor((v) => v * by ** (powers[name] ?? 0), x)]),
    )
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', free, inputs)),
      E.bind('after', () => ask('forward', { ...free, epsilon: (free['epsilon'] as number) * by }, scaled)),
      E.map(({ before, after }) => [equal('w', after, before)]),
    )
  },
})

/** Inputs of a law in sixteenths, whose sums and products with dyadic decays are exact. */
export const sixteenths = (x: Tensor): Tensor => mapTensor((v) => Math.round(v * 16) / 16, x)

export { equal, equals, named }
