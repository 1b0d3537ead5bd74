import type { Pool } from '../../spec/layers/pool.js'
import type { Kernel, Launch, Outer } from '../kernel.js'
import { cotangent, gradient, input, keptScratch, kernel, launches, output, scratch } from '../kernel.js'
import { isNanFunction, largerFunction } from '../functions.js'
import type { Lower } from '../lower.js'
import { poolDims, poolNumbers, windowsAround } from './pool.js'

// Window (i,j) of real elements: padding is never the largest. NaN exceeds every number, and a NaN the NaN before it.
const realElements = /* wgsl */ `
${isNanFunction}
${largerFunction}
fn start_row(i: u32) -> u32 { return max(i * dims.sh, dims.top) - dims.top; }
fn start_column(j: u32) -> u32 { return max(j * dims.sw, dims.left) - dims.left; }
fn end_row(i: u32) -> u32 { return min(i * dims.sh + dims.KH - dims.top, dims.H); }
fn end_column(j: u32) -> u32 { return min(j * dims.sw + dims.KW - dims.left, dims.W); }
struct Maximum { value: f32, place: u32 }
`

/** The first maximum of window (i,j) of the plane that starts at `start`, or with `last` the last, and where in x it is. */
const anyWindow = /* wgsl */ `
${realElements}
fn maximum(start: u32, i: u32, j: u32) -> Maximum {
  let bottom = start + end_row(i) * dims.W;
  let left = start_column(j);
  let right = end_column(j);
  var row = start + start_row(i) * dims.W;
  var found = Maximum(x(row + left), row + left);
  for (; row < bottom; row += dims.W) {
    for (var column = left; column < right; column++) {
      let value = x(row + column);
      let larger = (value > found.value) | is_nan(value) | ((value == found.value) & (dims.last == 1u));
      found.value = select(found.value, value, larger);
      found.place = select(found.place, row + column, larger);
    }
  }
  return found;
}
fn most(start: u32, i: u32, j: u32) -> f32 { return maximum(start, i, j).value; }
`

// The places of a window of known size, row by row. One in the padding gives way to the real element nearest to it, which is
// in the window, too: neither the maximum nor which comes first changes, and nothing has to be told apart.
const placesOf = (KH: number, KW: number): string => `
  ${Array.from({ length: KH }, (_, kh) => `let row${kh} = start + min(max(i * dims.sh + ${kh}u, dims.top) - dims.top, dims.H - 1u) * dims.W;`).join('\n  ')}
  ${Array.from({ length: KW }, (_, kw) => `let column${kw} = min(max(j * dims.sw + ${kw}u, dims.left) - dims.left, dims.W - 1u);`).join('\n  ')}`

const eachPlace = (KH: number, KW: number, line: (place: string) => string): string =>
  Array.from({ length: KH * KW }, (_, t) => line(`row${Math.floor(t / KW)} + column${t % KW}`)).join('\n  ')

/** The same for a window of known size, element by element. `&` in place of `&&` keeps tests free of branches. */
const smallWindow = (KH: number, KW: number): string => /* wgsl */ `
${realElements}
fn maximum(start: u32, i: u32, j: u32) -> Maximum {
  ${placesOf(KH, KW)}
  let last = dims.last == 1u;
  var place = row0 + column0;
  var value = x(place);
  ${eachPlace(
    KH,
    KW,
    (at) => `{
    let next = x(${at});
    let greater = (next > value) | is_nan(next) | (last & (next == value));
    value = select(value, next, greater);
    place = select(place, ${at}, greater);
  }`,
  )}
  return Maximum(value, place);
}
fn most(start: u32, i: u32, j: u32) -> f32 {
  ${placesOf(KH, KW)}
  var value = x(row0 + column0);
  ${eachPlace(KH, KW, (at) => `value = larger(value, x(${at}));`)}
  return value;
}
`

/** The windows that have kernels of their own: those of most networks. */
const smallWindows = [
  [2, 2],
  [3, 3],
] as const

