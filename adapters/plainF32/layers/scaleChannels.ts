import { at, f32, zeros } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,c,h,w] = s[n,c]·x[n,c,h,w]
export const forward: Forward<'scaleChannels'> = (_, { x, s }, { H, W }) => {
  const y = zeros(x.shape)
  for (let map = 0; map < s.data.length; map++)
    for (let place = map * H * W; place < (map + 1) * H * W; place++)
      y.data[place] = f32(at(s.data, map) * at(x.data, place))
  return { y }
}

// dx[n,c,h,w] = s[n,c]·dy[n,c,h,w],   ds[n,c] = Σ_{h,w} dy[n,c,h,w]·x[n,c,h,w]
export const backward: Backward<'scaleChannels'> = (_, { x, s }, { y: dy }, { H, W }) => {
  const [dx, ds] = [zeros(x.shape), zeros(s.shape)]
  for (let map = 0; map < s.data.length; map++) {
    let sum = 0
    for (let place = map * H * W; place < (map + 1) * H * W; place++) {
      dx.data[place] = f32(at(s.data, map) * at(dy.data, place))
      sum = f32(sum + f32(at(dy.data, place) * at(x.data, place)))
    }
    ds.data[map] = sum
  }
  return { x: dx, s: ds }
}
