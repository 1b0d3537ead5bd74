import { either as E } from 'fp-ts'
import { noAttributes } from '../attributes.js'
import { plus, sigmoidOf, times } from '../ball.js'
import type { Ball } from '../ball.js'
import type { Balls } from '../balls.js'
import { ballAt, balls, errorsOf, given, mapBalls, oneMinusSquare, tanhOf, timesOneMinus, zipBalls } from '../balls.js'
import type { Result } from '../error.js'
import { ensure } from '../error.js'
import { defineOp, slide } from '../op.js'
import type { Weights } from './recurrent.js'
import { preactivations, pulledBack, weightGradients } from './recurrent.js'

/** What a step leaves behind, in balls: the four gates side by side [N,4H], the new cell and the new state. */
export interface LstmStep {
  readonly gates: Balls
  readonly c: Balls
  readonly h: Balls
}

const H = (c: Balls): number => c.shape[1] as number

/** The gates of the cell at a place, as the formula names them. */
const gatesAt = (gates: Balls, units: number, at: number): readonly [i: Ball, f: Ball, g: Ball, o: Ball] => {
  const first = Math.floor(at / units) * 4 * units + (at % units)
  const gate = (block: number): Ball => ballAt(gates, first + block * units)
  return [gate(0), gate(1), gate(2), gate(3)]
}

/** c′ = f·c + i·g and h′ = o·tanh c′ in balls. */
export const lstmStep = (weights: Weights, x: Balls, h: Balls, c: Balls): LstmStep => {
  const units = H(c)
  const a = preactivations(weights, x, h)
  const gates = balls(a.shape, (at) => (Math.floor(at / units) % 4 === 2 ? tanhOf : sigmoidOf)(ballAt(a, at)))
  const next = balls(c.shape, (at) => {
    const [i, f, g] = gatesAt(gates, units, at)
    return plus(times(f, ballAt(c, at)), times(i, g))
  })
  const state = balls(c.shape, (at) => {
    const [, , , o] = gatesAt(gates, units, at)
    return times(o, tanhOf(ballAt(next, at)))
  })
  return { gates, c: next, h: state }
}

/** The gradients of the pre-activations [N,4H] and of the cell before, in balls, from those of a step's c′ and h′. */
export const lstmPull = (
  { gates, c: next }: Pick<LstmStep, 'gates' | 'c'>,
  c: Balls,
  dnextH: Balls,
  dnextC: Balls,
): { readonly da: Balls; readonly dc: Balls } => {
  const units = H(c)
  const squashed = mapBalls(tanhOf, next)
  // dc = dc′ + dh′·o·(1 − tanh² c′)
  const ofNext = balls(c.shape, (at) => {
    const [, , , o] = gatesAt(gates, units, at)
    const slope = oneMinusSquare(ballAt(squashed, at))
    return plus(ballAt(dnextC, at), times(times(ballAt(dnextH, at), o), slope))
  })
  const da = balls(gates.shape, (place) => {
    const [n, row] = [Math.floor(place / (4 * units)), place % (4 * units)]
    const at = n * units + (row % units)
    const [i, f, g, o] = gatesAt(gates, units, at)
    const [dc, dh] = [ballAt(ofNext, at), ballAt(dnextH, at)]
    const pulls = [
      () => times(times(dc, g), timesOneMinus(i)),
      () => times(times(dc, ballAt(c, at)), timesOneMinus(f)),
      () => times(times(dc, i), oneMinusSquare(g)),
      () => times(times(dh, ballAt(squashed, at)), timesOneMinus(o)),
    ] as const
    return (pulls[Math.floor(row / units)] as () => Ball)()
  })
  const forgotten = balls(c.shape, (at) => gatesAt(gates, units, at)[1])
  return { da, dc: zipBalls(times, ofNext, forgotten) }
}

/** Four blocks of H rows. Errors: ShapeMismatch. */
export const ensureFourBlocks = ({ G, H }: { readonly G: number; readonly H: number }): Result<Record<never, never>> =>
  E.map(() => ({}))(
    ensure(G === 4 * H, 'ShapeMismatch', `wIh, wHh and b have ${G} rows; 4 gates of ${H} units are ${4 * H}`),
  )

