import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** What is wrong in one corner only: where two attributes meet, past an end, for one kind of numbers, or at one extent. */

const dense = mutantsOf('adapters/plainF32/layers/dense')
const conv2d = mutantsOf('adapters/plainF32/layers/conv2d')
const conv1d = mutantsOf('adapters/plainF32/layers/conv1d')
const max = mutantsOf('adapters/plainF32/layers/maxPool2d')
const avg = mutantsOf('adapters/plainF32/layers/avgPool2d')
const norm = mutantsOf('adapters/plainF32/layers/batchNormTraining')
const inference = mutantsOf('adapters/plainF32/layers/batchNormInference')
const lrn = mutantsOf('adapters/plainF32/layers/localResponseNorm')
const dropout = mutantsOf('adapters/plainF32/layers/dropout')
const scale = mutantsOf('adapters/plainF32/layers/scaleChannels')
const gap = mutantsOf('adapters/plainF32/layers/globalAvgPool')
const concat = mutantsOf('adapters/plainF32/layers/concat')
const gru = mutantsOf('adapters/plainF32/layers/gru')
const gruCell = mutantsOf('adapters/plainF32/layers/gruCell')
const lstm = mutantsOf('adapters/plainF32/layers/lstm')
const lstmCell = mutantsOf('adapters/plainF32/layers/lstmCell')
const rnn = mutantsOf('adapters/plainF32/layers/rnn')
const recurrent = mutantsOf('adapters/plainF32/layers/recurrent')
const sigmoid = mutantsOf('adapters/plainF32/activations/sigmoid')
const tanh = mutantsOf('adapters/plainF32/activations/tanh')
const elu = mutantsOf('adapters/plainF32/activations/elu')
const softplus = mutantsOf('adapters/plainF32/activations/softplus')
const softmax = mutantsOf('adapters/plainF32/activations/softmax')
const logSoftmax = mutantsOf('adapters/plainF32/activations/logSoftmax')
const maxout = mutantsOf('adapters/plainF32/activations/maxout')
const bce = mutantsOf('adapters/plainF32/losses/bce')
const logits = mutantsOf('adapters/plainF32/losses/bceWithLogits')
const hinge = mutantsOf('adapters/plainF32/losses/hinge')
const mse = mutantsOf('adapters/plainF32/losses/mse')
const reduction = mutantsOf('adapters/plainF32/losses/reduction')
const adam = mutantsOf('adapters/plainF32/optimizers/adam')
const adamw = mutantsOf('adapters/plainF32/optimizers/adamw')
const adadelta = mutantsOf('adapters/plainF32/optimizers/adadelta')
const adagrad = mutantsOf('adapters/plainF32/optimizers/adagrad')
const rmsprop = mutantsOf('adapters/plainF32/optimizers/rmsprop')
const momentum = mutantsOf('adapters/plainF32/optimizers/momentum')
const decayed = mutantsOf('adapters/plainF32/optimizers/decayed')
const zScore = mutantsOf('adapters/plainF32/normalizers/zScoreNormalize')

