import { lanesThenTree } from '../../spec/bound.js'
import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output, scratch } from '../kernel.js'
import type { Lower, Request } from '../lower.js'
import { reduce, reduction } from '../reduction.js'
import type { BySubgroup } from '../subgroupTile.js'
import { columnsOfLane, subgroupFor, subgroupKernels, unlessSegmented } from '../subgroupTile.js'
import { tileSize, tilesFor } from '../tile.js'
import {
  blockColumns,
  blockRows,
  blockTaps,
  blocksOf,
  convolvingBlocks,
  correlatingBlocks,
  depthOfRuns,
  linesOfLane,
  positionsAtOnce,
  transposedBlocks,
} from './conv2dBlocks.js'
import { convolvingShared, correlatingShared, transposedShared } from './conv2dShared.js'
import { convolvingSubgroup, correlatingSubgroup, transposedSubgroup } from './conv2dSubgroup.js'

/** The integers of a convolution, in conv2d's letters whatever op they come from. */
// prettier-ignore
export const convolutionDims = ['N', 'C', 'H', 'W', 'O', 'Cg', 'KH', 'KW', 'Ho', 'Wo', 'sh', 'sw', 'dh', 'dw', 'top', 'left', 'groups'] as const

const xOrZero = /* wgsl */ `
fn x_or_zero(n: u32, c: u32, row: i32, col: i32) -> f32 {
  if (row < 0 || row >= i32(dims.H) || col < 0 || col >= i32(dims.W)) { return 0.0; }
  return x(((n * dims.C + c) * dims.H + u32(row)) * dims.W + u32(col));
}
`

/** One invocation makes one y[n,o,i,j], adding its Cg·KH·KW products in row-major order, then the bias. */
export const conv2dForward = kernel({
  name: 'conv2d.forward',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: [...convolutionDims, 'hasBias'],
  code: /* wgsl */ `
${xOrZero}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = (flat / dims.Wo) % dims.Ho;
  let o = (flat / (dims.Wo * dims.Ho)) % dims.O;
  let n = flat / (dims.Wo * dims.Ho * dims.O);
  let first = dims.Cg * (o / (dims.O / dims.groups));
  var sum = 0.0;
  for (var c = 0u; c < dims.Cg; c++) {
    for (var kh = 0u; kh < dims.KH; kh++) {
      for (var kw = 0u; kw < dims.KW; kw++) {
        let row = i32(i * dims.sh + kh * dims.dh) - i32(dims.top);
        let col = i32(j * dims.sw + kw * dims.dw) - i32(dims.left);
        sum += w(((o * dims.Cg + c) * dims.KH + kh) * dims.KW + kw) * x_or_zero(n, first + c, row, col);
      }
    }
  }
  if (dims.hasBias == 1u) { sum += b(o); }
  set_y(flat, sum);
}
`,
})

// the sum that makes one dx[n,c,r,s]: the products of the outputs (o,i,j) and taps (kh,kw) that read it
const pixel = /* wgsl */ `
fn pixel(n: u32, channel: u32, r: u32, s: u32) -> f32 {
  let c = channel % dims.Cg;
  let outputs = dims.O / dims.groups;
  let first = (channel / dims.Cg) * outputs;
  var sum = 0.0;
  for (var kh = 0u; kh < dims.KH; kh++) {
    let row = i32(r + dims.top) - i32(kh * dims.dh);
    if (row < 0 || row % i32(dims.sh) != 0 || row / i32(dims.sh) >= i32(dims.Ho)) { continue; }
    let i = u32(row) / dims.sh;
    for (var kw = 0u; kw < dims.KW; kw++) {
      let col = i32(s + dims.left) - i32(kw * dims.dw);
      if (col < 0 || col % i32(dims.sw) != 0 || col / i32(dims.sw) >= i32(dims.Wo)) { continue; }
      let j = u32(col) / dims.sw;
      for (var o = first; o < first + outputs; o++) {
        sum += w(((o * dims.Cg + c) * dims.KH + kh) * dims.KW + kw) * dy(((n * dims.O + o) * dims.Ho + i) * dims.Wo + j);
      }
    }
  }
  return sum;
}
`

