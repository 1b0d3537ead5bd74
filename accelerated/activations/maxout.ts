import type { SizesOf } from '../../spec/catalogue.js'
import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { DenseSizes } from '../layers/dense.js'
import { denseOfB, denseOfW, denseOfX, denseProduct } from '../layers/dense.js'
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

// row-major, w [K,O,I] and b [K,O] are the weights of one dense layer of K·O outputs, a [N,K,O]
const asDense = ({ N, I, O, K }: Sizes): DenseSizes => ({ N, I, O: K * O })

const pieces = (sizes: Sizes, subgroupSize: number | undefined): Launch =>
  denseProduct(asDense(sizes), { x: input('x'), w: input('w'), b: input('b'), y: scratch('a') }, true, subgroupSize)

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

export const forward: Lower<'maxout'> = ({ sizes, subgroupSize }): Lowered => ({
  launches: [pieces(sizes, subgroupSize), overRows(maxoutForward, sizes, { a: scratch('a'), y: output('y') })],
  scratch: { a: sizes.N * sizes.K * sizes.O },
})

/** The pieces again, to find where each cotangent goes; then backward of the dense layer that they are. */
export const backward: Lower<'maxout'> = ({ sizes, wants, subgroupSize }): Lowered => {
  const size = sizes.N * sizes.K * sizes.O
  const [layer, dy] = [asDense(sizes), scratch('da')]
  return {
    launches: [
      pieces(sizes, subgroupSize),
      overRows(maxoutRoute, sizes, { a: scratch('a'), dy: cotangent('y'), da: scratch('da') }),
      ...(wants('x') ? [denseOfX(layer, { w: input('w'), dy, dx: gradient('x') }, subgroupSize)] : []),
      ...(wants('w') ? [denseOfW(layer, { x: input('x'), dy, dw: gradient('w') }, subgroupSize)] : []),
      ...(wants('b') ? [denseOfB(layer, { dy, db: gradient('b') })] : []),
    ],
    scratch: { a: size, da: size },
  }
}
