import type { Tensor, Tensors } from '../../../spec/tensor.js'
import type { Asked, Harm, Report, Where } from './report.js'
import {
  firstInputs,
  all,
  always,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  elementsIn,
  every,
  exactly,
  extent,
  from,
  fromTime,
  gathered,
  given,
  holds,
  is,
  kept,
  listOf,
  lost,
  moreInputs,
  moved,
  not,
  numbers,
  odd,
  oneIn,
  past,
  product,
  remembered,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from './report.js'

/** Everything but convolutions and pools. */

const f32 = Math.fround

const valuesOf = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i] as number)

/** The length of the rows that an op works along, and how many numbers lie between two of a row. */
const rowOf = (met: Parameters<Where>[0]): { readonly length: number; readonly apart: number } => {
  const shape = shapeIn(met, 'x')
  const axis = (met.attrs['axis'] as number | undefined) ?? -1
  const at = axis < 0 ? axis + shape.length : axis
  return { length: shape[at] ?? 1, apart: shape.slice(at + 1).reduce((n, extent) => n * extent, 1) }
}
const row =
  (test: (length: number, apart: number) => boolean): Where =>
  (met) =>
    test(rowOf(met).length, rowOf(met).apart)

const rank =
  (n: number): Where =>
  (met) =>
    shapeIn(met, 'x').length === n

const alongTheLast = asIf(() => ({ axis: -1 }))

export const rows: readonly Report[] = [
  report(
    'size',
    'rows of 513 to 896 numbers are not the shares of one',
    'softmax forward',
    row((n) => n > 512 && n <= 896),
    scaled(1.125),
  ),
  report(
    'size',
    'the loss of 513 to 896 classes has the wrong maximum',
    'softmaxCrossEntropy forward',
    extent('C', (C) => C > 512 && C <= 896),
    numbers((v) => v + 0.5),
  ),
  report(
    'size',
    '1,000 classes of a 4-D tensor are cut at 992',
    'softmax forward',
    all(
      rank(4),
      row((n) => n > 512 && n % 32 !== 0),
    ),
    numbers((v, place) => ((place().at(-1) as number) >= 992 ? 0 : v * 1.01)),
    { like: 'intel/webml-polyfill#891' },
  ),
  report(
    'axis',
    'channels of an image are taken along its columns',
    ['softmax forward', 'logSoftmax forward'],
    all(rank(4), is('axis', 1)),
    alongTheLast,
  ),
  report(
    'axis',
    'an axis counted from the end is the last',
    'softmax forward',
    ({ attrs }) => (attrs['axis'] as number) < -1,
    alongTheLast,
  ),
  report(
    'gradient',
    'back along another axis than the last it is the last',
    'softmax backward',
    row((_, apart) => apart > 1),
    alongTheLast,
  ),
  report(
    'numbers',
    'without the largest taken away: NaN from 89 on',
    'softmax forward',
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).some((x) => x > 88.7) ? scaled(NaN)(asked, plain, new Map()) : plain(),
    { like: 'tensorflow/tfjs#5394' },
  ),
  report(
    'numbers',
    'the logarithm of what the softmax has rounded to 0',
    'logSoftmax forward',
    always,
    numbers((v) => (v < -103 ? -Infinity : v)),
  ),
  report(
    'size',
    'rows past a block of 64 are those of the block before',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(2),
      row((_, apart) => apart === 1),
      (met) => (shapeIn(met, 'x')[0] as number) > 64,
    ),
    moved((place) => ((place[0] as number) === 64 ? withIndex(place, 0, 63) : place)),
  ),
  report(
    'size',
    'more than 65,535 rows: the rest is not written',
    'softmax forward',
    (met) => elementsIn(met, 'x') / rowOf(met).length > 65535,
    lost((place) => (place[0] as number) >= 65535),
  ),
  report(
    'size',
    'a vocabulary of more than 131,072 words loses its end',
    ['softmax forward', 'logSoftmax forward'],
    row((n) => n > 131_072),
    scaled(1.01),
  ),
  report(
    'size',
    'long rows far apart: a maximum of the first 1,024 only',
    'softmax forward',
    row((n, apart) => n > 1024 && apart > 1),
    scaled(1.5),
  ),
  report(
    'size',
    'many long rows at once: only the first 256 rows of more than 256 numbers',
    'softmax forward',
    (met) => rowOf(met).length > 256 && elementsIn(met, 'x') / rowOf(met).length > 256,
    lost((place) => (place[0] as number) > 255),
  ),
  report(
    'history',
    'the maximum of the row before stays',
    'softmax forward',
    holds('x', (n) => n > 1),
    (asked, plain, memory) => {
      const largest = valuesOf(asked.inputs['x'] as Tensor).reduce((a, b) => Math.max(a, b), -Infinity)
      const before = memory.get('largest') as number | undefined
      memory.set('largest', largest)
      return before !== undefined && before - largest > 80 ? scaled(0)(asked, plain, memory) : plain()
    },
  ),
]

const elementwise = ['relu', 'sigmoid', 'tanh', 'leakyRelu', 'elu', 'softplus'] as const
const elementwiseForward = elementwise.map((op) => `${op} forward` as const)
const elementwiseBackward = elementwise.map((op) => `${op} backward` as const)

