import type { Kernel, Launch, Outer, Slot } from './kernel.js'
import { kernel } from './kernel.js'
import { isProcessor } from './subgroupTile.js'

/**
 * Kernels that go over a row several times: for its largest number, for sums, and to write what follows from them. A tensor
 * is [outer, extent, inner]; a row is what differs along the middle axis only, so there are outer·inner, and number j of the
 * row lies at `base + j·inner`. The code has
 *
 *   fn value(j: u32) -> f32        the number of which `largest()` is the largest; NaN may escape it, but no sum
 *   fn NAME_term(j: u32) -> f32    a term of the sum that `sum_NAME()` makes: once for each j, or again for the last one
 *   fn whole_row(row: u32)         what is done with a row; the lane writes for j = lane, lane + lanes, …
 *
 * In one of two forms, with the depth of additions that reduction.ts derives:
 *
 *   perInvocation   a row for each invocation: many rows, or short ones
 *   perWorkgroup    64 lanes for each row: few rows, long ones; on processors, whose lanes wait long for each other, only
 *                   where rows are too few to go round
 */
export interface RowKernel {
  readonly perInvocation: Kernel
  readonly perWorkgroup: Kernel
}

const start = /* wgsl */ `
var<private> base: u32 = 0u;
var<private> lane: u32 = 0u;
fn start_row(row: u32) { base = row / dims.inner * dims.extent * dims.inner + row % dims.inner; }
`

const alone = /* wgsl */ `
const lanes = 1u;
fn element(row: u32) {
  start_row(row);
  whole_row(row);
}
fn largest() -> f32 {
  var most = value(0u);
  for (var j = 1u; j < dims.extent; j++) { most = max(most, value(j)); }
  return most;
}
`

// pairs of terms, two of them, four of those in a row, four of those, and these blocks of 64 in a row
const sumAlone = (name: string): string => /* wgsl */ `
fn sum_${name}() -> f32 {
  let n = dims.extent;
  var total = 0.0;
  for (var block = 0u; block < n; block += 64u) {
    var sum = 0.0;
    for (var part = block; part < min(block + 64u, n); part += 16u) {
      var fours = 0.0;
      for (var four = part; four < min(part + 16u, n); four += 4u) {
        var pairs = 0.0;
        for (var j = four; j < min(four + 4u, n); j += 2u) {
          pairs += ${name}_term(j) + select(0.0, ${name}_term(min(j + 1u, n - 1u)), j + 1u < n);
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

const together = /* wgsl */ `
const lanes = 64u;
var<workgroup> of_lanes: array<f32, 64>;
fn group(row: u32, index: u32) {
  lane = index;
  start_row(row);
  whole_row(row);
}
fn largest() -> f32 {
  var own = value(min(lane, dims.extent - 1u));
  for (var j = lane + 64u; j < dims.extent; j += 64u) { own = max(own, value(j)); }
  of_lanes[lane] = own;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { of_lanes[lane] = max(of_lanes[lane], of_lanes[lane + half]); }
  }
  workgroupBarrier();
  let most = of_lanes[0];
  workgroupBarrier();
  return most;
}
fn across_lanes(own: f32) -> f32 {
  of_lanes[lane] = own;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { of_lanes[lane] += of_lanes[lane + half]; }
  }
  workgroupBarrier();
  let sum = of_lanes[0];
  workgroupBarrier();
  return sum;
}
`

const sumTogether = (name: string): string => /* wgsl */ `
fn sum_${name}() -> f32 {
  var own = 0.0;
  for (var j = lane; j < dims.extent; j += 64u) { own += ${name}_term(j); }
  return across_lanes(own);
}
`

type RowText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> &
  Partial<Pick<Kernel, 'rereads' | 'dims' | 'params'>> & { readonly sums: readonly string[] }

export const rowKernel = ({ sums, code, dims = [], ...text }: RowText): RowKernel => ({
  perInvocation: kernel({
    ...text,
    dims: ['extent', 'inner', ...dims],
    code: `${start}${alone}${sums.map(sumAlone).join('')}${code}`,
  }),
  perWorkgroup: kernel({
    ...text,
    per: 'workgroup',
    workgroup: 64,
    dims: ['extent', 'inner', ...dims],
    code: `${start}${together}${sums.map(sumTogether).join('')}${code}`,
  }),
})

/** How a tensor falls into rows. */
export interface Rows {
  readonly outer: number
  readonly extent: number
  readonly inner: number
}

/** The launch of a row kernel, of whose tensors those named in `perRow` have so many numbers for each row. */
export const overRows = (
  { perInvocation, perWorkgroup }: RowKernel,
  { outer, extent, inner }: Rows,
  launch: {
    readonly bind: Readonly<Record<string, Slot>>
    readonly perRow?: Readonly<Record<string, number>>
    /** tensors of which every row reads the same */
    readonly shared?: readonly string[]
    readonly dims?: Readonly<Record<string, number>>
    readonly params?: Readonly<Record<string, number>>
  },
  subgroupSize?: number,
): Launch => {
  const { bind, perRow = {}, shared = [], dims = {}, params = {} } = launch
  const cut: Outer = {
    extent: outer,
    dims: [],
    slices: Object.fromEntries(
      Object.keys(bind)
        .filter((name) => !shared.includes(name))
        .map((name) => [name, (perRow[name] ?? extent) * inner]),
    ),
  }
  const rows = outer * inner
  return {
    kernel: extent > 64 && rows < (isProcessor(subgroupSize) ? 256 : 4096) ? perWorkgroup : perInvocation,
    bind,
    count: rows,
    dims: { extent, inner, ...dims },
    params,
    outer: cut,
  }
}
