import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of products in a workgroup's memory, and of those that fall into parts there. */

const shared = mutantsOf('accelerated/workgroupTile')
const conv = mutantsOf('accelerated/layers/conv2dShared')
const parts = mutantsOf('accelerated/layers/denseParts')
const dense = mutantsOf('accelerated/layers/dense')

const onGpu = { on: 'a GPU' } as const

export const laterShared: readonly Mutant[] = [
  shared(
    'index',
    'columns of tiles counted by their rows',
    ['dense forward', 'conv2d forward'],
    'let column0 = tile % tiles_across',
    'let column0 = tile % tiles_down',
    onGpu,
  ),
  shared(
    'index',
    'an invocation meets the columns that it makes, not those that it loads',
    'conv2d backward',
    'meet(column0 + 4u * (${lineOf(right)}));',
    'meet(column0 + 4u * across);',
    onGpu,
  ),
  shared(
    'precision',
    'sums over batch term by term',
    'dense backward',
    "nested: sums === 'nested',",
    'nested: false,',
    {
      ...onGpu,
      unseen: 'a first sample so large that each later one is lost beside it by itself, and all of them are not',
    },
  ),
  shared(
    'group',
    'tiles of the first part only',
    'conv2d',
    'Math.ceil(columns / edge) * parts',
    'Math.ceil(columns / edge)',
    onGpu,
  ),
  conv(
    'group',
    'every group writes the filters of the first, in a workgroup',
    'conv2d forward',
    'write_row(f, part * (dims.O / dims.groups) + f, p0, sums)',
    'write_row(f, f, p0, sums)',
    onGpu,
  ),
  parts(
    'tail',
    'sums of a row lie as if parts divided the terms',
    'dense',
    '  let parts = (dims.terms + dims.share - 1u) / dims.share;\n  let at',
    '  let parts = dims.terms / dims.share;\n  let at',
    onGpu,
  ),
  dense(
    'subset',
    'no dw where dx falls into parts',
    'dense backward',
    "wants('w') ? denseOfW",
    "wants('w') && parts === undefined ? denseOfW",
    onGpu,
  ),
  dense(
    'index',
    'by lanes, weights by the number of outputs',
    'dense forward',
    'return w(o * dims.terms + i) * x(n * dims.terms + i);',
    'return w(o * dims.terms + i) * x(n * dims.O + i);',
    onGpu,
  ),
]
