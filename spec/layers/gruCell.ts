import { either as E } from 'fp-ts'
import { noAttributes } from '../attributes.js'
import type { Arithmetic, Balls } from '../balls.js'
import { ballAt, balls, errorsOf, given, ofBalls } from '../balls.js'
import type { Result } from '../error.js'
import { ensure } from '../error.js'
import { defineOp } from '../op.js'
import type { Tensor } from '../tensor.js'
import { affine, biasGradient, pulledBack, weightGradient } from './recurrent.js'

/** What belongs to each gate, in the order of their blocks of rows: reset, update, new. */
export type GruGates<V> = readonly [r: V, z: V, g: V]

export const eachGruGate = <V>(f: (gate: number) => V): GruGates<V> => [f(0), f(1), f(2)]

/** The gates of a step, and q, what the new gate sees of the state before it is reset. */
export interface GruStep<V> {
  readonly gates: GruGates<V>
  readonly q: V
}

/** r, z = σ(a),   g = tanh(s + r·q): r·q is a term like the I + 1 of s, and meets as many additions. */
export const gruGates = <V>(
  { sigmoid, tanh, times, summed }: Arithmetic<V>,
  I: number,
  [r, z, s]: GruGates<V>,
  q: V,
) => {
  const reset = sigmoid(r)
  return { gates: [reset, sigmoid(z), tanh(summed(I + 1, s, times(reset, q)))], q } as const satisfies GruStep<V>
}

/** h′ = (1 − z)·g + z·h */
export const gruState = <V>({ blended }: Arithmetic<V>, { gates: [, z, g] }: GruStep<V>, h: V): V => blended(z, g, h)

/**
 * The gradients of the rows' sums over inputs and over states, which differ in the new gate, and what of dh′ goes straight
 * to the state before.
 */
export interface GruPull<V> {
  readonly ofInput: GruGates<V>
  readonly ofState: GruGates<V>
  readonly straight: V
}

export const gruPull = <V>(
  { times, oneMinus, oneMinusSquare, timesOneMinus, difference }: Arithmetic<V>,
  { gates: [r, z, g], q }: GruStep<V>,
  h: V,
  dh: V,
): GruPull<V> => {
  const dg = times(times(dh, oneMinus(z)), oneMinusSquare(g))
  const dr = times(times(dg, q), timesOneMinus(r))
  const dz = times(times(dh, difference(h, g)), timesOneMinus(z))
  return { ofInput: [dr, dz, dg], ofState: [dr, dz, times(dg, r)], straight: times(dh, z) }
}

/** Block `gate` of rows [N,3H], as [N,H]; and rows of three such. */
const blockOf = (a: Balls, gate: number): Balls => {
  const [N, H] = [a.shape[0] as number, (a.shape[1] as number) / 3]
  return balls([N, H], (at) => ballAt(a, (Math.floor(at / H) * 3 + gate) * H + (at % H)))
}

const asRows = (gates: GruGates<Balls>): Balls => {
  const [N, H] = gates[0].shape as readonly [number, number]
  return balls([N, 3 * H], (at) => {
    const row = at % (3 * H)
    return ballAt(gates[Math.floor(row / H)] as Balls, Math.floor(at / (3 * H)) * H + (row % H))
  })
}

/** Three blocks of H rows. Errors: ShapeMismatch. */
export const ensureThreeBlocks = ({ G, H }: { readonly G: number; readonly H: number }): Result<Record<never, never>> =>
  E.map(() => ({}))(
    ensure(G === 3 * H, 'ShapeMismatch', `wIh, wHh, bIh and bHh have ${G} rows; 3 gates of ${H} units are ${3 * H}`),
  )

export interface GruWeights {
  readonly wIh: Tensor
  readonly wHh: Tensor
  readonly bIh: Tensor
  readonly bHh: Tensor
}

const stepOf = ({ wIh, wHh, bIh, bHh }: GruWeights, x: Balls, h: Balls): GruStep<Balls> => {
  const [I, H] = [x.shape[1] as number, h.shape[1] as number]
  // a gate is one sum of I + H products and two biases; that of the new gate is cut in two by r
  const [fromX, fromH] = [affine(I + H + 2, wIh, bIh, x), affine(I + H + 2, wHh, bHh, h)]
  const gate = (block: number): Balls => {
    const [ofX, ofH] = [blockOf(fromX, block), blockOf(fromH, block)]
    return balls(ofX.shape, (i) => {
      const [a, c] = [ballAt(ofX, i), ballAt(ofH, i)]
      return { value: a.value + c.value, error: a.error + c.error }
    })
  }
  const [s, q] = [blockOf(affine(I + 2, wIh, bIh, x), 2), blockOf(affine(H + 1, wHh, bHh, h), 2)]
  return gruGates(ofBalls, I, [gate(0), gate(1), s], q)
}

