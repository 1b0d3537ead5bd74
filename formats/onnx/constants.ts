import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import type { Shape } from '../../spec/tensor.js'
import { filled, mapTensor, showShape, sizeOf, tensor } from '../../spec/tensor.js'
import type { StoredTensor } from '../safetensors.js'
import type { Constant } from './building.js'
import { onnxNumbersOf } from './building.js'
import type { Answer, Operator } from './given.js'
import { float, floats, int, ints, needed, numbersAt, operator, outputName, refuse, shapeOf, stored } from './given.js'
import type { Moved } from './moves.js'
import { axisAmong, mostPicked, split } from './moves.js'
import { listOf, moving } from './moving.js'

const constantOf = (name: string, stored: StoredTensor): Result<Constant> =>
  F.pipe(
    onnxNumbersOf({ ...stored, name }),
    E.map((tensor) => ({ name, dtype: stored.dtype, tensor, isLearned: false })),
  )

const listed = (name: string, dtype: 'F32' | 'I64', shape: Shape, data: readonly number[]): Constant => ({
  name,
  dtype,
  tensor: tensor(shape, data),
  isLearned: false,
})

export const constant: Operator = operator(
  { value: stored, value_float: float(undefined), value_floats: floats, value_int: int(undefined), value_ints: ints },
  ({ value, value_float, value_floats, value_int, value_ints }, given) => {
    const name = outputName(given)
    const found: Result<Constant> =
      value !== undefined
        ? constantOf(name, value)
        : value_float !== undefined
          ? E.right(listed(name, 'F32', [], [value_float]))
          : value_floats !== undefined
            ? E.right(listed(name, 'F32', [value_floats.length], value_floats))
            : value_int !== undefined
              ? E.right(listed(name, 'I64', [], [value_int]))
              : value_ints !== undefined
                ? E.right(listed(name, 'I64', [value_ints.length], value_ints))
                : refuse('it has no value')
    return F.pipe(
      found,
      E.map((constant) => [{ constant }]),
    )
  },
)

export const constantOfShape: Operator = operator({ value: stored }, ({ value }, given) =>
  F.pipe(
    E.Do,
    E.bind('shape', () => numbersAt(given, 0, 'shape')),
    E.tap(({ shape }) =>
      ensure(
        shape.every((n) => Number.isInteger(n) && n >= 0) && sizeOf(shape) <= mostPicked,
        'TooLarge',
        `shape ${showShape(shape)} is wanted; at most ${mostPicked} elements are made`,
      ),
    ),
    E.bind('filled', () => (value === undefined ? E.right(listed('', 'F32', [1], [0])) : constantOf('', value))),
    E.map(({ shape, filled: { dtype, tensor } }) => [
      { constant: { name: outputName(given), dtype, tensor: filled(shape, tensor.data[0] ?? 0), isLearned: false } },
    ]),
  ),
)

export const shape: Operator = operator({ start: int(0), end: int(undefined) }, ({ start, end }, given) =>
  F.pipe(
    needed(given, 0),
    E.map((value) => {
      const extents = shapeOf(value).slice(start, end)
      return [{ constant: listed(outputName(given), 'I64', [extents.length], extents) }]
    }),
  ),
)

// of TensorProto.DataType
const floatType = 1
const integerTypes: readonly number[] = [6, 7]

export const cast: Operator = operator({ to: int(undefined), saturate: int(1) }, ({ to }, given) =>
  F.pipe(
    needed(given, 0),
    E.flatMap((value): Answer => {
      if ('operand' in value)
        return to === floatType ? E.right([value]) : refuse(`attribute to is ${to}; values stay F32, ${floatType}`)
      const { constant } = value
      if (to === floatType)
        return E.right([
          {
            constant: {
              ...constant,
              name: outputName(given),
              dtype: 'F32',
              tensor: mapTensor(Math.fround, constant.tensor),
            },
          },
        ])
      return integerTypes.includes(to ?? 0)
        ? E.right([
            {
              constant: {
                ...constant,
                name: outputName(given),
                dtype: 'I64',
                tensor: mapTensor(Math.trunc, constant.tensor),
                isLearned: false,
              },
            },
          ])
        : refuse(`attribute to is ${to}; constants are cast to FLOAT, INT32 and INT64`)
    }),
  ),
)

export const splitter: Operator = operator({ axis: int(0), split: ints, num_outputs: int(undefined) }, (attrs, given) =>
  F.pipe(
    E.Do,
    E.bind('x', () => needed(given, 0)),
    E.bind('axis', ({ x }) => axisAmong(attrs.axis, shapeOf(x).length)),
    E.bind('sizes', () => listOf(given, attrs.split, 1, 13, 'split')),
    E.bind('parts', ({ x, axis, sizes }) => {
      const extent = shapeOf(x)[axis] as number
      const count = attrs.num_outputs ?? given.node.outputs.length
      const each = Math.ceil(extent / count)
      return split(
        shapeOf(x),
        axis,
        sizes ?? Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, extent - i * each))),
      )
    }),
    E.flatMap(({ x, parts }) =>
      E.traverseArray(([at, part]: readonly [number, Moved]) =>
        (given.node.outputs[at] ?? '') === '' ? E.right(undefined) : moving(given, x, part, at),
      )([...parts.entries()]),
    ),
  ),
)
