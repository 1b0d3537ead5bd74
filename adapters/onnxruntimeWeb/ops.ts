import type { AttrsOf, OpName, SizesOf } from '../../spec/catalogue.js'
import type { Unsupported } from '../../spec/fromKernels.js'
import { unsupported } from '../../spec/fromKernels.js'
import type { AnySizes } from '../../spec/op.js'
import type { Attributes } from '../../spec/attributes.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, sizeOf } from '../../spec/tensor.js'
import { dialled } from '../words.js'
import type { ElementType, Model, NodeAttribute } from './model.js'

/** What is fed to a model. */
export interface Feed {
  readonly type: ElementType
  readonly tensor: Tensor
}

/** A question as a model of one node, its feeds, and the value and shape of each output of the op. */
export interface Posed {
  readonly model: Model
  readonly feeds: Readonly<Record<string, Feed>>
  readonly answers: Readonly<Record<string, { readonly value: string; readonly shape: Shape }>>
}

interface Pose<N extends OpName> {
  pose(attrs: AttrsOf<N>, inputs: Tensors, sizes: SizesOf<N>): Posed | Unsupported
  readonly translates?: readonly string[]
}

export type Poses = { readonly [N in OpName]?: Pose<N> }

/** A pose as it is found by a name that is only known at run time. */
export interface AnyPose {
  pose(attrs: Attributes, inputs: Tensors, sizes: AnySizes): Posed | Unsupported
  readonly translates?: readonly string[]
}

type NodeAttributes = Readonly<Record<string, NodeAttribute>>

const floats = (tensors: Tensors): Readonly<Record<string, Feed>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { type: 'float', tensor } as const]))

/** A node that reads feeds in their order and writes outputs in theirs. */
const node = (
  operator: string,
  feeds: Readonly<Record<string, Feed>>,
  outputs: Readonly<Record<string, Shape>>,
  attributes: NodeAttributes = {},
  more: Partial<Pick<Model, 'reads' | 'writes' | 'constants'>> = {},
): Posed => ({
  model: {
    operator,
    inputs: Object.fromEntries(
      Object.entries(feeds).map(([name, { type, tensor }]) => [name, { type, shape: tensor.shape }]),
    ),
    reads: Object.keys(feeds),
    writes: Object.keys(outputs).map((name) => `${name}_out`),
    attributes,
    ...more,
  },
  feeds,
  answers: Object.fromEntries(Object.entries(outputs).map(([name, shape]) => [name, { value: `${name}_out`, shape }])),
})

const shapeOf = (inputs: Tensors, name: string): Shape => (inputs[name] as Tensor).shape

/** An operator of x and nothing else. */
const elementwise =
  (operator: string, attributes: NodeAttributes = {}) =>
  (inputs: Tensors): Posed =>
    node(operator, floats(inputs), { y: shapeOf(inputs, 'x') }, attributes)

const reshaped = ({ data }: Tensor, shape: Shape): Tensor => ({ shape, data })

// [top, bottom, left, right] to [top, left, bottom, right]
const pads = (padding: readonly number[]): NodeAttribute => ({
  ints: [0, 1].flatMap((end) =>
    Array.from({ length: padding.length / 2 }, (_, axis) => padding[2 * axis + end] as number),
  ),
})

const windowed = (attrs: {
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
}): NodeAttributes => ({
  strides: { ints: attrs.stride },
  pads: pads(attrs.padding),
  dilations: { ints: attrs.dilation },
  group: { int: attrs.groups },
})

const pooled = (attrs: Pick<AttrsOf<'maxPool2d'>, 'window' | 'stride' | 'padding'>): NodeAttributes => ({
  kernel_shape: { ints: attrs.window },
  strides: { ints: attrs.stride },
  pads: pads(attrs.padding),
  ...(dialled(attrs, 'ceilMode') === true ? { ceil_mode: { int: 1 } } : {}),
})

/** Rows of gates [4H,…] in another order. */
const gates = ({ shape, data }: Tensor, order: readonly number[]): Tensor => {
  const block = sizeOf(shape) / order.length
  return generate(shape, (i) => data[(order[Math.floor(i / block)] as number) * block + (i % block)] as number)
}

