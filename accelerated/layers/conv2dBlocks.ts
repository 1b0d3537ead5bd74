import type { SubgroupTile } from '../subgroupTile.js'
import { each, eachRowOfSums, tileRows } from '../subgroupTile.js'

/**
 * Convolutions by one subgroup whose lanes each hold a block of 2 × 4 outputs of one image, where the taps of a row lie side
 * by side: a stride and dilation of 1 along the row. Neighbouring outputs read mostly the same elements, so that for three
 * taps in a row 2 × 6 loads feed 2 × 4 × 3 multiply-adds of each filter, and for five 2 × 8 feed 2 × 4 × 5; in
 * conv2dSubgroup.ts, where a lane's outputs are neighbours of other lanes', each multiply-add of a filter loads its own.
 * The lanes of a subgroup hold the weights of one filter (or channel) each, M times over, and each is broadcast in turn.
 *
 * KW is a number in the text; all else comes as it does in the other kernels. Outputs past the last are not written.
 */

/** Rows and columns of the block of outputs that a lane makes. */
export const blockRows = 2
export const blockColumns = 4

/** The taps in a row that there are such kernels for. */
export const blockTaps = [3, 5] as const

/** How many blocks so many maps of these extents fall into. */
export const blocksOf = (maps: number, height: number, width: number): number =>
  maps * Math.ceil(height / blockRows) * Math.ceil(width / blockColumns)

/** A block's place: its image `n`, first row `i0` and first column `j0`, and the tile's first row among a group's rows. */
const corner = (tile: SubgroupTile, rows: string, height: string, width: string): string => `
  let rows = ${rows};
  let across = (${width} + ${blockColumns - 1}u) / ${blockColumns}u;
  let down = (${height} + ${blockRows - 1}u) / ${blockRows}u;
  let blocks = dims.N * across * down;
  let along = (blocks + ${tile.S - 1}u) / ${tile.S}u;
  let beside = (rows + ${tileRows(tile) - 1}u) / ${tileRows(tile)}u;
  let group_of_tile = tile / (along * beside);
  let row = tile / along % beside * ${tileRows(tile)}u;
  let own = tile % along * ${tile.S}u + lane;
  let block = min(own, blocks - 1u);
  let n = block / (across * down);
  let i0 = block / across % down * ${blockRows}u;
  let j0 = block % across * ${blockColumns}u;
  ${each(tile.M, (m) => `let r${m} = min(row + ${m * tile.S}u + lane, rows - 1u);`)}
`

const eachOutput = (line: (q: number, j: number) => string): string =>
  each(blockRows, (q) => each(blockColumns, (j) => line(q, j)))

const zeros = (tile: SubgroupTile): string =>
  each(tileRows(tile), (r) => eachOutput((q, j) => `var s${r}_${q}_${j} = 0.0;`))

/** Weights a0_0 … of the lane's rows and taps, and elements v0_0 … of its block, multiplied and added to the sums. */
const multiplyAdd = (tile: SubgroupTile, KW: number, element: (tap: number, j: number) => number): string =>
  each(tile.M, (m) =>
    each(
      tile.S,
      (t) => `{
  ${each(KW, (k) => `let a${k} = subgroupBroadcast(a${m}_${k}, ${t}u);`)}
  ${eachOutput((q, j) => each(KW, (k) => `s${m * tile.S + t}_${q}_${j} += a${k} * v${q}_${element(k, j)};`))}
}`,
    ),
  )

/** A call for every sum of the tile that exists: of a block past the last none, of one at an edge those that lie inside. */
const writeAll = (tile: SubgroupTile, height: string, width: string, write: string): string => `
  let high = select(0u, min(${blockRows}u, ${height} - i0), own < blocks);
  let wide = min(${blockColumns}u, ${width} - j0);
  ${eachRowOfSums(
    tile,
    'rows',
    (r) =>
      Array.from(
        { length: blockRows * blockColumns },
        (_, at) => `s${r}_${Math.floor(at / blockColumns)}_${at % blockColumns}`,
      ),
    (sum) => `
    for (var j = 0u; j < wide; j++) {
      ${each(blockRows, (i) => `if (${i}u < high) { ${write}(group_of_tile * rows + row + r, n, i0 + ${i}u, j0 + j, ${sum(`${i * blockColumns}u + j`)}); }`)}
    }`,
  )}`