export const corners: readonly Mutant[] = [
  // products
  dense(
    'extent',
    'the bias left out where there is one output',
    'dense forward',
    'b === undefined ? sum',
    'b === undefined || O === 1 ? sum',
  ),
  dense(
    'extent',
    'inputs of an odd number past 64 lose their last',
    'dense forward',
    'i < I; i++) sum',
    'i < (I > 64 && I % 2 === 1 ? I - 1 : I); i++) sum',
  ),
  dense(
    'batch',
    'samples of the second half by the weights’ gradient only',
    'dense backward',
    'dx.data[input] = f32(',
    'if (N < 32 || n < N / 2) dx.data[input] = f32(',
  ),
  dense(
    'subset',
    'db at the rate of the batch',
    'dense backward',
    'f32(at(db.data, o) + d)',
    'f32(at(db.data, o) + (N > 100 ? d / N : d))',
  ),
  conv2d(
    'boundary',
    'the edge goes on into the padding',
    'conv2d forward',
    'inside ? at(x.data, pixels + column) : 0',
    'at(x.data, ((n * C + first + c) * H + Math.min(Math.max(row, 0), H - 1)) * W + Math.min(Math.max(column, 0), W - 1))',
  ),
  conv2d(
    'boundary',
    'the padding behind goes on from the edge',
    'conv2d forward',
    'inside ? at(x.data, pixels + column) : 0',
    'inside ? at(x.data, pixels + column) : column >= W && row >= 0 && row < H ? at(x.data, pixels + W - 1) : 0',
  ),
  conv2d(
    'attribute',
    'a dilation of rows above 2 taken for 2',
    'conv2d forward',
    'const row = i * sh + kh * dh - top',
    'const row = i * sh + kh * Math.min(dh, 2) - top',
    { nth: 0 },
  ),
  conv2d(
    'attribute',
    'padding on the left alone ignored',
    'conv2d forward',
    'const column = j * sw + kw * dw - left',
    'const column = j * sw + kw * dw - (top === 0 ? 0 : left)',
    { nth: 0 },
  ),
  conv2d(
    'group',
    'groups of two filters change places',
    'conv2d forward',
    'const first = Cg * Math.floor((o * groups) / O)',
    'const first = Cg * (O / groups === 2 && groups > 2 ? o % groups : Math.floor((o * groups) / O))',
    { nth: 0 },
  ),
  conv2d(
    'group',
    'more than 16 groups take the channels of the 16th',
    'conv2d forward',
    'const first = Cg * Math.floor((o * groups) / O)',
    'const first = Cg * Math.min(Math.floor((o * groups) / O), 15)',
    { nth: 0 },
  ),
  conv2d(
    'extent',
    'a filter of one row taken for one of one column',
    'conv2d forward',
    'const row = i * sh + kh * dh - top',
    'const row = i * (KH === 1 && KW > 1 && sw > 1 ? sw : sh) + kh * dh - top',
    { nth: 0 },
  ),
  conv2d(
    'extent',
    'channels past 96 but no whole 32 left out',
    'conv2d forward',
    'for (let c = 0; c < Cg; c++)',
    'for (let c = 0; c < (Cg > 96 ? Cg - (Cg % 32) : Cg); c++)',
    { nth: 0 },
  ),
  conv2d(
    'batch',
    'the last of more than 16 images as the one before',
    'conv2d forward',
    '((n * C + first + c) * H + row) * W',
    '(((N > 16 && n === N - 1 ? n - 1 : n) * C + first + c) * H + row) * W',
    { nth: 0 },
  ),
  conv2d(
    'subset',
    'dx in groups of what the first filter sees',
    'conv2d backward',
    'if (inside) dx.data[from]',
    'if (inside && (groups < 3 || o % (O / groups) === 0 || O === groups)) dx.data[from]',
  ),
  conv2d(
    'attribute',
    'dw by a stride of rows of at most 3',
    'conv2d backward',
    'const row = i * sh + kh * dh - top',
    'const row = i * Math.min(sh, 3) + kh * dh - top',
    { nth: 1 },
  ),
  conv1d(
    'attribute',
    'a stride above the filter skips one more',
    'conv1d forward',
    'const place = i * s + k * d - left',
    'const place = i * s + k * d - left - (s > K + 1 && i > 0 ? 1 : 0)',
    { nth: 0 },
  ),
  conv1d(
    'boundary',
    'the sequence comes round',
    'conv1d forward',
    'place >= 0 && place < L ? at(x.data, (n * C + first + c) * L + place) : 0',
    'at(x.data, (n * C + first + c) * L + (((place % L) + L) % L))',
  ),
  // pools
  max(
    'tail',
    'windows of more than four rows end at the fifth',
    'maxPool2d',
    'for (let kh = 0; kh < KH; kh++)',
    'for (let kh = 0; kh < Math.min(KH, 5); kh++)',
  ),
  max(
    'boundary',
    'the largest of negative numbers at the edge is 0',
    'maxPool2d forward',
    'at(x.data, place as number)',
    '(i * sh < top || j * sw < left ? Math.max(0, at(x.data, place as number)) : at(x.data, place as number))',
  ),
  max(
    'boundary',
    'of three that tie the second',
    'maxPool2d backward',
    'isFirst ? places.slice(0, 1)',
    'isFirst ? places.slice(places.length > 2 ? 1 : 0).slice(0, 1)',
  ),
  max(
    'divisor',
    'of more than two that tie each has half',
    'maxPool2d backward',
    'f32(d / takers.length)',
    'f32(d / Math.min(takers.length, 2))',
  ),
  avg(
    'divisor',
    'windows of more than 16 by 16',
    'avgPool2d forward',
    'f32(sum / count)',
    'f32(sum / (count > 16 && count < 20 ? 16 : count))',
  ),
  avg(
    'divisor',
    'padding counted on one axis only',
    'avgPool2d forward',
    'withPadding(i, sh, top, KH, H, bottom) * withPadding(j, sw, left, KW, W, right)',
    'withPadding(i, sh, top, KH, H, bottom) * (endColumn - firstColumn)',
    { nth: 0 },
  ),
  avg(
    'boundary',
    'a window behind the padding counts what is before it',
    'avgPool2d',
    'Math.min(window, before + size + after - i * stride)',
    'Math.min(window, size + after - i * stride + Math.min(before, 1))',
  ),
  gap('extent', 'maps of one pixel are halved', 'globalAvgPool', 'f32(sum / (H * W))', 'f32(sum / Math.max(H * W, 2))'),
  scale(
    'subset',
    'ds of the last map only where dx is small',
    'scaleChannels backward',
    'ds.data[map] = sum',
    'ds.data[map] = H * W === 1 ? 0 : sum',
  ),
  concat(
    'extent',
    'more than four pieces keep four',
    'concat',
    '(o * total + start) * inner + i',
    '(o * total + (q > 3 ? start - 1 : start)) * inner + i',
    { nth: 0 },
  ),
  concat(
    'index',
    'along the first of three axes or more by the second',
    'concat backward',
    'at(dy.data, (o * total + start) * inner + i)',
    'at(dy.data, (o * total + start) * inner + (inner > 6 && i === 0 ? 1 : i))',
  ),
  // normalizations
  norm(
    'extent',
    'channels of two numbers have a variance of 0',
    'batchNormTraining',
    'variance: f32(squares / m)',
    'variance: m === 2 ? 0 : f32(squares / m)',
  ),
  norm(
    'epsilon',
    'variances below ε are ε',
    'batchNormTraining forward',
    'const r = f32(1 / sqrt(f32(variance + epsilon)))\n    for',
    'const r = f32(1 / sqrt(f32(Math.max(variance, epsilon) + epsilon)))\n    for',
  ),
  norm(
    'formula',
    'the running variance by the factor of a batch',
    'batchNormTraining forward',
    'f32(f32(variance * m) / (m - 1))',
    'f32(f32(variance * N) / Math.max(N - 1, 1))',
  ),
  norm(
    'attribute',
    'a momentum of 1 keeps a tenth',
    'batchNormTraining forward',
    'const kept = f32(1 - alpha)',
    'const kept = alpha === 1 ? f32(0.1) : f32(1 - alpha)',
  ),
  inference(
    'boundary',
    'negative variances as they are',
    'batchNormInference forward',
    'const r = f32(1 / sqrt(f32(at(runningVar.data, c) + epsilon)))\n      for (let s = 0; s < S; s++) {\n        const place = (n * C + c) * S + s\n        const normalized = f32(f32(at(x.data, place) - at(runningMean.data, c)) * r)\n        y',
    'const r = f32(1 / sqrt(f32(Math.max(at(runningVar.data, c), 1e-12) + epsilon)))\n      for (let s = 0; s < S; s++) {\n        const place = (n * C + c) * S + s\n        const normalized = f32(f32(at(x.data, place) - at(runningMean.data, c)) * r)\n        y',
  ),
  lrn(
    'index',
    'even windows reach one further behind',
    'localResponseNorm',
    'Math.min(c + Math.ceil(size / 2), C)',
    'Math.min(c + Math.floor(size / 2) + 1, C)',
  ),
  lrn(
    'attribute',
    'a β of 1 and more is 1',
    'localResponseNorm',
    'exp(f32(-beta * log(s)))',
    'exp(f32(-Math.min(beta, 1) * log(s)))',
  ),
  lrn(
    'boundary',
    'scales below 1 are 1',
    'localResponseNorm',
    'exp(f32(-beta * log(s)))',
    'exp(f32(-beta * log(Math.max(s, 1))))',
  ),
  dropout(
    'boundary',
    'where all is kept the last word in 2³² is not',
    'dropout',
    'wordAt(key, i, step, stream) < kept',
    'wordAt(key, i, step, stream) < Math.min(kept, 2 ** 32 - 1)',
  ),
  dropout(
    'index',
    'masks go on from the stream',
    'dropout',
    'wordAt(key, i, step, stream)',
    'wordAt(key, i + (stream > 1 ? 1 : 0), step, stream)',
  ),
  dropout(
    'formula',
    'what is dropped keeps its sign',
    'dropout',
    'f32(f32(at(v.data, i) * m) / keep)',
    'm === 0 ? 0 : f32(f32(at(v.data, i) * m) / keep)',
  ),
  // recurrent layers
  gruCell(
    'gate',
    'reset and update gates swapped',
    ['gruCell', 'gru'],
    'const g = tanh(f32(at(s, row + 2 * H) + f32(r * q)))',
    'const g = tanh(f32(at(s, row + 2 * H) + f32(z * q)))',
  ),
  gruCell(
    'formula',
    'the reset gate by the state before the product',
    ['gruCell', 'gru'],
    'f32(r * q)',
    'f32(r * f32(q - at(bHh.data, 2 * H + j)) + at(bHh.data, 2 * H + j))',
  ),
  gruCell(
    'gate',
    'an update gate that is full keeps nothing',
    ['gruCell', 'gru'],
    'f32(f32(f32(1 - z) * g) + f32(z * at(h, unit)))',
    'z === 1 ? 0 : f32(f32(f32(1 - z) * g) + f32(z * at(h, unit)))',
  ),
  gruCell(
    'formula',
    'the new gate’s slope by q',
    ['gruCell backward', 'gru backward'],
    'f32(1 - f32(fresh * fresh))',
    'f32(1 - f32(fresh * at(q, unit)))',
  ),
  gruCell(
    'subset',
    'the second bias’s gradient of the new gate is the first’s',
    ['gruCell backward', 'gru backward'],
    'du[row + 2 * H] = f32(dg * reset)',
    'du[row + 2 * H] = dg',
  ),
  gru(
    'time',
    'the state of the first step in the last',
    'gru backward',
    'const before = t === 0 ? h0.data',
    'const before = t <= 1 ? h0.data',
  ),
  gru(
    'time',
    'dhT counts in every step',
    'gru backward',
    'dh = gruPulledBack(weights.wHh, du, straight, N)',
    'dh = gruPulledBack(weights.wHh, du, straight, N).map((d, i) => (t > 0 && T > 3 ? f32(d + at(dhT.data, i)) : d))',
  ),
  gru('extent', 'sequences of more than 16 steps start anew', 'gru', 'h = step.h', 'h = t === 16 ? h0 : step.h'),
  lstm('time', 'cT of the state', 'lstm forward', 'data: last.c }', 'data: T === 1 ? last.h : last.c }'),
  lstm(
    'subset',
    'dcT counts where dhT is not 0',
    'lstm backward',
    'let [dh, dc] = [dhT.data, dcT.data]',
    'let [dh, dc] = [dhT.data, dcT.data.map((d, i) => (at(dhT.data, i) === 0 ? 0 : d))]',
  ),
  lstmCell(
    'gate',
    'a forget gate above 0.99 is 1',
    ['lstmCell', 'lstm'],
    'nextC[unit] = f32(f32(f * at(c, unit))',
    'nextC[unit] = f32(f32((f > 0.99 ? 1 : f) * at(c, unit))',
  ),
  lstmCell(
    'boundary',
    'cells above 3 are cut off',
    ['lstmCell', 'lstm'],
    'nextC[unit] = f32(f32(f * at(c, unit)) + f32(i * g))',
    'nextC[unit] = Math.min(3, f32(f32(f * at(c, unit)) + f32(i * g)))',
  ),
  rnn(
    'time',
    'hT is that of the step before where there are several',
    'rnn forward',
    'hT: { shape: h0.shape, data: h }',
    'hT: { shape: h0.shape, data: T > 6 ? y.data.slice((T - 2) * N * H, (T - 1) * N * H) : h }',
  ),
  recurrent(
    'batch',
    'the weights’ gradients of more than 32 samples by 32',
    ['rnn backward', 'lstm backward'],
    'for (let n = 0; n < N; n++)\n    for (let r = 0; r < R; r++) {\n      const d = at(da, n * R + r)\n      b.data[r] = f32(at(b.data, r) + d)\n      for (let i',
    'for (let n = 0; n < Math.min(N, 32); n++)\n    for (let r = 0; r < R; r++) {\n      const d = at(da, n * R + r)\n      b.data[r] = f32(at(b.data, r) + d)\n      for (let i',
  ),
  // activations
  sigmoid(
    'precision',
    '0 below −20',
    'sigmoid forward',
    'const power = exp(-Math.abs(x))',
    'const power = x < -20 ? 0 : exp(-Math.abs(x))',
  ),
  sigmoid(
    'precision',
    'logistic of 8 terms',
    'sigmoid forward',
    'const power = exp(-Math.abs(x))',
    'const power = f32(1 / Math.pow(f32(1 + Math.abs(x) / 65536), 65536))',
  ),
  tanh(
    'precision',
    'x below 0.01',
    'tanh forward',
    '({ y: map(x, tanh) })',
    '({ y: map(x, (v) => (Math.abs(v) < 0.01 ? v : tanh(v))) })',
  ),
  tanh(
    'precision',
    '1 from 6 on',
    'tanh forward',
    '({ y: map(x, tanh) })',
    '({ y: map(x, (v) => (Math.abs(v) > 6 ? Math.sign(v) : tanh(v))) })',
  ),
  elu(
    'boundary',
    'negative numbers below −10 are −α',
    'elu forward',
    'f32(alpha * expm1(x))',
    'x < -10 ? -alpha : f32(alpha * expm1(x))',
  ),
  elu('attribute', 'a negative α is its size', 'elu', 'f32(alpha * expm1(x))', 'f32(Math.abs(alpha) * expm1(x))'),
  softplus(
    'precision',
    '0 below βx of −20',
    'softplus forward',
    'f32(Math.max(x, 0) + f32(',
    'beta * x < -20 ? 0 : f32(Math.max(x, 0) + f32(',
  ),
  softmax(
    'boundary',
    'numbers 40 below the largest are 0',
    'softmax forward',
    'const power = exp(f32(at(x.data, first + i * inner) - largest))',
    'const gap = f32(at(x.data, first + i * inner) - largest)\n        const power = gap < -40 ? 0 : exp(gap)',
  ),
  softmax(
    'extent',
    'rows of one number are the number',
    'softmax forward',
    'f32(at(y.data, place) / sum)',
    'extent === 1 ? at(x.data, place) : f32(at(y.data, place) / sum)',
  ),
  logSoftmax(
    'boundary',
    'logarithms no smaller than −80',
    'logSoftmax forward',
    'f32(f32(at(x.data, place) - largest) - ofSum)',
    'Math.max(-80, f32(f32(at(x.data, place) - largest) - ofSum))',
  ),
  logSoftmax(
    'index',
    'backward along inner axes by the outer row',
    'logSoftmax backward',
    'const first = o * extent * inner + r',
    'const first = o * extent * inner + (inner > 3 && r === 3 ? 2 : r)',
    { nth: 1 },
  ),
  maxout(
    'boundary',
    'of pieces that tie in threes the first two share',
    'maxout backward',
    "ties === 'share' ? tied :",
    "ties === 'share' ? tied.slice(0, 2) :",
  ),
  // losses
  bce('boundary', 'targets above ½ are 1', 'bce backward', 't === 1 ?', 't > 0.999 ?'),
  bce(
    'boundary',
    'probabilities of 1 are those of 1 − 2⁻²⁴',
    'bce forward',
    'log(f32(1 - p))',
    'log(Math.max(f32(1 - p), 2 ** -24))',
  ),
  logits(
    'boundary',
    'targets outside of 0 and 1 cut off',
    'bceWithLogits',
    '- f32(x * t))',
    '- f32(x * Math.min(1, Math.max(0, t))))',
  ),
  logits(
    'boundary',
    'the gradient of logits above 30 is 0',
    'bceWithLogits backward',
    'f32(sigmoid(at(logits.data, i)) - at(target.data, i))',
    'at(logits.data, i) > 30 ? 0 : f32(sigmoid(at(logits.data, i)) - at(target.data, i))',
  ),
  hinge(
    'formula',
    'soft targets rounded',
    'hinge forward',
    'f32(wanted * Math.max(',
    'f32(Math.round(wanted) * Math.max(',
  ),
  hinge(
    'formula',
    'negative targets take nothing away',
    'hinge',
    'if (wanted === 0) continue',
    'if (wanted <= 0) continue',
  ),
  mse(
    'extent',
    'a single number is no mean',
    'mse backward',
    'const n = divisorOf(reduction, d.data.length)',
    'const n = divisorOf(reduction, Math.max(d.data.length, 2))',
  ),
  reduction(
    'batch',
    'the cotangents of rows past the 64th are the first',
    ['mse backward', 'cce backward'],
    "reduction === 'none' ? i : 0",
    "reduction === 'none' ? (i > 64 ? 0 : i) : 0",
  ),
  reduction(
    'formula',
    'a negative cotangent of a sum is its size',
    ['mse backward', 'cce backward'],
    "at(dloss.data, reduction === 'none' ? i : 0)",
    "(reduction === 'sum' ? Math.abs(at(dloss.data, 0)) : at(dloss.data, reduction === 'none' ? i : 0))",
  ),
  // optimizers
  adam(
    'boundary',
    'an ε of 0 is 10⁻⁸',
    'adam',
    'f32(sqrt(f32(second / correction2)) + epsilon)',
    'f32(sqrt(f32(second / correction2)) + (epsilon === 0 ? 1e-8 : epsilon))',
  ),
  adam('boundary', 'a β₁ of 0 is 0.9', 'adam', 'const first = mean(beta1,', 'const first = mean(beta1 || 0.9,'),
  adam(
    'time',
    'a count from 2¹⁶ on starts again',
    'adam',
    'const t = f32(at(step.data, 0) + 1)',
    'const t = f32((at(step.data, 0) % 65536) + 1)',
  ),
  adamw(
    'attribute',
    'a decay without a rate',
    'adamw',
    'attrs.learningRate * attrs.weightDecay',
    'Math.min(attrs.learningRate, 1) * attrs.weightDecay',
  ),
  adadelta(
    'boundary',
    'a mean of steps of 0 is 1',
    'adadelta',
    'const root = sqrt(f32(at(meanSquareDelta.data, i) + epsilon))',
    'const root = sqrt(f32((at(meanSquareDelta.data, i) || 1e-6) + epsilon))',
  ),
  adagrad(
    'attribute',
    'the decay outside of the accumulator',
    'adagrad',
    'f32(at(accumulator.data, i) + f32(gradient * gradient))',
    'f32(at(accumulator.data, i) + f32(at(g.data, i) * at(g.data, i)))',
  ),
  rmsprop(
    'boundary',
    'gradients above 10 are cut off',
    'rmsprop',
    'const gradient = decayed(lambda, at(w.data, i), at(g.data, i))',
    'const gradient = Math.min(10, decayed(lambda, at(w.data, i), at(g.data, i)))',
  ),
  momentum(
    'boundary',
    'a first velocity of 0 is the gradient, dampened',
    'momentum',
    'const direction = nesterov',
    'const direction = mu > 0.95 && nesterov ? v : nesterov',
  ),
  decayed(
    'boundary',
    'a decay of less than 10⁻⁴ is none',
    ['sgd', 'momentum', 'adam'],
    'lambda === 0 ? g',
    'lambda < 1e-4 ? g',
  ),
  decayed(
    'formula',
    'a mean of which ρ is 0 keeps the old',
    ['rmsprop', 'adadelta', 'adam'],
    'f32(f32(rho * before) + f32(f32(1 - rho) * now))',
    'rho === 0 ? before : f32(f32(rho * before) + f32(f32(1 - rho) * now))',
  ),
  // normalizers and functions
  zScore('extent', 'two rows are constant', 'zScoreNormalize', 'constant ? 0', 'constant || N === 2 ? 0'),
  zScore(
    'boundary',
    'deviations below 10⁻⁶ are 10⁻⁶',
    'zScoreNormalize',
    'const deviation = sqrt(f32(squares / N))',
    'const deviation = Math.max(1e-6, sqrt(f32(squares / N)))',
  ),
  // what is kept and all but replaced
  ...(['rmsprop', 'adadelta', 'adam'] as const).map((op) =>
    decayed(
      'precision',
      `the mean of the recent as old + (1 − ρ)·(new − old), in ${op}`,
      op,
      'f32(f32(rho * before) + f32(f32(1 - rho) * now))',
      'f32(before + f32(f32(1 - rho) * f32(now - before)))',
    ),
  ),
  norm(
    'precision',
    'the running mean as old + α·(new − old)',
    'batchNormTraining forward',
    'f32(f32(kept * at(runningMean.data, c)) + f32(alpha * mean))',
    'f32(at(runningMean.data, c) + f32(alpha * f32(mean - at(runningMean.data, c))))',
  ),
  norm(
    'precision',
    'the running variance as old + α·(new − old)',
    'batchNormTraining forward',
    'f32(f32(kept * at(runningVar.data, c)) + f32(alpha * fresh))',
    'f32(at(runningVar.data, c) + f32(alpha * f32(fresh - at(runningVar.data, c))))',
  ),
]
