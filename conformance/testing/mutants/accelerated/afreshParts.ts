import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'
import { f16 } from './rounded.js'

/** Activations, normalizers, losses and optimizers afresh: formulas that cancel, ties of many, and zeros with a sign. */

const fn = mutantsOf('accelerated/functions')
const sigmoid = mutantsOf('accelerated/activations/sigmoid')
const elu = mutantsOf('accelerated/activations/elu')
const step = mutantsOf('accelerated/activations/step')
const leaky = mutantsOf('accelerated/activations/leakyRelu')
const maxout = mutantsOf('accelerated/activations/maxout')
const zScore = mutantsOf('accelerated/normalizers/zScoreNormalize')
const minMax = mutantsOf('accelerated/normalizers/minMaxNormalize')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const rmsprop = mutantsOf('accelerated/optimizers/rmsprop')
const adam = mutantsOf('accelerated/optimizers/adam')
const cell = mutantsOf('accelerated/layers/gruCell')
const mse = mutantsOf('accelerated/losses/mse')

export const afreshParts: readonly Mutant[] = [
  // activations
  fn(
    'precision',
    'afresh, a sigmoid is no less than that of −30',
    ['sigmoid', 'softplus backward'],
    'let t = exp(-abs(v));\n  return select(select(t, 1.0',
    'let t = exp(-min(abs(v), 30.0));\n  return select(select(t, 1.0',
  ),
  sigmoid(
    'precision',
    'afresh, the slope as y − y²',
    'sigmoid backward',
    'return Values(dy * (sigmoid(x) * sigmoid(-x)));',
    'let y = sigmoid(x); return Values(dy * (y - y * y));',
    { equivalent: 'y·(1 − y) is admitted, absolute where y is near 1; this has one rounding more of the same size' },
  ),
  elu(
    'precision',
    'afresh, the slope on the left as y + α',
    'elu backward',
    'dy * (params.alpha * exp_(select(x, 0.0, x > 0.0)))',
    'dy * (params.alpha * expm1_(select(x, 0.0, x > 0.0)) + params.alpha)',
    { and: [{ find: '${expFunction}', replace: '${expm1Function}' }], equivalent: 'admitted by name' },
  ),
  step(
    'boundary',
    'afresh, −0 is below the step',
    'step',
    'select(0.0, 1.0, x >= 0.0)',
    'select(0.0, 1.0, x >= 0.0 && bitcast<u32>(x) < 0x80000000u)',
  ),
  leaky(
    'boundary',
    'afresh, the slope at 0 is that on the right where the other slope is negative',
    'leakyRelu backward',
    '(x == 0.0 && dims.right == 1u)',
    '(x == 0.0 && (dims.right == 1u || params.alpha < 0.0))',
  ),
  maxout(
    'boundary',
    'afresh, of more than two pieces that tie each has a half',
    'maxout backward',
    'select(0.0, count, (piece == most) | is_nan(piece)));',
    'select(0.0, min(count, 2.0), (piece == most) | is_nan(piece)));',
  ),
  // normalizers
  zScore(
    'precision',
    'afresh, mean and number divided each by itself',
    'zScoreNormalize',
    '(a(i) - mean(d)) / deviation(d)',
    'a(i) / deviation(d) - mean(d) / deviation(d)',
    { equivalent: 'it errs as much as the rounded mean does, ε·|μ|/σ, and constant features are decided before' },
  ),
  minMax(
    'precision',
    'afresh, by one factor for span and range',
    'minMaxNormalize',
    'params.span * ((a(i) - least(d)) / (most(d) - least(d)))',
    '(a(i) - least(d)) * (params.span / (most(d) - least(d)))',
    { equivalent: 'admitted by name' },
  ),
  norm(
    'precision',
    'afresh, by planes, as one factor and one shift',
    ['batchNormTraining forward', 'batchNormInference forward'],
    'gamma * ((x(p.i) - mean) * r) + beta);',
    'x(p.i) * (gamma * r) + (beta - mean * (gamma * r)));',
    { equivalent: 'it errs as much as the rounded mean does' },
  ),
  norm(
    'precision',
    'afresh, dγ where the statistics are kept as the difference of two sums',
    ['batchNormTraining', 'programs'],
    'own_gamma += pull * (x(i) - mean);',
    'own_gamma += pull * x(i);',
    {
      and: [
        {
          find: 'let gamma = across_lanes(lane, total(own_gamma)) * inverseSqrt(variance(c) + params.epsilon);',
          replace:
            'let gamma = (across_lanes(lane, total(own_gamma)) - mean * beta) * inverseSqrt(variance(c) + params.epsilon);',
        },
      ],
      unseen:
        'Within the bound: the mean of many numbers far from 0, added in any order, may move σ² by more than this.',
    },
  ),
  norm(
    'not a number',
    'afresh, running statistics move by their distance from the batch’s',
    'batchNormTraining forward',
    'return Values((1.0 - params.alpha) * running + params.alpha * (batch * params.factor));',
    'return Values(select(running + params.alpha * (batch * params.factor - running), batch * params.factor, params.alpha == 1.0));',
  ),
  // optimizers
  rmsprop(
    'attribute',
    'afresh, ε stands outside the root of a plain sum of squares',
    ['adagrad', 'rmsprop'],
    'let is_inside = dims.inside == 1u;',
    'let is_inside = dims.inside == 1u && params.rho < 1.0;',
  ),
  adam(
    'formula',
    'afresh, the correction of the second moment is none after 1,000 steps',
    ['adam', 'adamw', 'programs'],
    'let corrected_square = square / -expm1_(t * params.ln_beta2);',
    'let corrected_square = square / select(-expm1_(t * params.ln_beta2), 1.0, t > 1000.0);',
  ),
  // what is kept for the way back
  cell(
    'precision',
    'afresh, what the reset gate meets is kept in f16',
    ['gruCell backward', 'gru backward'],
    'set_inner(innerFirst + 2u * H, q);',
    `set_inner(innerFirst + 2u * H, ${f16('q')});`,
  ),
  // losses
  mse(
    'precision',
    'afresh, squares of each added and their products taken away',
    'mse forward',
    'let difference = prediction(k) - goal(k);\n  return difference * difference;',
    'return prediction(k) * prediction(k) - goal(k) * (2.0 * prediction(k) - goal(k));',
  ),
]