/**
 * One invocation makes one dx[n,c,r,s], adding the products of the outputs (o,i,j) and taps (kh,kw) that read it. What
 * `finished` makes of the sum is written: the sum itself here, with its bias in convTranspose2d.
 */
export const transposed = /* wgsl */ `
${pixel}
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = (flat / dims.W) % dims.H;
  let channel = (flat / (dims.W * dims.H)) % dims.C;
  set_dx(flat, finished(channel, pixel(flat / (dims.W * dims.H * dims.C), channel, r, s)));
}
`

const sumAlone = /* wgsl */ `
fn finished(channel: u32, sum: f32) -> f32 { return sum; }
`

/** `transposed`, with the sum as it is. */
export const conv2dBackwardX = kernel({
  name: 'conv2d.backward.x',
  reads: ['w', 'dy'],
  writes: ['dx'],
  dims: convolutionDims,
  code: `${sumAlone}${transposed}`,
})

/** dw[o,c,kh,kw] = Σ_{n,i,j} dy[n,o,i,j] · x[n, first(o)+c, i·sh + kh·dh − top, j·sw + kw·dw − left] */
export const conv2dBackwardW = reduction({
  name: 'conv2d.backward.w',
  reads: ['x', 'dy'],
  writes: ['dweights'],
  dims: convolutionDims,
  code: /* wgsl */ `
${xOrZero}
fn term(at: u32, k: u32) -> f32 {
  let j = k % dims.Wo;
  let i = (k / dims.Wo) % dims.Ho;
  let n = k / (dims.Wo * dims.Ho);
  let kw = at % dims.KW;
  let kh = (at / dims.KW) % dims.KH;
  let c = (at / (dims.KW * dims.KH)) % dims.Cg;
  let o = at / (dims.KW * dims.KH * dims.Cg);
  let first = dims.Cg * (o / (dims.O / dims.groups));
  let row = i32(i * dims.sh + kh * dims.dh) - i32(dims.top);
  let col = i32(j * dims.sw + kw * dims.dw) - i32(dims.left);
  return dy(((n * dims.O + o) * dims.Ho + i) * dims.Wo + j) * x_or_zero(n, first + c, row, col);
}
fn finish(at: u32, sum: f32) { set_dweights(at, sum); }
`,
})

/** db[o] = Σ_{n,i,j} dy[n,o,i,j] */
export const conv2dBackwardB = reduction({
  name: 'conv2d.backward.b',
  reads: ['dy'],
  writes: ['db'],
  dims: ['O', 'area'],
  code: /* wgsl */ `
fn term(o: u32, k: u32) -> f32 { return dy((k / dims.area * dims.O + o) * dims.area + k % dims.area); }
fn finish(o: u32, sum: f32) { set_db(o, sum); }
`,
})

/**
 * The same of maps of whole vectors of four: a lane's vector and the one 64 further lie `whole` maps and `rest` vectors apart,
 * or a map more where that leaves the map, so that nothing is divided on the way.
 */
export const conv2dBackwardBVectors = kernel({
  name: 'conv2d.backward.b.vectors',
  per: 'workgroup',
  workgroup: 64,
  reads: ['dy'],
  writes: ['db'],
  dims: ['O', 'fours', 'terms'],
  vectors: ['dy'],
  code: /* wgsl */ `
var<workgroup> sums: array<f32, 64>;
fn group(o: u32, lane: u32) {
  let whole = 64u / dims.fours;
  let rest = 64u % dims.fours;
  let further = whole * dims.O * dims.fours + rest;
  var p = lane % dims.fours;
  var at = (lane / dims.fours * dims.O + o) * dims.fours + p;
  var own = vec4<f32>();
  for (var k = lane; k < dims.terms; k += 64u) {
    own += dy(at);
    let leaves = p + rest >= dims.fours;
    p = select(p + rest, p + rest - dims.fours, leaves);
    at += further + select(0u, (dims.O - 1u) * dims.fours, leaves);
  }
  sums[lane] = (own.x + own.y) + (own.z + own.w);
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  if (lane == 0u) { set_db(o, sums[0]); }
}
`,
})

