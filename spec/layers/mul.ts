import { noAttributes } from '../attributes.js'
import { rounded } from '../bound.js'
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
  bound: ({ attrs, inputs, valuesOf }) => ({ y: rounded(1, valuesOf(attrs, inputs).y) }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => {
    const exact = gradientsOf(attrs, inputs, cotangents)
    return { a: rounded(1, exact.a), b: rounded(1, exact.b) }
  },
  walk: { forward: () => ({ y: 1 }), backward: () => ({ a: 1, b: 1 }) },
})
