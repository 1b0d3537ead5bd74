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
  code: /* wgsl */ `
${tanhFunction}
fn left(n: u32, k: u32) -> f32 { return h(n * dims.terms + k); }
fn right(k: u32, j: u32) -> f32 { return wHh(j * dims.terms + k); }
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
const stepInto = (next: Slot, { N, I, H }: CellSizes): readonly Launch[] => [
  denseProduct({ N, I, O: H }, { x: input('x'), w: input('wIh'), b: input('b'), y: next }, true),
  multiply(
    rnnCellForward,
    { rows: N, columns: H, terms: H },
    { h: input('h'), wHh: input('wHh'), next },
    {},
    { h: H, next: H },
  ),
]

export const forward: Lower<'rnnCell'> = ({ sizes }) => launches(...stepInto(output('h'), sizes))

const [next, da] = [scratch('next'), scratch('da')]

export const backward: Lower<'rnnCell'> = ({ sizes, wants }) => {
  const { N, I, H } = sizes
  const [ofInput, ofState] = [
    { N, I, O: H },
    { N, I: H, O: H },
  ]
  const wanted = (name: string, launch: Launch) => (wants(name) ? [launch] : [])
  return {
    launches: [
      ...stepInto(next, sizes),
      elementwise(rnnCellBackwardA, N * H, { next, dnext: cotangent('h'), da }),
      ...wanted('x', denseOfX(ofInput, { w: input('wIh'), dy: da, dx: gradient('x') })),
      ...wanted('h', denseOfX(ofState, { w: input('wHh'), dy: da, dx: gradient('h') })),
      ...wanted('wIh', denseOfW(ofInput, { x: input('x'), dy: da, dw: gradient('wIh') })),
      ...wanted('wHh', denseOfW(ofState, { x: input('h'), dy: da, dw: gradient('wHh') })),
      ...wanted('b', denseOfB(ofState, { dy: da, db: gradient('b') })),
    ],
    scratch: { next: N * H, da: N * H },
  }
}