// four positions of a filter, o, which is the f-th of its group
const writeFilter = /* wgsl */ `
fn write_row(f: u32, o: u32, p0: u32, sums: vec4<f32>) {
  if (f >= dims.O / dims.groups) { return; }
  let area = dims.Ho * dims.Wo;
  var bias = 0.0;
  if (dims.hasBias == 1u) { bias = b(o); }
  for (var s = 0u; s < 4u && p0 + s < dims.N * area; s++) {
    let p = p0 + s;
    set_y((p / area * dims.O + o) * area + p % area, sums[s] + bias);
  }
}
`

const forwardText = {
  name: 'conv2d.forward.tiled',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: [...convolutionDims, 'hasBias'],
}

/**
 * The same as `conv2dForward` by 4 × 4 tiles of a group's filters × positions. Where a tap falls for the four positions
 * is found once for each (kh,kw); inside, only the channels run.
 */
const conv2dForwardTiles = kernel({
  ...forwardText,
  code: /* wgsl */ `
fn element(tile: u32) {
  let area = dims.Ho * dims.Wo;
  let positions = dims.N * area;
  let filters = dims.O / dims.groups;
  let across = (positions + 3u) / 4u;
  let down = (filters + 3u) / 4u;
  let p0 = tile % across * 4u;
  let f0 = tile / across % down * 4u;
  let group = tile / (across * down);
  let p = min(vec4<u32>(p0, p0 + 1u, p0 + 2u, p0 + 3u), vec4<u32>(positions - 1u));
  let o = group * filters + min(vec4<u32>(f0, f0 + 1u, f0 + 2u, f0 + 3u), vec4<u32>(filters - 1u));
  let n = p / area;
  let row0 = vec4<i32>((p % area) / dims.Wo * dims.sh) - i32(dims.top);
  let col0 = vec4<i32>(p % dims.Wo * dims.sw) - i32(dims.left);
  let plane = dims.H * dims.W;
  let taps = dims.KH * dims.KW;
  let image = (n * dims.C + group * dims.Cg) * plane;
  let weights = o * dims.Cg * taps;
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var kh = 0u; kh < dims.KH; kh++) {
    let row = row0 + i32(kh * dims.dh);
    for (var kw = 0u; kw < dims.KW; kw++) {
      let col = col0 + i32(kw * dims.dw);
      let inside = (row >= vec4<i32>()) & (row < vec4<i32>(i32(dims.H))) & (col >= vec4<i32>()) & (col < vec4<i32>(i32(dims.W)));
      var at = image + select(vec4<u32>(), vec4<u32>(row) * dims.W + vec4<u32>(col), inside);
      var tap = weights + kh * dims.KW + kw;
      for (var c = 0u; c < dims.Cg; c++) {
        let v = select(vec4<f32>(), vec4<f32>(x(at.x), x(at.y), x(at.z), x(at.w)), inside);
        s0 += w(tap.x) * v;
        s1 += w(tap.y) * v;
        s2 += w(tap.z) * v;
        s3 += w(tap.w) * v;
        at += plane;
        tap += taps;
      }
    }
  }
  write_row(f0, o.x, p0, s0);
  write_row(f0 + 1u, o.y, p0, s1);
  write_row(f0 + 2u, o.z, p0, s2);
  write_row(f0 + 3u, o.w, p0, s3);
}

${writeFilter}`,
})

/** The same, and what it is in a workgroup's memory. */
export const conv2dForwardTiled: Kernel = {
  ...conv2dForwardTiles,
  shared: convolvingShared({ ...forwardText, code: writeFilter }),
}

// four pixels of the c-th channel of a group
const writeChannel = /* wgsl */ `
fn write_row(group: u32, c: u32, p0: u32, sums: vec4<f32>) {
  if (c >= dims.Cg) { return; }
  let area = dims.H * dims.W;
  for (var s = 0u; s < 4u && p0 + s < dims.N * area; s++) {
    let p = p0 + s;
    let channel = group * dims.Cg + c;
    set_dx((p / area * dims.C + channel) * area + p % area, finished(channel, sums[s]));
  }
}
`

/**
 * The same as `transposed` by 4 × 4 tiles of a group's channels × pixels; inside, the group's filters run. A pixel that a tap
 * does not read keeps its sum: 0·w is NaN where w is none or infinite.
 */
