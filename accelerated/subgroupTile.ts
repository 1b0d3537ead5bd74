import type { Kernel, Launch } from './kernel.js'
import { kernel } from './kernel.js'

/**
 * Matrix products by one subgroup, for adapters on processors: their subgroups have one small size S, a load costs ten
 * multiply-adds and a barrier more, while a broadcast over a subgroup is almost free. Each lane holds rows of the
 * left factor and four columns of the right one; every left value is broadcast in turn, and meets all columns. With eight
 * lanes six loads feed sixty-four multiply-adds in every lane.
 *
 *   left(row, k)   the left factor                   right(k, column)   the right factor
 *   finish(row, column, sum)                         writes one output
 *
 * Rows and columns past the last are read as the last and not written. What the code of such a kernel reads is
 * `dims.rows`, `dims.columns` and `dims.terms`. The text is generated for each S, since a lane is named by a constant, and for
 * each M, so that few rows do not pay for many.
 */

/** The subgroup sizes that these kernels are written for. */
export const subgroupSizes: readonly number[] = [4, 8, 16]

/** Whether subgroups are of such a size: an adapter on a processor. */
export const isProcessor = (subgroupSize: number | undefined): boolean =>
  subgroupSize !== undefined && subgroupSizes.includes(subgroupSize)

/** So many columns, or one block of outputs in their place, each lane has. */
export const columnsOfLane = 4
/**
 * The most rows of a tile: no more sums than registers and caches bear. Four lanes are those of an adapter with sixteen
 * registers, which lays even eight rows' sums down in memory, and whose driver takes twice as long for a text of twice as
 * many: sixteen rows were no faster there, and a first training step waited two seconds longer.
 */
const mostRows = (S: number): number => Math.min(2 * S, 16)

/** A tile: S lanes of four columns each, and in each lane M rows. */
export interface SubgroupTile {
  readonly S: number
  readonly M: number
}

/** Rows and columns of one tile. */
export const tileRows = ({ S, M }: SubgroupTile): number => S * M
export const tileColumns = ({ S }: Pick<SubgroupTile, 'S'>): number => S * columnsOfLane

/** A launch for subgroups of a size, and the one without them for where a tensor takes several bindings. */
export const unlessSegmented = (
  subgroupSize: number | undefined,
  make: (subgroupSize: number | undefined) => Launch,
): Launch => {
  const launch = make(subgroupSize)
  return launch.kernel.per === 'subgroup' ? { ...launch, orElse: make(undefined) } : launch
}

/** Text for each of 0 … n − 1, line by line. */
export const each = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n')

/** The variables `name0_0` … of a tile's sums in a lane, all 0. */
export const zeroSums = (tile: SubgroupTile, name: string): string =>
  each(tileRows(tile), (r) => each(columnsOfLane, (j) => `var ${name}${r}_${j} = 0.0;`))

/** The sums of a tile as they are now, under another name. */
export const keepSums = (tile: SubgroupTile, name: string, from: string): string =>
  each(tileRows(tile), (r) => each(columnsOfLane, (j) => `let ${name}${r}_${j} = ${from}${r}_${j};`))

/** The sums of the lane's columns as they were kept, but for the columns that `changes` says. */
export const restoreSums = (
  tile: SubgroupTile,
  name: string,
  from: string,
  changes: (column: number) => string,
): string =>
  each(tileRows(tile), (r) =>
    each(columnsOfLane, (j) => `${name}${r}_${j} = select(${from}${r}_${j}, ${name}${r}_${j}, ${changes(j)});`),
  )

/** Every sum of `to` grows by that of `from`. */
const addSums = (tile: SubgroupTile, to: string, from: string): string =>
  each(tileRows(tile), (r) => each(columnsOfLane, (j) => `${to}${r}_${j} += ${from}${r}_${j};`))

/** The values a0 … of the lane's rows and b0 … b3 of its columns, multiplied and added to the sums s. */
export const multiplyAdd = (tile: SubgroupTile): string =>
  each(tile.M, (m) =>
    each(
      tile.S,
      (t) => `{
  let a = subgroupBroadcast(a${m}, ${t}u);
  ${each(columnsOfLane, (j) => `s${m * tile.S + t}_${j} += a * b${j};`)}
}`,
    ),
  )

