import { noAttributes } from '../attributes.js'
import { exactly, gridOf, rounded } from '../bound.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * Elementwise sum, the joint of a skip connection.
 *
 *   y = a + b,   da = dy,   db = dy
 *
 * Shapes  a [...]  b [...]  →  y [...]; nothing is broadcast
 * Units   a, b and y share one unit
 * Errors  ShapeMismatch – a and b disagree
 * Bound   one rounding of the sum; the gradients are copies
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Source  slide "ResNet" (skip connection)
 */
export const add = defineOp({
  family: 'layer',
  formula: String.raw`y = a + b`,
  source: slide('ResNet'),
  attrs: noAttributes,
  inputs: { a: ['...'], b: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['a', 'b'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({ y: rounded(1, valuesOf(attrs, inputs).y, gridOf(inputs.a, inputs.b)) }),
  boundBackward: ({ cotangents }) => ({ a: exactly(cotangents.y), b: exactly(cotangents.y) }),
})
