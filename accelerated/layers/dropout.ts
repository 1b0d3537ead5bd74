import type { AttrsOf } from '../../spec/catalogue.js'
import { reciprocal } from '../../spec/host.js'
import { sizeOf } from '../../spec/tensor.js'
import { philoxFunction } from '../functions.js'
import type { Launch, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/**
 * y[i] = x[i]·m, m = scale where word i is among the first `last` + 1, else 0. One invocation for the four elements that the four
 * words of a block decide; `first` is the block that comes first, and n the length of the whole tensor.
 *
 * A word below ⌈keep·2³²⌉ is one of at most `last` = ⌈keep·2³²⌉ − 1, which is a word itself, for keep = 1 the largest.
 */
export const dropoutForward = kernel({
  name: 'dropout.forward',
  reads: ['x'],
  writes: ['y'],
  dims: ['first', 'n'],
  words: ['key0', 'key1', 'step', 'stream', 'last'],
  params: ['scale'],
  code: /* wgsl */ `
${philoxFunction}
fn element(block: u32) {
  let words = philox(vec4<u32>(dims.first + block, dims.step, dims.stream, 0u), vec2<u32>(dims.key0, dims.key1));
  for (var word = 0u; word < 4u; word++) {
    let i = 4u * block + word;
    if (4u * dims.first + i < dims.n) { set_y(i, x(i) * select(0.0, params.scale, words[word] <= dims.last)); }
  }
}
`,
})

const masked = ({ keep, key, step, stream }: AttrsOf<'dropout'>, n: number, x: Slot, y: Slot): Launch => {
  const blocks = Math.ceil(n / 4)
  const [key0, key1] = key
  return {
    kernel: dropoutForward,
    bind: { x, y },
    count: blocks,
    dims: { n, key0, key1, step, stream, last: Math.ceil(keep * 2 ** 32) - 1 },
    params: { scale: reciprocal(keep) },
    outer: { extent: blocks, dims: [], first: 'first', slices: { x: 4, y: 4 } },
  }
}

export const forward: Lower<'dropout'> = ({ attrs, sizes: { rest } }) =>
  launches(masked(attrs, sizeOf(rest), input('x'), output('y')))

/** the cotangent under the same mask, drawn again */
export const backward: Lower<'dropout'> = ({ attrs, sizes: { rest } }) =>
  launches(masked(attrs, sizeOf(rest), cotangent('y'), gradient('x')))
