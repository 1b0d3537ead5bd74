import type { Kernel, Launch, Slot } from '../kernel.js'
import { input, output } from '../kernel.js'

/** What normalizers have in common: statistics of the features d of x [N,D], then y from them and the data a. */

/** Where number k of feature d is. */
export const column = /* wgsl */ `
fn place(d: u32, k: u32) -> u32 { return k * dims.D + d; }
`

/** The launch for y [rows,D] of data in the place of `apply`, or x where that is not given. */
export const transformed = (
  kernel: Kernel,
  { rows, D }: { readonly rows: number; readonly D: number },
  hasApply: boolean,
  statistics: Readonly<Record<string, Slot>>,
  params: Readonly<Record<string, number>> = {},
): Launch => ({
  kernel,
  bind: { a: input(hasApply ? 'apply' : 'x'), ...statistics, y: output('y') },
  count: rows * D,
  dims: { D },
  params,
  outer: { extent: rows, dims: [], slices: { a: D, y: D } },
})
