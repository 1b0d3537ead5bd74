import { attributes } from '../attributes.js'
import { exactly } from '../bound.js'
import { kink } from '../kink.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * The rectified linear unit.
 *
 *   y = max(0, x),   dx = dy where x > 0, else 0
 *
 * The derivative at 0 is 0; with kink "right" it is 1, as in jax-js and wherever x ≥ 0 is asked in the place of x > 0. NaN
 * comes through: y is NaN where x is, and dx is dy there, as in PyTorch.
 *
 * Shapes  x [...]  →  y [...]
 * Units   y carries the unit of x
 * Bound   0: a comparison and a copy do not round
 * Source  slide "Activation functions"
 */
export const relu = defineOp({
  family: 'activation',
  formula: String.raw`y = \max(0, x)`,
  source: slide('Activation functions'),
  attrs: attributes({ kink }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ inputs }) => ({ y: exactly(inputs.x) }),
  boundBackward: ({ inputs }) => ({ x: exactly(inputs.x) }),
})
