import { tanhFunction } from '../functions.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, product } from '../tile.js'
import type { ScanSizes } from './recurrent.js'
import { lastOf, pulledFrom, scanned, scannedBack } from './recurrent.js'
import { rnnCellForward } from './rnnCell.js'

export { recurrentLast, recurrentOfWHh, recurrentOfWHhTiled, recurrentOfWHhVectors } from './recurrent.js'

/**
 * One time step of a sequence y [T,N,H] that holds b + wIh·x from this time on: y[t] = tanh(y[t] + Σ_k wHh[j,k]·y[t−1,n,k]) in
 * its place. `at` is where the time's elements start, `before` where those of the one before it do.
 */
export const rnnTimeStep = product({
  name: 'rnn.timeStep',
  reads: ['wHh', 'y'],
  writes: ['y'],
  dims: ['at', 'before'],
  factors: /* wgsl */ `
fn left(n: u32, k: u32) -> f32 { return y(dims.before + n * dims.terms + k); }
fn right(k: u32, j: u32) -> f32 { return wHh(j * dims.terms + k); }
`,
  byVectors: {
    right: 'terms',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, k: u32) -> vec4<f32> {
  let i = dims.before + n * dims.terms + 4u * k;
  return vec4<f32>(y(i), y(i + 1u), y(i + 2u), y(i + 3u));
}
fn right(k: u32, j: u32) -> vec4<f32> { return wHh(j * (dims.terms / 4u) + k); }
`,
  },
  code: /* wgsl */ `
${tanhFunction}
fn finish(n: u32, j: u32, sum: f32) {
  let at = dims.at + n * dims.columns + j;
  set_y(at, tanh_(y(at) + sum));
}
`,
})

/** da[T−1] = (dhT + dy[T−1])·(1 − h)·(1 + h), h being y[T−1] */
export const rnnBackwardLast = kernel({
  name: 'rnn.backward.last',
  reads: ['h', 'dy', 'dhT'],
  writes: ['da'],
  dims: ['at', 'hasY', 'hasT'],
  code: /* wgsl */ `
fn element(i: u32) {
  let at = dims.at + i;
  var dh = 0.0;
  if (dims.hasT == 1u) { dh = dhT(i); }
  if (dims.hasY == 1u) { dh += dy(at); }
  set_da(at, dh * ((1.0 - h(at)) * (1.0 + h(at))));
}
`,
})

/** da[t] = (dy[t] + Σ_j wHh[j,k]·da[t+1,n,j])·(1 − h)·(1 + h), h being y[t] */
export const rnnBackwardTimeStep = product({
  name: 'rnn.backward.timeStep',
  reads: ['wHh', 'h', 'dy', 'da'],
  writes: ['da'],
  dims: ['at', 'after', 'hasY'],
  factors: /* wgsl */ `
fn left(n: u32, j: u32) -> f32 { return da(dims.after + n * dims.terms + j); }
fn right(j: u32, k: u32) -> f32 { return wHh(j * dims.columns + k); }
`,
  byVectors: {
    right: 'lines',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, j: u32) -> vec4<f32> {
  let i = dims.after + n * dims.terms + 4u * j;
  return vec4<f32>(da(i), da(i + 1u), da(i + 2u), da(i + 3u));
}
fn right(j: u32, k: u32) -> vec4<f32> { return wHh(j * (dims.columns / 4u) + k); }
`,
  },
  code: /* wgsl */ `
fn finish(n: u32, k: u32, sum: f32) {
  let at = dims.at + n * dims.columns + k;
  var dh = sum;
  if (dims.hasY == 1u) { dh += dy(at); }
  set_da(at, dh * ((1.0 - h(at)) * (1.0 + h(at))));
}
`,
})

const statesInto = (y: Slot, sizes: ScanSizes): readonly Launch[] => {
  const [wHh, product, slot] = [input('wHh'), { rows: sizes.N, columns: sizes.H, terms: sizes.H }, sizes.N * sizes.H]
  return scanned(
    sizes.H,
    sizes,
    y,
    multiply(rnnCellForward, product, { h: input('h0'), wHh, next: y }, sizes.subgroupSize),
    (t) => multiply(rnnTimeStep, product, { wHh, y }, sizes.subgroupSize, { at: t * slot, before: (t - 1) * slot }),
  )
}

export const forward: Lower<'rnn'> = ({ sizes, wants, subgroupSize }) => ({
  launches: [
    ...statesInto(output('y'), { ...sizes, subgroupSize }),
    ...lastOf(wants('hT'), { ...sizes, subgroupSize }),
  ],
  scratch: {},
})

const [h, da] = [scratch('h'), scratch('da')]

export const backward: Lower<'rnn'> = ({ sizes: layer, given, wants, subgroupSize }) => {
  const sizes = { ...layer, subgroupSize }
  const { T, N, H } = sizes
  const [slot, hasY] = [N * H, given('y') ? 1 : 0]
  const last: Launch = {
    kernel: rnnBackwardLast,
    bind: { h, dy: cotangent('y'), dhT: cotangent('hT'), da },
    count: slot,
    dims: { at: (T - 1) * slot, hasY, hasT: given('hT') ? 1 : 0 },
    params: {},
  }
  const before = (t: number): Launch =>
    multiply(
      rnnBackwardTimeStep,
      { rows: N, columns: H, terms: H },
      { wHh: input('wHh'), h, dy: cotangent('y'), da },
      subgroupSize,
      { at: t * slot, after: (t + 1) * slot, hasY },
    )
  return {
    launches: [...statesInto(h, sizes), ...scannedBack(sizes, last, before), ...pulledFrom(da, H, sizes, wants)],
    scratch: { h: T * slot, da: T * slot },
  }
}
