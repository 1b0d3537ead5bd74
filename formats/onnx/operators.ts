import { either as E, function as F } from 'fp-ts'
import { cast, constant, constantOfShape, shape, splitter } from './constants.js'
import { gemm, matMul } from './dense.js'
import type { Answer, Given, Operator } from './given.js'
import {
  constantAt,
  elementwise,
  elementwiseBy,
  int,
  ints,
  needed,
  numbersAt,
  one,
  operator,
  refuse,
  shapeOf,
} from './given.js'
import { concat, pad } from './joining.js'
import { softmaxCrossEntropyLoss } from './losses.js'
import { expanded, flattened, gathered, reshaped, sliced, squeezed, tiled, transposed, unsqueezed } from './moves.js'
import { listOf, mover, moving, same } from './moving.js'
import type { OnnxNode } from './model.js'
import { batchNormalization, dropout, lrn, softmaxOf } from './normalizing.js'
import { instead, isPowerOfTwo, sum, together } from './pairs.js'
import { recurrent } from './recurrent.js'
import { conv, convTranspose, globalPool, pool, reduceMean } from './windows.js'

/** ONNX's operators that the catalogue's ops can be put for, and those on constants alone that shapes are worked out by. */
const operators: Readonly<Record<string, Operator>> = {
  Sigmoid: elementwise('sigmoid'),
  Tanh: elementwise('tanh'),
  Relu: elementwise('relu'),
  Softplus: elementwise('softplus'),
  LeakyRelu: elementwiseBy('leakyRelu', 'alpha', Math.fround(0.01)),
  Elu: elementwiseBy('elu', 'alpha', 1),
  Softmax: softmaxOf('softmax'),
  LogSoftmax: softmaxOf('logSoftmax'),
  Gemm: gemm,
  MatMul: matMul,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool('maxPool2d'),
  AveragePool: pool('avgPool2d'),
  GlobalAveragePool: globalPool('globalAvgPool'),
  GlobalMaxPool: globalPool('maxPool2d'),
  ReduceMean: reduceMean,
  BatchNormalization: batchNormalization,
  LRN: lrn,
  Dropout: dropout,
  SoftmaxCrossEntropyLoss: softmaxCrossEntropyLoss,
  Identity: same,
  Add: together('add', (a, b) => a + b),
  Mul: together('mul', (a, b) => a * b),
  Sum: sum,
  Sub: instead(
    'add',
    (a, b) => a - b,
    (c) => -c,
    () => true,
    'what is subtracted has to be a constant',
  ),
  Div: instead(
    'mul',
    (a, b) => a / b,
    (c) => 1 / c,
    isPowerOfTwo,
    'what is divided by has to be a constant, of powers of two',
  ),
  Concat: concat,
  Pad: pad,
  RNN: recurrent({ op: 'rnn', gates: [0], activations: ['Tanh'] }),
  LSTM: recurrent({ op: 'lstm', gates: [0, 2, 3, 1], activations: ['Sigmoid', 'Tanh', 'Tanh'] }),
  GRU: recurrent({ op: 'gru', gates: [1, 0, 2], activations: ['Sigmoid', 'Tanh'] }),
  Flatten: operator({ axis: int(1) }, ({ axis }, given) =>
    F.pipe(
      E.Do,
      E.bind('x', () => needed(given, 0)),
      E.bind('moved', ({ x }) => flattened(shapeOf(x), axis)),
      E.flatMap(({ x, moved }): Answer =>
        'operand' in x && (axis === 1 || axis === 1 - x.operand.shape.length)
          ? one(given, 'flatten', {}, { x: x.operand })
          : F.pipe(
              moving(given, x, moved),
              E.map((value) => [value]),
            ),
      ),
    ),
  ),
  Reshape: mover({ shape: ints, allowzero: int(0) }, ({ shape, allowzero }, given, from) =>
    F.pipe(
      listOf(given, shape, 1, 5, 'shape'),
      E.flatMap((wanted) => reshaped(from, wanted ?? [], allowzero === 1)),
    ),
  ),
  Transpose: mover({ perm: ints }, ({ perm }, _, from) => transposed(from, perm)),
  Squeeze: mover({ axes: ints }, ({ axes }, given, from) =>
    F.pipe(
      listOf(given, axes, 1, 13, 'axes'),
      E.flatMap((found) => squeezed(from, found)),
    ),
  ),
  Unsqueeze: mover({ axes: ints }, ({ axes }, given, from) =>
    F.pipe(
      listOf(given, axes, 1, 13, 'axes'),
      E.flatMap((found) => unsqueezed(from, found ?? [])),
    ),
  ),
  Slice: mover({ starts: ints, ends: ints, axes: ints }, (attrs, given, from) =>
    F.pipe(
      E.Do,
      E.bind('starts', () => listOf(given, attrs.starts, 1, 10, 'starts')),
      E.bind('ends', () => listOf(given, attrs.ends, 2, 10, 'ends')),
      E.bind('axes', () => listOf(given, attrs.axes, 3, 10, 'axes')),
      E.bind('steps', () => listOf(given, undefined, 4, 10, 'steps')),
      E.flatMap(({ starts = [], ends = [], axes, steps }) => sliced(from, { starts, ends, axes, steps })),
    ),
  ),
  Split: splitter,
  Gather: mover({ axis: int(0) }, ({ axis }, given, from) =>
    F.pipe(
      constantAt(given, 1, 'indices'),
      E.flatMap(({ tensor }) => gathered(from, axis, tensor)),
    ),
  ),
  Expand: mover({}, (_, given, from) =>
    F.pipe(
      numbersAt(given, 1, 'shape'),
      E.flatMap((wanted) => expanded(from, wanted)),
    ),
  ),
  Tile: mover({}, (_, given, from) =>
    F.pipe(
      numbersAt(given, 1, 'repeats'),
      E.flatMap((repeats) => tiled(from, repeats)),
    ),
  ),
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Cast: cast,
}

/** Whether an operator is read at all. */
export const isRead = ({ domain, operator }: OnnxNode): boolean => domain === '' && Object.hasOwn(operators, operator)

/** A node of a model put into ops of the catalogue. */
export const translate = (given: Given): Answer => {
  const { domain, operator } = given.node
  const found = domain === '' && Object.hasOwn(operators, operator) ? operators[operator] : undefined
  if (domain !== '') return refuse(`its domain is ${domain}; ONNX’s own operators are read`)
  return found === undefined
    ? refuse(`the catalogue has no op for ${operator}; read are ${Object.keys(operators).join(', ')}`)
    : found.translate(given)
}
