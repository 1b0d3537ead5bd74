import type { Edit, Touched, Variant } from './mutant.js'

/** Right answers made in other ways: other orders of the same sums, other routes to the same functions, other tiles. */

const variant =
  (path: string) =>
  (
    what: string,
    touches: Touched | readonly Touched[],
    ...edits: readonly (Omit<Edit, 'file'> & { readonly file?: string })[]
  ): Variant => ({
    id: `${path}: ${what}`,
    edits: edits.map((edit) => ({ file: `${path}.ts`, ...edit })),
    touches: typeof touches === 'string' ? [touches] : touches,
  })

const layer = (op: string) => variant(`adapters/plainF32/layers/${op}`)
const [dense, conv, gap, avg, training, inference, lrn, dropout] = [
  layer('dense'),
  layer('conv2d'),
  layer('globalAvgPool'),
  layer('avgPool2d'),
  layer('batchNormTraining'),
  layer('batchNormInference'),
  layer('localResponseNorm'),
  layer('dropout'),
]
const arithmetic = variant('adapters/plainF32/arithmetic')
const activation = (op: string) => variant(`adapters/plainF32/activations/${op}`)
const loss = (op: string) => variant(`adapters/plainF32/losses/${op}`)
const optimizer = (op: string) => variant(`adapters/plainF32/optimizers/${op}`)
const [tile, subgroup, reduction, plan] = [
  variant('accelerated/tile'),
  variant('accelerated/subgroupTile'),
  variant('accelerated/reduction'),
  variant('accelerated/plan'),
]

const denseSum = 'for (let i = 0; i < I; i++) sum = f32(sum + f32(at(w.data, o * I + i) * at(x.data, n * I + i)))'
const denseTerm = 'f32(at(w.data, o * I + i) * at(x.data, n * I + i))'
const root = 'f32(1 / sqrt(f32(variance + epsilon)))'
const rootOfRunning = 'f32(1 / sqrt(f32(at(runningVar.data, c) + epsilon)))'
const throughExponentials: readonly Touched[] = [
  'softmax',
  'logSoftmax',
  'sigmoid',
  'elu',
  'softplus',
  'softmaxCrossEntropy',
  'localResponseNorm',
  'bceWithLogits',
]