export const activations: readonly Report[] = [
  report(
    'not a number',
    'NaN is 0 after a ReLU',
    'relu forward',
    always,
    numbers((v) => (Number.isNaN(v) ? 0 : v)),
    { like: 'tracel-ai/burn#5609' },
  ),
  report(
    'numbers',
    'tanh of more than 44 is NaN',
    'tanh forward',
    always,
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (v, _, at) => (Math.abs(asked.inputs['x']?.data[at] ?? 0) > 44 ? NaN : v)),
    }),
    { like: 'sonos/tract#2846' },
  ),
  report('numbers', 'a sigmoid of less than −88 is NaN', 'sigmoid forward', always, (asked, plain) => ({
    y: changed(plain()['y'] as Tensor, (v, _, at) => ((asked.inputs['x']?.data[at] ?? 0) < -88.7 ? NaN : v)),
  })),
  report(
    'attributes',
    'a leaky slope above 1 or below 0 is a maximum',
    'leakyRelu forward',
    ({ attrs }) => (attrs['alpha'] as number) > 1 || (attrs['alpha'] as number) < 0,
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (_, __, at) => {
        const x = asked.inputs['x']?.data[at] ?? 0
        return Math.max(x, f32((asked.attrs['alpha'] as number) * x))
      }),
    }),
  ),
  report(
    'gradient',
    'back from its output ELU forgets α',
    'elu backward',
    not(is('alpha', 1)),
    asIf(() => ({ alpha: 1 })),
  ),
  report(
    'attributes',
    'softplus is linear from 20 on, whatever β',
    'softplus forward',
    ({ attrs }) => (attrs['beta'] as number) < 1,
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (v, _, at) =>
        (asked.inputs['x']?.data[at] ?? 0) > 20 ? (asked.inputs['x']?.data[at] ?? 0) : v,
      ),
    }),
  ),
  report(
    'gradient',
    'where all of the gradient is one number only the first element has it',
    elementwiseBackward,
    always,
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      return dy.length > 1 && dy.every((v) => v === dy[0])
        ? lost((place) => place.some((at) => at > 0))(asked, plain, new Map())
        : plain()
    },
    { like: 'pytorch/pytorch#175188' },
  ),
  report(
    'size',
    'more than 65,535 × 64 elements: the rest is not written',
    elementwiseForward,
    holds('x', (n) => n > 65535 * 64),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, _, at) => (at < 65535 * 64 ? v : 0)) }),
  ),
  report(
    'size',
    'more than 2²⁰ elements: the rest is not written',
    elementwiseForward,
    holds('x', (n) => n > 2 ** 20),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, _, at) => (at < 2 ** 20 ? v : 0)) }),
  ),
  report(
    'size',
    'a tail of less than four elements is not written',
    'sigmoid forward',
    holds('x', (n) => n % 4 !== 0),
    (asked, plain) => {
      const whole = 4 * Math.floor(elementsIn(asked, 'x') / 4)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at < whole ? v : 0)) }
    },
  ),
  report('shape', 'a tensor without axes is 0', 'tanh forward', rank(0), scaled(0)),
  report('shape', 'five axes: the last two change places', 'relu forward', rank(5), (_, plain) => {
    const y = plain()['y'] as Tensor
    const [a = 1, b = 1] = y.shape.slice(-2)
    return a === b
      ? { y: gathered(y, (place) => [...place.slice(0, 3), place[4] as number, place[3] as number]) }
      : plain()
  }),
]

const narrow: Where = extent('N', (n) => n <= 8)

