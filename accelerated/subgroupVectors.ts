import type { Kernel } from './kernel.js'
import type { BySubgroup, SubgroupTile } from './subgroupTile.js'
import {
  columnsOfLane,
  each,
  eachColumn,
  eachRowOfSums,
  nestedAround,
  subgroupKernels,
  tileRows,
  zeroSums,
} from './subgroupTile.js'

/**
 * The products of subgroupTile.ts for factors that are read by vectors of four: one load costs little more than that of one
 * number, and what it brings is used for four terms in a row, so that a sum is taken up and laid down once for four of them.
 * With eight lanes six loads feed 256 multiply-adds in every lane.
 *
 *   left(row, k)       where its terms lie side by side, the four terms 4k … 4k + 3 of a row; where its lines do, the term k of the
 *                      four rows 4·row … 4·row + 3
 *   right(k, column)   the same of columns
 *   finish(row, column, sum)   writes one output
 *
 * What lies side by side comes in fours: a multiple of four terms, of rows or of columns; of terms of factors that lie by lines there
 * may be any number.
 */
export type Lie = 'terms' | 'lines'

/** Texts that read one factor of a product. */
interface Factor {
  /** where its lines are, once for each tile */
  readonly places: string
  /** what four terms from `k` on are read into */
  readonly load: string
  /** the number of term k + q in a line: of a row, as broadcast over the subgroup; of a lane's column */
  readonly term: (q: number, line: number) => string
}

const component = (i: number): string => 'xyzw'.charAt(i)

// a term past the last is 0 in both factors
const ifThere = (q: string, vector: string): string => `select(vec4<f32>(), ${vector}, k + ${q} < dims.terms)`
const lastTerm = (q: string): string => `min(k + ${q}, dims.terms - 1u)`

/** The number of term k + q in the tile's row r, broadcast: of vectors a0 … that the lanes have of the left factor. */
const leftTerm: Readonly<Record<Lie, (tile: SubgroupTile) => Factor['term']>> = {
  terms:
    ({ S }) =>
    (q, r) =>
      `subgroupBroadcast(a${Math.floor(r / S)}.${component(q)}, ${r % S}u)`,
  lines: (tile) => (q, r) => {
    const vector = (q * tileRows(tile)) / 4 + Math.floor(r / 4)
    return `subgroupBroadcast(a${Math.floor(vector / tile.S)}.${component(r % 4)}, ${vector % tile.S}u)`
  },
}

/** The number of term k + q in the lane's column j: of vectors b0 … of the right factor. */
const rightTerm: Readonly<Record<Lie, Factor['term']>> = {
  terms: (q, j) => `b${j}.${component(q)}`,
  lines: (q, j) => `b${q}.${component(j)}`,
}

/**
 * Which four rows, and which of four terms, the lane's m-th vector of a factor that lies by lines has: the lanes share out four
 * terms of all rows.
 */
const sharedOut = (tile: SubgroupTile, m: number): { readonly term: string; readonly four: string } => {
  const fours = tileRows(tile) / 4
  const vector = `(${m * tile.S}u + lane)`
  return { term: `${vector} / ${fours}u`, four: `${vector} % ${fours}u` }
}

const leftOf: Readonly<Record<Lie, (tile: SubgroupTile) => Factor>> = {
  // each lane has M rows
  terms: (tile) => ({
    places: each(tile.M, (m) => `let r${m} = min(row + ${m * tile.S}u + lane, dims.rows - 1u);`),
    load: each(tile.M, (m) => `let a${m} = left(r${m}, k / 4u);`),
    term: leftTerm.terms(tile),
  }),
  lines: (tile) => ({
    places: each(tile.M, (m) => {
      const { term, four } = sharedOut(tile, m)
      return `
  let q${m} = ${term};
  let r${m} = min(row / 4u + ${four}, dims.rows / 4u - 1u);`
    }),
    load: each(tile.M, (m) => `let a${m} = ${ifThere(`q${m}`, `left(r${m}, ${lastTerm(`q${m}`)})`)};`),
    term: leftTerm.lines(tile),
  }),
}

const rightOf: Readonly<Record<Lie, (apart: number) => Factor>> = {
  terms: (apart) => ({
    places: eachColumn((j) => `let c${j} = min(column + ${j * apart}u, dims.columns - 1u);`),
    load: eachColumn((j) => `let b${j} = right(k / 4u, c${j});`),
    term: rightTerm.terms,
  }),
  lines: () => ({
    places: 'let c = min(column / 4u, dims.columns / 4u - 1u);',
    load: each(4, (q) => `let b${q} = ${ifThere(`${q}u`, `right(${lastTerm(`${q}u`)}, c)`)};`),
    term: rightTerm.lines,
  }),
}

/** How the factors of a product lie. */
export interface Lies {
  readonly left: Lie
  readonly right: Lie
  /** whether four columns belong together: the text has `finish_row(row, column, sums)` in place of `finish` */
  readonly together?: true
}

