import type { Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, product, productByFour } from '../tile.js'
import { denseOfB, denseOfW, denseOfX } from './dense.js'
import { gruCellForward, gruOfH, gruPull, gruUpdate } from './gruCell.js'
import type { ScanSizes } from './recurrent.js'
import { lastOf, scanned, scannedBack, weightsOfStates } from './recurrent.js'

export { gruBackwardH } from './gruCell.js'
export { recurrentLast, recurrentOfWHh, recurrentOfWHhTiled, recurrentOfWHhVectors } from './recurrent.js'

/**
 * One time step of a sequence, as in `gruCellForward`. The state before is that of y [T,N,H] which starts at `before`; the
 * new one is written at `at`. `inner` holds q of all times or of one alone, from `innerAt` on.
 */
export const gruTimeStep = productByFour({
  name: 'gru.timeStep',
  reads: ['wHh', 'bHh', 'gates', 'y'],
  writes: ['gates', 'inner', 'y'],
  dims: ['at', 'before', 'innerAt'],
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
${gruUpdate}
fn finish_row(n: u32, column: u32, sums: vec4<f32>) {
  if (n >= dims.rows) { return; }
  let j = column / 4u;
  let i = n * dims.terms + j;
  let first = n * 3u * dims.terms + j;
  set_y(dims.at + i, update(3u * dims.at + first, 3u * dims.innerAt + first, j, y(dims.before + i), sums));
}
`,
})

// the state before the time whose elements start at `at`: h0, or that of the time before
const stateBefore = /* wgsl */ `
fn state_before(i: u32, slot: u32) -> f32 {
  if (dims.at == 0u) { return h0(i); }
  return h(dims.at - slot + i);
}
`

/** ds[T−1] in the place of the gates, du[T−1], and what goes straight to h[T−1], from dhT + dy[T−1] */
export const gruBackwardLast = kernel({
  name: 'gru.backward.last',
  reads: ['gates', 'inner', 'h0', 'h', 'dy', 'dhT'],
  writes: ['gates', 'inner', 'dh'],
  dims: ['H', 'at', 'hasY', 'hasT'],
  code: /* wgsl */ `
${gruPull}
${stateBefore}
fn element(i: u32) {
  let n = i / dims.H;
  var pulled = 0.0;
  if (dims.hasT == 1u) { pulled = dhT(i); }
  if (dims.hasY == 1u) { pulled += dy(dims.at + i); }
  set_dh(i, pull(3u * dims.at + n * 3u * dims.H + i % dims.H, dims.H, state_before(i, dims.count), pulled));
}
`,
})

/**
 * ds[t] in the place of the gates, du[t], and what goes straight to h[t] in the place of what went to h[t+1], from
 * dy[t] + that + Σ_p wHh[p,k]·du[t+1,n,p]
 */
export const gruBackwardTimeStep = product({
  name: 'gru.backward.timeStep',
  reads: ['wHh', 'gates', 'inner', 'h0', 'h', 'dy', 'dh'],
  writes: ['gates', 'inner', 'dh'],
  dims: ['at', 'after', 'hasY'],
  factors: /* wgsl */ `
fn left(n: u32, p: u32) -> f32 { return inner(3u * dims.after + n * dims.terms + p); }
fn right(p: u32, k: u32) -> f32 { return wHh(p * dims.columns + k); }
`,
  byVectors: {
    right: 'lines',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, p: u32) -> vec4<f32> {
  let i = 3u * dims.after + n * dims.terms + 4u * p;
  return vec4<f32>(inner(i), inner(i + 1u), inner(i + 2u), inner(i + 3u));
}
fn right(p: u32, k: u32) -> vec4<f32> { return wHh(p * (dims.columns / 4u) + k); }
`,
  },
  code: /* wgsl */ `
${gruPull}
${stateBefore}
fn finish(n: u32, k: u32, sum: f32) {
  let i = n * dims.columns + k;
  var pulled = dh(i) + sum;
  if (dims.hasY == 1u) { pulled += dy(dims.at + i); }
  let first = 3u * dims.at + n * dims.terms + k;
  set_dh(i, pull(first, dims.columns, state_before(i, dims.rows * dims.columns), pulled));
}
`,
})

const [gates, inner] = [scratch('gates'), scratch('inner')]

/** All gates and states. `keep`: `inner` holds q of every time. */
const statesInto = (y: Slot, keep: boolean, sizes: ScanSizes): readonly Launch[] => {
  const { N, H, subgroupSize } = sizes
  const [product, slot] = [{ rows: N, columns: 4 * H, terms: H }, N * H]
  const weights = { wHh: input('wHh'), bHh: input('bHh') }
  return scanned(
    3 * H,
    sizes,
    gates,
    multiply(gruCellForward, product, { ...weights, h: input('h0'), gates, inner, next: y }, subgroupSize),
    (t) =>
      multiply(gruTimeStep, product, { ...weights, gates, inner, y }, subgroupSize, {
        at: t * slot,
        before: (t - 1) * slot,
        innerAt: keep ? t * slot : 0,
      }),
    'bIh',
  )
}

export const forward: Lower<'gru'> = ({ sizes, wants, subgroupSize }) => ({
  launches: [
    ...statesInto(output('y'), false, { ...sizes, subgroupSize }),
    ...lastOf(wants('hT'), { ...sizes, subgroupSize }),
  ],
  scratch: { gates: 3 * sizes.T * sizes.N * sizes.H, inner: 3 * sizes.N * sizes.H },
})

export const backward: Lower<'gru'> = ({ sizes: layer, given, wants, subgroupSize }) => {
  const sizes = { ...layer, subgroupSize }
  const { T, N, I, H } = sizes
  const [h, R, slot, hasY] = [scratch('h'), 3 * H, N * H, given('y') ? 1 : 0]
  const bind = { gates, inner, h0: input('h0'), h, dy: cotangent('y'), dh: gradient('h0') }
  const last: Launch = {
    kernel: gruBackwardLast,
    bind: { ...bind, dhT: cotangent('hT') },
    count: slot,
    dims: { H, at: (T - 1) * slot, hasY, hasT: given('hT') ? 1 : 0 },
    params: {},
  }
  const before = (t: number): Launch =>
    multiply(gruBackwardTimeStep, { rows: N, columns: H, terms: R }, { ...bind, wHh: input('wHh') }, subgroupSize, {
      at: t * slot,
      after: (t + 1) * slot,
      hasY,
    })
  const all = { N: T * N, I, O: R }
  const wanted = (name: string, launch: Launch) => (wants(name) ? [launch] : [])
  return {
    launches: [
      ...statesInto(h, true, sizes),
      ...scannedBack(sizes, last, before),
      ...wanted('x', denseOfX(all, { w: input('wIh'), dy: gates, dx: gradient('x') }, subgroupSize)),
      ...wanted('h0', gruOfH(N, H, inner, gradient('h0'), subgroupSize)),
      ...wanted('wIh', denseOfW(all, { x: input('x'), dy: gates, dw: gradient('wIh') }, subgroupSize)),
      ...wanted('wHh', weightsOfStates(inner, R, sizes)),
      ...wanted('bIh', denseOfB(all, { dy: gates, db: gradient('bIh') })),
      ...wanted('bHh', denseOfB(all, { dy: inner, db: gradient('bHh') })),
    ],
    scratch: { gates: R * T * N, inner: R * T * N, h: T * slot },
  }
}
