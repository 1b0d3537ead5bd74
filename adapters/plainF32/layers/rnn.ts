import { at, f32, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'
import { addGradients, pulledBack } from './recurrent.js'
import { rnnPull, rnnStep } from './rnnCell.js'

// h[0] = h0,   h[t+1] = rnnCell(x[t], h[t]),   y[t] = h[t+1],   hT = h[T]
export const forward: Forward<'rnn'> = (_, { x, h0, ...weights }, sizes) => {
  const { T, N, I, H } = sizes
  const y = zeros([T, N, H])
  let h = h0.data
  for (let t = 0; t < T; t++) {
    h = rnnStep(weights, x.data.subarray(t * N * I, (t + 1) * N * I), h, sizes)
    y.data.set(h, t * N * H)
  }
  return { y, hT: { shape: h0.shape, data: h } }
}

// from the last step to the first: dh[t+1] = what step t + 1 sent back, or dhT, + dy[t];   step t makes dx[t], dh[t] of
// it and adds to dwIh, dwHh and db;   dh0 = dh[0]
export const backward: Backward<'rnn'> = (attrs, inputs, { y: dy, hT: dhT }, sizes) => {
  const { x, h0, ...weights } = inputs
  const { wIh, wHh, b } = weights
  const { T, N, I, H } = sizes
  const { y } = forward(attrs, inputs, sizes)
  const dx = zeros(x.shape)
  const gradients = { wIh: zeros(wIh.shape), wHh: zeros(wHh.shape), b: zeros(b.shape) }
  let dh = dhT.data
  for (let t = T - 1; t >= 0; t--) {
    const next = y.data.subarray(t * N * H, (t + 1) * N * H)
    const before = t === 0 ? h0.data : y.data.subarray((t - 1) * N * H, t * N * H)
    const arriving = dh.map((d, i) => f32(d + at(dy.data, t * N * H + i)))
    const da = rnnPull(next, arriving)
    dx.data.set(pulledBack(wIh, da, N), t * N * I)
    addGradients(gradients, da, x.data.subarray(t * N * I, (t + 1) * N * I), before, sizes)
    dh = pulledBack(wHh, da, N)
  }
  return { x: dx, h0: { shape: h0.shape, data: dh }, ...gradients }
}
