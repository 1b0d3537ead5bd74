import { isNanFunction } from '../functions.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { overInputs, overOutputs, poolDims, poolNumbers, windowsAround } from './pool.js'

// Window (i,j) of real elements: padding is never the largest. NaN exceeds every number, and a NaN the NaN before it.
const realElements = /* wgsl */ `
${isNanFunction}
fn start_row(i: u32) -> u32 { return max(i * dims.sh, dims.top) - dims.top; }
fn start_column(j: u32) -> u32 { return max(j * dims.sw, dims.left) - dims.left; }
fn end_row(i: u32) -> u32 { return min(i * dims.sh + dims.KH - dims.top, dims.H); }
fn end_column(j: u32) -> u32 { return min(j * dims.sw + dims.KW - dims.left, dims.W); }
`

/** One invocation makes one y[n,c,i,j]. */
export const maxPool2dForward = kernel({
  name: 'maxPool2d.forward',
  reads: ['x'],
  writes: ['y'],
  dims: poolDims,
  code: /* wgsl */ `
${realElements}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = (flat / dims.Wo) % dims.Ho;
  let plane = flat / (dims.Wo * dims.Ho);
  var most = x((plane * dims.H + start_row(i)) * dims.W + start_column(j));
  for (var row = start_row(i); row < end_row(i); row++) {
    for (var column = start_column(j); column < end_column(j); column++) {
      let value = x((plane * dims.H + row) * dims.W + column);
      most = select(most, value, (value > most) | is_nan(value));
    }
  }
  set_y(flat, most);
}
`,
})

/**
 * One invocation makes one dx[n,c,r,s], adding dy of the windows (i,j) around it whose maximum it is: the first, or with
 * `last` the last. Of several NaN that is the last one.
 */
export const maxPool2dBackward = kernel({
  name: 'maxPool2d.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: [...poolDims, 'last'],
  code: /* wgsl */ `
${windowsAround}
${realElements}
// where in its plane the maximum of window (i,j) is that has the gradient
fn place_of_maximum(plane: u32, i: u32, j: u32) -> u32 {
  var place = start_row(i) * dims.W + start_column(j);
  var most = x(plane * dims.H * dims.W + place);
  for (var row = start_row(i); row < end_row(i); row++) {
    for (var column = start_column(j); column < end_column(j); column++) {
      let value = x((plane * dims.H + row) * dims.W + column);
      if ((value > most) | is_nan(value) | (value == most && dims.last == 1u)) {
        most = value;
        place = row * dims.W + column;
      }
    }
  }
  return place;
}

fn element(flat: u32) {
  let s = flat % dims.W;
  let r = (flat / dims.W) % dims.H;
  let plane = flat / (dims.W * dims.H);
  let last_i = last_window(r + dims.top, dims.sh, dims.Ho);
  let last_j = last_window(s + dims.left, dims.sw, dims.Wo);
  var sum = 0.0;
  for (var i = first_window(r + dims.top, dims.KH, dims.sh); i <= last_i; i++) {
    for (var j = first_window(s + dims.left, dims.KW, dims.sw); j <= last_j; j++) {
      if (place_of_maximum(plane, i, j) == r * dims.W + s) { sum += dy((plane * dims.Ho + i) * dims.Wo + j); }
    }
  }
  set_dx(flat, sum);
}
`,
})

/** The same where all of a window's m maxima have dy/m; all NaN are, if there is one. */
export const maxPool2dBackwardShared = kernel({
  name: 'maxPool2d.backward.shared',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: poolDims,
  code: /* wgsl */ `
${windowsAround}
${realElements}
// how many elements of window (i,j) are as large as the number given, if none is larger; else 0
fn maxima(plane: u32, i: u32, j: u32, level: f32) -> u32 {
  var count = 0u;
  for (var row = start_row(i); row < end_row(i); row++) {
    for (var column = start_column(j); column < end_column(j); column++) {
      let value = x((plane * dims.H + row) * dims.W + column);
      if ((is_nan(value) & !is_nan(level)) | (value > level)) { return 0u; }
      if (value == level || is_nan(value)) { count++; }
    }
  }
  return count;
}

fn element(flat: u32) {
  let s = flat % dims.W;
  let r = (flat / dims.W) % dims.H;
  let plane = flat / (dims.W * dims.H);
  let own = x(flat);
  let last_i = last_window(r + dims.top, dims.sh, dims.Ho);
  let last_j = last_window(s + dims.left, dims.sw, dims.Wo);
  var sum = 0.0;
  for (var i = first_window(r + dims.top, dims.KH, dims.sh); i <= last_i; i++) {
    for (var j = first_window(s + dims.left, dims.KW, dims.sw); j <= last_j; j++) {
      let count = maxima(plane, i, j, own);
      if (count > 0u) { sum += dy((plane * dims.Ho + i) * dims.Wo + j) / f32(count); }
    }
  }
  set_dx(flat, sum);
}
`,
})

export const forward: Lower<'maxPool2d'> = ({ attrs, sizes }) =>
  launches({
    kernel: maxPool2dForward,
    bind: { x: input('x'), y: output('y') },
    dims: poolNumbers(attrs, sizes),
    params: {},
    ...overOutputs(sizes),
  })

export const backward: Lower<'maxPool2d'> = ({ attrs, sizes }) =>
  launches({
    kernel: attrs.ties === 'share' ? maxPool2dBackwardShared : maxPool2dBackward,
    bind: { x: input('x'), dy: cotangent('y'), dx: gradient('x') },
    dims: { ...poolNumbers(attrs, sizes), ...(attrs.ties === 'share' ? {} : { last: attrs.ties === 'last' ? 1 : 0 }) },
    params: {},
    ...overInputs(sizes),
  })
