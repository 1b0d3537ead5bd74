import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Layers, losses and optimizers anew: one of two like axes, steps or sides, and what is left as it was. */

const dropout = mutantsOf('accelerated/layers/dropout')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const lstm = mutantsOf('accelerated/layers/lstm')
const gru = mutantsOf('accelerated/layers/gru')
const scan = mutantsOf('accelerated/layers/recurrent')
const conv = mutantsOf('accelerated/layers/conv2d')
const lanes = mutantsOf('accelerated/layers/conv2dSubgroup')
const blocks = mutantsOf('accelerated/layers/conv2dBlocks')
const transposed = mutantsOf('accelerated/layers/convTranspose2d')
const avg = mutantsOf('accelerated/layers/avgPool2d')
const max = mutantsOf('accelerated/layers/maxPool2d')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const inference = mutantsOf('accelerated/layers/batchNormInference')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const hinge = mutantsOf('accelerated/losses/hinge')
const softmax = mutantsOf('accelerated/activations/softmax')
const dense = mutantsOf('accelerated/layers/dense')
const rmsprop = mutantsOf('accelerated/optimizers/rmsprop')
const adam = mutantsOf('accelerated/optimizers/adam')

const noSubgroups = { on: 'no subgroups' } as const

export const anewLayers: readonly Mutant[] = [
  dropout(
    'stale',
    'what is dropped is not written',
    ['dropout', 'programs'],
    'if (4u * dims.first + i < dims.n) {',
    'let of_x = bitcast<u32>(x(i)) & 0x7f800000u;\n    if (4u * dims.first + i < dims.n && (words[word] <= dims.last || of_x == 0x7f800000u)) {',
  ),
  lrn(
    'index',
    'backward, readers of a channel begin as far before it as its window does',
    'localResponseNorm backward',
    'for (var j = c - min(c, dims.after); j <= last; j++)',
    'for (var j = c - min(c, dims.before); j <= last; j++)',
  ),
  // recurrent layers
  lstm(
    'time',
    'on the way back the cell of the step after is squashed',
    'lstm backward',
    'c(dims.at + i), dh, dc(i)',
    'c(dims.after + i), dh, dc(i)',
  ),
  gru(
    'time',
    'the last state has y’s cotangent of the first step',
    'gru backward',
    'if (dims.hasY == 1u) { pulled += dy(dims.at + i); }\n  set_dh(',
    'if (dims.hasY == 1u) { pulled += dy(i); }\n  set_dh(',
  ),
  gru(
    'time',
    'the first biases’ gradient of the first step only',
    'gru backward',
    "denseOfB(all, { dy: gates, db: gradient('bIh') })",
    "denseOfB({ ...all, N }, { dy: gates, db: gradient('bIh') })",
  ),
  scan(
    'index',
    'each output alone, dwHh: units counted by the rows of all gates',
    ['lstm backward', 'gru backward'],
    'before(m * dims.H + at % dims.H)',
    'before(m * dims.H + at % dims.R)',
  ),
  // convolutions
  conv(
    'attribute',
    'tiles by the padding above for that on the left',
    'conv2d forward',
    'let col0 = vec4<i32>(p % dims.Wo * dims.sw) - i32(dims.left);',
    'let col0 = vec4<i32>(p % dims.Wo * dims.sw) - i32(dims.top);',
    noSubgroups,
  ),
  conv(
    'attribute',
    'tiles of dx by the padding above for that on the left',
    'conv2d backward',
    'let q = vec4<i32>(p % dims.W + dims.left);',
    'let q = vec4<i32>(p % dims.W + dims.top);',
    noSubgroups,
  ),
  conv(
    'attribute',
    'tiles of dw ignore the dilation of rows',
    'conv2d backward',
    'vec4<i32>(t % taps / dims.KW * dims.dh)',
    'vec4<i32>(t % taps / dims.KW)',
    noSubgroups,
  ),
  lanes(
    'attribute',
    'dx by the padding on the left for that above',
    'conv2d backward',
    'i32(c${j} % area / dims.W + dims.top)',
    'i32(c${j} % area / dims.W + dims.left)',
  ),
  blocks(
    'attribute',
    'dx by the padding on the left for that above',
    'conv2d backward',
    'i32(i0 + ${q}u + dims.top)',
    'i32(i0 + ${q}u + dims.left)',
  ),
  blocks(
    'attribute',
    'dw by the padding above for that on the left',
    'conv2d backward',
    'let x${t} = j + ${t}u - dims.left;',
    'let x${t} = j + ${t}u - dims.top;',
  ),
  transposed(
    'attribute',
    'bottom for top',
    'convTranspose2d',
    'const [top, , left] = attrs.padding',
    'const [, top, left] = attrs.padding',
  ),
  transposed(
    'extent',
    'db over as many pixels as x has',
    'convTranspose2d backward',
    'addUpMaps(N, O, Ho * Wo,',
    'addUpMaps(N, O, sizes.H * sizes.W,',
  ),
  // pools
  avg(
    'index',
    'backward, the first window of a column by the height of windows',
    'avgPool2d backward',
    'first_window(s + dims.left, dims.KW, dims.sw)',
    'first_window(s + dims.left, dims.KH, dims.sw)',
  ),
  max(
    'index',
    'rows of a choice counted by the padding on the left',
    ['maxPool2d backward', 'programs'],
    'let kh = place / dims.W + dims.top - i * dims.sh;',
    'let kh = place / dims.W + dims.left - i * dims.sh;',
  ),
  max(
    'index',
    'shared, columns of windows counted by their rows',
    'maxPool2d backward',
    'let last_j = last_window(s + dims.left, dims.sw, dims.Wo);',
    'let last_j = last_window(s + dims.left, dims.sw, dims.Ho);',
    { nth: 1 },
  ),
  // norms
  norm(
    'divisor',
    'the running variance by one sample less, not by one number less',
    'batchNormTraining forward',
    "runningVariance === 'unbiased' ? m / (m - 1) : 1",
    "runningVariance === 'unbiased' ? sizes.N / Math.max(sizes.N - 1, 1) : 1",
  ),
  inference(
    'index',
    'dx: channels as far apart as there are of them',
    'batchNormInference backward',
    'let c = i / dims.S % dims.C;',
    'let c = i / dims.C % dims.C;',
  ),
  // losses and rows
  cross(
    'batch',
    'row by row, one cotangent for all rows',
    'softmaxCrossEntropy backward',
    'let share = sum_weight() / powers;\n  let d = dloss(n * dims.each);',
    'let share = sum_weight() / powers;\n  let d = dloss(0u);',
  ),
  hinge(
    'plan',
    'parts of rows all have the last target class of the first',
    'hinge forward',
    'slices: { scores: C, goal: C, first: 1, past: 1, loss: 1 }',
    'slices: { scores: C, goal: C, first: 1, loss: 1 }',
    { on: 'small bindings' },
  ),
  softmax(
    'index',
    'backward, the mean of cotangents that are neighbours, whichever the axis',
    'softmax backward',
    'let i = base + j * dims.inner;\n  return dx(i) / total * dy(i);',
    'let i = base + j * dims.inner;\n  return dx(i) / total * dy(base + j);',
  ),
  dense(
    'index',
    'dx by vectors: cotangents as if there were as many outputs as inputs',
    'dense backward',
    'return dy(n * (dims.terms / 4u) + o);',
    'return dy(n * (dims.columns / 4u) + o);',
  ),
  // optimizers
  rmsprop(
    'time',
    'the step by the squares gathered before it',
    ['rmsprop', 'adagrad'],
    'sqrt(square + select(0.0, params.epsilon, is_inside))',
    'sqrt(s + select(0.0, params.epsilon, is_inside))',
  ),
  adam(
    'attribute',
    'the second correction by β₁',
    ['adam', 'adamw'],
    'ln_beta2: logarithm(beta2)',
    'ln_beta2: logarithm(beta1)',
  ),
]
