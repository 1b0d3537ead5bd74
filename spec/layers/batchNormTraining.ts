import { either as E, function as F } from 'fp-ts'
import { attributes, fraction, nonNegative, oneOf, withDefault } from '../attributes.js'
import { epsilon, gamma, gridOf, rounded, tau } from '../bound.js'
import { ensure } from '../error.js'
import { element, field, once } from '../field.js'
import type { Depth } from '../op.js'
import { defineOp, slide } from '../op.js'
import type { Tensor } from '../tensor.js'
import type { Channels } from './channels.js'
import { at, channelCounts, channelOf, foldChannels } from './channels.js'

/** A channel's statistics, how far the first two may be off, and r with the most that it may be off, either way. */
interface Statistics {
  readonly mean: number
  readonly ofMean: number
  readonly variance: number
  readonly ofVariance: number
  readonly r: number
  readonly highestR: number
}

// Two passes. x − μ̂ twice, its square, the sum, the division: depth + 5½ roundings of mean (x − μ̂)², which is
// σ² + (μ̂ − μ)², since Σ (x − μ) = 0: the error of μ adds to σ² and takes nothing away, so that r of a channel of one
// number is at most 1/√ε. 1/√ is 4½ + 2½ roundings
const statisticsOf = (sizes: Channels, depth: Depth, offset: number, x: Tensor): ((channel: number) => Statistics) => {
  const additions = depth(sizes.m)
  const sums = foldChannels(sizes, 0, (sum, i) => sum + at(x.data, i))
  const magnitudes = foldChannels(sizes, 0, (sum, i) => sum + Math.abs(at(x.data, i)))
  const squares = foldChannels(sizes, 0, (sum, i, c) => sum + (at(x.data, i) - element(sums, c) / sizes.m) ** 2)
  return once((c) => {
    const mean = element(sums, c) / sizes.m
    const variance = element(squares, c) / sizes.m
    const ofMean = (gamma(additions + 2.5) * element(magnitudes, c)) / sizes.m + tau
    const ofVariance = ofMean ** 2 + gamma(additions + 5.5) * (variance + ofMean ** 2) + tau
    const spread = variance + offset
    const lowest = Math.max(spread - gamma(additions + 5.5) * variance - epsilon * spread - tau, 0)
    const highest = (spread + ofVariance) * (1 + epsilon)
    const r = 1 / Math.sqrt(spread)
    const above = (1 + gamma(7)) / Math.sqrt(lowest) - r
    const below = r - (1 - gamma(7)) / Math.sqrt(highest)
    return {
      mean,
      ofMean,
      variance,
      ofVariance,
      r,
      highestR: r + Math.max(above, below),
    }
  })
}

// x̂ = (x − μ)·r: its magnitude and the largest that it may come out, two roundings included
const normalized = (x: number, { mean, ofMean, r, highestR }: Statistics) => {
  const distance = Math.abs(x - mean)
  return { size: distance * r, highest: (distance + ofMean) * highestR * (1 + gamma(2)) }
}

/**
 * Batch normalization by the batch's own statistics, one mean and variance for each channel.
 *
 *   μ = mean x,   σ² = mean (x − μ)²,   r = 1/√(σ² + ε),   x̂ = (x − μ)·r,   y = γ·x̂ + β
 *   runningMean′ = (1 − α)·runningMean + α·μ,   runningVar′ = (1 − α)·runningVar + α·σ²·m/(m − 1)
 *
 *   dβ = Σ dy,   dγ = Σ dy·x̂,   dx = γ·r·(dy − dβ/m − x̂·dγ/m)
 *
 * Means and sums run over the m = N·S values of a channel, S being the product of the axes …; α is momentum, the weight
 * of the new batch. y uses the biased variance always; runningVar′ has the factor m/(m − 1) for runningVariance
 * "unbiased", and not for "biased". The variance takes two passes: mean x² − μ² loses it under a large mean. A constant
 * channel gives β; with ε = 0 it is 0·Infinity, NaN.
 *
 * Shapes  x [N,C,…]  gamma [C]  beta [C]  runningMean [C]  runningVar [C]  →  y [N,C,…]  runningMean [C]  runningVar [C]
 * Units   y carries the unit of beta; ε that of x²
 * Errors  ShapeMismatch – channels disagree, or "unbiased" with one value in a channel
 *         AttributeOutOfRange – ε < 0, or α outside [0, 1]
 * Bound   with D the depth of the sums: μ errs e = γ(D + 2½)·mean |x|; σ² errs e² + γ(D + 5½)·(σ² + e²), the error of μ
 *         entering by its square, and upwards only; r adds half of that error and 7½ roundings. x̂: two roundings and
 *         those of μ and r; y two more. dβ: depth D; dγ: the errors of μ and r are common to a channel, so they meet
 *         |Σ dy| and |dγ|, and D + 3 roundings meet Σ |dy·x̂|. dx: both means divided, three products, two differences
 * Admits  γ·((x − μ)/√(σ² + ε)) + β
 * Refuses σ² = mean x² − μ², which loses a small variance under a large mean; running statistics as old + α·(new − old),
 *         which cancels for α near 1
 * Source  slide "Batch-norm layer"; running statistics as in PyTorch
 */
