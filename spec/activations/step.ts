import { noAttributes } from '../attributes.js'
import { exactly } from '../bound.js'
import { defineOp, noGradients, nothingToDerive, slide } from '../op.js'

/**
 * The threshold of the perceptron.
 *
 *   y = 1 where x ≥ 0, else 0
 *
 * At 0 it is 1: numpy's heaviside(x, 1) and PyTorch's heaviside with values of 1. It has no backward: its derivative is 0
 * wherever there is one, so nothing learns through it. A perceptron that answers ±1 answers 2y − 1. NaN is not ≥ 0 and
 * gives 0, as in PyTorch; numpy gives NaN.
 *
 * Shapes  x [...]  →  y [...]
 * Units   y is 0 or 1, a decision; x any
 * Bound   0: a comparison does not round
 * Source  slide "The perceptron"
 */
export const step = defineOp({
  family: 'activation',
  formula: String.raw`y = \begin{cases} 1 & x \ge 0 \\ 0 & x < 0 \end{cases}`,
  source: slide('The perceptron'),
  attrs: noAttributes,
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: [],
  derive: nothingToDerive,
  bound: ({ inputs }) => ({ y: exactly(inputs.x) }),
  boundBackward: noGradients,
})
