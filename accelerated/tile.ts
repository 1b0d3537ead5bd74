import type { Kernel, Launch, Slot } from './kernel.js'
import { kernel } from './kernel.js'
import type { BySubgroup } from './subgroupTile.js'
import { subgroupFor } from './subgroupTile.js'
import type { Lie, Lies } from './subgroupVectors.js'
import { inFours, vectorsSerial } from './subgroupVectors.js'
import { sharedProduct } from './workgroupTile.js'

/**
 * Matrix products by register tiles: one invocation makes a 4 × 4 tile of rows × columns, so that eight loads feed
 * sixteen multiply-adds. No shared memory and no barriers, which is what adapters on processors want.
 *
 *   left(row, k)   the left factor                   right(k, column)   the right factor
 *   finish(row, column, sum)                         writes one output
 *
 * Rows and columns past the last are read as the last and not written. What the code of a tile kernel reads is
 * `dims.rows`, `dims.columns` and `dims.terms`.
 */
export const tileSize = 4

/** How many tiles cover so many rows and columns. */
export const tilesFor = (rows: number, columns: number): number =>
  Math.ceil(rows / tileSize) * Math.ceil(columns / tileSize)

const corner = /* wgsl */ `
  let across = (dims.columns + 3u) / 4u;
  let row = tile / across * 4u;
  let column = tile % across * 4u;
  let r = min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(dims.rows - 1u));
  let c = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(dims.columns - 1u));
`

const writeTile = /* wgsl */ `
fn finish_row(row: u32, column: u32, sums: vec4<f32>) {
  if (row >= dims.rows) { return; }
  for (var s = 0u; s < 4u && column + s < dims.columns; s++) { finish(row, column + s, sums[s]); }
}
`

const serial = /* wgsl */ `
fn element(tile: u32) {
  ${corner}
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var k = 0u; k < dims.terms; k++) {
    let b = vec4<f32>(right(k, c.x), right(k, c.y), right(k, c.z), right(k, c.w));
    s0 += left(r.x, k) * b;
    s1 += left(r.y, k) * b;
    s2 += left(r.z, k) * b;
    s3 += left(r.w, k) * b;
  }
  finish_row(row, column, s0);
  finish_row(row + 1u, column, s1);
  finish_row(row + 2u, column, s2);
  finish_row(row + 3u, column, s3);
}
`

// four terms as a tree, four such sums in a row, four of those in a row, and these blocks of 64 in a row: additions nest
// 2 + 3 + 3 + ⌈n/64⌉ − 1 deep, which is the contract D(n) = ⌈n/64⌉ + 7
const nested = /* wgsl */ `
alias Tile = array<vec4<f32>, 4>;

fn plus(a: Tile, b: Tile) -> Tile { return Tile(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]); }

fn product(r: vec4<u32>, c: vec4<u32>, k: u32) -> Tile {
  if (k >= dims.terms) { return Tile(); }
  let b = vec4<f32>(right(k, c.x), right(k, c.y), right(k, c.z), right(k, c.w));
  return Tile(products(r.x, k, b), products(r.y, k, b), products(r.z, k, b), products(r.w, k, b));
}

fn element(tile: u32) {
  ${corner}
  var total = Tile();
  for (var block = 0u; block < dims.terms; block += 64u) {
    var sum = Tile();
    for (var part = block; part < min(block + 64u, dims.terms); part += 16u) {
      var few = Tile();
      for (var k = part; k < min(part + 16u, dims.terms); k += 4u) {
        few = plus(few, plus(plus(product(r, c, k), product(r, c, k + 1u)), plus(product(r, c, k + 2u), product(r, c, k + 3u))));
      }
      sum = plus(sum, few);
    }
    total = plus(total, sum);
  }
  for (var s = 0u; s < 4u; s++) { finish_row(row + s, column, total[s]); }
}
${writeTile}
`

type TileText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>

const framed = (text: TileText): TileText => ({ ...text, dims: ['rows', 'columns', 'terms', ...(text.dims ?? [])] })

const withTile = (frame: string, text: TileText): Kernel => kernel({ ...framed(text), code: `${frame}${text.code}` })

const serialTiles = (text: TileText, write: string, lies: Lies): Kernel => ({
  ...withTile(`${serial}${write}`, text),
  shared: sharedProduct({ ...framed(text), code: `${write}${text.code}` }, lies, 'serial'),
})

/**
 * Σ_k left(row, k)·right(k, column), the products added in order of k; `lies` says what lies side by side in the factors, for
 * those who share what they load.
 */
export const tileSerial = (text: TileText, lies: Lies): Kernel => serialTiles(text, writeTile, lies)