export const batchNormTraining = defineOp({
  family: 'layer',
  formula: String.raw`y = \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta`,
  source: slide('Batch-norm layer'),
  attrs: attributes({
    epsilon: withDefault(nonNegative, 1e-5),
    momentum: withDefault(fraction, 0.1),
    runningVariance: withDefault(oneOf('unbiased', 'biased'), 'unbiased'),
  }),
  inputs: { x: ['N', 'C', '...'], gamma: ['C'], beta: ['C'], runningMean: ['C'], runningVar: ['C'] },
  outputs: { y: ['N', 'C', '...'], runningMean: ['C'], runningVar: ['C'] },
  differentiable: ['x', 'gamma', 'beta'],
  cotangents: ['y'],
  derive: ({ runningVariance }, { N, rest }) =>
    F.pipe(
      E.right(channelCounts(N, rest)),
      E.tap(({ m }) =>
        ensure(
          m > 1 || runningVariance === 'biased',
          'ShapeMismatch',
          'a channel of x has 1 value; its unbiased variance wants 2 or more',
        ),
      ),
    ),
  bound: ({ attrs, inputs, sizes, depth, valuesOf }) => {
    const { momentum: alpha, runningVariance } = attrs
    const { x, gamma: scale, runningMean, runningVar } = inputs
    const statistics = statisticsOf(sizes, depth, attrs.epsilon, x)
    const y = valuesOf(attrs, inputs).y
    // 1 − α, two products, a sum
    const running = (old: number, fresh: number, ofFresh: number): number =>
      alpha * ofFresh + gamma(3) * (1 - alpha) * Math.abs(old) + gamma(2) * alpha * (Math.abs(fresh) + ofFresh) + tau
    const [factor, roundings] = runningVariance === 'unbiased' ? [sizes.m / (sizes.m - 1), 3.5] : [1, 0]
    return {
      y: field(x.shape, (i) => {
        const c = channelOf(sizes, i)
        const { size, highest } = normalized(at(x.data, i), statistics(c))
        const ofProduct = Math.abs(at(scale.data, c)) * (highest * (1 + epsilon) - size)
        return ofProduct + epsilon * (Math.abs(element(y, i)) + ofProduct) + tau
      }),
      runningMean: field([sizes.C], (c) => {
        const { mean, ofMean } = statistics(c)
        return running(at(runningMean.data, c), mean, ofMean)
      }),
      runningVar: field([sizes.C], (c) => {
        const { variance, ofVariance } = statistics(c)
        const ofUnbiased = factor * (ofVariance + gamma(roundings) * (variance + ofVariance))
        return running(at(runningVar.data, c), factor * variance, ofUnbiased)
      }),
    }
  },
  boundBackward: ({ attrs, inputs, cotangents: { y: dy }, sizes, depth }) => {
    const { x, gamma: scale } = inputs
    const { C, m } = sizes
    const additions = depth(m)
    const statistics = statisticsOf(sizes, depth, attrs.epsilon, x)
    const distance = (i: number, c: number): number => at(x.data, i) - statistics(c).mean
    const cotangent = foldChannels(sizes, 0, (sum, i) => sum + at(dy.data, i))
    const magnitude = foldChannels(sizes, 0, (sum, i) => sum + Math.abs(at(dy.data, i)))
    const moment = foldChannels(sizes, 0, (sum, i, c) => sum + at(dy.data, i) * distance(i, c))
    const companion = foldChannels(sizes, 0, (sum, i, c) => sum + Math.abs(at(dy.data, i) * distance(i, c)))
    const beta = rounded(additions, magnitude, gridOf(dy))
    const ofGamma = field([C], (c) => {
      const { ofMean, r, highestR } = statistics(c)
      const ofTerms = gamma(additions + 3) * (element(companion, c) + ofMean * element(magnitude, c))
      const ofMoment = ofMean * Math.abs(element(cotangent, c)) + ofTerms
      return (highestR - r) * Math.abs(element(moment, c)) + highestR * ofMoment + tau
    })
    return {
      x: field(x.shape, (i) => {
        const c = channelOf(sizes, i)
        const channel = statistics(c)
        const [m1, m2] = [element(cotangent, c) / m, (element(moment, c) * channel.r) / m]
        const ofM1 = (gamma(additions + 2.5) * element(magnitude, c)) / m
        const highestM2 = (Math.abs(m2) + element(ofGamma, c) / m) * (1 + gamma(2.5))
        const { size, highest } = normalized(at(x.data, i), channel)
        const highestProduct = highest * highestM2 * (1 + epsilon)
        const terms = Math.abs(at(dy.data, i)) + Math.abs(m1) + ofM1 + highestProduct
        const difference = Math.abs(at(dy.data, i) - m1 - distance(i, c) * channel.r * m2)
        const ofDifference = ofM1 + highestProduct - size * Math.abs(m2) + gamma(2) * terms
        const farthest = (difference + ofDifference) * channel.highestR * (1 + gamma(2))
        return Math.abs(at(scale.data, c)) * (farthest - difference * channel.r) + tau
      }),
      gamma: ofGamma,
      beta,
    }
  },
})
