import type { Kernel, Launch, Sharing } from './kernel.js'
import { kernel } from './kernel.js'
import type { Lie, Lies } from './subgroupVectors.js'

/**
 * Matrix products in the memory that a workgroup shares, for GPUs: 256 invocations make a tile of 64 rows × 64 columns, a 4 × 4
 * block each. Sixteen terms at a time each lays down four numbers of both factors; then every two vectors that are read back
 * feed sixteen multiply-adds. So an element comes from far away once for 64 products, and not once for 4.
 *
 *   left(row, k)   the left factor                   right(k, column)   the right factor
 *   finish_row(row, column, sums)                    writes four outputs of a row, as far as they exist
 *
 * Rows, columns and terms past the last are read as the last; the terms count as 0 on both sides, the rest is not written.
 */

/** Rows and columns of a tile, and how many terms are laid down at once: as many as there are blocks on an edge. */
export const sharedTile = { edge: 64, terms: 16 }
const { edge, terms: atOnce } = sharedTile

// a vector of four lines for each block on an edge, and one more, so that those of a term are spread over all banks
const laid = edge / 4 + 1

// neighbours load what lies side by side
const lineOf = (lie: Lie): string => (lie === 'terms' ? `lane / ${atOnce}u` : `lane % ${atOnce}u`)
const termOf = (lie: Lie): string => (lie === 'terms' ? `lane % ${atOnce}u` : `lane / ${atOnce}u`)
const lay = (into: string, read: string, first: string, lie: Lie, more = ''): string => `{
    let at = ${termOf(lie)};
    let line = ${lineOf(lie)};
    let k = start + at;
    let value = ${read}(${first} + 4u * line, min(k, last_term));
    ${into}[at * ${laid}u + line] = select(vec4<f32>(), value, k <= last_term);
    ${more}
  }`

/** What a tile's text is made of: expressions for its extents, and how its factors are read. */
interface SharedText {
  readonly rows: string
  readonly columns: string
  /** may name the part, `this_part` */
  readonly terms: string
  readonly left: Lie
  readonly right: Lie
  /**
   * `meet(column)`, told the first of the four columns that an invocation loads; `left_four(row, k)` and
   * `right_four(column, k)`: four rows or columns from there on, of `part`
   */
  readonly factors: string
  /**
   * whether `right_four` also says which of the four are read at all, in the private variable `reads`: what is not is 0, and
   * adds nothing even where the left factor is no number
   */
  readonly sparse?: boolean
  /** whether sums are nested no deeper than D(n), and not term by term */
  readonly nested?: boolean
}

const rowsOfBlock = [0, 1, 2, 3] as const
const eachRow = (line: (r: number, lane: string) => string, between = ' '): string =>
  rowsOfBlock.map((r) => line(r, 'xyzw'[r] as string)).join(between)
const factorsAt = (k: string, q = ''): string =>
  `let a${q} = lefts[${k} * ${laid}u + down]; let b${q} = rights[${k} * ${laid}u + across];`

// terms one after the other
const serialBody = `
    for (var k = 0u; k < ${atOnce}u; k++) { ${factorsAt('k')} ${eachRow((r, lane) => `s${r} += a.${lane} * b;`)} }`

// the same of what is read; where the left factor has numbers only, 0 adds nothing by itself
const sparseBody = `
    if (atomicLoad(&odd) == 0u) {${serialBody}
    } else {
      for (var k = 0u; k < ${atOnce}u; k++) {
        ${factorsAt('k')}
        let counts = marks[k * ${laid}u + across] == vec4<u32>(1u);
        ${eachRow((r, lane) => `s${r} = select(s${r}, s${r} + a.${lane} * b, counts);`)}
      }
    }`
const sparseWords = /* wgsl */ `
var<workgroup> marks: array<vec4<u32>, ${atOnce * laid}>;
// whether the left factor has had what is no finite number
var<workgroup> odd: atomic<u32>;
var<private> reads: vec4<bool>;
`
const markOdd =
  'if (any((bitcast<vec4<u32>>(value) & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u))) { atomicStore(&odd, 1u); }'
const markReads = `marks[at * ${laid}u + line] = select(vec4<u32>(), vec4<u32>(1u), reads);`

// four terms as a tree, and four such sums in a row; of those four in a row, and these blocks of 64 in a row: D(n)
const nestedBody = `
    ${eachRow((r) => `var few${r} = vec4<f32>();`)}
    for (var k = 0u; k < ${atOnce}u; k += 4u) {
      ${eachRow((q) => factorsAt(`(k + ${q}u)`, `${q}`), '\n      ')}
      ${eachRow((r, lane) => `few${r} += (a0.${lane} * b0 + a1.${lane} * b1) + (a2.${lane} * b2 + a3.${lane} * b3);`, '\n      ')}
    }
    ${eachRow((r) => `part${r} += few${r};`)}
    if (start % 64u == ${64 - atOnce}u || start + ${atOnce}u > last_term) {
      ${eachRow((r) => `s${r} += part${r}; part${r} = vec4<f32>();`)}
    }`