export const variants: readonly Variant[] = [
  // orders of summation
  dense('the sum from the last term to the first', 'dense forward', {
    find: 'for (let i = 0; i < I; i++) sum',
    replace: 'for (let i = I - 1; i >= 0; i--) sum',
  }),
  dense(
    'products fused into the sum',
    'dense',
    { find: denseTerm, replace: 'at(w.data, o * I + i) * at(x.data, n * I + i)' },
    { find: 'f32(at(w.data, weight) * d)', replace: 'at(w.data, weight) * d' },
    { find: 'f32(d * at(x.data, input))', replace: 'd * at(x.data, input)' },
  ),
  dense('Kahan’s sum', 'dense forward', {
    find: denseSum,
    replace: `for (let i = 0, lost = 0; i < I; i++) {\n        const term = f32(${denseTerm} - lost)\n        const next = f32(sum + term)\n        lost = f32(f32(next - sum) - term)\n        sum = next\n      }`,
  }),
  dense('a pairwise sum', 'dense forward', {
    find: denseSum,
    replace: `const pairwise = (from: number, to: number): number => {\n        if (to - from > 1) return f32(pairwise(from, (from + to) >> 1) + pairwise((from + to) >> 1, to))\n        const i = from\n        return ${denseTerm}\n      }\n      sum = pairwise(0, I)`,
  }),
  dense('four sums, then their sum', 'dense forward', {
    find: denseSum,
    replace: `const parts = [0, 0, 0, 0]\n      for (let i = 0; i < I; i++) parts[i % 4] = f32(parts[i % 4] + ${denseTerm})\n      sum = f32(f32(parts[0] + parts[1]) + f32(parts[2] + parts[3]))`,
  }),
  dense('sums in f64, rounded once', 'dense forward', {
    find: denseSum,
    replace: 'for (let i = 0; i < I; i++) sum += at(w.data, o * I + i) * at(x.data, n * I + i)\n      sum = f32(sum)',
  }),
  dense(
    'the bias first',
    'dense forward',
    { find: 'let sum = 0', replace: 'let sum = b === undefined ? 0 : at(b.data, o)' },
    { find: 'b === undefined ? sum : f32(at(b.data, o) + sum)', replace: 'sum' },
  ),
  conv(
    'channels from the last to the first',
    'conv2d',
    { find: 'for (let c = 0; c < Cg; c++)', replace: 'for (let c = Cg - 1; c >= 0; c--)', nth: 0 },
    { find: 'for (let c = 0; c < Cg; c++)', replace: 'for (let c = Cg - 1; c >= 0; c--)' },
  ),
  conv(
    'products fused into the sum',
    'conv2d',
    {
      find: 'f32(sum + f32(at(w.data, weights + kw) * pixel))',
      replace: 'f32(sum + at(w.data, weights + kw) * pixel)',
    },
    { find: 'f32(at(w.data, weight) * g))', replace: 'at(w.data, weight) * g)' },
  ),
  conv('samples from the last to the first in dw', 'conv2d backward', {
    find: 'for (let n = 0; n < N; n++)',
    replace: 'for (let n = N - 1; n >= 0; n--)',
    nth: 1,
  }),
  training(
    'statistics with Kahan’s sum',
    'batchNormTraining',
    { find: 'let squares = 0\n', replace: 'let squares = 0\n  let lost = 0\n' },
    {
      find: 'squares = f32(squares + f32(distance * distance))',
      replace:
        'const term = f32(f32(distance * distance) - lost)\n      const next = f32(squares + term)\n      lost = f32(f32(next - squares) - term)\n      squares = next',
    },
  ),

  // flushed subnormals
  arithmetic(
    'subnormals flushed',
    [
      'dense',
      'conv1d',
      'softmax',
      'sigmoid',
      'tanh',
      'batchNormTraining',
      'bce',
      'adam',
      'rmsprop',
      'adagrad',
      'mul',
      'softplus',
    ],
    {
      find: 'export const f32 = Math.fround',
      replace:
        'export const f32 = (x: number): number => {\n  const y = Math.fround(x)\n  return Math.abs(y) < 2 ** -126 ? 0 * y : y\n}',
    },
  ),

  // functions by other routes
  arithmetic('e^x as a power of 2', throughExponentials, {
    find: 'f32(Math.exp(x))',
    replace: 'f32(2 ** f32(x * f32(Math.LOG2E)))',
  }),
  arithmetic(
    'log x as a logarithm to base 2',
    ['bce', 'cce', 'softmaxCrossEntropy', 'logSoftmax', 'localResponseNorm'],
    { find: 'f32(Math.log(x))', replace: 'f32(f32(Math.log2(x)) * f32(Math.LN2))' },
  ),
  arithmetic('tanh by e^−2|x| − 1', ['tanh', 'rnnCell', 'rnn', 'lstmCell', 'lstm'], {
    find: 'f32(Math.tanh(x))',
    replace: 'f32(Math.sign(x) * f32(-f32(Math.expm1(-2 * Math.abs(x))) / f32(2 + f32(Math.expm1(-2 * Math.abs(x))))))',
  }),
  activation('sigmoid')('1/(1 + e^−x) on both sides of 0', 'sigmoid', {
    find: 'const power = exp(-Math.abs(x))\n  return f32((x < 0 ? power : 1) / f32(1 + power))',
    replace: 'return f32(1 / f32(1 + exp(-x)))',
  }),
  activation('sigmoid')('the slope as σ(x)·σ(−x)', 'sigmoid backward', {
    find: 'f32(f32(dy * y) * f32(1 - y))',
    replace: 'f32(dy * f32(y * sigmoid(-x)))',
  }),
  activation('tanh')('the slope as (1 − y)·(1 + y)', 'tanh backward', {
    find: 'f32(1 - f32(y * y))',
    replace: 'f32(f32(1 - y) * f32(1 + y))',
  }),
  activation('softmax')('by the reciprocal of the sum', 'softmax forward', {
    find: 'f32(at(y.data, place) / sum)',
    replace: 'f32(at(y.data, place) * f32(1 / sum))',
  }),
  training(
    '1/√ as the root of a reciprocal',
    'batchNormTraining',
    { find: root, replace: 'sqrt(f32(1 / f32(variance + epsilon)))', nth: 0 },
    { find: root, replace: 'sqrt(f32(1 / f32(variance + epsilon)))' },
  ),
  inference(
    '1/√ as the root of a reciprocal',
    'batchNormInference',
    { find: rootOfRunning, replace: 'sqrt(f32(1 / f32(at(runningVar.data, c) + epsilon)))', nth: 0 },
    { find: rootOfRunning, replace: 'sqrt(f32(1 / f32(at(runningVar.data, c) + epsilon)))' },
  ),
  inference(
    'a division by the root',
    'batchNormInference forward',
    { find: rootOfRunning, replace: 'sqrt(f32(at(runningVar.data, c) + epsilon))', nth: 0 },
    {
      find: 'f32(f32(at(x.data, place) - at(runningMean.data, c)) * r)',
      replace: 'f32(f32(at(x.data, place) - at(runningMean.data, c)) / r)',
      nth: 0,
    },
  ),
  gap(
    'by the reciprocal of the area',
    'globalAvgPool',
    { find: 'f32(sum / (H * W))', replace: 'f32(sum * f32(1 / (H * W)))' },
    { find: 'f32(at(dy.data, map) / (H * W))', replace: 'f32(at(dy.data, map) * f32(1 / (H * W)))' },
  ),
  avg(
    'by the reciprocal of the count',
    'avgPool2d',
    { find: 'f32(sum / count)', replace: 'f32(sum * f32(1 / count))' },
    { find: '+ j) / count)', replace: '+ j) * f32(1 / count))' },
  ),
  lrn('powers as powers', 'localResponseNorm', { find: 'exp(f32(-beta * log(s)))', replace: 'f32(s ** -beta)' }),
  dropout('by the reciprocal of keep', 'dropout', {
    find: 'f32(f32(at(v.data, i) * m) / keep)',
    replace: 'f32(at(v.data, i) * f32(m * f32(1 / keep)))',
  }),
  loss('hinge')('margins from differences', 'hinge forward', {
    find: 'f32(f32(1 + sj) - sc)',
    replace: 'f32(1 + f32(sj - sc))',
  }),
  loss('mse')('the cotangent first', 'mse backward', {
    find: 'd.data[i] = f32(f32(twice * cotangentOf(reduction, dloss, i)) / n)',
    replace: 'd.data[i] = f32(twice * f32(cotangentOf(reduction, dloss, i) / n))',
  }),
  loss('reduction')(
    'the mean of shares',
    ['mse forward', 'bce forward', 'cce forward'],
    {
      find: 'sum = f32(sum + at(values.data, i))',
      replace:
        "sum = f32(sum + (reduction === 'mean' ? f32(at(values.data, i) / values.data.length) : at(values.data, i)))",
    },
    { find: "reduction === 'mean' ? f32(sum / values.data.length) : sum", replace: 'sum' },
  ),
  loss('l2Penalty')(
    'β/2 in each term',
    'l2Penalty forward',
    { find: 'f32(at(w.data, i) * at(w.data, i))', replace: 'f32(f32(f32(beta / 2) * at(w.data, i)) * at(w.data, i))' },
    { find: 'f32(f32(beta / 2) * sum)', replace: 'sum' },
  ),
  optimizer('momentum')(
    'products fused',
    'momentum',
    { find: 'f32(f32(mu * at(velocity.data, i)) + gradient)', replace: 'f32(mu * at(velocity.data, i) + gradient)' },
    { find: 'f32(at(w.data, i) - f32(eta * direction))', replace: 'f32(at(w.data, i) - eta * direction)' },
  ),
  optimizer('adam')(
    'corrections in the size of the step',
    ['adam', 'adamw'],
    { find: 'f32(eta * f32(first / correction1))', replace: 'f32(f32(eta / correction1) * first)' },
    {
      find: 'f32(sqrt(f32(second / correction2)) + epsilon)',
      replace: 'f32(f32(sqrt(second) / sqrt(correction2)) + epsilon)',
    },
  ),
  optimizer('rmsprop')('by the reciprocal of the root', 'rmsprop', {
    find: 'f32(f32(eta * gradient) / root)',
    replace: 'f32(f32(eta * gradient) * f32(1 / root))',
  }),

  // other tiles, on the device
  tile(
    'multiply-adds fused',
    ['rnnCell', 'lstmCell forward', 'lstm'],
    { find: 's0 += left(r.x, k) * b;', replace: 's0 = fma(vec4<f32>(left(r.x, k)), b, s0);' },
    { find: 's1 += left(r.y, k) * b;', replace: 's1 = fma(vec4<f32>(left(r.y, k)), b, s1);' },
    { find: 's2 += left(r.z, k) * b;', replace: 's2 = fma(vec4<f32>(left(r.z, k)), b, s2);' },
    { find: 's3 += left(r.w, k) * b;', replace: 's3 = fma(vec4<f32>(left(r.w, k)), b, s3);' },
  ),
  tile('tiles for any number of rows', ['rnnCell', 'rnn', 'lstmCell', 'maxout'], {
    find: 'rows >= tileSize && columns >= tileSize',
    replace: 'rows > 0 && columns >= tileSize',
  }),
  subgroup('multiply-adds fused', ['dense', 'conv2d forward'], {
    find: 's${m * tile.S + t}_${j} += a * b${j};',
    replace: 's${m * tile.S + t}_${j} = fma(a, b${j}, s${m * tile.S + t}_${j});',
  }),
  subgroup('tiles however few of their rows exist', ['dense'], {
    find: '2 * rows < tileRows(choice.tile) || 2 * columns < tileColumns(choice.tile)',
    replace: 'rows < 1 || columns < 1',
  }),
  reduction('a workgroup for every long sum', ['dense backward', 'globalAvgPool', 'mse', 'scaleChannels backward'], {
    find: 'terms > 64 && outputs < 4096',
    replace: 'terms > 64',
  }),
  reduction('no workgroups for sums', ['dense backward', 'globalAvgPool', 'mse'], {
    find: 'terms > 64 && outputs < 4096 ? perWorkgroup : perInvocation',
    replace: 'terms > 2 ** 40 ? perWorkgroup : perInvocation',
  }),
  plan('no more than 1,000 workgroups in a row', ['add', 'dense', 'softmax', 'dropout'], {
    find: 'const x = Math.min(count, limit)',
    replace: 'const x = Math.min(count, 1000)',
  }),
  plan('every gradient made, asked for or not', ['dense backward', 'lstm backward', 'batchNormTraining backward'], {
    find: 'wants: (name) => node.outputs[name] !== undefined',
    replace: 'wants: (name) => node.outputs[name] !== undefined || node.inputs[name] !== undefined',
  }),
]
