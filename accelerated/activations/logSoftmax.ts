import type { SizesOf } from '../../spec/catalogue.js'
import { expFunction, logFunction } from '../functions.js'
import type { Lowered } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduction } from '../reduction.js'
import { dims, rows, rowwise } from './softmax.js'

/** logTotal = log Σ_j e^{x_j − most}: one power of the sum is 1 */
export const logSoftmaxTotal = reduction({
  name: 'logSoftmax.total',
  reads: ['x', 'most'],
  writes: ['logTotal'],
  dims,
  code: /* wgsl */ `
${rows}
${expFunction}
${logFunction}
fn term(row: u32, j: u32) -> f32 { return exp_(x(place(row, j)) - most(row)); }
fn finish(row: u32, sum: f32) { set_logTotal(row, log_(sum)); }
`,
})

/** y_i = (x_i − most) − logTotal; in this order, for most + logTotal would lose the digits of logTotal */
export const logSoftmaxForward = kernel({
  name: 'logSoftmax.forward',
  reads: ['x', 'most', 'logTotal'],
  writes: ['y'],
  dims,
  code: /* wgsl */ `
${rows}
fn element(i: u32) {
  let row = row_of(i);
  let z = x(i) - most(row);
  set_y(i, z - logTotal(row));
}
`,
})

/** pull = Σ_j dy_j */
export const logSoftmaxPull = reduction({
  name: 'logSoftmax.pull',
  reads: ['dy'],
  writes: ['pull'],
  dims,
  code: /* wgsl */ `
${rows}
fn term(row: u32, j: u32) -> f32 { return dy(place(row, j)); }
fn finish(row: u32, sum: f32) { set_pull(row, sum); }
`,
})

/** dx_i = dy_i − e^{y_i}·pull */
export const logSoftmaxBackward = kernel({
  name: 'logSoftmax.backward',
  reads: ['x', 'most', 'logTotal', 'dy', 'pull'],
  writes: ['dx'],
  dims,
  code: /* wgsl */ `
${rows}
${expFunction}
fn element(i: u32) {
  let row = row_of(i);
  let z = x(i) - most(row);
  set_dx(i, dy(i) - exp_(z - logTotal(row)) * pull(row));
}
`,
})

/** Every row's maximum and the logarithm of its sum. */
const logTotals = (sizes: SizesOf<'logSoftmax'>) => {
  const { count, most, largest, sum, each } = rowwise(sizes)
  const shared = { x: input('x'), most, logTotal: scratch('logTotal') }
  return {
    before: [largest, sum(logSoftmaxTotal, shared)],
    shared,
    rows: { most: count, logTotal: count },
    sum,
    each,
    count,
  }
}

export const forward: Lower<'logSoftmax'> = ({ sizes }): Lowered => {
  const { before, shared, rows, each } = logTotals(sizes)
  return { launches: [...before, each(logSoftmaxForward, { ...shared, y: output('y') })], scratch: rows }
}

export const backward: Lower<'logSoftmax'> = ({ sizes }): Lowered => {
  const { before, shared, rows, sum, each, count } = logTotals(sizes)
  const given = { dy: cotangent('y'), pull: scratch('pull') }
  return {
    launches: [
      ...before,
      sum(logSoftmaxPull, given),
      each(logSoftmaxBackward, { ...shared, ...given, dx: gradient('x') }),
    ],
    scratch: { ...rows, pull: count },
  }
}
