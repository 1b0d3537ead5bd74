import { at, f32, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import type { LstmStep } from './lstmCell.js'
import { lstmPull, lstmStep } from './lstmCell.js'
import type { Extents, Weights } from './recurrent.js'
import { addGradients, pulledBack } from './recurrent.js'

// h[0], c[0] = h0, c0,   h[t+1], c[t+1] = lstmCell(x[t], h[t], c[t])
const stepsOf = (
  weights: Weights,
  x: Float32Array,
  h0: Float32Array,
  c0: Float32Array,
  sizes: Extents & { readonly T: number },
): readonly LstmStep[] => {
  const { T, N, I } = sizes
  const steps: LstmStep[] = []
  let [h, c] = [h0, c0]
  for (let t = 0; t < T; t++) {
    const step = lstmStep(weights, x.subarray(t * N * I, (t + 1) * N * I), h, c, sizes)
    steps.push(step)
    h = step.h
    c = step.c
  }
  return steps
}

// y[t] = h[t+1],   hT, cT = h[T], c[T]
export const forward: Forward<'lstm'> = (_, { x, h0, c0, ...weights }, sizes) => {
  const { T, N, H } = sizes
  const steps = stepsOf(weights, x.data, h0.data, c0.data, sizes)
  const y = zeros([T, N, H])
  steps.forEach(({ h }, t) => y.data.set(h, t * N * H))
  const last = steps[T - 1] as LstmStep
  return { y, hT: { shape: h0.shape, data: last.h }, cT: { shape: c0.shape, data: last.c } }
}

// from the last step to the first: dh[t+1] = what step t + 1 sent back, or dhT, + dy[t], and dc[t+1] likewise, or dcT;
// step t makes dx[t], dh[t], dc[t] of them and adds to dwIh, dwHh and db;   dh0, dc0 = dh[0], dc[0]
export const backward: Backward<'lstm'> = (_, { x, h0, c0, ...weights }, { y: dy, hT: dhT, cT: dcT }, sizes) => {
  const { wIh, wHh, b } = weights
  const { T, N, I, H } = sizes
  const steps = stepsOf(weights, x.data, h0.data, c0.data, sizes)
  const dx = zeros(x.shape)
  const gradients = { wIh: zeros(wIh.shape), wHh: zeros(wHh.shape), b: zeros(b.shape) }
  let [dh, dc] = [dhT.data, dcT.data]
  for (let t = T - 1; t >= 0; t--) {
    const before = t === 0 ? { h: h0.data, c: c0.data } : (steps[t - 1] as LstmStep)
    const arriving = dh.map((d, i) => f32(d + at(dy.data, t * N * H + i)))
    const pull = lstmPull(steps[t] as LstmStep, before.c, arriving, dc, sizes)
    dx.data.set(pulledBack(wIh, pull.da, N), t * N * I)
    addGradients(gradients, pull.da, x.data.subarray(t * N * I, (t + 1) * N * I), before.h, sizes)
    dh = pulledBack(wHh, pull.da, N)
    dc = pull.dc
  }
  return { x: dx, h0: { shape: h0.shape, data: dh }, c0: { shape: c0.shape, data: dc }, ...gradients }
}
