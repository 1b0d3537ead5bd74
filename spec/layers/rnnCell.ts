import type { Arithmetic } from '../balls.js'
import { errorsOf, given, ofBalls } from '../balls.js'
import { noAttributes } from '../attributes.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { preactivations, pulledBack, weightGradients } from './recurrent.js'

/** da = dh′·(1 − h′)·(1 + h′) */
export const rnnPull = <V>({ times, oneMinusSquare }: Arithmetic<V>, dh: V, next: V): V =>
  times(dh, oneMinusSquare(next))

/**
 * One step of a recurrent network (Elman's): the new state is made of an input and the state before.
 *
 *   a[n,j] = b[j] + Σ_i wIh[j,i]·x[n,i] + Σ_k wHh[j,k]·h[n,k],   h′ = tanh a
 *
 *   da = dh′·(1 − h′)·(1 + h′)
 *   dx[n,i] = Σ_j wIh[j,i]·da[n,j],   dh[n,k] = Σ_j wHh[j,k]·da[n,j]
 *   dwIh[j,i] = Σ_n da[n,j]·x[n,i],   dwHh[j,k] = Σ_n da[n,j]·h[n,k],   db[j] = Σ_n da[n,j]
 *
 * One bias, as in Keras; PyTorch and ONNX add two, of which b is the sum (and each of theirs has the gradient db). Rows
 * of weights are outputs, as in PyTorch and ONNX; Keras's kernels are the transposed. The activation is tanh, everybody's
 * default.
 *
 * Shapes  x [N,I]  h [N,H]  wIh [H,I]  wHh [H,H]  b [H]  →  h [N,H], the new state
 * Units   h is a plain number from −1 to 1; b carries the unit of wIh·x, and a is a plain number
 * Errors  ShapeMismatch – the inputs disagree in N, I or H
 * Bound   a: I + H products and b in any order, γ(I + H + 1) of its terms by magnitude. h′: a's error by the largest slope
 *         of tanh near a, and 9ε. da: the error of h′ moves 1 − h′² by e(2|h′| + e), then 4 roundings. dx and dh: da's
 *         errors, and γ(H); the others: da's errors, a product and a sum of the depth that the backend declares
 * Admits  1 − h′² in place of (1 − h′)·(1 + h′)
 * Source  slide "Recurrent NN"; as PyTorch's RNNCell, with one bias
 */
export const rnnCell = defineOp({
  family: 'layer',
  formula: String.raw`h'_{nj} = \tanh\Big(b_j + \sum_i w^{ih}_{ji}\, x_{ni} + \sum_k w^{hh}_{jk}\, h_{nk}\Big)`,
  source: slide('Recurrent NN'),
  attrs: noAttributes,
  inputs: { x: ['N', 'I'], h: ['N', 'H'], wIh: ['H', 'I'], wHh: ['H', 'H'], b: ['H'] },
  outputs: { h: ['N', 'H'] },
  differentiable: ['x', 'h', 'wIh', 'wHh', 'b'],
  derive: nothingToDerive,
  bound: ({ inputs }) => ({
    h: errorsOf(ofBalls.tanh(preactivations(inputs, given(inputs.x), given(inputs.h)))),
  }),
  boundBackward: ({ inputs, cotangents, depth }) => {
    const [x, h] = [given(inputs.x), given(inputs.h)]
    const da = rnnPull(ofBalls, given(cotangents.h), ofBalls.tanh(preactivations(inputs, x, h)))
    return {
      x: errorsOf(pulledBack(inputs.wIh, da)),
      h: errorsOf(pulledBack(inputs.wHh, da)),
      ...weightGradients(da, x, h, depth),
    }
  },
  multiplyAdds: ({ N, I, H }) => N * H * (I + H),
})
