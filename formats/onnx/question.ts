import { either as E, function as F } from 'fp-ts'
import type { AttributeValue, Attributes } from '../../spec/attributes.js'
import { roundAttributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { etalonError, fail, show } from '../../spec/error.js'
import { resolve, shapesOf } from '../../spec/op.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate, sameShape, showShape, sizeOf, zeros } from '../../spec/tensor.js'
import type { OnnxAttribute, OnnxNode } from './model.js'

/**
 * One operator of ONNX on given values, as an op of the catalogue: its attributes and inputs in the catalogue's words, and
 * which of its outputs each value is that the node writes.
 */
export interface NodeQuestion {
  readonly op: OpName
  /** all of them, rounded to f32 */
  readonly attrs: Attributes
  readonly inputs: Tensors
  /** by the name of ONNX's value the op's output, and the shape that the op gives it: the same numbers in the same order */
  readonly outputs: Readonly<Record<string, { readonly output: string; readonly shape: Shape }>>
}

/** What a reader makes of a node. */
interface Read {
  readonly op: OpName
  readonly attrs?: Readonly<Record<string, AttributeValue>>
  readonly inputs: Tensors
  /** the op's outputs in the order of the node's; '' for one that it has none for */
  readonly outputs?: readonly string[]
}

/** A node as readers see it. */
interface Given {
  readonly node: OnnxNode
  /** the version of ONNX's operators */
  readonly opset: number
  readonly values: Tensors
}

type Reader = (given: Given) => Result<Read>

const unsupported = (reason: string): Result<never> => fail('Unsupported', reason)

const valueAt = ({ node, values }: Given, at: number): Tensor | undefined => values[node.inputs[at] ?? '']

const needed = (given: Given, at: number): Result<Tensor> => {
  const name = given.node.inputs[at] ?? ''
  const value = valueAt(given, at)
  return value === undefined
    ? fail('MissingInput', `${given.node.operator} reads ${name === '' ? `input ${at}` : name}, which is not given`)
    : E.right(value)
}

const neededAll = (given: Given, count: number): Result<readonly Tensor[]> =>
  F.pipe(
    Array.from({ length: count }, (_, at) => at),
    E.traverseArray((at) => needed(given, at)),
  )

// ---- attributes ----------------------------------------------------------------------------------------------------

const attributeOf = ({ node }: Given, name: string): OnnxAttribute | undefined => node.attributes[name]

const float = (given: Given, name: string, otherwise: number): number => {
  const found = attributeOf(given, name)
  return found !== undefined && 'float' in found ? found.float : otherwise
}
const int = (given: Given, name: string, otherwise: number): number => {
  const found = attributeOf(given, name)
  return found !== undefined && 'int' in found ? found.int : otherwise
}
const ints = (given: Given, name: string): readonly number[] | undefined => {
  const found = attributeOf(given, name)
  return found !== undefined && 'ints' in found ? found.ints : undefined
}
const text = (given: Given, name: string, otherwise: string): string => {
  const found = attributeOf(given, name)
  return found !== undefined && 'string' in found ? found.string : otherwise
}

const valueOf = (attribute: OnnxAttribute): unknown => Object.values(attribute)[0] as unknown

/** The attributes that a reader looks at, and those that are to have one value only. */
const taking =
  (known: readonly string[], fixed: Readonly<Record<string, unknown>>, read: Reader): Reader =>
  (given) => {
    const { operator, attributes } = given.node
    const stranger = Object.keys(attributes).find((name) => !known.includes(name) && !Object.hasOwn(fixed, name))
    if (stranger !== undefined) return unsupported(`${operator} with ${stranger}`)
    const other = Object.entries(fixed).find(
      ([name, value]) =>
        attributes[name] !== undefined && JSON.stringify(valueOf(attributes[name])) !== JSON.stringify(value),
    )
    return other === undefined ? read(given) : unsupported(`${operator} with ${other[0]} other than ${show(other[1])}`)
  }

// ---- elementwise ---------------------------------------------------------------------------------------------------

const ofX =
  (op: OpName, attrs: (given: Given) => Readonly<Record<string, AttributeValue>> = () => ({})): Reader =>
  (given) =>
    F.pipe(
      needed(given, 0),
      E.map((x) => ({ op, attrs: attrs(given), inputs: { x } })),
    )

/** Softmax and its logarithm. Before version 13 they were taken over all axes from the given one on. */
const normalised = (op: 'softmax' | 'logSoftmax'): Reader =>
  taking(['axis'], {}, (given) =>
    F.pipe(
      needed(given, 0),
      E.flatMap((x) => {
        const axis = int(given, 'axis', given.opset < 13 ? 1 : -1)
        const last = axis === -1 || axis === x.shape.length - 1
        return given.opset < 13 && !last
          ? unsupported(`${given.node.operator} of version ${given.opset}, over several axes`)
          : E.right({ op, attrs: { axis }, inputs: { x } })
      }),
    ),
  )

const ofTwo =
  (op: 'add' | 'mul'): Reader =>
  (given) =>
    F.pipe(
      neededAll(given, 2),
      E.flatMap(([a, b]): Result<Read> => {
        const [first, second] = [a as Tensor, b as Tensor]
        if (sameShape(first.shape, second.shape)) return E.right({ op, inputs: { a: first, b: second } })
        const [N, C] = first.shape
        return op === 'mul' && first.shape.length === 4 && sameShape(second.shape, [N as number, C as number, 1, 1])
          ? E.right({ op: 'scaleChannels', inputs: { x: first, s: { ...second, shape: [N as number, C as number] } } })
          : unsupported(
              `${given.node.operator} of ${showShape(first.shape)} and ${showShape(second.shape)}: broadcasting`,
            )
      }),
    )

const transposed = ({ shape, data }: Tensor): Tensor => {
  const [rows = 0, columns = 0] = shape
  return generate([columns, rows], (i) => data[(i % rows) * columns + Math.floor(i / rows)] as number)
}

// ---- windows -------------------------------------------------------------------------------------------------------

interface Windows {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  /** before and after along each axis, one axis after the other, as the catalogue has it */
  readonly padding: readonly number[]
}

/** Strides, dilations and padding, which automatic padding works out from the extents. */
const windowsOf = (given: Given, extents: readonly number[], kernel: readonly number[]): Result<Windows> => {
  const ones = extents.map(() => 1)
  const stride = ints(given, 'strides') ?? ones
  const dilation = ints(given, 'dilations') ?? ones
  const pads = ints(given, 'pads') ?? extents.flatMap(() => [0, 0])
  const axes = extents.length
  if ([stride.length, dilation.length, kernel.length, pads.length / 2].some((count) => count !== axes))
    return fail('ShapeMismatch', `${given.node.operator} has windows of other than ${axes} axes`)
  const automatic = text(given, 'auto_pad', 'NOTSET')
  const padding = extents.flatMap((extent, axis) => {
    if (automatic === 'VALID') return [0, 0]
    if (automatic === 'NOTSET') return [pads[axis] as number, pads[axis + axes] as number]
    const [step, span] = [stride[axis] as number, ((kernel[axis] as number) - 1) * (dilation[axis] as number) + 1]
    const all = Math.max(0, (Math.ceil(extent / step) - 1) * step + span - extent)
    const less = Math.floor(all / 2)
    return automatic === 'SAME_UPPER' ? [less, all - less] : [all - less, less]
  })
  return ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(automatic)
    ? E.right({ kernel, stride, dilation, padding })
    : fail('FormatInvalid', `auto_pad is ${show(automatic)}`)
}

const windowed = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'] as const

const biased = (given: Given, x: Tensor, w: Tensor): Tensors => {
  const b = valueAt(given, 2)
  return { x, w, ...(b !== undefined && { b }) }
}

const convolution: Reader = taking([...windowed, 'group'], {}, (given) =>
  F.pipe(
    neededAll(given, 2),
    E.flatMap(([first, second]) => {
      const [x, w] = [first as Tensor, second as Tensor]
      const extents = x.shape.slice(2)
      if (extents.length !== 1 && extents.length !== 2) return unsupported(`Conv over ${extents.length} axes`)
      return F.pipe(
        windowsOf(given, extents, w.shape.slice(2)),
        E.map(({ stride, padding, dilation }): Read => ({
          op: extents.length === 1 ? 'conv1d' : 'conv2d',
          attrs: { stride, padding, dilation, groups: int(given, 'group', 1) },
          inputs: biased(given, x, w),
        })),
      )
    }),
  ),
)

const transposedConvolution: Reader = taking(
  [...windowed, 'group', 'output_padding'],
  { auto_pad: 'NOTSET' },
  (given) =>
    F.pipe(
      neededAll(given, 2),
      E.flatMap(([first, second]) => {
        const [x, w] = [first as Tensor, second as Tensor]
        if (x.shape.length !== 4) return unsupported(`ConvTranspose over ${x.shape.length - 2} axes`)
        return F.pipe(
          windowsOf(given, x.shape.slice(2), w.shape.slice(2)),
          E.map(({ stride, padding, dilation }): Read => ({
            op: 'convTranspose2d',
            attrs: {
              stride,
              padding,
              dilation,
              groups: int(given, 'group', 1),
              outputPadding: ints(given, 'output_padding') ?? [0, 0],
            },
            inputs: biased(given, x, w),
          })),
        )
      }),
    ),
)

const pool =
  (op: 'maxPool2d' | 'avgPool2d'): Reader =>
  (given) =>
    F.pipe(
      needed(given, 0),
      E.flatMap((x) => {
        if (x.shape.length !== 4) return unsupported(`${given.node.operator} over ${x.shape.length - 2} axes`)
        if ((given.node.outputs[1] ?? '') !== '') return unsupported('MaxPool that answers places as well')
        return F.pipe(
          windowsOf(given, x.shape.slice(2), ints(given, 'kernel_shape') ?? []),
          E.flatMap(({ kernel, stride, dilation, padding }) =>
            dilation.some((step) => step !== 1)
              ? unsupported(`${given.node.operator} with dilations`)
              : E.right<never, Read>({
                  op,
                  attrs: {
                    window: kernel,
                    stride,
                    padding,
                    ceilMode: int(given, 'ceil_mode', 0) === 1,
                    ...(op === 'avgPool2d' && { countIncludePad: int(given, 'count_include_pad', 0) === 1 }),
                  },
                  inputs: { x },
                }),
          ),
        )
      }),
    )

// ---- the others ----------------------------------------------------------------------------------------------------

const product: Reader = taking(['transB'], { alpha: 1, beta: 1, transA: 0 }, (given) =>
  F.pipe(
    neededAll(given, 2),
    E.flatMap(([x, second]): Result<Read> => {
      const w = int(given, 'transB', 0) === 1 ? (second as Tensor) : transposed(second as Tensor)
      const c = valueAt(given, 2)
      const O = w.shape[0] as number
      const row = c === undefined || sizeOf(c.shape) === O || sizeOf(c.shape) === 1
      // a row that is added to all, or a number
      const isRow = c === undefined || (row && (c.shape.at(-1) ?? 1) === sizeOf(c.shape))
      return isRow
        ? E.right({
            op: 'dense',
            inputs: {
              x: x as Tensor,
              w,
              ...(c !== undefined && {
                b: sizeOf(c.shape) === O ? { ...c, shape: [O] } : filled([O], c.data[0] as number),
              }),
            },
          })
        : unsupported(`Gemm that adds ${showShape(c.shape)}, other than a row`)
    }),
  ),
)

const batchNorm: Reader = taking(['epsilon', 'momentum', 'training_mode'], { spatial: 1, is_test: 1 }, (given) =>
  F.pipe(
    neededAll(given, 5),
    E.flatMap(([x, gamma, beta, runningMean, runningVar]): Result<Read> => {
      const inputs = { x, gamma, beta, runningMean, runningVar } as Tensors
      const epsilon = float(given, 'epsilon', Math.fround(1e-5))
      const training = int(given, 'training_mode', 0) === 1
      if (!training && given.node.outputs.some((name, at) => at > 0 && name !== ''))
        return unsupported('BatchNormalization that answers statistics without training_mode')
      return E.right(
        training
          ? {
              op: 'batchNormTraining',
              attrs: {
                epsilon,
                momentum: 1 - float(given, 'momentum', Math.fround(0.9)),
                runningVariance: 'biased',
              },
              inputs,
              outputs: ['y', 'runningMean', 'runningVar'],
            }
          : { op: 'batchNormInference', attrs: { epsilon }, inputs },
      )
    }),
  ),
)

const localNorm: Reader = taking(['alpha', 'beta', 'bias', 'size'], {}, (given) =>
  F.pipe(
    needed(given, 0),
    E.map((x) => ({
      op: 'localResponseNorm' as const,
      attrs: {
        size: int(given, 'size', 1),
        alpha: float(given, 'alpha', Math.fround(1e-4)),
        beta: float(given, 'beta', 0.75),
        k: float(given, 'bias', 1),
      },
      inputs: { x },
    })),
    // of an even size the window has one element more behind here, and before there
    E.filterOrElse(
      ({ attrs: { size } }) => size % 2 === 1,
      () => etalonError('Unsupported', 'LRN of an even size'),
    ),
  ),
)

const flatten: Reader = taking(['axis'], {}, (given) =>
  F.pipe(
    needed(given, 0),
    E.map((x): Read => {
      const asked = int(given, 'axis', 1)
      const axis = asked < 0 ? asked + x.shape.length : asked
      return axis === 1 && x.shape.length > 1
        ? { op: 'flatten', inputs: { x } }
        : {
            op: 'reshape',
            attrs: { shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] },
            inputs: { x },
          }
    }),
  ),
)

