import { noAttributes } from '../attributes.js'
import { plus } from '../ball.js'
import type { Balls } from '../balls.js'
import { errorsOf, given, made, partOf, reshaped, stacked, zipBalls } from '../balls.js'
import { defineOp, slide } from '../op.js'
import type { LstmStep } from './lstmCell.js'
import { ensureFourBlocks, lstmPull, lstmStep } from './lstmCell.js'
import { scan, scanBack } from '../scan.js'
import { asBatch, pulledBack, shiftedBy, weightGradients } from './recurrent.js'
import type { Weights } from './recurrent.js'

type LstmPull = ReturnType<typeof lstmPull>

const stepsOf = (weights: Weights, x: Balls, h0: Balls, c0: Balls): readonly LstmStep[] =>
  scan<Pick<LstmStep, 'h' | 'c'>, LstmStep>(x.shape[0] as number, { h: h0, c: c0 }, ({ h, c }, t) => {
    const step = lstmStep(weights, partOf(x, t), h, c)
    return { ...step, c: made(step.c), h: made(step.h) }
  })

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
 * Bound   the cell's, step by step: a state and a cell take their errors on to the next step, and so do their gradients,
 *         dy being one addition more. dwIh, dwHh and db are sums over T·N, of the depth that the backend declares. Where
 *         ‖wHh‖∞ is large bounds grow from step to step, as errors may
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
  bound: ({ inputs }) => {
    const steps = stepsOf(inputs, given(inputs.x), given(inputs.h0), given(inputs.c0))
    const last = steps.at(-1) as LstmStep
    return { y: errorsOf(stacked(steps.map(({ h }) => h))), hT: errorsOf(last.h), cT: errorsOf(last.c) }
  },
  boundBackward: ({ inputs, cotangents, sizes: { T, N, I }, depth }) => {
    const [x, h0, c0, dy] = [given(inputs.x), given(inputs.h0), given(inputs.c0), given(cotangents.y)]
    const steps = stepsOf(inputs, x, h0, c0)
    const cells = shiftedBy(
      c0,
      steps.map(({ c }) => c),
    )
    const pulls = scanBack<LstmPull | undefined, LstmPull>(T, undefined, (after, t) => {
      const arriving = partOf(dy, t)
      const dh =
        after === undefined
          ? zipBalls(plus, given(cotangents.hT), arriving)
          : pulledBack(inputs.wHh, after.da, arriving)
      const { da, dc } = lstmPull(steps[t] as LstmStep, cells[t] as Balls, dh, after?.dc ?? given(cotangents.cT))
      return { da: made(da), dc: made(dc) }
    })
    const first = pulls[0] as LstmPull
    const all = asBatch(pulls.map(({ da }) => da))
    const states = asBatch(
      shiftedBy(
        h0,
        steps.map(({ h }) => h),
      ),
    )
    return {
      x: errorsOf(reshaped([T, N, I], pulledBack(inputs.wIh, all))),
      h0: errorsOf(pulledBack(inputs.wHh, first.da)),
      c0: errorsOf(first.dc),
      ...weightGradients(all, reshaped([T * N, I], x), states, depth),
    }
  },
  multiplyAdds: ({ T, N, I, H }) => T * N * 4 * H * (I + H),
})
