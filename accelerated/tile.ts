import type { Kernel } from './kernel.js'
import { kernel } from './kernel.js'

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
${writeTile}
`

// four terms as a tree, four such sums in a row, four of those in a row, and these blocks of 64 in a row: additions nest
// 2 + 3 + 3 + ⌈n/64⌉ − 1 deep, which is the contract D(n) = ⌈n/64⌉ + 7
const nested = /* wgsl */ `
alias Tile = array<vec4<f32>, 4>;

fn plus(a: Tile, b: Tile) -> Tile { return Tile(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]); }

fn product(r: vec4<u32>, c: vec4<u32>, k: u32) -> Tile {
  if (k >= dims.terms) { return Tile(); }
  let b = vec4<f32>(right(k, c.x), right(k, c.y), right(k, c.z), right(k, c.w));
  return Tile(left(r.x, k) * b, left(r.y, k) * b, left(r.z, k) * b, left(r.w, k) * b);
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

const withTile = (frame: string, text: TileText): Kernel =>
  kernel({ ...text, dims: ['rows', 'columns', 'terms', ...(text.dims ?? [])], code: `${frame}${text.code}` })

/** Σ_k left(row, k)·right(k, column), the products added in order of k. */
export const tileSerial = (text: TileText): Kernel => withTile(serial, text)

/** The same sum with its additions nested no deeper than D(n): for sums over batch or space. */
export const tileNested = (text: TileText): Kernel => withTile(nested, text)
