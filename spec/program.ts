import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { AttributeValue, Attributes } from './attributes.js'
import { roundAttributes } from './attributes.js'
import type { Direction, OpName } from './catalogue.js'
import { hasBackward, isOpName, opOf } from './catalogue.js'
import type { Result } from './error.js'
import { brief, ensure, etalonError, fail, show, within } from './error.js'
import type { Resolved } from './op.js'
import { cotangentNames, gradientNames, resolve } from './op.js'
import type { Shape, Tensor, Tensors } from './tensor.js'
import { sameShape, showShape } from './tensor.js'
import { foldNodes } from './foldNodes.js'

/** An attribute is a constant, or the name of a scalar feed, so that a recorded step can be replayed at another value. */
export type NodeAttribute = AttributeValue | { readonly feed: string }

/** One op in one direction: the values it reads and the values it writes, by the op's own names. */
export interface ProgramNode {
  readonly name: string
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Readonly<Record<string, NodeAttribute>>
  readonly inputs: Readonly<Record<string, string>>
  /** backward only: the cotangent of each output that has one; a missing one counts as zeros */
  readonly cotangents: Readonly<Record<string, string>>
  /** the value written for each output, or backward for each input's gradient; the ones left out are not computed */
  readonly outputs: Readonly<Record<string, string>>
}

/** A network, its reverse, or a training step: a list of nodes in an order in which they can run. A value. */
export interface Program {
  /** what is fed: tensors by name, with their shapes */
  readonly inputs: Readonly<Record<string, Shape>>
  readonly nodes: readonly ProgramNode[]
  /** the values that a run answers with unless it is asked for others */
  readonly outputs: readonly string[]
  /** for training: after a step, the input of this name holds the value of that name */
  readonly carry: Readonly<Record<string, string>>
}

