import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import { roundAttributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, fail, within } from '../../spec/error.js'
import { resolve, shapesOf } from '../../spec/op.js'
import type { ProgramNode } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import type { Operand, Part, Value } from './building.js'
import { builder } from './building.js'
import { refuse } from './given.js'
import type { OnnxNode } from './model.js'
import { isRead, translate } from './operators.js'

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

/** What is known of a part of a program, node by node: reshapes of what it is fed, the op, and reshapes of what that answers. */
interface Reading {
  readonly fed: Tensors
  readonly asked?: ProgramNode
  /** the op's output by the name of each value that holds its numbers */
  readonly answered: Readonly<Record<string, string>>
}

const targetOf = ({ attrs }: ProgramNode): Shape => attrs['shape'] as Shape

const nodeRead = (reading: Reading, node: ProgramNode): Result<Reading> => {
  const { fed, asked, answered } = reading
  const [x = '', y = ''] = [node.inputs['x'], node.outputs['y']]
  if (node.op === 'reshape' && Object.hasOwn(answered, x))
    return E.right({ ...reading, answered: { ...answered, [y]: answered[x] as string } })
  if (asked !== undefined) return refuse(`it is ${asked.op} and ${node.op} of the catalogue, more than one op`)
  if (node.op === 'reshape')
    return E.right({ ...reading, fed: { ...fed, [y]: { shape: targetOf(node), data: (fed[x] as Tensor).data } } })
  const outputs = Object.entries(node.outputs).map(([output, value]) => [value, output] as const)
  return E.right({ fed, asked: node, answered: Object.fromEntries(outputs) })
}

/** A part that only gives numbers another shape is one reshape, from the first of its values to what it answers. */
const reshaping = (x: Operand, fed: Tensors, values: readonly (Value | undefined)[]): Result<Reading> => {
  const [value] = values
  if (value === undefined || 'constant' in value) return refuse('it computes nothing that depends on its input')
  const { name, shape } = value.operand
  const y = name === x.name ? `${name}.same` : name
  const asked: ProgramNode = {
    name: y,
    op: 'reshape',
    direction: 'forward',
    attrs: { shape },
    inputs: { x: x.name },
    cotangents: {},
    outputs: { y },
  }
  return E.right({ fed, asked, answered: { [name]: 'y' } })
}

const readingOf = (
  x: Operand,
  fed: Tensors,
  { nodes }: Part,
  values: readonly (Value | undefined)[],
): Result<Reading> =>
  nodes.every(({ op }) => op === 'reshape')
    ? reshaping(x, fed, values)
    : nodes.reduce<Result<Reading>>(
        (soFar, node) =>
          F.pipe(
            soFar,
            E.flatMap((reading) => nodeRead(reading, node)),
          ),
        E.right({ fed, answered: {} }),
      )

/**
 * A node of ONNX on given values as a question of the catalogue, forward: what `programOfOnnx` makes of the node, if that
 * is one op, with nothing but reshapes before and behind it.
 *
 * Errors  Unsupported – an operator, or a use of it, that the catalogue has no one op for, with the reason; MissingInput – a
 *         value that is not given; whatever the op refuses of it
 * Source  onnx/docs/Operators.md
 */
export const questionOfNode = (node: OnnxNode, opset: number, values: Tensors): Result<NodeQuestion> => {
  if (!isRead(node)) {
    const name = node.domain === '' ? node.operator : `${node.domain}.${node.operator}`
    return refuse(`there is no ${name} in the catalogue`)
  }
  const [first = ''] = node.inputs
  const absent = node.inputs.find((name) => name !== '' && !Object.hasOwn(values, name))
  const build = builder()
  // the first is computed on, the others are weights; a model may well have them all computed
  const inputs = node.inputs.map((name, at): Value | undefined => {
    const tensor = values[name]
    return name === '' || tensor === undefined
      ? undefined
      : at === 0
        ? { operand: { name, shape: tensor.shape } }
        : { constant: { name, dtype: 'F32', tensor, isLearned: true } }
  })
  return F.pipe(
    absent === undefined ? E.right(undefined) : fail('MissingInput', `reads ${absent}, which is not given`),
    E.tap(() => ensure(Object.hasOwn(values, first), 'Unsupported', 'it reads nothing that is computed')),
    E.flatMap(() => translate({ node, name: node.operator, opset, inputs, build, isExact: true })),
    E.bindTo('answers'),
    E.bind('reading', ({ answers }) => {
      const x = values[first] as Tensor
      const { nodes, weights } = build.part()
      const fed = {
        ...Object.fromEntries(Object.entries(weights).map(([name, { tensor }]) => [name, tensor])),
        [first]: x,
      }
      return readingOf({ name: first, shape: x.shape }, fed, { nodes, weights }, answers)
    }),
    E.let('asked', ({ reading }) => reading.asked as ProgramNode),
    E.tap(({ asked }) =>
      ensure(
        asked.op !== 'conv1d' || node.operator === 'Conv',
        'Unsupported',
        'it moves numbers, for which a program has a product by zeros and ones, and the catalogue no op',
      ),
    ),
    E.let('inputs', ({ reading: { fed }, asked }) =>
      Object.fromEntries(Object.entries(asked.inputs).map(([input, value]) => [input, fed[value] as Tensor])),
    ),
    E.bind('attrs', ({ asked }) => opOf(asked.op).attrs.decode(asked.attrs)),
    E.bind('resolved', ({ asked, attrs, inputs }) => resolve(opOf(asked.op), attrs, shapesOf(inputs))),
    E.map(({ answers, reading: { answered }, asked: { op }, attrs, inputs, resolved }): NodeQuestion => ({
      op,
      attrs: roundAttributes(opOf(op).attrs, attrs),
      inputs,
      outputs: Object.fromEntries(
        node.outputs.flatMap((name, at) => {
          const value = answers[at]
          const output = value !== undefined && 'operand' in value ? answered[value.operand.name] : undefined
          return name === '' || output === undefined
            ? []
            : [[name, { output, shape: resolved.outputs[output] as Shape }] as const]
        }),
      ),
    })),
    E.mapLeft(within(node.operator)),
  )
}