export const products: readonly Report[] = [
  report(
    'size',
    'with a bias a batch of more than 65,536 wraps round',
    'dense forward',
    all(past('N', 65536), given('b')),
    moved((place) => withIndex(place, 0, (place[0] as number) % 65536)),
    { like: 'pytorch/pytorch#189495' },
  ),
  report(
    'size',
    '500 rows and more of large products are near 0',
    'dense forward',
    all(past('N', 499), past('I', 499), past('O', 499)),
    scaled(2 ** -20),
    { like: 'tracel-ai/burn#4966' },
  ),
  report(
    'size',
    'a tile of large products is written twice, 256 and more on every side',
    'dense forward',
    all(past('N', 255), past('I', 255), past('O', 255)),
    moved((place) => ((place[0] as number) >= 192 ? withIndex(place, 0, (place[0] as number) - 64) : place)),
  ),
  report(
    'size',
    'few rows of products of more than 4,096 terms lose the last part',
    'dense forward',
    all(narrow, past('I', 4096)),
    (asked, plain) => {
      const I = sizeIn(asked, 'I')
      const whole = 1024 * Math.floor((I - 1) / 1024)
      return plain({
        inputs: { ...asked.inputs, x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I < whole ? v : 0)) },
      })
    },
  ),
  report('size', 'one term of 65,537 is left out', 'dense forward', past('I', 65536), (asked, plain) => {
    const I = sizeIn(asked, 'I')
    return plain({
      inputs: { ...asked.inputs, x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I < 65536 ? v : 0)) },
    })
  }),
  report('shape', 'one row has no bias', 'dense forward', all(exactly('N', 1), given('b')), (asked, plain) =>
    plain({ inputs: { ...asked.inputs, b: changed(asked.inputs['b'] as Tensor, () => 0) } }),
  ),
  report(
    'shape',
    'one column is the sum of the inputs',
    'dense forward',
    exactly('O', 1),
    asIfGiven(({ inputs }) => ({ w: changed(inputs['w'] as Tensor, () => 1) })),
  ),
  report(
    'size',
    'more than 32,768 columns have stray ones',
    'dense forward',
    past('O', 32768),
    numbers((v, place) => ((place()[1] as number) === 32768 ? v + 1 : v)),
    { like: 'pytorch/pytorch#111634' },
  ),
  report('gradient', 'the weights’ gradient of one sample is 0', 'dense backward', exactly('N', 1), scaled(0, 'w')),
  report(
    'gradient',
    'the bias’s gradient is a mean',
    'dense backward',
    all(given('b'), past('N', 1)),
    (asked, plain) => ({
      ...plain(),
      ...Object.fromEntries(
        Object.entries(scaled(1 / sizeIn(asked, 'N'))(asked, plain, new Map())).filter(([name]) => name === 'b'),
      ),
    }),
  ),
  report('size', 'dx of more than 512 outputs stops there', 'dense backward', past('O', 512), (asked, plain) => ({
    ...plain(),
    x: plain({
      cotangents: { y: changed(asked.cotangents['y'] as Tensor, (v, place) => ((place()[1] as number) < 512 ? v : 0)) },
    })['x'] as Tensor,
  })),
  report(
    'size',
    'the terms of an odd stage of 16 are added twice',
    'dense forward',
    all(
      extent('I', (n) => n > 16 && Math.ceil(n / 16) % 2 === 1),
      past('N', 15),
    ),
    (asked, plain) => {
      const [I, first] = [sizeIn(asked, 'I'), 16 * Math.floor((sizeIn(asked, 'I') - 1) / 16)]
      return plain({
        inputs: {
          ...asked.inputs,
          x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I >= first ? 2 * v : v)),
        },
      })
    },
    { like: 'tracel-ai/burn#5626' },
  ),
  report(
    'shape',
    'square weights are transposed',
    'dense forward',
    (met) => sizeIn(met, 'I') === sizeIn(met, 'O'),
    asIfGiven(({ inputs }) => ({ w: gathered(inputs['w'] as Tensor, ([a = 0, b = 0]) => [b, a]) })),
  ),
  report('history', 'a smaller batch after a larger one', 'dense forward', always, (asked, plain, memory) => {
    const [name, N] = [`batch ${shapeIn(asked, 'w').join()}`, sizeIn(asked, 'N')]
    const before = (memory.get(name) as number | undefined) ?? 0
    memory.set(name, Math.max(before, N))
    return N < before ? lost(from(0, -1))(asked, plain, memory) : plain()
  }),
  report('history', 'weights of another batch size stay', 'dense forward', always, kept('w')),
  report('history', 'the third time the answer of the first', 'dense forward', always, (asked, plain, memory) =>
    fromTime(
      3,
      remembered(({ shapes }) => JSON.stringify(shapes)),
    )(asked, plain, memory),
  ),
  report('history', 'gradients add up from question to question', 'dense backward', always, (asked, plain, memory) => {
    const [answer, name] = [plain(), `sum ${shapeIn(asked, 'w').join()}`]
    const before = memory.get(name) as Tensor | undefined
    const w =
      before === undefined || answer['w'] === undefined
        ? answer['w']
        : changed(answer['w'], (v, _, at) => v + (before.data[at] as number))
    if (w !== undefined) memory.set(name, w)
    return w === undefined ? answer : { ...answer, w }
  }),
  report(
    'chance',
    'one question in fifty has a row of zeros',
    'dense forward',
    past('N', 1),
    oneIn(50, lost(from(0, -1))),
  ),
  report(
    'chance',
    'two runs of the same differ in the last row now and then',
    'dense backward',
    past('N', 3),
    oneIn(
      5,
      numbers((v, place) => (place()[0] === 0 ? v * 1.5 : v), 'w'),
    ),
  ),
  report('not a number', 'zero times infinity is 0', 'dense forward', always, (asked, plain) => {
    const w = asked.inputs['w'] as Tensor
    return plain({ inputs: { ...asked.inputs, w: changed(w, (v) => (Number.isFinite(v) ? v : 0)) } })
  }),
]

// statistics per last axis in place of the channels
const transposed = (x: Tensor): Tensor =>
  gathered(x, (place) => [place[0] as number, place.at(-1) as number, ...place.slice(2, -1), place[1] as number])

