import { noAttributes } from '../attributes.js'
import { errorsOf, given, reshaped } from '../balls.js'
import { once } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import { scan, scanBack } from '../scan.js'
import { rowsOf, transposed } from '../matrix.js'
import type { Spread } from '../spreads.js'
import { apart, certain, none, ofSpreads, sumsOfProducts } from '../spreads.js'
import type { Tensor } from '../tensor.js'
import type { ScanSizes, Weights } from './recurrent.js'
import { asBatch, followed, shiftedBy, stepOf, weightGradients } from './recurrent.js'
import { rnnPull } from './rnnCell.js'

type Inputs = Weights & { readonly x: Tensor; readonly h0: Tensor }

/** The states of a sequence of the batch, their errors together. */
const statesOf = (inputs: Inputs, sizes: ScanSizes): ((n: number) => readonly Spread[]) => {
  const { x, h0, wIh, wHh, b } = inputs
  const { T, I, H } = sizes
  const [ofX, ofH, bias] = [rowsOf(wIh, 0, H), rowsOf(wHh, 0, H), certain(b.data, 0, H)]
  const keep = followed(sizes, inputs)
  return (n) =>
    scan<Spread, Spread>(T, stepOf(h0, n), (h, t) => {
      const terms = [[ofX, stepOf(x, n, t)] as const, [ofH, h] as const]
      return ofSpreads.tanh(sumsOfProducts(I + H + 1, terms, bias, keep(n)))
    })
}

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
 * Bound   a state's errors are the cell's, and those of the state before as wHh and the slopes of tanh carry them on. They
 *         are followed together, in ellipsoids (spreads.ts), and so grow as the products of the steps' Jacobians do; in
 *         balls they would grow by ‖wHh‖∞ a step, and at weights ±1/√H soon say nothing. To first order along the true
 *         states; what tanh bends beyond its tangent, e²·2/(3√3) or less, counts as one more rounding. Backward likewise: da
 *         has the errors of dh, by the slope, and those of h, by −2·dh·h. dwIh, dwHh and db are sums over T·N of balls, of
 *         the depth that the backend declares. It costs 3H³ for each step, so that of large batches only the first
 *         sequences are followed so, and the others by a radius, through the spectral norm of wHh. Where states are chaotic
 *         bounds grow without end, as errors do
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
  bound: ({ inputs, sizes }) => {
    const { T, N, H } = sizes
    const statesAt = statesOf(inputs, sizes)
    const states = once((n) => statesAt(n).map(apart))
    return {
      y: errorsOf(reshaped([T, N, H], asBatch(T, N, H, states))),
      hT: errorsOf(asBatch(1, N, H, (n) => states(n).slice(-1))),
    }
  },
  boundBackward: ({ inputs, cotangents, sizes, depth }) => {
    const { T, N, I, H } = sizes
    const [ofX, ofH] = [transposed(rowsOf(inputs.wIh, 0, H)), transposed(rowsOf(inputs.wHh, 0, H))]
    const keep = followed(sizes, inputs)
    const statesAt = statesOf(inputs, sizes)
    const pulls = once((n) => {
      const states = statesAt(n)
      const da = scanBack<Spread | undefined, Spread>(T, undefined, (after, t) => {
        const dy = stepOf(cotangents.y, n, t)
        const dh =
          after === undefined
            ? ofSpreads.plus(stepOf(cotangents.hT, n), dy)
            : sumsOfProducts(H + 1, [[ofH, after]], dy, keep(n))
        return rnnPull(ofSpreads, dh, states[t] as Spread)
      })
      return {
        x: da.map((da) => sumsOfProducts(H, [[ofX, da]], none(I), 'reach')),
        h0: [sumsOfProducts(H, [[ofH, da[0] as Spread]], none(H), 'reach')],
        da: da.map(apart),
        before: shiftedBy(stepOf(inputs.h0, n), states).map(apart),
      }
    })
    const all = asBatch(T, N, H, (n) => pulls(n).da)
    const before = asBatch(T, N, H, (n) => pulls(n).before)
    return {
      x: errorsOf(
        reshaped(
          [T, N, I],
          asBatch(T, N, I, (n) => pulls(n).x),
        ),
      ),
      h0: errorsOf(asBatch(1, N, H, (n) => pulls(n).h0)),
      ...weightGradients(all, reshaped([T * N, I], given(inputs.x)), before, depth),
    }
  },
  multiplyAdds: ({ T, N, I, H }) => T * N * H * (I + H),
})
