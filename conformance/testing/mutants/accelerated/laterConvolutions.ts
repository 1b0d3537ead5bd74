import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'
import { bf16, tf32 } from './rounded.js'

/** More of convolutions by the lanes of a subgroup: blocks of outputs, runs of positions, and tiles. */

const blocks = mutantsOf('accelerated/layers/conv2dBlocks')
const lanes = mutantsOf('accelerated/layers/conv2dSubgroup')

const forward = 'conv2d forward'
const backward = 'conv2d backward'

export const laterConvolutions: readonly Mutant[] = [
  // y by blocks
  blocks('boundary', 'the column behind a row read', forward, 'x${k} < dims.W;', 'x${k} <= dims.W;'),
  blocks('boundary', 'the row below an image read', forward, 'y${q} < dims.H;', 'y${q} <= dims.H;'),
  blocks('attribute', 'the stride of rows ignored', forward, '(i0 + ${q}u) * dims.sh + kh', '(i0 + ${q}u) + kh'),
  blocks('attribute', 'the dilation of rows ignored', forward, 'kh * dims.dh - dims.top', 'kh - dims.top'),
  blocks(
    'attribute',
    'the padding above for that on the left',
    forward,
    'let x${k} = j0 + ${k}u - dims.left;',
    'let x${k} = j0 + ${k}u - dims.top;',
  ),
  blocks(
    'index',
    'rows of blocks counted by their columns',
    [forward, backward],
    'let i0 = block / across % down',
    'let i0 = block / down % down',
  ),
  blocks(
    'tail',
    'the last row of an odd number not made',
    [forward, backward],
    'maps * Math.ceil(height / blockRows)',
    'maps * Math.floor(height / blockRows)',
  ),
  blocks(
    'group',
    'the bias of the first group for all',
    forward,
    'b(select(0u, o, given))',
    'b(select(0u, o % (dims.O / dims.groups), given))',
  ),
  blocks(
    'precision',
    'pixels in tf32',
    forward,
    'select(0.0, x(line${q} + at${k}), on_row${q} & inside${k})',
    `select(0.0, ${tf32('x(line${q} + at${k})')}, on_row\${q} & inside\${k})`,
  ),
  // dx by blocks
  blocks(
    'attribute',
    'dx by the padding above for that on the left',
    backward,
    'j0 + dims.left + ${k}u - ${KW - 1}u',
    'j0 + dims.top + ${k}u - ${KW - 1}u',
  ),
  blocks('attribute', 'dx reads rows that a stride skips', backward, '(map_row${q} * i32(dims.sh) == y${q}) & ', ''),
  blocks('attribute', 'dx ignores the dilation of rows', backward, 'i32(kh * dims.dh)', 'i32(kh)'),
  blocks(
    'boundary',
    'dx reads the row below a map',
    backward,
    '(map_row${q} < i32(dims.Ho))',
    '(map_row${q} <= i32(dims.Ho))',
  ),
  blocks('boundary', 'dx reads the column behind a map’s row', backward, 'x${k} < dims.Wo;', 'x${k} <= dims.Wo;'),
  blocks(
    'group',
    'where weights are infinite dx is that of the first group',
    backward,
    'pixel(n, group_of_tile * rows + r, i, j)',
    'pixel(n, r, i, j)',
  ),
  blocks(
    'not a number',
    'the last weight of a row alone says whether all are finite',
    backward,
    'finite &= is_finite(a${m}_${k});',
    'finite = is_finite(a${m}_${k});',
  ),
  blocks(
    'not a number',
    'the first lane alone says whether weights are finite',
    backward,
    'Array.from({ length: tile.S }, (_, t) => `subgroupBroadcast',
    'Array.from({ length: 1 }, (_, t) => `subgroupBroadcast',
  ),
  // dw by runs
  blocks(
    'tail',
    'dw counts a position past the end of its row',
    backward,
    'j + ${q}u < dims.Wo',
    'j + ${q}u <= dims.Wo',
  ),
  blocks('batch', 'dw of the first sample again and again', backward, 'i = 0u; n++; } }`', 'i = 0u; } }`'),
  blocks('attribute', 'dw ignores the stride of rows', backward, 'i * dims.sh + up${p}', 'i + up${p}'),
  blocks('attribute', 'dw ignores the dilation of rows', backward, 'l${p} % dims.KH * dims.dh;', 'l${p} % dims.KH;'),
  blocks(
    'tail',
    'dw counts the last runs of a part again',
    backward,
    'min(few + ${nesting.few}u, runs)',
    'few + ${nesting.few}u',
  ),
  blocks(
    'tail',
    'dw: lines past the last are written',
    backward,
    '& (own + ${p * tile.S}u < lines)',
    '& (own + ${p * tile.S}u <= lines)',
  ),
  blocks(
    'group',
    'dw by the maps of the first group',
    backward,
    '(n * dims.O + group_of_tile * rows) * area + i',
    'n * dims.O * area + i',
  ),
  blocks(
    'group',
    'dw of every group where the first one’s is',
    backward,
    'let first = part * dims.O + group_of_tile * rows;',
    'let first = part * dims.O;',
  ),
  blocks(
    'index',
    'dw: later parts begin in the first row',
    backward,
    'var i = begin / across % dims.Ho;',
    'var i = 0u;',
  ),
  blocks(
    'precision',
    'dw of cotangents in bf16',
    backward,
    'dy(map + r${m} * area + select(0u, ${q}u, real${q}))',
    bf16('dy(map + r${m} * area + select(0u, ${q}u, real${q}))'),
  ),
  // by tiles
  lanes(
    'index',
    'rows of tiles by the lanes where a lane has two',
    forward,
    'let row = tile / across % down * ${tileRows(tile)}u;',
    'let row = tile / across % down * ${tile.S}u;',
  ),
  lanes(
    'index',
    'y where the image’s area would have it',
    forward,
    'let area = dims.Ho * dims.Wo;',
    'let area = dims.H * dims.W;',
    { nth: 1 },
  ),
  lanes(
    'attribute',
    'dx divides columns where rows have a stride',
    backward,
    'if (dims.sw > 1u) { j${j}',
    'if (dims.sh > 1u) { j${j}',
  ),
  lanes(
    'boundary',
    'dx divides rows from a stride of 3 on',
    backward,
    'if (dims.sh > 1u) { i${j}',
    'if (dims.sh > 2u) { i${j}',
  ),
  lanes('index', 'dw: later parts begin in the first row', backward, 'var i = begin % area / dims.Wo;', 'var i = 0u;'),
  lanes('batch', 'dw: later parts begin with the first sample', backward, 'var n = begin / area;', 'var n = 0u;'),
]
