import type { SubgroupTile } from '../subgroupTile.js'
import {
  each,
  eachColumn,
  eachRow,
  keepSums,
  multiplyAdd,
  nestedSums,
  restoreSums,
  tileColumns,
  tileRows,
  writeSums,
  zeroSums,
} from '../subgroupTile.js'

/**
 * The convolution's three products by tiles of one subgroup. Each is a matrix product of which one factor is gathered from
 * an image: taps run outside and channels inside, so that where a tap falls is found once for all channels, its row once for
 * all taps of a row.
 *
 * A tile's columns are positions (or taps, for dw), its rows filters or channels of one group; `row` is the tile's first
 * row and `column` the lane's first column, as in subgroupTile.ts. A place before 0 is a huge one as u32, so one comparison
 * tells inside from outside, and `&` in place of `&&` keeps such a test free of branches.
 */

/** A tile's place among the tiles of all groups, which have `rows` × `columns` each. */
const corner = (tile: SubgroupTile, rows: string, columns: string): string => `
  let rows = ${rows};
  let columns = ${columns};
  let across = (columns + ${tileColumns(tile) - 1}u) / ${tileColumns(tile)}u;
  let down = (rows + ${tileRows(tile) - 1}u) / ${tileRows(tile)}u;
  let group_of_tile = tile / (across * down);
  let row = tile / across % down * ${tileRows(tile)}u;
  let column = tile % across * ${tileColumns(tile)}u + lane;
  ${eachRow(tile, (m) => `let r${m} = min(row + ${m * tile.S}u + lane, rows - 1u);`)}
  ${eachColumn((j) => `let c${j} = min(column + ${j * tile.S}u, columns - 1u);`)}
`

/** y = b + w ⋆ x: filters × positions, the products added in order of tap and channel. */
export const convolvingSubgroup = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  let area = dims.Ho * dims.Wo;
  ${corner(tile, 'dims.O / dims.groups', 'dims.N * area')}
  let plane = dims.H * dims.W;
  let taps = dims.KH * dims.KW;
  ${eachRow(tile, (m) => `let weights${m} = (group_of_tile * rows + r${m}) * dims.Cg * taps;`)}
  ${eachColumn(
    (j) => `
  let image${j} = (c${j} / area * dims.C + group_of_tile * dims.Cg) * plane;
  let top${j} = i32(c${j} % area / dims.Wo * dims.sh) - i32(dims.top);
  let left${j} = i32(c${j} % dims.Wo * dims.sw) - i32(dims.left);`,
  )}
  ${zeroSums(tile, 's')}
  for (var kh = 0u; kh < dims.KH; kh++) {
    ${eachColumn(
      (j) => `
    let y${j} = top${j} + i32(kh * dims.dh);
    let on_row${j} = u32(y${j}) < dims.H;
    let line${j} = image${j} + select(0u, u32(y${j}) * dims.W, on_row${j});`,
    )}
    for (var kw = 0u; kw < dims.KW; kw++) {
      ${eachRow(tile, (m) => `var tap${m} = weights${m} + kh * dims.KW + kw;`)}
      ${eachColumn(
        (j) => `
      let x${j} = left${j} + i32(kw * dims.dw);
      let inside${j} = on_row${j} & (u32(x${j}) < dims.W);
      var at${j} = line${j} + select(0u, u32(x${j}), inside${j});`,
      )}
      for (var c = 0u; c < dims.Cg; c++) {
        ${eachRow(tile, (m) => `let a${m} = w(tap${m}); tap${m} += taps;`)}
        ${eachColumn((j) => `let b${j} = select(0.0, x(at${j}), inside${j}); at${j} += plane;`)}
        ${multiplyAdd(tile)}
      }
    }
  }
  let filter0 = group_of_tile * rows;
  ${writeSums(tile, 'rows', 's', (...at) => `write(filter0, ${at.join(', ')})`)}
}

