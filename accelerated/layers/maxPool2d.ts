import type { Kernel, Launch, Outer } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output, scratch } from '../kernel.js'
import { isNanFunction } from '../functions.js'
import type { Lower } from '../lower.js'
import { poolDims, poolNumbers, windowsAround } from './pool.js'

// Window (i,j) of real elements: padding is never the largest. NaN exceeds every number, and a NaN the NaN before it.
const realElements = /* wgsl */ `
${isNanFunction}
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
      let larger = (value > found.value) | is_nan(value) | (value == found.value && dims.last == 1u);
      found.value = select(found.value, value, larger);
      found.place = select(found.place, row + column, larger);
    }
  }
  return found;
}
`

/**
 * The same for a window of known size, element by element. A place before 0 is a huge one as u32, so one comparison tells
 * inside from outside. WGSL has no −∞: it comes as its bits.
 */
const smallWindow = (KH: number, KW: number): string => /* wgsl */ `
${realElements}
fn maximum(start: u32, i: u32, j: u32) -> Maximum {
  let row = i * dims.sh - dims.top;
  let column = j * dims.sw - dims.left;
  var value = bitcast<f32>(dims.minus_infinity);
  var place = start_row(i) * dims.W + start_column(j);
  let last = dims.last == 1u;
  ${Array.from({ length: KH * KW }, (_, t) => {
    const [kh, kw] = [Math.floor(t / KW), t % KW]
    return `
  let inside${t} = (row + ${kh}u < dims.H) & (column + ${kw}u < dims.W);
  let place${t} = select(0u, (row + ${kh}u) * dims.W + column + ${kw}u, inside${t});
  let value${t} = x(start + place${t});
  let larger${t} = inside${t} & ((value${t} > value) | is_nan(value${t}) | (last & (value${t} == value)));
  value = select(value, value${t}, larger${t});
  place = select(place, place${t}, larger${t});`
  }).join('')}
  return Maximum(value, start + place);
}
`

/** The windows that have kernels of their own: those of most networks. */
const smallWindows = [
  [2, 2],
  [3, 3],
] as const

type ByWindow = Readonly<Record<string, Kernel>>

/** A kernel for windows of any size, and one for each of the small ones; `code` calls `maximum`. */
const byWindow = (text: Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>): ByWindow => ({
  any: kernel({ ...text, code: `${anyWindow}${text.code}` }),
  ...Object.fromEntries(
    smallWindows.map(([KH, KW]) => [
      `${KH}x${KW}`,
      kernel({
        ...text,
        name: `${text.name}.${KH}x${KW}`,
        words: ['minus_infinity'],
        code: `${smallWindow(KH, KW)}${text.code}`,
      }),
    ]),
  ),
})

const kernelFor = (kernels: ByWindow, [KH, KW]: readonly [number, number]): Kernel =>
  kernels[`${KH}x${KW}`] ?? (kernels['any'] as Kernel)

/** One invocation makes up to four y[n,c,i,j] of one row: what is found once for a row is found for all four. */
export const maxPool2dForward = byWindow({
  name: 'maxPool2d.forward',
  reads: ['x'],
  writes: ['y'],
  dims: [...poolDims, 'last'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let across = (dims.Wo + 3u) / 4u;
  let first = flat % across * 4u;
  let i = flat / across % dims.Ho;
  let plane = flat / (across * dims.Ho);
  let start = plane * dims.H * dims.W;
  for (var j = first; j < min(first + 4u, dims.Wo); j++) {
    set_y((plane * dims.Ho + i) * dims.Wo + j, maximum(start, i, j).value);
  }
}
`,
})

/**
 * Windows that do not overlap, stride ≥ window: the image falls into cells of a stride each, of which each has one window
 * or, behind the last, none. One invocation makes dx of up to four cells of a row: dy where the maximum is, else 0.
 */
export const maxPool2dBackwardDisjoint = byWindow({
  name: 'maxPool2d.backward.disjoint',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: [...poolDims, 'last', 'down', 'across'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let fours = (dims.across + 3u) / 4u;
  let first = flat % fours * 4u;
  let i = flat / fours % dims.down;
  let plane = flat / (fours * dims.down);
  let start = plane * dims.H * dims.W;
  let top = start + start_row(i) * dims.W;
  let bottom = start + min(i * dims.sh + dims.sh - dims.top, dims.H) * dims.W;
  for (var j = first; j < min(first + 4u, dims.across); j++) {
    let left = start_column(j);
    let right = min(j * dims.sw + dims.sw - dims.left, dims.W);
    var place = start;
    var value = 0.0;
    if (i < dims.Ho && j < dims.Wo) {
      place = maximum(start, i, j).place;
      value = dy((plane * dims.Ho + i) * dims.Wo + j);
    }
    for (var row = top; row < bottom; row += dims.W) {
      for (var column = left; column < right; column++) {
        set_dx(row + column, select(0.0, value, row + column == place));
      }
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
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = flat / dims.Wo % dims.Ho;
  let start = flat / (dims.Wo * dims.Ho) * dims.H * dims.W;
  let place = maximum(start, i, j).place - start;
  let kh = place / dims.W + dims.top - i * dims.sh;
  let kw = place % dims.W + dims.left - j * dims.sw;
  set_choice(flat, f32(kh * dims.KW + kw));
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

const minusInfinity = 0xff800000

export const forward: Lower<'maxPool2d'> = ({ attrs, sizes }) => {
  const { N, C, H, W, Ho, Wo } = sizes
  return launches({
    kernel: kernelFor(maxPool2dForward, attrs.window),
    bind: { x: input('x'), y: output('y') },
    count: N * C * Ho * Math.ceil(Wo / 4),
    dims: { ...poolNumbers(attrs, sizes), last: 0, minus_infinity: minusInfinity },
    params: {},
    outer: { extent: N * C, dims: [], slices: { x: H * W, y: Ho * Wo } },
  })
}

export const backward: Lower<'maxPool2d'> = ({ attrs, sizes }) => {
  const { N, C, H, W, Ho, Wo } = sizes
  const [KH, KW] = attrs.window
  const [sh, sw] = attrs.stride
  const [top, , left] = attrs.padding
  const planes = N * C
  const numbers = {
    ...poolNumbers(attrs, sizes),
    last: attrs.ties === 'last' ? 1 : 0,
    minus_infinity: minusInfinity,
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
  if (sh >= KH && sw >= KW) {
    const [down, across] = [Math.ceil((H + top) / sh), Math.ceil((W + left) / sw)]
    return launches({
      kernel: kernelFor(maxPool2dBackwardDisjoint, attrs.window),
      bind: { x: input('x'), ...given },
      count: planes * down * Math.ceil(across / 4),
      dims: { ...numbers, down, across },
      params: {},
      outer: inPlanes({ x: H * W, dy: Ho * Wo, dx: H * W }),
    })
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
    kernel: maxPool2dBackward,
    bind: { choice: scratch('choice'), ...given },
    count: planes * H * W,
    dims: numbers,
    params: {},
    outer: inPlanes({ choice: Ho * Wo, dy: Ho * Wo, dx: H * W }),
  }
  return { launches: [choice, dx], scratch: { choice: planes * Ho * Wo } }
}
