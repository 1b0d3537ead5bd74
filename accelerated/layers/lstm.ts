import type { Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, product, productByFour } from '../tile.js'
import { lstmCellForward, lstmPull, lstmUpdate } from './lstmCell.js'
import type { ScanSizes } from './recurrent.js'
import { lastOf, pulledFrom, scanned, scannedBack } from './recurrent.js'

export { recurrentLast, recurrentOfWHh, recurrentOfWHhTiled, recurrentOfWHhVectors } from './recurrent.js'

/**
 * One time step of a sequence, as in `lstmCellForward`. The state before is that of y [T,N,H] which starts at `before`, the cell
 * before starts at `cellBefore` of c; the new ones are written at `at` and `cellAt`. c holds all cells or one alone.
 */
export const lstmTimeStep = productByFour({
  name: 'lstm.timeStep',
  reads: ['wHh', 'gates', 'y', 'c'],
  writes: ['gates', 'y', 'c'],
  dims: ['at', 'before', 'cellAt', 'cellBefore'],
  factors: /* wgsl */ `
fn left(n: u32, k: u32) -> f32 { return y(dims.before + n * dims.terms + k); }
fn right(k: u32, column: u32) -> f32 { return wHh(weight_row(column) * dims.terms + k); }
`,
  byVectors: {
    right: 'terms',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, k: u32) -> vec4<f32> {
  let i = dims.before + n * dims.terms + 4u * k;
  return vec4<f32>(y(i), y(i + 1u), y(i + 2u), y(i + 3u));
}
fn right(k: u32, column: u32) -> vec4<f32> { return wHh(weight_row(column) * (dims.terms / 4u) + k); }
`,
  },
  code: /* wgsl */ `
${lstmUpdate}
fn finish_row(n: u32, column: u32, sums: vec4<f32>) {
  if (n >= dims.rows) { return; }
  let j = column / 4u;
  let i = n * dims.terms + j;
  let next = update(4u * dims.at + n * dims.columns + j, c(dims.cellBefore + i), sums);
  set_y(dims.at + i, next.x);
  set_c(dims.cellAt + i, next.y);
}
`,
})

// the cell before the time whose elements start at `at`: c0, or that of the time before
const cellBefore = /* wgsl */ `
fn cell_before(i: u32, slot: u32) -> f32 {
  if (dims.at == 0u) { return c0(i); }
  return c(dims.at - slot + i);
}
`

/** da[T−1] in the place of the gates, and dc[T−1], from dhT + dy[T−1] and dcT */
export const lstmBackwardLast = kernel({
  name: 'lstm.backward.last',
  reads: ['gates', 'c0', 'c', 'dy', 'dhT', 'dcT'],
  writes: ['gates', 'dc'],
  dims: ['H', 'at', 'hasY', 'hasH', 'hasC'],
  code: /* wgsl */ `
${lstmPull}
${cellBefore}
fn element(i: u32) {
  let n = i / dims.H;
  var dh = 0.0;
  var dnext = 0.0;
  if (dims.hasH == 1u) { dh = dhT(i); }
  if (dims.hasY == 1u) { dh += dy(dims.at + i); }
  if (dims.hasC == 1u) { dnext = dcT(i); }
  let first = 4u * dims.at + n * 4u * dims.H + i % dims.H;
  set_dc(i, pull(first, dims.H, cell_before(i, dims.count), c(dims.at + i), dh, dnext));
}
`,
})

/** da[t] in the place of the gates, and dc[t] in that of dc[t+1], from dy[t] + Σ_r wHh[r,k]·da[t+1,n,r] and dc[t+1] */
export const lstmBackwardTimeStep = product({
  name: 'lstm.backward.timeStep',
  reads: ['wHh', 'gates', 'c0', 'c', 'dy', 'dc'],
  writes: ['gates', 'dc'],
  dims: ['at', 'after', 'hasY'],
  factors: /* wgsl */ `
fn left(n: u32, r: u32) -> f32 { return gates(4u * dims.after + n * dims.terms + r); }
fn right(r: u32, k: u32) -> f32 { return wHh(r * dims.columns + k); }
`,
  byVectors: {
    right: 'lines',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, r: u32) -> vec4<f32> {
  let i = 4u * dims.after + n * dims.terms + 4u * r;
  return vec4<f32>(gates(i), gates(i + 1u), gates(i + 2u), gates(i + 3u));
}
fn right(r: u32, k: u32) -> vec4<f32> { return wHh(r * (dims.columns / 4u) + k); }
`,
  },
  code: /* wgsl */ `
${lstmPull}
${cellBefore}
fn finish(n: u32, k: u32, sum: f32) {
  let i = n * dims.columns + k;
  var dh = sum;
  if (dims.hasY == 1u) { dh += dy(dims.at + i); }
  let first = 4u * dims.at + n * dims.terms + k;
  set_dc(i, pull(first, dims.columns, cell_before(i, dims.rows * dims.columns), c(dims.at + i), dh, dc(i)));
}
`,
})

const gates = scratch('gates')

/** All gates, states and cells. `keep`: c holds every cell. */
const statesInto = (y: Slot, c: Slot, keep: boolean, sizes: ScanSizes): readonly Launch[] => {
  const { N, H, subgroupSize } = sizes
  const [wHh, product, slot] = [input('wHh'), { rows: N, columns: 4 * H, terms: H }, N * H]
  const cell = (t: number): number => (keep ? t * slot : 0)
  return scanned(
    4 * H,
    sizes,
    gates,
    multiply(
      lstmCellForward,
      product,
      { h: input('h0'), c: input('c0'), wHh, gates, nextH: y, nextC: c },
      subgroupSize,
    ),
    (t) =>
      multiply(lstmTimeStep, product, { wHh, gates, y, c }, subgroupSize, {
        at: t * slot,
        before: (t - 1) * slot,
        cellAt: cell(t),
        cellBefore: cell(t - 1),
      }),
  )
}

export const forward: Lower<'lstm'> = ({ sizes, wants, subgroupSize }) => ({
  launches: [
    ...statesInto(output('y'), output('cT'), false, { ...sizes, subgroupSize }),
    ...lastOf(wants('hT'), { ...sizes, subgroupSize }),
  ],
  scratch: { gates: 4 * sizes.T * sizes.N * sizes.H },
})

export const backward: Lower<'lstm'> = ({ sizes: layer, given, wants, subgroupSize }) => {
  const sizes = { ...layer, subgroupSize }
  const { T, N, H } = sizes
  const [h, c, slot] = [scratch('h'), scratch('c'), N * H]
  const hasY = given('y') ? 1 : 0
  const bind = { gates, c0: input('c0'), c, dy: cotangent('y'), dc: gradient('c0') }
  const last: Launch = {
    kernel: lstmBackwardLast,
    bind: { ...bind, dhT: cotangent('hT'), dcT: cotangent('cT') },
    count: slot,
    dims: { H, at: (T - 1) * slot, hasY, hasH: given('hT') ? 1 : 0, hasC: given('cT') ? 1 : 0 },
    params: {},
  }
  const before = (t: number): Launch =>
    multiply(
      lstmBackwardTimeStep,
      { rows: N, columns: H, terms: 4 * H },
      { ...bind, wHh: input('wHh') },
      subgroupSize,
      { at: t * slot, after: (t + 1) * slot, hasY },
    )
  return {
    launches: [
      ...statesInto(h, c, true, sizes),
      ...scannedBack(sizes, last, before),
      ...pulledFrom(gates, 4 * H, sizes, wants),
    ],
    scratch: { gates: 4 * T * slot, h: T * slot, c: T * slot },
  }
}
