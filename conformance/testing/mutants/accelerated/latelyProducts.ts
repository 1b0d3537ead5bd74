import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of products, rows and recurrent layers: extents that agree, and numbers of steps that are samples. */

const lstm = mutantsOf('accelerated/layers/lstm')
const lstmCell = mutantsOf('accelerated/layers/lstmCell')
const gru = mutantsOf('accelerated/layers/gru')
const gruCell = mutantsOf('accelerated/layers/gruCell')
const rnn = mutantsOf('accelerated/layers/rnn')
const rnnCell = mutantsOf('accelerated/layers/rnnCell')
const scan = mutantsOf('accelerated/layers/recurrent')
const dense = mutantsOf('accelerated/layers/dense')
const vectors = mutantsOf('accelerated/subgroupVectors')
const subgroupTile = mutantsOf('accelerated/subgroupTile')
const rows = mutantsOf('accelerated/rows')
const reduction = mutantsOf('accelerated/reduction')
const scale = mutantsOf('accelerated/layers/scaleChannels')
const average = mutantsOf('accelerated/layers/globalAvgPool')

const small = { on: 'small bindings' } as const

export const latelyProducts: readonly Mutant[] = [
  lstm(
    'index',
    'the cell before a step a square of units back',
    'lstm backward',
    'cell_before(i, dims.rows * dims.columns)',
    'cell_before(i, dims.columns * dims.columns)',
  ),
  lstm(
    'subset',
    'y’s cotangent of the last step ignored where cT has one and hT none',
    'lstm backward',
    'if (dims.hasY == 1u) { dh += dy(dims.at + i); }\n  if (dims.hasC',
    'if (dims.hasY == 1u && (dims.hasH == 1u || dims.hasC == 0u)) { dh += dy(dims.at + i); }\n  if (dims.hasC',
  ),
  lstm(
    'time',
    'of two steps the cells share a place on the way back',
    'lstm backward',
    'const cell = (t: number): number => (keep ? t * slot : 0)',
    'const cell = (t: number): number => (keep && sizes.T > 2 ? t * slot : 0)',
  ),
  lstmCell(
    'subset',
    'dwHh by the inputs where dx is not wanted, of as many units as inputs',
    'lstmCell backward',
    "wanted('wHh', denseOfW(ofState, { x: input('h')",
    "wanted('wHh', denseOfW(ofState, { x: wants('x') || I !== H ? input('h') : input('x')",
  ),
  gru(
    'index',
    'the state before a step a square of samples back',
    'gru backward',
    'state_before(i, dims.rows * dims.columns)',
    'state_before(i, dims.rows * dims.rows)',
  ),
  gru(
    'extent',
    'hT of more than 8 steps is that of the step before',
    'gru forward',
    "...lastOf(wants('hT'), { ...sizes, subgroupSize }),",
    "...lastOf(wants('hT'), { ...sizes, T: Math.max(sizes.T - (sizes.T > 8 ? 1 : 0), 1), subgroupSize }),",
  ),
  gruCell(
    'subset',
    'the second biases’ gradient is the first ones’ where those are not wanted',
    'gruCell backward',
    "denseOfB(ofState, { dy: inner, db: gradient('bHh') })",
    "denseOfB(ofState, { dy: wants('bIh') ? inner : gates, db: gradient('bHh') })",
  ),
  rnn(
    'subset',
    'y’s cotangent of earlier steps ignored where hT has one',
    'rnn backward',
    '{ at: t * slot, after: (t + 1) * slot, hasY },',
    "{ at: t * slot, after: (t + 1) * slot, hasY: given('hT') ? 0 : hasY },",
  ),
  rnnCell(
    'index',
    'dwIh by the state where there are as many units as inputs',
    'rnnCell backward',
    "wanted('wIh', denseOfW(ofInput, { x: input('x')",
    "wanted('wIh', denseOfW(ofInput, { x: input(I === H && N > 1 ? 'h' : 'x')",
  ),
  scan(
    'batch',
    'each output alone, dwHh by the first state of the first sample only',
    ['rnn backward', 'lstm backward', 'gru backward'],
    'dims: { R, H, first: N * H } })',
    'dims: { R, H, first: H } })',
  ),
  scan(
    'index',
    'tiles of dwHh: as many first states as there are steps',
    ['rnn backward', 'lstm backward', 'gru backward'],
    'dims: { ...sizes, first: N * H },',
    'dims: { ...sizes, first: T * H },',
  ),
  scan(
    'batch',
    'dh0 of no more samples than there are steps',
    ['rnn backward', 'lstm backward'],
    "denseOfX({ N, I: H, O: R }, { w: input('wHh')",
    "denseOfX({ N: Math.min(N, T), I: H, O: R }, { w: input('wHh')",
  ),
  dense(
    'index',
    'dw each by itself: outputs counted by themselves',
    'dense backward',
    'let o = at / dims.I;\n  return dy',
    'let o = at / dims.O;\n  return dy',
  ),
  dense(
    'index',
    'each by itself, samples counted by inputs',
    'dense forward',
    'let n = flat / dims.O;\n  var sum = 0.0;\n  for (var i',
    'let n = flat / dims.I;\n  var sum = 0.0;\n  for (var i',
  ),
  vectors(
    'tail',
    'the last four of 64n + 4 terms dropped',
    ['dense', 'rnnCell', 'lstmCell', 'gruCell', 'rnn', 'lstm', 'gru', 'maxout'],
    'for (var k = 0u; k < dims.terms; k += 4u) {',
    'for (var k = 0u; k < select(dims.terms, dims.terms - 4u, dims.terms % 64u == 4u && dims.terms > 64u); k += 4u) {',
  ),
  subgroupTile(
    'tail',
    'nested, the last of 16n + 3 terms dropped',
    'dense backward',
    'let on${q} = k + ${q}u < dims.terms;',
    'let on${q} = k + ${q}u < dims.terms && !(${q}u == 2u && k + 3u == dims.terms && k % 16u == 0u);',
  ),
  rows(
    'plan',
    'parts of rows along an inner axis as short as one row',
    ['softmax', 'logSoftmax'],
    '(perRow[name] ?? extent) * inner',
    '(perRow[name] ?? extent)',
    small,
  ),
  rows(
    'extent',
    'a workgroup’s largest misses the second 64 of a row',
    ['softmax', 'logSoftmax'],
    'for (var j = lane + 64u; j < dims.extent; j += 64u) { own = max',
    'for (var j = lane + 128u; j < dims.extent; j += 64u) { own = max',
  ),
  reduction(
    'extent',
    'of more than 256 long sums the last is not made',
    ['batchNormTraining backward', 'scaleChannels backward', 'globalAvgPool forward'],
    'count: outputs,',
    'count: terms > 64 && outputs > 256 && outputs < 4096 ? outputs - 1 : outputs,',
  ),
  scale(
    'plan',
    'parts of maps all have the first scales',
    'scaleChannels',
    'slices: { x: H * W, s: 1, y: H * W }',
    'slices: { x: H * W, y: H * W }',
    small,
  ),
  average(
    'plan',
    'parts of maps all have the first cotangents',
    'globalAvgPool backward',
    'slices: { dy: 1, dx: H * W }',
    'slices: { dx: H * W }',
    small,
  ),
]