// how far a lane's columns are from each other: neighbours, or the next belong to other lanes
const columnsApart = ({ S }: SubgroupTile, { right, together }: Lies): number =>
  right === 'terms' && together !== true ? S : 1

/** For every sum of the tile, its four products of the terms from `k` on. */
const four = (
  tile: SubgroupTile,
  left: Factor,
  right: Factor,
  add: (r: number, j: number, products: readonly string[]) => string,
): string =>
  each(
    tileRows(tile),
    (r) => `{
  ${each(4, (q) => `let x${q} = ${left.term(q, r)};`)}
  ${eachColumn((j) =>
    add(
      r,
      j,
      [0, 1, 2, 3].map((q) => `x${q} * ${right.term(q, j)}`),
    ),
  )}
}`,
  )

// four products for every sum s0_0 … of a tile, one after the other
const fourInRow = (tile: SubgroupTile, left: Factor, right: Factor): string =>
  four(tile, left, right, (r, j, [p0, p1, p2, p3]) => `s${r}_${j} = s${r}_${j} + ${p0} + ${p1} + ${p2} + ${p3};`)

// four products as a tree for every sum few0_0 … of a tile
const fourAsTree = (tile: SubgroupTile, left: Factor, right: Factor): string =>
  four(tile, left, right, (r, j, [p0, p1, p2, p3]) => `few${r}_${j} += (${p0} + ${p1}) + (${p2} + ${p3});`)

const framed = (
  tile: SubgroupTile,
  lies: Lies,
  sums: { readonly name: string; readonly make: (left: Factor, right: Factor) => string },
): string => {
  const apart = columnsApart(tile, lies)
  const [left, right] = [leftOf[lies.left](tile), rightOf[lies.right](apart)]
  const width = tile.S * columnsOfLane
  const sum = (r: number, j: number): string => `${sums.name}${r}_${j}`
  const finish = eachRowOfSums(
    tile,
    'dims.rows',
    (r) => [0, 1, 2, 3].map((j) => sum(r, j)),
    (made) =>
      lies.together === true
        ? `if (column < dims.columns) { finish_row(row + r, column, vec4<f32>(${[0, 1, 2, 3].map((j) => made(`${j}u`)).join(', ')})); }`
        : `for (var j = 0u; j < ${columnsOfLane}u; j++) { finish_inside(row + r, column + j * ${apart}u, ${made('j')}); }`,
  )
  return /* wgsl */ `
fn group(tile: u32, lane: u32) {
  let across = (dims.columns + ${width - 1}u) / ${width}u;
  let row = tile / across * ${tileRows(tile)}u;
  let column = tile % across * ${width}u + lane${apart === 1 ? ` * ${columnsOfLane}u` : ''};
  ${left.places}
  ${right.places}
  ${sums.make(left, right)}
  ${finish}
}
${
  lies.together === true
    ? ''
    : /* wgsl */ `
fn finish_inside(row: u32, column: u32, sum: f32) {
  if (column < dims.columns) { finish(row, column, sum); }
}
`
}`
}

const serial =
  (lies: Lies) =>
  (tile: SubgroupTile): string =>
    framed(tile, lies, {
      name: 's',
      make: (left, right) => `
  ${zeroSums(tile, 's')}
  for (var k = 0u; k < dims.terms; k += 4u) {
    ${left.load}
    ${right.load}
    ${fourInRow(tile, left, right)}
  }`,
    })

const nested =
  (lies: Lies) =>
  (tile: SubgroupTile): string =>
    framed(tile, lies, {
      name: 'total',
      make: (left, right) =>
        nestedAround(
          tile,
          `
        ${left.load}
        ${right.load}
        ${fourAsTree(tile, left, right)}`,
        ),
    })

type TileText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code' | 'vectors'> & Partial<Kernel>

const withTile = (frame: (tile: SubgroupTile) => string, text: TileText): BySubgroup =>
  subgroupKernels(
    { ...text, dims: ['rows', 'columns', 'terms', ...(text.dims ?? [])] },
    (tile) => `${frame(tile)}${text.code}`,
  )

/** Σ_k left(row, k)·right(k, column), the products added in order of k. */
export const vectorsSerial = (lies: Lies, text: TileText): BySubgroup => withTile(serial(lies), text)

/** The same sum with its additions nested no deeper than D(n): for sums over batch or space. */
export const vectorsNested = (lies: Lies, text: TileText): BySubgroup => withTile(nested(lies), text)

/** Whether a product's factors can be read so: what lies side by side comes in fours. */
export const inFours = (
  { left, right }: Lies,
  { rows, columns, terms }: Readonly<Record<'rows' | 'columns' | 'terms', number>>,
): boolean => (left === 'terms' ? terms : rows) % 4 === 0 && (right === 'terms' ? terms : columns) % 4 === 0