const transposedTiled = /* wgsl */ `
fn element(tile: u32) {
  let area = dims.H * dims.W;
  let positions = dims.N * area;
  let across = (positions + 3u) / 4u;
  let down = (dims.Cg + 3u) / 4u;
  let p0 = tile % across * 4u;
  let c0 = tile / across % down * 4u;
  let group = tile / (across * down);
  let p = min(vec4<u32>(p0, p0 + 1u, p0 + 2u, p0 + 3u), vec4<u32>(positions - 1u));
  let c = min(vec4<u32>(c0, c0 + 1u, c0 + 2u, c0 + 3u), vec4<u32>(dims.Cg - 1u));
  let r = vec4<i32>((p % area) / dims.W + dims.top);
  let q = vec4<i32>(p % dims.W + dims.left);
  let filters = dims.O / dims.groups;
  let plane = dims.Ho * dims.Wo;
  let taps = dims.KH * dims.KW;
  let map = (p / area * dims.O + group * filters) * plane;
  let weights = (group * filters * dims.Cg + c) * taps;
  let stride = vec2<i32>(i32(dims.sh), i32(dims.sw));
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var kh = 0u; kh < dims.KH; kh++) {
    let row = r - i32(kh * dims.dh);
    let i = row / stride.x;
    let reads_row = (row >= vec4<i32>()) & (i * stride.x == row) & (i < vec4<i32>(i32(dims.Ho)));
    for (var kw = 0u; kw < dims.KW; kw++) {
      let col = q - i32(kw * dims.dw);
      let j = col / stride.y;
      let reads = reads_row & (col >= vec4<i32>()) & (j * stride.y == col) & (j < vec4<i32>(i32(dims.Wo)));
      if (!any(reads)) { continue; }
      let before0 = s0;
      let before1 = s1;
      let before2 = s2;
      let before3 = s3;
      var at = map + select(vec4<u32>(), vec4<u32>(i) * dims.Wo + vec4<u32>(j), reads);
      var tap = weights + kh * dims.KW + kw;
      for (var o = 0u; o < filters; o++) {
        let v = select(vec4<f32>(), vec4<f32>(dy(at.x), dy(at.y), dy(at.z), dy(at.w)), reads);
        s0 += w(tap.x) * v;
        s1 += w(tap.y) * v;
        s2 += w(tap.z) * v;
        s3 += w(tap.w) * v;
        at += plane;
        tap += dims.Cg * taps;
      }
      s0 = select(before0, s0, reads);
      s1 = select(before1, s1, reads);
      s2 = select(before2, s2, reads);
      s3 = select(before3, s3, reads);
    }
  }
  write_row(group, c0, p0, s0);
  write_row(group, c0 + 1u, p0, s1);
  write_row(group, c0 + 2u, p0, s2);
  write_row(group, c0 + 3u, p0, s3);
}
${writeChannel}
`

/** A transposed convolution by tiles around `finished`: in registers, or in a workgroup's memory. */
export const tiledTransposed = (
  text: Pick<Kernel, 'name' | 'reads' | 'writes' | 'dims'>,
  finished: string,
): Kernel => ({
  ...kernel({ ...text, code: `${finished}${transposedTiled}` }),
  shared: transposedShared({ ...text, code: `${finished}${writeChannel}` }),
})

/** That of a convolution's dx, with the sum as it is. */
export const conv2dBackwardXTiled = tiledTransposed(
  { name: 'conv2d.backward.x.tiled', reads: ['w', 'dy'], writes: ['dx'], dims: convolutionDims },
  sumAlone,
)

// what a part of a sum over `share` of all positions lies behind, and where it ends
const correlationDims = [...convolutionDims, 'share']

const correlationText = {
  name: 'conv2d.backward.w.tiled',
  reads: ['x', 'dy'],
  writes: ['dweights'],
  dims: correlationDims,
}

/**
 * The same as `conv2dBackwardW` by 4 × 4 tiles of a group's filters × taps (c,kh,kw). One workgroup makes one tile of a part
 * of the sum: its 64 lanes take every 64th position each, then add up as a tree.
 */