const plainProducts = /* wgsl */ `
fn products(row: u32, k: u32, right: vec4<f32>) -> vec4<f32> { return left(row, k) * right; }
`

/** The same sum with its additions nested no deeper than D(n): for sums over batch or space. */
export const tileNested = (text: TileText, lies: Lies): Kernel => ({
  ...tileNestedOf(text, plainProducts),
  shared: sharedProduct({ ...framed(text), code: `${writeTile}${text.code}` }, lies, 'nested'),
})

/** The same where the code has `products(row, k, right)` of its own in place of `left`, of which some count as none. */
export const tileNestedOf = (text: TileText, products: string): Kernel => withTile(`${nested}${products}`, text)

// one invocation for each output, or for each four columns of a row
const single = /* wgsl */ `
fn element(at: u32) {
  let row = at / dims.columns;
  let column = at % dims.columns;
  var sum = 0.0;
  for (var k = 0u; k < dims.terms; k++) { sum += left(row, k) * right(k, column); }
  finish(row, column, sum);
}
`

const singleFour = /* wgsl */ `
fn element(at: u32) {
  let row = at * 4u / dims.columns;
  let column = at * 4u % dims.columns;
  var sums = vec4<f32>();
  for (var k = 0u; k < dims.terms; k++) {
    sums += left(row, k) * vec4<f32>(right(k, column), right(k, column + 1u), right(k, column + 2u), right(k, column + 3u));
  }
  finish_row(row, column, sums);
}
`

/** A sum of products in the forms of one text: with an invocation for each output, by tiles, and by a subgroup's tiles. */
export interface Product {
  readonly single: Kernel
  readonly tiled: Kernel
  /** factors are read by vectors: the left one's terms side by side, the right one as `lies` says */
  readonly bySubgroup: BySubgroup
  readonly lies: Lies
  /** how many columns an invocation of the first form makes */
  readonly columns: number
}

/** What is the same in all forms is `code`; the factors `left` and `right` come one by one or, as subgroupVectors.ts has them, in fours. */
type ProductText = TileText & {
  readonly factors: string
  readonly byVectors: { readonly right: Lie; readonly vectors: readonly string[]; readonly factors: string }
}

const inForms = ({ factors, byVectors, ...text }: ProductText, columns: 1 | 4): Product => {
  const plain = { ...text, code: `${factors}${text.code}` }
  const lies: Lies = { left: 'terms', right: byVectors.right, ...(columns === 4 ? { together: true } : {}) }
  return {
    single: withTile(columns === 4 ? singleFour : single, plain),
    tiled: serialTiles({ ...plain, name: `${text.name}.tiled` }, columns === 4 ? '' : writeTile, lies),
    bySubgroup: vectorsSerial(lies, {
      ...text,
      name: `${text.name}.vectors`,
      vectors: byVectors.vectors,
      code: `${byVectors.factors}${text.code}`,
    }),
    lies,
    columns,
  }
}

export const product = (text: ProductText): Product => inForms(text, 1)

/** The same where four columns belong together: the text has `finish_row(row, column, sums)` in place of `finish`. */
export const productByFour = (text: ProductText): Product => inForms(text, 4)

/** A tile pays where most of its rows and columns exist. */
export const worthTiling = (rows: number, columns: number): boolean => rows >= tileSize && columns >= tileSize

/** The launch of a product in the form that suits its rows and columns; `slices` is what a row has of each tensor. */
export const multiply = (
  { single, tiled, bySubgroup, lies, columns: each }: Product,
  sizes: Readonly<Record<'rows' | 'columns' | 'terms', number>>,
  bind: Readonly<Record<string, Slot>>,
  subgroupSize: number | undefined,
  dims: Readonly<Record<string, number>> = {},
  slices?: Readonly<Record<string, number>>,
): Launch => {
  const { rows, columns } = sizes
  const launch = (kernel: Kernel, count: (units: number) => number): Launch => ({
    kernel,
    bind,
    count: count(rows),
    dims: { ...sizes, ...dims },
    params: {},
    ...(slices === undefined ? {} : { outer: { extent: rows, dims: ['rows'], slices, count } }),
  })
  const plain = worthTiling(rows, columns)
    ? launch(tiled, (units) => tilesFor(units, columns))
    : launch(single, (units) => (units * columns) / each)
  const subgroup = inFours(lies, sizes) ? subgroupFor(subgroupSize, bySubgroup, rows, columns) : undefined
  return subgroup === undefined
    ? plain
    : { ...launch(subgroup.kernel, (units) => subgroup.tiles(units, columns)), orElse: plain }
}