const reshape: Reader = taking([], { allowzero: 0 }, (given) =>
  F.pipe(
    neededAll(given, 2),
    E.flatMap(([x, wanted]): Result<Read> => {
      const { shape } = x as Tensor
      const asked = Array.from((wanted as Tensor).data as ArrayLike<number>)
      const kept = asked.map((extent, axis) => (extent === 0 ? (shape[axis] ?? 0) : extent))
      const known = sizeOf(kept.filter((extent) => extent !== -1))
      const made = kept.map((extent) => (extent === -1 ? sizeOf(shape) / known : extent))
      return kept.filter((extent) => extent === -1).length > 1
        ? fail('ShapeMismatch', `Reshape to ${showShape(asked)}: -1 stands there more than once`)
        : E.right({ op: 'reshape', attrs: { shape: made }, inputs: { x: x as Tensor } })
    }),
  ),
)

const concat: Reader = taking(['axis'], {}, (given) =>
  F.pipe(
    neededAll(given, given.node.inputs.length),
    E.map((all) => ({
      op: 'concat' as const,
      attrs: { axis: int(given, 'axis', 1) },
      inputs: Object.fromEntries(all.map((x, at) => [`x${at}`, x])),
    })),
  ),
)

/** Rows of gates [1,kH,…] in the catalogue's order: block b of the catalogue's is block `order[b]` of ONNX's. */
const gates = ({ shape, data }: Tensor, order: readonly number[]): Tensor => {
  const block = sizeOf(shape) / order.length
  return generate(shape.slice(1), (i) => data[(order[Math.floor(i / block)] as number) * block + (i % block)] as number)
}

