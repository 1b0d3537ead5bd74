import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of products by vectors and of recurrent layers. */

const dense = mutantsOf('accelerated/layers/dense')
const vectors = mutantsOf('accelerated/subgroupVectors')
const subgroupTile = mutantsOf('accelerated/subgroupTile')
const rnn = mutantsOf('accelerated/layers/rnn')
const rnnCell = mutantsOf('accelerated/layers/rnnCell')
const lstm = mutantsOf('accelerated/layers/lstm')
const lstmCell = mutantsOf('accelerated/layers/lstmCell')
const gru = mutantsOf('accelerated/layers/gru')
const gruCell = mutantsOf('accelerated/layers/gruCell')
const scan = mutantsOf('accelerated/layers/recurrent')

export const laterProducts: readonly Mutant[] = [
  dense(
    'index',
    'dw by vectors: rows of cotangents as long as those of inputs',
    'dense backward',
    'dy(n * (dims.rows / 4u) + o)',
    'dy(n * (dims.columns / 4u) + o)',
  ),
  dense(
    'index',
    'dx by vectors: weights as if there were as many outputs as inputs',
    'dense backward',
    'w(o * (dims.columns / 4u) + i)',
    'w(o * (dims.terms / 4u) + i)',
  ),
  dense(
    'index',
    'y by vectors: the bias by samples',
    'dense forward',
    'b(select(0u, o, given))',
    'b(select(0u, n, given))',
  ),
  dense(
    'index',
    'dx each by itself: weights as if there were as many outputs as inputs',
    'dense backward',
    'sum += w(o * dims.I + i) * dy(n * dims.O + o);',
    'sum += w(o * dims.O + i) * dy(n * dims.O + o);',
  ),
  vectors(
    'index',
    'rows of tiles by the lanes where a lane has two',
    ['dense forward', 'lstm forward'],
    'let row = tile / across * ${tileRows(tile)}u;',
    'let row = tile / across * ${tile.S}u;',
  ),
  vectors(
    'tail',
    'a term past the last counts',
    'dense backward',
    'k + ${q} < dims.terms)`',
    'k + ${q} <= dims.terms)`',
  ),
  vectors(
    'tail',
    'four columns that belong together are written past the last',
    ['lstmCell', 'gruCell'],
    '`if (column < dims.columns) { finish_row(',
    '`if (column <= dims.columns) { finish_row(',
    { unseen: 'a device of eight lanes, at a number of units that is four more than a multiple of eight' },
  ),
  vectors(
    'index',
    'each lane has its vectors side by side',
    'dense backward',
    'const vector = `(${m * tile.S}u + lane)`',
    'const vector = `(${m}u + lane * ${tile.M}u)`',
  ),
  subgroupTile(
    'index',
    'rows of tiles by the lanes where a lane has two',
    ['dense'],
    'let row = tile / across * ${tileRows(tile)}u;',
    'let row = tile / across * ${tile.S}u;',
  ),
  subgroupTile(
    'formula',
    'the second of four nested terms by the first one’s column',
    'dense backward',
    'x1 * b1_${j}',
    'x1 * b0_${j}',
  ),
  subgroupTile(
    'index',
    'the columns of a lane written side by side',
    'dense forward',
    '`column + j * ${tile.S}u`',
    '`column + j`',
  ),
  subgroupTile(
    'extent',
    'no more than 16 tiles of columns',
    'dense forward',
    '* Math.ceil(columns / tileColumns(choice.tile))',
    '* Math.min(Math.ceil(columns / tileColumns(choice.tile)), 16)',
  ),
  // recurrent layers
  rnnCell(
    'index',
    'by vectors, the state weights of the first unit’s terms',
    'rnnCell forward',
    'return wHh(j * (dims.terms / 4u) + k);',
    'return wHh(j / 4u * dims.terms + k);',
  ),
  rnnCell(
    'subset',
    'db only where dx is wanted',
    'rnnCell backward',
    "...wanted('b',",
    "...wanted(wants('x') ? 'b' : 'none',",
  ),
  rnn(
    'subset',
    'y’s cotangent of the last step ignored where hT has one',
    'rnn backward',
    'if (dims.hasY == 1u) { dh += dy(at); }\n  set_da(at, dh * ((1.0 - h(at)) * (1.0 + h(at))));\n}\n`,\n})\n\n/** da[t]',
    'if (dims.hasY == 1u && dims.hasT == 0u) { dh += dy(at); }\n  set_da(at, dh * ((1.0 - h(at)) * (1.0 + h(at))));\n}\n`,\n})\n\n/** da[t]',
  ),
  lstm(
    'subset',
    'cT’s cotangent ignored where hT has none',
    'lstm backward',
    'if (dims.hasC == 1u) { dnext',
    'if (dims.hasC == 1u && dims.hasH == 1u) { dnext',
  ),
  lstm(
    'index',
    'by vectors, gates’ gradients of the first sample flow back',
    'lstm backward',
    'let i = 4u * dims.after + n * dims.terms + 4u * r;',
    'let i = 4u * dims.after + 4u * r;',
  ),
  lstm(
    'time',
    'the cell before the last step is the first one',
    'lstm backward',
    'pull(first, dims.H, cell_before(i, dims.count), c(dims.at + i), dh, dnext)',
    'pull(first, dims.H, c0(i), c(dims.at + i), dh, dnext)',
  ),
  lstm(
    'index',
    'the last step’s gates of the first sample for all',
    'lstm backward',
    'let first = 4u * dims.at + n * 4u * dims.H + i % dims.H;',
    'let first = 4u * dims.at + i % dims.H;',
  ),
  lstmCell(
    'index',
    'by vectors, all samples from the first one’s state',
    'lstmCell forward',
    'let i = n * dims.terms + 4u * k;',
    'let i = 4u * k;',
  ),
  gru(
    'gate',
    'the second biases’ gradient is the first ones’, over time',
    'gru backward',
    "denseOfB(all, { dy: inner, db: gradient('bHh') })",
    "denseOfB(all, { dy: gates, db: gradient('bHh') })",
  ),
  gru(
    'gate',
    'dwHh by what the gates see of inputs, over time',
    'gru backward',
    'weightsOfStates(inner, R, sizes)',
    'weightsOfStates(gates, R, sizes)',
  ),
  gru(
    'subset',
    'y’s cotangents of earlier steps ignored where hT has one',
    'gru backward',
    'if (dims.hasY == 1u) { pulled += dy(dims.at + i); }\n  let first',
    'if (dims.hasY == 2u) { pulled += dy(dims.at + i); }\n  let first',
  ),
  gru(
    'index',
    'by vectors, the state of the first sample',
    'gru forward',
    'let i = dims.before + n * dims.terms + 4u * k;',
    'let i = dims.before + 4u * k;',
  ),
  gruCell(
    'index',
    'by vectors, gradients of the first sample flow to every state',
    'gruCell backward',
    'let i = n * dims.terms + 4u * p;',
    'let i = 4u * p;',
  ),
  gruCell(
    'gate',
    'dwHh by what the gates see of inputs',
    'gruCell backward',
    "x: input('h'), dy: inner,",
    "x: input('h'), dy: gates,",
  ),
  scan(
    'index',
    'each output alone, dwHh by the rows of the units',
    ['lstm backward', 'gru backward'],
    'da(m * dims.R + at / dims.H)',
    'da(m * dims.H + at / dims.H)',
  ),
]
