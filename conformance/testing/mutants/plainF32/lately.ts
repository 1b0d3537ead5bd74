import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More faults of other backends: what is left out where a number is 0, formulas of what was made, and extents that agree. */

const conv2d = mutantsOf('adapters/plainF32/layers/conv2d')
const transposed = mutantsOf('adapters/plainF32/layers/convTranspose2d')
const norm = mutantsOf('adapters/plainF32/layers/batchNormTraining')
const scale = mutantsOf('adapters/plainF32/layers/scaleChannels')
const avg = mutantsOf('adapters/plainF32/layers/avgPool2d')
const max = mutantsOf('adapters/plainF32/layers/maxPool2d')
const lrn = mutantsOf('adapters/plainF32/layers/localResponseNorm')
const scan = mutantsOf('adapters/plainF32/layers/recurrent')
const gru = mutantsOf('adapters/plainF32/layers/gru')
const gruCell = mutantsOf('adapters/plainF32/layers/gruCell')
const softmax = mutantsOf('adapters/plainF32/activations/softmax')
const cross = mutantsOf('adapters/plainF32/losses/softmaxCrossEntropy')
const mse = mutantsOf('adapters/plainF32/losses/mse')
const adam = mutantsOf('adapters/plainF32/optimizers/adam')
const adadelta = mutantsOf('adapters/plainF32/optimizers/adadelta')
const zScore = mutantsOf('adapters/plainF32/normalizers/zScoreNormalize')

export const lately: readonly Mutant[] = [
  // where a number is 0
  conv2d(
    'not a number',
    'a cotangent of 0 hands nothing on, be the pixel infinite',
    'conv2d backward',
    'db.data[o] = f32(at(db.data, o) + g)',
    'if (g === 0) continue\n          db.data[o] = f32(at(db.data, o) + g)',
  ),
  transposed(
    'boundary',
    'a pixel of 0 has no gradient',
    'convTranspose2d backward',
    'sum = f32(sum + f32(at(w.data, weight) * g))',
    'if (at(x.data, pixel) !== 0) sum = f32(sum + f32(at(w.data, weight) * g))',
  ),
  scale(
    'boundary',
    'ds of a scale of 0 is 0',
    'scaleChannels backward',
    'ds.data[map] = sum',
    'ds.data[map] = at(s.data, map) === 0 ? 0 : sum',
  ),
  norm(
    'formula',
    'dγ of what γ has made, divided by it again',
    'batchNormTraining backward',
    'ofGamma = f32(ofGamma + f32(at(dy.data, place) * normalized))',
    'ofGamma = f32(ofGamma + f32(at(dy.data, place) * f32(f32(normalized * at(gamma.data, c)) / at(gamma.data, c))))',
  ),
  softmax(
    'boundary',
    'a share that is less than the least normal number is 0',
    'softmax backward',
    'dx.data[place] = f32(at(y.data, place) * f32(at(dy.data, place) - sum))',
    'dx.data[place] = at(y.data, place) < 1e-20 ? 0 : f32(at(y.data, place) * f32(at(dy.data, place) - sum))',
  ),
  // edges
  avg(
    'attribute',
    'backward, the padding below is that above',
    'avgPool2d backward',
    'withPadding(i, sh, top, KH, H, bottom)',
    'withPadding(i, sh, top, KH, H, top)',
    { nth: 1 },
  ),
  max(
    'not a number',
    'of several NaN the first has the gradient',
    'maxPool2d backward',
    "const isFirst = ties === 'first' && !Number.isNaN(at(x.data, places[0] as number))",
    "const isFirst = ties === 'first'",
  ),
  lrn(
    'boundary',
    'backward, windows of an even size reach one further behind',
    'localResponseNorm backward',
    'Math.max(c - Math.ceil(size / 2) + 1, 0)',
    'Math.max(c - Math.floor(size / 2), 0)',
  ),
  // where extents agree
  scan(
    'index',
    'the state weights’ gradient by rows as long as those of inputs',
    ['rnn backward', 'lstm backward', 'rnnCell backward', 'lstmCell backward'],
    'wHh.data[r * H + k] = f32(at(wHh.data, r * H + k) + f32(d * at(h, n * H + k)))',
    'wHh.data[r * H + k] = f32(at(wHh.data, r * H + k) + f32(d * at(h, n * I + k)))',
  ),
  gru(
    'subset',
    'y’s cotangent of the last step ignored where hT’s is not 0',
    'gru backward',
    'f32(d + at(dy.data, t * N * H + i))',
    't === T - 1 && d !== 0 ? d : f32(d + at(dy.data, t * N * H + i))',
  ),
  gruCell(
    'boundary',
    'a reset gate that is shut hands no gradient on',
    ['gruCell backward', 'gru backward'],
    'const dr = f32(f32(dg * at(q, unit)) * f32(reset * f32(1 - reset)))',
    'const dr = reset < 1e-3 ? 0 : f32(f32(dg * at(q, unit)) * f32(reset * f32(1 - reset)))',
  ),
  // losses, optimizers, normalizers
  cross(
    'batch',
    'targets of rows past the fourth taken to add up to 1',
    'softmaxCrossEntropy backward',
    'const difference = f32(f32(p * targets)',
    'const difference = f32(f32(p * (n > 3 ? 1 : targets))',
  ),
  mse(
    'attribute',
    'a cotangent of 0 is one of 1',
    'mse backward',
    'f32(f32(twice * cotangentOf(reduction, dloss, i)) / n)',
    'f32(f32(twice * (cotangentOf(reduction, dloss, i) || 1)) / n)',
  ),
  adam(
    'time',
    'the step by the larger of the new second moment and the old',
    ['adam', 'adamw'],
    'sqrt(f32(second / correction2))',
    'sqrt(f32(Math.max(second, at(v.data, i)) / correction2))',
  ),
  adadelta(
    'epsilon',
    'ε in the numerator only where nothing is gathered yet',
    'adadelta',
    'f32(at(meanSquareDelta.data, i) + epsilon)',
    'f32(at(meanSquareDelta.data, i) + (at(meanSquareDelta.data, i) === 0 ? epsilon : 0))',
  ),
  zScore(
    'formula',
    'other data of a constant feature divided by 1',
    'zScoreNormalize',
    'constant ? 0 :',
    'constant ? f32(at(apply.data, n * D + d) - at(x.data, d)) :',
  ),
]
