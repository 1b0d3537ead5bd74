import { at, f32, tanh, zeros } from '../arithmetic.js'
import { sigmoid } from '../activations/sigmoid.js'
import type { Backward, Forward } from '../kernel.js'
import type { Extents, Weights } from './recurrent.js'
import { addGradients, preactivations, pulledBack } from './recurrent.js'

/** A step's four gates [N,4H], input, forget, candidate, output side by side, its new cell and its new state. */
export interface LstmStep {
  readonly gates: Float32Array
  readonly c: Float32Array
  readonly h: Float32Array
}

/** a = b + wIh·x + wHh·h,   i, f, o = σ(a),   g = tanh a,   c′ = f·c + i·g,   h′ = o·tanh c′ */
export const lstmStep = (
  weights: Weights,
  x: Float32Array,
  h: Float32Array,
  c: Float32Array,
  extents: Extents,
): LstmStep => {
  const { N, H } = extents
  const candidate = (place: number): boolean => Math.floor(place / H) % 4 === 2
  const gates = preactivations(weights, x, h, extents).map((a, place) => (candidate(place) ? tanh(a) : sigmoid(a)))
  const [nextC, nextH] = [new Float32Array(N * H), new Float32Array(N * H)]
  for (let n = 0; n < N; n++)
    for (let j = 0; j < H; j++) {
      const [unit, row] = [n * H + j, n * 4 * H + j]
      const [i, f, g, o] = [at(gates, row), at(gates, row + H), at(gates, row + 2 * H), at(gates, row + 3 * H)]
      nextC[unit] = f32(f32(f * at(c, unit)) + f32(i * g))
      nextH[unit] = f32(o * tanh(at(nextC, unit)))
    }
  return { gates, c: nextC, h: nextH }
}

/**
 * dc̃ = dc′ + dh′·o·(1 − tanh² c′),   dc = dc̃·f
 * da of i: dc̃·g·i·(1 − i),   of f: dc̃·c·f·(1 − f),   of g: dc̃·i·(1 − g²),   of o: dh′·tanh c′·o·(1 − o)
 */
export const lstmPull = (
  { gates, c: nextC }: LstmStep,
  c: Float32Array,
  dnextH: Float32Array,
  dnextC: Float32Array,
  { N, H }: Extents,
): { readonly da: Float32Array; readonly dc: Float32Array } => {
  const [da, dc] = [new Float32Array(N * 4 * H), new Float32Array(N * H)]
  for (let n = 0; n < N; n++)
    for (let j = 0; j < H; j++) {
      const [unit, row] = [n * H + j, n * 4 * H + j]
      const [i, f, g, o] = [at(gates, row), at(gates, row + H), at(gates, row + 2 * H), at(gates, row + 3 * H)]
      const squashed = tanh(at(nextC, unit))
      const dh = at(dnextH, unit)
      const through = f32(f32(dh * o) * f32(1 - f32(squashed * squashed)))
      const dcell = f32(at(dnextC, unit) + through)
      da[row] = f32(f32(dcell * g) * f32(i * f32(1 - i)))
      da[row + H] = f32(f32(dcell * at(c, unit)) * f32(f * f32(1 - f)))
      da[row + 2 * H] = f32(f32(dcell * i) * f32(1 - f32(g * g)))
      da[row + 3 * H] = f32(f32(dh * squashed) * f32(o * f32(1 - o)))
      dc[unit] = f32(dcell * f)
    }
  return { da, dc }
}

export const forward: Forward<'lstmCell'> = (_, { x, h, c, ...weights }, sizes) => {
  const step = lstmStep(weights, x.data, h.data, c.data, sizes)
  return { h: { shape: h.shape, data: step.h }, c: { shape: c.shape, data: step.c } }
}

// dx[n,i] = Σ_r wIh[r,i]·da[n,r],   dh[n,k] = Σ_r wHh[r,k]·da[n,r],   dwIh, dwHh, db: sums over n of da by x, h and 1
export const backward: Backward<'lstmCell'> = (_, { x, h, c, ...weights }, { h: dnextH, c: dnextC }, sizes) => {
  const { wIh, wHh, b } = weights
  const step = lstmStep(weights, x.data, h.data, c.data, sizes)
  const { da, dc } = lstmPull(step, c.data, dnextH.data, dnextC.data, sizes)
  const gradients = { wIh: zeros(wIh.shape), wHh: zeros(wHh.shape), b: zeros(b.shape) }
  addGradients(gradients, da, x.data, h.data, sizes)
  return {
    x: { shape: x.shape, data: pulledBack(wIh, da, sizes.N) },
    h: { shape: h.shape, data: pulledBack(wHh, da, sizes.N) },
    c: { shape: c.shape, data: dc },
    ...gradients,
  }
}
