import type { Kernel } from './kernel.js'
import { kernel } from './kernel.js'

/**
 * Matrix products by one subgroup, for adapters on processors: their subgroups have one small size S, a load costs ten
 * multiply-adds and a barrier more, while a value spreads over a subgroup almost for free. Each lane holds rows of the
 * left factor and four columns of the right one; every left value is spread in turn, and meets all columns. With eight
 * lanes six loads feed sixty-four multiply-adds in every lane.
 *
 *   left(row, k)   the left factor                   right(k, column)   the right factor
 *   finish(row, column, sum)                         writes one output
 *
 * Rows and columns past the last are read as the last and not written. What the code of such a kernel reads is
 * `dims.rows`, `dims.columns` and `dims.terms`. The text is generated for each S, since a lane is spread by a constant.
 */

/** The subgroup sizes that these kernels are written for. */
export const subgroupSizes: readonly number[] = [4, 8, 16]

/** Columns of one lane, and rows of one lane: as many sums as registers and caches bear. */
const columnsOfLane = 4
const rowsOfLane = (S: number): number => Math.max(1, 16 / S)

/** Rows and columns of one tile. */
export const tileRows = (S: number): number => S * rowsOfLane(S)
export const tileColumns = (S: number): number => S * columnsOfLane

/**
 * The kernel for a device's subgroups, if there is one and a tile of it is worth its while: half of its rows and columns
 * exist. Else fewer loads do not pay for sums that nobody asked for.
 */
export const subgroupFor = (
  size: number | undefined,
  kernels: BySubgroup,
  rows: number,
  columns: number,
): { readonly kernel: Kernel; readonly count: (rows: number) => number } | undefined => {
  const kernel = size === undefined ? undefined : kernels[size]
  return size === undefined || kernel === undefined || 2 * rows < tileRows(size) || 2 * columns < tileColumns(size)
    ? undefined
    : { kernel, count: (rows) => subgroupTiles(size, rows, columns) }
}

/** How many tiles cover so many rows and columns. */
export const subgroupTiles = (S: number, rows: number, columns: number): number =>
  Math.ceil(rows / tileRows(S)) * Math.ceil(columns / tileColumns(S))

/** Text for each of 0 … n − 1, line by line. */
export const each = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n')

/** The variables `name0_0` … of a tile's sums in a lane, all 0. */
export const zeroSums = (S: number, name: string): string =>
  each(tileRows(S), (r) => each(columnsOfLane, (j) => `var ${name}${r}_${j} = 0.0;`))

/** Every sum of `to` grows by that of `from`. */
const addSums = (S: number, to: string, from: string): string =>
  each(tileRows(S), (r) => each(columnsOfLane, (j) => `${to}${r}_${j} += ${from}${r}_${j};`))

/** The values a0 … of the lane's rows and b0 … b3 of its columns, multiplied and added to the sums s. */
export const multiplyAdd = (S: number): string =>
  each(rowsOfLane(S), (m) =>
    each(
      S,
      (t) => `{
  let a = subgroupBroadcast(a${m}, ${t}u);
  ${each(columnsOfLane, (j) => `s${m * S + t}_${j} += a * b${j};`)}
}`,
    ),
  )

/** Four terms at once: a0_0 … of the first to a3_0 … of the fourth, added as a tree to the sums `to`. */
export const multiplyAddFour = (S: number, to: string): string =>
  each(rowsOfLane(S), (m) =>
    each(
      S,
      (t) => `{
  ${each(4, (q) => `let x${q} = subgroupBroadcast(a${q}_${m}, ${t}u);`)}
  ${each(columnsOfLane, (j) => `${to}${m * S + t}_${j} += (x0 * b0_${j} + x1 * b1_${j}) + (x2 * b2_${j} + x3 * b3_${j});`)}
}`,
    ),
  )

/** Calls `write(row, column, sum)` for every sum of the tile; `row` is the tile's first and `column` the lane's first. */
export const writeSums = (S: number, name: string, write: string): string =>
  each(tileRows(S), (r) => each(columnsOfLane, (j) => `${write}(row + ${r}u, column + ${j * S}u, ${name}${r}_${j});`))

/** For each row of the lane, and for each of its columns. */
export const eachRow = (S: number, line: (m: number) => string): string => each(rowsOfLane(S), line)
export const eachColumn = (line: (j: number) => string): string => each(columnsOfLane, line)

