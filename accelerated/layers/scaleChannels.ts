import type { SizesOf } from '../../spec/catalogue.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/** y = s·x, map by map of `area` pixels */
export const scaleChannelsForward = kernel({
  name: 'scaleChannels.forward',
  reads: ['x', 's'],
  writes: ['y'],
  dims: ['area'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, s(i / dims.area) * x(i)); }
`,
})

/** ds = Σ dy·x over a map */
export const scaleChannelsBackwardS = reduction({
  name: 'scaleChannels.backward.s',
  reads: ['x', 'dy'],
  writes: ['ds'],
  code: /* wgsl */ `
fn term(at: u32, k: u32) -> f32 {
  let i = at * dims.terms + k;
  return dy(i) * x(i);
}
fn finish(at: u32, sum: f32) { set_ds(at, sum); }
`,
})

const scaled = ({ N, C, H, W }: SizesOf<'scaleChannels'>, x: Slot, y: Slot): Launch => ({
  kernel: scaleChannelsForward,
  bind: { x, s: input('s'), y },
  count: N * C * H * W,
  dims: { area: H * W },
  params: {},
  outer: { extent: N * C, dims: [], slices: { x: H * W, s: 1, y: H * W } },
})

export const forward: Lower<'scaleChannels'> = ({ sizes }) => launches(scaled(sizes, input('x'), output('y')))

/** dx is dy scaled as x was */
export const backward: Lower<'scaleChannels'> = ({ sizes, wants }) => {
  const { N, C, H, W } = sizes
  const ofS = reduce(scaleChannelsBackwardS, N * C, H * W, {
    bind: { x: input('x'), dy: cotangent('y'), ds: gradient('s') },
    outer: { extent: N * C, dims: [], slices: { x: H * W, dy: H * W, ds: 1 } },
  })
  return launches(wants('x') ? scaled(sizes, cotangent('y'), gradient('x')) : undefined, wants('s') ? ofS : undefined)
}
