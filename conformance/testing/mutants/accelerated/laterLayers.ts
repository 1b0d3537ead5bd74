import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of pools, norms, rows and losses. */

const norm = mutantsOf('accelerated/layers/batchNormTraining')
const max = mutantsOf('accelerated/layers/maxPool2d')
const avg = mutantsOf('accelerated/layers/avgPool2d')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const rows = mutantsOf('accelerated/rows')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const hinge = mutantsOf('accelerated/losses/hinge')
const minMax = mutantsOf('accelerated/normalizers/minMaxNormalize')
const dropout = mutantsOf('accelerated/layers/dropout')
const maxout = mutantsOf('accelerated/activations/maxout')

export const laterLayers: readonly Mutant[] = [
  norm(
    'epsilon',
    'no ε in dx of short channels',
    'batchNormTraining backward',
    'inverseSqrt(variance(c) + params.epsilon);\n  let normalized',
    'inverseSqrt(variance(c));\n  let normalized',
  ),
  norm(
    'divisor',
    'the variance of short channels by one less',
    'batchNormTraining',
    'set_variance(c, sum / params.m)',
    'set_variance(c, sum / max(params.m - 1.0, 1.0))',
  ),
  norm(
    'index',
    'β by the number of the element where channels are short',
    'batchNormTraining forward',
    '* r) + beta(c));\n}',
    '* r) + beta(i % dims.C));\n}',
  ),
  norm(
    'extent',
    'where a workgroup has several planes they begin one plane apart',
    ['batchNormTraining', 'batchNormInference forward'],
    'let begin = g / dims.C * dims.share * dims.S + lane;',
    'let begin = g / dims.C * dims.S + lane;',
    { equivalent: 'planes are made more often than once, and every time the same' },
  ),
  norm(
    'barrier',
    'a second sum begins before all have read the first',
    'batchNormTraining',
    '  let sum = of_lanes[0];\n  workgroupBarrier();\n  return sum;',
    '  return of_lanes[0];',
  ),
  norm(
    'barrier',
    'lanes add before the others are there',
    'batchNormTraining',
    '    workgroupBarrier();\n    if (lane < half) { of_lanes[lane] += of_lanes[lane + half]; }',
    '    if (lane < half) { of_lanes[lane] += of_lanes[lane + half]; }',
  ),
  norm(
    'extent',
    'where statistics are kept, channels past the 64th have its mean',
    ['batchNormTraining backward', 'programs'],
    'let mean = mean(c);\n  var own_beta',
    'let mean = mean(min(c, 63u));\n  var own_beta',
  ),
  // pools
  max(
    'not a number',
    'no window’s largest is below the least of f32',
    'maxPool2d',
    'var found = Maximum(x(row + left), row + left);',
    'var found = Maximum(max(x(row + left), -3.4028234e38), row + left);',
  ),
  max(
    'index',
    'columns that a stride skips take the window before',
    'maxPool2d backward',
    "['i1', 'j1', 'first_i <= i1', 'first_j <= j1']",
    "['i1', 'j1', 'first_i <= i1', 'true']",
  ),
  max(
    'tail',
    'by pairs, columns of the last block left out',
    'maxPool2d',
    'count: across * Math.ceil(fours / foursEach / across)',
    'count: Math.ceil(fours / foursEach)',
  ),
  max(
    'boundary',
    'by pairs, the first vector of a second row as of the first',
    'maxPool2d',
    '2u * column >= dims.across)',
    '2u * column > dims.across)',
  ),
  avg(
    'attribute',
    'the padding below is that above',
    'avgPool2d',
    'bottom: attrs.padding[1]',
    'bottom: attrs.padding[0]',
  ),
  avg(
    'index',
    'the image’s columns counted by its rows',
    'avgPool2d',
    'vec2<u32>(dims.top + dims.H, dims.left + dims.W)',
    'vec2<u32>(dims.top + dims.H, dims.left + dims.H)',
  ),
  lrn(
    'attribute',
    'windows of an even size reach as far to both sides',
    'localResponseNorm',
    'after: Math.min(Math.ceil(size / 2) - 1, C)',
    'after: Math.min(Math.floor(size / 2), C)',
  ),
  // rows
  rows(
    'stale',
    'the largest of a row of one invocation is at least 0',
    ['softmax', 'logSoftmax'],
    'var most = value(0u);\n  for (var j = 1u;',
    'var most = 0.0;\n  for (var j = 0u;',
  ),
  rows(
    'stale',
    'the largest of a workgroup’s row is at least 0',
    ['softmax', 'logSoftmax'],
    'var own = value(min(lane, dims.extent - 1u));',
    'var own = max(0.0, value(min(lane, dims.extent - 1u)));',
  ),
  rows(
    'barrier',
    'a second sum begins before all have read the first',
    ['softmax backward', 'softmaxCrossEntropy'],
    '  let sum = of_lanes[0];\n  workgroupBarrier();\n  return sum;',
    '  return of_lanes[0];',
  ),
  cross(
    'stale',
    'by vectors, the largest is at least 0',
    'softmaxCrossEntropy',
    'var most = logits(base);\n  for (var j = 1u;',
    'var most = vec4<f32>();\n  for (var j = 0u;',
  ),
  cross(
    'not a number',
    'by vectors, a target of 0 meets −Infinity',
    'softmaxCrossEntropy forward',
    'select(weight${q} * z${q}, vec4<f32>(), weight${q} == vec4<f32>())',
    'weight${q} * z${q}',
  ),
  cross(
    'index',
    'by vectors, the last of four numbers is never the largest',
    'softmaxCrossEntropy',
    'max(max(most.x, most.y), max(most.z, most.w))',
    'max(max(most.x, most.y), most.z)',
  ),
  hinge(
    'boundary',
    'negative targets pull nothing',
    'hinge backward',
    'select((n + 1u) * dims.C, 0u, goal(i) == 0.0)',
    'select((n + 1u) * dims.C, 0u, goal(i) <= 0.0)',
  ),
  minMax(
    'index',
    'as many rows are made as there are to fit to',
    'minMaxNormalize',
    "transformed(minMaxForward, sizes, has('apply')",
    "transformed(minMaxForward, { rows: N, D }, has('apply')",
  ),
  dropout(
    'index',
    'the upper half of the second word of the key lost',
    'dropout',
    'key0, key1, step',
    'key0, key1: key1 & 0xffff, step',
  ),
  dropout(
    'boundary',
    'steps are 31 bits',
    'dropout',
    'dims.step, dims.stream, 0u',
    'dims.step & 0x7fffffffu, dims.stream, 0u',
  ),
  maxout(
    'batch',
    'shared, ties of the first sample in db',
    'maxout backward',
    '  let m = tied(n * dims.K * dims.O + at);',
    '  let m = tied(at);',
  ),
]
