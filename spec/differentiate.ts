import { either as E, function as F } from 'fp-ts'
import type { Result } from './error.js'
import { ensure } from './error.js'
import { hasBackward, opOf } from './catalogue.js'
import { cotangentNames, gradientNames } from './op.js'
import type { Program, ProgramNode } from './program.js'
import { checkProgram } from './program.js'
import type { Shape } from './tensor.js'
import type { Visit } from './foldNodes.js'
import { foldNodes } from './foldNodes.js'

/** The name of the gradient of a value; the cotangent of the result is fed under this name. */
export const gradientName = (value: string): string => `d.${value}`

const addition = (name: string, a: string, b: string): ProgramNode => ({
  name,
  op: 'add',
  direction: 'forward',
  attrs: {},
  inputs: { a, b },
  cotangents: {},
  outputs: { y: name },
})

/** The gradients that have reached each value so far. */
type Arrived = ReadonlyMap<string, readonly string[]>

/** A part of the reverse: the nodes that it adds, and the gradients that have reached a value behind them. */
type Part = Visit<readonly ProgramNode[], readonly string[]>

// a value that several nodes read receives the sum of their gradients
const total = (arrived: Arrived, value: string): Part => {
  const parts = arrived.get(value) ?? []
  if (parts.length < 2) return { made: [], writes: {} }
  const made = parts.slice(1).map((part, i) => {
    const last = i === parts.length - 2
    return addition(
      last ? gradientName(value) : `${gradientName(value)}.sum${i + 1}`,
      i === 0 ? (parts[0] as string) : `${gradientName(value)}.sum${i}`,
      part,
    )
  })
  return { made, writes: { [value]: [gradientName(value)] } }
}

/** How often each value is read by an input that a node is differentiable in. */
const timesRead = (program: Program): Result<ReadonlyMap<string, number>> => {
  const read = program.nodes.flatMap(({ op, inputs }) =>
    gradientNames(opOf(op), inputs).map((input) => inputs[input] as string),
  )
  return F.pipe(
    foldNodes({}, read, (times: ReadonlyMap<string, number>, value) =>
      E.right({ made: undefined, writes: { [value]: (times.get(value) ?? 0) + 1 } }),
    ),
    E.map(({ known }) => known),
  )
}

const reverseNode =
  (reads: ReadonlyMap<string, number>, result: string, active: ReadonlyMap<string, true>) =>
  (arrived: Arrived, node: ProgramNode): Part => {
    const sums = Object.values(node.outputs).map((value) => total(arrived, value))
    const summed: Part = {
      made: sums.flatMap(({ made }) => made),
      writes: Object.fromEntries(sums.flatMap(({ writes }) => Object.entries(writes))),
    }
    const cotangents = Object.fromEntries(
      cotangentNames(opOf(node.op)).flatMap((output) => {
        const value = node.outputs[output] ?? ''
        const [gradient] = summed.writes[value] ?? arrived.get(value) ?? []
        return gradient === undefined ? [] : [[output, gradient] as const]
      }),
    )
    const wanted = gradientNames(opOf(node.op), node.inputs).filter((input) => active.has(node.inputs[input] as string))
    if (Object.keys(cotangents).length === 0 || wanted.length === 0) return summed
    const outputs = Object.fromEntries(
      wanted.map((input) => {
        const value = node.inputs[input] as string
        const alone = reads.get(value) === 1 && value !== result
        return [input, alone ? gradientName(value) : `${gradientName(value)}.${node.name}.${input}`]
      }),
    )
    const reached = wanted.reduce<Part['writes']>((soFar, input) => {
      const value = node.inputs[input] as string
      return { ...soFar, [value]: [...(soFar[value] ?? arrived.get(value) ?? []), outputs[input] as string] }
    }, summed.writes)
    return {
      made: [
        ...summed.made,
        {
          name: `${node.name}.backward`,
          op: node.op,
          direction: 'backward',
          attrs: node.attrs,
          inputs: node.inputs,
          cotangents,
          outputs,
        },
      ],
      writes: reached,
    }
  }

// the values through which an input in `wrt` acts
const reach = (program: Program, wrt: readonly string[]): Result<ReadonlyMap<string, true>> =>
  F.pipe(
    foldNodes(
      named(wrt, true as const),
      program.nodes,
      (active: ReadonlyMap<string, true>, { op, inputs, outputs }) => {
        const acts = gradientNames(opOf(op), inputs).some((input) => active.has(inputs[input] as string))
        const values = acts ? cotangentNames(opOf(op)).flatMap((output) => outputs[output] ?? []) : []
        return E.right({ made: undefined, writes: named(values, true as const) })
      },
    ),
    E.map(({ known }) => known),
  )

const named = <V>(names: readonly string[], value: V): Readonly<Record<string, V>> =>
  Object.fromEntries(names.map((name) => [name, value]))

/** A forward program together with its reverse, and where the gradients are. */
export interface Differentiated {
  readonly program: Program
  /** the value that holds the gradient of each input asked for */
  readonly gradients: Readonly<Record<string, string>>
}

/**
 * Reverse-mode differentiation of a program: its nodes, then for each of them in reverse order the backward node, with
 * sums where a value was read more than once. The cotangent of `result` becomes an input, `d.<result>`.
 *
 * Errors  MissingInput – the result or an input that is not in the program; NoBackward – no path of differentiable
 *         inputs leads from an input to the result, or a forward program was wanted
 */
export const differentiate = (program: Program, result: string, wrt: readonly string[]): Result<Differentiated> =>
  F.pipe(
    E.Do,
    E.bind('checked', () => checkProgram(program)),
    E.bind('active', () => reach(program, wrt)),
    E.bind('reads', () => timesRead(program)),
    E.bind('ran', ({ active, reads }) => {
      const reverse = reverseNode(reads, result, active)
      const backwards = [...program.nodes].reverse().filter(({ op }) => hasBackward(op))
      return foldNodes({ [result]: [gradientName(result)] }, backwards, (arrived: Arrived, node) =>
        E.right(reverse(arrived, node)),
      )
    }),
    E.bind('summed', ({ ran }) =>
      foldNodes(Object.fromEntries(ran.known), wrt, (arrived: Arrived, name) => E.right(total(arrived, name))),
    ),
    E.flatMap(({ checked, ran, summed }) => {
      const seed = gradientName(result)
      const absent = [result, ...wrt].find((name) => checked.shapes[name] === undefined)
      const dead = program.nodes.find((node) => node.direction === 'backward')
      const arrived = summed.known
      const nodes = [...ran.made, ...summed.made].flat()
      const unreached = wrt.find((name) => !arrived.has(name))
      const inputs = { ...program.inputs, [seed]: checked.shapes[result] as Shape }
      return F.pipe(
        ensure(absent === undefined, 'MissingInput', `differentiate: there is no value ${absent}`),
        E.flatMap(() => ensure(dead === undefined, 'NoBackward', `differentiate: ${dead?.name} is a backward node`)),
        E.flatMap(() =>
          ensure(unreached === undefined, 'NoBackward', `differentiate: ${result} does not depend on ${unreached}`),
        ),
        E.map(() => ({
          program: { ...program, inputs, nodes: [...program.nodes, ...nodes] },
          gradients: Object.fromEntries(
            wrt.map((name) => [name, (arrived.get(name) as readonly string[])[0] as string]),
          ),
        })),
      )
    }),
  )