// i, f, g, o of the catalogue to i, o, f, c, and r, z, n to z, r, h
const lstmOrder = [0, 3, 1, 2]
const gruOrder = [1, 0, 2]

/** Both biases one behind the other, the second 0 where there is none. */
const bothBiases = ({ shape: [extent = 0], data }: Tensor, second?: Tensor): Tensor =>
  generate([1, 2 * extent], (i) => (i < extent ? (data[i] as number) : (second?.data[i - extent] ?? 0)))

const oneFirst = (tensor: Tensor): Tensor => reshaped(tensor, [1, ...tensor.shape])

const recurrentFeeds = (
  { wIh, wHh, b, bIh = b, bHh }: Partial<Tensors>,
  x: Tensor,
  states: Tensors,
  order: readonly number[],
): Readonly<Record<string, Feed>> =>
  floats({
    X: x,
    W: oneFirst(gates(wIh as Tensor, order)),
    R: oneFirst(gates(wHh as Tensor, order)),
    B: bothBiases(gates(bIh as Tensor, order), bHh && gates(bHh, order)),
    ...Object.fromEntries(Object.entries(states).map(([name, state]) => [name, oneFirst(state)])),
  })

const classes = ({ shape, data }: Tensor): readonly number[] | undefined => {
  const [N = 0, C = 0] = shape
  const found = Array.from({ length: N }, (_, n) => {
    const row = Array.from({ length: C }, (__, c) => data[n * C + c] as number)
    return row.filter((t) => t === 1).length === 1 && row.filter((t) => t === 0).length === C - 1 ? row.indexOf(1) : -1
  })
  return found.includes(-1) ? undefined : found
}

const twoBiases = 'two biases: the second 0'
const gruWords = ['gates r, z, n → z, r, h', 'linear_before_reset: r behind the product'] as const

// r ⊙ (R·h + its bias), not R·(r ⊙ h)
const gruAttributes = (H: number): NodeAttributes => ({ hidden_size: { int: H }, linear_before_reset: { int: 1 } })