interface Recurrent {
  readonly op: 'rnn' | 'lstm' | 'gru'
  /** the catalogue's gates as ONNX has them */
  readonly order: readonly number[]
  readonly states: readonly ['h0'] | readonly ['h0', 'c0']
  readonly outputs: readonly string[]
}

const isF32 = ({ data }: Tensor): boolean => {
  const all = Array.from(data as ArrayLike<number>)
  return all.every((value) => Object.is(Math.fround(value), value))
}

/** The two halves of B; of ops that have one bias their sum, where f32 holds it: a rounding of its own is no part of the op. */
const biasesOf = (B: Tensor | undefined, op: Recurrent['op'], H: number, order: readonly number[]): Result<Tensors> => {
  const rows = order.length * H
  const half = (at: number): Tensor =>
    B === undefined
      ? zeros([rows])
      : gates({ shape: [1, rows], data: generate([rows], (i) => B.data[at * rows + i] as number).data }, order)
  if (B !== undefined && sizeOf(B.shape) !== 2 * rows)
    return fail('ShapeMismatch', `B has shape ${showShape(B.shape)}; wanted [1,${2 * rows}]`)
  const [first, second] = [half(0), half(1)]
  if (op === 'gru') return E.right({ bIh: first, bHh: second })
  const b = generate([rows], (i) => (first.data[i] as number) + (second.data[i] as number))
  return isF32(b) ? E.right({ b }) : unsupported('two biases whose sum is no f32')
}