const conv2dBackwardWTiles = kernel({
  ...correlationText,
  per: 'workgroup',
  workgroup: 64,
  code: /* wgsl */ `
var<workgroup> sums: array<array<vec4<f32>, 4>, 64>;

fn group(tile_of_part: u32, lane: u32) {
  let filters = dims.O / dims.groups;
  let taps = dims.KH * dims.KW;
  let columns = dims.Cg * taps;
  let across = (columns + 3u) / 4u;
  let down = (filters + 3u) / 4u;
  let part = tile_of_part / (across * down * dims.groups);
  let tile = tile_of_part % (across * down * dims.groups);
  let t0 = tile % across * 4u;
  let f0 = tile / across % down * 4u;
  let first = tile / (across * down);
  let t = min(vec4<u32>(t0, t0 + 1u, t0 + 2u, t0 + 3u), vec4<u32>(columns - 1u));
  let o = first * filters + min(vec4<u32>(f0, f0 + 1u, f0 + 2u, f0 + 3u), vec4<u32>(filters - 1u));
  let row0 = vec4<i32>(t % taps / dims.KW * dims.dh) - i32(dims.top);
  let col0 = vec4<i32>(t % dims.KW * dims.dw) - i32(dims.left);
  let channel = first * dims.Cg + t / taps;
  let area = dims.Ho * dims.Wo;
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var p = part * dims.share + lane; p < min((part + 1u) * dims.share, dims.N * area); p += 64u) {
    let n = p / area;
    let row = row0 + i32(p % area / dims.Wo * dims.sh);
    let col = col0 + i32(p % dims.Wo * dims.sw);
    let inside = (row >= vec4<i32>()) & (row < vec4<i32>(i32(dims.H))) & (col >= vec4<i32>()) & (col < vec4<i32>(i32(dims.W)));
    let at = select(vec4<u32>(), ((n * dims.C + channel) * dims.H + vec4<u32>(row)) * dims.W + vec4<u32>(col), inside);
    let v = select(vec4<f32>(), vec4<f32>(x(at.x), x(at.y), x(at.z), x(at.w)), inside);
    let map = (n * dims.O + o) * area + p % area;
    s0 += dy(map.x) * v;
    s1 += dy(map.y) * v;
    s2 += dy(map.z) * v;
    s3 += dy(map.w) * v;
  }
  sums[lane] = array<vec4<f32>, 4>(s0, s1, s2, s3);
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      for (var s = 0u; s < 4u; s++) { sums[lane][s] += sums[lane + half][s]; }
    }
  }
  workgroupBarrier();
  if (lane < 16u && f0 + lane / 4u < filters && t0 + lane % 4u < columns) {
    set_dweights((part * dims.O + first * filters + f0 + lane / 4u) * columns + t0 + lane % 4u, sums[0][lane / 4u][lane % 4u]);
  }
}
`,
})

/** The same, and what it is in a workgroup's memory. */
export const conv2dBackwardWTiled: Kernel & Required<Pick<Kernel, 'shared'>> = {
  ...conv2dBackwardWTiles,
  shared: correlatingShared({
    ...correlationText,
    // four taps of the f-th filter of a group
    code: /* wgsl */ `
fn write_row(group: u32, f: u32, t0: u32, sums: vec4<f32>) {
  let filters = dims.O / dims.groups;
  let columns = dims.Cg * dims.KH * dims.KW;
  if (f >= filters) { return; }
  let at = (sum_part() * dims.O + group * filters + f) * columns + t0;
  for (var s = 0u; s < min(4u, columns - t0); s++) { set_dweights(at + s, sums[s]); }
}
`,
  }),
}

/** The same three by tiles of one subgroup. */
export const conv2dForwardSubgroup = subgroupKernels(forwardText, convolvingSubgroup)
export const conv2dBackwardXSubgroup = subgroupKernels(
  { name: 'conv2d.backward.x.tiled', reads: ['w', 'dy'], writes: ['dx'], dims: convolutionDims },
  (tile) => `${sumAlone}${transposedSubgroup(tile)}`,
)
export const conv2dBackwardWSubgroup = subgroupKernels(correlationText, correlatingSubgroup)

/** Kernels for each number of taps in a row that there is a text for, of as few filters as there are: sums fill registers. */
const byTaps = (make: (KW: number) => BySubgroup): ByTaps =>
  Object.fromEntries(
    blockTaps.map((KW) => [
      KW,
      Object.fromEntries(Object.entries(make(KW)).map(([S, kernels]) => [S, kernels.slice(0, 1)])),
    ]),
  )