const frame = ({
  rows,
  columns,
  terms,
  left,
  right,
  factors,
  sparse = false,
  nested = false,
}: SharedText): string => /* wgsl */ `
var<workgroup> lefts: array<vec4<f32>, ${atOnce * laid}>;
var<workgroup> rights: array<vec4<f32>, ${atOnce * laid}>;
var<private> part: u32;
${sparse ? sparseWords : ''}
${factors}
fn group(tile_of_part: u32, lane: u32) {
  let tiles_across = (${columns} + ${edge - 1}u) / ${edge}u;
  let tiles_down = (${rows} + ${edge - 1}u) / ${edge}u;
  let tile = tile_of_part % (tiles_across * tiles_down);
  // uniform, which a private variable is not to a compiler
  let this_part = tile_of_part / (tiles_across * tiles_down);
  part = this_part;
  let row0 = tile / tiles_across * ${edge}u;
  let column0 = tile % tiles_across * ${edge}u;
  let down = lane / ${atOnce}u;
  let across = lane % ${atOnce}u;
  let last_term = ${terms} - 1u;
  meet(column0 + 4u * (${lineOf(right)}));
  ${eachRow((r) => `var s${r} = vec4<f32>();`)}
  ${nested ? eachRow((r) => `var part${r} = vec4<f32>();`) : ''}
  for (var start = 0u; start <= last_term; start += ${atOnce}u) {
    ${lay('lefts', 'left_four', 'row0', left, sparse ? markOdd : '')}
    ${lay('rights', 'right_four', 'column0', right, sparse ? markReads : '')}
    workgroupBarrier();
    ${nested ? nestedBody : sparse ? sparseBody : serialBody}
    workgroupBarrier();
  }
  let column = column0 + 4u * across;
  if (column >= ${columns}) { return; }
  ${eachRow((r) => `finish_row(row0 + 4u * down + ${r}u, column, s${r});`, '\n  ')}
}
`

/** A kernel's text, in which `code` has `finish_row`, and what it takes beside. */
export type ProductText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>
type Extents = (dims: Launch['dims']) => Readonly<Record<'rows' | 'columns' | 'terms' | 'parts', number>>

// fewer rows or columns than half a tile are mostly waste
const fewest = edge / 2

/** A product in parts of their own, whose code reads four elements at once. */
export const sharedInParts = (text: ProductText, tile: SharedText, extentsOf: Extents): Sharing => ({
  kernel: kernel({
    ...text,
    name: `${text.name}.shared`,
    per: 'workgroup',
    workgroup: (edge / 4) ** 2,
    code: `${frame(tile)}${text.code}`,
  }),
  tiles: (dims) => {
    const { rows, columns, parts } = extentsOf(dims)
    return Math.ceil(rows / edge) * Math.ceil(columns / edge) * parts
  },
  pays: (dims) => {
    const { rows, columns, terms } = extentsOf(dims)
    return rows >= fewest && columns >= fewest && terms >= atOnce
  },
})

const clamped = (of: string): string =>
  `min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.${of} - 1u))`

const oneByOne = /* wgsl */ `
fn meet(first: u32) {}
fn left_four(first: u32, k: u32) -> vec4<f32> {
  let r = ${clamped('rows')};
  return vec4<f32>(left(r.x, k), left(r.y, k), left(r.z, k), left(r.w, k));
}
fn right_four(first: u32, k: u32) -> vec4<f32> {
  let c = ${clamped('columns')};
  return vec4<f32>(right(k, c.x), right(k, c.y), right(k, c.z), right(k, c.w));
}
`

/**
 * A product of `dims.rows` × `dims.columns` sums over `dims.terms`, whose code reads single elements that lie as `lies` says:
 * term by term, or nested no deeper than D(n).
 */
export const sharedProduct = (text: ProductText, { left, right }: Lies, sums: 'serial' | 'nested'): Sharing =>
  sharedInParts(
    text,
    {
      rows: 'dims.rows',
      columns: 'dims.columns',
      terms: 'dims.terms',
      left,
      right,
      factors: oneByOne,
      nested: sums === 'nested',
    },
    ({ rows = 1, columns = 1, terms = 1 }) => ({ rows, columns, terms, parts: 1 }),
  )

/** The launch in its workgroups' memory where its kernel has such a form and enough to do; else as it is. */
export const inWorkgroups = (launch: Launch): Launch => {
  const { kernel: plain, dims, outer } = launch
  const { shared } = plain
  if (shared === undefined || !shared.pays(dims)) return launch
  const ofUnits = (units: number): number =>
    shared.tiles({ ...dims, ...Object.fromEntries((outer?.dims ?? []).map((name) => [name, units])) })
  return {
    ...launch,
    kernel: shared.kernel,
    count: shared.tiles(dims),
    orElse: launch,
    ...(outer === undefined ? {} : { outer: { ...outer, count: ofUnits } }),
  }
}
