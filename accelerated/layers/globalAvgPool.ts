import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/** y[n,c] = Σ_k x[n,c,k]/area, k running over the pixels of the plane n,c. A constant plane gives its constant. */
export const globalAvgPoolForward = reduction({
  name: 'globalAvgPool.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['area'],
  code: /* wgsl */ `
fn term(plane: u32, k: u32) -> f32 { return x(plane * dims.terms + k); }
fn finish(plane: u32, sum: f32) { set_y(plane, sum / params.area); }
`,
})

/** dx[n,c,r,s] = dy[n,c]/area */
export const globalAvgPoolBackward = kernel({
  name: 'globalAvgPool.backward',
  reads: ['dy'],
  writes: ['dx'],
  dims: ['H', 'W'],
  params: ['area'],
  code: /* wgsl */ `
fn element(i: u32) { set_dx(i, dy(i / (dims.H * dims.W)) / params.area); }
`,
})

export const forward: Lower<'globalAvgPool'> = ({ sizes: { N, C, H, W } }) =>
  launches(
    reduce(globalAvgPoolForward, N * C, H * W, {
      bind: { x: input('x'), y: output('y') },
      params: { area: H * W },
      outer: { extent: N * C, dims: [], slices: { x: H * W, y: 1 } },
    }),
  )

export const backward: Lower<'globalAvgPool'> = ({ sizes: { N, C, H, W } }) =>
  launches({
    kernel: globalAvgPoolBackward,
    bind: { dy: cotangent('y'), dx: gradient('x') },
    count: N * C * H * W,
    dims: { H, W },
    params: { area: H * W },
    outer: { extent: N * C, dims: [], slices: { dy: 1, dx: H * W } },
  })
