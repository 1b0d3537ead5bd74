import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { overInputs, overOutputs, poolDims, poolNumbers, windowsAround } from './pool.js'

// what window (i,j) is divided by: the number of its elements inside the image, or inside the padded image, past whose end
// it may hang; rows and columns are those of the padded image
const countOf = /* wgsl */ `
fn count_of(i: u32, j: u32) -> f32 {
  let counts_all = dims.countIncludePad == 1u;
  let first = select(vec2<u32>(dims.top, dims.left), vec2<u32>(), counts_all);
  let behind = vec2<u32>(dims.top + dims.H, dims.left + dims.W);
  let end = behind + select(vec2<u32>(), vec2<u32>(dims.bottom, dims.right), counts_all);
  let start = vec2<u32>(i * dims.sh, j * dims.sw);
  let counted = min(start + vec2<u32>(dims.KH, dims.KW), end) - max(start, first);
  return f32(counted.x * counted.y);
}
`

/** One invocation makes one y[n,c,i,j], adding the elements of its window in row-major order, then dividing. */
export const avgPool2dForward = kernel({
  name: 'avgPool2d.forward',
  reads: ['x'],
  writes: ['y'],
  dims: [...poolDims, 'bottom', 'right', 'countIncludePad'],
  code: /* wgsl */ `
fn x_or_zero(plane: u32, row: i32, col: i32) -> f32 {
  if (row < 0 || row >= i32(dims.H) || col < 0 || col >= i32(dims.W)) { return 0.0; }
  return x((plane * dims.H + u32(row)) * dims.W + u32(col));
}
${countOf}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = (flat / dims.Wo) % dims.Ho;
  let plane = flat / (dims.Wo * dims.Ho);
  var sum = 0.0;
  for (var kh = 0u; kh < dims.KH; kh++) {
    for (var kw = 0u; kw < dims.KW; kw++) {
      let row = i32(i * dims.sh + kh) - i32(dims.top);
      let col = i32(j * dims.sw + kw) - i32(dims.left);
      sum += x_or_zero(plane, row, col);
    }
  }
  set_y(flat, sum / count_of(i, j));
}
`,
})

/** One invocation makes one dx[n,c,r,s], adding dy[n,c,i,j]/count(i,j) of the windows (i,j) around it. */
export const avgPool2dBackward = kernel({
  name: 'avgPool2d.backward',
  reads: ['dy'],
  writes: ['dx'],
  dims: [...poolDims, 'bottom', 'right', 'countIncludePad'],
  code: /* wgsl */ `
${windowsAround}
${countOf}
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = (flat / dims.W) % dims.H;
  let plane = flat / (dims.W * dims.H);
  let last_i = last_window(r + dims.top, dims.sh, dims.Ho);
  let last_j = last_window(s + dims.left, dims.sw, dims.Wo);
  var sum = 0.0;
  for (var i = first_window(r + dims.top, dims.KH, dims.sh); i <= last_i; i++) {
    for (var j = first_window(s + dims.left, dims.KW, dims.sw); j <= last_j; j++) {
      sum += dy((plane * dims.Ho + i) * dims.Wo + j) / count_of(i, j);
    }
  }
  set_dx(flat, sum);
}
`,
})

const numbers = (attrs: AttrsOf<'avgPool2d'>, sizes: SizesOf<'avgPool2d'>): Readonly<Record<string, number>> => ({
  ...poolNumbers(attrs, sizes),
  bottom: attrs.padding[1],
  right: attrs.padding[3],
  countIncludePad: attrs.countIncludePad ? 1 : 0,
})

export const forward: Lower<'avgPool2d'> = ({ attrs, sizes }) =>
  launches({
    kernel: avgPool2dForward,
    bind: { x: input('x'), y: output('y') },
    dims: numbers(attrs, sizes),
    params: {},
    ...overOutputs(sizes),
  })

export const backward: Lower<'avgPool2d'> = ({ attrs, sizes }) =>
  launches({
    kernel: avgPool2dBackward,
    bind: { dy: cotangent('y'), dx: gradient('x') },
    dims: numbers(attrs, sizes),
    params: {},
    ...overInputs(sizes),
  })
