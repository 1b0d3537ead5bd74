import * as arithmetic from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

const { at, f32, zeros } = arithmetic

// y[n,c] = Σ_{r,s} x[n,c,r,s]/(H·W)
export const forward: Forward<'globalAvgPool'> = (_, { x }, { N, C, H, W }) => {
  const y = zeros([N, C])
  for (let map = 0; map < N * C; map++) {
    let sum = 0
    for (let place = map * H * W; place < (map + 1) * H * W; place++) sum = f32(sum + at(x.data, place))
    y.data[map] = f32(sum / (H * W))
  }
  return { y }
}

// dx[n,c,r,s] = dy[n,c]/(H·W)
export const backward: Backward<'globalAvgPool'> = (_, { x }, { y: dy }, { N, C, H, W }) => {
  const dx = zeros(x.shape)
  for (let map = 0; map < N * C; map++) {
    const share = f32(at(dy.data, map) / (H * W))
    for (let place = map * H * W; place < (map + 1) * H * W; place++) dx.data[place] = share
  }
  return { x: dx }
}
