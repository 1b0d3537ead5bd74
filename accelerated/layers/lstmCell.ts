import { sigmoidFunction, tanhFunction } from '../functions.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, productByFour } from '../tile.js'
import { denseOfB, denseOfW, denseOfX, denseProduct } from './dense.js'

/**
 * What a step does once Σ_k wHh[r,k]·h[n,k] of a unit's four rows are there: gates in the place of b + wIh·x, a new cell
 * and a new state. Column 4j + q of the product is row q·H + j, so that a unit's four gates are neighbours.
 */
export const lstmUpdate = /* wgsl */ `
${sigmoidFunction}
${tanhFunction}
fn weight_row(column: u32) -> u32 { return column % 4u * dims.terms + column / 4u; }

fn update(first: u32, before: f32, sums: vec4<f32>) -> vec2<f32> {
  let H = dims.terms;
  let i = sigmoid(gates(first) + sums.x);
  let f = sigmoid(gates(first + H) + sums.y);
  let g = tanh_(gates(first + 2u * H) + sums.z);
  let o = sigmoid(gates(first + 3u * H) + sums.w);
  set_gates(first, i);
  set_gates(first + H, f);
  set_gates(first + 2u * H, g);
  set_gates(first + 3u * H, o);
  let next = f * before + i * g;
  return vec2<f32>(o * tanh_(next), next);
}
`

/** i, f, g, o of a[n,r] = gates + Σ_k wHh[r,k]·h[n,k], in its place;   c′ = f·c + i·g,   h′ = o·tanh c′ */
export const lstmCellForward = productByFour({
  name: 'lstmCell.forward',
  reads: ['h', 'c', 'wHh', 'gates'],
  writes: ['gates', 'nextH', 'nextC'],
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
${lstmUpdate}
fn finish_row(n: u32, column: u32, sums: vec4<f32>) {
  if (n >= dims.rows) { return; }
  let j = column / 4u;
  let at = n * dims.terms + j;
  let next = update(n * dims.columns + j, c(at), sums);
  set_nextH(at, next.x);
  set_nextC(at, next.y);
}
`,
})

/**
 * The gradients of a unit's pre-activations in the place of its gates, and that of its cell before, from those of the
 * new state and the new cell.
 */
export const lstmPull = /* wgsl */ `
${tanhFunction}
fn pull(first: u32, H: u32, before: f32, next: f32, dh: f32, dnext: f32) -> f32 {
  let i = gates(first);
  let f = gates(first + H);
  let g = gates(first + 2u * H);
  let o = gates(first + 3u * H);
  let t = tanh_(next);
  let dc = dnext + dh * o * ((1.0 - t) * (1.0 + t));
  set_gates(first, dc * g * (i * (1.0 - i)));
  set_gates(first + H, dc * before * (f * (1.0 - f)));
  set_gates(first + 2u * H, dc * i * ((1.0 - g) * (1.0 + g)));
  set_gates(first + 3u * H, dh * t * (o * (1.0 - o)));
  return dc * f;
}
`

/** da of the gates in their place, and dc = dc̃·f */
export const lstmCellBackwardA = kernel({
  name: 'lstmCell.backward.a',
  reads: ['gates', 'c', 'nextC', 'dnextH', 'dnextC'],
  writes: ['gates', 'dc'],
  dims: ['H', 'hasH', 'hasC'],
  code: /* wgsl */ `
${lstmPull}
fn element(at: u32) {
  let n = at / dims.H;
  var dh = 0.0;
  var dnext = 0.0;
  if (dims.hasH == 1u) { dh = dnextH(at); }
  if (dims.hasC == 1u) { dnext = dnextC(at); }
  set_dc(at, pull(n * 4u * dims.H + at % dims.H, dims.H, c(at), nextC(at), dh, dnext));
}
`,
})

interface CellSizes {
  readonly N: number
  readonly I: number
  readonly H: number
  readonly G: number
}

const gates = scratch('gates')

/** b + wIh·x, then the step from it. */
const stepInto = (
  nextH: Slot,
  nextC: Slot,
  { N, I, H, G }: CellSizes,
  subgroupSize: number | undefined,
): readonly Launch[] => [
  denseProduct({ N, I, O: G }, { x: input('x'), w: input('wIh'), b: input('b'), y: gates }, true, subgroupSize),
  multiply(
    lstmCellForward,
    { rows: N, columns: G, terms: H },
    { h: input('h'), c: input('c'), wHh: input('wHh'), gates, nextH, nextC },
    subgroupSize,
    {},
    { h: H, c: H, gates: G, nextH: H, nextC: H },
  ),
]

export const forward: Lower<'lstmCell'> = ({ sizes, subgroupSize }) => ({
  launches: stepInto(output('h'), output('c'), sizes, subgroupSize),
  scratch: { gates: sizes.N * sizes.G },
})

export const backward: Lower<'lstmCell'> = ({ sizes, given, wants, subgroupSize }) => {
  const { N, I, H, G } = sizes
  const [ofInput, ofState] = [
    { N, I, O: G },
    { N, I: H, O: G },
  ]
  const wanted = (name: string, launch: Launch) => (wants(name) ? [launch] : [])
  return {
    launches: [
      ...stepInto(scratch('h'), scratch('c'), sizes, subgroupSize),
      {
        kernel: lstmCellBackwardA,
        bind: {
          gates,
          c: input('c'),
          nextC: scratch('c'),
          dnextH: cotangent('h'),
          dnextC: cotangent('c'),
          dc: gradient('c'),
        },
        count: N * H,
        dims: { H, hasH: given('h') ? 1 : 0, hasC: given('c') ? 1 : 0 },
        params: {},
        outer: { extent: N, dims: [], slices: { gates: G, c: H, nextC: H, dnextH: H, dnextC: H, dc: H } },
      },
      ...wanted('x', denseOfX(ofInput, { w: input('wIh'), dy: gates, dx: gradient('x') }, subgroupSize)),
      ...wanted('h', denseOfX(ofState, { w: input('wHh'), dy: gates, dx: gradient('h') }, subgroupSize)),
      ...wanted('wIh', denseOfW(ofInput, { x: input('x'), dy: gates, dw: gradient('wIh') }, subgroupSize)),
      ...wanted('wHh', denseOfW(ofState, { x: input('h'), dy: gates, dw: gradient('wHh') }, subgroupSize)),
      ...wanted('b', denseOfB(ofState, { dy: gates, db: gradient('b') })),
    ],
    scratch: { gates: N * G, h: N * H, c: N * H },
  }
}
