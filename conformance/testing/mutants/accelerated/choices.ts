import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Kernels that are taken one case too far, and their rarely taken branches. */

const dense = mutantsOf('accelerated/layers/dense')
const tile = mutantsOf('accelerated/tile')
const vectors = mutantsOf('accelerated/subgroupVectors')
const subgroupTile = mutantsOf('accelerated/subgroupTile')
const conv = mutantsOf('accelerated/layers/conv2d')
const scan = mutantsOf('accelerated/layers/recurrent')
const rnn = mutantsOf('accelerated/layers/rnn')
const rnnCell = mutantsOf('accelerated/layers/rnnCell')
const lstm = mutantsOf('accelerated/layers/lstm')
const gru = mutantsOf('accelerated/layers/gru')
const gruCell = mutantsOf('accelerated/layers/gruCell')
const batchNorm = mutantsOf('accelerated/layers/batchNormTraining')
const inference = mutantsOf('accelerated/layers/batchNormInference')
const max = mutantsOf('accelerated/layers/maxPool2d')
const avg = mutantsOf('accelerated/layers/avgPool2d')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const rows = mutantsOf('accelerated/rows')
const softmaxLoss = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const softmax = mutantsOf('accelerated/activations/softmax')
const logSoftmax = mutantsOf('accelerated/activations/logSoftmax')
const maxout = mutantsOf('accelerated/activations/maxout')
const hinge = mutantsOf('accelerated/losses/hinge')
const bce = mutantsOf('accelerated/losses/bce')
const cce = mutantsOf('accelerated/losses/cce')
const minMax = mutantsOf('accelerated/normalizers/minMaxNormalize')
const fn = mutantsOf('accelerated/functions')
const adam = mutantsOf('accelerated/optimizers/adam')
const adamw = mutantsOf('accelerated/optimizers/adamw')
const adadelta = mutantsOf('accelerated/optimizers/adadelta')
const momentum = mutantsOf('accelerated/optimizers/momentum')
const dropout = mutantsOf('accelerated/layers/dropout')