/**
 * One step of a gated recurrent unit: a state that one gate keeps, and a new one that sees as much of it as another lets
 * through.
 *
 *   s[n,p] = bIh[p] + Σ_i wIh[p,i]·x[n,i],   u[n,p] = bHh[p] + Σ_k wHh[p,k]·h[n,k],   p in three blocks of H rows
 *   r, z = σ(s + u) of blocks 0 and 1,   g = tanh(s + r·q) of block 2, q being its u:   reset, update, new
 *   h′ = (1 − z)·g + z·h
 *
 *   ds of g: dh′·(1 − z)·(1 − g)·(1 + g),   of r: ds(g)·q·r·(1 − r),   of z: dh′·(h − g)·z·(1 − z)
 *   du of r and z: their ds,   of q: ds(g)·r
 *   dx[n,i] = Σ_p wIh[p,i]·ds[n,p],   dh[n,k] = dh′·z + Σ_p wHh[p,k]·du[n,p]
 *   dwIh[p,i] = Σ_n ds[n,p]·x[n,i],   dwHh[p,k] = Σ_n du[n,p]·h[n,k],   dbIh[p] = Σ_n ds[n,p],   dbHh[p] = Σ_n du[n,p]
 *
 * The reset gate multiplies the product and its bias, as in PyTorch, Keras's reset_after=True and ONNX's
 * linear_before_reset=1; the first paper, Keras's reset_after=False and ONNX's and WebNN's defaults multiply the state
 * before the product. So there are two biases: of r and z only their sum counts, of g each by itself. z keeps the state; the
 * first paper's and Keras's gates are the same, but Keras and ONNX order them z r h, so that their blocks 0 1 2 are ours
 * 1 0 2. Rows of weights are outputs, as in PyTorch and ONNX; Keras's kernels are the transposed, and its bias [2,3H] has
 * the two as rows. PyTorch calls g n.
 *
 * Shapes  x [N,I]  h [N,H]  wIh [3H,I]  wHh [3H,H]  bIh [3H]  bHh [3H]  →  h [N,H], the new state
 * Units   h is a plain number, from −1 to 1 once it was; the biases carry the unit of wIh·x, a plain number
 * Errors  ShapeMismatch – the inputs disagree in N, I or H, or wIh, wHh, bIh and bHh have not 3H rows
 * Bound   in balls: r and z: I + H products and two biases in any order, γ(I + H + 2) of its terms by magnitude; q:
 *         γ(H + 1); s + r·q: γ(I + 2), r·q a term as the others. Gates: their sum's error by the largest slope near it,
 *         and what σ (6ε, (11 + 2|a|)ε below 0) and tanh (9ε) may err. h′: z's error by h − g, once, and γ(3) of g and
 *         z·h. Slopes: the gate's error once, by |1 − 2z| or 2|g|; 1 − z is rounded on the scale of 1, h − g twice on
 *         those of h and g. dx: ds's errors, and γ(3H); dh: du's and γ(3H + 1); dwIh, dwHh, dbIh and dbHh: errors of ds
 *         or du, a product and a sum of the depth that the backend declares
 * Admits  g + z·(h − g) in place of (1 − z)·g + z·h;
 *         dh′ − dh′·z and dh′·h − dh′·g in place of dh′·(1 − z) and dh′·(h − g), and 1 − g² as it stands
 * Source  Cho et al., "Learning phrase representations using RNN encoder–decoder for statistical machine translation"
 *         (2014), eqs 5–8, in the variant of cuDNN; as PyTorch's GRUCell
 */
export const gruCell = defineOp({
  family: 'layer',
  formula: String.raw`h' = (1 - z)\, g + z\, h,\quad r, z = \sigma(s + u),\quad g = \tanh(s_g + r\, u_g),\quad s = b^{ih} + W^{ih} x,\quad u = b^{hh} + W^{hh} h`,
  source: 'Cho et al. 2014, eqs 5–8; PyTorch, torch.nn.GRUCell',
  attrs: noAttributes,
  inputs: { x: ['N', 'I'], h: ['N', 'H'], wIh: ['G', 'I'], wHh: ['G', 'H'], bIh: ['G'], bHh: ['G'] },
  outputs: { h: ['N', 'H'] },
  differentiable: ['x', 'h', 'wIh', 'wHh', 'bIh', 'bHh'],
  derive: (_, sizes) => ensureThreeBlocks(sizes),
  bound: ({ inputs }) => {
    const [x, h] = [given(inputs.x), given(inputs.h)]
    return { h: errorsOf(gruState(ofBalls, stepOf(inputs, x, h), h)) }
  },
  boundBackward: ({ inputs, cotangents, sizes, depth }) => {
    const [x, h] = [given(inputs.x), given(inputs.h)]
    const { ofInput, ofState, straight } = gruPull(ofBalls, stepOf(inputs, x, h), h, given(cotangents.h))
    const [ds, du] = [asRows(ofInput), asRows(ofState)]
    const roundings = sizes.G + 1
    return {
      x: errorsOf(pulledBack(inputs.wIh, ds)),
      h: errorsOf(ofBalls.summed(roundings - 1, pulledBack(inputs.wHh, du, roundings), straight)),
      wIh: weightGradient(ds, x, depth),
      wHh: weightGradient(du, h, depth),
      bIh: biasGradient(ds, depth),
      bHh: biasGradient(du, depth),
    }
  },
  multiplyAdds: ({ N, I, H }) => N * 3 * H * (I + H),
})