/** Four terms at once: a0_0 … of the first to a3_0 … of the fourth, added as a tree to the sums `to`. */
export const multiplyAddFour = (tile: SubgroupTile, to: string): string =>
  each(tile.M, (m) =>
    each(
      tile.S,
      (t) => `{
  ${each(4, (q) => `let x${q} = subgroupBroadcast(a${q}_${m}, ${t}u);`)}
  ${each(columnsOfLane, (j) => `${to}${m * tile.S + t}_${j} += (x0 * b0_${j} + x1 * b1_${j}) + (x2 * b2_${j} + x3 * b3_${j});`)}
}`,
    ),
  )

/**
 * What is done with the sums of each of a tile's rows that there are, from `row` on to below `rows`: the text for row
 * `row + r`, given what reads its sum at an index. They are laid down first, so that one text serves all: drivers take seconds
 * to compile what becomes of a sum as often as a tile has sums.
 */
export const eachRowOfSums = (
  tile: SubgroupTile,
  rows: string,
  sums: (r: number) => readonly string[],
  write: (sum: (at: string) => string) => string,
): string => {
  const all = Array.from({ length: tileRows(tile) }, (_, r) => sums(r)).flat()
  return `
  var made = array<f32, ${all.length}>(${all.join(', ')});
  for (var r = 0u; r < min(${tileRows(tile)}u, ${rows} - row); r++) {
    ${write((at) => `made[r * ${all.length / tileRows(tile)}u + ${at}]`)}
  }`
}

/** A statement for every sum of the tile, given its row, its column and itself; `row` and `column` are the first. */
export const writeSums = (
  tile: SubgroupTile,
  rows: string,
  name: string,
  write: (row: string, column: string, sum: string) => string,
): string =>
  eachRowOfSums(
    tile,
    rows,
    (r) => Array.from({ length: columnsOfLane }, (_, j) => `${name}${r}_${j}`),
    (sum) => `
    for (var j = 0u; j < ${columnsOfLane}u; j++) { ${write('row + r', `column + j * ${tile.S}u`, sum('j'))}; }`,
  )

/** For each row of the lane, and for each of its columns. */
export const eachRow = (tile: SubgroupTile, line: (m: number) => string): string => each(tile.M, line)
export const eachColumn = (line: (j: number) => string): string => each(columnsOfLane, line)

/** Where a tile lies: its first row, the lane's first column. */
export const tileCorner = (tile: SubgroupTile): string => `
  let across = (dims.columns + ${tileColumns(tile) - 1}u) / ${tileColumns(tile)}u;
  let row = tile / across * ${tileRows(tile)}u;
  let column = tile % across * ${tileColumns(tile)}u + lane;
  ${eachRow(tile, (m) => `let r${m} = min(row + ${m * tile.S}u + lane, dims.rows - 1u);`)}
  ${eachColumn((j) => `let c${j} = min(column + ${j * tile.S}u, dims.columns - 1u);`)}
`

const finishInside = /* wgsl */ `
fn finish_inside(row: u32, column: u32, sum: f32) {
  if (column < dims.columns) { finish(row, column, sum); }
}
`

const serial = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  ${tileCorner(tile)}
  ${zeroSums(tile, 's')}
  for (var k = 0u; k < dims.terms; k++) {
    ${eachRow(tile, (m) => `let a${m} = left(r${m}, k);`)}
    ${eachColumn((j) => `let b${j} = right(k, c${j});`)}
    ${multiplyAdd(tile)}
  }
  ${writeSums(tile, 'dims.rows', 's', (...at) => `finish_inside(${at.join(', ')})`)}
}
${finishInside}
`

/**
 * A sum of many terms, its additions nested: four as a tree, four such sums in a row, four of those in a row, and these
 * blocks of 64 in a row, 2 + 3 + 3 + ⌈n/64⌉ − 1 deep, which is the contract D(n) = ⌈n/64⌉ + 7. `four` adds four terms
 * from `k` on, zeros past the last, as a tree to few0_0 ….
 */
export const nestedAround = (tile: SubgroupTile, four: string, terms = 'dims.terms'): string => /* wgsl */ `
  ${zeroSums(tile, 'total')}
  for (var block = 0u; block < ${terms}; block += 64u) {
    ${zeroSums(tile, 'sum')}
    for (var part = block; part < min(block + 64u, ${terms}); part += 16u) {
      ${zeroSums(tile, 'few')}
      for (var k = part; k < min(part + 16u, ${terms}); k += 4u) {
        ${four}
      }
      ${addSums(tile, 'sum', 'few')}
    }
    ${addSums(tile, 'total', 'sum')}
  }
