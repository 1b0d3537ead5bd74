import { sigmoidFunction, tanhFunction } from '../functions.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, product, productByFour } from '../tile.js'
import { denseOfB, denseOfW, denseOfX, denseProduct } from './dense.js'

/**
 * What a step does once Σ_k wHh[p,k]·h[n,k] of a unit's three rows are there: gates in the place of bIh + wIh·x, q in the
 * third block of `inner`, and a new state. Column 4j + b of the product is row b·H + j, so that a unit's three rows are
 * neighbours; the fourth column, which no gate has, repeats the third.
 */
export const gruUpdate = /* wgsl */ `
${sigmoidFunction}
${tanhFunction}
fn weight_row(column: u32) -> u32 { return min(column % 4u, 2u) * dims.terms + column / 4u; }

fn update(first: u32, innerFirst: u32, j: u32, before: f32, sums: vec4<f32>) -> f32 {
  let H = dims.terms;
  let r = sigmoid(gates(first) + (sums.x + bHh(j)));
  let z = sigmoid(gates(first + H) + (sums.y + bHh(H + j)));
  let q = sums.z + bHh(2u * H + j);
  let g = tanh_(gates(first + 2u * H) + r * q);
  set_gates(first, r);
  set_gates(first + H, z);
  set_gates(first + 2u * H, g);
  set_inner(innerFirst + 2u * H, q);
  return (1.0 - z) * g + z * before;
}
`

/** r, z, g of gates + bHh + Σ_k wHh[p,k]·h[n,k], in its place;   h′ = (1 − z)·g + z·h */
export const gruCellForward = productByFour({
  name: 'gruCell.forward',
  reads: ['h', 'wHh', 'bHh', 'gates'],
  writes: ['gates', 'inner', 'next'],
  factors: /* wgsl */ `
fn left(n: u32, k: u32) -> f32 { return h(n * dims.terms + k); }
fn right(k: u32, column: u32) -> f32 { return wHh(weight_row(column) * dims.terms + k); }
`,
  byVectors: {
    right: 'terms',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, k: u32) -> vec4<f32> {
  let i = n * dims.terms + 4u * k;
  return vec4<f32>(h(i), h(i + 1u), h(i + 2u), h(i + 3u));
}
fn right(k: u32, column: u32) -> vec4<f32> { return wHh(weight_row(column) * (dims.terms / 4u) + k); }
`,
  },
  code: /* wgsl */ `
${gruUpdate}
fn finish_row(n: u32, column: u32, sums: vec4<f32>) {
  if (n >= dims.rows) { return; }
  let j = column / 4u;
  let at = n * dims.terms + j;
  let first = n * 3u * dims.terms + j;
  set_next(at, update(first, first, j, h(at), sums));
}
`,
})

/**
 * The gradients of a unit's sums over inputs in the place of its gates, those of its sums over the state in that of q and
 * before it, and what goes straight to the state before.
 */
export const gruPull = /* wgsl */ `
fn pull(first: u32, H: u32, before: f32, dh: f32) -> f32 {
  let r = gates(first);
  let z = gates(first + H);
  let g = gates(first + 2u * H);
  let q = inner(first + 2u * H);
  let dg = dh * (1.0 - z) * ((1.0 - g) * (1.0 + g));
  let dr = dg * q * (r * (1.0 - r));
  let dz = dh * (before - g) * (z * (1.0 - z));
  set_gates(first, dr);
  set_gates(first + H, dz);
  set_gates(first + 2u * H, dg);
  set_inner(first, dr);
  set_inner(first + H, dz);
  set_inner(first + 2u * H, dg * r);
  return dh * z;
}
`

/** ds in the place of the gates, du in `inner`, and dh′·z */
export const gruCellBackwardA = kernel({
  name: 'gruCell.backward.a',
  reads: ['gates', 'inner', 'h', 'dnext'],
  writes: ['gates', 'inner', 'dh'],
  dims: ['H'],
  code: /* wgsl */ `
${gruPull}
fn element(at: u32) {
  let n = at / dims.H;
  set_dh(at, pull(n * 3u * dims.H + at % dims.H, dims.H, h(at), dnext(at)));
}
`,
})

/** dh[n,k] = dh′·z, which is there, + Σ_p wHh[p,k]·du[n,p] */
export const gruBackwardH = product({
  name: 'gru.backward.h',
  reads: ['wHh', 'inner', 'dh'],
  writes: ['dh'],
  factors: /* wgsl */ `
fn left(n: u32, p: u32) -> f32 { return inner(n * dims.terms + p); }
fn right(p: u32, k: u32) -> f32 { return wHh(p * dims.columns + k); }
`,
  byVectors: {
    right: 'lines',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, p: u32) -> vec4<f32> {
  let i = n * dims.terms + 4u * p;
  return vec4<f32>(inner(i), inner(i + 1u), inner(i + 2u), inner(i + 3u));
}
fn right(p: u32, k: u32) -> vec4<f32> { return wHh(p * (dims.columns / 4u) + k); }
`,
  },
  code: /* wgsl */ `
fn finish(n: u32, k: u32, sum: f32) {
  let at = n * dims.columns + k;
  set_dh(at, dh(at) + sum);
}
`,
})

