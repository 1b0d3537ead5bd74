import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Layers, losses and optimizers once more: which kernel is chosen, windows past all there is, and what only some requests ask. */

const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const max = mutantsOf('accelerated/layers/maxPool2d')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const conv = mutantsOf('accelerated/layers/conv2d')
const scan = mutantsOf('accelerated/layers/recurrent')
const gru = mutantsOf('accelerated/layers/gru')
const hinge = mutantsOf('accelerated/losses/hinge')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const logSoftmax = mutantsOf('accelerated/activations/logSoftmax')
const adam = mutantsOf('accelerated/optimizers/adam')
const adadelta = mutantsOf('accelerated/optimizers/adadelta')

export const lastlyLayers: readonly Mutant[] = [
  lrn(
    'attribute',
    'a window that reaches past all channels is divided by those that there are',
    'localResponseNorm forward',
    'share: attrs.alpha / attrs.size',
    'share: attrs.alpha / Math.min(attrs.size, C)',
  ),
  lrn(
    'attribute',
    'backward, scales of a window past all channels by those that there are',
    'localResponseNorm backward',
    'share: alpha / size',
    'share: alpha / Math.min(size, C)',
  ),
  lrn(
    'formula',
    'backward, the power of the scale above 1 only',
    'localResponseNorm backward',
    'set_dx(i, dy(i) * power(scale_of(i, c))',
    'set_dx(i, dy(i) * power(max(scale_of(i, c), 1.0))',
  ),
  // pools
  max(
    'tail',
    'cells of rows that padding pushes behind the last are left out',
    'maxPool2d backward',
    'Math.ceil((H + top) / sh)',
    'Math.ceil(H / sh)',
  ),
  // norms
  norm(
    'divisor',
    'by planes, the second term of dx by the number of vectors',
    'batchNormTraining backward',
    'let second = dgamma(c) / params.m;',
    'let second = dgamma(c) / f32(dims.N * dims.S);',
  ),
  // convolutions
  conv(
    'boundary',
    'by blocks whatever the dilation of columns, where the sum over positions falls into them',
    ['conv2d backward', 'conv1d backward'],
    'conv.sw === 1 && conv.dw === 1 && positionsAtOnce',
    'conv.sw === 1 && positionsAtOnce',
  ),
  conv(
    'boundary',
    'by blocks whatever the stride of columns, where the sum over positions falls into them',
    ['conv2d backward', 'conv1d backward'],
    'conv.sw === 1 && conv.dw === 1 && positionsAtOnce',
    'conv.dw === 1 && positionsAtOnce',
  ),
  conv(
    'tail',
    'the sum of dw in blocks has as many parts as were asked for, not as there are',
    ['conv2d backward', 'conv1d backward'],
    'const parts = Math.ceil(runs / share)',
    'const parts = Math.floor(runs / share)',
  ),
  conv(
    'group',
    'each output alone, those of groups past the eighth are not made',
    ['conv2d', 'conv1d', 'convTranspose2d'],
    'count: (samples) => groups * rows * samples * area }',
    'count: (samples) => rows * samples * area * Math.min(groups, 8) }',
  ),
  // recurrent layers
  scan(
    'time',
    'by vectors, dwHh has the first state once more',
    ['rnn backward', 'lstm backward', 'gru backward'],
    'if (i < dims.first / 4u) { return h0(i); }',
    'if (i <= dims.first / 4u) { return h0(i); }',
  ),
  gru(
    'subset',
    'what goes straight to the first state is lost where dx is not wanted',
    'gru backward',
    "...wanted('h0', gruOfH(N, H, inner, gradient('h0'), subgroupSize)),",
    "...wanted('h0', gruOfH(N, H, inner, wants('x') ? gradient('h0') : scratch('h'), subgroupSize)),",
  ),
  // losses
  hinge(
    'boundary',
    'classes of negative targets are not looked at, outside of those of others',
    'hinge',
    'if (goal(n * dims.C + c) == 0.0) { continue; }',
    'if (goal(n * dims.C + c) <= 0.0) { continue; }',
  ),
  cross(
    'formula',
    'row by row, both directions at once: targets that add up to more than 1 taken for 1',
    ['softmaxCrossEntropy', 'programs'],
    'let share = sum_weight() / powers;\n  let cost',
    'let share = min(sum_weight(), 1.0) / powers;\n  let cost',
  ),
  logSoftmax(
    'formula',
    'backward, cotangents that add up to little pull nothing',
    'logSoftmax backward',
    'let pull = sum_pull();',
    'let all = sum_pull();\n  let pull = select(all, 0.0, abs(all) < 1e-3);',
  ),
  // optimizers
  adam(
    'formula',
    'new squares weigh as much as new gradients',
    ['adam', 'adamw'],
    'rest2: 1 - beta2',
    'rest2: 1 - beta1',
  ),
  adam(
    'boundary',
    'what is kept of a weight is lost where it is 0 that is kept',
    'adamw',
    'let next = w * params.kept -',
    'let next = select(w, w * params.kept, params.kept != 0.0) -',
  ),
  adadelta(
    'not a number',
    'an infinite weight that does not decay is NaN',
    'adadelta',
    'select(g + params.lambda * w, g, params.lambda == 0.0)',
    'g + params.lambda * w',
  ),
]
