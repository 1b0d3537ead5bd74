import { tanhFunction } from '../functions.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, product } from '../tile.js'
import { denseProduct } from './dense.js'
import type { ScanSizes } from './recurrent.js'
import { lastOf, pulledFrom, stepsOf } from './recurrent.js'
import { rnnCellStep } from './rnnCell.js'

export { recurrentLast, recurrentOfWHh, recurrentOfWHhTiled } from './recurrent.js'

/**
 * One step of a sequence y [T,N,H] that holds b + wIh·x from this step on: y[t] = tanh(y[t] + Σ_k wHh[j,k]·y[t−1,n,k]) in
 * its place. `at` is where the step's elements start, `before` where those of the one before it do.
 */
export const rnnStep = product({
  name: 'rnn.step',
  reads: ['wHh', 'y'],
  writes: ['y'],
  dims: ['at', 'before'],
  code: /* wgsl */ `
${tanhFunction}
fn left(n: u32, k: u32) -> f32 { return y(dims.before + n * dims.terms + k); }
fn right(k: u32, j: u32) -> f32 { return wHh(j * dims.terms + k); }
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
export const rnnBackwardStep = product({
  name: 'rnn.backward.step',
  reads: ['wHh', 'h', 'dy', 'da'],
  writes: ['da'],
  dims: ['at', 'after', 'hasY'],
  code: /* wgsl */ `
fn left(n: u32, j: u32) -> f32 { return da(dims.after + n * dims.terms + j); }
fn right(j: u32, k: u32) -> f32 { return wHh(j * dims.columns + k); }
fn finish(n: u32, k: u32, sum: f32) {
  let at = dims.at + n * dims.columns + k;
  var dh = sum;
  if (dims.hasY == 1u) { dh += dy(at); }
  set_da(at, dh * ((1.0 - h(at)) * (1.0 + h(at))));
}
`,
})

/** All states: b + wIh·x of all steps at once, then a launch for each step. */
const statesInto = (y: Slot, { T, N, I, H }: ScanSizes): readonly Launch[] => {
  const [wHh, sizes] = [input('wHh'), { rows: N, columns: H, terms: H }]
  return [
    denseProduct({ N: T * N, I, O: H }, { x: input('x'), w: input('wIh'), b: input('b'), y }, true),
    multiply(rnnCellStep, sizes, { h: input('h0'), wHh, next: y }),
    ...stepsOf(1, T).map((t) => multiply(rnnStep, sizes, { wHh, y }, { at: t * N * H, before: (t - 1) * N * H })),
  ]
}

export const forward: Lower<'rnn'> = ({ sizes, wants }) => ({
  launches: [...statesInto(output('y'), sizes), ...lastOf(wants('hT'), sizes)],
  scratch: {},
})

const [h, da] = [scratch('h'), scratch('da')]

export const backward: Lower<'rnn'> = ({ sizes, given, wants }) => {
  const { T, N, H } = sizes
  const hasY = given('y') ? 1 : 0
  return {
    launches: [
      ...statesInto(h, sizes),
      {
        kernel: rnnBackwardLast,
        bind: { h, dy: cotangent('y'), dhT: cotangent('hT'), da },
        count: N * H,
        dims: { at: (T - 1) * N * H, hasY, hasT: given('hT') ? 1 : 0 },
        params: {},
      },
      ...stepsOf(0, T - 1)
        .toReversed()
        .map((t) =>
          multiply(
            rnnBackwardStep,
            { rows: N, columns: H, terms: H },
            { wHh: input('wHh'), h, dy: cotangent('y'), da },
            { at: t * N * H, after: (t + 1) * N * H, hasY },
          ),
        ),
      ...pulledFrom(da, H, sizes, wants),
    ],
    scratch: { h: T * N * H, da: T * N * H },
  }
}
