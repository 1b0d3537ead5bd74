import type { Kernel, Launch, Slot } from '../kernel.js'
import { gradient, input, kernel, output, scratch } from '../kernel.js'
import { reduce, reduction } from '../reduction.js'
import { subgroupFor } from '../subgroupTile.js'
import type { Lies } from '../subgroupVectors.js'
import { inFours, vectorsNested } from '../subgroupVectors.js'
import { tileNested, tilesFor, worthTiling } from '../tile.js'
import { denseOfB, denseOfW, denseOfX, denseProduct } from './dense.js'

/** hT = y[T − 1] */
export const recurrentLast = kernel({
  name: 'recurrent.last',
  reads: ['y'],
  writes: ['hT'],
  dims: ['at'],
  code: /* wgsl */ `
fn element(i: u32) { set_hT(i, y(dims.at + i)); }
`,
})

// element i of the states before all times: h0, then those of all times but the last
const before = /* wgsl */ `
fn before(i: u32) -> f32 {
  if (i < dims.first) { return h0(i); }
  return h(i - dims.first);
}
`

/** dwHh[r,k] = Σ_m da[m,r]·h[m,k], m over time and batch, h the state before the time */
export const recurrentOfWHh = reduction({
  name: 'recurrent.backward.wHh',
  reads: ['h0', 'h', 'da'],
  writes: ['dw'],
  dims: ['R', 'H', 'first'],
  code: /* wgsl */ `
${before}
fn term(at: u32, m: u32) -> f32 { return da(m * dims.R + at / dims.H) * before(m * dims.H + at % dims.H); }
fn finish(at: u32, sum: f32) { set_dw(at, sum); }
`,
})

const byLines: Lies = { left: 'lines', right: 'lines' }

/** The same by tiles of one subgroup. */
export const recurrentOfWHhVectors = vectorsNested(byLines, {
  name: 'recurrent.backward.wHh.vectors',
  reads: ['h0', 'h', 'da'],
  writes: ['dw'],
  dims: ['first'],
  vectors: ['h0', 'h', 'da'],
  code: /* wgsl */ `
fn left(r: u32, m: u32) -> vec4<f32> { return da(m * (dims.rows / 4u) + r); }
fn right(m: u32, k: u32) -> vec4<f32> {
  let i = m * (dims.columns / 4u) + k;
  if (i < dims.first / 4u) { return h0(i); }
  return h(i - dims.first / 4u);
}
fn finish(r: u32, k: u32, sum: f32) { set_dw(r * dims.columns + k, sum); }
`,
})

/** The same by 4 × 4 tiles of rows × units. */
export const recurrentOfWHhTiled = tileNested(
  {
    name: 'recurrent.backward.wHh.tiled',
    reads: ['h0', 'h', 'da'],
    writes: ['dw'],
    dims: ['first'],
    code: /* wgsl */ `
${before}
fn left(r: u32, m: u32) -> f32 { return da(m * dims.rows + r); }
fn right(m: u32, k: u32) -> f32 { return before(m * dims.columns + k); }
fn finish(r: u32, k: u32, sum: f32) { set_dw(r * dims.columns + k, sum); }
`,
  },
  byLines,
)

/** The sizes of a sequence's layer, and how many lanes the device's subgroups have. */
export interface ScanSizes {
  readonly T: number
  readonly N: number
  readonly I: number
  readonly H: number
  readonly subgroupSize: number | undefined
}

const times = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i)

/** All states in order of time: the bias + wIh·x of all times at once into `into`, then a launch for each time. */
export const scanned = (
  R: number,
  { T, N, I, subgroupSize }: ScanSizes,
  into: Slot,
  first: Launch,
  next: (t: number) => Launch,
  bias = 'b',
): readonly Launch[] => [
  denseProduct({ N: T * N, I, O: R }, { x: input('x'), w: input('wIh'), b: input(bias), y: into }, true, subgroupSize),
  first,
  ...times(1, T).map(next),
]

/** The gradients of all pre-activations, from the last time to the first. */
export const scannedBack = ({ T }: ScanSizes, last: Launch, before: (t: number) => Launch): readonly Launch[] => [
  last,
  ...times(0, T - 1)
    .toReversed()
    .map(before),
]

/** hT, where it is asked for. */
export const lastOf = (wanted: boolean, { T, N, H }: ScanSizes): readonly Launch[] =>
  wanted
    ? [
        {
          kernel: recurrentLast,
          bind: { y: output('y'), hT: output('hT') },
          count: N * H,
          dims: { at: (T - 1) * N * H },
          params: {},
        },
      ]
    : []

/** dwHh from the gradients of all sums over states, [T,N,R]. */
export const weightsOfStates = (da: Slot, R: number, { T, N, H, subgroupSize }: ScanSizes): Launch => {
  const bind = { h0: input('h0'), h: scratch('h'), da, dw: gradient('wHh') }
  const sizes = { rows: R, columns: H, terms: T * N }
  const inTiles = (kernel: Kernel, count: number): Launch => ({
    kernel,
    bind,
    count,
    dims: { ...sizes, first: N * H },
    params: {},
  })
  const plain = worthTiling(R, H)
    ? inTiles(recurrentOfWHhTiled, tilesFor(R, H))
    : reduce(recurrentOfWHh, R * H, T * N, { bind, dims: { R, H, first: N * H } })
  const subgroup = inFours(byLines, sizes) ? subgroupFor(subgroupSize, recurrentOfWHhVectors, R, H) : undefined
  return subgroup === undefined ? plain : { ...inTiles(subgroup.kernel, subgroup.tiles(R, H)), orElse: plain }
}

/**
 * From the gradients of all pre-activations, [T,N,R], those of the inputs that are asked for. Sums over time and batch
 * are one sum each; dh0 reads the first time alone.
 */
export const pulledFrom = (
  da: Slot,
  R: number,
  sizes: ScanSizes,
  wants: (input: string) => boolean,
): readonly Launch[] => {
  const { T, N, I, H, subgroupSize } = sizes
  const all = { N: T * N, I, O: R }
  const list: readonly (readonly [string, Launch])[] = [
    ['x', denseOfX(all, { w: input('wIh'), dy: da, dx: gradient('x') }, subgroupSize)],
    ['h0', denseOfX({ N, I: H, O: R }, { w: input('wHh'), dy: da, dx: gradient('h0') }, subgroupSize)],
    ['wIh', denseOfW(all, { x: input('x'), dy: da, dw: gradient('wIh') }, subgroupSize)],
    ['wHh', weightsOfStates(da, R, sizes)],
    ['b', denseOfB(all, { dy: da, db: gradient('b') })],
  ]
  return list.flatMap(([name, launch]) => (wants(name) ? [launch] : []))
}