`

/** The same, where `load` reads the four terms into a0_0 … and b0_0 …. */
export const nestedSums = (tile: SubgroupTile, load: string, terms?: string): string =>
  nestedAround(tile, `${load}\n${multiplyAddFour(tile, 'few')}`, terms)

const nested = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  ${tileCorner(tile)}
  ${nestedSums(
    tile,
    each(
      4,
      (q) => `
        let on${q} = k + ${q}u < dims.terms;
        let k${q} = min(k + ${q}u, dims.terms - 1u);
        ${eachRow(tile, (m) => `let a${q}_${m} = select(0.0, left(r${m}, k${q}), on${q});`)}
        ${eachColumn((j) => `let b${q}_${j} = select(0.0, right(k${q}, c${j}), on${q});`)}`,
    ),
  )}
  ${writeSums(tile, 'dims.rows', 'total', (...at) => `finish_inside(${at.join(', ')})`)}
}
${finishInside}
`

type TileText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>

/** Kernels by the lanes of a subgroup, and for each the ones there are by rows of a lane, fewest first. */
export type BySubgroup = Readonly<Record<number, readonly { readonly tile: SubgroupTile; readonly kernel: Kernel }[]>>

/** Kernels that one subgroup runs, their text made for each tile. */
export const subgroupKernels = (text: Omit<TileText, 'code'>, code: (tile: SubgroupTile) => string): BySubgroup =>
  Object.fromEntries(
    subgroupSizes.map((S) => [
      S,
      [1, 2]
        .filter((M) => S * M <= mostRows(S) && 2 * S * M >= mostRows(S))
        .map((M) => ({
          tile: { S, M },
          kernel: kernel({
            ...text,
            name: `${text.name}.${S}x${M}`,
            per: 'subgroup',
            workgroup: S,
            code: code({ S, M }),
          }),
        })),
    ]),
  )

const withTile = (frame: (tile: SubgroupTile) => string, text: TileText): BySubgroup =>
  subgroupKernels(
    { ...text, dims: ['rows', 'columns', 'terms', ...(text.dims ?? [])] },
    (tile) => `${frame(tile)}${text.code}`,
  )

/** Σ_k left(row, k)·right(k, column), the products added in order of k. */
export const subgroupSerial = (text: TileText): BySubgroup => withTile(serial, text)

/** The same sum with its additions nested no deeper than D(n): for sums over batch or space. */
export const subgroupNested = (text: TileText): BySubgroup => withTile(nested, text)

/**
 * The kernel for a device's subgroups, if there is one and a tile of it is worth its while: half of its rows and columns
 * exist. Else fewer loads do not pay for sums that nobody asked for. Of tiles that cover the rows alike, the lowest.
 */
export const subgroupFor = (
  size: number | undefined,
  kernels: BySubgroup,
  rows: number,
  columns: number,
): { readonly kernel: Kernel; readonly tiles: (rows: number, columns: number) => number } | undefined => {
  const choices = size === undefined ? [] : (kernels[size] ?? [])
  const choice = choices.find(({ tile }) => rows <= tileRows(tile)) ?? choices.at(-1)
  return choice === undefined || 2 * rows < tileRows(choice.tile) || 2 * columns < tileColumns(choice.tile)
    ? undefined
    : {
        kernel: choice.kernel,
        tiles: (rows, columns) =>
          Math.ceil(rows / tileRows(choice.tile)) * Math.ceil(columns / tileColumns(choice.tile)),
      }
}
