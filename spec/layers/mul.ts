import { noAttributes } from '../attributes.js'
import { gridOf, rounded } from '../bound.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * Elementwise product, the gate of a recurrent cell.
 *
 *   y = a·b,   da = dy·b,   db = dy·a
 *
 * Shapes  a [...]  b [...]  →  y [...]; nothing is broadcast, as it would be in PyTorch, NumPy and ONNX
 * Units   y carries the product of a's and b's
 * Errors  ShapeMismatch – a and b disagree
 * Bound   one rounding of each product
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Source  slide "LSTM nets" (a gate lets a share of each element pass)
 */
export const mul = defineOp({
  family: 'layer',
  formula: String.raw`y = a \odot b`,
  source: slide('LSTM nets'),
  attrs: noAttributes,
  inputs: { a: ['...'], b: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['a', 'b'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({
    y: rounded(1, valuesOf(attrs, inputs).y, gridOf(inputs.a) * gridOf(inputs.b)),
  }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => {
    const { a, b } = gradientsOf(attrs, inputs, cotangents)
    const grid = gridOf(cotangents.y)
    return { a: rounded(1, a, grid * gridOf(inputs.b)), b: rounded(1, b, grid * gridOf(inputs.a)) }
  },
  walk: { forward: () => ({ y: 1 }), backward: () => ({ a: 1, b: 1 }) },
})
