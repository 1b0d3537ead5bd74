import { at, f32, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { GruStep, GruWeights } from './gruCell.js'
import { gruPull, gruPulledBack, gruStep, noGradients } from './gruCell.js'
import type { Extents } from './recurrent.js'
import { addAffineGradients, pulledBack } from './recurrent.js'

// h[0] = h0,   h[t+1] = gruCell(x[t], h[t])
const stepsOf = (
  weights: GruWeights,
  x: Float32Array,
  h0: Float32Array,
  sizes: Extents & { readonly T: number },
): readonly GruStep[] => {
  const { T, N, I } = sizes
  const steps: GruStep[] = []
  let h = h0
  for (let t = 0; t < T; t++) {
    const step = gruStep(weights, x.subarray(t * N * I, (t + 1) * N * I), h, sizes)
    steps.push(step)
    h = step.h
  }
  return steps
}

// y[t] = h[t+1],   hT = h[T]
export const forward: Forward<'gru'> = (_, { x, h0, ...weights }, sizes) => {
  const { T, N, H } = sizes
  const steps = stepsOf(weights, x.data, h0.data, sizes)
  const y = zeros([T, N, H])
  steps.forEach(({ h }, t) => y.data.set(h, t * N * H))
  return { y, hT: { shape: h0.shape, data: (steps[T - 1] as GruStep).h } }
}

// from the last step to the first: dh[t+1] = what step t + 1 sent back, or dhT, + dy[t];   step t makes dx[t], dh[t] of
// it and adds to dwIh, dwHh, dbIh and dbHh;   dh0 = dh[0]
export const backward: Backward<'gru'> = (_, { x, h0, ...weights }, { y: dy, hT: dhT }, sizes) => {
  const { T, N, I, H } = sizes
  const steps = stepsOf(weights, x.data, h0.data, sizes)
  const dx = zeros(x.shape)
  const gradients = noGradients(weights)
  let dh = dhT.data
  for (let t = T - 1; t >= 0; t--) {
    const before = t === 0 ? h0.data : (steps[t - 1] as GruStep).h
    const arriving = dh.map((d, i) => f32(d + at(dy.data, t * N * H + i)))
    const { ds, du, straight } = gruPull(steps[t] as GruStep, before, arriving, sizes)
    dx.data.set(pulledBack(weights.wIh, ds, N), t * N * I)
    addAffineGradients(gradients.wIh, gradients.bIh, ds, x.data.subarray(t * N * I, (t + 1) * N * I), N)
    addAffineGradients(gradients.wHh, gradients.bHh, du, before, N)
    dh = gruPulledBack(weights.wHh, du, straight, N)
  }
  return { x: dx, h0: { shape: h0.shape, data: dh }, ...gradients }
}
