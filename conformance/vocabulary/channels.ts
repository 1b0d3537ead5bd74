import { either as E, function as F } from 'fp-ts'
import { whole } from '../../spec/field.js'
import type { Channels } from '../../spec/layers/channels.js'
import { channelCounts, channelOf, foldChannels } from '../../spec/layers/channels.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { filled, generate, mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Claim, Evaluation, Law } from '../questions.js'
import { form } from '../questions.js'
import { rolled } from './arrange.js'
import { another, at, claim, combination, named, plus, product, times, unit } from './claims.js'
import { array } from './examples.js'
import { rearranging } from './laws.js'

/** Cases, sums and laws that the two batch normalizations share. */

// ---- cases -------------------------------------------------------------------------------------------------------

/** The inputs of a batch normalization of x [N,C,…]. */
export const batch = (N: number, C: number, ...rest: Shape) => ({
  x: [N, C, ...rest],
  gamma: [C],
  beta: [C],
  runningMean: [C],
  runningVar: [C],
})

/** A case whose running variance is positive, unless it is said to be something else. */
export const normalized = (
  name: string,
  attrs: Form['attrs'],
  shapes: Form['shapes'],
  fills: Readonly<Record<string, Fill>> = {},
): Form => form(name, attrs, shapes, { runningVar: 'positive', ...fills })

/** Counts of values and of channels about the sizes of workgroups and of blocks of a sum, and ranks. */
export const batchCorners: readonly Form[] = [
  ...(
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
  ).map(([N, C]) => normalized(`${N} values in each of ${C} channels`, {}, batch(N, C))),
  normalized('rank 3', {}, batch(3, 2, 21)),
  normalized('rank 4', {}, batch(3, 2, 5, 7)),
  normalized('rank 5', {}, batch(2, 3, 2, 3, 4)),
  normalized('axes of 1', {}, batch(5, 1, 1, 1)),
  normalized('one sample', {}, batch(1, 4, 6, 5)),
]

/** Many channels, many values, and more of both than one row of workgroups. */
export const largeBatches: readonly Form[] = [
  normalized('4095 channels', {}, batch(5, 4095, 13)),
  normalized('4096 channels', {}, batch(5, 4096, 13)),
  normalized('65,535 values', {}, batch(65535, 1)),
  normalized('65,537 values', {}, batch(1, 2, 65537)),
  normalized('65,536 channels', {}, batch(2, 65536)),
  normalized('more than one row of workgroups', {}, batch(3, 2, 699051)),
]

/** One channel, all that is not under test plain: γ is 2, β 10, the running mean 4 and variance 6. */
export const oneChannel = (...values: readonly number[]) => ({
  x: column(...values),
  gamma: array([2]),
  beta: array([10]),
  runningMean: array([4]),
  runningVar: array([6]),
})

/** Values of one channel: [N,1]. */
export const column = (...values: readonly number[]): Tensor => array(values.map((v) => [v]))

// ---- sums over channels ------------------------------------------------------------------------------------------

export const countsOf = ({ shape }: Tensor): Channels => ({
  N: shape[0] as number,
  C: shape[1] as number,
  ...channelCounts(shape[0] as number, shape.slice(2)),
})

/** Σ over each channel's values: a tensor [C]. */
export const channelSums = (x: Tensor, f: (value: number, position: number, channel: number) => number): Tensor =>
  whole(foldChannels(countsOf(x), 0, (sum, i, c) => sum + f(at(x, i), i, c)))

/** x with f of each value and its channel. */
export const perChannel = (x: Tensor, f: (value: number, channel: number, position: number) => number): Tensor => {
  const counts = countsOf(x)
  return generate(x.shape, (i) => f(at(x, i), channelOf(counts, i), i))
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
    got: channelSums(value, (v, i) => v * at(b, i)),
    want,
    allowed: plus(
      channelSums(value, (v, i) => (at(error, i) + (m + 1) * unit * Math.abs(v)) * Math.abs(at(b, i))),
      allowed,
    ),
  }
}

/**
 * Each channel of y has mean β and variance γ²·v/(v + ε). What v errs, and rounds on its way into the wanted number, is
 * `ofVariance`'s part of γ²/(v + ε), channel by channel; `ofMean` is what the mean errs, times the number of values.
 */
export const standardised = (
  answer: Evaluation,
  {
    gamma,
    beta,
    variance,
    epsilon,
  }: Readonly<Record<'gamma' | 'beta' | 'variance', Tensor>> & { readonly epsilon: number },
  ofMean: (c: number, m: number) => number,
  ofVariance: (c: number, m: number) => number,
): readonly Claim[] => {
  const [y, e] = [named(answer.values, 'y'), named(answer.slack, 'y')]
  const { m } = countsOf(y)
  const distance = (value: number, c: number): number => value - at(beta, c)
  // y's errors in its squared distance from beta, and m + 3 roundings of their sum
  const errors = channelSums(y, (value, i, c) => {
    const [d, error] = [Math.abs(distance(value, c)), at(e, i)]
    return (2 * d + error) * error + (m + 3) * unit * d * d
  })
  const share = (c: number): number => (m * at(gamma, c) * at(gamma, c)) / (at(variance, c) + epsilon)
  return [
    momentIs(answer, 'y', filled(y.shape, 1), {
      want: times(m, beta),
      allowed: mapTensor((b, c) => ofMean(c, m) + unit * Math.abs(m * b), beta),
    }),
    claim(
      channelSums(y, (value, _, c) => distance(value, c) ** 2),
      (c) => share(c) * at(variance, c),
      (c) => at(errors, c) + share(c) * ofVariance(c, m),
    ),
  ]
}

// ---- laws --------------------------------------------------------------------------------------------------------

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
          want: product(parameter, named(back.values, name)),
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
export const channelsInAnyOrder: Law = rearranging(
  'channels in another order are the same channels in that order',
  ({ inputs, cotangents }) =>
    Object.fromEntries(['y', ...Object.keys({ ...inputs, ...cotangents })].map((name) => [name, rolledChannels])),
)
