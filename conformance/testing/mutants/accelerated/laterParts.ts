import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of convolutions each output by itself, by tiles in registers, and of how their sums fall into parts. */

const conv = mutantsOf('accelerated/layers/conv2d')
const tile = mutantsOf('accelerated/tile')

const noSubgroups = { on: 'no subgroups' } as const

export const laterParts: readonly Mutant[] = [
  conv('boundary', 'the row below an image read', 'conv2d', 'row >= i32(dims.H) ||', 'row > i32(dims.H) ||'),
  conv(
    'tail',
    'the last part of dw’s sum left out where parts do not divide it',
    'conv2d backward',
    'return Math.ceil(positions / share)',
    'return Math.max(1, Math.floor(positions / share))',
    { equivalent: 'how many positions a part has is found anew from the number of parts, and they have all' },
  ),
  conv(
    'tail',
    'parts of dw’s sum leave positions out between them',
    'conv2d backward',
    'share: 64 * Math.ceil(positions / parts / 64)',
    'share: 64 * Math.floor(positions / parts / 64)',
  ),
  conv(
    'group',
    'parts of dw lie as close as those of one group',
    'conv2d backward',
    'const size = O * taps',
    'const size = filters * taps',
  ),
  conv(
    'tail',
    'the last part of dw’s sum is not added',
    'conv2d backward',
    'dims: { terms: parts, size },',
    'dims: { terms: Math.max(1, parts - 1), size },',
  ),
  // db by vectors
  conv(
    'boundary',
    'db by vectors: a lane at the end of a map stays in it',
    ['conv1d backward', 'conv2d backward'],
    'p + rest >= dims.fours;',
    'p + rest > dims.fours;',
  ),
  conv(
    'batch',
    'db by vectors: lanes past a map begin in the first again',
    ['conv1d backward', 'conv2d backward'],
    '(lane / dims.fours * dims.O + o) * dims.fours + p;',
    'o * dims.fours + p;',
  ),
  conv(
    'index',
    'db by vectors: maps of one channel lie side by side',
    ['conv1d backward', 'conv2d backward'],
    'whole * dims.O * dims.fours + rest;',
    'whole * dims.fours + rest;',
  ),
  conv(
    'barrier',
    'db by vectors: lanes add before the others are there',
    ['conv1d backward', 'conv2d backward'],
    '    workgroupBarrier();\n    if (lane < half) { sums[lane] += sums[lane + half]; }',
    '    if (lane < half) { sums[lane] += sums[lane + half]; }',
  ),
  conv(
    'index',
    'db by vectors: the second number of each for the third',
    ['conv1d backward', 'conv2d backward'],
    '(own.x + own.y) + (own.z + own.w)',
    '(own.x + own.y) + (own.y + own.w)',
  ),
  // tiles in registers
  conv(
    'boundary',
    'tiles read before the first column of a row',
    'conv2d forward',
    ' & (col >= vec4<i32>()) & (col < vec4<i32>(i32(dims.W)));\n      var at',
    ' & (col < vec4<i32>(i32(dims.W)));\n      var at',
    noSubgroups,
  ),
  conv(
    'boundary',
    'tiles of dx read the row below a map',
    'conv2d backward',
    '(i < vec4<i32>(i32(dims.Ho)))',
    '(i <= vec4<i32>(i32(dims.Ho)))',
    noSubgroups,
  ),
  conv(
    'tail',
    'tiles of dw: the last part goes past the last position',
    'conv2d backward',
    'p < min((part + 1u) * dims.share, dims.N * area); p += 64u',
    'p < (part + 1u) * dims.share; p += 64u',
    noSubgroups,
  ),
  conv(
    'group',
    'tiles of dw: parts lie as close as those of one group',
    'conv2d backward',
    'set_dweights((part * dims.O + first * filters + f0',
    'set_dweights((part * filters + first * filters + f0',
    noSubgroups,
  ),
  tile(
    'formula',
    'nested, the fourth of four terms is the third',
    ['dense backward', 'maxout backward', 'rnn backward'],
    'product(r, c, k + 3u)',
    'product(r, c, k + 2u)',
  ),
]
