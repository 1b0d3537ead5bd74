import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import type { Launch } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

const dims = ['N', 'C', 'H', 'W', 'O', 'Cg', 'KH', 'KW', 'Ho', 'Wo', 'sh', 'sw', 'dh', 'dw', 'top', 'left', 'groups']

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
  dims: [...dims, 'hasBias'],
  code: /* wgsl */ `
${xOrZero}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = (flat / dims.Wo) % dims.Ho;
  let o = (flat / (dims.Wo * dims.Ho)) % dims.O;
  let n = flat / (dims.Wo * dims.Ho * dims.O);
  let first = dims.Cg * (o * dims.groups / dims.O);
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

/** One invocation makes one dx[n,c,r,s], adding the products of the outputs (o,i,j) and taps (kh,kw) that read it. */
export const conv2dBackwardX = kernel({
  name: 'conv2d.backward.x',
  reads: ['w', 'dy'],
  writes: ['dx'],
  dims,
  code: /* wgsl */ `
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = (flat / dims.W) % dims.H;
  let channel = (flat / (dims.W * dims.H)) % dims.C;
  let n = flat / (dims.W * dims.H * dims.C);
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
  set_dx(flat, sum);
}
`,
})

/** dw[o,c,kh,kw] = Σ_{n,i,j} dy[n,o,i,j] · x[n, first(o)+c, i·sh + kh·dh − top, j·sw + kw·dw − left] */
export const conv2dBackwardW = reduction({
  name: 'conv2d.backward.w',
  reads: ['x', 'dy'],
  writes: ['dweights'],
  dims,
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
  let first = dims.Cg * (o * dims.groups / dims.O);
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

const numbers = (attrs: AttrsOf<'conv2d'>, sizes: SizesOf<'conv2d'>): Readonly<Record<string, number>> => {
  const [sh, sw] = attrs.stride
  const [dh, dw] = attrs.dilation
  const [top, , left] = attrs.padding
  const { N, C, H, W, O, Cg, KH, KW, Ho, Wo } = sizes
  return { N, C, H, W, O, Cg, KH, KW, Ho, Wo, sh, sw, dh, dw, top, left, groups: attrs.groups }
}

export const forward: Lower<'conv2d'> = ({ attrs, sizes, has }) => {
  const { N, C, H, W, O, Ho, Wo } = sizes
  return launches({
    kernel: conv2dForward,
    bind: { x: input('x'), w: input('w'), b: input('b'), y: output('y') },
    count: N * O * Ho * Wo,
    dims: { ...numbers(attrs, sizes), hasBias: has('b') ? 1 : 0 },
    params: {},
    outer: { extent: N, dims: ['N'], slices: { x: C * H * W, y: O * Ho * Wo } },
  })
}

export const backward: Lower<'conv2d'> = ({ attrs, sizes, wants }) => {
  const { N, C, H, W, O, Cg, KH, KW, Ho, Wo } = sizes
  const ofX: Launch = {
    kernel: conv2dBackwardX,
    bind: { w: input('w'), dy: cotangent('y'), dx: gradient('x') },
    count: N * C * H * W,
    dims: numbers(attrs, sizes),
    params: {},
    outer: { extent: N, dims: ['N'], slices: { dx: C * H * W, dy: O * Ho * Wo } },
  }
  const ofW = reduce(conv2dBackwardW, O * Cg * KH * KW, N * Ho * Wo, {
    bind: { x: input('x'), dy: cotangent('y'), dweights: gradient('w') },
    dims: numbers(attrs, sizes),
  })
  const ofB = reduce(conv2dBackwardB, O, N * Ho * Wo, {
    bind: { dy: cotangent('y'), db: gradient('b') },
    dims: { O, area: Ho * Wo },
  })
  return launches(wants('x') ? ofX : undefined, wants('w') ? ofW : undefined, wants('b') ? ofB : undefined)
}
