import { noAttributes } from '../attributes.js'
import { errorsOf, given, reshaped } from '../balls.js'
import { once } from '../field.js'
import { defineOp } from '../op.js'
import { scan, scanBack } from '../scan.js'
import type { Matrix } from '../matrix.js'
import { matrixOf, rowsOf, transposed } from '../matrix.js'
import type { Keep, Spread } from '../spreads.js'
import { apart, certain, joined, none, ofSpreads, sumsOfProducts } from '../spreads.js'
import type { Tensor } from '../tensor.js'
import type { GruGates, GruPull, GruStep, GruWeights } from './gruCell.js'
import { eachGruGate, ensureThreeBlocks, gruGates, gruPull, gruState } from './gruCell.js'
import type { ScanSizes } from './recurrent.js'
import { asBatch, biasGradient, followed, shiftedBy, stepOf, weightGradient } from './recurrent.js'

type Inputs = GruWeights & { readonly x: Tensor; readonly h0: Tensor }

interface Step extends GruStep<Spread> {
  readonly h: Spread
}

interface Pull extends GruPull<Spread> {
  readonly dh: Spread
}

/** The rows of each gate. */
const blocksOf = (w: Tensor, H: number): GruGates<Matrix> => eachGruGate((gate) => rowsOf(w, gate * H, H))

// b as a term of a sum: a column of weights, by 1
const one: Spread = certain([1], 0, 1)
const columnsOf = ({ data }: Tensor, H: number): GruGates<Matrix> =>
  eachGruGate((gate) => matrixOf(H, 1, certain(data, gate * H, H).values))

/** The gates and states of a sequence of the batch, their errors together. */
const stepsOf = (inputs: Inputs, sizes: ScanSizes): ((n: number) => readonly Step[]) => {
  const { x, h0, wIh, wHh, bIh, bHh } = inputs
  const { T, I, H } = sizes
  const [ofX, ofH, ofOne] = [blocksOf(wIh, H), blocksOf(wHh, H), columnsOf(bHh, H)]
  const bias = eachGruGate((gate) => certain(bIh.data, gate * H, H))
  const keep = followed(sizes, inputs)
  return (n) =>
    scan<Pick<Step, 'h'>, Step>(T, { h: stepOf(h0, n) }, ({ h }, t) => {
      const fromX = (gate: number) => [ofX[gate] as Matrix, stepOf(x, n, t)] as const
      const fromH = (gate: number) => [[ofH[gate] as Matrix, h] as const, [ofOne[gate] as Matrix, one] as const]
      const whole = (gate: number): Spread =>
        sumsOfProducts(I + H + 2, [fromX(gate), ...fromH(gate)], bias[gate] as Spread, keep(n))
      const s = sumsOfProducts(I + 2, [fromX(2)], bias[2], keep(n))
      const q = sumsOfProducts(H + 1, fromH(2), none(H), keep(n))
      const step = gruGates(ofSpreads, I, [whole(0), whole(1), s], q)
      return { ...step, h: gruState(ofSpreads, step, h) }
    })
}

/**
 * A gated recurrent unit over a sequence: the cell `gruCell` at every step, from the state before.
 *
 *   h[0] = h0,   h[t+1] = gruCell(x[t], h[t]),   y[t] = h[t+1],   hT = h[T]
 *
 *   dh[T] = dhT,   dx[t], dh[t] = what gruCell makes at x[t], h[t] of dh[t+1] + dy[t],   dh0 = dh[0]
 *   dwIh, dwHh, dbIh, dbHh = the sums over all steps of what gruCell makes of them
 *
 * Time first, as in PyTorch and ONNX; Keras has the batch first, its x transposed in the first two axes. All sequences
 * have T steps; one layer, one direction. Weights, biases, where the reset gate stands and the order of the gates – reset,
 * update, new – are gruCell's, and so are the conversions.
 *
 * Shapes  x [T,N,I]  h0 [N,H]  wIh [3H,I]  wHh [3H,H]  bIh [3H]  bHh [3H]  →  y [T,N,H]  hT [N,H]
 * Units   y and hT are plain numbers, from −1 to 1 once h0 was
 * Errors  ShapeMismatch – the inputs disagree in N, I or H, or wIh, wHh, bIh and bHh have not 3H rows
 * Bound   as for lstm: the errors of states are followed together, in ellipsoids (spreads.ts), through the rows of wHh of
 *         each gate and the slopes of the formulas above, to first order along the true states; what σ and tanh bend beyond
 *         their tangents, and products of two errors, count as roundings. Gates and states are taken for independent of
 *         each other, which is right for any. dwIh, dwHh, dbIh and dbHh are sums over T·N of balls, of the depth that the
 *         backend declares. It costs 9H³ for each step, so that of large batches only the first sequences are followed
 *         so, and the others by a radius, through the spectral norms of wHh
 * Source  as gruCell; as PyTorch's GRU
 */