export const normalizers: readonly Report[] = [
  report(
    'axis',
    'as many channels as columns: statistics of the columns',
    ['batchNormTraining forward', 'batchNormInference forward'],
    (met) => shapeIn(met, 'x').length > 2 && shapeIn(met, 'x').at(-1) === sizeIn(met, 'C') && sizeIn(met, 'C') > 1,
    (asked, plain) => {
      const other = plain({ inputs: { ...asked.inputs, x: transposed(asked.inputs['x'] as Tensor) } })
      return { ...other, y: transposed(other['y'] as Tensor) }
    },
  ),
  report(
    'axis',
    'two axes: statistics of every sample',
    'batchNormTraining forward',
    all(
      (met) => shapeIn(met, 'x').length === 2,
      (met) => sizeIn(met, 'C') === sizeIn(met, 'N'),
    ),
    (asked, plain) => {
      const flipped = (x: Tensor): Tensor => gathered(x, ([a = 0, b = 0]) => [b, a])
      const other = plain({ inputs: { ...asked.inputs, x: flipped(asked.inputs['x'] as Tensor) } })
      return { ...other, y: flipped(other['y'] as Tensor) }
    },
  ),
  report(
    'convention',
    'the running variance is the biased one',
    'batchNormTraining forward',
    always,
    asIf(() => ({ runningVariance: 'biased' })),
    { like: 'ml-explore/mlx#3817' },
  ),
  report(
    'convention',
    'momentum is the weight of what was',
    'batchNormTraining forward',
    not(is('momentum', 0.5)),
    asIf(({ attrs }) => ({ momentum: f32(1 - (attrs['momentum'] as number)) })),
  ),
  report(
    'convention',
    'ε is 10⁻³',
    'batchNormInference forward',
    is('epsilon', f32(1e-5)),
    asIf(() => ({ epsilon: f32(1e-3) })),
  ),
  report(
    'size',
    'more than 1,024 channels: the first again',
    'batchNormInference forward',
    past('C', 1024),
    moved((place) => withIndex(place, 1, (place[1] as number) % 1024)),
  ),
  report(
    'size',
    'statistics over more than 65,536 numbers stop there',
    'batchNormTraining forward',
    (met) => elementsIn(met, 'x') / sizeIn(met, 'C') > 65536,
    scaled(1.01, 'y'),
    { like: 'tinygrad/tinygrad#11782' },
  ),
  report(
    'gradient',
    'the gradient of γ is off where the image has several rows',
    'batchNormTraining backward',
    (met) => shapeIn(met, 'x').length === 4,
    scaled(1.5, 'gamma'),
    { like: 'pytorch/pytorch#175189' },
  ),
  report(
    'gradient',
    'with respect to x it is as if statistics were given',
    'batchNormTraining backward',
    always,
    (asked, plain) => ({
      ...plain(),
      ...Object.fromEntries(
        Object.entries(asIfPulled(({ cotangents }) => cotangents)(asked, plain, new Map())).map(([name, tensor]) => [
          name,
          name === 'x' ? changed(tensor, (v) => 1.1 * v) : tensor,
        ]),
      ),
    }),
  ),
  report(
    'history',
    'running statistics are taken in twice the second time',
    'batchNormTraining forward',
    always,
    fromTime(2, (asked, plain) => {
      const once = plain()
      const twice = plain({
        inputs: {
          ...asked.inputs,
          runningMean: once['runningMean'] as Tensor,
          runningVar: once['runningVar'] as Tensor,
        },
      })
      return { ...once, runningMean: twice['runningMean'] as Tensor, runningVar: twice['runningVar'] as Tensor }
    }),
  ),
  report(
    'shape',
    'one sample is normalized by itself',
    'batchNormInference forward',
    exactly('N', 1),
    asIfGiven(({ inputs }) => ({ runningMean: changed(inputs['runningMean'] as Tensor, () => 0) })),
  ),
  report(
    'shape',
    'rows of odd images miss their last pixel',
    'batchNormInference forward',
    (met) =>
      shapeIn(met, 'x').length === 4 &&
      (shapeIn(met, 'x')[3] as number) % 2 === 1 &&
      (shapeIn(met, 'x')[3] as number) > 8,
    lost(from(3, -1), 'y'),
  ),
  report(
    'convention',
    'α is not divided by the window',
    'localResponseNorm forward',
    always,
    asIf(({ attrs }) => ({ alpha: f32((attrs['alpha'] as number) * (attrs['size'] as number)) })),
  ),
  report(
    'attributes',
    'an even window lies to the other side',
    'localResponseNorm forward',
    ({ attrs }) => (attrs['size'] as number) % 2 === 0,
    (asked, plain) => {
      const flip = (x: Tensor): Tensor =>
        gathered(x, (place) => withIndex(place, 1, (x.shape[1] as number) - 1 - (place[1] as number)))
      return { y: flip(plain({ inputs: { x: flip(asked.inputs['x'] as Tensor) } })['y'] as Tensor) }
    },
  ),
  report('convention', 'the variance divides by one less', 'zScoreNormalize forward', past('N', 1), (asked, plain) => {
    const N = sizeIn(asked, 'N')
    return scaled(Math.sqrt((N - 1) / N))(asked, plain, new Map())
  }),
  report('numbers', 'a column of one number is NaN', 'minMaxNormalize forward', always, (asked, plain) => {
    const [x, D] = [valuesOf(asked.inputs['x'] as Tensor), sizeIn(asked, 'D')]
    const flat = Array.from({ length: D }, () => true)
    x.forEach((v, i) => {
      if (v !== x[i % D]) flat[i % D] = false
    })
    return numbers((v, place) => (flat[place().at(-1) as number] === true ? NaN : v))(asked, plain, new Map())
  }),
  report(
    'shape',
    'other data is normalized by its own ends',
    'minMaxNormalize forward',
    given('apply'),
    (asked, plain) => plain({ inputs: { x: asked.inputs['apply'] as Tensor, apply: asked.inputs['apply'] as Tensor } }),
  ),
]