fn write(first: u32, row: u32, p: u32, sum: f32) {
  let area = dims.Ho * dims.Wo;
  if (p >= dims.N * area) { return; }
  let o = first + row;
  let given = dims.hasBias == 1u;
  let value = select(sum, sum + b(select(0u, o, given)), given);
  set_y((p / area * dims.O + o) * area + p % area, value);
}
`

/**
 * dx: channels × pixels, the products added in order of tap and filter. A pixel that a tap does not read keeps its sum: 0·w
 * is NaN where w is none or infinite. `finished` makes of the sum what is written.
 */
export const transposedSubgroup = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  let area = dims.H * dims.W;
  ${corner(tile, 'dims.Cg', 'dims.N * area')}
  let filters = dims.O / dims.groups;
  let plane = dims.Ho * dims.Wo;
  let taps = dims.KH * dims.KW;
  ${eachRow(tile, (m) => `let weights${m} = (group_of_tile * filters * dims.Cg + r${m}) * taps;`)}
  ${eachColumn(
    (j) => `
  let map${j} = (c${j} / area * dims.O + group_of_tile * filters) * plane;
  let top${j} = i32(c${j} % area / dims.W + dims.top);
  let left${j} = i32(c${j} % dims.W + dims.left);`,
  )}
  ${zeroSums(tile, 's')}
  for (var kh = 0u; kh < dims.KH; kh++) {
    ${eachColumn(
      (j) => `
    let y${j} = top${j} - i32(kh * dims.dh);
    var i${j} = y${j};
    if (dims.sh > 1u) { i${j} /= i32(dims.sh); } // a division costs as much as a load
    let on_row${j} = (y${j} >= 0) & (i${j} * i32(dims.sh) == y${j}) & (i${j} < i32(dims.Ho));
    let line${j} = map${j} + select(0u, u32(i${j}) * dims.Wo, on_row${j});`,
    )}
    for (var kw = 0u; kw < dims.KW; kw++) {
      ${eachRow(tile, (m) => `var tap${m} = weights${m} + kh * dims.KW + kw;`)}
      ${eachColumn(
        (j) => `
      let x${j} = left${j} - i32(kw * dims.dw);
      var j${j} = x${j};
      if (dims.sw > 1u) { j${j} /= i32(dims.sw); }
      let reads${j} = on_row${j} & (x${j} >= 0) & (j${j} * i32(dims.sw) == x${j}) & (j${j} < i32(dims.Wo));
      var at${j} = line${j} + select(0u, u32(j${j}), reads${j});`,
      )}
      ${keepSums(tile, 'before', 's')}
      for (var o = 0u; o < filters; o++) {
        ${eachRow(tile, (m) => `let a${m} = w(tap${m}); tap${m} += dims.Cg * taps;`)}
        ${eachColumn((j) => `let b${j} = select(0.0, dy(at${j}), reads${j}); at${j} += plane;`)}
        ${multiplyAdd(tile)}
      }
      ${restoreSums(tile, 's', 'before', (j) => `reads${j}`)}
    }
  }
  let channel0 = group_of_tile * rows;
  ${writeSums(tile, 'rows', 's', (...at) => `write(channel0, ${at.join(', ')})`)}
}

fn write(first: u32, row: u32, p: u32, sum: f32) {
  let area = dims.H * dims.W;
  if (p >= dims.N * area) { return; }
  let channel = first + row;
  set_dx((p / area * dims.C + channel) * area + p % area, finished(channel, sum));
}
`

/** dw: filters × taps (c,kh,kw), a part of the sum over all positions with its additions nested. */
export const correlatingSubgroup = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile_of_part: u32, lane: u32) {
  let taps = dims.KH * dims.KW;
  let tiles = (dims.Cg * taps + ${tileColumns(tile) - 1}u) / ${tileColumns(tile)}u
    * ((dims.O / dims.groups + ${tileRows(tile) - 1}u) / ${tileRows(tile)}u) * dims.groups;
  let part = tile_of_part / tiles;
  let tile = tile_of_part % tiles;
  ${corner(tile, 'dims.O / dims.groups', 'dims.Cg * taps')}
  let area = dims.Ho * dims.Wo;
  let plane = dims.H * dims.W;
  ${eachRow(tile, (m) => `let filter${m} = group_of_tile * rows + r${m};`)}
  ${eachColumn(
    (j) => `
  let channel${j} = (group_of_tile * dims.Cg + c${j} / taps) * plane;
  let top${j} = i32(c${j} % taps / dims.KW * dims.dh) - i32(dims.top);
  let left${j} = i32(c${j} % dims.KW * dims.dw) - i32(dims.left);`,
  )}
  // the position of the next term: sample n, row i, column j
  let begin = part * dims.share;
  let terms = min(dims.share, dims.N * area - begin);
  var n = begin / area;
  var i = begin % area / dims.Wo;
  var j = begin % dims.Wo;
  ${nestedSums(
    tile,
    each(
      4,
      (q) => `
        let on${q} = k + ${q}u < terms;
        let map${q} = select(0u, n * dims.O * area + i * dims.Wo + j, on${q});
        let image${q} = select(0u, n * dims.C * plane, on${q});
        ${eachRow(tile, (m) => `let a${q}_${m} = select(0.0, dy(map${q} + filter${m} * area), on${q});`)}
        ${eachColumn(
          (c) => `
        let y${q}_${c} = top${c} + i32(i * dims.sh);
        let x${q}_${c} = left${c} + i32(j * dims.sw);
        let in${q}_${c} = on${q} & (u32(y${q}_${c}) < dims.H) & (u32(x${q}_${c}) < dims.W);
        let b${q}_${c} = select(0.0, x(image${q} + channel${c} + select(0u, u32(y${q}_${c}) * dims.W + u32(x${q}_${c}), in${q}_${c})), in${q}_${c});`,
        )}
        j++;
        if (j == dims.Wo) { j = 0u; i++; if (i == dims.Ho) { i = 0u; n++; } }`,
    ),
    'terms',
  )}
  let filter_first = group_of_tile * rows;
  ${writeSums(tile, 'rows', 'total', (...at) => `write(part * dims.O + filter_first, ${at.join(', ')})`)}
}

fn write(first: u32, row: u32, column: u32, sum: f32) {
  let columns = dims.Cg * dims.KH * dims.KW;
  if (column >= columns) { return; }
  set_dweights((first + row) * columns + column, sum);
}
`
