import type { Cut } from '../../spec/axis.js'
import type { SizesOf } from '../../spec/catalogue.js'
import { expFunction } from '../functions.js'
import type { Kernel, Launch, Lowered, Outer, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

// a tensor is [outer, extent, inner]; a row is what differs along the axis only, so there are outer·inner
export const dims = ['extent', 'inner']
export const rows = /* wgsl */ `
fn place(row: u32, j: u32) -> u32 { return (row / dims.inner * dims.extent + j) * dims.inner + row % dims.inner; }
fn row_of(i: u32) -> u32 { return i / (dims.extent * dims.inner) * dims.inner + i % dims.inner; }
`

/**
 * most = max_j x_j, one invocation for each row: many rows, or short ones. It may miss NaN, which the sum of powers does
 * not.
 */
export const softmaxLargest = kernel({
  name: 'softmax.largest',
  reads: ['x'],
  writes: ['most'],
  dims,
  code: /* wgsl */ `
${rows}
fn element(row: u32) {
  var most = x(place(row, 0u));
  for (var j = 1u; j < dims.extent; j++) { most = max(most, x(place(row, j))); }
  set_most(row, most);
}
`,
})

/** most = max_j x_j, one workgroup for each row: every 64th element by one lane, then a tree */
export const softmaxLargestOfLong = kernel({
  name: 'softmax.largest.long',
  per: 'workgroup',
  reads: ['x'],
  writes: ['most'],
  dims,
  code: /* wgsl */ `
${rows}
var<workgroup> candidates: array<f32, 64>;

fn group(row: u32, lane: u32) {
  var own = x(place(row, min(lane, dims.extent - 1u)));
  for (var j = lane + 64u; j < dims.extent; j += 64u) { own = max(own, x(place(row, j))); }
  candidates[lane] = own;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { candidates[lane] = max(candidates[lane], candidates[lane + half]); }
  }
  if (lane == 0u) { set_most(row, candidates[0]); }
}
`,
})

/** total = Σ_j e^{x_j − most} */
export const softmaxTotal = reduction({
  name: 'softmax.total',
  reads: ['x', 'most'],
  writes: ['total'],
  dims,
  code: /* wgsl */ `
${rows}
${expFunction}
fn term(row: u32, j: u32) -> f32 { return exp_(x(place(row, j)) - most(row)); }
fn finish(row: u32, sum: f32) { set_total(row, sum); }
`,
})

/** y_i = e^{x_i − most}/total */
export const softmaxForward = kernel({
  name: 'softmax.forward',
  reads: ['x', 'most', 'total'],
  writes: ['y'],
  dims,
  code: /* wgsl */ `
${rows}
${expFunction}
fn element(i: u32) {
  let row = row_of(i);
  set_y(i, exp_(x(i) - most(row)) / total(row));
}
`,
})

/** mean = Σ_j y_j·dy_j */
export const softmaxMean = reduction({
  name: 'softmax.mean',
  reads: ['x', 'most', 'total', 'dy'],
  writes: ['mean'],
  dims,
  code: /* wgsl */ `
${rows}
${expFunction}
fn term(row: u32, j: u32) -> f32 {
  let i = place(row, j);
  return exp_(x(i) - most(row)) / total(row) * dy(i);
}
fn finish(row: u32, sum: f32) { set_mean(row, sum); }
`,
})

/** dx_i = y_i·(dy_i − mean) */
export const softmaxBackward = kernel({
  name: 'softmax.backward',
  reads: ['x', 'most', 'total', 'mean', 'dy'],
  writes: ['dx'],
  dims,
  code: /* wgsl */ `
${rows}
${expFunction}
fn element(i: u32) {
  let row = row_of(i);
  let y = exp_(x(i) - most(row)) / total(row);
  set_dx(i, y * (dy(i) - mean(row)));
}
`,
})

type Bind = Readonly<Record<string, Slot>>

/** The launch that finds every row's maximum, and the two kinds of launch that may follow. */
export const rowwise = ({ outer, extent, inner }: Cut) => {
  const sizes = { extent, inner }
  const count = outer * inner
  // one outer index takes extent·inner elements of a tensor and inner of what is one number for each row
  const outerOf = (bind: Bind): Outer => ({
    extent: outer,
    dims: [],
    slices: Object.fromEntries(
      Object.entries(bind).map(([name, slot]) => [name, slot.startsWith('tmp:') ? inner : extent * inner]),
    ),
  })
  const sum = (kernel: typeof softmaxTotal, bind: Bind): Launch =>
    reduce(kernel, count, extent, { bind, dims: sizes, outer: outerOf(bind) })
  const each = (kernel: Kernel, bind: Bind, elements = count * extent): Launch => ({
    kernel,
    bind,
    count: elements,
    dims: sizes,
    params: {},
    outer: outerOf(bind),
  })
  const most = scratch('most')
  const largest = extent > 64 && count < 4096 ? softmaxLargestOfLong : softmaxLargest
  return { count, most, largest: each(largest, { x: input('x'), most }, count), sum, each }
}

/** Every row's maximum and sum. */
const totals = (sizes: SizesOf<'softmax'>) => {
  const { count, most, largest, sum, each } = rowwise(sizes)
  const shared = { x: input('x'), most, total: scratch('total') }
  return {
    before: [largest, sum(softmaxTotal, shared)],
    shared,
    rows: { most: count, total: count },
    sum,
    each,
  }
}

export const forward: Lower<'softmax'> = ({ sizes }): Lowered => {
  const { before, shared, rows, each } = totals(sizes)
  return { launches: [...before, each(softmaxForward, { ...shared, y: output('y') })], scratch: rows }
}

export const backward: Lower<'softmax'> = ({ sizes }): Lowered => {
  const { before, shared, rows, sum, each } = totals(sizes)
  const given = { ...shared, dy: cotangent('y'), mean: scratch('mean') }
  return {
    launches: [...before, sum(softmaxMean, given), each(softmaxBackward, { ...given, dx: gradient('x') })],
    scratch: { ...rows, mean: sizes.outer * sizes.inner },
  }
}
