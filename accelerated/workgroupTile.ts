import type { Kernel, Launch, Sharing } from './kernel.js'
import { kernel } from './kernel.js'
import type { Lie, Lies } from './subgroupVectors.js'

/**
 * Matrix products in the memory that a workgroup shares, for GPUs: 256 invocations make a tile of 64 rows × 64 columns, a 4 × 4
 * block each. Sixteen terms at a time they lay down what the tile reads of both factors, a vector of four each, and then
 * eight loads of that memory's feed sixteen multiply-adds: an element comes from far away once for 64 products, not for 4.
 *
 *   left(row, k)   the left factor                   right(k, column)   the right factor
 *   finish_row(row, column, sums)                    writes four outputs of a row, as far as they exist
 *
 * Rows, columns and terms past the last are read as the last; the terms count as 0 on both sides, the rest is not written.
 */

/** Rows and columns of a tile, and how many terms are laid down at once. */
export const sharedTile = { edge: 64, terms: 16 }

// 16 terms × 16 vectors of four lines; a vector more for each term, so that a column of them is spread over all banks
const laid = 17

// neighbours load what lies side by side
const lineOf = (lie: Lie): string => (lie === 'terms' ? 'lane / 16u' : 'lane % 16u')
const lay = (into: string, read: string, first: string, lie: Lie, more = ''): string => `{
    let at = ${lie === 'terms' ? 'lane % 16u' : 'lane / 16u'};
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
}

const multiplyAdd = (to: string, a: string, b: string): string =>
  ['x', 'y', 'z', 'w'].map((lane, r) => `${to}${r} += ${a}.${lane} * ${b};`).join(' ')

const terms = (each: (k: string) => string, from: string, to: string): string =>
  `for (var k = ${from}; k < ${to}; k++) { ${each('k')} }`

const factorsAt = (k: string): string =>
  `let a = lefts[(${k}) * ${laid}u + down]; let b = rights[(${k}) * ${laid}u + across];`

// terms one after the other
const serialBody = `
    ${terms((k) => `${factorsAt(k)} ${multiplyAdd('s', 'a', 'b')}`, '0u', '16u')}`

// the same of what is read; where the left factor has numbers only, 0 adds nothing by itself
const sparseBody = `
    if (atomicLoad(&odd) == 0u) {${serialBody}
    } else {
      ${terms((k) => `${factorsAt(k)} let counts = marks[(${k}) * ${laid}u + across] == vec4<u32>(1u); ${['x', 'y', 'z', 'w'].map((lane, r) => `s${r} = select(s${r}, s${r} + a.${lane} * b, counts);`).join(' ')}`, '0u', '16u')}
    }`
const sparseWords = /* wgsl */ `
var<workgroup> marks: array<vec4<u32>, ${16 * laid}>;
// whether the left factor has had what is no finite number
var<workgroup> odd: atomic<u32>;
var<private> reads: vec4<bool>;
`
const markOdd =
  'if (any((bitcast<vec4<u32>>(value) & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u))) { atomicStore(&odd, 1u); }'
const markReads = `marks[at * ${laid}u + line] = select(vec4<u32>(), vec4<u32>(1u), reads);`

// four terms as a tree, and four such sums in a row; of those four in a row, and these blocks of 64 in a row
const nestedBody = `
    var few0 = vec4<f32>(); var few1 = vec4<f32>(); var few2 = vec4<f32>(); var few3 = vec4<f32>();
    for (var k = 0u; k < 16u; k += 4u) {
      ${[0, 1, 2, 3].map((q) => `let a${q} = lefts[(k + ${q}u) * ${laid}u + down]; let b${q} = rights[(k + ${q}u) * ${laid}u + across];`).join('\n      ')}
      ${['x', 'y', 'z', 'w'].map((lane, r) => `few${r} += (a0.${lane} * b0 + a1.${lane} * b1) + (a2.${lane} * b2 + a3.${lane} * b3);`).join('\n      ')}
    }
    ${[0, 1, 2, 3].map((r) => `part${r} += few${r};`).join(' ')}
    if (start % 64u == 48u || start + 16u > last_term) {
      ${[0, 1, 2, 3].map((r) => `s${r} += part${r}; part${r} = vec4<f32>();`).join(' ')}
    }`

const frame = (
  { rows, columns, terms, left, right, factors, sparse = false }: SharedText,
  nested: boolean,
): string => /* wgsl */ `
var<workgroup> lefts: array<vec4<f32>, ${16 * laid}>;
var<workgroup> rights: array<vec4<f32>, ${16 * laid}>;
var<private> part: u32;
${sparse ? sparseWords : ''}
${factors}
fn group(tile_of_part: u32, lane: u32) {
  let tiles_across = (${columns} + 63u) / 64u;
  let tiles_down = (${rows} + 63u) / 64u;
  let tile = tile_of_part % (tiles_across * tiles_down);
  part = tile_of_part / (tiles_across * tiles_down);
  let row0 = tile / tiles_across * 64u;
  let column0 = tile % tiles_across * 64u;
  let down = lane / 16u;
  let across = lane % 16u;
  let last_term = ${terms} - 1u;
  meet(column0 + 4u * (${lineOf(right)}));
  var s0 = vec4<f32>(); var s1 = vec4<f32>(); var s2 = vec4<f32>(); var s3 = vec4<f32>();
  ${nested ? 'var part0 = vec4<f32>(); var part1 = vec4<f32>(); var part2 = vec4<f32>(); var part3 = vec4<f32>();' : ''}
  for (var start = 0u; start <= last_term; start += 16u) {
    ${lay('lefts', 'left_four', 'row0', left, sparse ? markOdd : '')}
    ${lay('rights', 'right_four', 'column0', right, sparse ? markReads : '')}
    workgroupBarrier();
    ${nested ? nestedBody : sparse ? sparseBody : serialBody}
    workgroupBarrier();
  }
  let column = column0 + 4u * across;
  if (column >= ${columns}) { return; }
  ${[0, 1, 2, 3].map((r) => `finish_row(row0 + 4u * down + ${r}u, column, s${r});`).join('\n  ')}
}
`

type Text = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>
type Extents = (dims: Launch['dims']) => Readonly<Record<'rows' | 'columns' | 'terms' | 'parts', number>>

// fewer rows or columns than half a tile are mostly waste
const fewest = sharedTile.edge / 2

const sharing = (text: Text, tile: SharedText, nested: boolean, extentsOf: Extents): Sharing => ({
  kernel: kernel({
    ...text,
    name: `${text.name}.shared`,
    per: 'workgroup',
    workgroup: 256,
    code: `${frame(tile, nested)}${text.code}`,
  }),
  tiles: (dims) => {
    const { rows, columns, parts } = extentsOf(dims)
    return Math.ceil(rows / sharedTile.edge) * Math.ceil(columns / sharedTile.edge) * parts
  },
  pays: (dims) => {
    const { rows, columns, terms } = extentsOf(dims)
    return rows >= fewest && columns >= fewest && terms >= sharedTile.terms
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
export const sharedProduct = (text: Text, { left, right }: Lies, sums: 'serial' | 'nested'): Sharing =>
  sharing(
    text,
    { rows: 'dims.rows', columns: 'dims.columns', terms: 'dims.terms', left, right, factors: oneByOne },
    sums === 'nested',
    ({ rows = 1, columns = 1, terms = 1 }) => ({ rows, columns, terms, parts: 1 }),
  )

/** A product in parts of their own, whose code reads four elements at once. */
export const sharedInParts = (text: Text, tile: SharedText, extentsOf: Extents): Sharing =>
  sharing(text, tile, false, extentsOf)

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
