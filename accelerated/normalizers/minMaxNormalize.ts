import { largerFunction, smallerFunction } from '../functions.js'
import type { Launch, Lowered } from '../kernel.js'
import { input, kernel, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { column, transformed } from './features.js'

/** The least and the most of each feature, one invocation for each: many features, or few rows. */
export const minMaxExtremes = kernel({
  name: 'minMaxNormalize.extremes',
  reads: ['x'],
  writes: ['least', 'most'],
  dims: ['N', 'D'],
  code: /* wgsl */ `
${column}
${smallerFunction}
${largerFunction}
fn element(d: u32) {
  var low = x(d);
  var high = low;
  for (var k = 1u; k < dims.N; k++) {
    let v = x(place(d, k));
    low = smaller(low, v);
    high = larger(high, v);
  }
  set_least(d, low);
  set_most(d, high);
}
`,
})

/** The same, one workgroup for each feature: every 64th row by one lane, then a tree. */
export const minMaxExtremesOfLong = kernel({
  name: 'minMaxNormalize.extremes.long',
  per: 'workgroup',
  reads: ['x'],
  writes: ['least', 'most'],
  dims: ['N', 'D'],
  code: /* wgsl */ `
${column}
${smallerFunction}
${largerFunction}
var<workgroup> lows: array<f32, 64>;
var<workgroup> highs: array<f32, 64>;

fn group(d: u32, lane: u32) {
  var low = x(place(d, min(lane, dims.N - 1u)));
  var high = low;
  for (var k = lane + 64u; k < dims.N; k += 64u) {
    let v = x(place(d, k));
    low = smaller(low, v);
    high = larger(high, v);
  }
  lows[lane] = low;
  highs[lane] = high;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lows[lane] = smaller(lows[lane], lows[lane + half]);
      highs[lane] = larger(highs[lane], highs[lane + half]);
    }
  }
  if (lane == 0u) {
    set_least(d, lows[0]);
    set_most(d, highs[0]);
  }
}
`,
})

/** y = low + (high − low)·((a − least)/(most − least)), low where most = least */
export const minMaxForward = kernel({
  name: 'minMaxNormalize.forward',
  reads: ['a', 'least', 'most'],
  writes: ['y'],
  dims: ['D'],
  params: ['low', 'span'],
  code: /* wgsl */ `
fn element(i: u32) {
  let d = i % dims.D;
  if (most(d) == least(d)) {
    set_y(i, params.low);
    return;
  }
  set_y(i, params.low + params.span * ((a(i) - least(d)) / (most(d) - least(d))));
}
`,
})

export const forward: Lower<'minMaxNormalize'> = ({ attrs: { low, high }, sizes, has }): Lowered => {
  const { N, D } = sizes
  const extremes = { least: scratch('least'), most: scratch('most') }
  const ofExtremes: Launch = {
    kernel: N > 64 && D < 4096 ? minMaxExtremesOfLong : minMaxExtremes,
    bind: { x: input('x'), ...extremes },
    count: D,
    dims: { N, D },
    params: {},
  }
  return {
    launches: [ofExtremes, transformed(minMaxForward, sizes, has('apply'), extremes, { low, span: high - low })],
    scratch: { least: D, most: D },
  }
}
