import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of convolutions: parts of a sum that begin within a row, edges in one form only, and biases of groups. */

const conv = mutantsOf('accelerated/layers/conv2d')
const blocks = mutantsOf('accelerated/layers/conv2dBlocks')
const lanes = mutantsOf('accelerated/layers/conv2dSubgroup')
const transposed = mutantsOf('accelerated/layers/convTranspose2d')
const line = mutantsOf('accelerated/layers/conv1d')

const noSubgroups = { on: 'no subgroups' } as const
const forward = 'conv2d forward'
const backward = 'conv2d backward'

export const latelyConvolutions: readonly Mutant[] = [
  blocks(
    'index',
    'dw: later parts begin in the first column',
    backward,
    'var j = begin % across * ${positionsAtOnce}u;',
    'var j = 0u;',
  ),
  blocks(
    'batch',
    'dw: later parts begin with the first sample',
    backward,
    'var n = begin / (dims.Ho * across);',
    'var n = 0u;',
  ),
  blocks(
    'index',
    'dx: places of a map by the rows of the image',
    backward,
    'select(0u, u32(map_row${q}) * dims.Wo, on_row${q});',
    'select(0u, u32(map_row${q}) * dims.W, on_row${q});',
  ),
  blocks(
    'group',
    'dx is finished as a channel of the first group',
    'convTranspose2d forward',
    'finished(channel, sum));\n}',
    'finished(channel % dims.Cg, sum));\n}',
  ),
  blocks(
    'not a number',
    'where weights are infinite the last column is not made',
    backward,
    'j < min(j0 + ${blockColumns}u, dims.W)',
    'j < min(j0 + ${blockColumns}u, dims.W - 1u)',
  ),
  blocks(
    'not a number',
    'weights are finite that are NaN',
    backward,
    '(bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u',
    '(bitcast<u32>(v) & 0x7fffffffu) != 0x7f800000u',
  ),
  lanes('index', 'dw: later parts begin in the first column', backward, 'var j = begin % dims.Wo;', 'var j = 0u;'),
  lanes(
    'boundary',
    'the column behind a row read',
    forward,
    'on_row${j} & (u32(x${j}) < dims.W)',
    'on_row${j} & (u32(x${j}) <= dims.W)',
  ),
  lanes(
    'boundary',
    'dw reads the row below an image',
    backward,
    '(u32(y${q}_${c}) < dims.H)',
    '(u32(y${q}_${c}) <= dims.H)',
  ),
  lanes('boundary', 'dx reads the row below a map', backward, '(i${j} < i32(dims.Ho))', '(i${j} <= i32(dims.Ho))'),
  lanes(
    'group',
    'dx is finished as a channel of the first group',
    'convTranspose2d forward',
    'finished(channel, sum));',
    'finished(row, sum));',
  ),
  lanes(
    'tail',
    'dw: the last part counts as many positions as the others',
    backward,
    'let terms = min(dims.share, dims.N * area - begin);',
    'let terms = dims.share;',
  ),
  conv(
    'boundary',
    'dx each by itself: one column of outputs too many',
    backward,
    'col / i32(dims.sw) >= i32(dims.Wo)',
    'col / i32(dims.sw) > i32(dims.Wo)',
  ),
  conv(
    'group',
    'dw each by itself: channels counted through all groups',
    backward,
    'let c = (at / (dims.KW * dims.KH)) % dims.Cg;',
    'let c = (at / (dims.KW * dims.KH)) % dims.C;',
  ),
  conv(
    'index',
    'dw each by itself: the taps of a row by the rows of a filter',
    backward,
    'let kh = (at / dims.KW) % dims.KH;',
    'let kh = (at / dims.KW) % dims.KW;',
  ),
  conv(
    'batch',
    'tiles of dw: rows counted on from sample to sample',
    backward,
    'row0 + i32(p % area / dims.Wo * dims.sh)',
    'row0 + i32(p / dims.Wo * dims.sh)',
    noSubgroups,
  ),
  conv(
    'group',
    'tiles of dx are finished as channels of the first group',
    'convTranspose2d forward',
    'finished(channel, sums[s])',
    'finished(c, sums[s])',
    noSubgroups,
  ),
  conv(
    'tail',
    'tiles of dx: a tile too few of channels that are no fours',
    backward,
    'let down = (dims.Cg + 3u) / 4u;',
    'let down = max(dims.Cg / 4u, 1u);',
    noSubgroups,
  ),
  transposed(
    'index',
    'dilations swapped',
    'convTranspose2d',
    'const [dh, dw] = attrs.dilation',
    'const [dw, dh] = attrs.dilation',
  ),
  line(
    'subset',
    'dw undilated where dx is not wanted',
    'conv1d backward',
    "correlate(conv, { x: input('x')",
    "correlate(wants('x') ? conv : { ...conv, dw: 1 }, { x: input('x')",
  ),
]
