import { expFunction } from '../functions.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { overRows, rowKernel } from '../rows.js'

// e^{x_j − most} of each number of a row, at most 1 and 1 for one of them; what it is written to keeps it for a second look
export const powersInto = (name: string): string => /* wgsl */ `
${expFunction}
var<private> most: f32 = 0.0;
fn value(j: u32) -> f32 { return x(base + j * dims.inner); }
fn total_term(j: u32) -> f32 {
  let power = exp_(value(j) - most);
  set_${name}(base + j * dims.inner, power);
  return power;
}
`

/** most = max_j x_j,   total = Σ_j e^{x_j − most},   y_i = e^{x_i − most}/total */
export const softmaxForward = rowKernel({
  name: 'softmax.forward',
  reads: ['x'],
  writes: ['y'],
  rereads: ['y'],
  sums: ['total'],
  code: /* wgsl */ `
${powersInto('y')}
fn whole_row(row: u32) {
  most = largest();
  let total = sum_total();
  for (var j = lane; j < dims.extent; j += lanes) {
    let i = base + j * dims.inner;
    set_y(i, y(i) / total);
  }
}
`,
})

/** mean = Σ_j y_j·dy_j,   dx_i = y_i·(dy_i − mean) */
export const softmaxBackward = rowKernel({
  name: 'softmax.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  rereads: ['dx'],
  sums: ['total', 'mean'],
  code: /* wgsl */ `
${powersInto('dx')}
var<private> total: f32 = 0.0;
fn mean_term(j: u32) -> f32 {
  let i = base + j * dims.inner;
  return dx(i) / total * dy(i);
}
fn whole_row(row: u32) {
  most = largest();
  total = sum_total();
  let mean = sum_mean();
  for (var j = lane; j < dims.extent; j += lanes) {
    let i = base + j * dims.inner;
    set_dx(i, dx(i) / total * (dy(i) - mean));
  }
}
`,
})

export const forward: Lower<'softmax'> = ({ sizes, subgroupSize }) =>
  launches(overRows(softmaxForward, sizes, { bind: { x: input('x'), y: output('y') } }, subgroupSize))

export const backward: Lower<'softmax'> = ({ sizes, subgroupSize }) =>
  launches(
    overRows(softmaxBackward, sizes, { bind: { x: input('x'), dy: cotangent('y'), dx: gradient('x') } }, subgroupSize),
  )
