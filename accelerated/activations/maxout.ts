import type { SizesOf } from '../../spec/catalogue.js'
import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { cotangent, kernel, output, scratch } from '../kernel.js'
import * as dense from '../layers/dense.js'
import type { Lower } from '../lower.js'

/** y[n,o] = max_k a[n,k,o] */
export const maxoutForward = kernel({
  name: 'maxout.forward',
  reads: ['a'],
  writes: ['y'],
  dims: ['K', 'O'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  var most = a(n * dims.K * dims.O + o);
  for (var k = 1u; k < dims.K; k++) { most = max(most, a((n * dims.K + k) * dims.O + o)); }
  set_y(flat, most);
}
`,
})

/** da[n,k,o] = dy[n,o] for the first k whose a[n,k,o] is largest, 0 for the others */
export const maxoutRoute = kernel({
  name: 'maxout.route',
  reads: ['a', 'dy'],
  writes: ['da'],
  dims: ['K', 'O'],
  code: /* wgsl */ `
fn element(flat: u32) {
  let o = flat % dims.O;
  let n = flat / dims.O;
  var first = 0u;
  var most = a(n * dims.K * dims.O + o);
  for (var k = 1u; k < dims.K; k++) {
    let piece = a((n * dims.K + k) * dims.O + o);
    if (piece > most) {
      most = piece;
      first = k;
    }
  }
  for (var k = 0u; k < dims.K; k++) {
    set_da((n * dims.K + k) * dims.O + o, select(0.0, dy(flat), k == first));
  }
}
`,
})

type Sizes = SizesOf<'maxout'>

const rebound = (launch: Launch, bind: Readonly<Record<string, Slot>>): Launch => ({
  ...launch,
  bind: { ...launch.bind, ...bind },
})

// row-major, w [K,O,I] and b [K,O] are the weights of one dense layer of K·O outputs, a [N,K,O]
const asDense = ({ N, I, O, K, rest }: Sizes): SizesOf<'dense'> => ({ N, I, O: K * O, rest })

const pieces = (sizes: Sizes): readonly Launch[] =>
  dense
    .forward({ attrs: {}, sizes: asDense(sizes), has: () => true, wants: () => true })
    .launches.map((launch) => rebound(launch, { y: scratch('a') }))

const overRows = (kernel: Kernel, { N, O, K }: Sizes, bind: Readonly<Record<string, Slot>>): Launch => ({
  kernel,
  bind,
  count: N * O,
  dims: { K, O },
  params: {},
  outer: {
    extent: N,
    dims: [],
    slices: Object.fromEntries(Object.entries(bind).map(([name, slot]) => [name, slot.startsWith('tmp:') ? K * O : O])),
  },
})

export const forward: Lower<'maxout'> = ({ sizes }): Lowered => ({
  launches: [...pieces(sizes), overRows(maxoutForward, sizes, { a: scratch('a'), y: output('y') })],
  scratch: { a: sizes.N * sizes.K * sizes.O },
})

/** The pieces again, to find where each cotangent goes; then backward of the dense layer that they are. */
export const backward: Lower<'maxout'> = ({ sizes, wants }): Lowered => {
  const size = sizes.N * sizes.K * sizes.O
  const ofDense = dense.backward({ attrs: {}, sizes: asDense(sizes), has: () => true, wants })
  return {
    launches: [
      ...pieces(sizes),
      overRows(maxoutRoute, sizes, { a: scratch('a'), dy: cotangent('y'), da: scratch('da') }),
      ...ofDense.launches.map((launch) => rebound(launch, { dy: scratch('da') })),
    ],
    scratch: { a: size, da: size },
  }
}
