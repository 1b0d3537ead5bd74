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
import { writtenDown } from './second/written.js'
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
const timesRead = (nodes: readonly ProgramNode[]): Result<ReadonlyMap<string, number>> =>
  F.pipe(
    foldNodes({}, nodes.flatMap(readBy), (times: ReadonlyMap<string, number>, value) =>
      E.right({ made: undefined, writes: { [value]: (times.get(value) ?? 0) + 1 } }),
    ),
    E.map(({ known }) => known),
  )

/** What a list of nodes has to say to whoever reverses them. */
interface Surroundings {
  readonly naming: Naming
  readonly shapes: ReadonlyMap<string, Shape>
  readonly reads: ReadonlyMap<string, number>
  readonly marks: Reach
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
    const wanted = readBy(node).filter((value) => around.marks.get(value)?.active)
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
  { naming, reads, marks, seeds }: Surroundings,
  arrived: Arrived,
  node: ProgramNode,
  cotangents: Readonly<Record<string, string>>,
): Part => {
  const taken = Object.fromEntries(
    Object.entries(cotangents).filter(([name]) => cotangentNames(opOf(node.op)).includes(name)),
  )
  const wanted = gradientNames(opOf(node.op), node.inputs).filter(
    (input) => marks.get(node.inputs[input] as string)?.active,
  )
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
  { naming, shapes, marks }: Surroundings,
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
      ].filter(
        (pair): pair is readonly [string, Value] =>
          pair[1] !== undefined && marks.get(pair[0] as string)?.active === true,
      )
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

/** How a value comes by what `wrt` does to it. */
interface Mark {
  /** gradients come back from it */
  readonly active: boolean
  /** what it depends on that takes no cotangent, if it does */
  readonly mute?: string
}

/** The values that an input in `wrt` acts on. */
export type Reach = ReadonlyMap<string, Mark>

/**
 * Outputs without a cotangent, such as running statistics, are acted on as well, but what reads them hands no gradient on:
 * where the result depends on one, its gradient would be wrong in silence.
 */
export const reach = (nodes: readonly ProgramNode[], wrt: readonly string[]): Result<Reach> =>
  F.pipe(
    foldNodes(
      Object.fromEntries(wrt.map((name): readonly [string, Mark] => [name, { active: true }])),
      nodes.filter(({ op }) => hasBackward(op)),
      (marks: Reach, node) => {
        const heard = node.direction === 'forward' ? cotangentNames(opOf(node.op)) : Object.keys(node.outputs)
        const acts = readBy(node).some((value) => marks.get(value)?.active)
        const reads =
          node.direction === 'forward' ? gradientNames(opOf(node.op), node.inputs) : Object.keys(node.inputs)
        const silentAmong = (values: readonly (string | undefined)[]): string | undefined =>
          values.flatMap((value) => marks.get(value ?? '')?.mute ?? [])[0]
        // an output that takes a cotangent comes of what has a gradient; others of whatever is read
        const differentiated = silentAmong([
          ...reads.map((input) => node.inputs[input]),
          ...Object.values(node.cotangents),
        ])
        const anything = silentAmong([...Object.values(node.inputs), ...Object.values(node.cotangents)])
        const markOf = (output: string, value: string): Mark => {
          const mute = heard.includes(output) ? differentiated : (anything ?? (acts ? value : undefined))
          // what is in `wrt` stays so where a node writes it
          const active = marks.get(value)?.active === true || (acts && heard.includes(output))
          return { active, ...(mute === undefined ? {} : { mute }) }
        }
        return E.right({
          made: undefined,
          writes: Object.fromEntries(
            Object.entries(node.outputs).map(([output, value]) => [value, markOf(output, value)]),
          ),
        })
      },
    ),
    E.map(({ known }) => known),
  )

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
): Result<ReversedNodes> =>
  F.pipe(
    E.Do,
    E.bind('marks', () => reach(nodes, wrt)),
    E.bind('reads', () => timesRead(nodes)),
    E.tap(({ marks }) => {
      const muted = Object.keys(seeds).find((value) => marks.get(value)?.mute !== undefined)
      return muted === undefined
        ? E.right(undefined)
        : fail('NoBackward', `${muted} depends on ${marks.get(muted)?.mute}, which takes no cotangent`)
    }),
    E.bind('ran', ({ marks, reads }) =>
      foldNodes(
        Object.fromEntries(Object.entries(seeds).map(([value, gradient]) => [value, [gradient]])),
        [...nodes].reverse().filter(({ op }) => hasBackward(op)),
        reverseNode({ naming, shapes, reads, marks, seeds }),
      ),
    ),
    E.bind('summed', ({ ran }) =>
      foldNodes(Object.fromEntries(ran.known), wrt, (arrived: Arrived, name) => E.right(total(naming, arrived, name))),
    ),
    E.map(({ ran, summed }) => ({ nodes: [...ran.made, ...summed.made].flat(), arrived: summed.known })),
  )
