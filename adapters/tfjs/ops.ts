import type { Attributes } from '../../spec/attributes.js'
import type { AttrsOf, OpName } from '../../spec/catalogue.js'
import type { Unsupported } from '../../spec/fromKernels.js'
import { unsupported } from '../../spec/fromKernels.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { sumOf } from '../../spec/tensor.js'
import type { Phrase, Phrasebook } from '../words.js'
import { asksOther, dialled, js } from '../words.js'

const spatial = (x: Tensor | undefined): number => (x as Tensor).shape.length - 2

/** x[N,C,…] with its channels last, as the library has them, and the way back. */
const channelsLast = (axes: number): string => js([0, ...Array.from({ length: axes }, (_, i) => i + 2), 1])
const channelsFirst = (axes: number): string => js([0, axes + 1, ...Array.from({ length: axes }, (_, i) => i + 1)])
const last = (name: string, axes: number): string =>
  axes === 0 ? name : `tf.transpose(${name}, ${channelsLast(axes)})`
const first = (value: string, axes: number): string =>
  axes === 0 ? value : `tf.transpose(${value}, ${channelsFirst(axes)})`

const explicit = ([top, bottom, left, right]: readonly [number, number, number, number]): string =>
  js([
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ])

const isOne = (extents: readonly number[]): boolean => extents.every((extent) => extent === 1)

const biased = (value: string, has: boolean): string => (has ? `tf.add(${value}, b)` : value)

/** Why a convolution is not the library's, if it is not. */
const convolutionProblem = (
  attrs: Pick<AttrsOf<'conv2d'>, 'groups'> & { readonly stride: Shape; readonly dilation: Shape },
  channels: number,
  direction: string,
  depthwise: boolean,
): Unsupported | undefined =>
  attrs.groups !== 1 && (!depthwise || attrs.groups !== channels)
    ? unsupported('groups of several channels')
    : !isOne(attrs.dilation) && !isOne(attrs.stride)
      ? unsupported('stride together with dilation')
      : !isOne(attrs.dilation) && direction === 'backward'
        ? unsupported('the gradient of a dilated convolution')
        : undefined

const images = 'images NCHW → NHWC'
const filters = 'filters OIHW → HWIO'

const poolProblem = (attrs: object): Unsupported | undefined =>
  dialled(attrs, 'ceilMode') === true ? unsupported('ceilMode') : undefined

const reductions = { mean: 'tf.Reduction.MEAN', sum: 'tf.Reduction.SUM', none: 'tf.Reduction.NONE' } as const

const kink = (attrs: object, own: 'left' | 'right'): Unsupported | undefined =>
  asksOther(attrs, 'kink', 'catalogue', own) ? unsupported('another slope at the kink') : undefined

const decayed = ({ weightDecay }: { readonly weightDecay: number }): Unsupported | undefined =>
  weightDecay === 0 ? undefined : unsupported('weight decay')

// an optimizer of the library with its state put in: one step on the variable named w
const stepped = (optimizer: string, weights: readonly string[], state: string): string => `
const weight = tf.variable(w, true, 'w')
const optimizer = ${optimizer}
${weights.length === 0 ? '' : `await optimizer.setWeights([${[`{ name: 'iter', tensor: tf.scalar(0, 'int32') }`, ...weights].join(', ')}])\n`}optimizer.applyGradients([{ name: 'w', tensor: g }])
${state}`

const named = (name: string): string => `{ name: 'w', tensor: ${name} }`

const lastAxisOnly = (attrs: { readonly axis: number }, x: Tensor | undefined): Unsupported | undefined =>
  (x as Tensor).shape.length === 0
    ? unsupported('a scalar')
    : attrs.axis === -1 || attrs.axis === (x as Tensor).shape.length - 1
      ? undefined
      : unsupported('an axis other than the last')

const sumsToOne = ({ shape, data }: Tensor): boolean => {
  const classes = shape[1] as number
  const rows = Array.from({ length: shape[0] as number }, (_, n) =>
    sumOf(Array.from({ length: classes }, (__, c) => data[n * classes + c] as number)),
  )
  return rows.every((total) => Math.abs(total - 1) <= classes * 2 ** -23)
}

