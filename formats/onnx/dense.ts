import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { generate, showShape, sizeOf } from '../../spec/tensor.js'
import type { Operand, Value } from './building.js'
import { reshapeTo, single, turned } from './building.js'
import type { Given, Operator } from './given.js'
import {
  answer,
  float,
  int,
  needed,
  one,
  only,
  operandOf,
  operator,
  outputName,
  read,
  refuse,
  shapeOf,
} from './given.js'

/** Weights [O,I]: constants turned at once, if they are [I,O]. */
const denseWeights = (given: Given, at: number, isTurned: boolean): Result<Operand> =>
  F.pipe(
    needed(given, at),
    E.flatMap((value): Result<Operand> => {
      if (isTurned) return operandOf(given.build, value)
      if ('operand' in value)
        return refuse(
          `it multiplies by ${value.operand.name}, which is computed, untransposed; dense reads rows of outputs`,
        )
      const { name, tensor, dtype, isLearned } = value.constant
      return tensor.shape.length !== 2 || dtype !== 'F32'
        ? refuse(`${name} is ${dtype} of shape ${showShape(tensor.shape)}; weights [I,O] of F32 are wanted`)
        : E.right(given.build.weight(`${name}.transposed`, { tensor: turned(tensor), isLearned }))
    }),
  )

/** A bias for each of O outputs, however its axes are spelled out. */
const biasOf = (given: Given, value: Value, O: number): Result<Operand> => {
  const shape = shapeOf(value)
  const isRow = shape.every((extent, axis) => extent === 1 || (axis === shape.length - 1 && extent === O))
  if (!isRow) return refuse(`the bias has shape ${showShape(shape)}; one for each of ${O} outputs is wanted`)
  if ('operand' in value)
    return sizeOf(shape) === O
      ? reshapeTo(given.build, `${given.name}.bias`, value.operand, [O])
      : refuse(`the bias ${value.operand.name} has shape ${showShape(shape)}; [${O}] is wanted`)
  const { constant } = value
  return sizeOf(shape) === O && shape.length === 1
    ? operandOf(given.build, value)
    : operandOf(given.build, {
        constant: {
          ...constant,
          name: `${constant.name}.row`,
          tensor: generate([O], (i) => constant.tensor.data[sizeOf(shape) === 1 ? 0 : i] as number),
        },
      })
}

export const gemm: Operator = operator(
  // versions before 7 said by `broadcast` what later ones do anyway
  { alpha: float(1), beta: float(1), transA: int(0), transB: int(0), broadcast: int(1) },
  ({ alpha, beta, transA, transB }, given) =>
    F.pipe(
      E.Do,
      E.tap(() => only('alpha', alpha, 1)),
      E.tap(() => only('transA', transA, 0)),
      E.tap(() => (given.inputs[2] === undefined ? E.right(undefined) : only('beta', beta, 1))),
      E.bind('x', () => read(given, 0)),
      E.bind('w', () => denseWeights(given, 1, transB === 1)),
      E.bind('b', ({ w }) =>
        given.inputs[2] === undefined ? E.right(undefined) : biasOf(given, given.inputs[2], w.shape[0] as number),
      ),
      E.flatMap(({ x, w, b }) => one(given, 'dense', {}, { x, w, ...(b && { b }) })),
    ),
)

/** A product with a matrix of weights; the third input is the bias of an Add that follows. */
export const matMul: Operator = operator({}, (_, given) =>
  F.pipe(
    E.Do,
    E.bind('x', () => read(given, 0)),
    E.bind('w', () => denseWeights(given, 1, false)),
    E.bind('b', ({ w }) =>
      given.inputs[2] === undefined ? E.right(undefined) : biasOf(given, given.inputs[2], w.shape[0] as number),
    ),
    E.flatMap(({ x, w, b }) => {
      const { build, name } = given
      const others = { w, ...(b && { b }) }
      if (x.shape.length === 2) return one(given, 'dense', {}, { x, ...others })
      if (x.shape.length < 2) return refuse(`${x.name} has shape ${showShape(x.shape)}; two axes or more are wanted`)
      const [I = 1] = x.shape.slice(-1)
      return answer(
        F.pipe(
          reshapeTo(build, `${name}.rows`, x, [sizeOf(x.shape) / I, I]),
          E.flatMap((rows) => single(build, name, 'dense', {}, { x: rows, ...others }, `${name}.products`)),
          E.flatMap((y) =>
            single(
              build,
              `${name}.axes`,
              'reshape',
              { shape: [...x.shape.slice(0, -1), w.shape[0] as number] },
              { x: y },
              outputName(given),
            ),
          ),
        ),
      )
    }),
  ),
)
