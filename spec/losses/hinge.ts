import { attributes } from '../attributes.js'
import { epsilon, gamma, tau } from '../bound.js'
import { field, once } from '../field.js'
import type { Kink } from '../kink.js'
import { kink } from '../kink.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import type { Tensor } from '../tensor.js'
import { sumOf } from '../tensor.js'
import { reducedBound, reducedFrom, reduction, roundingsOfMean } from './reduction.js'

/**
 * Hinge loss of many classes: a linear support vector machine's.
 *
 *   loss = (1/N) Σ_n Σ_c Σ_{j≠c} t[n,c]·max(0, m[n,j,c]),   m[n,j,c] = 1 + s[n,j] − s[n,c]
 *   ds[n,j] = (Σ_{c≠j} t[n,c]·[m[n,j,c] > 0] − t[n,j]·Σ_{k≠j} [m[n,k,j] > 0])·dloss/N
 *
 * For a one-hot target that is Σ_{j≠t} max(0, 1 + s_j − s_t) of its class t. Any other target weighs what each class
 * would cost, were it the one: nothing is refused, and a row of zeros costs nothing. The mean is over rows and does not
 * divide by C, as in the papers; PyTorch's MultiMarginLoss does (times C, it is this one), and Keras's CategoricalHinge
 * takes the worst class only. With reduction "sum" the sum, N = 1 in the gradient; with "none" every row's own value. At
 * the corner, m = 0, the subgradient is 0, which is that of smaller margins, kink "left"; with kink "right" a margin of 0
 * counts as one above it, [m ≥ 0].
 *
 * Shapes  scores [N,C]  target [N,C]  →  loss [] ([N] for "none")
 * Units   the loss has the unit of scores, in which the margin is 1
 * Errors  ShapeMismatch – scores and target disagree
 * Bound   m errs e, two roundings: of itself and of the largest that stands between, in any order of the sum; 0 where f32
 *         holds them all. max keeps e, or nothing where m < −e; then a product with t, nothing for 1, and the additions
 *         of N·C terms (C for "none"), each a sum over the row's targets that are not 0; the mean is a division (2½).
 *         ds: a margin further from 0 than e is decided; any other may count or not, t·dloss/N more or less. Sums of
 *         counts are exact; the weights' sum, product and difference round where there are such; then dloss, the mean 2½
 * Admits  a margin as (s_j − s_c) + 1
 * Source  Weston and Watkins, "Support vector machines for multi-class pattern recognition" (1999); slide "Transfer
 *         learning"
 */