/** y = b + w ⋆ x, the products added in order of tap row, channel and tap. */
export const convolvingBlocks = (tile: SubgroupTile, KW: number): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  ${corner(tile, 'dims.O / dims.groups', 'dims.Ho', 'dims.Wo')}
  let plane = dims.H * dims.W;
  let taps = dims.KH * ${KW}u;
  let image = (n * dims.C + group_of_tile * dims.Cg) * plane;
  ${each(tile.M, (m) => `let weights${m} = (group_of_tile * rows + r${m}) * dims.Cg * taps;`)}
  ${each(
    blockColumns + KW - 1,
    (k) => `
  let x${k} = j0 + ${k}u - dims.left;
  let inside${k} = x${k} < dims.W;
  let at${k} = select(0u, x${k}, inside${k});`,
  )}
  ${zeros(tile)}
  for (var kh = 0u; kh < dims.KH; kh++) {
    ${each(
      blockRows,
      (q) => `
    let y${q} = (i0 + ${q}u) * dims.sh + kh * dims.dh - dims.top;
    let on_row${q} = y${q} < dims.H;
    var line${q} = image + select(0u, y${q} * dims.W, on_row${q});`,
    )}
    ${each(tile.M, (m) => `var tap${m} = weights${m} + kh * ${KW}u;`)}
    for (var c = 0u; c < dims.Cg; c++) {
      ${each(tile.M, (m) => each(KW, (k) => `let a${m}_${k} = w(tap${m} + ${k}u);`))}
      ${each(blockRows, (q) => each(blockColumns + KW - 1, (k) => `let v${q}_${k} = select(0.0, x(line${q} + at${k}), on_row${q} & inside${k});`))}
      ${multiplyAdd(tile, KW, (k, j) => k + j)}
      ${each(tile.M, (m) => `tap${m} += taps;`)}
      ${each(blockRows, (q) => `line${q} += plane;`)}
    }
  }
  ${writeAll(tile, 'dims.Ho', 'dims.Wo', 'write')}
}

