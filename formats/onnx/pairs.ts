import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { fail } from '../../spec/error.js'
import type { Shape } from '../../spec/tensor.js'
import { mapTensor, sameShape, showShape, sizeOf, zipTensors } from '../../spec/tensor.js'
import type { Constant, Operand, Value } from './building.js'
import { moveConstant, reshapeTo, single } from './building.js'
import type { Answer, Given, Operator } from './given.js'
import { answer, needed, one, operandOf, operator, outputName, refuse, shapeOf } from './given.js'
import { broadcast, expanded } from './moves.js'

const integers = ['I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8', 'BOOL']
const isInteger = ({ dtype }: Constant): boolean => integers.includes(dtype)

/** A constant as large as what it meets. */
const asLarge = (constant: Constant, shape: Shape): Result<Constant> =>
  sameShape(constant.tensor.shape, shape)
    ? E.right(constant)
    : F.pipe(
        expanded(constant.tensor.shape, shape),
        E.map((moved) => moveConstant(constant, moved, `${constant.name}.expanded`)),
      )

/** Two constants, worked out at once. */
const folded = (given: Given, f: (a: number, b: number) => number, a: Constant, b: Constant): Answer => {
  const shape = broadcast(a.tensor.shape, b.tensor.shape)
  return shape === undefined
    ? fail('ShapeMismatch', `${showShape(a.tensor.shape)} and ${showShape(b.tensor.shape)} do not broadcast`)
    : F.pipe(
        E.Do,
        E.bind('p', () => asLarge(a, shape)),
        E.bind('q', () => asLarge(b, shape)),
        E.map(({ p, q }) => [
          {
            constant: {
              name: outputName(given),
              dtype: a.dtype,
              // integers stay integers, and floats f32
              tensor: zipTensors([p.tensor, q.tensor], (x, y) =>
                isInteger(a) ? Math.trunc(f(x, y)) : Math.fround(f(x, y)),
              ),
              isLearned: false,
            },
          },
        ]),
      )
}

/** [N,C,1,1] beside [N,C,H,W]: a number for each map. */
const isOfMaps = (small: Shape, large: Shape): boolean =>
  small.length === 4 &&
  large.length === 4 &&
  small[0] === large[0] &&
  small[1] === large[1] &&
  small[2] === 1 &&
  small[3] === 1

const byMaps = (given: Given, maps: Value, scales: Value): Answer =>
  answer(
    F.pipe(
      E.Do,
      E.bind('x', () => operandOf(given.build, maps)),
      E.bind('all', () => operandOf(given.build, scales)),
      E.bind('s', ({ all }) => reshapeTo(given.build, `${given.name}.scale`, all, all.shape.slice(0, 2))),
      E.flatMap(({ x, s }) => single(given.build, given.name, 'scaleChannels', {}, { x, s }, outputName(given))),
    ),
  )

export const together = (op: 'add' | 'mul', f: (a: number, b: number) => number): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      E.Do,
      E.bind('a', () => needed(given, 0)),
      E.bind('b', () => needed(given, 1)),
      E.flatMap(({ a, b }): Answer => pairOf(given, op, f, a, b)),
    ),
  )

const pairOf = (given: Given, op: 'add' | 'mul', f: (a: number, b: number) => number, a: Value, b: Value): Answer => {
  if ('constant' in a && 'constant' in b) return folded(given, f, a.constant, b.constant)
  const shape = broadcast(shapeOf(a), shapeOf(b))
  if (shape === undefined)
    return fail('ShapeMismatch', `${showShape(shapeOf(a))} and ${showShape(shapeOf(b))} do not broadcast`)
  if (op === 'mul' && !sameShape(shapeOf(a), shapeOf(b))) {
    if (isOfMaps(shapeOf(b), shapeOf(a))) return byMaps(given, a, b)
    if (isOfMaps(shapeOf(a), shapeOf(b))) return byMaps(given, b, a)
  }
  const operand = (value: Value): Result<Operand> =>
    'constant' in value
      ? F.pipe(
          asLarge(value.constant, shape),
          E.flatMap((constant) => operandOf(given.build, { constant })),
        )
      : sameShape(value.operand.shape, shape)
        ? E.right(value.operand)
        : sizeOf(value.operand.shape) === sizeOf(shape)
          ? reshapeTo(given.build, `${given.name}.${value.operand.name}`, value.operand, shape)
          : refuse(
              `it broadcasts ${value.operand.name} of ${showShape(value.operand.shape)} to ${showShape(shape)}, which the catalogue's ${op} does not`,
            )
  return F.pipe(
    E.Do,
    E.bind('a', () => operand(a)),
    E.bind('b', () => operand(b)),
    E.flatMap(({ a, b }) => one(given, op, {}, { a, b })),
  )
}

/** x − c is x + (−c), x ÷ c by a power of two x · (1/c), to the last bit. */
export const instead = (
  op: 'add' | 'mul',
  f: (a: number, b: number) => number,
  other: (c: number) => number,
  isExact: (c: number) => boolean,
  words: string,
): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      E.Do,
      E.bind('a', () => needed(given, 0)),
      E.bind('b', () => needed(given, 1)),
      E.flatMap(({ a, b }): Answer => {
        if ('constant' in a && 'constant' in b) return folded(given, f, a.constant, b.constant)
        if (
          !('constant' in b) ||
          !Array.from({ length: b.constant.tensor.data.length }, (_, i) => b.constant.tensor.data[i] as number).every(
            isExact,
          )
        )
          return refuse(`the catalogue has no op for it; ${words}`)
        const constant = {
          ...b.constant,
          name: `${b.constant.name}.${op === 'add' ? 'negative' : 'reciprocal'}`,
          tensor: mapTensor(other, b.constant.tensor),
        }
        return pairOf(given, op, op === 'add' ? (x, y) => x + y : (x, y) => x * y, a, { constant })
      }),
    ),
  )

export const isPowerOfTwo = (value: number): boolean => {
  const exponent = Math.log2(Math.abs(value))
  return Number.isInteger(exponent) && Math.abs(exponent) < 126
}

export const sum: Operator = operator({}, (_, given) => {
  const { build, name } = given
  const last = given.inputs.length - 1
  return F.pipe(
    given.inputs,
    E.traverseArray((value, at = 0) =>
      value === undefined ? fail<Operand>('MissingInput', `its input ${at + 1} is missing`) : operandOf(build, value),
    ),
    E.flatMap(([first, ...rest]) =>
      first === undefined
        ? fail<Operand>('MissingInput', 'it reads nothing')
        : rest.reduce<Result<Operand>>(
            (soFar, b, i) =>
              F.pipe(
                soFar,
                E.flatMap((a) =>
                  i === last - 1
                    ? single(build, name, 'add', {}, { a, b }, outputName(given))
                    : single(build, `${name}.sum${i + 1}`, 'add', {}, { a, b }),
                ),
              ),
            E.right(first),
          ),
    ),
    answer,
  )
})