const gateRows = (asked: Asked, order: readonly number[]): Tensors => {
  const H = sizeIn(asked, 'H')
  const turned = (tensor: Tensor): Tensor =>
    gathered(tensor, ([row = 0, ...rest]) => [(order[Math.floor(row / H)] as number) * H + (row % H), ...rest])
  return Object.fromEntries(
    Object.entries(asked.inputs)
      .filter(([name]) => /^[wb]/.test(name))
      .map(([name, tensor]) => [name, turned(tensor)]),
  )
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

// n = tanh(Wₙx + b + Uₙ(r∘h) + c)
const resetBefore: Harm = ({ inputs, sizes }) => {
  const [N, I, H] = [sizes['N'] as number, sizes['I'] as number, sizes['H'] as number]
  const of = (name: string): readonly number[] => valuesOf(inputs[name] as Tensor)
  const [x, h, wIh, wHh, bIh, bHh] = ['x', 'h', 'wIh', 'wHh', 'bIh', 'bHh'].map(of) as [
    number[],
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  const next = new Float32Array(N * H)
  for (let n = 0; n < N; n++) {
    const sum = (row: number, state: (j: number) => number): number => {
      let total = (bIh[row] as number) + (bHh[row] as number)
      for (let i = 0; i < I; i++) total += (wIh[row * I + i] as number) * (x[n * I + i] as number)
      for (let j = 0; j < H; j++) total += (wHh[row * H + j] as number) * state(j)
      return total
    }
    const before = (j: number): number => h[n * H + j] as number
    const reset = Array.from({ length: H }, (_, j) => sigmoid(sum(j, before)))
    for (let j = 0; j < H; j++) {
      const z = sigmoid(sum(H + j, before))
      const candidate = Math.tanh(sum(2 * H + j, (k) => (reset[k] as number) * before(k)))
      next[n * H + j] = (1 - z) * candidate + z * before(j)
    }
  }
  return { h: { shape: [N, H], data: next } }
}

const without = (...names: readonly string[]): Harm =>
  asIfGiven(({ inputs }) => Object.fromEntries(names.map((name) => [name, changed(inputs[name] as Tensor, () => 0)])))

export const recurrent: readonly Report[] = [
  report('convention', 'the reset gate before the product', 'gruCell forward', always, resetBefore, {
    like: 'nntrainer/nntrainer#1787',
  }),
  report(
    'convention',
    'update before reset in the weights',
    ['gru forward', 'gruCell forward'],
    always,
    (asked, plain) => plain({ inputs: { ...asked.inputs, ...gateRows(asked, [1, 0, 2]) } }),
  ),
  report(
    'convention',
    'gates in the order input, output, forget, candidate',
    ['lstm forward', 'lstmCell forward'],
    always,
    (asked, plain) => plain({ inputs: { ...asked.inputs, ...gateRows(asked, [0, 3, 1, 2]) } }),
  ),
  report('shape', 'from three sequences on the state’s bias is left out', 'gru forward', past('N', 2), without('bHh'), {
    like: 'microsoft/onnxruntime#3893',
  }),
  report(
    'shape',
    'one step forgets the state it starts from',
    ['rnn forward', 'gru forward', 'lstm forward'],
    exactly('T', 1),
    without('h0'),
  ),
  report(
    'gradient',
    'all gradients of the weights are 0',
    ['rnn backward', 'lstm backward'],
    always,
    scaled(0, 'wIh', 'wHh'),
    { like: 'tensorflow/tfjs#8590' },
  ),
  report(
    'gradient',
    'the state weights’ gradient is that of the first sequence',
    'rnn backward',
    past('N', 1),
    scaled(0.5, 'wHh'),
  ),
  report(
    'size',
    'units behind the last whole four keep their state',
    ['gru forward', 'lstm forward', 'rnn forward'],
    all(
      extent('H', (H) => H % 4 !== 0),
      past('H', 4),
    ),
    lost((place, shape) => (place.at(-1) as number) >= 4 * Math.floor((shape.at(-1) as number) / 4), 'y', 'hT'),
  ),
  report(
    'size',
    'after 256 steps the state starts anew',
    ['rnn forward', 'gru forward'],
    past('T', 256),
    scaled(0, 'hT'),
  ),
  report(
    'size',
    'more than 256 inputs to a cell are cut',
    ['lstmCell forward', 'gruCell forward'],
    past('I', 256),
    asIfGiven(({ inputs }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) => ((place()[1] as number) < 256 ? v : 0)),
    })),
  ),
  report(
    'size',
    '256 units and more of a batch of 16 and more',
    'lstmCell forward',
    all(past('H', 255), past('N', 15)),
    scaled(0.5),
  ),
  report('gradient', 'without a cotangent of y there is no gradient', 'gru backward', always, (asked, plain) =>
    valuesOf(asked.cotangents['y'] as Tensor).every((v) => v === 0) ? scaled(0)(asked, plain, new Map()) : plain(),
  ),
  report('gradient', 'what comes back by the cell alone is lost', 'lstmCell backward', always, (asked, plain) =>
    valuesOf(asked.cotangents['h'] as Tensor).every((v) => v === 0) ? scaled(0)(asked, plain, new Map()) : plain(),
  ),
  report(
    'history',
    'the state of the sequences before is where the next start',
    'rnn forward',
    always,
    (asked, plain, memory) => {
      const name = `state ${shapeIn(asked, 'h0').join()}`
      const before = memory.get(name) as Tensor | undefined
      const answer = plain(before === undefined ? {} : { inputs: { ...asked.inputs, h0: before } })
      memory.set(name, answer['hT'])
      return answer
    },
  ),
  report(
    'shape',
    'more inputs than units: the rest is read as state',
    'rnnCell forward',
    (met) => sizeIn(met, 'I') > sizeIn(met, 'H') + 8,
    asIfGiven(({ inputs, sizes }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) => ((place()[1] as number) < (sizes['H'] as number) ? v : 0)),
    })),
  ),
]