type ByWindow = Readonly<Record<string, Kernel>>

/** A kernel for windows of any size, and one for each of the small ones; `code` calls `maximum`, or `most` for its value. */
const byWindow = (text: Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>): ByWindow => ({
  any: kernel({ ...text, code: `${anyWindow}${text.code}` }),
  ...Object.fromEntries(
    smallWindows.map(([KH, KW]) => [
      `${KH}x${KW}`,
      kernel({
        ...text,
        name: `${text.name}.${KH}x${KW}`,
        code: `${smallWindow(KH, KW)}${text.code}`,
      }),
    ]),
  ),
})

const kernelFor = (kernels: ByWindow, [KH, KW]: readonly [number, number]): Kernel =>
  kernels[`${KH}x${KW}`] ?? (kernels['any'] as Kernel)

/** One invocation makes one y[n,c,i,j]. */
export const maxPool2dForward = byWindow({
  name: 'maxPool2d.forward',
  reads: ['x'],
  writes: ['y'],
  dims: [...poolDims, 'last'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = flat / dims.Wo % dims.Ho;
  let start = flat / (dims.Wo * dims.Ho) * dims.H * dims.W;
  set_y(flat, most(start, i, j));
}
`,
})

// which of a window's elements lies at a place of its plane, kh·KW + kw counted from the window's corner
const ofWindow = /* wgsl */ `
fn of_window(place: u32, i: u32, j: u32) -> f32 {
  let kh = place / dims.W + dims.top - i * dims.sh;
  let kw = place % dims.W + dims.left - j * dims.sw;
  return f32(kh * dims.KW + kw);
}
`

/** The same, and which of its elements each window takes, for backward: exact in f32. */
export const maxPool2dForwardChoice = byWindow({
  name: 'maxPool2d.forward.choice',
  reads: ['x'],
  writes: ['y', 'choice'],
  dims: [...poolDims, 'last'],
  code: /* wgsl */ `
${ofWindow}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = flat / dims.Wo % dims.Ho;
  let start = flat / (dims.Wo * dims.Ho) * dims.H * dims.W;
  let found = maximum(start, i, j);
  set_y(flat, found.value);
  set_choice(flat, of_window(found.place - start, i, j));
}
`,
})

/*
 * Windows of 2 × 2 that tile an image whose rows are whole vectors of four. A vector of a row and the one below it hold two
 * windows, and as y has half as many rows of half as many columns, pair p of y's elements lies below vectors
 * 2p − p mod P and that plus P, where P = W/4 counts the vectors of a row. As P pairs further this is 2P vectors further, an
 * invocation that goes on by P vectors of y divides once for all its windows, and memory moves by vectors only: those of a
 * few rows one below the other, for each jump costs a processor a page.
 */
const pairs = /* wgsl */ `
fn is_nan(v: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }
fn element(flat: u32) {
  let block = flat / dims.across;
  let column = flat - block * dims.across;
  let first = block * dims.across * dims.each + column;
  let on_row = 2u * column - select(0u, dims.across, 2u * column >= dims.across);
  // above the first pair of y's vector, and above the second, which may be the next row's first
  var p = 4u * first - on_row;
  var q = p + select(1u, dims.across + 1u, on_row + 1u == dims.across);
  let end = min(dims.fours, first + dims.across * dims.each);
  for (var four = first; four < end; four += dims.across) {
    windows(four, p, q);
    p += 4u * dims.across;
    q += 4u * dims.across;
  }
}
`

/** How many vectors of y an invocation makes: enough to make little of a division. */
const foursEach = 8

/** A launch of a kernel by pairs over so many vectors of y. */
const overPairs = (
  kernel: Kernel,
  bind: Launch['bind'],
  fours: number,
  across: number,
  dims: Launch['dims'],
): Omit<Launch, 'orElse'> => ({
  kernel,
  bind,
  count: across * Math.ceil(fours / foursEach / across),
  dims: { ...dims, across, each: foursEach, fours },
  params: {},
})

// of four windows the maxima, and which of their elements these are: the last of those that are told, else the first
const chosen = /* wgsl */ `
struct Chosen { value: vec4<f32>, is1: vec4<bool>, is2: vec4<bool>, is3: vec4<bool> }
fn chosen(p: u32, q: u32) -> Chosen {
  let top = array<vec4<f32>, 2>(x(p), x(q));
  let bottom = array<vec4<f32>, 2>(x(p + dims.across), x(q + dims.across));
  // the four elements of each of four windows
  let e0 = vec4<f32>(top[0].xz, top[1].xz);
  let e1 = vec4<f32>(top[0].yw, top[1].yw);
  let e2 = vec4<f32>(bottom[0].xz, bottom[1].xz);
  let e3 = vec4<f32>(bottom[0].yw, bottom[1].yw);
  let last = vec4<bool>(dims.last == 1u);
  var value = e0;
  let is1 = (e1 > value) | is_nan(e1) | (last & (e1 == value));
  value = select(value, e1, is1);
  let is2 = (e2 > value) | is_nan(e2) | (last & (e2 == value));
  value = select(value, e2, is2);
  let is3 = (e3 > value) | is_nan(e3) | (last & (e3 == value));
  return Chosen(select(value, e3, is3), is1, is2, is3);
}
`

/** One invocation makes some vectors of y, two pairs each. */
export const maxPool2dForwardPairs = kernel({
  name: 'maxPool2d.forward.pairs',
  reads: ['x'],
  writes: ['y'],
  dims: ['across', 'each', 'fours'],
  workgroup: 256,
  vectors: ['x', 'y'],
  code: /* wgsl */ `
${pairs}
fn larger(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> { return select(a, b, (b > a) | is_nan(b)); }
fn windows(four: u32, p: u32, q: u32) {
  let left = larger(x(p), x(p + dims.across));
  let right = larger(x(q), x(q + dims.across));
  set_y(four, larger(vec4<f32>(left.xz, right.xz), vec4<f32>(left.yw, right.yw)));
}
`,
})

// what the four elements of each of four windows are given, to where they lie
const spread = /* wgsl */ `
fn spread(p: u32, q: u32, d0: vec4<f32>, d1: vec4<f32>, d2: vec4<f32>, d3: vec4<f32>) {
  set_dx(p, vec4<f32>(d0.x, d1.x, d0.y, d1.y));
  set_dx(p + dims.across, vec4<f32>(d2.x, d3.x, d2.y, d3.y));
  set_dx(q, vec4<f32>(d0.z, d1.z, d0.w, d1.w));
  set_dx(q + dims.across, vec4<f32>(d2.z, d3.z, d2.w, d3.w));
}
`

/** One invocation makes some vectors of y, and which elements the windows take, for backward. */
export const maxPool2dForwardChoicePairs = kernel({
  name: 'maxPool2d.forward.choice.pairs',
  reads: ['x'],
  writes: ['y', 'choice'],
  dims: ['across', 'each', 'fours', 'last'],
  vectors: ['x', 'y', 'choice'],
  code: /* wgsl */ `
${pairs}
${chosen}
fn windows(four: u32, p: u32, q: u32) {
  let found = chosen(p, q);
  set_y(four, found.value);
  let of_top = select(vec4<f32>(), vec4<f32>(1.0), found.is1);
  set_choice(four, select(select(of_top, vec4<f32>(2.0), found.is2), vec4<f32>(3.0), found.is3));
}
`,
})

/** The same of what forward has chosen. */
export const maxPool2dBackwardKeptPairs = kernel({
  name: 'maxPool2d.backward.kept.pairs',
  reads: ['choice', 'dy'],
  writes: ['dx'],
  dims: ['across', 'each', 'fours'],
  vectors: ['choice', 'dy', 'dx'],
  code: /* wgsl */ `
${pairs}
${spread}
fn windows(four: u32, p: u32, q: u32) {
  let none = vec4<f32>();
  let whole = dy(four);
  let which = choice(four);
  let d0 = select(none, whole, which == none);
  let d1 = select(none, whole, which == vec4<f32>(1.0));
  let d2 = select(none, whole, which == vec4<f32>(2.0));
  let d3 = select(none, whole, which == vec4<f32>(3.0));
  spread(p, q, d0, d1, d2, d3);
}
`,
})

/** One invocation makes dx of the windows of some vectors of dy: dy where the maximum is, else 0. */
export const maxPool2dBackwardPairs = kernel({
  name: 'maxPool2d.backward.pairs',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['across', 'each', 'fours', 'last'],
  vectors: ['x', 'dy', 'dx'],
  code: /* wgsl */ `
${pairs}
${chosen}
${spread}
fn windows(four: u32, p: u32, q: u32) {
  let found = chosen(p, q);
  let whole = dy(four);
  let none = vec4<f32>();
  let d3 = select(none, whole, found.is3);
  let d2 = select(none, whole, found.is2 & !found.is3);
  let d1 = select(none, whole, found.is1 & !(found.is2 | found.is3));
  let d0 = select(whole, none, found.is1 | found.is2 | found.is3);
  spread(p, q, d0, d1, d2, d3);
}
`,
})

/**
 * Windows that do not overlap, stride ≥ window: the image falls into cells of a stride each, of which each has one window
 * or, behind the last, none. One invocation makes dx of a cell: dy where the maximum is, else 0.
 */
export const maxPool2dBackwardDisjoint = byWindow({
  name: 'maxPool2d.backward.disjoint',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: [...poolDims, 'last', 'down', 'across'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let j = flat % dims.across;
  let i = flat / dims.across % dims.down;
  let plane = flat / (dims.across * dims.down);
  let start = plane * dims.H * dims.W;
  let left = start_column(j);
  let right = min(j * dims.sw + dims.sw - dims.left, dims.W);
  let top = start_row(i);
  let bottom = min(i * dims.sh + dims.sh - dims.top, dims.H);
  let has_window = (i < dims.Ho) & (j < dims.Wo);
  // a cell without a window is given the last one's maximum, which lies outside of it
  let place = maximum(start, min(i, dims.Ho - 1u), min(j, dims.Wo - 1u)).place;
  let value = select(0.0, dy((plane * dims.Ho + min(i, dims.Ho - 1u)) * dims.Wo + min(j, dims.Wo - 1u)), has_window);
  for (var row = top; row < bottom; row++) {
    for (var column = left; column < right; column++) {
      let at = start + row * dims.W + column;
      set_dx(at, select(0.0, value, at == place));
    }
  }
}
`,
})

