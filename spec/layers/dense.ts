import { noAttributes } from '../attributes.js'
import { gridOf, gridOfSums, mostOfProducts, mostOfSums, rounded } from '../bound.js'
import { defineOp, nothingToDerive, optional, slide } from '../op.js'
import { magnitudes } from '../tensor.js'

/**
 * Fully connected layer: every output is a weighted sum of all inputs.
 *
 *   y[n,o] = b[o] + Σ_i w[o,i] · x[n,i]
 *   dx[n,i] = Σ_o w[o,i] · dy[n,o],   dw[o,i] = Σ_n dy[n,o] · x[n,i],   db[o] = Σ_n dy[n,o]
 *
 * Shapes  x [N,I]  w [O,I]  b? [O]  →  y [N,O]
 * Units   y and b carry the unit of w·x
 * Errors  ShapeMismatch – x and w disagree in I, or w and b in O
 * Bound   y: a term meets its product's rounding and at most I − 1 additions, γ(I); the bias is one addition more,
 *         γ(I + 1). dx: likewise O products, γ(O). dw: a product and a sum over the batch, of the depth that the
 *         backend declares; db: that sum without a product
 *         Integers, and multiples of any one power of two, that f32 adds up without rounding: 0
 * Admits  products added in any order, fused into the sum, the bias first
 * Source  slides "Fully connected layer", "The perceptron", "MLP"; weights [O,I] as in PyTorch's Linear
 */
export const dense = defineOp({
  family: 'layer',
  formula: String.raw`y_{no} = b_o + \sum_i w_{oi}\, x_{ni}`,
  source: slide('Fully connected layer'),
  attrs: noAttributes,
  inputs: { x: ['N', 'I'], w: ['O', 'I'], b: optional('O') },
  outputs: { y: ['N', 'O'] },
  differentiable: ['x', 'w', 'b'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, sizes: { I }, valuesOf }) => ({
    y: rounded(
      I + (inputs.b === undefined ? 0 : 1),
      valuesOf(attrs, magnitudes(inputs)).y,
      gridOfSums(inputs),
      mostOfSums(I, inputs),
    ),
  }),
  boundBackward: ({ attrs, inputs, cotangents, sizes: { N, O }, depth, gradientsOf }) => {
    const companion = gradientsOf(attrs, magnitudes(inputs), magnitudes(cotangents))
    return {
      x: rounded(O, companion.x, gridOf(inputs.w) * gridOf(cotangents.y), mostOfProducts(O, inputs.w, cotangents.y)),
      w: rounded(
        depth(N) + 1,
        companion.w,
        gridOf(inputs.x) * gridOf(cotangents.y),
        mostOfProducts(N, inputs.x, cotangents.y),
      ),
      b: companion.b && rounded(depth(N), companion.b, gridOf(cotangents.y), mostOfProducts(N, cotangents.y)),
    }
  },
  walk: {
    forward: ({ I }) => ({ y: I + 1 }),
    backward: ({ N, O }) => ({ x: O, w: N, b: N }),
  },
  multiplyAdds: ({ N, O, I }) => N * O * I,
})