// i, f, g, o of the catalogue to i, g, f, o; one kernel for x and h
const gates = `
const inLibraryOrder = (rows) => {
  const [i, f, g, o] = tf.split(rows, 4)
  return tf.concat([i, g, f, o])
}
const kernel = tf.transpose(inLibraryOrder(tf.concat([wIh, wHh], 1)))
const bias = inLibraryOrder(b)
const forgetBias = tf.scalar(0)`

const elmanStep = (x: string, h: string): string =>
  `tf.tanh(tf.add(tf.add(tf.matMul(${x}, wIh, false, true), tf.matMul(${h}, wHh, false, true)), b))`

const layout = (axes: number): Unsupported | undefined =>
  axes > 2 ? unsupported('more than two axes beside batch and channels') : undefined

// forward there are no ties to be told apart; backward a backend gives the gradient to the first of several, or to the last
const maxPool = (own: 'first' | 'last'): Phrase<'maxPool2d'> => ({
  code: ({ attrs }) =>
    poolProblem(attrs) ??
    (asksOther(attrs, 'ties', 'first', own) ? unsupported('another share of tied maxima') : undefined) ??
    `
const image = tf.transpose(x, [0, 2, 3, 1])
const y = tf.maxPool(image, ${js(attrs.window)}, ${js(attrs.stride)}, ${explicit(attrs.padding)})
return { y: tf.transpose(y, [0, 3, 1, 2]) }`,
  translates: [images],
})

