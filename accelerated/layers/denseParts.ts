import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { kernel, scratch } from '../kernel.js'
import type { Lies } from '../subgroupVectors.js'
import { sharedInParts } from '../workgroupTile.js'

/**
 * Matrix products of which tiles are too few to fill a GPU, and sums long: each sum falls into parts of `share` terms, tiles
 * of which are made side by side and added up in the end, in order. Additions nest no deeper than term by term.
 */

/** A product in parts, and what adds them up. */
export interface InParts {
  readonly sums: Kernel & Required<Pick<Kernel, 'shared'>>
  readonly addition: Kernel
}

/** What a product reads and writes: `left(row, k)` and `right(k, column)`, and how it ends, in `finish(row, column, sum)`. */
interface Product {
  readonly name: string
  readonly reads: readonly string[]
  readonly lies: Lies
  readonly factors: string
  readonly addition: Pick<Kernel, 'reads' | 'writes' | 'code'> & Partial<Kernel>
}

const extents = ['rows', 'columns', 'terms', 'share'] as const

// sums of a row lie part by part, so that rows can be cut from each other
const oneByOne = /* wgsl */ `
fn element(flat: u32) {
  let parts = (dims.terms + dims.share - 1u) / dims.share;
  let column = flat % dims.columns;
  let part = flat / dims.columns % parts;
  let row = flat / dims.columns / parts;
  var sum = 0.0;
  for (var k = part * dims.share; k < min((part + 1u) * dims.share, dims.terms); k++) {
    sum += left(row, k) * right(k, column);
  }
  set_sums(flat, sum);
}
`

const fourAtOnce = /* wgsl */ `
fn meet(first: u32) {}
fn left_four(first: u32, k: u32) -> vec4<f32> {
  let r = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.rows - 1u));
  let at = part * dims.share + k;
  return vec4<f32>(left(r.x, at), left(r.y, at), left(r.z, at), left(r.w, at));
}
fn right_four(first: u32, k: u32) -> vec4<f32> {
  let c = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(dims.columns - 1u));
  let at = part * dims.share + k;
  return vec4<f32>(right(at, c.x), right(at, c.y), right(at, c.z), right(at, c.w));
}
`

const finishShared = /* wgsl */ `
fn finish_row(row: u32, column: u32, sums: vec4<f32>) {
  if (row >= dims.rows) { return; }
  let parts = (dims.terms + dims.share - 1u) / dims.share;
  let at = (row * parts + part) * dims.columns + column;
  for (var s = 0u; s < 4u && column + s < dims.columns; s++) { set_sums(at + s, sums[s]); }
}
`

/** The kernels of a product in parts. */
export const inParts = ({ name, reads, lies, factors, addition }: Product): InParts => {
  const text = { name: `${name}.parts`, reads, writes: ['sums'], dims: extents }
  return {
    sums: {
      ...kernel({ ...text, code: `${oneByOne}${factors}` }),
      shared: sharedInParts(
        { ...text, code: `${finishShared}${factors}` },
        {
          rows: 'dims.rows',
          columns: 'dims.columns',
          terms: 'min(dims.share, dims.terms - this_part * dims.share)',
          ...lies,
          factors: fourAtOnce,
        },
        ({ rows = 1, columns = 1, terms = 1, share = 1 }) => ({
          rows,
          columns,
          terms: Math.min(share, terms),
          parts: Math.ceil(terms / share),
        }),
      ),
    },
    addition: kernel({
      name: `${name}.added`,
      ...addition,
      reads: ['sums', ...addition.reads],
      dims: ['columns', 'parts', ...(addition.dims ?? [])],
      code: /* wgsl */ `
fn element(flat: u32) {
  let column = flat % dims.columns;
  let row = flat / dims.columns;
  var sum = 0.0;
  for (var part = 0u; part < dims.parts; part++) { sum += sums((row * dims.parts + part) * dims.columns + column); }
  finish(row, column, sum);
}
${addition.code}`,
    }),
  }
}

// fewer workgroups than these leave a GPU idle; fewer terms than these are no sum to divide
const enoughWorkgroups = 256
const fewestTerms = 512
const mostParts = 64

/** Rows, columns and terms of a product. */
export type Extents = Readonly<Record<'rows' | 'columns' | 'terms', number>>

/** How many terms each part of such a product takes in a GPU's workgroups; undefined: it is none for them, or stays whole. */
const shareOf = ({ sums: { shared } }: InParts, { rows, columns, terms }: Extents): number | undefined => {
  const whole = { rows, columns, terms, share: terms }
  if (!shared.pays(whole)) return undefined
  const parts = Math.min(Math.ceil(enoughWorkgroups / shared.tiles(whole)), Math.floor(terms / fewestTerms), mostParts)
  return parts > 1 ? Math.ceil(terms / parts) : undefined
}

/** How a product in parts is bound: its factors, and beside its sums what their addition reads and writes. */
interface Bound {
  readonly factors: Readonly<Record<string, Slot>>
  readonly addition: Readonly<Record<string, Slot>>
  readonly dims?: Launch['dims']
  /** elements of a row in what is read and written by rows */
  readonly slices: Readonly<Record<string, number>>
}

/** The launches of a product in parts, where a GPU has too few tiles of it; else undefined. */
export const productInParts = (
  product: InParts,
  { rows, columns, terms }: Extents,
  { factors, addition, dims = {}, slices }: Bound,
): Lowered | undefined => {
  const share = shareOf(product, { rows, columns, terms })
  if (share === undefined) return undefined
  const parts = Math.ceil(terms / share)
  const sliced = (of: Kernel): Readonly<Record<string, number>> => ({
    ...Object.fromEntries(Object.entries(slices).filter(([name]) => [...of.reads, ...of.writes].includes(name))),
    sums: parts * columns,
  })
  return {
    launches: [
      {
        kernel: product.sums,
        bind: { ...factors, sums: scratch('sums') },
        count: rows * parts * columns,
        dims: { rows, columns, terms, share },
        params: {},
        outer: { extent: rows, dims: ['rows'], slices: sliced(product.sums) },
      },
      {
        kernel: product.addition,
        bind: { ...addition, sums: scratch('sums') },
        count: rows * columns,
        dims: { columns, parts, ...dims },
        params: {},
        outer: { extent: rows, dims: [], slices: sliced(product.addition) },
      },
    ],
    scratch: { sums: rows * parts * columns },
  }
}