/** The same as `conv2dForward` by blocks of outputs. */
export const conv2dForwardBlocks = byTaps((KW) =>
  subgroupKernels(
    {
      name: `conv2d.forward.blocks${KW}`,
      reads: ['x', 'w', 'b'],
      writes: ['y'],
      dims: [...convolutionDims, 'hasBias'],
    },
    (tile) => convolvingBlocks(tile, KW),
  ),
)

/** The kernels of a transposed convolution by blocks, around `finished`. */
export const transposedByBlocks = (
  text: Pick<Kernel, 'name' | 'reads' | 'writes' | 'dims'>,
  finished: string,
): ByTaps =>
  byTaps((KW) =>
    subgroupKernels(
      { ...text, name: `${text.name}${KW}` },
      (tile) => `${finished}${pixel}${transposedBlocks(tile, KW)}`,
    ),
  )

export const conv2dBackwardXBlocks = transposedByBlocks(
  { name: 'conv2d.backward.x.blocks', reads: ['w', 'dy'], writes: ['dx'], dims: convolutionDims },
  sumAlone,
)

/** The same as `conv2dBackwardW` by runs of positions and lines of taps. */
export const conv2dBackwardWBlocks: ByTaps = Object.fromEntries(
  blockTaps.map((KW) => [
    KW,
    subgroupKernels(
      { name: `conv2d.backward.w.blocks${KW}`, reads: ['x', 'dy'], writes: ['dweights'], dims: correlationDims },
      (tile) => correlatingBlocks(tile, KW),
    ),
  ]),
)

/** dw = Σ over the parts of the sum */
export const conv2dBackwardWParts = reduction({
  name: 'conv2d.backward.w.parts',
  reads: ['parts'],
  writes: ['dweights'],
  dims: ['size'],
  code: /* wgsl */ `
fn term(at: u32, part: u32) -> f32 { return parts(part * dims.size + at); }
fn finish(at: u32, sum: f32) { set_dweights(at, sum); }
`,
}).perInvocation

/** A convolution as launches see it: conv1d's has one row, and convTranspose2d's is read from its map to its image. */
export type Convolution = Readonly<Record<(typeof convolutionDims)[number], number>>
type Bind<Names extends string> = Readonly<Record<Names, Slot>>

/** The kernel of a launch, and how many workgroups or elements of it so many samples make. */
interface Choice {
  readonly kernel: Kernel
  readonly count: (samples: number) => number
}

type ByTaps = Readonly<Record<number, BySubgroup>>

/** The kernels of a product of filters and an image, of which a launch has one. */
export interface Convolving {
  readonly each: Kernel
  readonly tiled: Kernel
  readonly subgroup: BySubgroup
  readonly blocks: ByTaps
}

/** So many more outputs in blocks than there are still pay. */
const mostWaste = 1.5

/**
 * A subgroup's blocks of outputs where taps lie side by side and most of the blocks' outputs exist, its tiles where they pay,
 * else 4 × 4 tiles, else one invocation for each output. Rows are a group's, height and width those of what is made.
 */
const chooseKernel = (
  subgroupSize: number | undefined,
  kernels: Convolving,
  { N, groups, KW, sw, dw }: Convolution,
  { rows, height, width }: Readonly<Record<'rows' | 'height' | 'width', number>>,
): Choice => {
  const area = height * width
  // a block stands where a tile has a lane's columns
  const inBlocks = (samples: number): number => columnsOfLane * blocksOf(samples, height, width)
  const blocks =
    sw === 1 && dw === 1 && blockRows * blockColumns * blocksOf(1, height, width) <= mostWaste * area
      ? subgroupFor(subgroupSize, kernels.blocks[KW] ?? {}, rows, inBlocks(N))
      : undefined
  if (blocks !== undefined)
    return { kernel: blocks.kernel, count: (samples) => groups * blocks.tiles(rows, inBlocks(samples)) }
  const subgroup = subgroupFor(subgroupSize, kernels.subgroup, rows, N * area)
  if (subgroup !== undefined)
    return { kernel: subgroup.kernel, count: (samples) => groups * subgroup.tiles(rows, samples * area) }
  return rows >= tileSize
    ? { kernel: kernels.tiled, count: (samples) => groups * tilesFor(rows, samples * area) }
    : { kernel: kernels.each, count: (samples) => groups * rows * samples * area }
}

