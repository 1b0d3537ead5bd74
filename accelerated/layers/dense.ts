import type { Kernel, Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { inParts, productInParts } from './denseParts.js'
import { reduce, reduction } from '../reduction.js'
import type { BySubgroup } from '../subgroupTile.js'
import { subgroupFor, subgroupNested, subgroupSerial, unlessSegmented } from '../subgroupTile.js'
import type { Lies } from '../subgroupVectors.js'
import { inFours, vectorsNested, vectorsSerial } from '../subgroupVectors.js'
import { tileNested, tileSerial, tileSize, tilesFor } from '../tile.js'

/** y[n,o] = b[o] + Σ_i w[o,i] · x[n,i], the products added in order of i, then the bias */
export const denseForward = kernel({
  name: 'dense.forward',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: ['I', 'O', 'hasBias'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  var sum = 0.0;
  for (var i = 0u; i < dims.I; i++) {
    sum += w(o * dims.I + i) * x(n * dims.I + i);
  }
  if (dims.hasBias == 1u) { sum += b(o); }
  set_y(flat, sum);
}
`,
})

/**
 * The same by 64 lanes for each output, neighbours of which read neighbouring weights: for the memory of a GPU, where
 * samples are too few for tiles and every weight is read about once.
 */
export const denseForwardLanes = reduction({
  name: 'dense.forward.lanes',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: ['O', 'hasBias'],
  code: /* wgsl */ `
fn term(at: u32, i: u32) -> f32 {
  let o = at % dims.O;
  let n = at / dims.O;
  return w(o * dims.terms + i) * x(n * dims.terms + i);
}
fn finish(at: u32, sum: f32) {
  let given = dims.hasBias == 1u;
  set_y(at, select(sum, sum + b(select(0u, at % dims.O, given)), given));
}
`,
}).perWorkgroup

/** dx[n,i] = Σ_o w[o,i] · dy[n,o], the products added in order of o */
export const denseBackwardX = kernel({
  name: 'dense.backward.x',
  reads: ['w', 'dy'],
  writes: ['dx'],
  dims: ['I', 'O'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let i = flat % dims.I;
  let n = flat / dims.I;
  var sum = 0.0;
  for (var o = 0u; o < dims.O; o++) {
    sum += w(o * dims.I + i) * dy(n * dims.O + o);
  }
  set_dx(flat, sum);
}
`,
})

/** dw[o,i] = Σ_n dy[n,o] · x[n,i] */
export const denseBackwardW = reduction({
  name: 'dense.backward.w',
  reads: ['x', 'dy'],
  writes: ['dw'],
  dims: ['I', 'O'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 {
  let i = at % dims.I;
  let o = at / dims.I;
  return dy(n * dims.O + o) * x(n * dims.I + i);
}
fn finish(at: u32, sum: f32) { set_dw(at, sum); }
`,
})

/** db[o] = Σ_n dy[n,o] */
export const denseBackwardB = reduction({
  name: 'dense.backward.b',
  reads: ['dy'],
  writes: ['db'],
  dims: ['O'],
  code: /* wgsl */ `
fn term(o: u32, n: u32) -> f32 { return dy(n * dims.O + o); }
fn finish(o: u32, sum: f32) { set_db(o, sum); }
`,
})

const finishForward = /* wgsl */ `
fn finish(n: u32, o: u32, sum: f32) {
  let given = dims.hasBias == 1u;
  let value = select(sum, sum + b(select(0u, o, given)), given);
  set_y(n * dims.columns + o, value);
}
`

const forwardLies: Lies = { left: 'terms', right: 'terms' }

const forwardFactors = /* wgsl */ `
fn left(n: u32, i: u32) -> f32 { return x(n * dims.terms + i); }
fn right(i: u32, o: u32) -> f32 { return w(o * dims.terms + i); }
`

const forwardProduct = {
  name: 'dense.forward.tiled',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: ['hasBias'],
  code: `${forwardFactors}${finishForward}`,
}

const finishBackwardX = /* wgsl */ `
fn finish(n: u32, i: u32, sum: f32) { set_dx(n * dims.columns + i, sum); }
`

const backwardXLies: Lies = { left: 'terms', right: 'lines' }

const backwardXFactors = /* wgsl */ `
fn left(n: u32, o: u32) -> f32 { return dy(n * dims.terms + o); }
fn right(o: u32, i: u32) -> f32 { return w(o * dims.columns + i); }
`

const backwardXProduct = {
  name: 'dense.backward.x.tiled',
  reads: ['w', 'dy'],
  writes: ['dx'],
  code: `${backwardXFactors}${finishBackwardX}`,
}

const finishBackwardW = /* wgsl */ `
fn finish(o: u32, i: u32, sum: f32) { set_dw(o * dims.columns + i, sum); }
`

const backwardWLies: Lies = { left: 'lines', right: 'lines' }

const backwardWProduct = {
  name: 'dense.backward.w.tiled',
  reads: ['x', 'dy'],
  writes: ['dw'],
  code: /* wgsl */ `
fn left(o: u32, n: u32) -> f32 { return dy(n * dims.rows + o); }
fn right(n: u32, i: u32) -> f32 { return x(n * dims.columns + i); }
${finishBackwardW}
`,
}

/** The same as `denseForward` by tiles of samples × outputs, 4 × 4 or a subgroup's. */
export const denseForwardTiled = tileSerial(forwardProduct, forwardLies)
export const denseForwardSubgroup = subgroupSerial(forwardProduct)

/** The same as `denseBackwardX` by tiles of samples × inputs. */
export const denseBackwardXTiled = tileSerial(backwardXProduct, backwardXLies)
export const denseBackwardXSubgroup = subgroupSerial(backwardXProduct)

/** The same two in parts of the sum. */
export const denseForwardInParts = inParts({
  name: 'dense.forward',
  reads: ['x', 'w'],
  lies: forwardLies,
  factors: forwardFactors,
  addition: { reads: ['b'], writes: ['y'], dims: ['hasBias'], code: finishForward },
})
export const denseBackwardXInParts = inParts({
  name: 'dense.backward.x',
  reads: ['w', 'dy'],
  lies: backwardXLies,
  factors: backwardXFactors,
  addition: { reads: [], writes: ['dx'], code: finishBackwardX },
})

/** The same as `denseBackwardW` by tiles of outputs × inputs. */
export const denseBackwardWTiled = tileNested(backwardWProduct, backwardWLies)
export const denseBackwardWSubgroup = subgroupNested(backwardWProduct)

/** A product by tiles of a subgroup, and the same for factors that can be read by vectors. */
interface InSubgroups {
  readonly lies: Lies
  readonly vectors: BySubgroup
  readonly numbers: BySubgroup
}

export const denseForwardVectors = vectorsSerial(forwardLies, {
  ...forwardProduct,
  name: 'dense.forward.vectors',
  vectors: ['x', 'w'],
  code: /* wgsl */ `
fn left(n: u32, i: u32) -> vec4<f32> { return x(n * (dims.terms / 4u) + i); }
fn right(i: u32, o: u32) -> vec4<f32> { return w(o * (dims.terms / 4u) + i); }
${finishForward}`,
})

export const denseBackwardXVectors = vectorsSerial(backwardXLies, {
  ...backwardXProduct,
  name: 'dense.backward.x.vectors',
  vectors: ['w', 'dy'],
  code: /* wgsl */ `
fn left(n: u32, o: u32) -> vec4<f32> { return dy(n * (dims.terms / 4u) + o); }
fn right(o: u32, i: u32) -> vec4<f32> { return w(o * (dims.columns / 4u) + i); }
${finishBackwardX}`,
})

export const denseBackwardWVectors = vectorsNested(backwardWLies, {
  ...backwardWProduct,
  name: 'dense.backward.w.vectors',
  vectors: ['x', 'dy'],
  code: /* wgsl */ `
fn left(o: u32, n: u32) -> vec4<f32> { return dy(n * (dims.rows / 4u) + o); }
fn right(n: u32, i: u32) -> vec4<f32> { return x(n * (dims.columns / 4u) + i); }
${finishBackwardW}`,
})

const inSubgroups: Readonly<Record<'forward' | 'x' | 'w', InSubgroups>> = {
  forward: { lies: forwardLies, vectors: denseForwardVectors, numbers: denseForwardSubgroup },
  x: { lies: backwardXLies, vectors: denseBackwardXVectors, numbers: denseBackwardXSubgroup },
  w: { lies: backwardWLies, vectors: denseBackwardWVectors, numbers: denseBackwardWSubgroup },
}

/** A matrix product's kernel, and how many of its tiles cover so many rows and columns; undefined: too small for tiles. */
const tilesOf = (
  subgroupSize: number | undefined,
  tiled: Kernel,
  { lies, vectors, numbers }: InSubgroups,
  sizes: Readonly<Record<'rows' | 'columns' | 'terms', number>>,
): { readonly kernel: Kernel; readonly count: (rows: number) => number } | undefined => {
  const { rows, columns } = sizes
  const subgroup = subgroupFor(subgroupSize, inFours(lies, sizes) ? vectors : numbers, rows, columns)
  if (subgroup !== undefined) return { kernel: subgroup.kernel, count: (rows) => subgroup.tiles(rows, columns) }
  // a tile pays where most of its rows and columns exist
  return rows >= tileSize && columns >= tileSize
    ? { kernel: tiled, count: (rows) => tilesFor(rows, columns) }
    : undefined
}

/** The sizes of a dense layer, whatever op it is part of. */
export interface DenseSizes {
  readonly N: number
  readonly I: number
  readonly O: number
}

// so many terms or fewer are no more than a lane each
const lanes = 64

/** One launch for y = b + x·wᵀ. */
export const denseProduct = (
  { N, I, O }: DenseSizes,
  bind: Readonly<Record<'x' | 'w' | 'b' | 'y', Slot>>,
  hasBias: boolean,
  subgroupSize?: number,
  inWorkgroups = false,
): Launch =>
  unlessSegmented(subgroupSize, (size) => {
    const given = hasBias ? 1 : 0
    const tiles = tilesOf(size, denseForwardTiled, inSubgroups.forward, { rows: N, columns: O, terms: I })
    const byLanes = inWorkgroups && I > lanes
    return tiles === undefined
      ? {
          kernel: byLanes ? denseForwardLanes : denseForward,
          bind,
          count: N * O,
          dims: byLanes ? { terms: I, O, hasBias: given } : { I, O, hasBias: given },
          params: {},
          outer: { extent: N, dims: [], slices: { x: I, y: O } },
        }
      : {
          kernel: tiles.kernel,
          bind,
          count: tiles.count(N),
          dims: { rows: N, columns: O, terms: I, hasBias: given },
          params: {},
          outer: { extent: N, dims: ['rows'], slices: { x: I, y: O }, count: tiles.count },
        }
  })

/** One launch for dx = dy·w. */
export const denseOfX = (
  { N, I, O }: DenseSizes,
  bind: Readonly<Record<'w' | 'dy' | 'dx', Slot>>,
  subgroupSize?: number,
): Launch =>
  unlessSegmented(subgroupSize, (size) => {
    const tiles = tilesOf(size, denseBackwardXTiled, inSubgroups.x, { rows: N, columns: I, terms: O })
    return tiles === undefined
      ? {
          kernel: denseBackwardX,
          bind,
          count: N * I,
          dims: { I, O },
          params: {},
          outer: { extent: N, dims: [], slices: { dy: O, dx: I } },
        }
      : {
          kernel: tiles.kernel,
          bind,
          count: tiles.count(N),
          dims: { rows: N, columns: I, terms: O },
          params: {},
          outer: { extent: N, dims: ['rows'], slices: { dy: O, dx: I }, count: tiles.count },
        }
  })

/** One launch for dw = dyᵀ·x. */
export const denseOfW = (
  { N, I, O }: DenseSizes,
  bind: Readonly<Record<'x' | 'dy' | 'dw', Slot>>,
  subgroupSize?: number,
): Launch =>
  unlessSegmented(subgroupSize, (size) => {
    const tiles = tilesOf(size, denseBackwardWTiled, inSubgroups.w, { rows: O, columns: I, terms: N })
    return tiles === undefined
      ? reduce(denseBackwardW, O * I, N, { bind, dims: { I, O } })
      : { kernel: tiles.kernel, bind, count: tiles.count(O), dims: { rows: O, columns: I, terms: N }, params: {} }
  })

/** One launch for db = Σ_n dy. */
export const denseOfB = ({ N, O }: DenseSizes, bind: Readonly<Record<'dy' | 'db', Slot>>): Launch =>
  reduce(denseBackwardB, O, N, { bind, dims: { O } })

export const forward: Lower<'dense'> = ({ sizes, has, subgroupSize, inWorkgroups = false }) => {
  const { N, I, O } = sizes
  const [factors, b, y] = [{ x: input('x'), w: input('w') }, input('b'), output('y')]
  const parts = inWorkgroups
    ? productInParts(
        denseForwardInParts,
        { rows: N, columns: O, terms: I },
        { factors, addition: { b, y }, dims: { hasBias: has('b') ? 1 : 0 }, slices: { x: I, y: O } },
      )
    : undefined
  return parts ?? launches(denseProduct(sizes, { ...factors, b, y }, has('b'), subgroupSize, inWorkgroups))
}

export const backward: Lower<'dense'> = ({ sizes, wants, subgroupSize, inWorkgroups = false }) => {
  const { N, I, O } = sizes
  const [factors, dx] = [{ w: input('w'), dy: cotangent('y') }, gradient('x')]
  const { dy } = factors
  const parts =
    inWorkgroups && wants('x')
      ? productInParts(
          denseBackwardXInParts,
          { rows: N, columns: I, terms: O },
          { factors, addition: { dx }, slices: { dy: O, dx: I } },
        )
      : undefined
  return launches(
    parts ?? (wants('x') ? denseOfX(sizes, { ...factors, dx }, subgroupSize) : undefined),
    wants('w') ? denseOfW(sizes, { x: input('x'), dy, dw: gradient('w') }, subgroupSize) : undefined,
    wants('b') ? denseOfB(sizes, { dy, db: gradient('b') }) : undefined,
  )
}
