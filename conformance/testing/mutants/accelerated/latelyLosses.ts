import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of losses, optimizers and normalizers, and of what is split for small bindings. */

const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const cce = mutantsOf('accelerated/losses/cce')
const hinge = mutantsOf('accelerated/losses/hinge')
const bce = mutantsOf('accelerated/losses/bce')
const logits = mutantsOf('accelerated/losses/bceWithLogits')
const adam = mutantsOf('accelerated/optimizers/adam')
const adagrad = mutantsOf('accelerated/optimizers/adagrad')
const adadelta = mutantsOf('accelerated/optimizers/adadelta')
const rmsprop = mutantsOf('accelerated/optimizers/rmsprop')
const momentum = mutantsOf('accelerated/optimizers/momentum')
const sgd = mutantsOf('accelerated/optimizers/sgd')
const minMax = mutantsOf('accelerated/normalizers/minMaxNormalize')
const zScore = mutantsOf('accelerated/normalizers/zScoreNormalize')

export const latelyLosses: readonly Mutant[] = [
  cross(
    'formula',
    'row by row, what forward has left is as if targets added up to 1',
    ['softmaxCrossEntropy', 'programs'],
    'set_left(2u * n + 1u, weight / powers);',
    'set_left(2u * n + 1u, 1.0 / powers);',
  ),
  cross(
    'formula',
    'by vectors, what forward has left or makes at once is as if targets added up to 1',
    ['softmaxCrossEntropy', 'programs'],
    'return OfRow(most, of_targets / sum, cost);',
    'return OfRow(most, 1.0 / sum, cost);',
  ),
  cross(
    'index',
    'row by row, of what forward has left rows past the eighth have its largest',
    ['softmaxCrossEntropy', 'programs'],
    'set_gradients(n, left(2u * n), left(2u * n + 1u)); }\n`,\n})\n\nconst vectorExp',
    'set_gradients(n, left(2u * min(n, 7u)), left(2u * n + 1u)); }\n`,\n})\n\nconst vectorExp',
  ),
  cross(
    'extent',
    'by vectors, no number past the 1,024th is the largest',
    'softmaxCrossEntropy',
    'for (var j = 1u; j < dims.fours; j++) { most',
    'for (var j = 1u; j < min(dims.fours, 256u); j++) { most',
  ),
  cce(
    'boundary',
    'negative targets have no gradient',
    'cce backward',
    't == 0.0 && !is_nan(p)',
    't <= 0.0 && !is_nan(p)',
  ),
  cce(
    'plan',
    'parts of rows begin with the first row’s targets',
    'cce forward',
    'slices: { prediction: C, goal: C, loss: 1 } }',
    'slices: { prediction: C, loss: 1 } }',
    { on: 'small bindings' },
  ),
  hinge(
    'plan',
    'parts of rows all have the target classes of the first',
    'hinge backward',
    'slices: { scores: C, goal: C, first: 1, past: 1, dscores: C,',
    'slices: { scores: C, goal: C, dscores: C,',
    { on: 'small bindings' },
  ),
  bce(
    'boundary',
    'a target near 0 passes for 0 in the gradient',
    'bce backward',
    'if (t == 0.0) { return 1.0',
    'if (abs(t) < 1e-3) { return 1.0',
  ),
  logits(
    'boundary',
    'the pull of targets on logits below −88 is that on −88',
    'bceWithLogits forward',
    'select(x, 0.0, x <= 0.0) - x * t',
    'select(x, 0.0, x <= 0.0) - max(x, -88.0) * t',
  ),
  // optimizers
  adam(
    'time',
    'the second correction one step late from the second step on',
    ['adam', 'adamw'],
    'expm1_(t * params.ln_beta2)',
    'expm1_(max(taken, 1.0) * params.ln_beta2)',
  ),
  adam(
    'time',
    'no decay in the first step',
    'adam',
    'params.lambda == 0.0);\n  let mean',
    'params.lambda == 0.0 || taken == 0.0);\n  let mean',
  ),
  adam(
    'formula',
    'the step by the larger of the new second moment and the old',
    ['adam', 'adamw'],
    'let corrected_square = square /',
    'let corrected_square = max(square, v) /',
  ),
  adam(
    'extent',
    'counts of steps are f16 past 2,048',
    ['adam', 'adamw'],
    'let t = taken + 1.0;',
    'let t = select(taken + 1.0, floor(taken / 2.0) * 2.0, taken >= 2048.0);',
  ),
  adagrad(
    'epsilon',
    'ε outside the root always',
    'adagrad',
    "scaledByRoot('accumulator', attrs,",
    "scaledByRoot('accumulator', { ...attrs, epsilonInside: false },",
  ),
  adadelta(
    'formula',
    'the decay in the step only',
    'adadelta',
    'params.rest * (gradient * gradient)',
    'params.rest * (g * g)',
  ),
  adadelta(
    'epsilon',
    'ε in the numerator only where nothing is gathered yet',
    'adadelta',
    'sqrt(d + params.epsilon) /',
    'sqrt(select(d, d + params.epsilon, d == 0.0)) /',
  ),
  rmsprop(
    'formula',
    'the decay in the mean of squares only',
    ['rmsprop', 'adagrad'],
    'w - params.eta * gradient / root',
    'w - params.eta * g / root',
  ),
  momentum(
    'formula',
    'nesterov looks ahead by the velocity before',
    'momentum',
    'gradient + params.mu * v, dims.nesterov',
    'gradient + params.mu * velocity, dims.nesterov',
  ),
  momentum(
    'time',
    'nesterov’s direction is kept for the velocity',
    'momentum',
    'params.eta * direction, v);',
    'params.eta * direction, direction);',
  ),
  sgd(
    'not a number',
    'an infinite weight that does not decay is NaN',
    'sgd',
    'select(g + params.lambda * w, g, params.lambda == 0.0)',
    'g + params.lambda * w',
  ),
  // normalizers
  minMax(
    'boundary',
    'a feature of a small range is constant',
    'minMaxNormalize',
    'if (most(d) == least(d)) {',
    'if (most(d) - least(d) <= 1.1920929e-7) {',
  ),
  minMax(
    'formula',
    'other data of a constant feature divided by 1',
    'minMaxNormalize',
    'set_y(i, params.low);',
    'set_y(i, params.low + params.span * (a(i) - least(d)));',
  ),
  zScore(
    'formula',
    'other data of a constant feature divided by 1',
    'zScoreNormalize',
    'set_y(i, 0.0);',
    'set_y(i, a(i) - mean(d));',
  ),
  zScore(
    'index',
    'features are constant that are the first one’s first number',
    'zScoreNormalize',
    'x(place(d, k)) == x(d)); }',
    'x(place(d, k)) == x(0u)); }',
  ),
  zScore(
    'extent',
    'a feature counts as constant if its first 64 rows are',
    'zScoreNormalize',
    'reduce(zScoreChanges, D, N,',
    'reduce(zScoreChanges, D, Math.min(N, 64),',
  ),
]
