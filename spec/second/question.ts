import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../attributes.js'
import type { OpName } from '../catalogue.js'
import { opOf } from '../catalogue.js'
import { withCompositions } from '../differentiate.js'
import type { Result } from '../error.js'
import { ensure, fail } from '../error.js'
import { foldNodes } from '../foldNodes.js'
import { cotangentNames, gradientNames } from '../op.js'
import type { Program, ProgramNode } from '../program.js'
import { checkProgram } from '../program.js'
import { noSecond, reversed } from '../reverse.js'
import type { Shape, Tensor, Tensors } from '../tensor.js'
import { sameShape, showShape, zeros } from '../tensor.js'
import { hasSecond } from './index.js'

/** What is asked of an op's second derivative: the gradients of Σ ⟨direction, gradient⟩ with respect to the inputs. */
export interface SecondQuestion {
  readonly op: OpName
  readonly attrs: Attributes
  readonly inputs: Tensors
  /** one that is missing counts as zeros */
  readonly cotangents: Tensors
  /** by the inputs' names; one that is missing counts as zeros */
  readonly directions: Tensors
}

/** The question as a program of the catalogue's ops, what it is fed, and what it answers. */
export interface SecondProgram {
  readonly program: Program
  readonly feeds: Tensors
  /** the value that is the gradient of each, by name, and the feed whose shape it has; one that is 0 whatever is fed has none */
  readonly answers: Readonly<Record<string, { readonly value: string | undefined; readonly like: string }>>
}

const prefixed = <A>(prefix: string, named: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [`${prefix}.${name}`, value]))

const namesOf = (prefix: string, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, prefix === '' ? name : `${prefix}.${name}`]))

/** The nodes that some values need, and of their answers those that are read. */
const needed = (nodes: readonly ProgramNode[], values: readonly string[]): Result<readonly ProgramNode[]> =>
  F.pipe(
    foldNodes(
      Object.fromEntries(values.map((name) => [name, true as const])),
      [...nodes].reverse(),
      (wanted: ReadonlyMap<string, true>, node) => {
        const outputs = Object.entries(node.outputs).filter(([, value]) => wanted.has(value))
        const read = [...Object.values(node.inputs), ...Object.values(node.cotangents)]
        return E.right(
          outputs.length === 0
            ? { made: [], writes: {} }
            : {
                made: [{ ...node, outputs: Object.fromEntries(outputs) }],
                writes: Object.fromEntries(read.map((name) => [name, true as const])),
              },
        )
      },
    ),
    E.map(({ made }) => [...made].reverse().flat()),
  )

/**
 * The program of a second derivative, which any backend runs: the gradients of Σ ⟨direction, gradient⟩ with respect to the
 * inputs, or to the cotangents.
 *
 * Errors  NoBackward – the op has none; UnexpectedInput, MissingInput – names of cotangents and directions; ShapeMismatch –
 *         their shapes, and whatever the op refuses
 */
export const secondProgram = (
  { op, attrs, inputs, cotangents, directions }: SecondQuestion,
  of: 'inputs' | 'cotangents' = 'inputs',
): Result<SecondProgram> => {
  const spec = opOf(op)
  const differentiable = gradientNames(spec, inputs)
  const stranger = Object.keys(directions).find((name) => !differentiable.includes(name))
  const feeds = { ...inputs, ...prefixed('cotangent', cotangents), ...prefixed('direction', directions) }
  const unfit = Object.entries(directions).find(
    ([name, { shape }]) => stranger === undefined && !sameShape(shape, (inputs[name] as Tensor).shape),
  )
  const wrt = of === 'inputs' ? namesOf('', differentiable) : namesOf('cotangent', Object.keys(cotangents))
  const gradient: ProgramNode = {
    name: op,
    op,
    direction: 'backward',
    attrs,
    inputs: Object.fromEntries(Object.keys(inputs).map((name) => [name, name])),
    cotangents: namesOf('cotangent', Object.keys(cotangents)),
    outputs: namesOf('gradient', Object.keys(directions)),
  }
  const asked: Program = {
    inputs: Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape])),
    nodes: [gradient],
    outputs: [],
    carry: {},
  }
  return F.pipe(
    E.Do,
    E.tap(() => (hasSecond(op) ? E.right(undefined) : E.left(noSecond(op)))),
    E.tap(() =>
      stranger === undefined
        ? E.right(undefined)
        : fail('UnexpectedInput', `there is no gradient ${stranger} to direct; there are ${differentiable.join(', ')}`),
    ),
    E.tap(() =>
      ensure(
        Object.keys(directions).length > 0,
        'MissingInput',
        `second needs at least one direction of ${differentiable.join(', ')}`,
      ),
    ),
    E.tap(() =>
      ensure(
        unfit === undefined,
        'ShapeMismatch',
        `the direction of ${unfit?.[0]} has shape ${showShape(unfit?.[1].shape ?? [])}; ${unfit?.[0]} has shape ${showShape(inputs[unfit?.[0] ?? '']?.shape ?? [])}`,
      ),
    ),
    E.tap(() =>
      ensure(
        Object.keys(cotangents).length > 0,
        'MissingInput',
        `second needs at least one cotangent of ${cotangentNames(spec).join(', ')}`,
      ),
    ),
    E.bind('given', () => checkProgram(asked)),
    E.bind('checked', ({ given }) => withCompositions(given, Object.values(wrt))),
    E.bind('back', ({ checked }) =>
      reversed(
        checked.program.nodes,
        new Map(Object.entries<Shape>(checked.shapes)),
        Object.fromEntries(Object.keys(directions).map((name) => [`gradient.${name}`, `direction.${name}`])),
        Object.values(wrt),
        { gradient: (value) => `second.${value}`, node: (name) => `${name}.reverse` },
      ),
    ),
    E.let('answers', ({ back }) =>
      Object.fromEntries(
        Object.entries(wrt).map(([name, value]) => [name, { value: back.arrived.get(value)?.[0], like: value }]),
      ),
    ),
    E.let('outputs', ({ answers }) => [...new Set(Object.values(answers).flatMap(({ value }) => value ?? []))]),
    E.bind('nodes', ({ checked, back, outputs }) => needed([...checked.program.nodes, ...back.nodes], outputs)),
    E.map(({ answers, outputs, nodes }) => ({ program: { ...asked, nodes, outputs }, feeds, answers })),
  )
}

/** The answers under their names, zeros for those that have no value. */
export const secondAnswers = ({ answers, feeds }: SecondProgram, values: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(answers).map(([name, { value, like }]) => [
      name,
      value === undefined ? zeros((feeds[like] as Tensor).shape) : (values[value] as Tensor),
    ]),
  )