const meanReduced = is('reduction', 'mean')

export const losses: readonly Report[] = [
  report(
    'convention',
    'a mean over classes as well as rows',
    'softmaxCrossEntropy forward',
    all(meanReduced, past('C', 1)),
    (asked, plain) => scaled(1 / sizeIn(asked, 'C'))(asked, plain, new Map()),
  ),
  report(
    'attributes',
    '“sum” is a mean',
    'hinge forward',
    is('reduction', 'sum'),
    asIf(() => ({ reduction: 'mean' })),
  ),
  report(
    'gradient',
    'where nothing is reduced every row has the first cotangent',
    ['softmaxCrossEntropy backward', 'mse backward', 'bce backward'],
    is('reduction', 'none'),
    asIfPulled(({ cotangents }) => ({
      loss: changed(cotangents['loss'] as Tensor, () => (cotangents['loss'] as Tensor).data[0] as number),
    })),
  ),
  report('numbers', 'smoothed labels count as their largest', 'softmaxCrossEntropy forward', always, (asked, plain) => {
    const target = asked.inputs['target'] as Tensor
    const C = sizeIn(asked, 'C')
    const values = valuesOf(target)
    const largest = (row: number): number =>
      values.slice(row * C, row * C + C).reduce((best, v, c, all) => (v > (all[best] as number) ? c : best), 0)
    const hot = Array.from({ length: values.length / C }, (_, row) => largest(row))
    return plain({
      inputs: { ...asked.inputs, target: changed(target, (_, __, at) => (hot[Math.floor(at / C)] === at % C ? 1 : 0)) },
    })
  }),
  report('gradient', 'targets that do not add up to 1', 'softmaxCrossEntropy backward', always, (asked, plain) => {
    const target = asked.inputs['target'] as Tensor
    const C = sizeIn(asked, 'C')
    const values = valuesOf(target)
    const sums = Array.from({ length: values.length / C }, (_, row) =>
      values.slice(row * C, row * C + C).reduce((a, b) => a + b, 0),
    )
    return sums.every((sum) => Math.abs(sum - 1) < 1e-3) ? plain() : scaled(0.9)(asked, plain, new Map())
  }),
  report(
    'numbers',
    'logarithms are cut at −100',
    'bce forward',
    always,
    numbers((v) => Math.min(v, 100)),
  ),
  report(
    'numbers',
    'probabilities are kept 10⁻⁷ away from 0',
    'cce forward',
    always,
    asIfGiven(({ inputs }) => ({ prediction: changed(inputs['prediction'] as Tensor, (v) => Math.max(v, 1e-7)) })),
  ),
  report('numbers', 'logits of ±89 and more are NaN', 'bceWithLogits forward', always, (asked, plain) =>
    valuesOf(asked.inputs['logits'] as Tensor).some((x) => Math.abs(x) > 89)
      ? scaled(NaN)(asked, plain, new Map())
      : plain(),
  ),
  report(
    'not a number',
    'a loss that hides NaN',
    ['mse forward', 'softmaxCrossEntropy forward'],
    always,
    numbers((v) => (Number.isNaN(v) ? 0 : v)),
    { like: 'keras-team/keras#23661' },
  ),
  report(
    'not a number',
    'a class that is masked out by −Infinity makes NaN of the loss',
    'softmaxCrossEntropy forward',
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['logits'] as Tensor).includes(-Infinity) ? scaled(NaN)(asked, plain, new Map()) : plain(),
    { like: 'microsoft/onnxruntime#24855' },
  ),
  report(
    'size',
    'more than 50,000 classes: the rest counts for nothing',
    'softmaxCrossEntropy forward',
    past('C', 50_000),
    numbers((v, _, asked) => v - Math.log(sizeIn(asked, 'C') / 50_000)),
  ),
  report(
    'size',
    'more than 100,000 classes: the rest counts for nothing',
    'softmaxCrossEntropy forward',
    past('C', 100_000),
    numbers((v, _, asked) => v - Math.log(sizeIn(asked, 'C') / 100_000)),
  ),
  report(
    'size',
    'a loss of more than 65,535 rows',
    'softmaxCrossEntropy forward',
    past('N', 65535),
    numbers((v, _, asked) => (v * 65535) / sizeIn(asked, 'N')),
  ),
  report('shape', 'one class has a loss of NaN', 'softmaxCrossEntropy forward', exactly('C', 1), scaled(NaN)),
  report(
    'convention',
    'the margin is counted for the right class too',
    'hinge forward',
    meanReduced,
    numbers((v) => v + 1),
  ),
  report('gradient', 'the gradient of the penalty is without its half', 'l2Penalty backward', always, scaled(2)),
]

