import type { SizesOf } from '../../spec/catalogue.js'
import { isNanFunction, largerFunction } from '../functions.js'
import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { DenseSizes } from '../layers/dense.js'
import { denseProduct } from '../layers/dense.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'
import { tileNestedOf, tilesFor, worthTiling } from '../tile.js'

/** y[n,o] = max_k a[n,k,o] */
export const maxoutForward = kernel({
  name: 'maxout.forward',
  reads: ['a'],
  writes: ['y'],
  dims: ['K', 'O'],
  code: /* wgsl */ `
${largerFunction}
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  var most = a(n * dims.K * dims.O + o);
  for (var k = 1u; k < dims.K; k++) { most = larger(most, a((n * dims.K + k) * dims.O + o)); }
  set_y(flat, most);
}
`,
})

/**
 * first[n,o] = κ, the first k whose a[n,k,o] is largest, or with `last` the last: a NaN, if there is one. Numbers of pieces
 * are exact in f32.
 */
export const maxoutFirst = kernel({
  name: 'maxout.first',
  reads: ['a'],
  writes: ['first'],
  dims: ['K', 'O', 'last'],
  code: /* wgsl */ `
${isNanFunction}
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  var first = 0u;
  var most = a(n * dims.K * dims.O + o);
  for (var k = 1u; k < dims.K; k++) {
    let piece = a((n * dims.K + k) * dims.O + o);
    let ties = (piece == most) | (is_nan(piece) & is_nan(most));
    if ((piece > most) | (is_nan(piece) & !is_nan(most)) | (ties && dims.last == 1u)) {
      most = piece;
      first = k;
    }
  }
  set_first(flat, f32(first));
}
`,
})

/** dx[n,i] = Σ_o w[κ,o,i] · dy[n,o], the products added in order of o */
export const maxoutBackwardX = kernel({
  name: 'maxout.backward.x',
  reads: ['w', 'dy', 'first'],
  writes: ['dx'],
  dims: ['I', 'O'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let i = flat % dims.I;
  let n = flat / dims.I;
  var sum = 0.0;
  for (var o = 0u; o < dims.O; o++) {
    let k = u32(first(n * dims.O + o));
    sum += w((k * dims.O + o) * dims.I + i) * dy(n * dims.O + o);
  }
  set_dx(flat, sum);
}
`,
})

/** dw[k,o,i] = Σ_n dy[n,o] · x[n,i] over the samples with κ[n,o] = k; of the others 0·x may be NaN, and counts as none */
export const maxoutBackwardW = reduction({
  name: 'maxout.backward.w',
  reads: ['x', 'dy', 'first'],
  writes: ['dw'],
  dims: ['I', 'O'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 {
  let i = at % dims.I;
  let o = at / dims.I % dims.O;
  let k = at / (dims.I * dims.O);
  return select(0.0, dy(n * dims.O + o) * x(n * dims.I + i), first(n * dims.O + o) == f32(k));
}
fn finish(at: u32, sum: f32) { set_dw(at, sum); }
`,
})

/** The same by 4 × 4 tiles of weights' rows (k,o) × inputs. */
export const maxoutBackwardWTiled = tileNestedOf(
  {
    name: 'maxout.backward.w.tiled',
    reads: ['x', 'dy', 'first'],
    writes: ['dw'],
    dims: ['O'],
    code: /* wgsl */ `
fn right(n: u32, i: u32) -> f32 { return x(n * dims.columns + i); }
fn finish(row: u32, i: u32, sum: f32) { set_dw(row * dims.columns + i, sum); }
`,
  },
  /* wgsl */ `
fn products(row: u32, n: u32, right: vec4<f32>) -> vec4<f32> {
  let at = n * dims.O + row % dims.O;
  return select(vec4<f32>(), dy(at) * right, first(at) == f32(row / dims.O));
}
`,
)