const recurrent = ({ op, order, states, outputs }: Recurrent): Reader => {
  const fixed = {
    ...{ direction: 'forward', layout: 0, input_forget: 0 },
    activations: op === 'rnn' ? ['Tanh'] : op === 'lstm' ? ['Sigmoid', 'Tanh', 'Tanh'] : ['Sigmoid', 'Tanh'],
  }
  return taking(['hidden_size', 'linear_before_reset'], fixed, (given) =>
    F.pipe(
      neededAll(given, 3),
      E.flatMap(([X, W, R]): Result<Read> => {
        const [x, w, r] = [X as Tensor, W as Tensor, R as Tensor]
        const [T = 0, N = 0] = x.shape
        const H = r.shape[2] ?? 0
        const lengths = valueAt(given, 4)
        if (lengths !== undefined && Array.from(lengths.data as ArrayLike<number>).some((length) => length !== T))
          return unsupported('sequences of several lengths')
        if (op === 'gru' && int(given, 'linear_before_reset', 0) !== 1)
          return unsupported('GRU without linear_before_reset: r before the product')
        if (valueAt(given, 7) !== undefined) return unsupported('LSTM with peepholes')
        if (w.shape.length !== 3 || w.shape[0] !== 1 || w.shape[1] !== order.length * H || r.shape[1] !== w.shape[1])
          return fail('ShapeMismatch', `W and R have shapes ${showShape(w.shape)} and ${showShape(r.shape)}`)
        return F.pipe(
          biasesOf(valueAt(given, 3), op, H, order),
          E.map((biases) => ({
            op,
            inputs: {
              x,
              ...Object.fromEntries(
                states.map((state, at) => {
                  const initial = valueAt(given, 5 + at)
                  return [state, initial === undefined ? zeros([N, H]) : { ...initial, shape: [N, H] }]
                }),
              ),
              wIh: gates(w, order),
              wHh: gates(r, order),
              ...biases,
            },
            outputs,
          })),
        )
      }),
    ),
  )
}