export const choices: readonly Mutant[] = [
  // products that are read by vectors where their factors are none
  dense('tail', 'by vectors, whatever the extents', 'dense', 'inFours(lies, sizes) ? vectors : numbers', 'vectors'),
  tile(
    'tail',
    'by vectors, whatever the extents',
    ['rnnCell', 'lstmCell', 'gruCell'],
    'inFours(lies, sizes) ?',
    'true ?',
  ),
  scan(
    'tail',
    'by vectors, whatever the extents',
    ['rnn backward', 'gru backward'],
    'inFours(byLines, sizes) ?',
    'true ?',
  ),
  vectors(
    'tail',
    'pairs pass for fours',
    ['dense', 'rnnCell forward'],
    "(left === 'terms' ? terms : rows) % 4 === 0",
    "(left === 'terms' ? terms : rows) % 2 === 0",
  ),
  vectors(
    'tail',
    'of columns side by side the terms have to be fours',
    ['dense backward', 'rnnCell backward'],
    "(right === 'terms' ? terms : columns) % 4 === 0",
    'terms % 4 === 0',
  ),
  vectors(
    'index',
    'a last vector of rows past the end is the one before it',
    'dense backward',
    'min(row / 4u + ${four}, dims.rows / 4u - 1u)',
    'min(row / 4u + ${four}, dims.rows / 4u - 2u)',
  ),
  subgroupTile(
    'tail',
    'the last of a lane’s rows read again for the one before',
    'dense',
    'let r${m} = min(row + ${m * tile.S}u + lane, dims.rows - 1u);',
    'let r${m} = min(row + ${m * tile.S}u + lane, max(dims.rows, 2u) - 2u);',
  ),

  // convolutions by blocks
  conv(
    'attribute',
    'blocks whatever the stride of columns',
    ['conv2d', 'convTranspose2d'],
    'sw === 1 && dw === 1 && blockRows',
    'dw === 1 && blockRows',
  ),
  conv(
    'attribute',
    'blocks whatever the dilation of columns',
    ['conv2d', 'convTranspose2d'],
    'sw === 1 && dw === 1 && blockRows',
    'sw === 1 && blockRows',
  ),
  conv(
    'attribute',
    'runs whatever the stride of columns',
    'conv2d backward',
    'conv.sw === 1 && conv.dw === 1 &&',
    'conv.dw === 1 &&',
  ),
  conv(
    'attribute',
    'runs whatever the dilation of columns',
    'conv2d backward',
    'conv.sw === 1 && conv.dw === 1 &&',
    'conv.sw === 1 &&',
  ),
  conv(
    'index',
    'blocks of five taps where there are four',
    ['conv2d', 'conv1d'],
    'kernels.blocks[KW] ?? {}',
    'kernels.blocks[KW === 4 ? 5 : KW] ?? {}',
  ),
  // convolutions by subgroups and by tiles
  // recurrent layers
  rnn(
    'index',
    'by vectors, every step from the first state',
    'rnn forward',
    'let i = dims.before + n * dims.terms + 4u * k;',
    'let i = n * dims.terms + 4u * k;',
  ),
  rnn(
    'time',
    'by vectors, what flows back is of the same step',
    'rnn backward',
    'let i = dims.after + n * dims.terms + 4u * j;',
    'let i = dims.at + n * dims.terms + 4u * j;',
  ),
  rnn(
    'subset',
    'the states’ cotangents of earlier steps ignored',
    'rnn backward',
    'var dh = sum;\n  if (dims.hasY == 1u)',
    'var dh = sum;\n  if (dims.hasY == 2u)',
  ),
  rnnCell(
    'index',
    'by vectors, the state of the first sample',
    'rnnCell forward',
    'let i = n * dims.terms + 4u * k;',
    'let i = 4u * k;',
  ),
  lstm(
    'gate',
    'by vectors, the gates in the order of units',
    'lstm forward',
    'wHh(weight_row(column) * (dims.terms / 4u) + k)',
    'wHh(column * (dims.terms / 4u) + k)',
  ),
  lstm(
    'index',
    'by vectors, the gradients of three gates flow back',
    'lstm backward',
    'gates(i + 2u), gates(i + 3u));',
    'gates(i + 2u), 0.0);',
  ),
  gru(
    'index',
    'by vectors, a reset gate’s gradient flows back for each',
    'gru backward',
    'inner(i + 1u), inner(i + 2u), inner(i + 3u));',
    'inner(i + 1u), inner(i + 2u), inner(i));',
  ),
  gruCell('index', 'dh lacks what goes straight', 'gruCell backward', 'set_dh(at, dh(at) + sum);', 'set_dh(at, sum);'),
  scan(
    'time',
    'by vectors, dwHh by the state of the step',
    ['rnn backward', 'lstm backward', 'gru backward'],
    'return h(i - dims.first / 4u);',
    'return h(i);',
  ),
  scan(
    'time',
    'by vectors, dwHh without the first state',
    ['rnn backward', 'lstm backward', 'gru backward'],
    'if (i < dims.first / 4u) { return h0(i); }',
    'if (i < dims.first / 4u) { return vec4<f32>(); }',
  ),
  scan(
    'time',
    'each output alone, dwHh without the last step',
    'rnn backward',
    'reduce(recurrentOfWHh, R * H, T * N,',
    'reduce(recurrentOfWHh, R * H, Math.max(T - 1, 1) * N,',
  ),

  // batch normalization and pools
  batchNorm(
    'tail',
    'pairs of pixels pass for vectors',
    'batchNormTraining',
    'if (S % 4 !== 0) return plain',
    'if (S % 2 !== 0) return plain',
    {
      and: [
        {
          find: 'dims: { N, C, S: S / width },\n          params: { m },',
          replace: 'dims: { N, C, S: Math.floor(S / width) },\n          params: { m },',
        },
      ],
    },
  ),
  batchNorm(
    'tail',
    'the last planes of a channel left out where shares do not divide them',
    ['batchNormTraining', 'batchNormInference forward'],
    'C * Math.ceil(samples / share)',
    'C * Math.max(1, Math.floor(samples / share))',
  ),
  batchNorm(
    'boundary',
    'a lane at the end of a plane stays in it',
    'batchNormTraining',
    'let wraps = s >= dims.S;',
    'let wraps = s > dims.S;',
  ),
  batchNorm(
    'divisor',
    'the running mean with the factor of the variance',
    'batchNormTraining forward',
    "running('runningMean', mean, 1)",
    "running('runningMean', mean, factor)",
  ),
  batchNorm(
    'attribute',
    'the running variance as the batch’s own',
    'batchNormTraining forward',
    "running('runningVar', variance, factor)",
    "running('runningVar', variance, 1)",
  ),
  batchNorm(
    'subset',
    'dx without dβ where that is not wanted',
    'batchNormTraining backward',
    "wants('x') || wants('beta') ? ofBeta",
    "wants('beta') ? ofBeta",
  ),
  batchNorm(
    'subset',
    'dγ only where dx is wanted',
    'batchNormTraining backward',
    "const ofStatistics = wants('x') || wants('gamma')",
    "const ofStatistics = wants('x')",
  ),
  batchNorm(
    'formula',
    'dx of short channels without its second term',
    'batchNormTraining backward',
    '- normalized * (dgamma(c) / params.m)',
    '',
  ),
  batchNorm(
    'formula',
    'dx by planes without its first term',
    'batchNormTraining backward',
    '(dy(p.i) - first - (x',
    '(dy(p.i) - (x',
  ),
  batchNorm(
    'batch',
    'by planes, the variance of the next channel',
    'batchNormTraining backward',
    'let r = inverseSqrt(variance(c) + params.epsilon);\n  let mean = mean(c);\n  let slope',
    'let r = inverseSqrt(variance((c + 1u) % dims.C) + params.epsilon);\n  let mean = mean(c);\n  let slope',
  ),
  batchNorm(
    'extent',
    'channels of more than 4,096 numbers in one pass of 64 lanes',
    'batchNormTraining forward',
    'for (var k = lane; k < dims.N * dims.S; k += 64u) {\n    own += x(p.i);',
    'for (var k = lane; k < min(dims.N * dims.S, 4096u); k += 64u) {\n    own += x(p.i);',
  ),
  inference(
    'epsilon',
    'no ε in dx',
    'batchNormInference backward',
    'inverseSqrt(variance(c) + params.epsilon) * dy',
    'inverseSqrt(variance(c)) * dy',
  ),
  max('tail', 'rows of pairs pass for rows of vectors', 'maxPool2d', 'W % 4 === 0 &&', 'W % 2 === 0 &&', {
    and: [{ find: '(N * C * Ho * Wo) / 4', replace: 'Math.floor((N * C * Ho * Wo) / 4)' }],
    equivalent: 'a launch of half a vector a row is none, and the plain one stands in for it',
  }),
  max(
    'attribute',
    'windows of 2 × 2 by pairs whatever the padding',
    'maxPool2d',
    'padding.every((extent) => extent === 0) &&',
    'padding.every((extent) => extent <= 1) &&',
  ),
  max(
    'attribute',
    'windows of 2 × 2 by pairs whatever the stride',
    'maxPool2d',
    '[...window, ...stride].every((extent) => extent === 2)',
    'window.every((extent) => extent === 2)',
  ),
  max('tail', 'images of odd height by pairs', 'maxPool2d', '  H % 2 === 0 &&\n', ''),
  max('tail', 'windows that are no whole vectors by pairs', 'maxPool2d', '(N * C * H * W) % 16 === 0', 'true', {
    equivalent: 'a launch over a fraction of a vector is none, and the plain one stands in for it',
  }),
  max(
    'attribute',
    'windows that overlap in columns only pass for disjoint',
    'maxPool2d backward',
    'sh < KH || sw < KW',
    'sh < KH',
  ),
  max(
    'boundary',
    'three windows that meet on an axis pass for two',
    'maxPool2d backward',
    'KH <= 2 * sh && KW <= 2 * sw',
    'KH <= 2 * sh + 1 && KW <= 2 * sw + 1',
  ),
  max(
    'boundary',
    'three windows that meet in a row pass for two',
    'maxPool2d backward',
    'KH <= 2 * sh && KW <= 2 * sw',
    'KH <= 2 * sh',
  ),
  max(
    'index',
    'what padding takes from the first cell is left at the end',
    'maxPool2d backward',
    'Math.ceil((H + top) / sh), Math.ceil((W + left) / sw)',
    'Math.ceil(H / sh), Math.ceil(W / sw)',
  ),
  max(
    'index',
    'the rows of a window of known size by the stride of columns',
    'maxPool2d',
    'max(i * dims.sh + ${kh}u, dims.top)',
    'max(i * dims.sw + ${kh}u, dims.top)',
  ),
  max(
    'index',
    'of two windows that meet the first by the place in the second',
    'maxPool2d backward',
    '(row - ${i} * dims.sh) * dims.KW + column',
    '(row - i1 * dims.sh) * dims.KW + column',
  ),
  avg(
    'divisor',
    'a window that hangs over by its whole size',
    'avgPool2d forward',
    'set_y(flat, sum / count_of(i, j));',
    'set_y(flat, sum / max(count_of(i, j), 2.0));',
  ),
  lrn(
    'extent',
    'a reach of more than seven channels is cut',
    'localResponseNorm',
    'after: Math.min(Math.ceil(size / 2) - 1, C)',
    'after: Math.min(Math.ceil(size / 2) - 1, 7)',
  ),

  // rows, losses and sums
  rows(
    'index',
    'rows of inner axes by the extent for the inner one',
    'softmax',
    'base = row / dims.inner * dims.extent * dims.inner + row % dims.inner;',
    'base = row / dims.inner * dims.extent * dims.inner + row % dims.extent;',
  ),
  rows(
    'barrier',
    'the largest is read before all have read the last one',
    'softmax',
    'let most = of_lanes[0];\n  workgroupBarrier();',
    'let most = of_lanes[0];',
  ),
  rows(
    'tail',
    'the last of four terms in a row of one invocation twice',
    ['softmax', 'logSoftmax'],
    'select(0.0, ${name}_term(min(j + 1u, n - 1u)), j + 1u < n)',
    '${name}_term(min(j + 1u, n - 1u))',
  ),
  rows(
    'stale',
    'a workgroup’s rows end at their first 64 numbers in sums',
    'softmax',
    'own += ${name}_term(j); }',
    'own = ${name}_term(j); }',
  ),
  softmax(
    'formula',
    'the mean of cotangents by powers, not shares',
    'softmax backward',
    'return dx(i) / total * dy(i);',
    'return dx(i) * dy(i);',
  ),
  logSoftmax(
    'formula',
    'dx by the powers, not their share',
    'logSoftmax backward',
    'dy(i) - dx(i) / total * pull',
    'dy(i) - dx(i) * pull',
  ),
  softmaxLoss('tail', 'rows of no whole vectors by them', 'softmaxCrossEntropy', ' || C % 4 !== 0', '', {
    and: [{ find: 'fours: C / 4', replace: 'fours: Math.floor(C / 4)' }],
  }),
  softmaxLoss(
    'precision',
    'by vectors, sums that end at 16 vectors',
    'softmaxCrossEntropy',
    '${names.map((name) => `${name} += block_${name};`)',
    '${names.map((name) => `${name} = block_${name};`)',
  ),
  softmaxLoss(
    'formula',
    'by vectors, the logarithm of the sum once whatever the targets',
    'softmaxCrossEntropy forward',
    'log_powers * of_targets',
    'log_powers',
  ),
  softmaxLoss(
    'batch',
    'by vectors, one cotangent for all rows',
    'softmaxCrossEntropy backward',
    'let share = total(weight) / total(powers);\n  let d = dloss(row * dims.each);',
    'let share = total(weight) / total(powers);\n  let d = dloss(0u);',
  ),
  softmaxLoss(
    'formula',
    'the gradient as if targets added up to 1',
    'softmaxCrossEntropy backward',
    'let share = sum_weight() / powers;\n  let d',
    'let share = 1.0 / powers;\n  let d',
  ),
  softmaxLoss(
    'not a number',
    'an infinite target meets a 0, by vectors',
    'softmaxCrossEntropy forward',
    'if (!(abs(of_targets) <= 3.4028234e38)) {',
    'if (false) {',
  ),
  softmaxLoss(
    'not a number',
    'a target of 0 takes NaN away',
    'softmaxCrossEntropy forward',
    't == 0.0 && !is_nan(log_p)',
    't == 0.0',
  ),
  maxout(
    'tail',
    'tiles of dw by the piece of the next row',
    'maxout backward',
    'f32(row / dims.O));\n}\n`,\n)',
    'f32((row + 1u) / dims.O));\n}\n`,\n)',
  ),
  maxout(
    'index',
    'dx by the first output’s piece',
    'maxout backward',
    'first(n * dims.O + o));\n    sum',
    'first(n * dims.O));\n    sum',
  ),
  maxout('divisor', 'shared, dx not divided', 'maxout backward', '(dy(n * dims.O + o) / m)', 'dy(n * dims.O + o)'),
  maxout(
    'divisor',
    'shared, db not divided',
    'maxout backward',
    'dy(n * dims.O + at % dims.O) / max(m, 1.0), m > 0.0',
    'dy(n * dims.O + at % dims.O), m > 0.0',
  ),
  hinge(
    'index',
    'the last target class left out of soft targets',
    'hinge',
    'most = c + 1u;',
    'most = max(c, least + 1u);',
  ),
  hinge('batch', 'one cotangent for all rows', 'hinge backward', 'dloss(n * dims.each)', 'dloss(0u)'),
  hinge(
    'formula',
    'the pull of others by a target of 1',
    'hinge backward',
    'goal(at_c) * select(0.0, 1.0,',
    'select(0.0, 1.0,',
  ),
  bce('boundary', 'a target of 1 divides by 1 − p as well', 'bce backward', 'if (t == 1.0) { return -1.0 / p; }', ''),
  cce('batch', 'the cotangent of the first row for all', 'cce backward', 'dloss(n * dims.each)', 'dloss(0u)'),
  minMax(
    'formula',
    'data past the most cut off',
    'minMaxNormalize',
    '(a(i) - least(d)) / (most(d) - least(d))',
    'clamp((a(i) - least(d)) / (most(d) - least(d)), 0.0, 1.0)',
  ),
  // functions: digits and ends
  fn('precision', 'the last coefficient of tanh left out', ['tanh', 'rnnCell forward'], ' + s * -0.0057049864', ''),
  fn(
    'precision',
    'e^v − 1 as a difference from 0.1 on',
    ['elu forward', 'adam'],
    'if (abs(v) >= 0.5)',
    'if (abs(v) >= 0.1)',
  ),
  fn(
    'precision',
    'e^v − 1 by its polynomial up to 1',
    ['elu forward', 'adam'],
    'if (abs(v) >= 0.5)',
    'if (abs(v) >= 1.0)',
  ),
  fn('precision', 'the last coefficient of e^v − 1 left out', ['elu forward', 'adam'], ' + v * 0.0001984981', ''),
  fn(
    'precision',
    'the last coefficient of log(1 + t) left out',
    ['softplus forward', 'bceWithLogits forward'],
    ' + s * 0.1400599331',
    '',
  ),
  fn(
    'boundary',
    'half of the subnormals pass for ordinary numbers',
    ['bce forward', 'cce forward'],
    'bits < 0x800000u',
    'bits < 0x400000u',
    { unseen: 'a probability from 2⁻¹²⁷ to 2⁻¹²⁶, on an adapter whose own logarithm takes it for 0' },
  ),
  fn('precision', 'the logarithm of 2¹⁴⁹ to five digits', ['bce forward', 'cce forward'], '103.27893', '103.28'),
  fn(
    'not a number',
    'the logarithm of a negative number is one',
    ['bce forward', 'cce forward'],
    'bits - 1u >= 0x7f7fffffu',
    '(bits - 1u >= 0x7f7fffffu) & (bits <= 0x7fffffffu)',
  ),
  fn(
    'boundary',
    'the logarithm of −0 is NaN',
    ['bce forward', 'cce forward'],
    'let is_zero = (bits & 0x7fffffffu) == 0u;',
    'let is_zero = bits == 0u;',
  ),

  // optimizers and dropout
  adam(
    'boundary',
    'a β₁ of 0 is one of e⁻¹⁰',
    'adam',
    'Math.max(Math.log(beta), -200)',
    'Math.max(Math.log(beta), -10)',
  ),
  adam(
    'time',
    'the count of steps stays',
    ['adam', 'programs'],
    'return Values(taken + 1.0);',
    'return Values(max(taken, 1.0));',
  ),
  adam(
    'formula',
    'the decay in the mean only',
    'adam',
    'params.rest2 * (gradient * gradient)',
    'params.rest2 * (g * g)',
  ),
  adam(
    'epsilon',
    'ε scaled by the correction',
    'adam',
    'corrected_mean / (sqrt(corrected_square) + params.epsilon)',
    'corrected_mean / (sqrt(corrected_square) + params.epsilon / sqrt(-expm1_(t * params.ln_beta2)))',
  ),
  adamw(
    'formula',
    'the decay by the rate squared',
    'adamw',
    '1 - attrs.learningRate * attrs.weightDecay',
    '1 - attrs.learningRate * attrs.learningRate * attrs.weightDecay',
  ),
  adadelta(
    'time',
    'the step by the deltas with its own',
    'adadelta',
    'sqrt(d + params.epsilon)',
    'sqrt(params.rho * d + params.epsilon)',
  ),
  adadelta(
    'formula',
    'the deltas gathered times the rate',
    'adadelta',
    'params.rest * (delta * delta)',
    'params.rest * (params.eta * delta * delta)',
  ),
  momentum(
    'attribute',
    'nesterov with the bare gradient',
    'momentum',
    'select(v, gradient + params.mu * v,',
    'select(v, g + params.mu * v,',
  ),
  dropout(
    'boundary',
    'what is kept is one word fewer',
    'dropout',
    'Math.ceil(keep * 2 ** 32) - 1',
    'Math.ceil(keep * 2 ** 32) - 2',
  ),
  dropout(
    'boundary',
    'what is kept is rounded down',
    'dropout',
    'Math.ceil(keep * 2 ** 32) - 1',
    'Math.floor(keep * 2 ** 32) - 1',
  ),
  dropout(
    'formula',
    'the reciprocal to three digits',
    'dropout',
    'scale: reciprocal(keep)',
    'scale: Math.round(1000 / keep) / 1000',
  ),
  dropout(
    'index',
    'streams from 65,536 on start again',
    'dropout',
    'dims.step, dims.stream, 0u',
    'dims.step, dims.stream & 0xffffu, 0u',
  ),

  // frame
]
