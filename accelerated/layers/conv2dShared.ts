import type { Sharing } from '../kernel.js'
import type { ProductText } from '../workgroupTile.js'
import { sharedInParts } from '../workgroupTile.js'

/*
 * Convolutions as products in a workgroup's memory, a part for each group, in conv2d's letters: as conv2dBlocks.ts and
 * conv2dSubgroup.ts are for the lanes of a subgroup.
 */

/**
 * y as a product of a group's filters, over their taps, and the windows of all positions. The code has
 * `write_row(f, o, p, sums)`: four positions from p on of filter o, the f-th of its group.
 */
export const convolvingShared = ({ code, ...text }: ProductText): Sharing =>
  sharedInParts(
    {
      ...text,
      code: /* wgsl */ `
${code}
fn finish_row(f: u32, p0: u32, sums: vec4<f32>) { write_row(f, part * (dims.O / dims.groups) + f, p0, sums); }
`,
    },
    {
      rows: '(dims.O / dims.groups)',
      columns: '(dims.N * dims.Ho * dims.Wo)',
      terms: '(dims.Cg * dims.KH * dims.KW)',
      left: 'terms',
      right: 'lines',
      factors: /* wgsl */ `
fn left_four(first: u32, k: u32) -> vec4<f32> {
  let filters = dims.O / dims.groups;
  let terms = dims.Cg * dims.KH * dims.KW;
  let f = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(filters - 1u));
  let at = (part * filters + f) * terms + k;
  return vec4<f32>(w(at.x), w(at.y), w(at.z), w(at.w));
}
// where the windows of four positions begin: channel 0 of the group, and the row and column of the first tap
var<private> image: vec4<u32>;
var<private> top_row: vec4<i32>;
var<private> left_column: vec4<i32>;
fn meet(first: u32) {
  let area = dims.Ho * dims.Wo;
  let p = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.N * area - 1u));
  image = (p / area * dims.C + part * dims.Cg) * dims.H * dims.W;
  top_row = vec4<i32>(p % area / dims.Wo * dims.sh) - i32(dims.top);
  left_column = vec4<i32>(p % dims.Wo * dims.sw) - i32(dims.left);
}
fn right_four(first: u32, k: u32) -> vec4<f32> {
  let taps = dims.KH * dims.KW;
  let tap = k % taps;
  let row = top_row + i32(tap / dims.KW * dims.dh);
  let col = left_column + i32(tap % dims.KW * dims.dw);
  let inside = (row >= vec4<i32>()) & (row < vec4<i32>(i32(dims.H))) & (col >= vec4<i32>()) & (col < vec4<i32>(i32(dims.W)));
  let plane = image + k / taps * dims.H * dims.W;
  let at = select(vec4<u32>(), plane + vec4<u32>(row) * dims.W + vec4<u32>(col), inside);
  return select(vec4<f32>(), vec4<f32>(x(at.x), x(at.y), x(at.z), x(at.w)), inside);
}
`,
    },
    ({ N = 1, O = 1, Cg = 1, KH = 1, KW = 1, Ho = 1, Wo = 1, groups = 1 }) => ({
      rows: O / groups,
      columns: N * Ho * Wo,
      terms: Cg * KH * KW,
      parts: groups,
    }),
  )

/**
 * dx as a product of a group's channels, over taps and filters, and all pixels. The code has
 * `write_row(group, c, p, sums)`: four pixels from p on of a group's c-th channel.
 */
