import { either as E, function as F } from 'fp-ts'
import type { OpName } from './catalogue.js'
import { hasBackward, opOf } from './catalogue.js'
import type { EtalonError, Result } from './error.js'
import { etalonError, fail, within } from './error.js'
import type { Visit } from './foldNodes.js'
import { foldNodes } from './foldNodes.js'
import { cotangentNames, gradientNames } from './op.js'
import type { ProgramNode } from './program.js'
import { standingAttributes } from './program.js'
import { secondOf } from './second/index.js'
import type { Value, Values } from './second/values.js'
import { writtenDown } from './second/values.js'
import type { Shape } from './tensor.js'

/**
 * Reverse mode on lists of nodes: for each in reverse order what brings the gradients of its answers to what it reads. Of a
 * forward node that is its backward node; of a backward node it is what `second` makes of it.
 */

/** How a reverse names what it adds: gradients of values, and nodes that reverse others. */
export interface Naming {
  readonly gradient: (value: string) => string
  readonly node: (name: string) => string
}

// a program that has gradients already has names of this form, so that gradients of those are d2.x and so on
const namingOf = (order: number): Naming => {
  const mark = order === 1 ? '' : `${order}`
  return { gradient: (value) => `d${mark}.${value}`, node: (name) => `${name}.backward${mark}` }
}

/** The first naming under which nothing in a program is named yet. */
export const freeNaming = (values: ReadonlySet<string>, nodes: ReadonlySet<string>, order = 1): Naming => {
  const naming = namingOf(order)
  const taken =
    [...values].some((value) => values.has(naming.gradient(value))) ||
    [...nodes].some((name) => nodes.has(naming.node(name)))
  return taken ? freeNaming(values, nodes, order + 1) : naming
}

const addition = (name: string, a: string, b: string): ProgramNode => ({
  name,
  op: 'add',
  direction: 'forward',
  attrs: {},
  inputs: { a, b },
  cotangents: {},
  outputs: { y: name },
})

/** The gradients that have reached each value so far; none of a value that they can reach, but only as zeros. */
export type Arrived = ReadonlyMap<string, readonly string[]>

/** A part of the reverse: the nodes that it adds, and the gradients that have reached a value behind them. */
type Part = Visit<readonly ProgramNode[], readonly string[]>

// a value that several nodes read receives the sum of their gradients
const total = ({ gradient }: Naming, arrived: Arrived, value: string): Part => {
  const parts = arrived.get(value) ?? []
  if (parts.length < 2) return { made: [], writes: {} }
  const made = parts.slice(1).map((part, i) => {
    const last = i === parts.length - 2
    return addition(
      last ? gradient(value) : `${gradient(value)}.sum${i + 1}`,
      i === 0 ? (parts[0] as string) : `${gradient(value)}.sum${i}`,
      part,
    )
  })
  return { made, writes: { [value]: [gradient(value)] } }
}

/** The values that gradients go to behind a node: of inputs, and of a backward node's cotangents too. */
export const readBy = ({ op, direction, inputs, cotangents }: ProgramNode): readonly string[] => [
  ...gradientNames(opOf(op), inputs).map((input) => inputs[input] as string),
  ...(direction === 'forward' ? [] : Object.values(cotangents)),
]

/** How often each value is read by an input that a node is differentiable in. */
const timesRead = (nodes: readonly ProgramNode[]): ReadonlyMap<string, number> => {
  const times = new Map<string, number>()
  for (const value of nodes.flatMap(readBy)) times.set(value, (times.get(value) ?? 0) + 1)
  return times
}

/** What a list of nodes has to say to whoever reverses them. */
interface Surroundings {
  readonly naming: Naming
  readonly shapes: ReadonlyMap<string, Shape>
  readonly reads: ReadonlyMap<string, number>
  readonly active: ReadonlyMap<string, true>
  readonly seeds: Readonly<Record<string, string>>
}

