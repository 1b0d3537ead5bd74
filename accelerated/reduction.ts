import type { Kernel, Launch, Outer, Slot } from './kernel.js'
import { kernel } from './kernel.js'

/**
 * Sums over batch or space. Each output is Σ_k term(at, k), 0 ≤ k < terms, and its additions nest at most
 * ⌈n/64⌉ + 7 deep (the contract D(n) of the tolerances), whichever of two ways it is made:
 *
 *   one invocation   pairs of terms, two of them, four of those in a row, four of those, and these blocks of 64 in a row,
 *                    1 + 1 + 3 + 3 + ⌈n/64⌉ − 1: many outputs. Few places call `term`, for the text of some is long
 *   one workgroup    64 lanes of ⌈n/64⌉ terms each, then a tree in shared memory: few outputs, long sums
 */
const blockedSum = /* wgsl */ `
fn sum_of_terms(at: u32, terms: u32) -> f32 {
  var total = 0.0;
  for (var block = 0u; block < terms; block += 64u) {
    var sum = 0.0;
    for (var part = block; part < min(block + 64u, terms); part += 16u) {
      var fours = 0.0;
      for (var four = part; four < min(part + 16u, terms); four += 4u) {
        var pairs = 0.0;
        for (var k = four; k < min(four + 4u, terms); k += 2u) {
          pairs += term(at, k) + select(0.0, term(at, min(k + 1u, terms - 1u)), k + 1u < terms);
        }
        fours += pairs;
      }
      sum += fours;
    }
    total += sum;
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
