import type { Joint } from '../../spec/layers/concat.js'
import type { Kernel, Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

// Of one outer index a piece holds `width` numbers, and y `row` of them; the piece's are those from `start` on.
const dims = ['width', 'row', 'start']
const placeIn = /* wgsl */ `
fn place(i: u32) -> u32 { return i / dims.width * dims.row + dims.start + i % dims.width; }
`

/** y[o, start + j, k] = x[o, j, k]: one input's share of y, an invocation for each number of it */
export const concatForward = kernel({
  name: 'concat.forward',
  reads: ['x'],
  writes: ['y'],
  dims,
  code: /* wgsl */ `
${placeIn}
fn element(i: u32) { set_y(place(i), x(i)); }
`,
})

/** dx[o, j, k] = dy[o, start + j, k] */
export const concatBackward = kernel({
  name: 'concat.backward',
  reads: ['dy'],
  writes: ['dx'],
  dims,
  code: /* wgsl */ `
${placeIn}
fn element(i: u32) { set_dx(i, dy(place(i))); }
`,
})

// A launch for each piece: as many as there are inputs, however few bindings a shader may have.
const ofPiece = (
  kernel: Kernel,
  { outer, inner, extents, starts, total }: Joint,
  q: number,
  [piece, joined]: readonly [string, string],
  bind: Readonly<Record<string, Slot>>,
): Launch => {
  const [width, row] = [(extents[q] as number) * inner, total * inner]
  return {
    kernel,
    bind,
    count: outer * width,
    dims: { width, row, start: (starts[q] as number) * inner },
    params: {},
    outer: { extent: outer, dims: [], slices: { [piece]: width, [joined]: row } },
  }
}

const numbers = ({ extents }: Joint): readonly number[] => extents.map((_, q) => q)

export const forward: Lower<'concat'> = ({ sizes }) =>
  launches(
    ...numbers(sizes).map((q) => ofPiece(concatForward, sizes, q, ['x', 'y'], { x: input(`x${q}`), y: output('y') })),
  )

export const backward: Lower<'concat'> = ({ sizes, wants }) =>
  launches(
    ...numbers(sizes)
      .filter((q) => wants(`x${q}`))
      .map((q) => ofPiece(concatBackward, sizes, q, ['dx', 'dy'], { dy: cotangent('y'), dx: gradient(`x${q}`) })),
  )
