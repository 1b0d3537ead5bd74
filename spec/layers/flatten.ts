import { either as E } from 'fp-ts'
import { noAttributes } from '../attributes.js'
import { exactly } from '../bound.js'
import { defineOp } from '../op.js'
import { sizeOf } from '../tensor.js'

/**
 * Every example as one row: the same numbers, in the same row-major order, under the shape [N,D].
 *
 *   y[n,d] = element n·D + d of x in row-major order,   dx = dy under x's shape
 *
 * Shapes  x [N,…]  →  y [N,D],  D the product of the axes …; without any, D is 1
 * Units   y carries x's
 * Errors  ShapeMismatch – x is a scalar
 * Bound   exact: a copy
 * Source  PyTorch's Flatten, which refuses x [N]; here that is N rows of one element
 */
export const flatten = defineOp({
  family: 'layer',
  formula: String.raw`y_{nd} = x_{n,\,(d)}`,
  source: "PyTorch's Flatten",
  attrs: noAttributes,
  inputs: { x: ['N', '...'] },
  outputs: { y: ['N', 'D'] },
  differentiable: ['x'],
  derive: (_, { rest }) => E.right({ D: sizeOf(rest) }),
  bound: ({ sizes: { N, D } }) => ({ y: exactly({ shape: [N, D] }) }),
  boundBackward: ({ inputs }) => ({ x: exactly(inputs.x) }),
})