/** The launch for it: `inner` holds du from its start on, `dh` what goes straight. */
export const gruOfH = (N: number, H: number, inner: Slot, dh: Slot, subgroupSize: number | undefined): Launch =>
  multiply(
    gruBackwardH,
    { rows: N, columns: H, terms: 3 * H },
    { wHh: input('wHh'), inner, dh },
    subgroupSize,
    {},
    { inner: 3 * H, dh: H },
  )

interface CellSizes {
  readonly N: number
  readonly I: number
  readonly H: number
  readonly G: number
}

const [gates, inner] = [scratch('gates'), scratch('inner')]

/** bIh + wIh·x, then the step from it. */
const stepInto = (next: Slot, { N, I, H, G }: CellSizes, subgroupSize: number | undefined): readonly Launch[] => [
  denseProduct({ N, I, O: G }, { x: input('x'), w: input('wIh'), b: input('bIh'), y: gates }, true, subgroupSize),
  multiply(
    gruCellForward,
    { rows: N, columns: 4 * H, terms: H },
    { h: input('h'), wHh: input('wHh'), bHh: input('bHh'), gates, inner, next },
    subgroupSize,
    {},
    { h: H, gates: G, inner: G, next: H },
  ),
]

export const forward: Lower<'gruCell'> = ({ sizes, subgroupSize }) => ({
  launches: stepInto(output('h'), sizes, subgroupSize),
  scratch: { gates: sizes.N * sizes.G, inner: sizes.N * sizes.G },
})

export const backward: Lower<'gruCell'> = ({ sizes, wants, subgroupSize }) => {
  const { N, I, H, G } = sizes
  const [ofInput, ofState] = [
    { N, I, O: G },
    { N, I: H, O: G },
  ]
  const wanted = (name: string, launch: Launch) => (wants(name) ? [launch] : [])
  const dh = gradient('h')
  return {
    launches: [
      ...stepInto(scratch('next'), sizes, subgroupSize),
      {
        kernel: gruCellBackwardA,
        bind: { gates, inner, h: input('h'), dnext: cotangent('h'), dh },
        count: N * H,
        dims: { H },
        params: {},
        outer: { extent: N, dims: [], slices: { gates: G, inner: G, h: H, dnext: H, dh: H } },
      },
      ...wanted('x', denseOfX(ofInput, { w: input('wIh'), dy: gates, dx: gradient('x') }, subgroupSize)),
      ...wanted('h', gruOfH(N, H, inner, dh, subgroupSize)),
      ...wanted('wIh', denseOfW(ofInput, { x: input('x'), dy: gates, dw: gradient('wIh') }, subgroupSize)),
      ...wanted('wHh', denseOfW(ofState, { x: input('h'), dy: inner, dw: gradient('wHh') }, subgroupSize)),
      ...wanted('bIh', denseOfB(ofState, { dy: gates, db: gradient('bIh') })),
      ...wanted('bHh', denseOfB(ofState, { dy: inner, db: gradient('bHh') })),
    ],
    scratch: { gates: N * G, inner: N * G, next: N * H },
  }
}