fn write(o: u32, n: u32, i: u32, j: u32, sum: f32) {
  let given = dims.hasBias == 1u;
  let value = select(sum, sum + b(select(0u, o, given)), given);
  set_y(((n * dims.O + o) * dims.Ho + i) * dims.Wo + j, value);
}
`

/**
 * dx, the products added in order of tap row, filter and tap. A pixel that a tap does not read multiplies it by 0, which is
 * NaN where a weight is none or infinite; where the tile meets such a weight, each sum is made again by itself, of what is
 * read. `finished` makes of the sum what is written; \`pixel\` is conv2d.ts's.
 */
export const transposedBlocks = (tile: SubgroupTile, KW: number): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  ${corner(tile, 'dims.Cg', 'dims.H', 'dims.W')}
  let filters = dims.O / dims.groups;
  let plane = dims.Ho * dims.Wo;
  let taps = dims.KH * ${KW}u;
  let map = (n * dims.O + group_of_tile * filters) * plane;
  ${each(tile.M, (m) => `let weights${m} = (group_of_tile * filters * dims.Cg + r${m}) * taps;`)}
  ${each(
    blockColumns + KW - 1,
    (k) => `
  let x${k} = j0 + dims.left + ${k}u - ${KW - 1}u;
  let inside${k} = x${k} < dims.Wo;
  let at${k} = select(0u, x${k}, inside${k});`,
  )}
  var finite = true;
  ${zeros(tile)}
  for (var kh = 0u; kh < dims.KH; kh++) {
    ${each(
      blockRows,
      (q) => `
    let y${q} = i32(i0 + ${q}u + dims.top) - i32(kh * dims.dh);
    let map_row${q} = y${q} / i32(dims.sh);
    let on_row${q} = (y${q} >= 0) & (map_row${q} * i32(dims.sh) == y${q}) & (map_row${q} < i32(dims.Ho));
    var line${q} = map + select(0u, u32(map_row${q}) * dims.Wo, on_row${q});`,
    )}
    ${each(tile.M, (m) => `var tap${m} = weights${m} + kh * ${KW}u;`)}
    for (var o = 0u; o < filters; o++) {
      ${each(tile.M, (m) => each(KW, (k) => `let a${m}_${k} = w(tap${m} + ${k}u);\nfinite &= is_finite(a${m}_${k});`))}
      ${each(blockRows, (q) => each(blockColumns + KW - 1, (k) => `let v${q}_${k} = select(0.0, dy(line${q} + at${k}), on_row${q} & inside${k});`))}
      ${multiplyAdd(tile, KW, (k, j) => KW - 1 - k + j)}
      ${each(tile.M, (m) => `tap${m} += dims.Cg * taps;`)}
      ${each(blockRows, (q) => `line${q} += plane;`)}
    }
  }
  let odd = select(1u, 0u, finite);
  if ((${Array.from({ length: tile.S }, (_, t) => `subgroupBroadcast(odd, ${t}u)`).join(' | ')}) != 0u) {
    if (own >= blocks) { return; }
    for (var r = row; r < min(row + ${tileRows(tile)}u, rows); r++) {
      for (var i = i0; i < min(i0 + ${blockRows}u, dims.H); i++) {
        for (var j = j0; j < min(j0 + ${blockColumns}u, dims.W); j++) {
          write(group_of_tile * rows + r, n, i, j, pixel(n, group_of_tile * rows + r, i, j));
        }
      }
    }
    return;
  }
  ${writeAll(tile, 'dims.H', 'dims.W', 'write')}
}

fn is_finite(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u; }

fn write(channel: u32, n: u32, r: u32, s: u32, sum: f32) {
  set_dx(((n * dims.C + channel) * dims.H + r) * dims.W + s, finished(channel, sum));
}
`

/** The positions side by side whose products the gradient of a filter adds up at once. */
export const positionsAtOnce = 4

/** How many lines, the taps of a row in a channel, each lane has: about as many sums with three taps as with five. */
export const linesOfLane = (KW: number): number => (KW <= 3 ? 2 : 1)

/** How sums of a filter's gradient nest: runs of four positions in a row, such rows in a row, and these in a row. */
const nesting = { few: 4, sum: 8 }

/** How deep the additions of so many runs of positions nest. */
export const depthOfRuns = (runs: number): number =>
  2 + (nesting.few - 1) + (nesting.sum - 1) + Math.ceil(runs / (nesting.few * nesting.sum)) - 1

/**
 * dw by one subgroup: filters × lines, a line being the KW taps of a row in a channel. Four positions side by side and the
 * taps of a line read the same KW + 3 elements, each loaded once. A part of the sum takes `share` such runs, of which a row
 * has ⌈Wo/4⌉; a position past the end of its row counts as none, whatever it would read.
 */
