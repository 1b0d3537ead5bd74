import { at, f32, tanh, zeros } from '../arithmetic.js'
import { sigmoid } from '../activations/sigmoid.js'
import type { Backward, Forward, Tensor32 } from '../kernel.js'
import type { Extents } from './recurrent.js'
import { addAffineGradients, affine, pulledBack } from './recurrent.js'

export interface GruWeights {
  readonly wIh: Tensor32
  readonly wHh: Tensor32
  readonly bIh: Tensor32
  readonly bHh: Tensor32
}

/** A step's gates, reset, update and new, what the new one sees of the state, q, and the new state: each [N,H]. */
export interface GruStep {
  readonly r: Float32Array
  readonly z: Float32Array
  readonly g: Float32Array
  readonly q: Float32Array
  readonly h: Float32Array
}

/** s = bIh + wIh·x,   u = bHh + wHh·h,   r, z = σ(s + u),   q = u,   g = tanh(s + r·q),   h′ = (1 − z)·g + z·h */
export const gruStep = (
  { wIh, wHh, bIh, bHh }: GruWeights,
  x: Float32Array,
  h: Float32Array,
  { N, H }: Extents,
): GruStep => {
  const [s, u] = [affine(wIh, bIh, x, N), affine(wHh, bHh, h, N)]
  const step = {
    r: new Float32Array(N * H),
    z: new Float32Array(N * H),
    g: new Float32Array(N * H),
    q: new Float32Array(N * H),
    h: new Float32Array(N * H),
  }
  for (let n = 0; n < N; n++)
    for (let j = 0; j < H; j++) {
      const [unit, row] = [n * H + j, n * 3 * H + j]
      const r = sigmoid(f32(at(s, row) + at(u, row)))
      const z = sigmoid(f32(at(s, row + H) + at(u, row + H)))
      const q = at(u, row + 2 * H)
      const g = tanh(f32(at(s, row + 2 * H) + f32(r * q)))
      step.r[unit] = r
      step.z[unit] = z
      step.q[unit] = q
      step.g[unit] = g
      step.h[unit] = f32(f32(f32(1 - z) * g) + f32(z * at(h, unit)))
    }
  return step
}

/**
 * ds of g: dh′·(1 − z)·(1 − g²),   of r: ds(g)·q·r·(1 − r),   of z: dh′·(h − g)·z·(1 − z)
 * du of r and z: their ds,   of q: ds(g)·r;   straight to the state before: dh′·z
 */
export const gruPull = (
  { r, z, g, q }: GruStep,
  h: Float32Array,
  dnext: Float32Array,
  { N, H }: Extents,
): { readonly ds: Float32Array; readonly du: Float32Array; readonly straight: Float32Array } => {
  const [ds, du, straight] = [new Float32Array(N * 3 * H), new Float32Array(N * 3 * H), new Float32Array(N * H)]
  for (let n = 0; n < N; n++)
    for (let j = 0; j < H; j++) {
      const [unit, row] = [n * H + j, n * 3 * H + j]
      const [reset, keep, fresh, dh] = [at(r, unit), at(z, unit), at(g, unit), at(dnext, unit)]
      const dg = f32(f32(dh * f32(1 - keep)) * f32(1 - f32(fresh * fresh)))
      const dr = f32(f32(dg * at(q, unit)) * f32(reset * f32(1 - reset)))
      const dz = f32(f32(dh * f32(at(h, unit) - fresh)) * f32(keep * f32(1 - keep)))
      ds[row] = dr
      ds[row + H] = dz
      ds[row + 2 * H] = dg
      du[row] = dr
      du[row + H] = dz
      du[row + 2 * H] = f32(dg * reset)
      straight[unit] = f32(dh * keep)
    }
  return { ds, du, straight }
}

/** dh = dh′·z + wHhᵀ·du */
export const gruPulledBack = (wHh: Tensor32, du: Float32Array, straight: Float32Array, N: number): Float32Array =>
  pulledBack(wHh, du, N).map((d, unit) => f32(at(straight, unit) + d))

/** Gradients of weights and biases, zeros yet. */
export const noGradients = ({ wIh, wHh, bIh, bHh }: GruWeights) => ({
  wIh: zeros(wIh.shape),
  wHh: zeros(wHh.shape),
  bIh: zeros(bIh.shape),
  bHh: zeros(bHh.shape),
})

export const forward: Forward<'gruCell'> = (_, { x, h, ...weights }, sizes) => ({
  h: { shape: h.shape, data: gruStep(weights, x.data, h.data, sizes).h },
})

// dx[n,i] = Σ_p wIh[p,i]·ds[n,p];   dwIh, dbIh: sums over n of ds by x and 1, dwHh, dbHh: of du by h and 1
export const backward: Backward<'gruCell'> = (_, { x, h, ...weights }, { h: dnext }, sizes) => {
  const { N } = sizes
  const step = gruStep(weights, x.data, h.data, sizes)
  const { ds, du, straight } = gruPull(step, h.data, dnext.data, sizes)
  const gradients = noGradients(weights)
  addAffineGradients(gradients.wIh, gradients.bIh, ds, x.data, N)
  addAffineGradients(gradients.wHh, gradients.bHh, du, h.data, N)
  return {
    x: { shape: x.shape, data: pulledBack(weights.wIh, ds, N) },
    h: { shape: h.shape, data: gruPulledBack(weights.wHh, du, straight, N) },
    ...gradients,
  }
}