const reverseNode =
  (around: Surroundings) =>
  (arrived: Arrived, node: ProgramNode): Result<Part> => {
    const sums = Object.values(node.outputs).map((value) => total(around.naming, arrived, value))
    const summed: Part = {
      made: sums.flatMap(({ made }) => made),
      writes: Object.fromEntries(sums.flatMap(({ writes }) => Object.entries(writes))),
    }
    const reached = Object.values(node.outputs).some((value) => arrived.has(value))
    const gradients = Object.fromEntries(
      Object.entries(node.outputs).flatMap(([output, value]) => {
        const [gradient] = summed.writes[value] ?? arrived.get(value) ?? []
        return gradient === undefined ? [] : [[output, gradient] as const]
      }),
    )
    const wanted = readBy(node).filter((value) => around.active.has(value))
    if (!reached || wanted.length === 0) return E.right(summed)
    if (Object.keys(gradients).length === 0)
      return E.right({ made: summed.made, writes: { ...withZeros(arrived, wanted), ...summed.writes } })
    return F.pipe(
      node.direction === 'forward'
        ? E.right(ofForward(around, arrived, node, gradients))
        : ofBackward(around, arrived, node, gradients),
      E.map(({ made, writes }) => ({
        made: [...summed.made, ...made],
        writes: { ...withZeros(arrived, wanted), ...summed.writes, ...writes },
      })),
    )
  }

const withZeros = (arrived: Arrived, values: readonly string[]): Part['writes'] =>
  Object.fromEntries(values.map((value) => [value, arrived.get(value) ?? []]))

type Gradient = readonly [value: string, gradient: string]

// a value may be read twice by one node
const allOf = (arrived: Arrived, gradients: readonly Gradient[]): Part['writes'] =>
  gradients.reduce<Part['writes']>(
    (soFar, [value, gradient]) => ({
      ...soFar,
      [value]: [...(soFar[value] ?? arrived.get(value) ?? []), gradient],
    }),
    {},
  )

const ofForward = (
  { naming, reads, active, seeds }: Surroundings,
  arrived: Arrived,
  node: ProgramNode,
  cotangents: Readonly<Record<string, string>>,
): Part => {
  const taken = Object.fromEntries(
    Object.entries(cotangents).filter(([name]) => cotangentNames(opOf(node.op)).includes(name)),
  )
  const wanted = gradientNames(opOf(node.op), node.inputs).filter((input) => active.has(node.inputs[input] as string))
  if (Object.keys(taken).length === 0 || wanted.length === 0) return { made: [], writes: {} }
  const outputs = Object.fromEntries(
    wanted.map((input) => {
      const value = node.inputs[input] as string
      const alone = reads.get(value) === 1 && seeds[value] === undefined
      return [input, alone ? naming.gradient(value) : `${naming.gradient(value)}.${node.name}.${input}`]
    }),
  )
  const made: ProgramNode = {
    name: naming.node(node.name),
    op: node.op,
    direction: 'backward',
    attrs: node.attrs,
    inputs: node.inputs,
    cotangents: taken,
    outputs,
  }
  return {
    made: [made],
    writes: allOf(
      arrived,
      wanted.map((input): Gradient => [node.inputs[input] as string, outputs[input] as string]),
    ),
  }
}

/** Values of a program by the names that an op has for them. */
export const valuesOf = (shapes: ReadonlyMap<string, Shape>, names: Readonly<Record<string, string>>): Values =>
  Object.fromEntries(
    Object.entries(names).map(([name, value]) => [name, { name: value, shape: shapes.get(value) as Shape }]),
  )

/** Why an op's gradient, or its gradient's gradient, is refused. */
export const noSecond = (op: OpName): EtalonError =>
  etalonError(
    'NoBackward',
    hasBackward(op) ? `${op} has no second derivative` : `${op} has no backward; nothing in it is differentiable`,
  )

