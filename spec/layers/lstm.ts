import { noAttributes } from '../attributes.js'
import { errorsOf, given, reshaped } from '../balls.js'
import { once } from '../field.js'
import { defineOp, slide } from '../op.js'
import { scan, scanBack } from '../scan.js'
import type { Matrix } from '../matrix.js'
import { rowsOf, transposed } from '../matrix.js'
import type { Spread } from '../spreads.js'
import { apart, certain, joined, none, ofSpreads, sumsOfProducts } from '../spreads.js'
import type { Tensor } from '../tensor.js'
import type { Gates } from './lstmCell.js'
import { eachGate, ensureFourBlocks, gatesOf, lstmPull, lstmStep } from './lstmCell.js'
import type { ScanSizes, Weights } from './recurrent.js'
import { asBatch, followed, shiftedBy, stepOf, weightGradients } from './recurrent.js'

type Inputs = Weights & { readonly x: Tensor; readonly h0: Tensor; readonly c0: Tensor }

interface State {
  readonly h: Spread
  readonly c: Spread
}
type Step = State & { readonly gates: Gates<Spread> }
type Pull = ReturnType<typeof lstmPull<Spread>>

/** The rows of each gate. */
const blocksOf = (w: Tensor, H: number): Gates<Matrix> => eachGate((gate) => rowsOf(w, gate * H, H))

/** The gates, states and cells of a sequence of the batch, their errors together. */
const stepsOf = (inputs: Inputs, sizes: ScanSizes): ((n: number) => readonly Step[]) => {
  const { x, h0, c0, wIh, wHh, b } = inputs
  const { T, I, H } = sizes
  const [ofX, ofH, bias] = [blocksOf(wIh, H), blocksOf(wHh, H), eachGate((gate) => certain(b.data, gate * H, H))]
  const keep = followed(sizes, inputs)
  return (n) =>
    scan<State, Step>(T, { h: stepOf(h0, n), c: stepOf(c0, n) }, ({ h, c }, t) => {
      const a = eachGate((gate) => {
        const terms = [[ofX[gate] as Matrix, stepOf(x, n, t)] as const, [ofH[gate] as Matrix, h] as const]
        return sumsOfProducts(I + H + 1, terms, bias[gate] as Spread, keep(n))
      })
      const gates = gatesOf(ofSpreads, a)
      return { gates, ...lstmStep(ofSpreads, gates, c) }
    })
}

/**
 * A long short-term memory over a sequence: the cell `lstmCell` at every step, from the state and the cell before.
 *
 *   h[0], c[0] = h0, c0,   h[t+1], c[t+1] = lstmCell(x[t], h[t], c[t]),   y[t] = h[t+1],   hT, cT = h[T], c[T]
 *
 *   dh[T], dc[T] = dhT, dcT,   dx[t], dh[t], dc[t] = what lstmCell makes at x[t], h[t], c[t] of dh[t+1] + dy[t] and dc[t+1]
 *   dh0, dc0 = dh[0], dc[0],   dwIh, dwHh, db = the sums over all steps of what lstmCell makes of them
 *
 * Time first, as in PyTorch and ONNX; Keras has the batch first, its x transposed in the first two axes. All sequences
 * have T steps; one layer, one direction. Weights, bias and the order of the gates – input, forget, candidate, output –
 * are lstmCell's, and so are the conversions.
 *
 * Shapes  x [T,N,I]  h0 [N,H]  c0 [N,H]  wIh [4H,I]  wHh [4H,H]  b [4H]  →  y [T,N,H]  hT [N,H]  cT [N,H]
 * Units   y and hT are plain numbers from −1 to 1, cT any plain number
 * Errors  ShapeMismatch – the inputs disagree in N, I or H, or wIh, wHh and b have not 4H rows
 * Bound   as for rnn: the errors of states and cells are followed together, in ellipsoids (spreads.ts), through the rows of
 *         wHh of each gate and the slopes of the formulas above, to first order along the true states; what σ and tanh
 *         bend beyond their tangents, and products of two errors, count as roundings. Gates, cells and states are taken
 *         for independent of each other, which is right for any. dwIh, dwHh and db are sums over T·N of balls, of the
 *         depth that the backend declares. It costs 12H³ for each step, so that of large batches only the first sequences
 *         are followed so, and the others by a radius, through the spectral norms of wHh
 * Source  slide "LSTM nets"; as PyTorch's LSTM, with one bias
 */
