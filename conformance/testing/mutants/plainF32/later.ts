import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More faults of other backends: where two extents agree, where two attributes meet, and of what is in order. */

const dense = mutantsOf('adapters/plainF32/layers/dense')
const conv2d = mutantsOf('adapters/plainF32/layers/conv2d')
const transposed = mutantsOf('adapters/plainF32/layers/convTranspose2d')
const norm = mutantsOf('adapters/plainF32/layers/batchNormTraining')
const inference = mutantsOf('adapters/plainF32/layers/batchNormInference')
const concat = mutantsOf('adapters/plainF32/layers/concat')
const scale = mutantsOf('adapters/plainF32/layers/scaleChannels')
const avg = mutantsOf('adapters/plainF32/layers/avgPool2d')
const max = mutantsOf('adapters/plainF32/layers/maxPool2d')
const lstm = mutantsOf('adapters/plainF32/layers/lstm')
const softplus = mutantsOf('adapters/plainF32/activations/softplus')
const softmax = mutantsOf('adapters/plainF32/activations/softmax')
const minMax = mutantsOf('adapters/plainF32/normalizers/minMaxNormalize')
const cross = mutantsOf('adapters/plainF32/losses/softmaxCrossEntropy')
const adam = mutantsOf('adapters/plainF32/optimizers/adam')
const momentum = mutantsOf('adapters/plainF32/optimizers/momentum')

export const later: readonly Mutant[] = [
  // where two extents agree
  dense(
    'index',
    'a bias as long as the batch is one of samples',
    'dense forward',
    'f32(at(b.data, o) + sum)',
    'f32(at(b.data, N === O ? n : o) + sum)',
  ),
  norm(
    'index',
    'γ as long as a row is one of columns',
    'batchNormTraining forward',
    'f32(at(gamma.data, c) * normalized)',
    'f32(at(gamma.data, x.shape.at(-1) === C ? place % C : c) * normalized)',
  ),
  inference(
    'index',
    'β as long as a row is one of columns',
    'batchNormInference forward',
    'at(beta.data, c))',
    'at(beta.data, x.shape.at(-1) === gamma.data.length ? place % gamma.data.length : c))',
  ),
  scale(
    'index',
    'scales of as many samples as channels are transposed',
    'scaleChannels forward',
    'y.data[place] = f32(at(s.data, map) * at(x.data, place))',
    'y.data[place] = f32(at(s.data, s.shape[0] === s.shape[1] ? (map % s.shape[0]!) * s.shape[0]! + Math.floor(map / s.shape[0]!) : map) * at(x.data, place))',
  ),
  softmax(
    'index',
    'along the last of two axes that are as long as each other',
    'softmax forward',
    'const first = o * extent * inner + r',
    'if (inner === extent && outer === 1) return forward(_, { x }, { outer: inner, extent, inner: 1 } as never)\n      const first = o * extent * inner + r',
    { nth: 0 },
  ),
  // where two attributes meet
  conv2d(
    'attribute',
    'a filter of 1 × 1 takes no padding',
    'conv2d forward',
    'const row = i * sh + kh * dh - top',
    'const row = i * sh + kh * dh - (KH === 1 && KW === 1 ? 0 : top)',
    { nth: 0 },
  ),
  conv2d(
    'attribute',
    'gradients take no stride of rows where rows are dilated',
    'conv2d backward',
    'const row = i * sh + kh * dh - top',
    'const row = i * (dh > 1 ? 1 : sh) + kh * dh - top',
    { nth: 1 },
  ),
  conv2d(
    'attribute',
    'columns are dilated as rows in groups',
    'conv2d forward',
    'const column = j * sw + kw * dw - left',
    'const column = j * sw + kw * (groups > 1 ? dh : dw) - left',
    { nth: 0 },
  ),
  transposed(
    'attribute',
    'rows of output padding without the bias',
    'convTranspose2d forward',
    'y.data[place] = f32(at(b.data, o) + at(y.data, place))',
    'if (Math.floor((place % (Ho * Wo)) / Wo) + top < (H - 1) * sh + (KH - 1) * dh + 1) y.data[place] = f32(at(b.data, o) + at(y.data, place))',
  ),
  transposed(
    'attribute',
    'db of the rows only that some pixel reaches',
    'convTranspose2d backward',
    'db.data[o] = f32(at(db.data, o) + at(dy.data, place))',
    'if (Math.floor((place % (Ho * Wo)) / Wo) + top < (H - 1) * sh + (KH - 1) * dh + 1) db.data[o] = f32(at(db.data, o) + at(dy.data, place))',
  ),
  transposed(
    'group',
    'groups as wide in outputs as in inputs',
    'convTranspose2d forward',
    'const first = Og * Math.floor((c * groups) / C)',
    'const first = (C / groups) * Math.floor((c * groups) / C)',
    { nth: 0 },
  ),
  avg(
    'attribute',
    'real elements counted where a window hangs over, padding or not',
    'avgPool2d forward',
    'const count = countIncludePad',
    'const count = countIncludePad && i * sh + KH <= H + top + bottom && j * sw + KW <= W + left + right',
    { nth: 0 },
  ),
  softplus(
    'boundary',
    'linear from an x of 20 on, whatever β',
    'softplus forward',
    'y: map(x, (x) => f32(',
    'y: map(x, (x) => x > 20 ? x : f32(',
  ),
  // names and numbers in order, and ends
  concat(
    'index',
    'pieces in the order of their names as words',
    'concat',
    'Object.keys(inputs).map((_, q) => (inputs as Readonly<Record<string, Tensor32>>)[`x${q}`] as Tensor32)',
    'Object.keys(inputs).sort().map((name) => (inputs as Readonly<Record<string, Tensor32>>)[name] as Tensor32)',
  ),
  max(
    'not a number',
    'no window’s largest is below the least of f32',
    'maxPool2d',
    'let most = -Infinity',
    'let most = -3.4028234663852886e38',
  ),
  minMax(
    'index',
    'of data to transform no more rows than were fitted to',
    'minMaxNormalize',
    'for (let n = 0; n < rows; n++) {',
    'for (let n = 0; n < Math.min(rows, N); n++) {',
  ),
  cross(
    'formula',
    'targets that add up to less than 1 taken for 1',
    'softmaxCrossEntropy backward',
    'f32(f32(p * targets) - at(target.data, n * C + c))',
    'f32(f32(p * Math.max(targets, 1)) - at(target.data, n * C + c))',
  ),
  lstm(
    'time',
    'dcT forgotten where there is one step',
    'lstm backward',
    'let [dh, dc] = [dhT.data, dcT.data]',
    'let [dh, dc] = [dhT.data, T === 1 ? new Float32Array(N * H) : dcT.data]',
  ),
  adam(
    'boundary',
    'no corrections in the first step of a state that is 0',
    'adam',
    'f32(first / correction1)',
    'f32(first / (t === 1 && at(m.data, i) === 0 ? 1 : correction1))',
  ),
  momentum(
    'formula',
    'weight decay outside of nesterov’s direction',
    'momentum',
    'nesterov ? f32(gradient + f32(mu * v)) : v',
    'nesterov ? f32(at(g.data, i) + f32(mu * v)) : v',
  ),
]