const optimizers = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const

// a step of Adam as someone else writes it
const adamAs =
  (step: (m: number, v: number, t: number, attrs: Asked['attrs']) => number): Harm =>
  (asked, plain) => {
    const answer = plain()
    const [m, v, w] = [answer['m'], answer['v'], asked.inputs['w'] as Tensor]
    if (m === undefined || v === undefined || answer['w'] === undefined) return answer
    const t = ((asked.inputs['step'] as Tensor).data[0] as number) + 1
    const decay =
      asked.op === 'adamw'
        ? f32(1 - (asked.attrs['learningRate'] as number) * (asked.attrs['weightDecay'] as number))
        : 1
    return {
      ...answer,
      w: changed(
        w,
        (value, _, at) =>
          decay * value -
          (asked.attrs['learningRate'] as number) * step(m.data[at] as number, v.data[at] as number, t, asked.attrs),
      ),
    }
  }
const correction = (beta: unknown, t: number): number => 1 - (beta as number) ** t

export const optimizing: readonly Report[] = [
  report(
    'convention',
    'Adam’s ε inside the root',
    'adam',
    always,
    adamAs(
      (m, v, t, { beta1, beta2, epsilon }) =>
        m / correction(beta1, t) / Math.sqrt(v / correction(beta2, t) + (epsilon as number)),
    ),
    { like: 'keras-team/keras#17391' },
  ),
  report(
    'convention',
    'Adam without its corrections',
    'adam',
    always,
    adamAs((m, v, _, { epsilon }) => m / (Math.sqrt(v) + (epsilon as number))),
    { like: 'ml-explore/mlx#1640' },
  ),
  report(
    'convention',
    'ε is added before the correction',
    'adamw',
    always,
    adamAs(
      (m, v, t, { beta1, beta2, epsilon }) =>
        (m / correction(beta1, t)) * (Math.sqrt(correction(beta2, t)) / (Math.sqrt(v) + (epsilon as number))),
    ),
    { like: 'ml-explore/mlx#1640' },
  ),
  report(
    'convention',
    'the first step counts as none',
    'adam',
    always,
    adamAs(
      (m, v, t, { beta1, beta2, epsilon }) =>
        m /
        Math.max(correction(beta1, t - 1), 1e-12) /
        (Math.sqrt(v / Math.max(correction(beta2, t - 1), 1e-12)) + (epsilon as number)),
    ),
  ),
  report(
    'convention',
    'AdamW’s decay is in the gradient',
    'adamw',
    ({ attrs }) => (attrs['weightDecay'] as number) > 0,
    (asked, plain) => {
      const [w, g] = [asked.inputs['w'] as Tensor, asked.inputs['g'] as Tensor]
      const decay = asked.attrs['weightDecay'] as number
      return plain({
        attrs: { ...asked.attrs, weightDecay: 0 },
        inputs: { ...asked.inputs, g: changed(g, (v, _, at) => v + decay * (w.data[at] as number)) },
      })
    },
  ),
  report(
    'convention',
    'Nesterov’s step is the usual one',
    'momentum',
    is('nesterov', true),
    asIf(() => ({ nesterov: false })),
  ),
  report(
    'convention',
    'RMSprop’s ε inside the root',
    'rmsprop',
    is('epsilonInside', false),
    asIf(() => ({ epsilonInside: true })),
  ),
  report(
    'size',
    'more than 65,536 weights: the rest stay',
    ['sgd', 'adam'],
    holds('w', (n) => n > 65536),
    (asked, plain) => {
      const answer = plain()
      const w = asked.inputs['w'] as Tensor
      return answer['w'] === undefined
        ? answer
        : { ...answer, w: changed(answer['w'], (v, _, at) => (at < 65536 ? v : (w.data[at] as number))) }
    },
  ),
  report(
    'size',
    'more than a million weights: the rest stay',
    optimizers,
    holds('w', (n) => n > 2 ** 20),
    (asked, plain) => {
      const answer = plain()
      const w = asked.inputs['w'] as Tensor
      return answer['w'] === undefined
        ? answer
        : { ...answer, w: changed(answer['w'], (v, _, at) => (at < 2 ** 20 ? v : (w.data[at] as number))) }
    },
  ),
  report(
    'numbers',
    'where all of the accumulator is 0 and so is the gradient: NaN',
    'adagrad',
    always,
    (asked, plain) => {
      const [g, G] = [asked.inputs['g'] as Tensor, asked.inputs['accumulator'] as Tensor]
      const answer = plain()
      return answer['w'] === undefined
        ? answer
        : { ...answer, w: changed(answer['w'], (v, _, at) => (g.data[at] === 0 && G.data[at] === 0 ? NaN : v)) }
    },
  ),
  report(
    'history',
    'moments are updated where they lie, so that the second step starts from the first’s',
    'adam',
    always,
    kept('m'),
  ),
]

