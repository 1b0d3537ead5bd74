import { either as E, function as F } from 'fp-ts'
import type { Channels } from '../../spec/layers/channels.js'
import { whole } from '../../spec/field.js'
import { channelCounts, channelOf, foldChannels } from '../../spec/layers/channels.js'
import type { Numbers, Shape, Tensor } from '../../spec/tensor.js'
import { generate, zeros, zipTensors } from '../../spec/tensor.js'
import { rearranged, rolled } from '../arrange.js'
import { another, combination, named } from '../laws.js'
import type { Claim, Evaluation, Law } from '../questions.js'

/** Cases, sums and laws that the two batch normalizations share. */

/** One rounding to f64, in either direction. */
export const unit = 2 ** -52

export const at = (numbers: Numbers, i: number): number => numbers[i] as number

/** The inputs of a batch normalization of x [N,C,…]. */
export const batch = (N: number, C: number, ...rest: Shape) => ({
  x: [N, C, ...rest],
  gamma: [C],
  beta: [C],
  runningMean: [C],
  runningVar: [C],
})

/** Counts of values and of channels about the sizes of workgroups and of blocks of a sum. */
export const batches = (
  [
    [7, 9],
    [8, 8],
    [9, 7],
    [15, 17],
    [16, 16],
    [17, 15],
    [31, 33],
    [32, 32],
    [33, 31],
    [63, 65],
    [64, 64],
    [65, 63],
    [255, 2],
    [256, 3],
    [257, 1],
    [2, 255],
    [3, 256],
    [2, 257],
  ] as const
).map(([N, C]) => ({ name: `${N} values in each of ${C} channels`, shapes: batch(N, C) }))

export const countsOf = ({ shape }: Tensor): Channels => ({
  N: shape[0] as number,
  C: shape[1] as number,
  ...channelCounts(shape[0] as number, shape.slice(2)),
})

/** Σ over each channel's values: a tensor [C]. */
export const channelSums = (x: Tensor, f: (value: number, position: number, channel: number) => number): Tensor =>
  whole(foldChannels(countsOf(x), 0, (sum, i, c) => sum + f(at(x.data, i), i, c)))

/** x with f of each value and its channel. */
export const perChannel = (x: Tensor, f: (value: number, channel: number, position: number) => number): Tensor => {
  const counts = countsOf(x)
  return generate(x.shape, (i) => f(at(x.data, i), channelOf(counts, i), i))
}

/**
 * Σ a·b of each channel is a known number. a is an answer; a product and the additions round.
 */
export const momentIs = (
  a: Evaluation,
  output: string,
  b: Tensor,
  { want, allowed }: Pick<Claim, 'want' | 'allowed'>,
): Claim => {
  const [value, error] = [named(a.values, output), named(a.slack, output)]
  const { m } = countsOf(value)
  return {
    got: channelSums(value, (v, i) => v * at(b.data, i)),
    want,
    allowed: zipTensors(
      [
        channelSums(value, (v, i) => (at(error.data, i) + (m + 1) * unit * Math.abs(v)) * Math.abs(at(b.data, i))),
        allowed,
      ],
      (e, other) => e + other,
    ),
  }
}

/** y is linear in γ and β together: y(2γ + γ′, 2β + β′) = 2y(γ, β) + y(γ′, β′). */
export const linearInScaleAndShift: Law = {
  name: 'linear in gamma and beta together',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [gamma, beta] = [named(inputs, 'gamma'), named(inputs, 'beta')]
    const other = { gamma: another(draw, gamma.shape), beta: another(draw, beta.shape) }
    const both = {
      gamma: zipTensors([gamma, other.gamma], (a, b) => 2 * a + b),
      beta: zipTensors([beta, other.beta], (a, b) => 2 * a + b),
    }
    return F.pipe(
      E.Do,
      E.bind('ofBoth', () => ask('forward', attrs, { ...inputs, ...both })),
      E.bind('ofGiven', () => ask('forward', attrs, inputs)),
      E.bind('ofOther', () => ask('forward', attrs, { ...inputs, ...other })),
      E.map(({ ofBoth, ofGiven, ofOther }) => [
        combination('y', ofBoth, [
          [2, ofGiven],
          [1, ofOther],
        ]),
      ]),
    )
  },
}

/** y is linear in γ and β, and so backward to them is the adjoint of that: γ·dγ = Σ dy·y at β = 0, and β·dβ at γ = 0. */
export const adjointInScaleAndShift: Law = {
  name: 'backward to gamma and beta is the adjoint of forward, channel by channel',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const dy = named(cotangents, 'y')
    const [gamma, beta] = [named(inputs, 'gamma'), named(inputs, 'beta')]
    return F.pipe(
      E.Do,
      E.bind('scaled', () => ask('forward', attrs, { ...inputs, beta: zeros(beta.shape) })),
      E.bind('moved', () => ask('forward', attrs, { ...inputs, gamma: zeros(gamma.shape) })),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ scaled, moved, back }) => {
        const pairing = (parameter: Tensor, name: string) => ({
          want: zipTensors([parameter, named(back.values, name)], (p, d) => p * d),
          allowed: zipTensors(
            [parameter, named(back.values, name), named(back.slack, name)],
            (p, d, e) => Math.abs(p) * (e + unit * Math.abs(d)),
          ),
        })
        return [momentIs(scaled, 'y', dy, pairing(gamma, 'gamma')), momentIs(moved, 'y', dy, pairing(beta, 'beta'))]
      }),
    )
  },
}

// of x [N,C,…], or of a parameter [C]
const rolledChannels = (x: Tensor): Tensor => rolled(x.shape.length === 1 ? 0 : 1, x)

/** What is true of a channel does not depend on where it stands. */
export const channelsInAnyOrder: Law = {
  name: 'channels in another order are the same channels in that order',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const roll = (tensors: typeof inputs) =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, rolledChannels(tensor)]))
    const same = (rolled: Evaluation, plain: Evaluation): readonly Claim[] =>
      Object.keys(plain.values).map((name) => combination(name, rolled, [[1, rearranged(rolledChannels, name, plain)]]))
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('aheadRolled', () => ask('forward', attrs, roll(inputs))),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('backRolled', () => ask('backward', attrs, roll(inputs), roll(cotangents))),
      E.map(({ ahead, aheadRolled, back, backRolled }) => [...same(aheadRolled, ahead), ...same(backRolled, back)]),
    )
  },
}
