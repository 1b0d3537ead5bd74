import type { Kernel, Launch, Outer, Slot } from './kernel.js'
import { kernel } from './kernel.js'

/**
 * Sums over batch or space. Each output is Σ_k term(at, k), 0 ≤ k < terms, and its additions nest at most
 * ⌈n/64⌉ + 6 deep (the contract D(n) of the tolerances), whichever of two ways it is made:
 *
 *   one invocation   blocks of 64 terms, each as 16 sums of 4 and a tree of 16, the blocks added serially: many outputs
 *   one workgroup    64 lanes of ⌈n/64⌉ terms each, then a tree in shared memory: few outputs, long sums
 */
const blockedSum = /* wgsl */ `
fn sum_of_terms(at: u32, terms: u32) -> f32 {
  var total = 0.0;
  for (var block = 0u; block < terms; block += 64u) {
    var sums = array<f32, 16>(); // SwiftShader does not zero a declaration without a value on every round
    for (var s = 0u; s < 16u; s++) {
      for (var t = 0u; t < 4u; t++) {
        let k = block + t * 16u + s;
        if (k < terms) { sums[s] += term(at, k); }
      }
    }
    for (var half = 8u; half > 0u; half /= 2u) {
      for (var s = 0u; s < half; s++) { sums[s] += sums[s + half]; }
    }
    total += sums[0];
  }
  return total;
}
`

const sharedSum = /* wgsl */ `
var<workgroup> sums: array<f32, 64>;

fn sum_of_terms(at: u32, terms: u32, lane: u32) -> f32 {
  var own = 0.0;
  for (var k = lane; k < terms; k += 64u) { own += term(at, k); }
  sums[lane] = own;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  return sums[0];
}
`

/** A reduction in its two forms. `term(at, k)` is the k-th term of output `at`; `finish(at, sum)` writes the output. */
export interface Reduction {
  readonly perInvocation: Kernel
  readonly perWorkgroup: Kernel
}

export const reduction = (text: Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>): Reduction => ({
  perInvocation: kernel({
    ...text,
    dims: ['terms', ...(text.dims ?? [])],
    code: `${blockedSum}
fn element(i: u32) { finish(i, sum_of_terms(i, dims.terms)); }
${text.code}`,
  }),
  perWorkgroup: kernel({
    ...text,
    per: 'workgroup',
    workgroup: 64,
    dims: ['terms', ...(text.dims ?? [])],
    code: `${sharedSum}
fn group(g: u32, lane: u32) {
  let sum = sum_of_terms(g, dims.terms, lane);
  if (lane == 0u) { finish(g, sum); }
}
${text.code}`,
  }),
})

/** The launch of a reduction: `outputs` sums of `terms` terms each, in the form that suits their number and length. */
export const reduce = (
  { perInvocation, perWorkgroup }: Reduction,
  outputs: number,
  terms: number,
  launch: {
    readonly bind: Readonly<Record<string, Slot>>
    readonly dims?: Readonly<Record<string, number>>
    readonly params?: Readonly<Record<string, number>>
    readonly outer?: Outer
  },
): Launch => ({
  kernel: terms > 64 && outputs < 4096 ? perWorkgroup : perInvocation,
  bind: launch.bind,
  count: outputs,
  dims: { terms, ...launch.dims },
  params: launch.params ?? {},
  ...(launch.outer === undefined ? {} : { outer: launch.outer }),
})
