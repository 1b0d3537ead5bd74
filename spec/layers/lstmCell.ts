import { either as E } from 'fp-ts'
import { noAttributes } from '../attributes.js'
import type { Arithmetic, Balls } from '../balls.js'
import { ballAt, balls, errorsOf, given, ofBalls } from '../balls.js'
import type { Result } from '../error.js'
import { ensure } from '../error.js'
import { defineOp, slide } from '../op.js'
import { preactivations, pulledBack, weightGradients } from './recurrent.js'

/** What belongs to each gate, in the order of their blocks of rows: input, forget, candidate, output. */
export type Gates<V> = readonly [i: V, f: V, g: V, o: V]

export const eachGate = <V>(f: (gate: number) => V): Gates<V> => [f(0), f(1), f(2), f(3)]

/** i, f, o = σ(a),   g = tanh a */
export const gatesOf = <V>({ sigmoid, tanh }: Arithmetic<V>, [i, f, g, o]: Gates<V>): Gates<V> => [
  sigmoid(i),
  sigmoid(f),
  tanh(g),
  sigmoid(o),
]

/** c′ = f·c + i·g,   h′ = o·tanh c′ */
export const lstmStep = <V>({ plus, times, tanh }: Arithmetic<V>, [i, f, g, o]: Gates<V>, c: V) => {
  const next = plus(times(f, c), times(i, g))
  return { c: next, h: times(o, tanh(next)) }
}

/** The gradients of the pre-activations and of the cell before, from those of a step's c′ and h′. */
export const lstmPull = <V>(
  { plus, times, tanh, oneMinusSquare, timesOneMinus }: Arithmetic<V>,
  [i, f, g, o]: Gates<V>,
  c: V,
  next: V,
  dh: V,
  dnext: V,
): { readonly da: Gates<V>; readonly dc: V } => {
  const squashed = tanh(next)
  // dc̃ = dc′ + dh′·o·(1 − tanh² c′)
  const pull = plus(dnext, times(times(dh, o), oneMinusSquare(squashed)))
  return {
    da: [
      times(times(pull, g), timesOneMinus(i)),
      times(times(pull, c), timesOneMinus(f)),
      times(times(pull, i), oneMinusSquare(g)),
      times(times(dh, squashed), timesOneMinus(o)),
    ],
    dc: times(pull, f),
  }
}

/** Balls of all rows [N,4H], gate by gate [N,H]; and the other way round. */
const inBlocks = (a: Balls): Gates<Balls> => {
  const [N, H] = [a.shape[0] as number, (a.shape[1] as number) / 4]
  return eachGate((gate) => balls([N, H], (at) => ballAt(a, (Math.floor(at / H) * 4 + gate) * H + (at % H))))
}

const asRows = (gates: Gates<Balls>): Balls => {
  const [N, H] = gates[0].shape as readonly [number, number]
  return balls([N, 4 * H], (at) => {
    const row = at % (4 * H)
    return ballAt(gates[Math.floor(row / H)] as Balls, Math.floor(at / (4 * H)) * H + (row % H))
  })
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
 * Admits  1 − g² and 1 − tanh² c′ as they stand
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
    const gates = gatesOf(ofBalls, inBlocks(preactivations(inputs, given(inputs.x), given(inputs.h))))
    const { h, c } = lstmStep(ofBalls, gates, given(inputs.c))
    return { h: errorsOf(h), c: errorsOf(c) }
  },
  boundBackward: ({ inputs, cotangents, depth }) => {
    const [x, h, c] = [given(inputs.x), given(inputs.h), given(inputs.c)]
    const gates = gatesOf(ofBalls, inBlocks(preactivations(inputs, x, h)))
    const next = lstmStep(ofBalls, gates, c).c
    const { da, dc } = lstmPull(ofBalls, gates, c, next, given(cotangents.h), given(cotangents.c))
    const rows = asRows(da)
    return {
      x: errorsOf(pulledBack(inputs.wIh, rows)),
      h: errorsOf(pulledBack(inputs.wHh, rows)),
      c: errorsOf(dc),
      ...weightGradients(rows, x, h, depth),
    }
  },
  multiplyAdds: ({ N, I, H }) => N * 4 * H * (I + H),
})