/** db[k,o] = Σ_n dy[n,o] over the samples with κ[n,o] = k */
export const maxoutBackwardB = reduction({
  name: 'maxout.backward.b',
  reads: ['dy', 'first'],
  writes: ['db'],
  dims: ['O'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 {
  let i = n * dims.O + at % dims.O;
  return select(0.0, dy(i), first(i) == f32(at / dims.O));
}
fn finish(at: u32, sum: f32) { set_db(at, sum); }
`,
})

/** tied[n,k,o] = how many pieces are largest at (n,o), if a[n,k,o] is among them, else 0. All NaN are, if there is one. */
export const maxoutTied = kernel({
  name: 'maxout.tied',
  reads: ['a'],
  writes: ['tied'],
  dims: ['K', 'O'],
  code: /* wgsl */ `
${largerFunction}
${isNanFunction}
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  let at = n * dims.K * dims.O + o;
  var most = a(at);
  for (var k = 1u; k < dims.K; k++) { most = larger(most, a(at + k * dims.O)); }
  var count = 0.0;
  for (var k = 0u; k < dims.K; k++) {
    let piece = a(at + k * dims.O);
    count += select(0.0, 1.0, (piece == most) | is_nan(piece));
  }
  for (var k = 0u; k < dims.K; k++) {
    let piece = a(at + k * dims.O);
    set_tied(at + k * dims.O, select(0.0, count, (piece == most) | is_nan(piece)));
  }
}
`,
})

/** dx[n,i] = Σ_{o,k} w[k,o,i] · dy[n,o]/m over the m pieces k that are largest at (n,o) */
export const maxoutSharedX = kernel({
  name: 'maxout.shared.x',
  reads: ['w', 'dy', 'tied'],
  writes: ['dx'],
  dims: ['I', 'O', 'K'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let i = flat % dims.I;
  let n = flat / dims.I;
  var sum = 0.0;
  for (var o = 0u; o < dims.O; o++) {
    for (var k = 0u; k < dims.K; k++) {
      let m = tied((n * dims.K + k) * dims.O + o);
      if (m > 0.0) { sum += w((k * dims.O + o) * dims.I + i) * (dy(n * dims.O + o) / m); }
    }
  }
  set_dx(flat, sum);
}
`,
})

