import type { Kernel, Launch } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'
import type { BySubgroup } from '../subgroupTile.js'
import { subgroupFor, subgroupNested, subgroupSerial } from '../subgroupTile.js'
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

const forwardProduct = {
  name: 'dense.forward.tiled',
  reads: ['x', 'w', 'b'],
  writes: ['y'],
  dims: ['hasBias'],
  code: /* wgsl */ `
fn left(n: u32, i: u32) -> f32 { return x(n * dims.terms + i); }
fn right(i: u32, o: u32) -> f32 { return w(o * dims.terms + i); }
fn finish(n: u32, o: u32, sum: f32) {
  var value = sum;
  if (dims.hasBias == 1u) { value += b(o); }
  set_y(n * dims.columns + o, value);
}
`,
}

const backwardXProduct = {
  name: 'dense.backward.x.tiled',
  reads: ['w', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
fn left(n: u32, o: u32) -> f32 { return dy(n * dims.terms + o); }
fn right(o: u32, i: u32) -> f32 { return w(o * dims.columns + i); }
fn finish(n: u32, i: u32, sum: f32) { set_dx(n * dims.columns + i, sum); }
`,
}

const backwardWProduct = {
  name: 'dense.backward.w.tiled',
  reads: ['x', 'dy'],
  writes: ['dw'],
  code: /* wgsl */ `
fn left(o: u32, n: u32) -> f32 { return dy(n * dims.rows + o); }
fn right(n: u32, i: u32) -> f32 { return x(n * dims.columns + i); }
fn finish(o: u32, i: u32, sum: f32) { set_dw(o * dims.columns + i, sum); }
`,
}

/** The same as `denseForward` by tiles of samples × outputs, 4 × 4 or a subgroup's. */
export const denseForwardTiled = tileSerial(forwardProduct)
export const denseForwardSubgroup = subgroupSerial(forwardProduct)

/** The same as `denseBackwardX` by tiles of samples × inputs. */
export const denseBackwardXTiled = tileSerial(backwardXProduct)
export const denseBackwardXSubgroup = subgroupSerial(backwardXProduct)

/** The same as `denseBackwardW` by tiles of outputs × inputs. */
export const denseBackwardWTiled = tileNested(backwardWProduct)
export const denseBackwardWSubgroup = subgroupNested(backwardWProduct)

/** A matrix product's kernel, and how many of its tiles cover so many rows and columns; undefined: too small for tiles. */
const tilesOf = (
  subgroupSize: number | undefined,
  tiled: Kernel,
  bySubgroup: BySubgroup,
  rows: number,
  columns: number,
): { readonly kernel: Kernel; readonly count: (rows: number) => number } | undefined => {
  const subgroup = subgroupFor(subgroupSize, bySubgroup, rows, columns)
  if (subgroup !== undefined) return { kernel: subgroup.kernel, count: (rows) => subgroup.tiles(rows, columns) }
  // a tile pays where most of its rows and columns exist
  return rows >= tileSize && columns >= tileSize
    ? { kernel: tiled, count: (rows) => tilesFor(rows, columns) }
    : undefined
}

export const forward: Lower<'dense'> = ({ sizes: { N, I, O }, has, subgroupSize }) => {
  const bind = { x: input('x'), w: input('w'), b: input('b'), y: output('y') }
  const hasBias = has('b') ? 1 : 0
  const tiles = tilesOf(subgroupSize, denseForwardTiled, denseForwardSubgroup, N, O)
  return launches(
    tiles === undefined
      ? {
          kernel: denseForward,
          bind,
          count: N * O,
          dims: { I, O, hasBias },
          params: {},
          outer: { extent: N, dims: [], slices: { x: I, y: O } },
        }
      : {
          kernel: tiles.kernel,
          bind,
          count: tiles.count(N),
          dims: { rows: N, columns: O, terms: I, hasBias },
          params: {},
          outer: { extent: N, dims: ['rows'], slices: { x: I, y: O }, count: tiles.count },
        },
  )
}

export const backward: Lower<'dense'> = ({ sizes: { N, I, O }, wants, subgroupSize }) => {
  const bindX = { w: input('w'), dy: cotangent('y'), dx: gradient('x') }
  const tilesX = tilesOf(subgroupSize, denseBackwardXTiled, denseBackwardXSubgroup, N, I)
  const ofX: Launch =
    tilesX === undefined
      ? {
          kernel: denseBackwardX,
          bind: bindX,
          count: N * I,
          dims: { I, O },
          params: {},
          outer: { extent: N, dims: [], slices: { dy: O, dx: I } },
        }
      : {
          kernel: tilesX.kernel,
          bind: bindX,
          count: tilesX.count(N),
          dims: { rows: N, columns: I, terms: O },
          params: {},
          outer: { extent: N, dims: ['rows'], slices: { dy: O, dx: I }, count: tilesX.count },
        }
  const bindW = { x: input('x'), dy: cotangent('y'), dw: gradient('w') }
  const tilesW = tilesOf(subgroupSize, denseBackwardWTiled, denseBackwardWSubgroup, O, I)
  const ofW: Launch =
    tilesW === undefined
      ? reduce(denseBackwardW, O * I, N, { bind: bindW, dims: { I, O } })
      : {
          kernel: tilesW.kernel,
          bind: bindW,
          count: tilesW.count(O),
          dims: { rows: O, columns: I, terms: N },
          params: {},
        }
  const ofB = reduce(denseBackwardB, O, N, { bind: { dy: cotangent('y'), db: gradient('b') }, dims: { O } })
  return launches(wants('x') ? ofX : undefined, wants('w') ? ofW : undefined, wants('b') ? ofB : undefined)
}