const convolvingKernels: Convolving = {
  each: conv2dForward,
  tiled: conv2dForwardTiled,
  subgroup: conv2dForwardSubgroup,
  blocks: conv2dForwardBlocks,
}

/** One launch for y = b + w ⋆ x. */
export const convolve = (
  conv: Convolution,
  bind: Bind<'x' | 'w' | 'b' | 'y'>,
  hasBias: boolean,
  subgroupSize: number | undefined,
): Launch =>
  unlessSegmented(subgroupSize, (size) => {
    const { N, C, H, W, O, Ho, Wo, groups } = conv
    const { kernel, count } = chooseKernel(size, convolvingKernels, conv, {
      rows: O / groups,
      height: Ho,
      width: Wo,
    })
    return {
      kernel,
      bind,
      count: count(N),
      dims: { ...conv, hasBias: hasBias ? 1 : 0 },
      params: {},
      outer: { extent: N, dims: ['N'], slices: { x: C * H * W, y: O * Ho * Wo }, count },
    }
  })

/** The kernels of a transposed convolution that adds nothing. */
export const transposedKernels: Convolving = {
  each: conv2dBackwardX,
  tiled: conv2dBackwardXTiled,
  subgroup: conv2dBackwardXSubgroup,
  blocks: conv2dBackwardXBlocks,
}

/** One launch for dx = wᵀ ⋆ dy, the transposed convolution, in one of the kernels around `transposed`. */
export const convolveTransposed = (
  conv: Convolution,
  kernels: Convolving,
  bind: Bind<'w' | 'dy' | 'dx'>,
  subgroupSize: number | undefined,
  more: Readonly<Record<string, number>> = {},
): Launch =>
  unlessSegmented(subgroupSize, (size) => {
    const { N, C, H, W, O, Cg, Ho, Wo } = conv
    const { kernel, count } = chooseKernel(size, kernels, conv, { rows: Cg, height: H, width: W })
    return {
      kernel,
      bind,
      count: count(N),
      dims: { ...conv, ...more },
      params: {},
      outer: { extent: N, dims: ['N'], slices: { dx: C * H * W, dy: O * Ho * Wo }, count },
    }
  })

// Fewer workgroups than these leave a processor's cores, or a GPU's, idle; fewer positions than these are no sum to divide
const enoughWorkgroups = { bySubgroup: 32, byTile: 256 }
const fewestPositions = 512
const mostParts = 64

/**
 * What dw, a sum over batch and positions, comes to. Where its tiles are few, the sum falls into parts of whole blocks of 64
 * positions, which are added up in the end; additions nest no deeper than in one sum: ⌈m/64⌉ + 7 + parts − 1 ≤ ⌈n/64⌉ + 7.
 */