const attributeCodec: t.Type<NodeAttribute, NodeAttribute, unknown> = t.union([
  t.number,
  t.string,
  t.boolean,
  t.readonlyArray(t.number),
  t.strict({ feed: t.string }),
])
const opNameCodec = new t.Type<OpName, OpName, unknown>(
  'the name of an op',
  (u): u is OpName => typeof u === 'string' && isOpName(u),
  (u, context) => (typeof u === 'string' && isOpName(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)
const names = t.record(t.string, t.string)
const programCodec = t.strict({
  inputs: t.record(t.string, t.readonlyArray(t.number)),
  nodes: t.readonlyArray(
    t.strict({
      name: t.string,
      op: opNameCodec,
      direction: t.keyof({ forward: null, backward: null }),
      attrs: t.record(t.string, attributeCodec),
      inputs: names,
      cotangents: names,
      outputs: names,
    }),
  ),
  outputs: t.readonlyArray(t.string),
  carry: names,
})

/**
 * A program from data of unknown quality.
 *
 * Errors  MalformedRequest – not the form of a program (where and what was found); what `checkProgram` refuses
 */
export const parseProgram = (input: unknown): Result<Program> =>
  F.pipe(
    programCodec.decode(input),
    E.mapLeft((errors) => {
      const last = errors[errors.length - 1]
      const path = last?.context.map(({ key }) => key).join('/') ?? ''
      return etalonError(
        'MalformedRequest',
        `no program: at ${brief(path || '/')} found ${show(last?.value)}, wanted ${last?.context.at(-1)?.type.name}`,
      )
    }),
    E.tap((program) => checkProgram(program)),
  )

/** A node with what its op comes to at its shapes. A fed attribute stands as 1 until a feed gives it. */
export interface CheckedNode extends Resolved {
  readonly node: ProgramNode
}

/** A program whose names, ranks and shapes fit, and the shape of every value in it. */
export interface CheckedProgram {
  readonly program: Program
  readonly nodes: readonly CheckedNode[]
  readonly shapes: Readonly<Record<string, Shape>>
}

/** The attributes of a node, fed ones taken from the feeds. */
export const nodeAttributes = (node: Pick<ProgramNode, 'op' | 'attrs'>, feeds: Tensors): Result<Attributes> =>
  F.pipe(
    Object.entries(node.attrs).reduce<Result<Readonly<Record<string, AttributeValue>>>>(
      (soFar, [name, value]) =>
        F.pipe(
          soFar,
          E.flatMap((attrs) => {
            if (typeof value !== 'object' || !('feed' in value)) return E.right({ ...attrs, [name]: value })
            const fed = feeds[value.feed]
            return fed === undefined
              ? fail('MissingInput', `attribute ${name} is fed by ${value.feed}, which is not among the feeds`)
              : E.right({ ...attrs, [name]: fed.data[0] as number })
          }),
        ),
      E.right({}),
    ),
    E.flatMap((attrs) => opOf(node.op).attrs.decode(attrs)),
  )

/** The names of the scalar feeds that some attribute takes its value from. */
export const attributeFeeds = (program: Program): readonly string[] => [
  ...new Set(
    program.nodes.flatMap(({ attrs }) =>
      Object.values(attrs).flatMap((value) => (typeof value === 'object' && 'feed' in value ? [value.feed] : [])),
    ),
  ),
]

const stand: Tensor = { shape: [], data: [1] }

/** The attributes of a node before it is fed: 1 stands for what feeds will give. */
export const standingAttributes = (op: OpName, attrs: ProgramNode['attrs']): Result<Attributes> =>
  nodeAttributes(
    { op, attrs },
    Object.fromEntries(
      Object.values(attrs).flatMap((value) =>
        typeof value === 'object' && 'feed' in value ? [[value.feed, stand] as const] : [],
      ),
    ),
  )

const isFed = (value: NodeAttribute): boolean => typeof value === 'object' && 'feed' in value

/**
 * A program whose constants are numbers of f32, those that stand by default among them: what a backend and the oracle are
 * both given, so that 1 − ρ, say, is the same to one that works it out in f64 on its host and to one that has ρ on its
 * device. What is fed comes in f32 as it is. A node that `checkProgram` refuses stays as it is.
 */
export const roundProgram = (program: Program): Program => ({
  ...program,
  nodes: program.nodes.map((node) => {
    const { attrs } = opOf(node.op)
    const standing = standingAttributes(node.op, node.attrs)
    if (E.isLeft(standing)) return node
    const rounded = Object.entries(roundAttributes(attrs, standing.right)).filter(
      ([name, value]) => typeof value === 'number' && value !== standing.right[name] && !isFed(node.attrs[name] ?? 0),
    )
    return rounded.length === 0 ? node : { ...node, attrs: { ...node.attrs, ...Object.fromEntries(rounded) } }
  }),
})

type Known = ReadonlyMap<string, Shape>

const checkNode = (shapes: Known, node: ProgramNode): Result<CheckedNode> => {
  const op = opOf(node.op)
  const read = { ...node.inputs, ...Object.fromEntries(Object.entries(node.cotangents).map(([k, v]) => [`d${k}`, v])) }
  const absent = Object.values(read).find((value) => !shapes.has(value))
  const fed = Object.entries(node.attrs).flatMap(([name, value]) =>
    typeof value === 'object' && 'feed' in value ? [{ name, feed: value.feed }] : [],
  )
  const wide = fed.find(({ feed }) => (shapes.get(feed) ?? []).length > 0)
  const writable = node.direction === 'forward' ? Object.keys(op.outputs) : gradientNames(op, node.inputs)
  const stranger = Object.keys(node.outputs).find((name) => !writable.includes(name))
  return F.pipe(
    E.Do,
    E.tap(() => ensure(absent === undefined, 'MissingInput', `reads ${absent}, which nothing before it gives`)),
    E.tap(() =>
      ensure(
        node.direction === 'forward' || hasBackward(node.op),
        'NoBackward',
        `${node.op} has no backward; nothing in it is differentiable`,
      ),
    ),
    E.tap(() =>
      ensure(
        stranger === undefined,
        'UnexpectedInput',
        `writes ${stranger}; ${node.op} ${node.direction} gives ${writable.join(', ')}`,
      ),
    ),
    E.tap(() =>
      ensure(
        wide === undefined,
        'ShapeMismatch',
        `attribute ${wide?.name} is fed by ${wide?.feed} of shape ${showShape(shapes.get(wide?.feed ?? '') ?? [])}; a scalar is wanted, of shape []`,
      ),
    ),
    E.bind('attrs', () => standingAttributes(node.op, node.attrs)),
    E.bind('resolved', ({ attrs }) =>
      resolve(
        op,
        attrs,
        Object.fromEntries(Object.entries(node.inputs).map(([name, value]) => [name, shapes.get(value) as Shape])),
      ),
    ),
    E.tap(({ resolved }) =>
      Object.entries(node.cotangents).reduce<Result<void>>((soFar, [name, value]) => {
        const wanted = cotangentNames(op).includes(name) ? resolved.outputs[name] : undefined
        const found = shapes.get(value) as Shape
        return F.pipe(
          soFar,
          E.flatMap(() =>
            wanted === undefined
              ? fail('UnexpectedInput', `there is no cotangent ${name}; there are ${cotangentNames(op).join(', ')}`)
              : ensure(
                  sameShape(wanted, found),
                  'ShapeMismatch',
                  `the cotangent of ${name} has shape ${showShape(found)}; ${name} has shape ${showShape(wanted)}`,
                ),
          ),
        )
      }, E.right(undefined)),
    ),
    E.tap(() =>
      ensure(
        node.direction === 'forward' || Object.keys(node.cotangents).length > 0,
        'MissingInput',
        `backward needs at least one cotangent of ${cotangentNames(op).join(', ')}`,
      ),
    ),
    E.map(({ resolved }): CheckedNode => ({ node, ...resolved })),
    E.mapLeft(within(node.name)),
  )
}

/** The shape of each value that a node writes: its outputs, or its inputs' shapes for gradients. */
const written = ({ node, outputs }: CheckedNode, shapes: Known): Readonly<Record<string, Shape>> =>
  Object.fromEntries(
    Object.entries(node.outputs).map(([name, value]) => [
      value,
      (node.direction === 'forward' ? outputs[name] : shapes.get(node.inputs[name] as string)) as Shape,
    ]),
  )

/** The first place of each node's name. */
const firstPlaces = (nodes: readonly ProgramNode[]): ReadonlyMap<string, number> =>
  // of entries of one name a map keeps the last, so the list goes in from its end
  new Map([...nodes.entries()].reverse().map(([at, node]) => [node.name, at]))

/**
 * Whether a program can run, and the shape of every value in it.
 *
 * Errors  ShapeMismatch – an input whose extents are no numbers of elements, such as half a channel; what the ops refuse,
 *         with the node's name in front; MissingInput – a value is read before it is written;
 *         UnexpectedInput – a value is written twice, two nodes share a name, or an output or a carried value that nothing gives
 */
export const checkProgram = (program: Program): Result<CheckedProgram> => {
  const places = firstPlaces(program.nodes)
  const unreal = Object.entries(program.inputs).find(([, shape]) => shape.some((n) => !Number.isInteger(n) || n < 1))
  if (unreal !== undefined)
    return fail(
      'ShapeMismatch',
      `${unreal[0]} has shape ${showShape(unreal[1])}; every extent is an integer of at least 1`,
    )
  return F.pipe(
    foldNodes(program.inputs, [...program.nodes.entries()], (shapes: Known, [at, node]) => {
      const twice = Object.values(node.outputs).find((value) => shapes.has(value))
      return F.pipe(
        ensure(places.get(node.name) === at, 'UnexpectedInput', `${node.name}: two nodes have this name`),
        E.flatMap(() =>
          ensure(twice === undefined, 'UnexpectedInput', `${node.name}: writes ${twice}, which has a value already`),
        ),
        E.flatMap(() => checkNode(shapes, node)),
        E.map((checked) => ({ made: checked, writes: written(checked, shapes) })),
      )
    }),
    E.map(({ made, known }) => ({ nodes: made, shapes: Object.fromEntries(known) })),
    E.tap(({ shapes }) => {
      const absent = [...program.outputs, ...Object.values(program.carry)].find((value) => shapes[value] === undefined)
      return ensure(absent === undefined, 'MissingInput', `${absent} is wanted of the program; nothing gives it`)
    }),
    E.tap(({ shapes }) => {
      const unfit = Object.entries(program.carry).find(
        ([input, value]) =>
          program.inputs[input] === undefined || !sameShape(program.inputs[input], shapes[value] as Shape),
      )
      return ensure(
        unfit === undefined,
        'ShapeMismatch',
        `carry ${unfit?.[0]} ← ${unfit?.[1]}: an input and a value of one shape are wanted`,
      )
    }),
    E.map(({ nodes, shapes }) => ({ program, nodes, shapes })),
  )
}

/**
 * Whether the feeds are what a program wants.
 *
 * Errors  MissingInput, UnexpectedInput – by name; ShapeMismatch – a feed of another shape
 */
export const checkFeeds = (inputs: Readonly<Record<string, Shape>>, feeds: Tensors): Result<void> => {
  const missing = Object.keys(inputs).find((name) => feeds[name] === undefined)
  const stranger = Object.keys(feeds).find((name) => inputs[name] === undefined)
  const unfit = Object.entries(inputs).find(([name, shape]) => !sameShape(shape, feeds[name]?.shape ?? shape))
  return F.pipe(
    ensure(missing === undefined, 'MissingInput', `feed ${missing} is missing`),
    E.flatMap(() => ensure(stranger === undefined, 'UnexpectedInput', `the program has no input ${stranger}`)),
    E.flatMap(() =>
      ensure(
        unfit === undefined,
        'ShapeMismatch',
        `feed ${unfit?.[0]} has shape ${showShape(feeds[unfit?.[0] ?? '']?.shape ?? [])}; the program wants ${showShape(unfit?.[1] ?? [])}`,
      ),
    ),
  )
}

/** One op's question: what an oracle is asked about. */
export interface Question {
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Attributes
  readonly inputs: Tensors
  /** one that is missing counts as zeros */
  readonly cotangents: Tensors
  /** the outputs or gradients asked for, if not all */
  readonly wanted?: readonly string[]
}

/** The outputs, or the inputs whose gradients, a question asks for. */
export const answersTo = ({ op, direction, inputs, wanted }: Question): readonly string[] =>
  (direction === 'forward' ? Object.keys(opOf(op).outputs) : gradientNames(opOf(op), inputs)).filter(
    (name) => wanted === undefined || wanted.includes(name),
  )

/** A single op as a one-node program: inputs keep their names, cotangents get a d in front, answers are `out.` names. */
export const oneNode = (question: Question): { readonly program: Program; readonly feeds: Tensors } => {
  const { op, direction, attrs, inputs, cotangents } = question
  const given = Object.keys(inputs)
  const answers = answersTo(question)
  const renamed = Object.fromEntries(Object.entries(cotangents).map(([name, value]) => [`d${name}`, value]))
  const feeds = { ...inputs, ...renamed }
  return {
    program: {
      inputs: Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape])),
      nodes: [
        {
          name: op,
          op,
          direction,
          attrs,
          inputs: Object.fromEntries(given.map((name) => [name, name])),
          cotangents: Object.fromEntries(Object.keys(cotangents).map((name) => [name, `d${name}`])),
          outputs: Object.fromEntries(answers.map((name) => [name, `out.${name}`])),
        },
      ],
      outputs: answers.map((name) => `out.${name}`),
      carry: {},
    },
    feeds,
  }
}

/** A one-node program's answers under the op's own names. */
export const answersOf = (values: Tensors): Tensors =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace(/^out\./, ''), value]))