/** The same of what forward has chosen: one invocation for each cell. */
export const maxPool2dBackwardKeptDisjoint = kernel({
  name: 'maxPool2d.backward.kept.disjoint',
  reads: ['choice', 'dy'],
  writes: ['dx'],
  dims: [...poolDims, 'down', 'across'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let j = flat % dims.across;
  let i = flat / dims.across % dims.down;
  let plane = flat / (dims.across * dims.down);
  let start = plane * dims.H * dims.W;
  let left = max(j * dims.sw, dims.left) - dims.left;
  let right = min(j * dims.sw + dims.sw - dims.left, dims.W);
  let top = max(i * dims.sh, dims.top) - dims.top;
  let bottom = min(i * dims.sh + dims.sh - dims.top, dims.H);
  let has_window = (i < dims.Ho) & (j < dims.Wo);
  let window = (plane * dims.Ho + min(i, dims.Ho - 1u)) * dims.Wo + min(j, dims.Wo - 1u);
  let value = select(0.0, dy(window), has_window);
  let chosen = u32(choice(window));
  let place = start + (i * dims.sh + chosen / dims.KW - dims.top) * dims.W + j * dims.sw + chosen % dims.KW - dims.left;
  for (var row = top; row < bottom; row++) {
    for (var column = left; column < right; column++) {
      let at = start + row * dims.W + column;
      set_dx(at, select(0.0, value, at == place));
    }
  }
}
`,
})

/** Which of its elements each window takes, kh·KW + kw counted from the window's corner: exact in f32. */
export const maxPool2dChoice = byWindow({
  name: 'maxPool2d.choice',
  reads: ['x'],
  writes: ['choice'],
  dims: [...poolDims, 'last'],
  code: /* wgsl */ `
${ofWindow}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = flat / dims.Wo % dims.Ho;
  let start = flat / (dims.Wo * dims.Ho) * dims.H * dims.W;
  set_choice(flat, of_window(maximum(start, i, j).place - start, i, j));
}
`,
})

/** One invocation makes one dx[n,c,r,s], adding dy of the windows (i,j) around it that have chosen it. */
export const maxPool2dBackward = kernel({
  name: 'maxPool2d.backward',
  reads: ['choice', 'dy'],
  writes: ['dx'],
  dims: poolDims,
  code: /* wgsl */ `
${windowsAround}
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = flat / dims.W % dims.H;
  let plane = flat / (dims.W * dims.H);
  let last_i = last_window(r + dims.top, dims.sh, dims.Ho);
  let last_j = last_window(s + dims.left, dims.sw, dims.Wo);
  var sum = 0.0;
  for (var i = first_window(r + dims.top, dims.KH, dims.sh); i <= last_i; i++) {
    for (var j = first_window(s + dims.left, dims.KW, dims.sw); j <= last_j; j++) {
      let window = (plane * dims.Ho + i) * dims.Wo + j;
      let own = (r + dims.top - i * dims.sh) * dims.KW + s + dims.left - j * dims.sw;
      if (choice(window) == f32(own)) { sum += dy(window); }
    }
  }
  set_dx(flat, sum);
}
`,
})

/** The same where at most two windows meet on each axis, window ≤ 2·stride: one after the other, without branches. */
export const maxPool2dBackwardFew = kernel({
  name: 'maxPool2d.backward.few',
  reads: ['choice', 'dy'],
  writes: ['dx'],
  dims: poolDims,
  code: /* wgsl */ `
