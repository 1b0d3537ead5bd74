import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import type { Shape } from '../../spec/tensor.js'
import type { Value } from './building.js'
import { move, moveConstant } from './building.js'
import type { Given, Operator, Read, Reader } from './given.js'
import { needed, operator, optionalNumbersAt, outputName, refuse, shapeOf } from './given.js'
import type { Moved } from './moves.js'

/** What only moves numbers: constants are moved at once. */
export const moving = (given: Given, value: Value, moved: Moved, at = 0): Result<Value> =>
  'constant' in value
    ? E.right({ constant: moveConstant(value.constant, moved, outputName(given, at)) })
    : F.pipe(
        move(
          given.build,
          at === 0 ? given.name : `${given.name}.${at + 1}`,
          value.operand,
          moved,
          outputName(given, at),
        ),
        E.map((operand) => ({ operand })),
      )

export const mover = <R extends Readonly<Record<string, Reader<unknown>>>>(
  readers: R,
  moved: (attrs: Read<R>, given: Given, from: Shape) => Result<Moved>,
): Operator =>
  operator(readers, (attrs, given) =>
    F.pipe(
      needed(given, 0),
      E.bindTo('x'),
      E.bind('moved', ({ x }) => moved(attrs, given, shapeOf(x))),
      E.flatMap(({ x, moved }) => moving(given, x, moved)),
      E.map((value) => [value]),
    ),
  )

/** A list that was an attribute before a version of the operators, and an input since. */
export const listOf = (
  given: Given,
  attribute: readonly number[] | undefined,
  at: number,
  since: number,
  name: string,
): Result<readonly number[] | undefined> =>
  given.opset < since
    ? E.right(attribute)
    : attribute === undefined
      ? optionalNumbersAt(given, at, name)
      : refuse(`attribute ${name} is an input since opset ${since}; the model has ${given.opset}`)

export const same: Operator = operator({}, (_, given) =>
  F.pipe(
    needed(given, 0),
    E.map((value) => [value]),
  ),
)