const ofBackward = (
  { naming, shapes, active }: Surroundings,
  arrived: Arrived,
  node: ProgramNode,
  gradients: Readonly<Record<string, string>>,
): Result<Part> => {
  const second = secondOf(node.op)
  if (second === undefined || !('rule' in second)) return E.left(within(node.name)(noSecond(node.op)))
  return F.pipe(
    standingAttributes(node.op, node.attrs),
    E.map((attrs): Part => {
      const found = second.rule({
        op: node.op,
        attrs,
        given: node.attrs,
        inputs: valuesOf(shapes, node.inputs),
        cotangents: valuesOf(shapes, node.cotangents),
        directions: Object.fromEntries(
          Object.entries(gradients).map(([input, name]) => [
            input,
            { name, shape: shapes.get(node.outputs[input] as string) as Shape },
          ]),
        ),
      })
      const wanted = [
        ...gradientNames(opOf(node.op), node.inputs).map((input) => [node.inputs[input], found.inputs[input]] as const),
        ...Object.entries(node.cotangents).map(([output, value]) => [value, found.cotangents[output]] as const),
      ].filter((pair): pair is readonly [string, Value] => pair[1] !== undefined && active.has(pair[0] as string))
      const { nodes, nameOf } = writtenDown(
        naming.node(node.name),
        wanted.map(([, gradient]) => gradient),
      )
      return {
        made: nodes,
        writes: allOf(
          arrived,
          wanted.map(([value, gradient]): Gradient => [value, nameOf(gradient)]),
        ),
      }
    }),
  )
}

/** The values through which an input in `wrt` acts, and those among them that no gradient comes back from. */
interface Reach {
  readonly active: ReadonlyMap<string, true>
  readonly mute: ReadonlyMap<string, string>
}

/**
 * Outputs without a cotangent, such as running statistics, act as well, but what reads them hands no gradient on: where
 * the result depends on one, its gradient would be wrong in silence.
 */
export const reach = (nodes: readonly ProgramNode[], wrt: readonly string[]): Reach => {
  const active = new Map(wrt.map((name) => [name, true as const]))
  const mute = new Map<string, string>()
  for (const node of nodes) {
    const op = opOf(node.op)
    if (!hasBackward(node.op)) continue
    const heard = node.direction === 'forward' ? cotangentNames(op) : Object.keys(node.outputs)
    const acts = readBy(node).some((value) => active.has(value))
    const muted = [...Object.values(node.inputs), ...Object.values(node.cotangents)].find((value) => mute.has(value))
    for (const [output, value] of Object.entries(node.outputs)) {
      if (acts && heard.includes(output)) active.set(value, true)
      if (muted !== undefined) mute.set(value, mute.get(muted) as string)
      else if (acts && !heard.includes(output)) mute.set(value, value)
    }
  }
  return { active, mute }
}

/** Nodes that bring gradients from seeds back to some values, and those that have reached each of these. */
export interface ReversedNodes {
  readonly nodes: readonly ProgramNode[]
  readonly arrived: Arrived
}

/**
 * The reverse of some nodes. `seeds` are the gradients of values that are there from the start, by the values' names.
 *
 * Errors  NoBackward – a backward node on the way whose op has no second derivative, or a value on the way that no
 *         gradient comes back from
 */
export const reversed = (
  nodes: readonly ProgramNode[],
  shapes: ReadonlyMap<string, Shape>,
  seeds: Readonly<Record<string, string>>,
  wrt: readonly string[],
  naming: Naming,
): Result<ReversedNodes> => {
  const { active, mute } = reach(nodes, wrt)
  const muted = Object.keys(seeds).find((value) => mute.has(value))
  if (muted !== undefined) return fail('NoBackward', `${muted} depends on ${mute.get(muted)}, which takes no cotangent`)
  const around: Surroundings = { naming, shapes, reads: timesRead(nodes), active, seeds }
  const given = Object.fromEntries(Object.entries(seeds).map(([value, gradient]) => [value, [gradient]]))
  return F.pipe(
    foldNodes(
      given,
      [...nodes].reverse().filter(({ op }) => hasBackward(op)),
      reverseNode(around),
    ),
    E.flatMap((ran) =>
      F.pipe(
        foldNodes(Object.fromEntries(ran.known), wrt, (arrived: Arrived, name) =>
          E.right(total(naming, arrived, name)),
        ),
        E.map((summed) => ({ nodes: [...ran.made, ...summed.made].flat(), arrived: summed.known })),
      ),
    ),
  )
}