export const correlate = (
  conv: Convolution,
  bind: Bind<'x' | 'dy' | 'dweights'>,
  { subgroupSize, inWorkgroups = false }: Pick<Request, 'subgroupSize' | 'inWorkgroups'>,
): Lowered => {
  const { N, O, Cg, KH, KW, Ho, Wo, groups } = conv
  const [filters, taps, positions] = [O / groups, Cg * KH * KW, N * Ho * Wo]
  const partsOf = (tiles: number, enough: number): number => {
    const most = Math.min(Math.max(1, Math.floor(positions / fewestPositions)), mostParts)
    const share = 64 * Math.ceil(positions / Math.min(Math.ceil(enough / tiles), most) / 64)
    return Math.ceil(positions / share)
  }
  const inParts = (kernel: Kernel, tiles: number, parts: number): Launch => ({
    kernel,
    bind: parts > 1 ? { ...bind, dweights: scratch('parts') } : bind,
    count: tiles * parts,
    dims: { ...conv, share: 64 * Math.ceil(positions / parts / 64) },
    params: {},
  })
  const addedUp = (sum: Launch, parts: number): Lowered => {
    const size = O * taps
    const addition: Launch = {
      kernel: conv2dBackwardWParts,
      bind: { parts: scratch('parts'), dweights: bind.dweights },
      count: size,
      dims: { terms: parts, size },
      params: {},
    }
    return parts === 1
      ? launches(sum)
      : {
          launches: [sum, addition],
          scratch: { parts: parts * size },
        }
  }
  const tiles = groups * tilesFor(filters, taps)
  // a run of positions never leaves its row; few of them may be past its end, and the additions must not nest too deep
  const runs = N * Ho * Math.ceil(Wo / positionsAtOnce)
  const lines = columnsOfLane * Math.ceil((Cg * KH) / linesOfLane(KW))
  const blocks =
    conv.sw === 1 && conv.dw === 1 && positionsAtOnce * runs <= mostWaste * positions
      ? subgroupFor(subgroupSize, conv2dBackwardWBlocks[KW] ?? {}, filters, lines)
      : undefined
  if (blocks !== undefined) {
    const tilesOfBlocks = groups * blocks.tiles(filters, lines)
    const share = Math.ceil(runs / partsOf(tilesOfBlocks, enoughWorkgroups.bySubgroup))
    const parts = Math.ceil(runs / share)
    const sum = inParts(blocks.kernel, tilesOfBlocks, parts)
    if (depthOfRuns(share) + parts - 1 <= lanesThenTree(positions))
      return addedUp(
        { ...sum, dims: { ...sum.dims, share }, orElse: inParts(conv2dBackwardWTiled, tiles, parts) },
        parts,
      )
  }
  const subgroup = subgroupFor(subgroupSize, conv2dBackwardWSubgroup, filters, taps)
  if (subgroup !== undefined) {
    const tilesOfSubgroups = groups * subgroup.tiles(filters, taps)
    const parts = partsOf(tilesOfSubgroups, enoughWorkgroups.bySubgroup)
    const sum = inParts(subgroup.kernel, tilesOfSubgroups, parts)
    return addedUp({ ...sum, orElse: inParts(conv2dBackwardWTiled, tiles, parts) }, parts)
  }
  if (filters < tileSize || taps < tileSize || positions < 64)
    return launches(reduce(conv2dBackwardW, O * taps, positions, { bind, dims: conv }))
  // fewer and larger tiles want more parts
  const { shared } = conv2dBackwardWTiled
  const whole = { ...conv, share: positions }
  const parts = partsOf(inWorkgroups && shared.pays(whole) ? shared.tiles(whole) : tiles, enoughWorkgroups.byTile)
  return addedUp(inParts(conv2dBackwardWTiled, tiles, parts), parts)
}

/** One launch for db, a sum over batch and the `area` positions of each map. */
export const addUpMaps = (N: number, O: number, area: number, bind: Bind<'dy' | 'db'>): Launch => {
  const plain = reduce(conv2dBackwardB, O, N * area, { bind, dims: { O, area } })
  return plain.kernel.per !== 'workgroup' || area % 4 !== 0
    ? plain
    : {
        kernel: conv2dBackwardBVectors,
        bind,
        count: O,
        dims: { O, fours: area / 4, terms: (N * area) / 4 },
        params: {},
        orElse: plain,
      }
}

const convolutionOf = (attrs: AttrsOf<'conv2d'>, sizes: SizesOf<'conv2d'>): Convolution => {
  const [sh, sw] = attrs.stride
  const [dh, dw] = attrs.dilation
  const [top, , left] = attrs.padding
  const { N, C, H, W, O, Cg, KH, KW, Ho, Wo } = sizes
  return { N, C, H, W, O, Cg, KH, KW, Ho, Wo, sh, sw, dh, dw, top, left, groups: attrs.groups }
}

export const forward: Lower<'conv2d'> = ({ attrs, sizes, has, subgroupSize }) => {
  const bind = { x: input('x'), w: input('w'), b: input('b'), y: output('y') }
  return launches(convolve(convolutionOf(attrs, sizes), bind, has('b'), subgroupSize))
}

export const backward: Lower<'conv2d'> = (request) => {
  const { attrs, sizes, wants, subgroupSize } = request
  const conv = convolutionOf(attrs, sizes)
  const { N, O, Ho, Wo } = conv
  const dy = cotangent('y')
  return launches(
    wants('x')
      ? convolveTransposed(conv, transposedKernels, { w: input('w'), dy, dx: gradient('x') }, subgroupSize)
      : undefined,
    wants('w') ? correlate(conv, { x: input('x'), dy, dweights: gradient('w') }, request) : undefined,
    wants('b') ? addUpMaps(N, O, Ho * Wo, { dy, db: gradient('b') }) : undefined,
  )
}
