import type { Attributes } from '../../spec/attributes.js'
import type { AttrsOf, OpName } from '../../spec/catalogue.js'
import type { Unsupported } from '../../spec/fromKernels.js'
import { unsupported } from '../../spec/fromKernels.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import type { Phrasebook } from '../words.js'
import { asksOther, dialled, js } from '../words.js'

/*
 * A function of jax-js takes ownership of the arrays that it is given; `.ref` keeps one for later. So each text uses up
 * every input once.
 */

const shapeOf = (x: Tensor | undefined): Shape => (x as Tensor).shape

const isScalar = (inputs: Readonly<Record<string, Tensor>>): boolean => shapeOf(inputs['x']).length === 0

const pairs = (padding: readonly number[]): string =>
  js(Array.from({ length: padding.length / 2 }, (_, i) => [padding[2 * i] as number, padding[2 * i + 1] as number]))

// [C] beside [N,C,…]
const perChannel = (name: string, channels: number, axes: number): string =>
  `${name}.reshape(${js([channels, ...Array.from({ length: axes }, () => 1)])})`

const biased = (y: string, inputs: Readonly<Record<string, Tensor>>, channels: number, axes: number): string =>
  inputs['b'] === undefined ? y : `${y}.add(${perChannel('b', channels, axes)})`

const kink = (attrs: object, own: string): Unsupported | undefined =>
  asksOther(attrs, 'kink', 'catalogue', own) ? unsupported('another slope at the kink') : undefined

const ties = (attrs: object): Unsupported | undefined =>
  asksOther(attrs, 'ties', 'first', 'share') ? unsupported('another share of tied maxima') : undefined

const isZero = (padding: readonly number[]): boolean => padding.every((extent) => extent === 0)

const padded = (name: string, padding: readonly number[]): string =>
  isZero(padding)
    ? name
    : `np.pad(${name}, ${js([
        [0, 0],
        [0, 0],
        [padding[0] as number, padding[1] as number],
        [padding[2] as number, padding[3] as number],
      ])})`

const pooled = (
  name: string,
  how: string,
  { window, stride }: Pick<AttrsOf<'maxPool2d'>, 'window' | 'stride'>,
): string => `lax.reduceWindow(${name}, (part) => ${how}, ${js(window)}, ${js(stride)})`

const ceil = (attrs: object): Unsupported | undefined =>
  dialled(attrs, 'ceilMode') === true ? unsupported('ceilMode') : undefined

const reduced = (values: string, reduction: 'mean' | 'sum' | 'none'): string =>
  reduction === 'none' ? values : `np.${reduction}(${values})`

const elmanStep = (x: string, h: string): string =>
  `np.tanh(np.matmul(${x}, wIh.ref.transpose()).add(np.matmul(${h}, wHh.ref.transpose())).add(b.ref))`

const lstmStep = (x: string): string => `
const [i, f, g, o] = np.split(np.matmul(${x}, wIh.ref.transpose()).add(np.matmul(h, wHh.ref.transpose())).add(b.ref), 4, 1)
c = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)))
h = nn.sigmoid(o).mul(np.tanh(c.ref))`

const spatialAxes = (x: Tensor | undefined): number => shapeOf(x).length - 2

