import type { Launch } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/** y[n,o] = b[o] + Σ_i w[o,i] · x[n,i], the products added in order of i, then the bias */
export const denseForward = kernel({
  name: 'dense.forward',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: ['I', 'O', 'hasBias'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  var sum = 0.0;
  for (var i = 0u; i < dims.I; i++) {
    sum += w(o * dims.I + i) * x(n * dims.I + i);
  }
  if (dims.hasBias == 1u) { sum += b(o); }
  set_y(flat, sum);
}
`,
})

/** dx[n,i] = Σ_o w[o,i] · dy[n,o], the products added in order of o */
export const denseBackwardX = kernel({
  name: 'dense.backward.x',
  reads: ['w', 'dy'],
  writes: ['dx'],
  dims: ['I', 'O'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let i = flat % dims.I;
  let n = flat / dims.I;
  var sum = 0.0;
  for (var o = 0u; o < dims.O; o++) {
    sum += w(o * dims.I + i) * dy(n * dims.O + o);
  }
  set_dx(flat, sum);
}
`,
})

/** dw[o,i] = Σ_n dy[n,o] · x[n,i] */
export const denseBackwardW = reduction({
  name: 'dense.backward.w',
  reads: ['x', 'dy'],
  writes: ['dw'],
  dims: ['I', 'O'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 {
  let i = at % dims.I;
  let o = at / dims.I;
  return dy(n * dims.O + o) * x(n * dims.I + i);
}
fn finish(at: u32, sum: f32) { set_dw(at, sum); }
`,
})

/** db[o] = Σ_n dy[n,o] */
export const denseBackwardB = reduction({
  name: 'dense.backward.b',
  reads: ['dy'],
  writes: ['db'],
  dims: ['O'],
  code: /* wgsl */ `
fn term(o: u32, n: u32) -> f32 { return dy(n * dims.O + o); }
fn finish(o: u32, sum: f32) { set_db(o, sum); }
`,
})

export const forward: Lower<'dense'> = ({ sizes: { N, I, O }, has }) =>
  launches({
    kernel: denseForward,
    bind: { x: input('x'), w: input('w'), b: input('b'), y: output('y') },
    count: N * O,
    dims: { I, O, hasBias: has('b') ? 1 : 0 },
    params: {},
    outer: { extent: N, dims: [], slices: { x: I, y: O } },
  })

export const backward: Lower<'dense'> = ({ sizes: { N, I, O }, wants }) => {
  const ofX: Launch = {
    kernel: denseBackwardX,
    bind: { w: input('w'), dy: cotangent('y'), dx: gradient('x') },
    count: N * I,
    dims: { I, O },
    params: {},
    outer: { extent: N, dims: [], slices: { dy: O, dx: I } },
  }
  const ofW = reduce(denseBackwardW, O * I, N, {
    bind: { x: input('x'), dy: cotangent('y'), dw: gradient('w') },
    dims: { I, O },
  })
  const ofB = reduce(denseBackwardB, O, N, { bind: { dy: cotangent('y'), db: gradient('b') }, dims: { O } })
  return launches(wants('x') ? ofX : undefined, wants('w') ? ofW : undefined, wants('b') ? ofB : undefined)
}
