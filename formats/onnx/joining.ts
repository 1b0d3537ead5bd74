import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate, sameShape, showShape, sizeOf } from '../../spec/tensor.js'
import type { Constant, Operand, Value } from './building.js'
import { single } from './building.js'
import type { Answer, Operator } from './given.js'
import {
  answer,
  float,
  int,
  ints,
  one,
  only,
  operandOf,
  operator,
  optionalNumbersAt,
  outputName,
  read,
  refuse,
  shapeOf,
  text,
} from './given.js'
import { axisAmong, mostPicked } from './moves.js'
import { listOf } from './moving.js'

const joined = (values: readonly Constant[], axis: number): Tensor => {
  const [first] = values
  const shape = first?.tensor.shape ?? []
  const inner = sizeOf(shape.slice(axis + 1))
  const widths = values.map(({ tensor }) => (tensor.shape[axis] as number) * inner)
  const width = widths.reduce((a, b) => a + b, 0)
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((a, b) => a + b, 0))
  const total = values.reduce((n, { tensor }) => n + (tensor.shape[axis] as number), 0)
  return generate(
    shape.map((extent, at) => (at === axis ? total : extent)),
    (i) => {
      const [outer, at] = [Math.floor(i / width), i % width]
      const which = starts.findLastIndex((start, q) => at >= start && (widths[q] as number) > 0)
      return values[which]?.tensor.data[outer * (widths[which] as number) + at - (starts[which] as number)] as number
    },
  )
}

export const concat: Operator = operator({ axis: int(undefined) }, (attrs, given) => {
  const { build, inputs } = given
  const [first] = inputs
  if (first === undefined || inputs.includes(undefined)) return fail('MissingInput', 'one of its inputs is missing')
  const values = inputs as readonly Value[]
  return F.pipe(
    axisAmong(attrs.axis ?? 1, shapeOf(first).length),
    E.flatMap((axis): Answer => {
      const constants = values.flatMap((value) => ('constant' in value ? [value.constant] : []))
      const agree = values.every((value) =>
        sameShape(shapeOf(value).toSpliced(axis, 1), shapeOf(first).toSpliced(axis, 1)),
      )
      if (!agree)
        return fail(
          'ShapeMismatch',
          `it joins ${values.map((value) => showShape(shapeOf(value))).join(' and ')} along axis ${axis}`,
        )
      if (constants.length === values.length)
        return E.right([
          {
            constant: {
              ...(constants[0] as Constant),
              name: outputName(given),
              tensor: joined(constants, axis),
              isLearned: false,
            },
          },
        ])
      return F.pipe(
        values,
        E.traverseArray((value) => operandOf(build, value)),
        E.flatMap((operands) =>
          one(given, 'concat', { axis }, Object.fromEntries(operands.map((each, q) => [`x${q}`, each]))),
        ),
      )
    }),
  )
})

export const pad: Operator = operator({ mode: text('constant'), pads: ints, value: float(0) }, (attrs, given) =>
  F.pipe(
    E.Do,
    E.tap(() => only('mode', attrs.mode, 'constant')),
    E.tap(() => ensure(given.inputs[3] === undefined, 'Unsupported', 'it pads some axes, by its input axes')),
    E.bind('x', () => read(given, 0)),
    E.bind('pads', () => listOf(given, attrs.pads, 1, 11, 'pads')),
    E.bind('value', () =>
      given.opset < 11
        ? E.right(attrs.value)
        : F.pipe(
            optionalNumbersAt(given, 2, 'constant_value'),
            E.map((list) => list?.[0] ?? 0),
          ),
    ),
    E.flatMap(({ x, pads = [], value }) => {
      const { build, name } = given
      const rank = x.shape.length
      if (pads.length !== 2 * rank || pads.some((n) => n < 0))
        return refuse(`pads are ${showShape(pads)}; ${2 * rank} counts of at least 0 are wanted`)
      const padded = x.shape.map((extent, axis) => extent + (pads[axis] as number) + (pads[axis + rank] as number))
      if (sizeOf(padded) > mostPicked)
        return fail('TooLarge', `it pads to ${showShape(padded)}; at most ${mostPicked} elements are made`)
      const axes = x.shape.flatMap((_, axis) => (pads[axis] === 0 && pads[axis + rank] === 0 ? [] : [axis]))
      // numbers are put before and behind along each axis
      return answer(
        axes.reduce<Result<Operand>>(
          (soFar, axis, i) =>
            F.pipe(
              soFar,
              E.flatMap((from) => {
                const block = (end: string, count: number): readonly Operand[] =>
                  count === 0
                    ? []
                    : [
                        build.weight(`${name}.${end}${axis}`, {
                          tensor: filled(from.shape.with(axis, count), value),
                          isLearned: false,
                        }),
                      ]
                const parts = [
                  ...block('before', pads[axis] as number),
                  from,
                  ...block('behind', pads[axis + rank] as number),
                ]
                const isLast = i === axes.length - 1
                return single(
                  build,
                  isLast ? name : `${name}.axis${axis}`,
                  'concat',
                  { axis },
                  Object.fromEntries(parts.map((each, q) => [`x${q}`, each])),
                  isLast ? outputName(given) : `${name}.axis${axis}`,
                )
              }),
            ),
          E.right(x),
        ),
      )
    }),
  ),
)