/** Where a tile lies: its first row, the lane's first column. */
export const tileCorner = (S: number): string => `
  let across = (dims.columns + ${tileColumns(S) - 1}u) / ${tileColumns(S)}u;
  let row = tile / across * ${tileRows(S)}u;
  let column = tile % across * ${tileColumns(S)}u + lane;
  ${eachRow(S, (m) => `let r${m} = min(row + ${m * S}u + lane, dims.rows - 1u);`)}
  ${eachColumn((j) => `let c${j} = min(column + ${j * S}u, dims.columns - 1u);`)}
`

const finishInside = /* wgsl */ `
fn finish_inside(row: u32, column: u32, sum: f32) {
  if (row < dims.rows && column < dims.columns) { finish(row, column, sum); }
}
`

const serial = (S: number): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  ${tileCorner(S)}
  ${zeroSums(S, 's')}
  for (var k = 0u; k < dims.terms; k++) {
    ${eachRow(S, (m) => `let a${m} = left(r${m}, k);`)}
    ${eachColumn((j) => `let b${j} = right(k, c${j});`)}
    ${multiplyAdd(S)}
  }
  ${writeSums(S, 's', 'finish_inside')}
}
${finishInside}
`

/**
 * A sum of many terms, its additions nested: four as a tree, four such sums in a row, four of those in a row, and these
 * blocks of 64 in a row, 2 + 3 + 3 + ⌈n/64⌉ − 1 deep, which is the contract D(n) = ⌈n/64⌉ + 7. `step` loads four terms
 * from `k` on, into a0_0 … and b0_0 …, zeros past the last.
 */
export const nestedSums = (S: number, step: string): string => /* wgsl */ `
  ${zeroSums(S, 'total')}
  for (var block = 0u; block < dims.terms; block += 64u) {
    ${zeroSums(S, 'sum')}
    for (var part = block; part < min(block + 64u, dims.terms); part += 16u) {
      ${zeroSums(S, 'few')}
      for (var k = part; k < min(part + 16u, dims.terms); k += 4u) {
        ${step}
        ${multiplyAddFour(S, 'few')}
      }
      ${addSums(S, 'sum', 'few')}
    }
    ${addSums(S, 'total', 'sum')}
  }
`

const nested = (S: number): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  ${tileCorner(S)}
  ${nestedSums(
    S,
    each(
      4,
      (q) => `
        let on${q} = k + ${q}u < dims.terms;
        let k${q} = min(k + ${q}u, dims.terms - 1u);
        ${eachRow(S, (m) => `let a${q}_${m} = select(0.0, left(r${m}, k${q}), on${q});`)}
        ${eachColumn((j) => `let b${q}_${j} = select(0.0, right(k${q}, c${j}), on${q});`)}`,
    ),
  )}
  ${writeSums(S, 'total', 'finish_inside')}
}
${finishInside}
`

type TileText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>

/** A kernel that one subgroup of S lanes runs. */
export const subgroupKernel = (S: number, text: TileText): Kernel =>
  kernel({ ...text, name: `${text.name}${S}`, per: 'subgroup', workgroup: S })

/** One kernel for each subgroup size there is one for. */
export type BySubgroup = Readonly<Record<number, Kernel>>
const bySize = (make: (S: number) => Kernel): BySubgroup => Object.fromEntries(subgroupSizes.map((S) => [S, make(S)]))

const withTile = (frame: (S: number) => string, text: TileText): BySubgroup =>
  bySize((S) =>
    subgroupKernel(S, {
      ...text,
      dims: ['rows', 'columns', 'terms', ...(text.dims ?? [])],
      code: `${frame(S)}${text.code}`,
    }),
  )

/** Σ_k left(row, k)·right(k, column), the products added in order of k. */
export const subgroupSerial = (text: TileText): BySubgroup => withTile(serial, text)

/** The same sum with its additions nested no deeper than D(n): for sums over batch or space. */
export const subgroupNested = (text: TileText): BySubgroup => withTile(nested, text)

/** Kernels whose whole text is made for a subgroup size. */
export const subgroupKernels = (text: Omit<TileText, 'code'>, code: (S: number) => string): BySubgroup =>
  bySize((S) => subgroupKernel(S, { ...text, code: code(S) }))