const crossEntropy: Reader = taking(['reduction'], {}, (given) =>
  F.pipe(
    neededAll(given, 2),
    E.flatMap(([first, second]): Result<Read> => {
      const [logits, labels] = [first as Tensor, second as Tensor]
      const [N = 0, C = 0] = logits.shape
      if (logits.shape.length !== 2 || !sameShape(labels.shape, [N]))
        return unsupported('SoftmaxCrossEntropyLoss over more than classes')
      if (valueAt(given, 2) !== undefined) return unsupported('SoftmaxCrossEntropyLoss with weights')
      if ((given.node.outputs[1] ?? '') !== '')
        return unsupported('SoftmaxCrossEntropyLoss that answers logarithms too')
      return E.right({
        op: 'softmaxCrossEntropy',
        attrs: { reduction: text(given, 'reduction', 'mean') },
        inputs: {
          logits,
          target: generate([N, C], (i) => ((labels.data[Math.floor(i / C)] as number) === i % C ? 1 : 0)),
        },
        outputs: ['loss'],
      })
    }),
  ),
)

const only = (read: Reader): Reader => taking([], {}, read)

/** What is read of ONNX's operators. */
const readers: Readonly<Record<string, Reader>> = {
  Sigmoid: only(ofX('sigmoid')),
  Tanh: only(ofX('tanh')),
  Relu: only(ofX('relu')),
  LeakyRelu: taking(
    ['alpha'],
    {},
    ofX('leakyRelu', (given) => ({ alpha: float(given, 'alpha', Math.fround(0.01)) })),
  ),
  Elu: taking(
    ['alpha'],
    {},
    ofX('elu', (given) => ({ alpha: float(given, 'alpha', 1) })),
  ),
  Softplus: only(ofX('softplus')),
  Softmax: normalised('softmax'),
  LogSoftmax: normalised('logSoftmax'),
  Gemm: product,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  MaxPool: taking([...windowed, 'ceil_mode'], { storage_order: 0 }, pool('maxPool2d')),
  AveragePool: taking([...windowed, 'ceil_mode', 'count_include_pad'], {}, pool('avgPool2d')),
  GlobalAveragePool: only((given) =>
    F.pipe(
      ofX('globalAvgPool')(given),
      E.filterOrElse(
        ({ inputs }) => inputs['x']?.shape.length === 4,
        () => etalonError('Unsupported', 'GlobalAveragePool over other than two axes'),
      ),
    ),
  ),
  BatchNormalization: batchNorm,
  LRN: localNorm,
  Flatten: flatten,
  Reshape: reshape,
  Add: only(ofTwo('add')),
  Mul: only(ofTwo('mul')),
  Concat: concat,
  RNN: recurrent({ op: 'rnn', order: [0], states: ['h0'], outputs: ['y', 'hT'] }),
  // i, f, g, o of the catalogue are the first, third, fourth and second of i, o, f, c
  LSTM: recurrent({ op: 'lstm', order: [0, 2, 3, 1], states: ['h0', 'c0'], outputs: ['y', 'hT', 'cT'] }),
  // r, z, n of z, r, h
  GRU: recurrent({ op: 'gru', order: [1, 0, 2], states: ['h0'], outputs: ['y', 'hT'] }),
  SoftmaxCrossEntropyLoss: crossEntropy,
}

