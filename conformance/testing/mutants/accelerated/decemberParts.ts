import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Kernels of single ops, of December: zeros that are skipped, guards against what is no number, and short tables. */

const conv2d = mutantsOf('accelerated/layers/conv2d')
const blocks = mutantsOf('accelerated/layers/conv2dBlocks')
const transposed = mutantsOf('accelerated/layers/convTranspose2d')
const dense = mutantsOf('accelerated/layers/dense')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const scale = mutantsOf('accelerated/layers/scaleChannels')
const relu = mutantsOf('accelerated/activations/relu')
const softmax = mutantsOf('accelerated/activations/softmax')
const maxout = mutantsOf('accelerated/activations/maxout')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const mse = mutantsOf('accelerated/losses/mse')
const rmsprop = mutantsOf('accelerated/optimizers/rmsprop')

export const decemberParts: readonly Mutant[] = [
  // convolutions
  conv2d(
    'tail',
    'in December, db by vectors where all maps together are whole ones',
    ['conv1d backward', 'conv2d backward', 'convTranspose2d backward'],
    "plain.kernel.per !== 'workgroup' || area % 4 !== 0",
    "plain.kernel.per !== 'workgroup' || (N * area) % 4 !== 0",
    { and: [{ find: 'fours: area / 4,', replace: 'fours: Math.ceil(area / 4),' }] },
  ),
  conv2d(
    'group',
    'in December, each output alone, filters are dealt out to groups in turn',
    ['conv1d forward', 'conv2d forward'],
    'let first = dims.Cg * (o / (dims.O / dims.groups));',
    'let first = dims.Cg * (o % dims.groups);',
    { nth: 0 },
  ),
  conv2d(
    'stale',
    'in December, each pixel alone, a sum of 0 is not written',
    ['convTranspose2d forward', 'conv2d backward', 'programs'],
    'set_dx(flat, finished(channel, pixel(flat / (dims.W * dims.H * dims.C), channel, r, s)));',
    'let value = finished(channel, pixel(flat / (dims.W * dims.H * dims.C), channel, r, s));\n  if (value != 0.0) { set_dx(flat, value); }',
  ),
  blocks(
    'boundary',
    'in December, dx reads the row above a map',
    ['convTranspose2d forward', 'conv2d backward'],
    'let on_row${q} = (y${q} >= 0) & (map_row${q} * i32(dims.sh) == y${q})',
    'let on_row${q} = (map_row${q} * i32(dims.sh) == y${q})',
  ),
  transposed(
    'formula',
    'in December, what no product reaches has no bias',
    'convTranspose2d forward',
    'if (dims.hasBias == 1u) { return sum + b(channel); }',
    'if (dims.hasBias == 1u && sum != 0.0) { return sum + b(channel); }',
  ),
  transposed(
    'extent',
    'in December, biases past the 64th are the 64th',
    'convTranspose2d forward',
    'return sum + b(channel);',
    'return sum + b(min(channel, 63u));',
  ),
  // other layers
  dense(
    'not a number',
    'in December, each by itself, an input of 0 skips its weight',
    'dense forward',
    '    sum += w(o * dims.I + i) * x(n * dims.I + i);',
    '    let v = x(n * dims.I + i);\n    if (v != 0.0) { sum += w(o * dims.I + i) * v; }',
  ),
  norm(
    'subset',
    'in December, statistics of the batch only where y is wanted',
    ['batchNormTraining', 'programs'],
    '    ...statistics(sizes),\n    wants(',
    "    ...(wants('y') ? statistics(sizes) : []),\n    wants(",
  ),
  lrn(
    'epsilon',
    'in December, no scale is below 10⁻¹²',
    'localResponseNorm',
    'return params.k + params.share * squares;',
    'return max(params.k + params.share * squares, 1e-12);',
  ),
  lrn(
    'epsilon',
    'in December, no scale is below 10⁻¹², but NaN stays',
    'localResponseNorm',
    'return params.k + params.share * squares;',
    'let s = params.k + params.share * squares;\n  return select(s, 1e-12, s < 1e-12);',
  ),
  scale(
    'extent',
    'in December, scales past the 1,024th are the 1,024th',
    'scaleChannels',
    's(i / dims.area)',
    's(min(i / dims.area, 1023u))',
  ),
  // activations
  relu(
    'not a number',
    'in December, what is no number has no gradient',
    'relu backward',
    'select(dy, 0.0, (x < 0.0) | ((x == 0.0) & (dims.right == 0u)))',
    'select(0.0, dy, (x > 0.0) | ((x == 0.0) & (dims.right == 1u)))',
  ),
  softmax(
    'not a number',
    'in December, rows of −Infinity alone are zeros',
    'softmax forward',
    'most = largest();\n  let total = sum_total();',
    'most = max(largest(), -3.4e38);\n  let powers = sum_total();\n  let total = select(powers, 1.0, powers == 0.0);',
  ),
  maxout(
    'not a number',
    'in December, tiles of dw take an infinite input 0 times where another piece was the largest',
    'maxout backward',
    'return select(vec4<f32>(), dy(at) * right, first(at) == f32(row / dims.O));',
    'return select(0.0, dy(at), first(at) == f32(row / dims.O)) * right;',
  ),
  // losses and optimizers
  cross(
    'not a number',
    'in December, rows whose cotangent is 0 have a gradient of 0, whatever the logits',
    'softmaxCrossEntropy backward',
    'set_dlogits(i, (dlogits(i) * share - goal(i)) * d * params.scale);',
    'set_dlogits(i, select((dlogits(i) * share - goal(i)) * d * params.scale, 0.0, d == 0.0));',
    {
      nth: 0,
      and: [
        {
          find: 'set_dlogits(i, (dlogits(i) * share - goal(i)) * d * params.scale);',
          replace:
            'set_dlogits(i, select((dlogits(i) * share - goal(i)) * d * params.scale, vec4<f32>(), vec4<bool>(d == 0.0)));',
        },
      ],
    },
  ),
  mse(
    'not a number',
    'in December, infinities that are equal do not differ',
    'mse forward',
    'let difference = prediction(k) - goal(k);',
    'let difference = select(prediction(k) - goal(k), 0.0, prediction(k) == goal(k));',
    {
      and: [
        {
          find: 'let difference = prediction(i) - goal(i);',
          replace: 'let difference = select(prediction(i) - goal(i), 0.0, prediction(i) == goal(i));',
        },
      ],
    },
  ),
  rmsprop(
    'not a number',
    'in December, a gradient of 0 makes no step, be the root 0 too',
    ['adagrad', 'rmsprop'],
    'w - params.eta * gradient / root',
    'w - params.eta * select(gradient / root, 0.0, gradient == 0.0)',
  ),
]