export const hinge = defineOp({
  family: 'loss',
  formula: String.raw`L = \frac{1}{N} \sum_n \sum_{j \ne t_n} \max(0, 1 + s_{nj} - s_{n t_n})`,
  source: slide('Transfer learning'),
  attrs: attributes({ reduction, kink }),
  inputs: { scores: ['N', 'C'], target: ['N', 'C'] },
  outputs: { loss: reducedFrom('N') },
  differentiable: ['scores'],
  derive: nothingToDerive,
  bound: ({ attrs: { reduction }, inputs: { scores, target }, sizes: { N, C }, depth }) => {
    const rows = once((n) => {
      const [s, t] = [rowOf(scores, n), rowOf(target, n)]
      return targetsOf(t).map((c) => {
        const weight = Math.abs(t[c] as number)
        const product = weight === 1 ? 0 : epsilon
        const margins = others(s, c).map((j) => marginOf(s[j] as number, s[c] as number))
        const ofMargins = sumOf(margins.map(({ m, e }) => (m < -e ? 0 : weight * (e + product * (Math.max(m, 0) + e)))))
        return { error: ofMargins, size: weight * sumOf(margins.map(({ m }) => Math.max(m, 0))) }
      })
    })
    const most = Array.from({ length: N }, (_, n) => targetsOf(rowOf(target, n)).length).reduce(
      (a, b) => Math.max(a, b),
      1,
    )
    const terms = reduction === 'none' ? C : N * C
    const errors = field([N], (n) => sumOf(rows(n).map(({ error }) => error)))
    const sizes = field([N], (n) => sumOf(rows(n).map(({ size }) => size)))
    return { loss: reducedBound(reduction, depth(most * terms) + most - 1, errors, sizes) }
  },
  boundBackward: ({ attrs: { reduction, kink }, inputs: { scores, target }, cotangents, sizes: { N, C } }) => {
    const factor = gamma(1 + roundingsOfMean(reduction))
    const rows = once((n) => {
      const [s, t] = [rowOf(scores, n), rowOf(target, n)]
      const held = targetsOf(t)
      const d = Math.abs(cotangents.loss.data[reduction === 'none' ? n : 0] as number) / (reduction === 'mean' ? N : 1)
      return s.map((sj, j) => {
        const pulling = held
          .filter((c) => c !== j)
          .map((c) => ({ weight: t[c] as number, ...marginOf(sj, s[c] as number) }))
        const own = t[j] as number
        const pulled = own === 0 ? [] : others(s, j).map((k) => marginOf(s[k] as number, sj))
        const up = sumOf(pulling.map(({ weight, m }) => (isShort(kink, m) ? weight : 0)))
        const sizeOfUp = sumOf(pulling.map(({ weight, m }) => (isShort(kink, m) ? Math.abs(weight) : 0)))
        const down = own * pulled.filter(({ m }) => isShort(kink, m)).length
        const undecided =
          sumOf(pulling.map(({ weight, m, e }) => (isDecided(m, e) ? 0 : Math.abs(weight)))) +
          Math.abs(own) * pulled.filter(({ m, e }) => !isDecided(m, e)).length
        const rounding =
          gamma(Math.max(pulling.length - 1, 0)) * (sizeOfUp + undecided) +
          (Math.abs(own) === 1 || own === 0 ? 0 : epsilon * (Math.abs(down) + undecided)) +
          (pulling.length === 0 || own === 0 ? 0 : epsilon * (Math.abs(up - down) + undecided))
        const error = (undecided + rounding) * (1 + 2 * epsilon)
        return d * (error + factor * (Math.abs(up - down) + error)) + tau
      })
    })
    return { scores: field([N, C], (i) => rows(Math.floor(i / C))[i % C] as number) }
  },
  neighbours: (_, { C }) => C,
})

const rowOf = ({ shape, data }: Tensor, n: number): readonly number[] =>
  Array.from({ length: shape[1] as number }, (_, c) => data[n * (shape[1] as number) + c] as number)

const indices = (values: readonly number[]): readonly number[] => values.map((_, i) => i)
const targetsOf = (t: readonly number[]): readonly number[] => indices(t).filter((c) => t[c] !== 0)
const others = (s: readonly number[], c: number): readonly number[] => indices(s).filter((j) => j !== c)

/** Whether f32 holds the sum of two of its numbers. f64 may not hold it either, and then gives one of them back. */
const holds = (a: number, b: number): boolean => {
  const sum = a + b
  return Math.fround(sum) === sum && sum - a === b && sum - b === a
}

// a margin and its error, whatever the order of its two additions
const marginOf = (sj: number, sc: number): { readonly m: number; readonly e: number } => {
  const m = 1 + (sj - sc)
  const isExact =
    holds(1, sj) && holds(1 + sj, -sc) && holds(sj, -sc) && holds(1, sj - sc) && holds(1, -sc) && holds(1 - sc, sj)
  const between = Math.max(Math.abs(1 + sj), Math.abs(sj - sc), Math.abs(1 - sc))
  return { m, e: isExact ? 0 : epsilon * (between + Math.abs(m) + epsilon * between) }
}

/** Whether a margin pulls. */
const isShort = (kink: Kink, m: number): boolean => m > 0 || (m === 0 && kink === 'right')

const isDecided = (m: number, e: number): boolean => Math.abs(m) > e || e === 0
