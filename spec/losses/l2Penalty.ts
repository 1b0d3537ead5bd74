import { attributes, nonNegative, required } from '../attributes.js'
import { rounded } from '../bound.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { sizeOf } from '../tensor.js'

/**
 * The penalty of ridge regression on the size of weights.
 *
 *   loss = β/2 Σ w²,   dw = β·w·dloss
 *
 * With its half, the gradient is β·w, and so a penalty of β is an optimizer's coupled weight decay of λ = β. Keras's
 * l2(λ) has no half: β = 2λ. What is penalised is what is passed: leave biases out.
 *
 * Shapes  w [...]  →  loss []
 * Units   β takes the square of w's unit to a loss
 * Errors  AttributeOutOfRange – β below 0
 * Bound   a square, the sum's depth and a product; half of β is exact. Nothing cancels. dw: two products
 * Admits  Σ_i ((β/2)·w_i)·w_i
 * Source  slide "Ridge regression"
 */
export const l2Penalty = defineOp({
  family: 'loss',
  formula: String.raw`L = \frac{\beta}{2} \sum_i w_i^2`,
  source: slide('Ridge regression'),
  attrs: attributes({ beta: required(nonNegative) }),
  inputs: { w: ['...'] },
  outputs: { loss: [] },
  differentiable: ['w'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, sizes, depth, valuesOf }) => ({
    loss: rounded(2 + depth(sizeOf(sizes.rest)), valuesOf(attrs, inputs).loss),
  }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    w: rounded(2, gradientsOf(attrs, inputs, cotangents).w),
  }),
})
