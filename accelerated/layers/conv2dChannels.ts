import type { SubgroupTile } from '../subgroupTile.js'
import {
  columnsOfLane,
  each,
  eachColumn,
  eachRow,
  keepSums,
  nestedAround,
  restoreSums,
  tileColumns,
  tileRows,
  writeSums,
  zeroSums,
} from '../subgroupTile.js'
import { fourAsTree, fourInRow, leftTerm, rightTerm, sharedOut } from '../subgroupVectors.js'

/**
 * The convolution's three products by tiles of one subgroup, of tensors whose channels lie side by side, so that they are read
 * by vectors of four, as subgroupVectors.ts says: an image as [N,H,W,C], a map as [N,Ho,Wo,O], a filter as [KH,KW,O,Cg]. A
 * group's channels and filters are whole vectors. A tensor that lies otherwise is turned first, which is worth it where each
 * of its elements is used often.
 *
 * A tile's columns are positions (or taps and channels, for dw), its rows filters or channels of one group.
 */

const corner = (tile: SubgroupTile, rows: string, columns: string, lane = 'lane'): string => `
  let rows = ${rows};
  let columns = ${columns};
  let across = (columns + ${tileColumns(tile) - 1}u) / ${tileColumns(tile)}u;
  let down = (rows + ${tileRows(tile) - 1}u) / ${tileRows(tile)}u;
  let group_of_tile = tile / (across * down);
  let row = tile / across % down * ${tileRows(tile)}u;
  let column = tile % across * ${tileColumns(tile)}u + ${lane};
`

/** y = b + w ⋆ x: filters × positions, the products added in order of tap and channel. */
export const convolvingChannels = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  let area = dims.Ho * dims.Wo;
  ${corner(tile, 'dims.O / dims.groups', 'dims.N * area')}
  let channels = dims.Cg / 4u;
  ${eachRow(tile, (m) => `let filter${m} = (group_of_tile * rows + min(row + ${m * tile.S}u + lane, rows - 1u)) * channels;`)}
  ${eachColumn(
    (j) => `
  let c${j} = min(column + ${j * tile.S}u, columns - 1u);
  let image${j} = c${j} / area * dims.H;
  let top${j} = i32(c${j} % area / dims.Wo * dims.sh) - i32(dims.top);
  let left${j} = i32(c${j} % dims.Wo * dims.sw) - i32(dims.left);`,
  )}
  ${zeroSums(tile, 's')}
  for (var kh = 0u; kh < dims.KH; kh++) {
    for (var kw = 0u; kw < dims.KW; kw++) {
      let tap = (kh * dims.KW + kw) * dims.O * channels;
      ${eachColumn(
        (j) => `
      let y${j} = top${j} + i32(kh * dims.dh);
      let x${j} = left${j} + i32(kw * dims.dw);
      let inside${j} = (u32(y${j}) < dims.H) & (u32(x${j}) < dims.W);
      let at${j} = (image${j} * dims.W + select(0u, u32(y${j}) * dims.W + u32(x${j}), inside${j})) * (dims.C / 4u) + group_of_tile * channels;`,
      )}
      for (var c = 0u; c < channels; c++) {
        ${eachRow(tile, (m) => `let a${m} = w(tap + filter${m} + c);`)}
        ${eachColumn((j) => `let b${j} = select(vec4<f32>(), x(at${j} + c), inside${j});`)}
        ${fourInRow(tile, { term: leftTerm.terms(tile) }, { term: rightTerm.terms })}
      }
    }
  }
  let first_filter = group_of_tile * rows;
  ${writeSums(tile, 's', (...at) => `write(first_filter, ${at.join(', ')})`)}
}