/** The ops of ONNX that onnxruntime-web computes. */
export const onnxruntimeOps: Poses = {
  sigmoid: { pose: (_, inputs) => elementwise('Sigmoid')(inputs) },
  tanh: { pose: (_, inputs) => elementwise('Tanh')(inputs) },
  relu: { pose: (_, inputs) => elementwise('Relu')(inputs) },
  leakyRelu: { pose: ({ alpha }, inputs) => elementwise('LeakyRelu', { alpha: { float: alpha } })(inputs) },
  elu: { pose: ({ alpha }, inputs) => elementwise('Elu', { alpha: { float: alpha } })(inputs) },
  softplus: {
    pose: ({ beta }, inputs) => (beta === 1 ? elementwise('Softplus')(inputs) : unsupported('beta other than 1')),
  },
  softmax: {
    pose: ({ axis }, inputs) =>
      shapeOf(inputs, 'x').length === 0
        ? unsupported('a scalar')
        : elementwise('Softmax', { axis: { int: axis } })(inputs),
  },
  logSoftmax: {
    pose: ({ axis }, inputs) =>
      shapeOf(inputs, 'x').length === 0
        ? unsupported('a scalar')
        : elementwise('LogSoftmax', { axis: { int: axis } })(inputs),
  },
  dense: {
    pose: (_, inputs, { N, O }) => node('Gemm', floats(inputs), { y: [N, O] }, { transB: { int: 1 } }),
    translates: ['Gemm with the weights transposed'],
  },
  conv1d: {
    pose: (attrs, inputs, { N, O, Lo }) => node('Conv', floats(inputs), { y: [N, O, Lo] }, windowed(attrs)),
  },
  conv2d: {
    pose: (attrs, inputs, { N, O, Ho, Wo }) => node('Conv', floats(inputs), { y: [N, O, Ho, Wo] }, windowed(attrs)),
    translates: ['padding: first the beginnings, then the ends'],
  },
  convTranspose2d: {
    pose: (attrs, inputs, { N, O, Ho, Wo }) =>
      attrs.outputPadding.some((more, axis) => more >= (attrs.stride[axis] as number))
        ? unsupported('an output padding as large as the stride')
        : node(
            'ConvTranspose',
            floats(inputs),
            { y: [N, O, Ho, Wo] },
            {
              ...windowed(attrs),
              output_padding: { ints: attrs.outputPadding },
            },
          ),
    translates: ['padding: first the beginnings, then the ends'],
  },
  maxPool2d: {
    pose: (attrs, inputs, { N, C, Ho, Wo }) => node('MaxPool', floats(inputs), { y: [N, C, Ho, Wo] }, pooled(attrs)),
    translates: ['padding: first the beginnings, then the ends'],
  },
  avgPool2d: {
    pose: (attrs, inputs, { N, C, Ho, Wo }) =>
      node(
        'AveragePool',
        floats(inputs),
        { y: [N, C, Ho, Wo] },
        {
          ...pooled(attrs),
          count_include_pad: { int: attrs.countIncludePad ? 1 : 0 },
        },
      ),
    translates: ['padding: first the beginnings, then the ends'],
  },
  globalAvgPool: {
    pose: (_, inputs, { N, C }) => node('GlobalAveragePool', floats(inputs), { y: [N, C] }),
    translates: ['the answer [N,C,1,1] read as [N,C]'],
  },
  batchNormTraining: {
    pose: ({ epsilon, momentum, runningVariance }, inputs, { C }) =>
      runningVariance === 'unbiased'
        ? unsupported('an unbiased running variance')
        : node(
            'BatchNormalization',
            floats(inputs),
            { y: shapeOf(inputs, 'x'), runningMean: [C], runningVar: [C] },
            { epsilon: { float: epsilon }, momentum: { float: 1 - momentum }, training_mode: { int: 1 } },
          ),
    translates: ['momentum: the weight of the old value'],
  },
  batchNormInference: {
    pose: ({ epsilon }, inputs) =>
      node('BatchNormalization', floats(inputs), { y: shapeOf(inputs, 'x') }, { epsilon: { float: epsilon } }),
  },
  localResponseNorm: {
    pose: ({ size, alpha, beta, k }, inputs) =>
      size % 2 === 0
        ? unsupported('a window of even size')
        : shapeOf(inputs, 'x').length !== 4
          ? unsupported('other than two axes beside batch and channels')
          : alpha <= 0 || beta <= 0
            ? unsupported('alpha or beta not above 0')
            : elementwise('LRN', {
                size: { int: size },
                alpha: { float: alpha },
                beta: { float: beta },
                bias: { float: k },
              })(inputs),
  },
  flatten: {
    pose: (_, inputs) => {
      const shape = shapeOf(inputs, 'x')
      return node('Flatten', floats(inputs), { y: [shape[0] as number, sizeOf(shape.slice(1))] }, { axis: { int: 1 } })
    },
  },
  reshape: {
    pose: ({ shape }, inputs) =>
      node('Reshape', floats(inputs), { y: shape }, {}, { reads: ['x', 'shape'], constants: { shape } }),
  },
  add: { pose: (_, inputs) => node('Add', floats(inputs), { y: shapeOf(inputs, 'a') }) },
  mul: { pose: (_, inputs) => node('Mul', floats(inputs), { y: shapeOf(inputs, 'a') }) },
  concat: {
    pose: ({ axis }, inputs, { y }) => node('Concat', floats(inputs), { y }, { axis: { int: axis } }),
  },
  scaleChannels: {
    pose: (_, { x, s }, { N, C }) =>
      node('Mul', floats({ x: x as Tensor, s: reshaped(s as Tensor, [N, C, 1, 1]) }), { y: (x as Tensor).shape }),
    translates: ['Mul, the scales broadcast'],
  },
  rnnCell: {
    pose: (_, inputs, { N, H }) => {
      const feeds = recurrentFeeds(inputs, oneFirst(inputs['x'] as Tensor), { initial_h: inputs['h'] as Tensor }, [0])
      const posed = node('RNN', feeds, { h: [N, H] }, { hidden_size: { int: H } })
      return {
        ...posed,
        model: { ...posed.model, reads: ['X', 'W', 'R', 'B', '', 'initial_h'], writes: ['', 'h_out'] },
      }
    },
    translates: ['RNN over one step', twoBiases],
  },
  rnn: {
    pose: (_, inputs, { T, N, H }) => {
      const feeds = recurrentFeeds(inputs, inputs['x'] as Tensor, { initial_h: inputs['h0'] as Tensor }, [0])
      const posed = node('RNN', feeds, { y: [T, N, H], hT: [N, H] }, { hidden_size: { int: H } })
      return { ...posed, model: { ...posed.model, reads: ['X', 'W', 'R', 'B', '', 'initial_h'] } }
    },
    translates: [twoBiases],
  },
  lstmCell: {
    pose: (_, inputs, { N, H }) => {
      const states = { initial_h: inputs['h'] as Tensor, initial_c: inputs['c'] as Tensor }
      const feeds = recurrentFeeds(inputs, oneFirst(inputs['x'] as Tensor), states, lstmOrder)
      const posed = node('LSTM', feeds, { h: [N, H], c: [N, H] }, { hidden_size: { int: H } })
      return {
        ...posed,
        model: {
          ...posed.model,
          reads: ['X', 'W', 'R', 'B', '', 'initial_h', 'initial_c'],
          writes: ['', 'h_out', 'c_out'],
        },
      }
    },
    translates: ['LSTM over one step', 'gates i, f, g, o → i, o, f, c', twoBiases],
  },
  lstm: {
    pose: (_, inputs, { T, N, H }) => {
      const states = { initial_h: inputs['h0'] as Tensor, initial_c: inputs['c0'] as Tensor }
      const feeds = recurrentFeeds(inputs, inputs['x'] as Tensor, states, lstmOrder)
      const posed = node('LSTM', feeds, { y: [T, N, H], hT: [N, H], cT: [N, H] }, { hidden_size: { int: H } })
      return { ...posed, model: { ...posed.model, reads: ['X', 'W', 'R', 'B', '', 'initial_h', 'initial_c'] } }
    },
    translates: ['gates i, f, g, o → i, o, f, c', twoBiases],
  },
  gruCell: {
    pose: (_, inputs, { N, H }) => {
      const feeds = recurrentFeeds(
        inputs,
        oneFirst(inputs['x'] as Tensor),
        { initial_h: inputs['h'] as Tensor },
        gruOrder,
      )
      const posed = node('GRU', feeds, { h: [N, H] }, gruAttributes(H))
      return {
        ...posed,
        model: { ...posed.model, reads: ['X', 'W', 'R', 'B', '', 'initial_h'], writes: ['', 'h_out'] },
      }
    },
    translates: ['GRU over one step', ...gruWords],
  },
  gru: {
    pose: (_, inputs, { T, N, H }) => {
      const feeds = recurrentFeeds(inputs, inputs['x'] as Tensor, { initial_h: inputs['h0'] as Tensor }, gruOrder)
      const posed = node('GRU', feeds, { y: [T, N, H], hT: [N, H] }, gruAttributes(H))
      return { ...posed, model: { ...posed.model, reads: ['X', 'W', 'R', 'B', '', 'initial_h'] } }
    },
    translates: gruWords,
  },
  softmaxCrossEntropy: {
    pose: ({ reduction }, { logits, target }, { N }) => {
      const labels = classes(target as Tensor)
      if (labels === undefined) return unsupported('targets that are not one-hot')
      return node(
        'SoftmaxCrossEntropyLoss',
        {
          logits: { type: 'float', tensor: logits as Tensor },
          labels: { type: 'int64', tensor: { shape: [N], data: labels } },
        },
        { loss: reduction === 'none' ? [N] : [] },
        { reduction: { string: reduction } },
      )
    },
    translates: ['one-hot targets as numbers of classes'],
  },
}