/** The ops of TensorFlow.js, in calls of `tf`, which is `@tensorflow/tfjs-core`. */
export const tfjsOps: Phrasebook = {
  sigmoid: { code: () => 'return { y: tf.sigmoid(x) }' },
  tanh: { code: () => 'return { y: tf.tanh(x) }' },
  relu: { code: ({ attrs }) => kink(attrs, 'left') ?? 'return { y: tf.relu(x) }' },
  leakyRelu: { code: ({ attrs }) => kink(attrs, 'left') ?? `return { y: tf.leakyRelu(x, ${attrs.alpha}) }` },
  elu: {
    code: ({ attrs }) =>
      kink(attrs, 'right') ?? (attrs.alpha === 1 ? 'return { y: tf.elu(x) }' : unsupported('alpha other than 1')),
  },
  softplus: {
    code: ({ attrs: { beta } }) =>
      beta === 1 ? 'return { y: tf.softplus(x) }' : `return { y: tf.div(tf.softplus(tf.mul(x, ${beta})), ${beta}) }`,
    translates: ['beta: softplus(βx)/β'],
  },
  step: {
    code: () => "return { y: tf.cast(tf.greaterEqual(x, 0), 'float32') }",
    translates: ['tf.step is 0 at 0: a comparison instead'],
  },
  softmax: { code: ({ attrs, inputs }) => lastAxisOnly(attrs, inputs['x']) ?? 'return { y: tf.softmax(x) }' },
  logSoftmax: { code: ({ attrs, inputs }) => lastAxisOnly(attrs, inputs['x']) ?? 'return { y: tf.logSoftmax(x) }' },
  maxout: {
    code: ({ attrs, sizes: { N, K, O, I } }) =>
      asksOther(attrs, 'ties', 'first')
        ? unsupported('another share of tied maxima')
        : `
const pieces = tf.reshape(tf.matMul(x, tf.reshape(w, ${js([K * O, I])}), false, true), ${js([N, K, O])})
return { y: tf.max(tf.add(pieces, b), 1) }`,
    translates: ['tf.max over the pieces of one tf.matMul'],
  },

  dense: {
    code: ({ inputs }) => `return { y: ${biased('tf.matMul(x, w, false, true)', inputs['b'] !== undefined)} }`,
    translates: ['weights [O,I]: matMul with the second operand transposed'],
  },
  conv1d: {
    code: ({ attrs, inputs, direction }) => {
      const [left, right] = attrs.padding
      return (
        convolutionProblem(attrs, 0, direction, false) ??
        `
const padded = tf.pad(tf.transpose(x, [0, 2, 1]), ${js([
          [0, 0],
          [left, right],
          [0, 0],
        ])})
const y = tf.conv1d(padded, tf.transpose(w, [2, 1, 0]), ${attrs.stride[0]}, 'valid', 'NWC', ${attrs.dilation[0]})
return { y: tf.transpose(${biased('y', inputs['b'] !== undefined)}, [0, 2, 1]) }`
      )
    },
    translates: ['signals NCL → NLC', 'filters OIK → KIO', 'tf.pad before'],
  },
  conv2d: {
    code: ({ attrs, inputs, sizes: { C }, direction }) => {
      const rest = `${js(attrs.stride)}, ${explicit(attrs.padding)}, 'NHWC', ${js(attrs.dilation)}`
      const y =
        attrs.groups === 1
          ? `tf.conv2d(image, tf.transpose(w, [2, 3, 1, 0]), ${rest})`
          : // filters [KH,KW,C,M]: output channel c·M + m, as in groups of one channel
            `tf.depthwiseConv2d(image, tf.reshape(tf.transpose(w, [2, 3, 0, 1]), ${js([
              ...(inputs['w'] as Tensor).shape.slice(2),
              C,
              ((inputs['w'] as Tensor).shape[0] as number) / C,
            ])}), ${rest})`
      return (
        convolutionProblem(attrs, C, direction, true) ??
        `
const image = tf.transpose(x, [0, 2, 3, 1])
const y = ${y}
return { y: tf.transpose(${biased('y', inputs['b'] !== undefined)}, [0, 3, 1, 2]) }`
      )
    },
    translates: [images, filters, 'groups of one channel: depthwiseConv2d'],
  },
  convTranspose2d: {
    code: ({ attrs, inputs, sizes: { N, O, Ho, Wo } }) =>
      attrs.groups !== 1
        ? unsupported('groups')
        : !isOne(attrs.dilation)
          ? unsupported('dilation')
          : `
const image = tf.transpose(x, [0, 2, 3, 1])
const y = tf.conv2dTranspose(image, tf.transpose(w, [2, 3, 1, 0]), ${js([N, Ho, Wo, O])}, ${js(attrs.stride)}, ${explicit(attrs.padding)})
return { y: tf.transpose(${biased('y', inputs['b'] !== undefined)}, [0, 3, 1, 2]) }`,
    translates: [images, 'filters IOHW → HWOI', 'outputPadding: by the shape of the output'],
  },
  maxPool2d: maxPool('first'),
  avgPool2d: {
    code: ({ attrs }) =>
      poolProblem(attrs) ??
      (attrs.countIncludePad
        ? `
const image = tf.pad(tf.transpose(x, [0, 2, 3, 1]), ${explicit(attrs.padding)})
const y = tf.avgPool(image, ${js(attrs.window)}, ${js(attrs.stride)}, 'valid')
return { y: tf.transpose(y, [0, 3, 1, 2]) }`
        : `
const image = tf.transpose(x, [0, 2, 3, 1])
const y = tf.avgPool(image, ${js(attrs.window)}, ${js(attrs.stride)}, ${explicit(attrs.padding)})
return { y: tf.transpose(y, [0, 3, 1, 2]) }`),
    translates: [images, 'countIncludePad: tf.pad before'],
  },
  globalAvgPool: { code: () => 'return { y: tf.mean(x, [2, 3]) }', translates: ['tf.mean over height and width'] },
  batchNormTraining: {
    code: ({ attrs, inputs, sizes: { m } }) => {
      const axes = spatial(inputs['x'])
      const factor = attrs.runningVariance === 'unbiased' ? m / (m - 1) : 1
      return (
        layout(axes) ??
        `
const image = ${last('x', axes)}
const { mean, variance } = tf.moments(image, ${js(Array.from({ length: axes + 1 }, (_, i) => i))})
const y = tf.batchNorm(image, mean, variance, beta, gamma, ${attrs.epsilon})
return {
  y: ${first('y', axes)},
  runningMean: tf.movingAverage(runningMean, mean, ${1 - attrs.momentum}, undefined, false),
  runningVar: tf.movingAverage(runningVar, ${factor === 1 ? 'variance' : `tf.mul(variance, ${factor})`}, ${1 - attrs.momentum}, undefined, false),
}`
      )
    },
    translates: [
      images,
      'tf.moments, tf.batchNorm and tf.movingAverage together',
      'momentum: the weight of the old value',
      'unbiased running variance: times m/(m − 1)',
    ],
  },
  batchNormInference: {
    code: ({ attrs, inputs }) => {
      const axes = spatial(inputs['x'])
      return (
        layout(axes) ??
        `
const y = tf.batchNorm(${last('x', axes)}, runningMean, runningVar, beta, gamma, ${attrs.epsilon})
return { y: ${first('y', axes)} }`
      )
    },
    translates: [images],
  },
  localResponseNorm: {
    code: ({ attrs: { size, alpha, beta, k }, inputs }) => {
      const axes = spatial(inputs['x'])
      return (
        layout(axes) ??
        (size % 2 === 0
          ? unsupported('a window of even size')
          : `
const y = tf.localResponseNormalization(${last('x', axes)}, ${(size - 1) / 2}, ${k}, ${alpha / size}, ${beta})
return { y: ${first('y', axes)} }`)
      )
    },
    translates: [images, 'alpha: divided by size', 'size: the radius (size − 1)/2'],
  },
  flatten: {
    code: ({ inputs }) => `return { y: tf.reshape(x, ${js([(inputs['x'] as Tensor).shape[0] as number, -1])}) }`,
    translates: ['tf.reshape'],
  },
  reshape: { code: ({ attrs }) => `return { y: tf.reshape(x, ${js(attrs.shape)}) }` },
  add: { code: () => 'return { y: tf.add(a, b) }' },
  mul: { code: () => 'return { y: tf.mul(a, b) }' },
  concat: {
    code: ({ attrs: { axis }, inputs }) =>
      `return { y: tf.concat([${Object.keys(inputs).join(', ')}], ${axis < 0 ? axis + (inputs['x0'] as Tensor).shape.length : axis}) }`,
    translates: ['axis: counted from the front'],
  },
  scaleChannels: {
    code: ({ sizes: { N, C } }) => `return { y: tf.mul(x, tf.reshape(s, ${js([N, C, 1, 1])})) }`,
    translates: ['tf.mul, the scales broadcast'],
  },
  rnnCell: {
    code: () => `return { h: ${elmanStep('x', 'h')} }`,
    translates: ['tf.matMul, tf.add and tf.tanh together'],
  },
  lstmCell: {
    code: () => `${gates}
const [newC, newH] = tf.basicLSTMCell(forgetBias, kernel, bias, x, c, h)
return { h: newH, c: newC }`,
    translates: ['gates i, f, g, o → i, g, f, o', 'one kernel for x and h', 'forget bias 0'],
  },
  rnn: {
    code: () => `
const states = tf.unstack(x).reduce((before, step) => {
  const h = before.length === 0 ? h0 : before[before.length - 1]
  return [...before, ${elmanStep('step', 'h')}]
}, [])
return { y: tf.stack(states), hT: states[states.length - 1] }`,
    translates: ['a loop over tf.matMul, tf.add and tf.tanh'],
  },
  lstm: {
    code: () => `${gates}
let [c, h] = [c0, h0]
const states = []
for (const step of tf.unstack(x)) {
  [c, h] = tf.basicLSTMCell(forgetBias, kernel, bias, step, c, h)
  states.push(h)
}
return { y: tf.stack(states), hT: h, cT: c }`,
    translates: [
      'a loop over tf.basicLSTMCell',
      'gates i, f, g, o → i, g, f, o',
      'one kernel for x and h',
      'forget bias 0',
    ],
  },

  mse: {
    code: ({ attrs }) =>
      `return { loss: tf.losses.meanSquaredError(target, prediction, undefined, ${reductions[attrs.reduction]}) }`,
  },
  bce: {
    code: ({ attrs }) =>
      `return { loss: tf.losses.logLoss(target, prediction, undefined, 0, ${reductions[attrs.reduction]}) }`,
    translates: ['epsilon inside the logarithms: 0'],
  },
  bceWithLogits: {
    code: ({ attrs }) =>
      `return { loss: tf.losses.sigmoidCrossEntropy(target, logits, undefined, 0, ${reductions[attrs.reduction]}) }`,
  },
  softmaxCrossEntropy: {
    code: ({ attrs, inputs, direction }) =>
      direction === 'backward' && !sumsToOne(inputs['target'] as Tensor)
        ? unsupported('the gradient for targets that do not sum to 1')
        : `return { loss: tf.losses.softmaxCrossEntropy(target, logits, undefined, 0, ${reductions[attrs.reduction]}) }`,
  },
  l2Penalty: {
    code: ({ attrs: { beta } }) => `return { loss: tf.mul(${beta / 2}, tf.sum(tf.square(w))) }`,
    translates: ['tf.sum and tf.square'],
  },

  sgd: {
    code: ({ attrs }) => decayed(attrs) ?? stepped(`tf.train.sgd(${attrs.learningRate})`, [], 'return { w: weight }'),
  },
  momentum: {
    code: ({ attrs }) =>
      decayed(attrs) ??
      stepped(
        `tf.train.momentum(${attrs.learningRate}, ${attrs.momentum}, ${attrs.nesterov})`,
        [named('velocity')],
        `const [, state] = await optimizer.getWeights()
return { w: weight, velocity: state.tensor }`,
      ),
    translates: ['state by setWeights'],
  },
  adagrad: {
    code: ({ attrs }) => {
      const inside = dialled(attrs, 'epsilonInside') === true
      return (
        decayed(attrs) ??
        (inside && Math.abs(attrs.epsilon - 1e-7) < 1e-13
          ? `
const weight = tf.variable(w, true, 'w')
const optimizer = tf.train.adagrad(${attrs.learningRate})
await optimizer.setWeights([{ name: 'iter', tensor: tf.scalar(0, 'int32') }, ${named('accumulator')}])
optimizer.applyGradients([{ name: 'w', tensor: g }])
const [, state] = await optimizer.getWeights()
return { w: weight, accumulator: state.tensor }`
          : unsupported('epsilon outside the root, or other than the 1e-7 of the library'))
      )
    },
    translates: ['state by setWeights'],
  },
  rmsprop: {
    code: ({ attrs }) =>
      decayed(attrs) ??
      (dialled(attrs, 'epsilonInside') === true
        ? stepped(
            `tf.train.rmsprop(${attrs.learningRate}, ${attrs.decay}, 0, ${attrs.epsilon})`,
            [named('meanSquare'), named('tf.zerosLike(w)')],
            `const [, state] = await optimizer.getWeights()
return { w: weight, meanSquare: state.tensor }`,
          )
        : unsupported('epsilon outside the root')),
    translates: ['state by setWeights'],
  },
  adadelta: {
    code: ({ attrs }) =>
      decayed(attrs) ??
      stepped(
        `tf.train.adadelta(${attrs.learningRate}, ${attrs.decay}, ${attrs.epsilon})`,
        [named('meanSquare'), named('meanSquareDelta')],
        `const [, state, ofDelta] = await optimizer.getWeights()
return { w: weight, meanSquare: state.tensor, meanSquareDelta: ofDelta.tensor }`,
      ),
    translates: ['state by setWeights'],
  },
  adam: {
    code: ({ attrs, inputs }) =>
      decayed(attrs) ??
      `
const weight = tf.variable(w, true, 'w')
const optimizer = tf.train.adam(${attrs.learningRate}, ${attrs.beta1}, ${attrs.beta2}, ${attrs.epsilon})
await optimizer.setWeights([{ name: 'iter', tensor: tf.scalar(${(inputs['step'] as Tensor).data[0]}, 'int32') }, ${named('m')}, ${named('v')}])
optimizer.applyGradients([{ name: 'w', tensor: g }])
const [taken, first, second] = await optimizer.getWeights()
return { w: weight, m: first.tensor, v: second.tensor, step: tf.cast(taken.tensor, 'float32') }`,
    translates: ['state by setWeights'],
  },
}

/** The same, where the last of several maxima has the gradient: in WebAssembly and on WebGPU. */
export const tfjsOpsWithLast: Phrasebook = { ...tfjsOps, maxPool2d: maxPool('last') }

type Conventions = Readonly<Partial<Record<OpName, Attributes>>>

/** The dials that the library has a value of its own for. */
export const tfjsConventions: Conventions = {
  relu: { kink: 'catalogue' },
  leakyRelu: { kink: 'catalogue' },
  elu: { kink: 'catalogue' },
  adagrad: { epsilonInside: true },
  rmsprop: { epsilonInside: true },
}

export const tfjsConventionsWithLast: Conventions = { ...tfjsConventions, maxPool2d: { ties: 'last' } }
