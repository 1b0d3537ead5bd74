import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { overInputs, overOutputs, poolDims, poolNumbers, windowsAround } from './pool.js'

/** One invocation makes one y[n,c,i,j]. Padding is the lowest f32: WGSL has no −∞. */
export const maxPool2dForward = kernel({
  name: 'maxPool2d.forward',
  reads: ['x'],
  writes: ['y'],
  dims: poolDims,
  code: /* wgsl */ `
fn x_or_lowest(plane: u32, row: i32, col: i32) -> f32 {
  if (row < 0 || row >= i32(dims.H) || col < 0 || col >= i32(dims.W)) { return -0x1.fffffep+127f; }
  return x((plane * dims.H + u32(row)) * dims.W + u32(col));
}

fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = (flat / dims.Wo) % dims.Ho;
  let plane = flat / (dims.Wo * dims.Ho);
  var most = -0x1.fffffep+127f;
  for (var kh = 0u; kh < dims.KH; kh++) {
    for (var kw = 0u; kw < dims.KW; kw++) {
      let row = i32(i * dims.sh + kh) - i32(dims.top);
      let col = i32(j * dims.sw + kw) - i32(dims.left);
      most = max(most, x_or_lowest(plane, row, col));
    }
  }
  set_y(flat, most);
}
`,
})

/** One invocation makes one dx[n,c,r,s], adding dy of the windows (i,j) around it whose first maximum it is. */
export const maxPool2dBackward = kernel({
  name: 'maxPool2d.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: poolDims,
  code: /* wgsl */ `
${windowsAround}
// where in its plane the first maximum of window (i,j) is, looking at real elements only
fn first_maximum(plane: u32, i: u32, j: u32) -> u32 {
  let start_row = max(i * dims.sh, dims.top) - dims.top;
  let start_col = max(j * dims.sw, dims.left) - dims.left;
  let end_row = min(i * dims.sh + dims.KH - dims.top, dims.H);
  let end_col = min(j * dims.sw + dims.KW - dims.left, dims.W);
  var place = start_row * dims.W + start_col;
  var most = x(plane * dims.H * dims.W + place);
  for (var row = start_row; row < end_row; row++) {
    for (var col = start_col; col < end_col; col++) {
      let value = x((plane * dims.H + row) * dims.W + col);
      if (value > most) {
        most = value;
        place = row * dims.W + col;
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
      if (first_maximum(plane, i, j) == r * dims.W + s) { sum += dy((plane * dims.Ho + i) * dims.Wo + j); }
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
    kernel: maxPool2dBackward,
    bind: { x: input('x'), dy: cotangent('y'), dx: gradient('x') },
    dims: poolNumbers(attrs, sizes),
    params: {},
    ...overInputs(sizes),
  })
