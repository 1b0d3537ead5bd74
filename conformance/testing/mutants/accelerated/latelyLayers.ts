import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of layers and activations: extents that agree on squares, what only some requests ask, and NaN that tie. */

const concat = mutantsOf('accelerated/layers/concat')
const mul = mutantsOf('accelerated/layers/mul')
const avg = mutantsOf('accelerated/layers/avgPool2d')
const max = mutantsOf('accelerated/layers/maxPool2d')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const inference = mutantsOf('accelerated/layers/batchNormInference')
const step = mutantsOf('accelerated/activations/step')
const softplus = mutantsOf('accelerated/activations/softplus')
const leaky = mutantsOf('accelerated/activations/leakyRelu')
const maxout = mutantsOf('accelerated/activations/maxout')

export const latelyLayers: readonly Mutant[] = [
  concat(
    'subset',
    'a gradient is read where that of the first one that is wanted lies',
    'concat backward',
    '.map((q) => ofPiece(concatBackward, sizes, q,',
    '.map((q, k) => ofPiece(concatBackward, { ...sizes, starts: sizes.starts.with(q, sizes.starts[k] as number) }, q,',
  ),
  mul(
    'subset',
    'db is dy by b where da is not wanted',
    'mul backward',
    'b: input(other[name]),',
    "b: input(wants('a') ? other[name] : name),",
  ),
  // pools
  avg(
    'index',
    'real elements counted from the padding on the left for that above',
    'avgPool2d',
    'select(vec2<u32>(dims.top, dims.left), vec2<u32>(), counts_all)',
    'select(vec2<u32>(dims.left, dims.top), vec2<u32>(), counts_all)',
  ),
  avg(
    'index',
    'backward divides by the window on the other side of the diagonal',
    'avgPool2d backward',
    '* dims.Wo + j) / count_of(i, j);',
    '* dims.Wo + j) / count_of(j, i);',
  ),
  max(
    'index',
    'rows of windows that meet in twos counted by their columns',
    'maxPool2d backward',
    'let i1 = last_window(row, dims.sh, dims.Ho);',
    'let i1 = last_window(row, dims.sh, dims.Wo);',
  ),
  max(
    'attribute',
    'the kernel of a known size by the columns of the window only',
    'maxPool2d',
    'kernels[`${KH}x${KW}`] ??',
    'kernels[`${KW}x${KW}`] ??',
    { and: [{ find: '(kernels: ByWindow, [KH, KW]:', replace: '(kernels: ByWindow, [, KW]:' }] },
  ),
  max(
    'not a number',
    'of several NaN the first has the gradient, in windows of any size',
    'maxPool2d backward',
    '(value > found.value) | is_nan(value) |',
    '(value > found.value) | (is_nan(value) & !is_nan(found.value)) |',
  ),
  max(
    'not a number',
    'shared, no NaN counts among the maxima',
    'maxPool2d backward',
    'select(0u, 1u, (value == level) | is_nan(value))',
    'select(0u, 1u, value == level)',
  ),
  lrn(
    'extent',
    'windows reach no further before a channel than there are pixels',
    'localResponseNorm',
    'before: Math.min(Math.floor(size / 2), C)',
    'before: Math.min(Math.floor(size / 2), S)',
  ),
  // norms
  norm(
    'subset',
    'dx of short channels without dγ where that is not wanted',
    'batchNormTraining backward',
    'ofStatistics ? ofGamma : undefined',
    "wants('gamma') ? ofGamma : undefined",
  ),
  norm(
    'subset',
    'statistics of short channels only where dγ is wanted',
    'batchNormTraining backward',
    '...(ofStatistics && !areKept ? statistics(sizes) : [])',
    "...(wants('gamma') && !areKept ? statistics(sizes) : [])",
  ),
  norm(
    'plan',
    'parts of dx all read the first cotangents',
    'batchNormTraining backward',
    "['x', 'dy', 'y', 'dx'].filter",
    "['x', 'y', 'dx'].filter",
    { on: 'small bindings' },
  ),
  norm(
    'epsilon',
    'ε outside the root where channels are short',
    'batchNormTraining forward',
    'let r = inverseSqrt(variance(c) + params.epsilon);\n  set_y',
    'let r = 1.0 / (sqrt(variance(c)) + params.epsilon);\n  set_y',
  ),
  norm(
    'divisor',
    'the first term of dx of short channels by the samples',
    'batchNormTraining backward',
    'dbeta(c) / params.m - normalized',
    'dbeta(c) / round(params.m / f32(dims.S)) - normalized',
  ),
  inference(
    'epsilon',
    'no ε in dγ',
    'batchNormInference backward',
    'dims: { C, S },\n    params: { epsilon },\n  })',
    'dims: { C, S },\n    params: { epsilon: 0 },\n  })',
  ),
  // activations
  step('not a number', 'NaN is above the step', 'step', 'select(0.0, 1.0, x >= 0.0)', 'select(1.0, 0.0, x < 0.0)'),
  softplus(
    'boundary',
    'the slope is 1 from an x of 20 on, whatever β',
    'softplus backward',
    'dy * sigmoid(params.beta * x)',
    'dy * select(sigmoid(params.beta * x), 1.0, x > 20.0)',
  ),
  leaky(
    'attribute',
    'as max(αx, x)',
    'leakyRelu forward',
    'select(params.alpha * x, x, x > 0.0)',
    'max(params.alpha * x, x)',
  ),
  maxout(
    'index',
    'each weight alone, rows of inputs as long as those of outputs',
    'maxout backward',
    'let o = at / dims.I % dims.O;',
    'let o = at / dims.O % dims.O;',
  ),
  maxout(
    'not a number',
    'of several NaN the first, where the last is asked for',
    'maxout backward',
    '(piece == most) | (is_nan(piece) & is_nan(most));',
    '(piece == most);',
  ),
  maxout(
    'index',
    'shared, dx by ties that lie by outputs, not by pieces',
    'maxout backward',
    'let m = tied((n * dims.K + k) * dims.O + o);\n',
    'let m = tied((n * dims.O + o) * dims.K + k);\n',
  ),
]
