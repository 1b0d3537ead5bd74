import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'
import { tf32 } from './rounded.js'

/** Products in a workgroup's memory, as a GPU has them; and conv2d's. */

const shared = mutantsOf('accelerated/workgroupTile')
const conv = mutantsOf('accelerated/layers/conv2d')
const plan = mutantsOf('accelerated/plan')

const onGpu = { on: 'a GPU' } as const

export const workgroups: readonly Mutant[] = [
  shared(
    'barrier',
    'sums begin before all factors lie there',
    'dense forward',
    "${lay('rights', 'right_four', 'column0', right)}\n    workgroupBarrier();",
    "${lay('rights', 'right_four', 'column0', right)}",
    onGpu,
  ),
  shared(
    'barrier',
    'the next factors are laid while sums read the last',
    'dense forward',
    '${nested ? nestedBody : serialBody}\n    workgroupBarrier();',
    '${nested ? nestedBody : serialBody}',
    onGpu,
  ),
  shared('tail', 'terms past the last count', 'dense forward', 'value, k <= last_term)', 'value, true)', onGpu),
  shared('tail', 'the last term dropped', 'dense forward', 'value, k <= last_term)', 'value, k < last_term)', onGpu),
  shared(
    'tail',
    'terms that leave a part of sixteen miss it',
    'dense forward',
    'start <= last_term; start += 16u',
    'start + 15u <= last_term; start += 16u',
    onGpu,
  ),
  shared(
    'tail',
    'columns past a whole vector are not written',
    'dense forward',
    'if (column >= ${columns})',
    'if (column + 3u >= ${columns})',
    onGpu,
  ),
  shared(
    'tail',
    'a part of a tile of rows is left out',
    'dense forward',
    'Math.ceil(rows / sharedTile.edge)',
    'Math.floor(rows / sharedTile.edge)',
    onGpu,
  ),
  shared(
    'index',
    'rows and columns of a block swapped',
    'dense forward',
    'let down = lane / 16u;\n  let across = lane % 16u;',
    'let down = lane % 16u;\n  let across = lane / 16u;',
    {
      ...onGpu,
      equivalent: 'sixteen blocks each way: it is another invocation that makes a block, and the same block',
    },
  ),
  shared(
    'index',
    'the tile below for the one beside',
    'dense forward',
    'let row0 = tile / tiles_across * 64u;',
    'let row0 = tile % tiles_down * 64u;',
    onGpu,
  ),
  shared(
    'index',
    'factors of a term laid over those of the next',
    'dense forward',
    'const laid = 17',
    'const laid = 15',
    onGpu,
  ),
  shared(
    'index',
    'the third row of a block by the second’s factor',
    'dense forward',
    '${to}${r} += ${a}.${lane} * ${b};',
    "${to}${r} += ${a}.${r === 2 ? 'y' : lane} * ${b};",
    onGpu,
  ),
  shared('stale', 'a block of terms counts on in the next', 'dense backward', 'part${r} = vec4<f32>();`', '`', onGpu),
  shared(
    'extent',
    'blocks of terms are added only where they are whole',
    'dense backward',
    ' || start + 16u > last_term',
    '',
    onGpu,
  ),
  shared(
    'formula',
    'the fourth of four terms is the third',
    'dense backward',
    'a3.${lane} * b3',
    'a2.${lane} * b2',
    onGpu,
  ),
  shared(
    'precision',
    'the left factor in tf32',
    'dense forward',
    'left(r.x, k), left(r.y, k)',
    `${tf32('left(r.x, k)')}, left(r.y, k)`,
    onGpu,
  ),
  conv(
    'index',
    'the filters of the first group, in a workgroup',
    'conv2d forward',
    '(part * filters + f) * terms + k',
    'f * terms + k',
    onGpu,
  ),
  conv(
    'group',
    'the channels of the first group, in a workgroup',
    'conv2d forward',
    'image = (p / area * dims.C + part * dims.Cg)',
    'image = (p / area * dims.C)',
    onGpu,
  ),
  conv(
    'attribute',
    'the stride ignored, in a workgroup',
    'conv2d forward',
    'vec4<i32>(p % dims.Wo * dims.sw) - i32(dims.left);\n}',
    'vec4<i32>(p % dims.Wo) - i32(dims.left);\n}',
    onGpu,
  ),
  conv(
    'attribute',
    'the dilation ignored, in a workgroup',
    'conv2d forward',
    'top_row + i32(tap / dims.KW * dims.dh)',
    'top_row + i32(tap / dims.KW)',
    onGpu,
  ),
  plan('plan', 'a GPU’s tiles in place of lanes on a processor', 'dense', "way === 'shared'", "way !== 'shared'", {
    equivalent: 'another way to the same answers',
  }),
]