/** dw[k,o,i] = Σ_n dy[n,o]/m · x[n,i] over the samples where piece k is one of the m largest */
export const maxoutSharedW = reduction({
  name: 'maxout.shared.w',
  reads: ['x', 'dy', 'tied'],
  writes: ['dw'],
  dims: ['I', 'O', 'K'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 {
  let i = at % dims.I;
  let row = at / dims.I;
  let m = tied(n * dims.K * dims.O + row);
  return select(0.0, dy(n * dims.O + row % dims.O) / max(m, 1.0) * x(n * dims.I + i), m > 0.0);
}
fn finish(at: u32, sum: f32) { set_dw(at, sum); }
`,
})

/** db[k,o] = Σ_n dy[n,o]/m over the same */
export const maxoutSharedB = reduction({
  name: 'maxout.shared.b',
  reads: ['dy', 'tied'],
  writes: ['db'],
  dims: ['O', 'K'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 {
  let m = tied(n * dims.K * dims.O + at);
  return select(0.0, dy(n * dims.O + at % dims.O) / max(m, 1.0), m > 0.0);
}
fn finish(at: u32, sum: f32) { set_db(at, sum); }
`,
})

type Sizes = SizesOf<'maxout'>

// row-major, w [K,O,I] and b [K,O] are the weights of one dense layer of K·O outputs, a [N,K,O]
const asDense = ({ N, I, O, K }: Sizes): DenseSizes => ({ N, I, O: K * O })

const pieces = (sizes: Sizes, subgroupSize: number | undefined): Launch =>
  denseProduct(asDense(sizes), { x: input('x'), w: input('w'), b: input('b'), y: scratch('a') }, true, subgroupSize)

const overOutputs = (
  kernel: Kernel,
  { N, O, K }: Sizes,
  bind: Readonly<Record<string, Slot>>,
  dims: Launch['dims'] = {},
): Launch => ({
  kernel,
  bind,
  count: N * O,
  dims: { K, O, ...dims },
  params: {},
  outer: {
    extent: N,
    dims: [],
    slices: Object.fromEntries(Object.keys(bind).map((name) => [name, name === 'a' || name === 'tied' ? K * O : O])),
  },
})

export const forward: Lower<'maxout'> = ({ sizes, subgroupSize }): Lowered => ({
  launches: [pieces(sizes, subgroupSize), overOutputs(maxoutForward, sizes, { a: scratch('a'), y: output('y') })],
  scratch: { a: sizes.N * sizes.K * sizes.O },
})

/** The pieces again, to find which are tied; then the sums over those that have a part. */
const backwardShared: Lower<'maxout'> = ({ sizes, wants, subgroupSize }): Lowered => {
  const { N, I, O, K } = sizes
  const given = { dy: cotangent('y'), tied: scratch('tied') }
  const ofX: Launch = {
    kernel: maxoutSharedX,
    bind: { w: input('w'), ...given, dx: gradient('x') },
    count: N * I,
    dims: { I, O, K },
    params: {},
    outer: { extent: N, dims: [], slices: { dy: O, tied: K * O, dx: I } },
  }
  return {
    launches: [
      pieces(sizes, subgroupSize),
      overOutputs(maxoutTied, sizes, { a: scratch('a'), tied: scratch('tied') }),
      ...(wants('x') ? [ofX] : []),
      ...(wants('w')
        ? [
            reduce(maxoutSharedW, K * O * I, N, {
              bind: { x: input('x'), ...given, dw: gradient('w') },
              dims: { I, O, K },
            }),
          ]
        : []),
      ...(wants('b')
        ? [reduce(maxoutSharedB, K * O, N, { bind: { ...given, db: gradient('b') }, dims: { O, K } })]
        : []),
    ],
    scratch: { a: N * K * O, tied: N * K * O },
  }
}

/** The pieces again, to find where each cotangent goes; then the sums over those that it goes to. */
export const backward: Lower<'maxout'> = (request): Lowered => {
  const { attrs, sizes, wants, subgroupSize } = request
  if (attrs.ties === 'share') return backwardShared(request)
  const { N, I, O, K } = sizes
  const given = { dy: cotangent('y'), first: scratch('first') }
  const ofX: Launch = {
    kernel: maxoutBackwardX,
    bind: { w: input('w'), ...given, dx: gradient('x') },
    count: N * I,
    dims: { I, O },
    params: {},
    outer: { extent: N, dims: [], slices: { dy: O, first: O, dx: I } },
  }
  const bindW = { x: input('x'), ...given, dw: gradient('w') }
  const ofW: Launch = worthTiling(K * O, I)
    ? {
        kernel: maxoutBackwardWTiled,
        bind: bindW,
        count: tilesFor(K * O, I),
        dims: { rows: K * O, columns: I, terms: N, O },
        params: {},
      }
    : reduce(maxoutBackwardW, K * O * I, N, { bind: bindW, dims: { I, O } })
  const ofB = reduce(maxoutBackwardB, K * O, N, { bind: { ...given, db: gradient('b') }, dims: { O } })
  return {
    launches: [
      pieces(sizes, subgroupSize),
      overOutputs(
        maxoutFirst,
        sizes,
        { a: scratch('a'), first: scratch('first') },
        { last: attrs.ties === 'last' ? 1 : 0 },
      ),
      ...(wants('x') ? [ofX] : []),
      ...(wants('w') ? [ofW] : []),
      ...(wants('b') ? [ofB] : []),
    ],
    scratch: { a: N * K * O, first: N * O },
  }
}