${windowsAround}
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = flat / dims.W % dims.H;
  let maps = flat / (dims.W * dims.H) * dims.Ho;
  let row = r + dims.top;
  let column = s + dims.left;
  let i1 = last_window(row, dims.sh, dims.Ho);
  let j1 = last_window(column, dims.sw, dims.Wo);
  let first_i = first_window(row, dims.KH, dims.sh);
  let first_j = first_window(column, dims.KW, dims.sw);
  let i0 = select(i1, i1 - 1u, first_i < i1);
  let j0 = select(j1, j1 - 1u, first_j < j1);
  var sum = 0.0;
  ${[
    ['i0', 'j0', 'first_i < i1', 'first_j < j1'],
    ['i0', 'j1', 'first_i < i1', 'first_j <= j1'],
    ['i1', 'j0', 'first_i <= i1', 'first_j < j1'],
    ['i1', 'j1', 'first_i <= i1', 'first_j <= j1'],
  ]
    .map(
      ([i, j, onRow, onColumn]) => `{
    let window = (maps + ${i}) * dims.Wo + ${j};
    let own = (row - ${i} * dims.sh) * dims.KW + column - ${j} * dims.sw;
    sum += select(0.0, dy(window), (${onRow}) & (${onColumn}) & (choice(window) == f32(own)));
  }`,
    )
    .join('\n  ')}
  set_dx(flat, sum);
}
`,
})

/** Where all m maxima of a window have dy/m: the largest number of each window, and that part. All NaN are maxima. */
export const maxPool2dParts = kernel({
  name: 'maxPool2d.parts',
  reads: ['x', 'dy'],
  writes: ['most', 'part'],
  dims: [...poolDims, 'last'],
  code: /* wgsl */ `
