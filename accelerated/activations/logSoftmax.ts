import { expFunction, logFunction } from '../functions.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { overRows, rowKernel } from '../rows.js'
import { powersInto } from './softmax.js'

/** y_i = (x_i − most) − log Σ_j e^{x_j − most}; in this order, for most + log Σ would lose the digits of the logarithm */
export const logSoftmaxForward = rowKernel({
  name: 'logSoftmax.forward',
  reads: ['x'],
  writes: ['y'],
  sums: ['total'],
  code: /* wgsl */ `
${expFunction}
${logFunction}
var<private> most: f32 = 0.0;
fn value(j: u32) -> f32 { return x(base + j * dims.inner); }
fn total_term(j: u32) -> f32 { return exp_(value(j) - most); }
fn whole_row(row: u32) {
  most = largest();
  let log_total = log_(sum_total());
  for (var j = lane; j < dims.extent; j += lanes) {
    let z = value(j) - most;
    set_y(base + j * dims.inner, z - log_total);
  }
}
`,
})

/** dx_i = dy_i − softmax(x)_i·Σ_j dy_j */
export const logSoftmaxBackward = rowKernel({
  name: 'logSoftmax.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  rereads: ['dx'],
  sums: ['total', 'pull'],
  code: /* wgsl */ `
${powersInto('dx')}
fn pull_term(j: u32) -> f32 { return dy(base + j * dims.inner); }
fn whole_row(row: u32) {
  most = largest();
  let total = sum_total();
  let pull = sum_pull();
  for (var j = lane; j < dims.extent; j += lanes) {
    let i = base + j * dims.inner;
    set_dx(i, dy(i) - dx(i) / total * pull);
  }
}
`,
})

export const forward: Lower<'logSoftmax'> = ({ sizes, subgroupSize }) =>
  launches(overRows(logSoftmaxForward, sizes, { bind: { x: input('x'), y: output('y') } }, subgroupSize))

export const backward: Lower<'logSoftmax'> = ({ sizes, subgroupSize }) =>
  launches(
    overRows(
      logSoftmaxBackward,
      sizes,
      { bind: { x: input('x'), dy: cotangent('y'), dx: gradient('x') } },
      subgroupSize,
    ),
  )