fn write(first: u32, row: u32, p: u32, sum: f32) {
  let area = dims.Ho * dims.Wo;
  if (row >= dims.O / dims.groups || p >= dims.N * area) { return; }
  let o = first + row;
  var value = sum;
  if (dims.hasBias == 1u) { value += b(o); }
  set_y((p / area * dims.O + o) * area + p % area, value);
}
`

/**
 * dx: channels × pixels, the products added in order of tap and filter. A pixel that a tap does not read keeps its sum: 0·w
 * is NaN where w is none or infinite.
 */
export const transposedChannels = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile: u32, lane: u32) {
  let area = dims.H * dims.W;
  ${corner(tile, 'dims.Cg', 'dims.N * area')}
  let filters = dims.O / dims.groups;
  ${eachRow(tile, (m) => {
    const { term, four } = sharedOut(tile, m)
    return `let weights${m} = (group_of_tile * filters + ${term}) * (rows / 4u) + min(row / 4u + ${four}, rows / 4u - 1u);`
  })}
  ${eachColumn(
    (j) => `
  let c${j} = min(column + ${j * tile.S}u, columns - 1u);
  let map${j} = c${j} / area * dims.Ho;
  let top${j} = i32(c${j} % area / dims.W + dims.top);
  let left${j} = i32(c${j} % dims.W + dims.left);`,
  )}
  ${zeroSums(tile, 's')}
  for (var kh = 0u; kh < dims.KH; kh++) {
    for (var kw = 0u; kw < dims.KW; kw++) {
      let tap = (kh * dims.KW + kw) * dims.O * (rows / 4u);
      ${eachColumn(
        (j) => `
      let y${j} = top${j} - i32(kh * dims.dh);
      let x${j} = left${j} - i32(kw * dims.dw);
      let i${j} = y${j} / i32(dims.sh);
      let j${j} = x${j} / i32(dims.sw);
      let reads${j} = (y${j} >= 0) & (i${j} * i32(dims.sh) == y${j}) & (i${j} < i32(dims.Ho))
        & (x${j} >= 0) & (j${j} * i32(dims.sw) == x${j}) & (j${j} < i32(dims.Wo));
      let at${j} = ((map${j} * dims.Wo + select(0u, u32(i${j}) * dims.Wo + u32(j${j}), reads${j})) * dims.O + group_of_tile * filters) / 4u;`,
      )}
      ${keepSums(tile, 'before', 's')}
      for (var o = 0u; o < filters; o += 4u) {
        ${eachRow(tile, (m) => `let a${m} = w(tap + weights${m} + o * (rows / 4u));`)}
        ${eachColumn((j) => `let b${j} = select(vec4<f32>(), dy(at${j} + o / 4u), reads${j});`)}
        ${fourInRow(tile, { term: leftTerm.lines(tile) }, { term: rightTerm.terms })}
      }
      ${restoreSums(tile, 's', 'before', (j) => `reads${j}`)}
    }
  }
  let channel0 = group_of_tile * rows;
  ${writeSums(tile, 's', (...at) => `write(channel0, ${at.join(', ')})`)}
}

fn write(first: u32, row: u32, p: u32, sum: f32) {
  let area = dims.H * dims.W;
  if (row >= dims.Cg || p >= dims.N * area) { return; }
  set_dx((p / area * dims.C + first + row) * area + p % area, sum);
}
`

/** dw: filters × taps (kh,kw,c), a part of the sum over all positions with its additions nested. */
export const correlatingChannels = (tile: SubgroupTile): string => /* wgsl */ `
fn group(tile_of_part: u32, lane: u32) {
  let taps = dims.KH * dims.KW;
  let tiles = (dims.Cg * taps + ${tileColumns(tile) - 1}u) / ${tileColumns(tile)}u
    * ((dims.O / dims.groups + ${tileRows(tile) - 1}u) / ${tileRows(tile)}u) * dims.groups;
  let part = tile_of_part / tiles;
  let tile = tile_of_part % tiles;
  ${corner(tile, 'dims.O / dims.groups', 'dims.Cg * taps', `lane * ${columnsOfLane}u`)}
  let area = dims.Ho * dims.Wo;
  ${eachRow(tile, (m) => {
    const { term, four } = sharedOut(tile, m)
    return `
  let q${m} = ${term};
  let filter${m} = group_of_tile * (rows / 4u) + min(row / 4u + ${four}, rows / 4u - 1u);`
  })}
  let own = min(column, columns - 4u);
  let channel = (group_of_tile * dims.Cg + own % dims.Cg) / 4u;
  let top = i32(own / dims.Cg / dims.KW * dims.dh) - i32(dims.top);
  let left = i32(own / dims.Cg % dims.KW * dims.dw) - i32(dims.left);
  // the position of the next term: sample n, row i, column j
  let begin = part * dims.share;
  let terms = min(dims.share, dims.N * area - begin);
  var n = begin / area;
  var i = begin % area / dims.Wo;
  var j = begin % dims.Wo;
  ${nestedAround(
    tile,
    `
        ${eachRow(tile, (m) => `let a${m} = select(vec4<f32>(), dy((begin + min(k + q${m}, terms - 1u)) * (dims.O / 4u) + filter${m}), k + q${m} < terms);`)}
        ${each(
          4,
          (q) => `
        let y${q} = top + i32(i * dims.sh);
        let x${q} = left + i32(j * dims.sw);
        let in${q} = (k + ${q}u < terms) & (u32(y${q}) < dims.H) & (u32(x${q}) < dims.W);
        let b${q} = select(vec4<f32>(), x(select(0u, (n * dims.H + u32(y${q})) * dims.W + u32(x${q}), in${q}) * (dims.C / 4u) + channel), in${q});
        j++;
        if (j == dims.Wo) { j = 0u; i++; if (i == dims.Ho) { i = 0u; n++; } }`,
        )}
        ${fourAsTree(tile, { term: leftTerm.lines(tile) }, { term: rightTerm.lines })}`,
    'terms',
  )}
  let filter_first = part * dims.O + group_of_tile * rows;
  ${each(tileRows(tile), (r) => eachColumn((c) => `write(filter_first, row + ${r}u, column + ${c}u, total${r}_${c});`))}
}

fn write(first: u32, row: u32, column: u32, sum: f32) {
  let taps = dims.KH * dims.KW;
  if (row >= dims.O / dims.groups || column >= dims.Cg * taps) { return; }
  set_dweights(((first + row) * dims.Cg + column % dims.Cg) * taps + column / dims.Cg, sum);
}
`

