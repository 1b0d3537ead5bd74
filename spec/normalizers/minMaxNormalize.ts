import { either as E, function as F } from 'fp-ts'
import { attributes, finite, withDefault } from '../attributes.js'
import { epsilon, gamma, tau } from '../bound.js'
import { ensure } from '../error.js'
import { element, mapField } from '../field.js'
import { defineOp, noGradients, optional, slide } from '../op.js'
import { least, most, rowsOf } from './features.js'

/**
 * Every feature moved and scaled so that the data it is fitted to goes from low to high.
 *
 *   y[n,d] = low + (high − low)·(a[n,d] − min_d)/(max_d − min_d),   min_d = min_n x[n,d],   max_d = max_n x[n,d]
 *
 * a is `apply`, or x itself without one: the minimum and maximum of the training data are to be applied to test data too.
 * Values outside the fitted range extrapolate, beyond low and high. A feature with max = min is low everywhere, in
 * `apply` too, whatever stands there.
 *
 * These are scikit-learn's MinMaxScaler(feature_range=(low, high), clip=False), fit and transform, but for a feature with
 * max = min: there it divides by 1, and gives low + (high − low)·(a − min). It also computes a·scale + (low − min·scale),
 * which cancels under an offset; here a − min comes first.
 *
 * Shapes  x [N,D]  apply? [M,D]  →  y [M,D], or [N,D] without `apply`
 * Units   y carries that of low and high, whatever x's is; a feature keeps its own
 * Errors  ShapeMismatch – features disagree; AttributeOutOfRange – low is not below high
 * Bound   minimum and maximum are exact. Two differences and a division: 4½ roundings of the ratio; high − low, made on the
 *         host or not, and the product: two more; the sum one of y, unless low is 0. A flushed difference is τ
 * Admits  low + (a − min)·((high − low)/(max − min))
 * Refuses a·scale + (low − min·scale), which cancels under an offset
 * Source  slide "Normalization"
 */
export const minMaxNormalize = defineOp({
  family: 'normalizer',
  formula: String.raw`y_{nd} = l + (h - l)\, \frac{a_{nd} - \min_m x_{md}}{\max_m x_{md} - \min_m x_{md}}`,
  source: slide('Normalization'),
  attrs: attributes({ low: withDefault(finite, 0), high: withDefault(finite, 1) }),
  inputs: { x: ['N', 'D'], apply: optional('M', 'D') },
  outputs: { y: ['rows', 'D'] },
  differentiable: [],
  derive: ({ low, high }, sizes) =>
    F.pipe(
      ensure(low < high, 'AttributeOutOfRange', `low is ${low} and high is ${high}; low must be below high`),
      E.map(() => ({ rows: rowsOf(sizes) })),
    ),
  bound: ({ attrs, inputs, sizes: { D }, valuesOf }) => {
    const { low, high } = attrs
    const { x, apply = x } = inputs
    const y = valuesOf(attrs, inputs).y
    const [smallest, largest] = [least(x), most(x)]
    return {
      y: mapField((v, i) => {
        const d = i % D
        const [first, last] = [element(smallest, d), element(largest, d)]
        if (first === last) return 0
        const [distance, range] = [Math.abs((apply.data[i] as number) - first), last - first]
        const shortest = range * (1 - epsilon) - tau
        if (shortest <= 0) return Infinity
        const ratio = ((distance * (1 + epsilon) + tau) / shortest) * (1 + gamma(2.5))
        const ofProduct = (high - low) * (ratio * (1 + gamma(2)) - distance / range)
        return ofProduct + (low === 0 ? 0 : epsilon * (Math.abs(v) + ofProduct)) + tau
      }, y),
    }
  },
  boundBackward: noGradients,
})