${anyWindow}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = flat / dims.Wo % dims.Ho;
  let start = flat / (dims.Wo * dims.Ho) * dims.H * dims.W;
  let level = maximum(start, i, j).value;
  var count = 0u;
  for (var row = start + start_row(i) * dims.W; row < start + end_row(i) * dims.W; row += dims.W) {
    for (var column = start_column(j); column < end_column(j); column++) {
      let value = x(row + column);
      count += select(0u, 1u, (value == level) | is_nan(value));
    }
  }
  set_most(flat, level);
  set_part(flat, dy(flat) / f32(count));
}
`,
})

/** One invocation makes one dx[n,c,r,s], adding the parts of the windows (i,j) around it of which it is a maximum. */
export const maxPool2dBackwardShared = kernel({
  name: 'maxPool2d.backward.shared',
  reads: ['x', 'most', 'part'],
  writes: ['dx'],
  dims: poolDims,
  code: /* wgsl */ `
${isNanFunction}
${windowsAround}
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = flat / dims.W % dims.H;
  let plane = flat / (dims.W * dims.H);
  let own = x(flat);
  let last_i = last_window(r + dims.top, dims.sh, dims.Ho);
  let last_j = last_window(s + dims.left, dims.sw, dims.Wo);
  var sum = 0.0;
  for (var i = first_window(r + dims.top, dims.KH, dims.sh); i <= last_i; i++) {
    for (var j = first_window(s + dims.left, dims.KW, dims.sw); j <= last_j; j++) {
      let window = (plane * dims.Ho + i) * dims.Wo + j;
      if ((own == most(window)) | is_nan(own)) { sum += part(window); }
    }
  }
  set_dx(flat, sum);
}
`,
})

/** Whether windows of 2 × 2 tile an image whose rows, and all windows together, are whole vectors of four. */
const byPairs = ({ window, stride, padding }: Pool, { N, C, H, W }: Readonly<Record<'N' | 'C' | 'H' | 'W', number>>) =>
  [...window, ...stride].every((extent) => extent === 2) &&
  padding.every((extent) => extent === 0) &&
  H % 2 === 0 &&
  W % 4 === 0 &&
  (N * C * H * W) % 16 === 0

/** Whether an element may be in several windows. */
const overlap = ({ window: [KH, KW], stride: [sh, sw] }: Pool): boolean => sh < KH || sw < KW

// A program that goes backward searches no window twice: its choice is kept, but where windows neither overlap nor are taken
// by pairs, of which the one that is searched again takes no longer than one that is looked up.
export const forward: Lower<'maxPool2d'> = ({ attrs, sizes, isReversed }) => {
  const { N, C, H, W, Ho, Wo } = sizes
  const keeps = isReversed && attrs.ties !== 'share' && (overlap(attrs) || byPairs(attrs, sizes))
  const bind = { x: input('x'), y: output('y'), ...(keeps ? { choice: scratch('choice') } : {}) }
  const last = keeps && attrs.ties === 'last' ? 1 : 0
  const plain: Launch = {
    kernel: kernelFor(keeps ? maxPool2dForwardChoice : maxPool2dForward, attrs.window),
    bind,
    count: N * C * Ho * Wo,
    dims: { ...poolNumbers(attrs, sizes), last },
    params: {},
    outer: {
      extent: N * C,
      dims: [],
      slices: { x: H * W, y: Ho * Wo, ...(keeps ? { choice: Ho * Wo } : {}) },
    },
  }
  const fours = (N * C * Ho * Wo) / 4
  const launch = !byPairs(attrs, sizes)
    ? plain
    : keeps
      ? { ...overPairs(maxPool2dForwardChoicePairs, bind, fours, W / 4, { last }), orElse: plain }
      : { ...overPairs(maxPool2dForwardPairs, bind, fours, W / 4, {}), orElse: plain }
  return { launches: [launch], scratch: keeps ? { choice: N * C * Ho * Wo } : {} }
}

export const backward: Lower<'maxPool2d'> = ({ attrs, sizes, kept }) => {
  const { N, C, H, W, Ho, Wo } = sizes
  const [KH, KW] = attrs.window
  const [sh, sw] = attrs.stride
  const [top, , left] = attrs.padding
  const planes = N * C
  const numbers = {
    ...poolNumbers(attrs, sizes),
    last: attrs.ties === 'last' ? 1 : 0,
  }
  const given = { dy: cotangent('y'), dx: gradient('x') }
  const inPlanes = (sizes: Readonly<Record<string, number>>): Outer => ({ extent: planes, dims: [], slices: sizes })
  if (attrs.ties === 'share') {
    const bound = { most: scratch('most'), part: scratch('part') }
    const parts: Launch = {
      kernel: maxPool2dParts,
      bind: { x: input('x'), dy: cotangent('y'), ...bound },
      count: planes * Ho * Wo,
      dims: numbers,
      params: {},
      outer: inPlanes({ x: H * W, dy: Ho * Wo, most: Ho * Wo, part: Ho * Wo }),
    }
    const dx: Launch = {
      kernel: maxPool2dBackwardShared,
      bind: { x: input('x'), ...bound, dx: gradient('x') },
      count: planes * H * W,
      dims: numbers,
      params: {},
      outer: inPlanes({ x: H * W, most: Ho * Wo, part: Ho * Wo, dx: H * W }),
    }
    return { launches: [parts, dx], scratch: { most: planes * Ho * Wo, part: planes * Ho * Wo } }
  }
  if (!overlap(attrs)) {
    const [down, across] = [Math.ceil((H + top) / sh), Math.ceil((W + left) / sw)]
    if (kept('choice')) {
      const bind = { choice: keptScratch('choice'), ...given }
      const plain: Launch = {
        kernel: maxPool2dBackwardKeptDisjoint,
        bind,
        count: planes * down * across,
        dims: { ...numbers, down, across },
        params: {},
        outer: inPlanes({ choice: Ho * Wo, dy: Ho * Wo, dx: H * W }),
      }
      return launches(
        byPairs(attrs, sizes)
          ? { ...overPairs(maxPool2dBackwardKeptPairs, bind, (planes * Ho * Wo) / 4, W / 4, {}), orElse: plain }
          : plain,
      )
    }
    const plain: Launch = {
      kernel: kernelFor(maxPool2dBackwardDisjoint, attrs.window),
      bind: { x: input('x'), ...given },
      count: planes * down * across,
      dims: { ...numbers, down, across },
      params: {},
      outer: inPlanes({ x: H * W, dy: Ho * Wo, dx: H * W }),
    }
    return launches(
      byPairs(attrs, sizes)
        ? {
            ...overPairs(maxPool2dBackwardPairs, plain.bind, (planes * Ho * Wo) / 4, W / 4, { last: numbers.last }),
            orElse: plain,
          }
        : plain,
    )
  }
  const choice: Launch = {
    kernel: kernelFor(maxPool2dChoice, attrs.window),
    bind: { x: input('x'), choice: scratch('choice') },
    count: planes * Ho * Wo,
    dims: numbers,
    params: {},
    outer: inPlanes({ x: H * W, choice: Ho * Wo }),
  }
  const dx: Launch = {
    kernel: KH <= 2 * sh && KW <= 2 * sw ? maxPool2dBackwardFew : maxPool2dBackward,
    bind: { choice: kept('choice') ? keptScratch('choice') : scratch('choice'), ...given },
    count: planes * H * W,
    dims: numbers,
    params: {},
    outer: inPlanes({ choice: Ho * Wo, dy: Ho * Wo, dx: H * W }),
  }
  return kept('choice') ? launches(dx) : { launches: [choice, dx], scratch: { choice: planes * Ho * Wo } }
}
