import { noAttributes } from '../attributes.js'
import { plus } from '../ball.js'
import type { Balls } from '../balls.js'
import { errorsOf, given, made, partOf, reshaped, stacked, zipBalls } from '../balls.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { scan, scanBack } from '../scan.js'
import { asBatch, pulledBack, shiftedBy, weightGradients } from './recurrent.js'
import type { Weights } from './recurrent.js'
import { rnnPull, rnnStep } from './rnnCell.js'

const statesOf = (weights: Weights, x: Balls, h0: Balls): readonly Balls[] =>
  scan(x.shape[0] as number, h0, (h, t) => made(rnnStep(weights, partOf(x, t), h)))

/**
 * A recurrent network over a sequence: the cell `rnnCell` at every step, from the state before.
 *
 *   h[0] = h0,   h[t+1] = rnnCell(x[t], h[t]),   y[t] = h[t+1],   hT = h[T]
 *
 *   dh[T] = dhT,   dx[t], dh[t] = what rnnCell makes at x[t], h[t] of dh[t+1] + dy[t],   dh0 = dh[0]
 *   dwIh, dwHh, db = the sums over all steps of what rnnCell makes of them
 *
 * Time first, as in PyTorch and ONNX; Keras has the batch first, its x transposed in the first two axes. All sequences
 * have T steps; one layer, one direction. Weights and bias are rnnCell's.
 *
 * Shapes  x [T,N,I]  h0 [N,H]  wIh [H,I]  wHh [H,H]  b [H]  →  y [T,N,H]  hT [N,H]
 * Units   y and hT are plain numbers from −1 to 1
 * Errors  ShapeMismatch – the inputs disagree in N, I or H
 * Bound   the cell's, step by step: a state takes its error on to the next step, and so does a gradient, to which dy is
 *         one addition more. dwIh, dwHh and db are sums over T·N, of the depth that the backend declares. Where
 *         ‖wHh‖∞ > 1 bounds grow from step to step, as errors may
 * Source  slide "Recurrent NN"; as PyTorch's RNN, with one bias
 */
export const rnn = defineOp({
  family: 'layer',
  formula: String.raw`h_{t+1} = \tanh(b + W^{ih} x_t + W^{hh} h_t),\quad y_t = h_{t+1}`,
  source: slide('Recurrent NN'),
  attrs: noAttributes,
  inputs: { x: ['T', 'N', 'I'], h0: ['N', 'H'], wIh: ['H', 'I'], wHh: ['H', 'H'], b: ['H'] },
  outputs: { y: ['T', 'N', 'H'], hT: ['N', 'H'] },
  differentiable: ['x', 'h0', 'wIh', 'wHh', 'b'],
  derive: nothingToDerive,
  bound: ({ inputs }) => {
    const states = statesOf(inputs, given(inputs.x), given(inputs.h0))
    return { y: errorsOf(stacked(states)), hT: errorsOf(states.at(-1) as Balls) }
  },
  boundBackward: ({ inputs, cotangents, sizes: { T, N, I }, depth }) => {
    const [x, h0, dy] = [given(inputs.x), given(inputs.h0), given(cotangents.y)]
    const states = statesOf(inputs, x, h0)
    const da = scanBack<Balls | undefined, Balls>(T, undefined, (after, t) => {
      const arriving = partOf(dy, t)
      const dh =
        after === undefined ? zipBalls(plus, given(cotangents.hT), arriving) : pulledBack(inputs.wHh, after, arriving)
      return made(rnnPull(dh, states[t] as Balls))
    })
    const all = asBatch(da)
    return {
      x: errorsOf(reshaped([T, N, I], pulledBack(inputs.wIh, all))),
      h0: errorsOf(pulledBack(inputs.wHh, da[0] as Balls)),
      ...weightGradients(all, reshaped([T * N, I], x), asBatch(shiftedBy(h0, states)), depth),
    }
  },
  multiplyAdds: ({ T, N, I, H }) => T * N * H * (I + H),
})
