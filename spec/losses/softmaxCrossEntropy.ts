import { attributes } from '../attributes.js'
import type { Ball } from '../ball.js'
import { expOf, onceRounded } from '../ball.js'
import { epsilon, gamma, logError, tau } from '../bound.js'
import { field, once } from '../field.js'
import type { Depth } from '../op.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import type { Tensor } from '../tensor.js'
import { sumOf } from '../tensor.js'
import { reducedBound, reducedFrom, reduction, roundingsOfMean } from './reduction.js'

/**
 * Cross-entropy of the softmax of logits.
 *
 *   z[n,c] = x[n,c] − max_j x[n,j]     S[n] = Σ_c e^{z[n,c]}     log p = z − log S
 *   loss = −(1/N) Σ_n Σ_c t·log p,     dx[n,c] = (p[n,c]·Σ_j t[n,j] − t[n,c])·dloss/N,   p = e^z/S
 *
 * With the largest logit taken away no power overflows and S lies between 1 and C. The mean is over rows. With
 * reduction "sum" the sum, N = 1 in the gradient; with "none" every row's own value. Targets need not sum to 1. A target
 * of 0 takes its term away even where log p is −Infinity; a row with NaN or a logit of Infinity is NaN.
 *
 * Shapes  logits [N,C]  target [N,C]  →  loss [] ([N] for "none")
 * Units   loss in nats, if targets sum to 1; logits are logarithms of odds
 * Errors  ShapeMismatch – logits and target disagree
 * Bound   e^z by arithmetic on balls: z rounded once, and exp itself. S errs δ: its terms' errors, and its additions'
 *         depth; since Σ p|z| ≤ log C, huge logits do no harm. log p errs ε|z| + δ + ℓ(S) and one rounding; ℓ is the
 *         permitted error of log. The loss: Σ |t| of that, and on the magnitudes |t·log p| a product and the depth of a
 *         sum of N·C terms (C for "none"); the mean is a division (2½).
 *         dx: p errs as e^z and S, and a division (2½); Σ t its depth; then a product, a difference, dloss, the mean 2½
 * Admits  log S·Σ_c t − Σ_c t·z
 * Refuses x − log Σ_j e^{x_j} as it stands, which overflows; cce of softmax, Infinity where a share vanishes
 * Source  slide "Softmax" ("very convenient when combined")
 */
export const softmaxCrossEntropy = defineOp({
  family: 'loss',
  formula: String.raw`L = -\frac{1}{N} \sum_n \sum_c t_{nc} \log \frac{e^{x_{nc}}}{\sum_j e^{x_{nj}}}`,
  source: slide('Softmax'),
  attrs: attributes({ reduction }),
  inputs: { logits: ['N', 'C'], target: ['N', 'C'] },
  outputs: { loss: reducedFrom('N') },
  differentiable: ['logits'],
  derive: nothingToDerive,
  bound: ({ attrs: { reduction }, inputs: { logits, target }, sizes: { N, C }, depth }) => {
    const rows = once((n) => {
      const { z, logS, ofLogS } = softmaxOf(rowOf(logits, n), depth)
      return rowOf(target, n).map((t, c) => {
        const logP = (z[c] as number) - logS
        const difference = epsilon * Math.abs(z[c] as number) + ofLogS
        const error = difference + epsilon * (Math.abs(logP) + difference)
        return { error: Math.abs(t) * error, term: Math.abs(t * logP) }
      })
    })
    const additions = depth(reduction === 'none' ? C : N * C)
    const errors = field([N], (n) => sumOf(rows(n).map(({ error }) => error)))
    const terms = field([N], (n) => sumOf(rows(n).map(({ term }) => term)))
    return { loss: reducedBound(reduction, 1 + additions, errors, terms) }
  },
  boundBackward: ({ attrs: { reduction }, inputs: { logits, target }, cotangents, sizes: { N, C }, depth }) => {
    const factor = gamma(1 + roundingsOfMean(reduction))
    const rows = once((n) => {
      const { powers, S, delta } = softmaxOf(rowOf(logits, n), depth)
      const t = rowOf(target, n)
      const T = sumOf(t)
      const ofT = gamma(depth(C)) * sumOf(t.map(Math.abs))
      const d = Math.abs(cotangents.loss.data[reduction === 'none' ? n : 0] as number) / (reduction === 'mean' ? N : 1)
      return t.map((t, c) => {
        const { value, error } = powers[c] as Ball
        const p = value / S
        const ofP = (((value + error) / S) * (1 + gamma(2.5))) / (1 - delta) - p + tau
        const ofProduct = (ofP * Math.abs(T) + (p + ofP) * ofT) * (1 + epsilon) + epsilon * p * Math.abs(T)
        const ofDifference = ofProduct + epsilon * (Math.abs(p * T - t) + ofProduct)
        return d * (ofDifference + factor * (Math.abs(p * T - t) + ofDifference)) + tau
      })
    })
    return { logits: field([N, C], (i) => rows(Math.floor(i / C))[i % C] as number) }
  },
})

const rowOf = ({ shape, data }: Tensor, n: number): readonly number[] =>
  Array.from({ length: shape[1] as number }, (_, c) => data[n * (shape[1] as number) + c] as number)

/** A row's z = x − max x, each e^z, their sum S and its relative error δ, and log S and its error. */
const softmaxOf = (x: readonly number[], depth: Depth) => {
  const largest = x.reduce((a, b) => Math.max(a, b))
  const z = x.map((x) => x - largest)
  const powers = z.map((z) => expOf(onceRounded(z)))
  const S = sumOf(powers.map(({ value }) => value))
  const ofTerms = sumOf(powers.map(({ error }) => error)) / S
  const delta = ofTerms + gamma(depth(x.length)) * (1 + ofTerms)
  const ofLogS = Math.max(logError(S * (1 - delta)), logError(S * (1 + delta))) - Math.log1p(-delta)
  return { z, powers, S, logS: Math.log(S), delta, ofLogS }
}