/**
 * One step of a long short-term memory: a cell that gates may keep, fill and show.
 *
 *   a[n,r] = b[r] + Σ_i wIh[r,i]·x[n,i] + Σ_k wHh[r,k]·h[n,k],   r in four blocks of H rows
 *   i, f, o = σ(a) of blocks 0, 1 and 3,   g = tanh a of block 2:   input, forget, candidate, output
 *   c′ = f·c + i·g,   h′ = o·tanh c′
 *
 *   dc̃ = dc′ + dh′·o·(1 − tanh² c′),   dc = dc̃·f
 *   da of i: dc̃·g·i·(1 − i),   of f: dc̃·c·f·(1 − f),   of g: dc̃·i·(1 − g)·(1 + g),   of o: dh′·tanh c′·o·(1 − o)
 *   dx[n,i] = Σ_r wIh[r,i]·da[n,r],   dh[n,k] = Σ_r wHh[r,k]·da[n,r]
 *   dwIh[r,i] = Σ_n da[n,r]·x[n,i],   dwHh[r,k] = Σ_n da[n,r]·h[n,k],   db[r] = Σ_n da[n,r]
 *
 * Order of the gates: input, forget, candidate, output, as in PyTorch (i f g o), Keras (i f c o) and WebNN's layout "ifgo";
 * ONNX has i o f c and WebNN's default is "iofg", so that their blocks 0 1 2 3 are ours 0 3 1 2; TensorFlow 1's
 * BasicLSTMCell has i j f o, ours 0 2 1 3, and adds 1 to the forget gate, as b may. One bias, as in Keras; PyTorch, ONNX
 * and WebNN add two, of which b is the sum. Rows of weights are outputs, as in PyTorch and ONNX; Keras's kernels are the
 * transposed. The plain sigmoid gates, not tfjs's hard one; no peepholes, no projection, no clipping.
 *
 * Shapes  x [N,I]  h [N,H]  c [N,H]  wIh [4H,I]  wHh [4H,H]  b [4H]  →  h [N,H]  c [N,H], the new ones
 * Units   h is a plain number from −1 to 1, c any plain number; b carries the unit of wIh·x, a plain number
 * Errors  ShapeMismatch – the inputs disagree in N, I or H, or wIh, wHh and b have not 4H rows
 * Bound   in balls: a: I + H products and b in any order, γ(I + H + 1) of its terms by magnitude. Gates: a's error by the
 *         largest slope near a, and what σ (6ε, (11 + 2|a|)ε below 0) and tanh (9ε) may err. Slopes: the gate's error
 *         once, by |1 − 2i| or 2|g|. dx and dh: da's errors, and γ(4H); dwIh, dwHh and db: da's errors, a product and a
 *         sum of the depth that the backend declares
 * Source  slide "LSTM nets"; as PyTorch's LSTMCell, with one bias
 */
export const lstmCell = defineOp({
  family: 'layer',
  formula: String.raw`c' = \sigma(a_f)\, c + \sigma(a_i) \tanh a_g,\quad h' = \sigma(a_o) \tanh c',\quad a = b + W^{ih} x + W^{hh} h`,
  source: slide('LSTM nets'),
  attrs: noAttributes,
  inputs: { x: ['N', 'I'], h: ['N', 'H'], c: ['N', 'H'], wIh: ['G', 'I'], wHh: ['G', 'H'], b: ['G'] },
  outputs: { h: ['N', 'H'], c: ['N', 'H'] },
  differentiable: ['x', 'h', 'c', 'wIh', 'wHh', 'b'],
  derive: (_, sizes) => ensureFourBlocks(sizes),
  bound: ({ inputs }) => {
    const { h, c } = lstmStep(inputs, given(inputs.x), given(inputs.h), given(inputs.c))
    return { h: errorsOf(h), c: errorsOf(c) }
  },
  boundBackward: ({ inputs, cotangents, depth }) => {
    const [x, h, c] = [given(inputs.x), given(inputs.h), given(inputs.c)]
    const { da, dc } = lstmPull(lstmStep(inputs, x, h, c), c, given(cotangents.h), given(cotangents.c))
    return {
      x: errorsOf(pulledBack(inputs.wIh, da)),
      h: errorsOf(pulledBack(inputs.wHh, da)),
      c: errorsOf(dc),
      ...weightGradients(da, x, h, depth),
    }
  },
  multiplyAdds: ({ N, I, H }) => N * 4 * H * (I + H),
})
