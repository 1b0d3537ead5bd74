import { either as E } from 'fp-ts'
import { attributes, nonNegative, withDefault } from '../attributes.js'
import { gamma, gridOf, rounded, tau } from '../bound.js'
import { element, field } from '../field.js'
import { defineOp, slide } from '../op.js'
import { at, channelCounts, channelOf, foldChannels } from './channels.js'

/** The roundings of r = 1/√(v + ε): half of the sum's, 4½ of the root, 2½ of the division. */
const ofR = 7.5

/**
 * Batch normalization by running statistics: an affine map of each channel.
 *
 *   r = 1/√(runningVar + ε),   y = γ·(x − runningMean)·r + β
 *
 *   dβ = Σ dy,   dγ = Σ dy·(x − runningMean)·r,   dx = γ·r·dy
 *
 * Sums run over the m = N·S values of a channel, S being the product of the axes …. The statistics are constants here:
 * they have no gradient. A runningVar below −ε gives NaN.
 *
 * Shapes  x [N,C,…]  gamma [C]  beta [C]  runningMean [C]  runningVar [C]  →  y [N,C,…]
 * Units   y carries the unit of beta; ε that of x²
 * Errors  ShapeMismatch – channels disagree; AttributeOutOfRange – ε < 0
 * Bound   r errs 7½ roundings. y may be computed folded, a·x + (β − a·runningMean) with a = γ·r, as many libraries do:
 *         8½ roundings of a, a product, two sums, of each magnitude by itself. dx: r and two products; dβ: the depth of
 *         the sum; dγ: r is common to a channel and meets |dγ|, the sum and 3 roundings meet Σ |dy·(x − runningMean)|·r
 * Admits  a·x + (β − a·runningMean) with a = γ·r
 * Source  slide "Batch-norm layer"
 */
export const batchNormInference = defineOp({
  family: 'layer',
  formula: String.raw`y = \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta`,
  source: slide('Batch-norm layer'),
  attrs: attributes({ epsilon: withDefault(nonNegative, 1e-5) }),
  inputs: { x: ['N', 'C', '...'], gamma: ['C'], beta: ['C'], runningMean: ['C'], runningVar: ['C'] },
  outputs: { y: ['N', 'C', '...'] },
  differentiable: ['x', 'gamma', 'beta'],
  derive: (_, { N, rest }) => E.right(channelCounts(N, rest)),
  bound: ({ attrs, inputs: { x, gamma: scale, beta, runningMean, runningVar }, sizes }) => ({
    y: field(x.shape, (i) => {
      const c = channelOf(sizes, i)
      const a = Math.abs(at(scale.data, c)) / Math.sqrt(at(runningVar.data, c) + attrs.epsilon)
      const terms = a * (Math.abs(at(x.data, i)) + Math.abs(at(runningMean.data, c)))
      return gamma(ofR + 4) * terms + gamma(2) * Math.abs(at(beta.data, c)) + tau
    }),
  }),
  boundBackward: ({ attrs, inputs, cotangents, sizes, depth, gradientsOf }) => {
    const { x, runningMean, runningVar } = inputs
    const dy = cotangents.y
    const gradients = gradientsOf(attrs, inputs, cotangents)
    const additions = depth(sizes.m)
    const magnitude = foldChannels(sizes, 0, (sum, i) => sum + Math.abs(at(dy.data, i)))
    const companion = foldChannels(
      sizes,
      0,
      (sum, i, c) => sum + Math.abs(at(dy.data, i) * (at(x.data, i) - at(runningMean.data, c))),
    )
    return {
      x: rounded(ofR + 2, gradients.x),
      gamma: field([sizes.C], (c) => {
        const terms = element(companion, c) / Math.sqrt(at(runningVar.data, c) + attrs.epsilon)
        const ofTerms = gamma(additions + 3) * terms
        return ofTerms + gamma(ofR) * (Math.abs(element(gradients.gamma, c)) + ofTerms) + tau
      }),
      beta: rounded(additions, magnitude, gridOf(dy)),
    }
  },
})
