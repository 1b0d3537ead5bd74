import { either as E } from 'fp-ts'
import { noAttributes } from '../attributes.js'
import { epsilon, gamma, tau } from '../bound.js'
import { element, mapField } from '../field.js'
import { defineOp, noGradients, optional, slide } from '../op.js'
import { foldFeatures, least, most, rowsOf } from './features.js'

/**
 * Every feature moved and scaled so that the data it is fitted to has mean 0 and variance 1.
 *
 *   y[n,d] = (a[n,d] − μ_d)/σ_d,   μ_d = mean_n x[n,d],   σ_d² = mean_n (x[n,d] − μ_d)²
 *
 * a is `apply`, or x itself without one: the mean and deviation of the training data are to be applied to test data too. The
 * variance is the biased one, over N, and nothing is added to it; it takes two passes, since mean x² − μ² loses a small
 * variance under a large mean. A feature that is constant, max = min, is 0 everywhere, in `apply` too, whatever stands there:
 * that is asked of the numbers, for a rounded mean would leave a variance above 0.
 *
 * These are scikit-learn's StandardScaler and NumPy's std, fit and transform, but for a constant feature: there the former
 * divides by 1, and gives a − μ. PyTorch's std and R's scale divide by N − 1: that is y·√((N − 1)/N). Batch normalization
 * is the same per channel, with ε added to the variance.
 *
 * Shapes  x [N,D]  apply? [M,D]  →  y [M,D], or [N,D] without `apply`
 * Units   y is a plain number, of deviations; a feature keeps its own unit in x and apply
 * Errors  ShapeMismatch – features disagree
 * Bound   with D the depth of the sums: μ may be off by e ≤ e_μ = γ(D + 2½)·mean |x|. Then mean (x − μ − e)² is σ² + e²,
 *         since Σ (x − μ) = 0, and y is (a − μ − e)/√(σ² + e²). That is furthest from (a − μ)/σ at |e| = e_μ, by
 *
 *           |a − μ|·(1/σ − 1/√(σ² + e_μ²)) + e_μ/√(σ² + e_μ²)
 *
 *         at most: where e_μ is small against σ about e_μ/σ, and never more than |y| + 1, however nearly constant the feature.
 *         Of all this γ(D + 5½) of the sum of squares, by half, 4½ roundings of the root, a difference and 2½ of the division
 * Refuses σ² = mean x² − μ², which loses a small variance under a large mean
 * Source  slide "Normalization"
 */
export const zScoreNormalize = defineOp({
  family: 'normalizer',
  formula: String.raw`y_{nd} = \frac{a_{nd} - \mu_d}{\sigma_d}`,
  source: slide('Normalization'),
  attrs: noAttributes,
  inputs: { x: ['N', 'D'], apply: optional('M', 'D') },
  outputs: { y: ['rows', 'D'] },
  differentiable: [],
  derive: (_, sizes) => E.right({ rows: rowsOf(sizes) }),
  bound: ({ inputs: { x, apply = x }, sizes: { N, D }, depth }) => {
    const additions = depth(N)
    const [smallest, largest] = [least(x), most(x)]
    const sums = foldFeatures(x, 0, (sum, v) => sum + v)
    const magnitudes = foldFeatures(x, 0, (sum, v) => sum + Math.abs(v))
    const squares = foldFeatures(x, 0, (sum, v, d) => sum + (v - element(sums, d) / N) ** 2)
    // the least that σ̂ may come out is its root's part of what the sum of squares may lose
    const ofDeviation = Math.sqrt(1 - Math.min(gamma(additions + 5.5), 1)) * (1 - 4.5 * epsilon)
    const roundings = ((1 + epsilon) * (1 + gamma(2.5))) / ofDeviation - 1
    return {
      y: mapField((a, i) => {
        const d = i % D
        if (element(smallest, d) === element(largest, d)) return 0
        const [mean, variance] = [element(sums, d) / N, element(squares, d) / N]
        const ofMean = (gamma(additions + 2.5) * element(magnitudes, d)) / N + tau
        const widest = Math.sqrt(variance + ofMean ** 2)
        const distance = Math.abs(a - mean)
        const [size, shift] = [distance / Math.sqrt(variance), ofMean / widest]
        // τ: a flushed square, beside a variance of its own size or below it
        const ofFlush = variance > tau ? Math.sqrt(variance / (variance - tau)) - 1 : Infinity
        return size - distance / widest + shift + (size + shift) * (roundings + ofFlush * (1 + roundings)) + tau
      }, apply),
    }
  },
  boundBackward: noGradients,
})