export const transposedShared = ({ code, ...text }: ProductText): Sharing =>
  sharedInParts(
    {
      ...text,
      code: /* wgsl */ `
${code}
fn finish_row(c: u32, p0: u32, sums: vec4<f32>) { write_row(part, c, p0, sums); }
`,
    },
    {
      rows: 'dims.Cg',
      columns: '(dims.N * dims.H * dims.W)',
      terms: '(dims.KH * dims.KW * (dims.O / dims.groups))',
      left: 'lines',
      right: 'lines',
      sparse: true,
      factors: /* wgsl */ `
fn left_four(first: u32, k: u32) -> vec4<f32> {
  let filters = dims.O / dims.groups;
  let taps = dims.KH * dims.KW;
  let c = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.Cg - 1u));
  let at = ((part * filters + k % filters) * dims.Cg + c) * taps + k / filters;
  return vec4<f32>(w(at.x), w(at.y), w(at.z), w(at.w));
}
// where four pixels lie in the padded image, and where the maps of the group's outputs begin
var<private> pixel_row: vec4<i32>;
var<private> pixel_column: vec4<i32>;
var<private> map: vec4<u32>;
fn meet(first: u32) {
  let area = dims.H * dims.W;
  let p = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.N * area - 1u));
  pixel_row = vec4<i32>((p % area) / dims.W + dims.top);
  pixel_column = vec4<i32>(p % dims.W + dims.left);
  map = (p / area * dims.O + part * (dims.O / dims.groups)) * dims.Ho * dims.Wo;
}
fn right_four(first: u32, k: u32) -> vec4<f32> {
  let filters = dims.O / dims.groups;
  let tap = k / filters;
  let row = pixel_row - i32(tap / dims.KW * dims.dh);
  let col = pixel_column - i32(tap % dims.KW * dims.dw);
  let step = vec2<i32>(i32(dims.sh), i32(dims.sw));
  let i = row / step.x;
  let j = col / step.y;
  reads = (row >= vec4<i32>()) & (i * step.x == row) & (i < vec4<i32>(i32(dims.Ho)))
    & (col >= vec4<i32>()) & (j * step.y == col) & (j < vec4<i32>(i32(dims.Wo)));
  let place = map + k % filters * dims.Ho * dims.Wo + vec4<u32>(i) * dims.Wo + vec4<u32>(j);
  let at = select(vec4<u32>(), place, reads);
  return select(vec4<f32>(), vec4<f32>(dy(at.x), dy(at.y), dy(at.z), dy(at.w)), reads);
}
`,
    },
    ({ N = 1, H = 1, W = 1, O = 1, Cg = 1, KH = 1, KW = 1, groups = 1 }) => ({
      rows: Cg,
      columns: N * H * W,
      terms: (KH * KW * O) / groups,
      parts: groups,
    }),
  )

/**
 * dw as a product of a group's maps of dy and, for each of its taps (c,kh,kw), what of x the tap meets, over batch and positions;
 * a part for each group of each part of the sum, of `dims.share` positions. The code has `write_row(group, f, t, sums)`: four
 * taps from t on of a group's f-th filter, of the part of the sum that `sum_part()` says.
 */
export const correlatingShared = ({ code, ...text }: ProductText): Sharing =>
  sharedInParts(
    {
      ...text,
      code: /* wgsl */ `
fn sum_part() -> u32 { return part / dims.groups; }
${code}
fn finish_row(f: u32, t0: u32, sums: vec4<f32>) { write_row(part % dims.groups, f, t0, sums); }
`,
    },
    {
      rows: '(dims.O / dims.groups)',
      columns: '(dims.Cg * dims.KH * dims.KW)',
      terms: 'min(dims.share, dims.N * dims.Ho * dims.Wo - this_part / dims.groups * dims.share)',
      left: 'terms',
      right: 'terms',
      nested: true,
      factors: /* wgsl */ `
fn left_four(first: u32, k: u32) -> vec4<f32> {
  let filters = dims.O / dims.groups;
  let area = dims.Ho * dims.Wo;
  let f = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(filters - 1u));
  let p = part / dims.groups * dims.share + k;
  let at = (p / area * dims.O + part % dims.groups * filters + f) * area + p % area;
  return vec4<f32>(dy(at.x), dy(at.y), dy(at.z), dy(at.w));
}
// where four taps fall for the first position, and their channels
var<private> tap_row: vec4<i32>;
var<private> tap_column: vec4<i32>;
var<private> channel: vec4<u32>;
fn meet(first: u32) {
  let taps = dims.KH * dims.KW;
  let t = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.Cg * taps - 1u));
  tap_row = vec4<i32>(t % taps / dims.KW * dims.dh) - i32(dims.top);
  tap_column = vec4<i32>(t % dims.KW * dims.dw) - i32(dims.left);
  channel = part % dims.groups * dims.Cg + t / taps;
}
fn right_four(first: u32, k: u32) -> vec4<f32> {
  let area = dims.Ho * dims.Wo;
  let p = part / dims.groups * dims.share + k;
  let row = tap_row + i32(p % area / dims.Wo * dims.sh);
  let col = tap_column + i32(p % dims.Wo * dims.sw);
  let inside = (row >= vec4<i32>()) & (row < vec4<i32>(i32(dims.H))) & (col >= vec4<i32>()) & (col < vec4<i32>(i32(dims.W)));
  let plane = (p / area * dims.C + channel) * dims.H;
  let at = select(vec4<u32>(), (plane + vec4<u32>(row)) * dims.W + vec4<u32>(col), inside);
  return select(vec4<f32>(), vec4<f32>(x(at.x), x(at.y), x(at.z), x(at.w)), inside);
}
`,
    },
    ({ N = 1, O = 1, Cg = 1, KH = 1, KW = 1, Ho = 1, Wo = 1, groups = 1, share = 1 }) => ({
      rows: O / groups,
      columns: Cg * KH * KW,
      terms: Math.min(share, N * Ho * Wo),
      parts: groups * Math.ceil((N * Ho * Wo) / share),
    }),
  )