/** [N,C,H,W] as [N,H,W,C], element by element. */
export const turningImage = /* wgsl */ `
fn element(i: u32) {
  let at = i / dims.C;
  set_turned(i, x((at / dims.area * dims.C + i % dims.C) * dims.area + at % dims.area));
}
`

/** [O,Cg,KH,KW] as [KH,KW,O,Cg], element by element. */
export const turningFilter = /* wgsl */ `
fn element(i: u32) {
  let size = dims.O * dims.Cg;
  set_turned(i, w(i % size * dims.taps + i / size));
}
`

/** y as `convolvingChannels` has it, one by one: where a tensor takes several bindings. */
export const convolvingChannel = /* wgsl */ `
fn x_or_zero(n: u32, c: u32, row: i32, col: i32) -> f32 {
  if (row < 0 || row >= i32(dims.H) || col < 0 || col >= i32(dims.W)) { return 0.0; }
  return x(((n * dims.H + u32(row)) * dims.W + u32(col)) * dims.C + c);
}
fn element(flat: u32) {
  let j = flat % dims.Wo;
  let i = (flat / dims.Wo) % dims.Ho;
  let o = (flat / (dims.Wo * dims.Ho)) % dims.O;
  let n = flat / (dims.Wo * dims.Ho * dims.O);
  let first = dims.Cg * (o * dims.groups / dims.O);
  var sum = 0.0;
  for (var kh = 0u; kh < dims.KH; kh++) {
    for (var kw = 0u; kw < dims.KW; kw++) {
      let row = i32(i * dims.sh + kh * dims.dh) - i32(dims.top);
      let col = i32(j * dims.sw + kw * dims.dw) - i32(dims.left);
      for (var c = 0u; c < dims.Cg; c++) {
        sum += w(((kh * dims.KW + kw) * dims.O + o) * dims.Cg + c) * x_or_zero(n, first + c, row, col);
      }
    }
  }
  if (dims.hasBias == 1u) { sum += b(o); }
  set_y(flat, sum);
}
`

/** dx as `transposedChannels` has it, one by one. */
export const transposedChannel = /* wgsl */ `
fn element(flat: u32) {
  let s = flat % dims.W;
  let r = (flat / dims.W) % dims.H;
  let channel = (flat / (dims.W * dims.H)) % dims.C;
  let n = flat / (dims.W * dims.H * dims.C);
  let c = channel % dims.Cg;
  let outputs = dims.O / dims.groups;
  let first = (channel / dims.Cg) * outputs;
  var sum = 0.0;
  for (var kh = 0u; kh < dims.KH; kh++) {
    let row = i32(r + dims.top) - i32(kh * dims.dh);
    if (row < 0 || row % i32(dims.sh) != 0 || row / i32(dims.sh) >= i32(dims.Ho)) { continue; }
    for (var kw = 0u; kw < dims.KW; kw++) {
      let col = i32(s + dims.left) - i32(kw * dims.dw);
      if (col < 0 || col % i32(dims.sw) != 0 || col / i32(dims.sw) >= i32(dims.Wo)) { continue; }
      let at = (n * dims.Ho + u32(row) / dims.sh) * dims.Wo + u32(col) / dims.sw;
      for (var o = first; o < first + outputs; o++) {
        sum += w(((kh * dims.KW + kw) * dims.O + o) * dims.Cg + c) * dy(at * dims.O + o);
      }
    }
  }
  set_dx(flat, sum);
}
`

/** A term of dw as `correlatingChannels` has it. */
export const correlatingChannel = /* wgsl */ `
fn term(at: u32, k: u32) -> f32 {
  let taps = dims.KW * dims.KH;
  let p = at / (taps * dims.Cg * dims.O) * dims.share + k;
  let o = at / (taps * dims.Cg) % dims.O;
  let j = p % dims.Wo;
  let i = (p / dims.Wo) % dims.Ho;
  let n = p / (dims.Wo * dims.Ho);
  let channel = dims.Cg * (o * dims.groups / dims.O) + at / taps % dims.Cg;
  let row = i32(i * dims.sh + at % taps / dims.KW * dims.dh) - i32(dims.top);
  let col = i32(j * dims.sw + at % dims.KW * dims.dw) - i32(dims.left);
  if (n >= dims.N) { return 0.0; }
  let pull = dy(p * dims.O + o);
  if (row < 0 || row >= i32(dims.H) || col < 0 || col >= i32(dims.W)) { return pull * 0.0; }
  return pull * x(((n * dims.H + u32(row)) * dims.W + u32(col)) * dims.C + channel);
}
fn finish(at: u32, sum: f32) { set_dweights(at, sum); }
`