export const correlatingBlocks = (tile: SubgroupTile, KW: number): string => {
  const P = linesOfLane(KW)
  const rowsOfTile = tileRows(tile)
  const eachLine = (line: (p: number) => string): string => each(P, line)
  const eachSum = (line: (sum: string) => string): string =>
    each(rowsOfTile, (r) => eachLine((p) => each(KW, (k) => line(`${r}_${p}_${k}`))))
  const zero = (name: string): string => eachSum((at) => `var ${name}${at} = 0.0;`)
  const add = (to: string, from: string): string => eachSum((at) => `${to}${at} += ${from}${at};`)
  const run = `
        let map = (n * dims.O + group_of_tile * rows) * area + i * dims.Wo + j;
        ${each(positionsAtOnce, (q) => `let real${q} = j + ${q}u < dims.Wo;`)}
        ${each(tile.M, (m) => each(positionsAtOnce, (q) => `let a${m}_${q} = select(0.0, dy(map + r${m} * area + select(0u, ${q}u, real${q})), real${q});`))}
        ${each(
          KW + positionsAtOnce - 1,
          (t) => `
        let x${t} = j + ${t}u - dims.left;
        let inside${t} = x${t} < dims.W;
        let at${t} = select(0u, x${t}, inside${t});`,
        )}
        ${eachLine(
          (p) => `
        let y${p} = i * dims.sh + up${p} - dims.top;
        let on_row${p} = y${p} < dims.H;
        let line${p} = n * dims.C * plane + channel${p} + select(0u, y${p} * dims.W, on_row${p});
        ${each(KW + positionsAtOnce - 1, (t) => `let v${p}_${t} = select(0.0, x(line${p} + at${t}), on_row${p} & inside${t});`)}
        ${each(positionsAtOnce, (q) => each(KW, (k) => `let b${p}_${q}_${k} = select(0.0, v${p}_${q + k}, real${q});`))}`,
        )}
        ${each(tile.M, (m) =>
          each(
            tile.S,
            (t) => `{
          ${each(positionsAtOnce, (q) => `let a${q} = subgroupBroadcast(a${m}_${q}, ${t}u);`)}
          ${eachLine((p) => each(KW, (k) => `few${m * tile.S + t}_${p}_${k} += (a0 * b${p}_0_${k} + a1 * b${p}_1_${k}) + (a2 * b${p}_2_${k} + a3 * b${p}_3_${k});`))}
        }`,
          ),
        )}
        j += ${positionsAtOnce}u;
        if (j >= dims.Wo) { j = 0u; i++; if (i == dims.Ho) { i = 0u; n++; } }`
  return /* wgsl */ `
fn group(tile_of_part: u32, lane: u32) {
  let rows = dims.O / dims.groups;
  let lines = dims.Cg * dims.KH;
  let along = (lines + ${P * tile.S - 1}u) / ${P * tile.S}u;
  let beside = (rows + ${rowsOfTile - 1}u) / ${rowsOfTile}u;
  let tiles = along * beside * dims.groups;
  let part = tile_of_part / tiles;
  let tile = tile_of_part % tiles;
  let group_of_tile = tile / (along * beside);
  let row = tile / along % beside * ${rowsOfTile}u;
  let own = tile % along * ${P * tile.S}u + lane;
  let plane = dims.H * dims.W;
  let area = dims.Ho * dims.Wo;
  ${each(tile.M, (m) => `let r${m} = min(row + ${m * tile.S}u + lane, rows - 1u);`)}
  ${eachLine(
    (p) => `
  let l${p} = min(own + ${p * tile.S}u, lines - 1u);
  let channel${p} = (group_of_tile * dims.Cg + l${p} / dims.KH) * plane;
  let up${p} = l${p} % dims.KH * dims.dh;`,
  )}
  // where the next run begins: sample n, row i, column j
  let across = (dims.Wo + ${positionsAtOnce - 1}u) / ${positionsAtOnce}u;
  let begin = part * dims.share;
  let runs = min(dims.share, dims.N * dims.Ho * across - begin);
  var n = begin / (dims.Ho * across);
  var i = begin / across % dims.Ho;
  var j = begin % across * ${positionsAtOnce}u;
  ${zero('total')}
  for (var block = 0u; block < runs; block += ${nesting.few * nesting.sum}u) {
    ${zero('sum')}
    for (var few = block; few < min(block + ${nesting.few * nesting.sum}u, runs); few += ${nesting.few}u) {
      ${zero('few')}
      for (var k = few; k < min(few + ${nesting.few}u, runs); k++) {
        ${run}
      }
      ${add('sum', 'few')}
    }
    ${add('total', 'sum')}
  }
  let first = part * dims.O + group_of_tile * rows;
  ${each(rowsOfTile, (r) =>
    eachLine(
      (p) =>
        `if ((row + ${r}u < rows) & (own + ${p * tile.S}u < lines)) {
    let at = ((first + row + ${r}u) * lines + own + ${p * tile.S}u) * ${KW}u;
    ${each(KW, (k) => `set_dweights(at + ${k}u, total${r}_${p}_${k});`)}
  }`,
    ),
  )}
}
`
}