/** The operators of ONNX that are read as ops of the catalogue. */
export const readOperators: readonly string[] = Object.keys(readers)

/**
 * A node of ONNX on given values as a question of the catalogue, forward.
 *
 * Errors  Unsupported – an operator, or a use of it, that the catalogue has no op for, with the reason; MissingInput – a
 *         value that is not given; whatever the op refuses of it
 * Source  onnx/docs/Operators.md
 */
export const questionOfNode = (node: OnnxNode, opset: number, values: Tensors): Result<NodeQuestion> => {
  const reader = Object.hasOwn(readers, node.operator) ? readers[node.operator] : undefined
  if (node.domain !== '' || reader === undefined)
    return unsupported(`there is no ${node.domain === '' ? '' : `${node.domain}.`}${node.operator} in the catalogue`)
  return F.pipe(
    reader({ node, opset, values }),
    E.bindTo('read'),
    E.bind('attrs', ({ read: { op, attrs = {} } }) => opOf(op).attrs.decode(attrs)),
    E.bind('resolved', ({ read: { op, inputs }, attrs }) => resolve(opOf(op), attrs, shapesOf(inputs))),
    E.map(({ read: { op, inputs, outputs = ['y'] }, attrs, resolved }) => ({
      op,
      attrs: roundAttributes(opOf(op).attrs, attrs),
      inputs,
      outputs: Object.fromEntries(
        node.outputs.flatMap((name, at) => {
          const output = outputs[at]
          return name === '' || output === undefined
            ? []
            : [[name, { output, shape: resolved.outputs[output] as Shape }] as const]
        }),
      ),
    })),
  )
}