/** The ops of jax-js, in calls of its `lax`, `nn` and `numpy`. */
export const jaxJsOps: Phrasebook = {
  sigmoid: { code: () => 'return { y: nn.sigmoid(x) }' },
  tanh: { code: () => 'return { y: np.tanh(x) }' },
  relu: { code: ({ attrs }) => kink(attrs, 'right') ?? 'return { y: nn.relu(x) }' },
  leakyRelu: { code: ({ attrs }) => kink(attrs, 'right') ?? `return { y: nn.leakyRelu(x, ${attrs.alpha}) }` },
  elu: { code: ({ attrs }) => kink(attrs, 'right') ?? `return { y: nn.elu(x, ${attrs.alpha}) }` },
  softplus: {
    code: ({ attrs: { beta } }) =>
      beta === 1 ? 'return { y: nn.softplus(x) }' : `return { y: nn.softplus(x.mul(${beta})).div(${beta}) }`,
    translates: ['beta: softplus(βx)/β'],
  },
  step: { code: () => 'return { y: np.heaviside(x, 1) }' },
  softmax: {
    code: ({ attrs, inputs }) =>
      isScalar(inputs) ? unsupported('a scalar') : `return { y: nn.softmax(x, ${attrs.axis}) }`,
  },
  logSoftmax: {
    code: ({ attrs, inputs }) =>
      isScalar(inputs) ? unsupported('a scalar') : `return { y: nn.logSoftmax(x, ${attrs.axis}) }`,
  },
  maxout: {
    code: ({ attrs, sizes: { N, K, O, I } }) =>
      ties(attrs) ??
      `
const pieces = np.matmul(x, w.reshape(${js([K * O, I])}).transpose()).reshape(${js([N, K, O])})
return { y: np.max(pieces.add(b), 1) }`,
    translates: ['np.max over the pieces of one np.matmul'],
  },

  dense: {
    code: ({ inputs }) => `return { y: np.matmul(x, w.transpose())${inputs['b'] === undefined ? '' : '.add(b)'} }`,
    translates: ['weights [O,I]: transposed'],
  },
  conv1d: {
    code: ({ attrs, inputs, sizes: { O } }) => `
const y = lax.convGeneralDilated(x, w, ${js(attrs.stride)}, ${pairs(attrs.padding)}, { rhsDilation: ${js(attrs.dilation)}, featureGroupCount: ${attrs.groups} })
return { y: ${biased('y', inputs, O, 1)} }`,
  },
  conv2d: {
    code: ({ attrs, inputs, sizes: { O } }) => `
const y = lax.convGeneralDilated(x, w, ${js(attrs.stride)}, ${pairs(attrs.padding)}, { rhsDilation: ${js(attrs.dilation)}, featureGroupCount: ${attrs.groups} })
return { y: ${biased('y', inputs, O, 2)} }`,
  },
  convTranspose2d: {
    code: ({ attrs, inputs, sizes: { O } }) => {
      const [top, bottom, left, right] = attrs.padding
      const [below, beside] = attrs.outputPadding
      return attrs.groups !== 1
        ? unsupported('groups')
        : `
const y = lax.convTranspose(x, w, ${js(attrs.stride)}, ${pairs([top, bottom - below, left, right - beside])}, { rhsDilation: ${js(attrs.dilation)}, transposeKernel: true })
return { y: ${biased('y', inputs, O, 2)} }`
    },
    translates: ['outputPadding: taken from the padding at the end'],
  },
  maxPool2d: {
    code: ({ attrs }) =>
      ceil(attrs) ??
      ties(attrs) ??
      (isZero(attrs.padding) ? `return { y: ${pooled('x', 'np.max(part)', attrs)} }` : unsupported('padding')),
  },
  avgPool2d: {
    code: ({ attrs }) =>
      ceil(attrs) ??
      (attrs.countIncludePad || isZero(attrs.padding)
        ? `return { y: ${pooled(padded('x', attrs.padding), 'np.mean(part)', attrs)} }`
        : `
const counts = ${pooled(padded('np.ones(x.shape)', attrs.padding), 'np.sum(part)', attrs)}
return { y: ${pooled(padded('x', attrs.padding), 'np.sum(part)', attrs)}.div(counts) }`),
    translates: ['np.pad before', 'countIncludePad false: sums over counts'],
  },
  globalAvgPool: { code: () => 'return { y: np.mean(x, [2, 3]) }', translates: ['np.mean over height and width'] },
  batchNormTraining: {
    code: ({ attrs, inputs, sizes: { C, m }, direction }) => {
      const axes = spatialAxes(inputs['x'])
      const over = js([0, ...Array.from({ length: axes }, (_, i) => i + 2)])
      const correction = attrs.runningVariance === 'unbiased' && m > 1 ? 1 : 0
      const y = (x: string) =>
        `nn.standardize(${x}, ${over}, { epsilon: ${attrs.epsilon} }).mul(${perChannel('gamma', C, axes)}).add(${perChannel('beta', C, axes)})`
      return direction === 'backward'
        ? `return { y: ${y('x')} }`
        : `
const mean = np.mean(x.ref, ${over})
const variance = np.var_(x.ref, ${over}, { correction: ${correction} })
return {
  y: ${y('x')},
  runningMean: runningMean.mul(${1 - attrs.momentum}).add(mean.mul(${attrs.momentum})),
  runningVar: runningVar.mul(${1 - attrs.momentum}).add(variance.mul(${attrs.momentum})),
}`
    },
    translates: ['nn.standardize over batch and space', 'running statistics of np.mean and np.var_'],
  },
  batchNormInference: {
    code: ({ attrs, inputs, sizes: { C } }) => {
      const axes = spatialAxes(inputs['x'])
      const over = js([0, ...Array.from({ length: axes }, (_, i) => i + 2)])
      return `
const y = nn.standardize(x, ${over}, { mean: ${perChannel('runningMean', C, axes)}, variance: ${perChannel('runningVar', C, axes)}, epsilon: ${attrs.epsilon} })
return { y: y.mul(${perChannel('gamma', C, axes)}).add(${perChannel('beta', C, axes)}) }`
    },
    translates: ['nn.standardize with mean and variance given'],
  },
  flatten: {
    code: ({ inputs }) => `return { y: x.reshape(${js([shapeOf(inputs['x'])[0] as number, -1])}) }`,
    translates: ['reshape'],
  },
  reshape: { code: ({ attrs }) => `return { y: x.reshape(${js(attrs.shape)}) }` },
  add: { code: () => 'return { y: a.add(b) }' },
  mul: { code: () => 'return { y: a.mul(b) }' },
  concat: {
    code: ({ attrs: { axis }, inputs }) => `return { y: np.concatenate([${Object.keys(inputs).join(', ')}], ${axis}) }`,
  },
  scaleChannels: {
    code: ({ sizes: { N, C } }) => `return { y: x.mul(s.reshape(${js([N, C, 1, 1])})) }`,
    translates: ['mul, the scales broadcast'],
  },
  rnnCell: {
    code: () => `return { h: np.tanh(np.matmul(x, wIh.transpose()).add(np.matmul(h, wHh.transpose())).add(b)) }`,
    translates: ['np.matmul and np.tanh together'],
  },
  lstmCell: {
    code: () => `
const [i, f, g, o] = np.split(np.matmul(x, wIh.transpose()).add(np.matmul(h, wHh.transpose())).add(b), 4, 1)
const after = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)))
return { h: nn.sigmoid(o).mul(np.tanh(after.ref)), c: after }`,
    translates: ['np.matmul, nn.sigmoid and np.tanh together'],
  },
  rnn: {
    code: () => `
let h = h0
const states = []
for (const step of np.unstack(x)) {
  h = ${elmanStep('step', 'h')}
  states.push(h.ref)
}
tree.dispose([wIh, wHh, b])
return { y: np.stack(states), hT: h }`,
    translates: ['a loop over np.matmul and np.tanh'],
  },
  lstm: {
    code: () => `
let [h, c] = [h0, c0]
const states = []
for (const step of np.unstack(x)) {${lstmStep('step').replaceAll('\n', '\n  ')}
  states.push(h.ref)
}
tree.dispose([wIh, wHh, b])
return { y: np.stack(states), hT: h, cT: c }`,
    translates: ['a loop over np.matmul, nn.sigmoid and np.tanh'],
  },

  mse: {
    code: ({ attrs }) => `return { loss: ${reduced('np.square(prediction.sub(target))', attrs.reduction)} }`,
    translates: ['np.square of the difference'],
  },
  bceWithLogits: {
    code: ({ attrs }) => `
const ofOne = target.ref.mul(nn.logSigmoid(logits.ref))
const ofZero = target.mul(-1).add(1).mul(nn.logSigmoid(logits.mul(-1)))
return { loss: ${reduced('ofOne.add(ofZero).mul(-1)', attrs.reduction)} }`,
    translates: ['nn.logSigmoid of ± logits'],
  },
  softmaxCrossEntropy: {
    code: ({ attrs }) =>
      `return { loss: ${reduced('np.sum(target.mul(nn.logSoftmax(logits)), 1).mul(-1)', attrs.reduction)} }`,
    translates: ['target times nn.logSoftmax'],
  },
  l2Penalty: {
    code: ({ attrs: { beta } }) => `return { loss: np.sum(np.square(w)).mul(${beta / 2}) }`,
    translates: ['np.sum and np.square'],
  },
}

/** The dials that the library has a value of its own for. */
export const jaxJsConventions: Readonly<Partial<Record<OpName, Attributes>>> = {
  relu: { kink: 'right' },
  leakyRelu: { kink: 'right' },
  maxPool2d: { ties: 'share' },
  maxout: { ties: 'share' },
}
