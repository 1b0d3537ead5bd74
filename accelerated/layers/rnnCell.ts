import { tanhFunction } from '../functions.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { multiply, product } from '../tile.js'
import { denseOfB, denseOfW, denseOfX, denseProduct } from './dense.js'

/** h′ = tanh(next + Σ_k wHh[j,k]·h[n,k]), in the place of next, which holds b + Σ_i wIh[j,i]·x[n,i] */
export const rnnCellForward = product({
  name: 'rnnCell.forward',
  reads: ['h', 'wHh', 'next'],
  writes: ['next'],
  factors: /* wgsl */ `
fn left(n: u32, k: u32) -> f32 { return h(n * dims.terms + k); }
fn right(k: u32, j: u32) -> f32 { return wHh(j * dims.terms + k); }
`,
  byVectors: {
    right: 'terms',
    vectors: ['wHh'],
    factors: /* wgsl */ `
fn left(n: u32, k: u32) -> vec4<f32> {
  let i = n * dims.terms + 4u * k;
  return vec4<f32>(h(i), h(i + 1u), h(i + 2u), h(i + 3u));
}
fn right(k: u32, j: u32) -> vec4<f32> { return wHh(j * (dims.terms / 4u) + k); }
`,
  },
  code: /* wgsl */ `
${tanhFunction}
fn finish(n: u32, j: u32, sum: f32) {
  let at = n * dims.columns + j;
  set_next(at, tanh_(next(at) + sum));
}
`,
})

/** da = dh′·(1 − h′)·(1 + h′) */
export const rnnCellBackwardA = kernel({
  name: 'rnnCell.backward.a',
  reads: ['next', 'dnext'],
  writes: ['da'],
  code: /* wgsl */ `
fn element(i: u32) {
  let h = next(i);
  set_da(i, dnext(i) * ((1.0 - h) * (1.0 + h)));
}
`,
})

interface CellSizes {
  readonly N: number
  readonly I: number
  readonly H: number
}

/** b + wIh·x, then the step from it. */
const stepInto = (next: Slot, { N, I, H }: CellSizes, subgroupSize: number | undefined): readonly Launch[] => [
  denseProduct({ N, I, O: H }, { x: input('x'), w: input('wIh'), b: input('b'), y: next }, true, subgroupSize),
  multiply(
    rnnCellForward,
    { rows: N, columns: H, terms: H },
    { h: input('h'), wHh: input('wHh'), next },
    subgroupSize,
    {},
    { h: H, next: H },
  ),
]

export const forward: Lower<'rnnCell'> = ({ sizes, subgroupSize }) =>
  launches(...stepInto(output('h'), sizes, subgroupSize))

const [next, da] = [scratch('next'), scratch('da')]

export const backward: Lower<'rnnCell'> = ({ sizes, wants, subgroupSize }) => {
  const { N, I, H } = sizes
  const [ofInput, ofState] = [
    { N, I, O: H },
    { N, I: H, O: H },
  ]
  const wanted = (name: string, launch: Launch) => (wants(name) ? [launch] : [])
  return {
    launches: [
      ...stepInto(next, sizes, subgroupSize),
      elementwise(rnnCellBackwardA, N * H, { next, dnext: cotangent('h'), da }),
      ...wanted('x', denseOfX(ofInput, { w: input('wIh'), dy: da, dx: gradient('x') }, subgroupSize)),
      ...wanted('h', denseOfX(ofState, { w: input('wHh'), dy: da, dx: gradient('h') }, subgroupSize)),
      ...wanted('wIh', denseOfW(ofInput, { x: input('x'), dy: da, dw: gradient('wIh') }, subgroupSize)),
      ...wanted('wHh', denseOfW(ofState, { x: input('h'), dy: da, dw: gradient('wHh') }, subgroupSize)),
      ...wanted('b', denseOfB(ofState, { dy: da, db: gradient('b') })),
    ],
    scratch: { next: N * H, da: N * H },
  }
}
