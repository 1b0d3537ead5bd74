import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

const bce = mutantsOf('accelerated/losses/bce')
const logits = mutantsOf('accelerated/losses/bceWithLogits')
const cce = mutantsOf('accelerated/losses/cce')
const hinge = mutantsOf('accelerated/losses/hinge')
const l2 = mutantsOf('accelerated/losses/l2Penalty')
const mse = mutantsOf('accelerated/losses/mse')

export const losses: readonly Mutant[] = [
  bce('formula', 'the second term left out', 'bce forward', ' + weighted_log(1.0 - t, 1.0 - p)', ''),
  bce('divisor', 'a sum is a mean', 'bce forward', "reduction === 'mean' ? 1 / n : 1", '1 / n', { nth: 0 }),
  bce('divisor', 'the gradient of a mean is that of a sum', 'bce backward', "reduction === 'mean' ? 1 / n : 1", '1', {
    nth: 1,
  }),
  bce(
    'boundary',
    'no weight of 0 is taken out of the gradient',
    'bce backward',
    'if (t == 0.0) { return 1.0 / (1.0 - p); }',
    '',
  ),
  bce('batch', 'one cotangent for all elements', 'bce backward', 'dloss(i * dims.each)', 'dloss(0u)'),
  bce(
    'precision',
    'probabilities clamped to 10⁻⁷',
    'bce forward',
    'return -(weighted_log(t, p) + weighted_log(1.0 - t, 1.0 - p));',
    'let q = clamp(p, 1e-7, 1.0 - 1e-7);\n  return -(weighted_log(t, q) + weighted_log(1.0 - t, 1.0 - q));',
  ),
  bce('epsilon', 'an ε inside the logarithm', 'bce forward', 'weighted_log(t, p) +', 'weighted_log(t, p + 1e-8) +'),
  logits(
    'precision',
    'the exponential of large logits overflows',
    'bceWithLogits forward',
    'select(x, 0.0, x <= 0.0) - x * t + log1p_(exp(-abs(x)))',
    'log(1.0 + exp(x)) - x * t',
  ),
  logits('formula', 'target and 1 − target swapped', 'bceWithLogits forward', '- x * t +', '- x * (1.0 - t) +'),
  logits('batch', 'one cotangent for all elements', 'bceWithLogits backward', 'dloss(i * dims.each)', 'dloss(0u)'),
  logits(
    'divisor',
    'the gradient of a sum is that of a mean',
    'bceWithLogits backward',
    "reduction === 'mean' ? 1 / n : 1",
    '1 / n',
    { nth: 1 },
  ),
  cce(
    'divisor',
    'the mean over all elements',
    'cce',
    "reduction === 'mean' ? 1 / N : 1",
    "reduction === 'mean' ? 1 / (N * C) : 1",
    { nth: 0 },
  ),
  cce('index', 'a cotangent for each element', 'cce backward', 'dloss(n * dims.each)', 'dloss(i * dims.each)'),
  cce('not a number', 'a target of 0 takes NaN away', 'cce backward', 't == 0.0 && !is_nan(p)', 't == 0.0'),
  cce(
    'boundary',
    'a target of 0 divides by p',
    'cce backward',
    'select(-t / p, 0.0, t == 0.0 && !is_nan(p))',
    '-t / p',
  ),
  cce(
    'epsilon',
    'probabilities no smaller than 10⁻⁷',
    'cce forward',
    'weighted_log(goal(i), prediction(i))',
    'weighted_log(goal(i), max(prediction(i), 1e-7))',
  ),
  cce('formula', 'only the first class of the targets', 'cce backward', 'let n = i / dims.C;', 'let n = 0u;'),
  hinge('formula', 'the target’s own margin counts', 'hinge forward', 'at_c == i || ', ''),
  hinge(
    'boundary',
    'a margin of 0 pulls',
    'hinge backward',
    'margin > 0.0 || (margin == 0.0 && dims.right == 1u)',
    'margin >= 0.0',
  ),
  hinge(
    'boundary',
    'the slope on the right of the corner for the others, not for the target',
    'hinge backward',
    'is_short(1.0 + (scores(k) - scores(i)))',
    '1.0 + (scores(k) - scores(i)) > 0.0',
  ),
  hinge(
    'not a number',
    'a NaN of a margin is 0',
    'hinge forward',
    'select(margin, 0.0, margin <= 0.0)',
    'max(margin, 0.0)',
  ),
  hinge('index', 'only the first class of soft targets', 'hinge', 'most = c + 1u;', 'most = least + 1u;'),
  hinge(
    'divisor',
    'the mean over classes, too',
    'hinge forward',
    "reduction === 'mean' ? 1 / N : 1",
    "reduction === 'mean' ? 1 / (N * C) : 1",
    { nth: 0 },
  ),
  hinge('formula', 'a class pulls once however many it violates', 'hinge backward', 'within++;', 'within = 1u;'),
  hinge(
    'extent',
    'no class past 255 is a target',
    'hinge',
    'c < dims.C; c++) {\n    if (goal',
    'c < min(dims.C, 256u); c++) {\n    if (goal',
  ),
  l2('formula', 'β for β/2', 'l2Penalty forward', 'half: beta / 2', 'half: beta'),
  l2('formula', 'the gradient without the cotangent', 'l2Penalty backward', '* dloss(0u)', ''),
  mse('formula', 'the gradient without the 2', 'mse backward', '2.0 * (prediction', '(prediction'),
  mse('batch', 'one cotangent for all elements', 'mse backward', 'dloss(i * dims.each)', 'dloss(0u)'),
  mse(
    'divisor',
    'a mean over half',
    'mse forward',
    "reduction === 'mean' ? 1 / n : 1",
    "reduction === 'mean' ? 2 / n : 1",
    { nth: 0 },
  ),
  mse(
    'subset',
    'no reduction squares nothing',
    'mse forward',
    'set_loss(i, difference * difference);',
    'set_loss(i, abs(difference));',
  ),
]