export const gru = defineOp({
  family: 'layer',
  formula: String.raw`h_{t+1} = \mathrm{gruCell}(x_t, h_t),\quad y_t = h_{t+1}`,
  source: 'Cho et al. 2014, eqs 5–8; PyTorch, torch.nn.GRU',
  attrs: noAttributes,
  inputs: { x: ['T', 'N', 'I'], h0: ['N', 'H'], wIh: ['G', 'I'], wHh: ['G', 'H'], bIh: ['G'], bHh: ['G'] },
  outputs: { y: ['T', 'N', 'H'], hT: ['N', 'H'] },
  differentiable: ['x', 'h0', 'wIh', 'wHh', 'bIh', 'bHh'],
  derive: (_, sizes) => ensureThreeBlocks(sizes),
  bound: ({ inputs, sizes }) => {
    const { T, N, H } = sizes
    const stepsAt = stepsOf(inputs, sizes)
    const states = once((n) => stepsAt(n).map(({ h }) => apart(h)))
    return {
      y: errorsOf(reshaped([T, N, H], asBatch(T, N, H, states))),
      hT: errorsOf(asBatch(1, N, H, (n) => states(n).slice(-1))),
    }
  },
  boundBackward: ({ inputs, cotangents, sizes, depth }) => {
    const { T, N, I, H } = sizes
    const R = 3 * H
    const [ofX, ofH] = [blocksOf(inputs.wIh, H).map(transposed), blocksOf(inputs.wHh, H).map(transposed)]
    const keep = followed(sizes, inputs)
    const stepsAt = stepsOf(inputs, sizes)
    const terms = (w: readonly Matrix[], da: GruGates<Spread>) =>
      w.map((rows, gate) => [rows, da[gate] as Spread] as const)
    const pulls = once((n) => {
      const steps = stepsAt(n)
      const states = shiftedBy(
        stepOf(inputs.h0, n),
        steps.map(({ h }) => h),
      )
      // 3H products, what comes straight, and dy: a product and 3H + 1 additions at most
      const before = ({ ofState, straight }: GruPull<Spread>, also: Spread, how: Keep): Spread =>
        ofSpreads.summed(R + 1, sumsOfProducts(R + 2, terms(ofH, ofState), also, how), straight)
      const back = scanBack<Pull | undefined, Pull>(T, undefined, (after, t) => {
        const dy = stepOf(cotangents.y, n, t)
        const dh = after === undefined ? ofSpreads.plus(stepOf(cotangents.hT, n), dy) : before(after, dy, keep(n))
        return { ...gruPull(ofSpreads, steps[t] as Step, states[t] as Spread, dh), dh }
      })
      return {
        x: back.map(({ ofInput }) => sumsOfProducts(R, terms(ofX, ofInput), none(I), 'reach')),
        h0: [before(back[0] as Pull, none(H), 'reach')],
        ds: back.map(({ ofInput }) => joined(ofInput)),
        du: back.map(({ ofState }) => joined(ofState)),
        before: states.map(apart),
      }
    })
    const [ds, du] = [asBatch(T, N, R, (n) => pulls(n).ds), asBatch(T, N, R, (n) => pulls(n).du)]
    const states = asBatch(T, N, H, (n) => pulls(n).before)
    const x = reshaped([T * N, I], given(inputs.x))
    return {
      x: errorsOf(
        reshaped(
          [T, N, I],
          asBatch(T, N, I, (n) => pulls(n).x),
        ),
      ),
      h0: errorsOf(asBatch(1, N, H, (n) => pulls(n).h0)),
      wIh: weightGradient(ds, x, depth),
      wHh: weightGradient(du, states, depth),
      bIh: biasGradient(ds, depth),
      bHh: biasGradient(du, depth),
    }
  },
  multiplyAdds: ({ T, N, I, H }) => T * N * 3 * H * (I + H),
})
