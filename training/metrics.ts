import type { Tensor } from '../spec/tensor.js'

/**
 * How many classes of row n come before class c in the order of their scores: larger ones, and of equal ones those of a
 * lower index. NaN exceeds every number, as it does in PyTorch's argmax.
 */
const placeOf = ({ shape, data }: Tensor, n: number, c: number): number => {
  const C = shape[1] as number
  const score = (j: number): number => data[n * C + j] as number
  const own = score(c)
  const comesBefore = (j: number): boolean => {
    const [isNaN, ownIsNaN] = [Number.isNaN(score(j)), Number.isNaN(own)]
    if (isNaN || ownIsNaN) return isNaN && (!ownIsNaN || j < c)
    return score(j) > own || (score(j) === own && j < c)
  }
  return Array.from({ length: C }, (_, j) => j).filter((j) => j !== c && comesBefore(j)).length
}

/** The class that a row is for: its first largest. */
const classOf = (target: Tensor, n: number): number => {
  const C = target.shape[1] as number
  return Array.from({ length: C }, (_, c) => c).reduce(
    (best, c) => ((target.data[n * C + c] as number) > (target.data[n * C + best] as number) ? c : best),
    0,
  )
}

/** How many rows have their class among the first k. */
const found = (scores: Tensor, target: Tensor, k: number): number =>
  Array.from({ length: rowsOf(scores) }, (_, n) => n).filter((n) => placeOf(scores, n, classOf(target, n)) < k).length

const rowsOf = ({ shape }: Tensor): number => shape[0] as number

/**
 * The fraction of rows whose class has the largest score. Of equal scores the lowest class has it, and NaN exceeds every
 * number, as it does in PyTorch's argmax.
 *
 *   accuracy = |{n : argmax_c scores[n,c] = class(n)}|/N,   class(n) = argmax_c target[n,c]
 *
 * Shapes  scores [N,C]  target [N,C], one-hot; of another target, its first largest is the class
 * Units   a fraction from 0 to 1. Logits, probabilities or any other scores that grow with them
 * Source  PyTorch's argmax
 */
export const accuracy = (scores: Tensor, target: Tensor): number => found(scores, target, 1) / rowsOf(scores)

/**
 * The fraction of rows whose class is not among the k largest scores; k = 5 is ILSVRC's. Of equal scores the lower class
 * comes first, so a classifier that says the same of all classes is right about the first k.
 *
 *   topKError = |{n : k or more classes come before class(n)}|/N
 *
 * Shapes  scores [N,C]  target [N,C], as for accuracy
 * Units   a fraction from 0 to 1; 0 where k is C or more
 * Source  Russakovsky et al., "ImageNet large scale visual recognition challenge", 2015
 */
export const topKError = (scores: Tensor, target: Tensor, k = 5): number =>
  (rowsOf(scores) - found(scores, target, k)) / rowsOf(scores)

/**
 * The fraction of rows that are decided rightly: yes where the score is at least 0, as the perceptron's step has it, and
 * yes was wanted where the target is at least ½. NaN decides nothing, and is wrong.
 *
 *   decisionAccuracy = |{n : (scores[n] ≥ 0) = (target[n] ≥ ½)}|/N
 *
 * Shapes  scores [N,1]  target [N,1], 0 or 1
 * Units   a fraction from 0 to 1. Logits or any other scores whose sign decides
 * Source  slide "The perceptron"
 */
export const decisionAccuracy = (scores: Tensor, target: Tensor): number => {
  const right = Array.from({ length: rowsOf(scores) }, (_, n) => {
    const [score, wanted] = [scores.data[n] as number, target.data[n] as number]
    return wanted >= 0.5 ? score >= 0 : score < 0
  })
  return right.filter(Boolean).length / right.length
}