export const lstm = defineOp({
  family: 'layer',
  formula: String.raw`(h_{t+1}, c_{t+1}) = \mathrm{lstmCell}(x_t, h_t, c_t),\quad y_t = h_{t+1}`,
  source: slide('LSTM nets'),
  attrs: noAttributes,
  inputs: { x: ['T', 'N', 'I'], h0: ['N', 'H'], c0: ['N', 'H'], wIh: ['G', 'I'], wHh: ['G', 'H'], b: ['G'] },
  outputs: { y: ['T', 'N', 'H'], hT: ['N', 'H'], cT: ['N', 'H'] },
  differentiable: ['x', 'h0', 'c0', 'wIh', 'wHh', 'b'],
  derive: (_, sizes) => ensureFourBlocks(sizes),
  bound: ({ inputs, sizes }) => {
    const { T, N, H } = sizes
    const stepsAt = stepsOf(inputs, sizes)
    const states = once((n) => {
      const steps = stepsAt(n)
      return { h: steps.map(({ h }) => apart(h)), c: steps.slice(-1).map(({ c }) => apart(c)) }
    })
    return {
      y: errorsOf(
        reshaped(
          [T, N, H],
          asBatch(T, N, H, (n) => states(n).h),
        ),
      ),
      hT: errorsOf(asBatch(1, N, H, (n) => states(n).h.slice(-1))),
      cT: errorsOf(asBatch(1, N, H, (n) => states(n).c)),
    }
  },
  boundBackward: ({ inputs, cotangents, sizes, depth }) => {
    const { T, N, I, H } = sizes
    const R = 4 * H
    const [ofX, ofH] = [blocksOf(inputs.wIh, H).map(transposed), blocksOf(inputs.wHh, H).map(transposed)]
    const keep = followed(sizes, inputs)
    const stepsAt = stepsOf(inputs, sizes)
    const terms = (w: readonly Matrix[], da: Gates<Spread>) =>
      w.map((rows, gate) => [rows, da[gate] as Spread] as const)
    const pulls = once((n) => {
      const steps = stepsAt(n)
      const cells = shiftedBy(
        stepOf(inputs.c0, n),
        steps.map(({ c }) => c),
      )
      const back = scanBack<Pull | undefined, Pull>(T, undefined, (after, t) => {
        const dy = stepOf(cotangents.y, n, t)
        const dh =
          after === undefined
            ? ofSpreads.plus(stepOf(cotangents.hT, n), dy)
            : sumsOfProducts(R + 1, terms(ofH, after.da), dy, keep(n))
        const { gates, c } = steps[t] as Step
        return lstmPull(ofSpreads, gates, cells[t] as Spread, c, dh, after?.dc ?? stepOf(cotangents.cT, n))
      })
      const first = back[0] as Pull
      return {
        x: back.map(({ da }) => sumsOfProducts(R, terms(ofX, da), none(I), 'reach')),
        h0: [sumsOfProducts(R, terms(ofH, first.da), none(H), 'reach')],
        c0: [apart(first.dc)],
        da: back.map(({ da }) => joined(da)),
        before: shiftedBy(
          stepOf(inputs.h0, n),
          steps.map(({ h }) => h),
        ).map(apart),
      }
    })
    const all = asBatch(T, N, R, (n) => pulls(n).da)
    const before = asBatch(T, N, H, (n) => pulls(n).before)
    return {
      x: errorsOf(
        reshaped(
          [T, N, I],
          asBatch(T, N, I, (n) => pulls(n).x),
        ),
      ),
      h0: errorsOf(asBatch(1, N, H, (n) => pulls(n).h0)),
      c0: errorsOf(asBatch(1, N, H, (n) => pulls(n).c0)),
      ...weightGradients(all, reshaped([T * N, I], given(inputs.x)), before, depth),
    }
  },
  multiplyAdds: ({ T, N, I, H }) => T * N * 4 * H * (I + H),
})