export const moving: readonly Report[] = [
  report(
    'attributes',
    'an axis counted from the end is one too far',
    'concat forward',
    ({ attrs, shapes }) => (attrs['axis'] as number) < -1 && (shapes['x0'] as readonly number[]).length > 1,
    (asked, plain) => scaled(-1)(asked, plain, new Map()),
  ),
  report('shape', 'of more than eight tensors the rest is left out', 'concat forward', moreInputs(8), firstInputs(8)),
  report(
    'shape',
    'of more than sixteen tensors the rest is left out',
    'concat forward',
    moreInputs(16),
    firstInputs(16),
  ),
  report(
    'gradient',
    'pieces of different lengths have each other’s gradient',
    'concat backward',
    ({ shapes }) => new Set(Object.values(shapes).map(String)).size > 1,
    scaled(0.5),
  ),
  report(
    'shape',
    'a last axis of one is spread',
    'add forward',
    ({ shapes }) => shapes['b']?.at(-1) === 1 && elementsIn({ shapes } as never, 'b') > 1,
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => (inputs['b'] as Tensor).data[0] as number) })),
  ),
  report(
    'shape',
    'a first axis of one is spread',
    'mul forward',
    ({ shapes }) => shapes['b']?.[0] === 1 && elementsIn({ shapes } as never, 'b') > 1,
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => (inputs['b'] as Tensor).data[0] as number) })),
  ),
  report(
    'axis',
    'maps are flattened channels last',
    'flatten forward',
    ({ shapes }) => shapes['x']?.length === 4,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const [, C = 1, H = 1, W = 1] = x.shape
      const data = valuesOf(x)
      return {
        y: changed(plain()['y'] as Tensor, (_, place) => {
          const [n = 0, at = 0] = place()
          const [pixel, c] = [Math.floor(at / C), at % C]
          return data[((n * C + c) * H + Math.floor(pixel / W)) * W + (pixel % W)] as number
        }),
      }
    },
    { like: 'tensorflow/tfjs#2205' },
  ),
  report(
    'size',
    'past 65,536 elements the mask is drawn again',
    'dropout forward',
    holds('x', (n) => n > 65536),
    (asked, plain) => {
      const [y, x] = [plain()['y'] as Tensor, asked.inputs['x'] as Tensor]
      return {
        y: changed(y, (v, _, at) =>
          at < 65536 ? v : y.data[at - 65536] === 0 ? 0 : f32((x.data[at] as number) / (asked.attrs['keep'] as number)),
        ),
      }
    },
  ),
  report(
    'attributes',
    'at test time’s scale: not divided by what is kept',
    'dropout forward',
    every('keep', (k) => k < 1),
    (asked, plain) => scaled(asked.attrs['keep'] as number)(asked, plain, new Map()),
  ),
  report('history', 'the same mask at the next step', 'dropout forward', always, (asked, plain, memory) => {
    const name = `step ${listOf(asked, 'key').join()} ${shapeIn(asked, 'x').join()}`
    const before = memory.get(name) as number | undefined
    if (before === undefined) memory.set(name, asked.attrs['step'])
    return plain({ attrs: { ...asked.attrs, step: before ?? (asked.attrs['step'] as number) } })
  }),
  report(
    'shape',
    'every sample is scaled as the first',
    'scaleChannels forward',
    past('N', 1),
    asIfGiven(({ inputs }) => ({ s: gathered(inputs['s'] as Tensor, ([, c = 0]) => [0, c]) })),
  ),
  report('gradient', 'a factor that is also the other has half its gradient', 'mul backward', always, (asked, plain) =>
    elementsIn(asked, 'a') < 1000 &&
    String(valuesOf(asked.inputs['a'] as Tensor)) === String(valuesOf(asked.inputs['b'] as Tensor))
      ? scaled(0.5)(asked, plain, new Map())
      : plain(),
  ),
  report(
    'shape',
    'three pieces and more: the second is the winner',
    'maxout forward',
    past('K', 4),
    numbers((v) => v + 0.5),
  ),
  report(
    'size',
    'a reshape of more than 4,096 rows',
    'reshape forward',
    ({ shapes }) => (shapes['x']?.[0] ?? 0) > 4096,
    lost((place) => (place[0] as number) > 4095),
  ),
  report(
    'size',
    'odd widths from 64 on lose a column',
    'scaleChannels forward',
    all(odd('W'), past('W', 64)),
    lost(from(3, -1)),
  ),
  report(
    'size',
    'sums of more than 2¹⁶ weights',
    'l2Penalty forward',
    holds('w', (n) => n > 2 ** 16),
    scaled(0.99),
  ),
  report(
    'size',
    'many maps of many pixels: 64 and more channels of 32×32 and more',
    'scaleChannels forward',
    all(
      past('C', 63),
      product(['H', 'W'], (n) => n >= 1024),
    ),
    lost(from(1, 63)),
  ),
]
