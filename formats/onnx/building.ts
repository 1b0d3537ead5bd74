import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import { resolve } from '../../spec/op.js'
import type { ProgramNode } from '../../spec/program.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { generate, showShape, sizeOf, zeros } from '../../spec/tensor.js'
import type { Dtype, StoredTensor } from '../safetensors.js'
import { numbersOf } from '../safetensors.js'
import type { Moved } from './moves.js'
import { rowsOf } from './moves.js'

/** A value of the program that is made. */
export interface Operand {
  readonly name: string
  readonly shape: Shape
}

/** Numbers that are known before the program runs. */
export interface Constant {
  readonly name: string
  readonly dtype: Dtype
  readonly tensor: Tensor
  /** whether a training changes them: they come from the model's initializers, not from its nodes */
  readonly isLearned: boolean
}

export type Value = { readonly operand: Operand } | { readonly constant: Constant }

/** A tensor that the program is fed for the model. */
export interface Weight {
  readonly tensor: Tensor
  readonly isLearned: boolean
}

/** What one node of a model becomes: nodes of a program, and the weights that they read. */
export interface Part {
  readonly nodes: readonly ProgramNode[]
  readonly weights: Readonly<Record<string, Weight>>
}

/** Makes the part of a program that stands for one node of a model. */
export interface Builder {
  /** a node with all its outputs; `gives` names the values of those that are wanted */
  readonly node: (
    name: string,
    op: OpName,
    attrs: Attributes,
    inputs: Readonly<Record<string, Operand>>,
    gives: Readonly<Record<string, string>>,
  ) => Result<Readonly<Record<string, Operand>>>
  readonly weight: (name: string, weight: Weight) => Operand
  readonly part: () => Part
}

export const builder = (): Builder => {
  const nodes: ProgramNode[] = []
  const weights: Record<string, Weight> = {}
  return {
    node: (name, op, attrs, inputs, gives) =>
      F.pipe(
        opOf(op).attrs.decode(attrs),
        E.flatMap((decoded) =>
          resolve(
            opOf(op),
            decoded,
            Object.fromEntries(Object.entries(inputs).map(([input, { shape }]) => [input, shape])),
          ),
        ),
        E.map(({ outputs }) => {
          nodes.push({
            name,
            op,
            direction: 'forward',
            attrs,
            inputs: Object.fromEntries(Object.entries(inputs).map(([input, operand]) => [input, operand.name])),
            cotangents: {},
            outputs: gives,
          })
          return Object.fromEntries(
            Object.entries(gives).map(([output, value]) => [output, { name: value, shape: outputs[output] as Shape }]),
          )
        }),
      ),
    weight: (name, weight) => {
      weights[name] = weight
      return { name, shape: weight.tensor.shape }
    },
    part: () => ({ nodes, weights }),
  }
}

/** A node of one output, y. */
export const single = (
  { node }: Builder,
  name: string,
  op: OpName,
  attrs: Attributes,
  inputs: Readonly<Record<string, Operand>>,
  gives = name,
): Result<Operand> =>
  F.pipe(
    node(name, op, attrs, inputs, { y: gives }),
    E.map(({ y }) => y as Operand),
  )

/** The same numbers under another shape; the operand itself where it has that already. */
export const reshapeTo = (build: Builder, name: string, x: Operand, shape: Shape, gives = name): Result<Operand> =>
  showShape(x.shape) === showShape(shape) ? E.right(x) : single(build, name, 'reshape', { shape }, { x }, gives)

// of a matrix that picks rows
const largestMatrix = 2 ** 22

/**
 * Rows of x in another order, some left out, some more than once. The catalogue has no op that moves numbers; a convolution
 * of length 1 along the rows, by a matrix of zeros and ones, does.
 */
const byMatrix = (
  build: Builder,
  name: string,
  x: Operand,
  shape: Shape,
  { inner, rows }: { readonly inner: number; readonly rows: readonly number[] },
  gives: string,
): Result<Operand> => {
  const count = sizeOf(x.shape) / inner
  return F.pipe(
    ensure(
      rows.length * count <= largestMatrix,
      'Unsupported',
      `it moves ${rows.length} rows out of ${count}, which no op of the catalogue does; by a matrix it is done up to ${largestMatrix} elements of that`,
    ),
    E.flatMap(() => reshapeTo(build, `${name}.rows`, x, [1, count, inner])),
    E.bindTo('x'),
    E.let('w', () =>
      build.weight(`${name}.order`, {
        tensor: generate([rows.length, count, 1], (i) => (rows[Math.floor(i / count)] === i % count ? 1 : 0)),
        isLearned: false,
      }),
    ),
    E.flatMap(({ x, w }) => single(build, `${name}.moved`, 'conv1d', {}, { x, w })),
    E.flatMap((moved) => single(build, name, 'reshape', { shape }, { x: moved }, gives)),
  )
}

/** An operand moved. */
export const move = (build: Builder, name: string, x: Operand, moved: Moved, gives = name): Result<Operand> => {
  const rows = rowsOf(x.shape, moved)
  return sizeOf(moved.shape) === 0
    ? fail('ShapeMismatch', `it answers ${showShape(moved.shape)}, of no elements`)
    : rows === undefined
      ? reshapeTo(build, name, x, moved.shape, gives)
      : byMatrix(build, name, x, moved.shape, rows, gives)
}

/** A constant moved. */
export const moveConstant = ({ tensor, ...rest }: Constant, { shape, picks }: Moved, name: string): Constant => ({
  ...rest,
  name,
  tensor:
    picks === undefined
      ? { shape, data: tensor.data }
      : generate(shape, (i) => tensor.data[picks[i] as number] as number),
})

/** Zeros that the program is fed. */
export const zerosOf = ({ weight }: Builder, name: string, shape: Shape): Operand =>
  weight(name, { tensor: zeros(shape), isLearned: false })

/** Weights of a dense layer, [I,O] turned to [O,I]. */
export const turned = ({ shape: [rows = 1, columns = 1], data }: Tensor): Tensor =>
  generate([columns, rows], (i) => data[(i % rows) * columns + Math.floor(i / rows)] as number)

/**
 * The numbers of a tensor of a model. Of integers beyond ±2⁵³ the nearest: a Slice ends at the largest of them, which
 * means at the end.
 *
 * Errors  FormatInvalid – as `numbersOf`, but for those
 */
export const onnxNumbersOf = (stored: StoredTensor): Result<Tensor> => {
  if (stored.dtype !== 'I64') return numbersOf(stored)
  const bytes = Uint8Array.from({ length: stored.bytes.length }, (_, i) => stored.bytes[i] as number)
  const view = new DataView(bytes.buffer)
  return E.right(generate(stored.shape, (i) => Number(view.getBigInt64(8 * i, true))))
}
