import { either as E, function as F } from 'fp-ts'
import type { Result } from './error.js'
import { ensure } from './error.js'
import { hasBackward, opOf } from './catalogue.js'
import { cotangentNames, gradientNames } from './op.js'
import type { Program, ProgramNode } from './program.js'
import { checkProgram } from './program.js'
import type { Shape } from './tensor.js'

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

interface Reversal {
  readonly nodes: readonly ProgramNode[]
  /** the gradients that have reached each value so far */
  readonly arrived: Readonly<Record<string, readonly string[]>>
}

// a value that several nodes read receives the sum of their gradients
const total = (reversal: Reversal, value: string): Reversal => {
  const parts = reversal.arrived[value] ?? []
  if (parts.length < 2) return reversal
  const sums = parts.slice(1).map((part, i) => {
    const last = i === parts.length - 2
    return addition(
      last ? gradientName(value) : `${gradientName(value)}.sum${i + 1}`,
      i === 0 ? (parts[0] as string) : `${gradientName(value)}.sum${i}`,
      part,
    )
  })
  return {
    nodes: [...reversal.nodes, ...sums],
    arrived: { ...reversal.arrived, [value]: [gradientName(value)] },
  }
}

const readers = (program: Program, value: string): number =>
  program.nodes.reduce(
    (n, node) =>
      n +
      Object.entries(node.inputs).filter(
        ([input, read]) => read === value && gradientNames(opOf(node.op), node.inputs).includes(input),
      ).length,
    0,
  )

const reverseNode =
  (program: Program, result: string, active: ReadonlySet<string>) =>
  (reversal: Reversal, node: ProgramNode): Reversal => {
    const summed = Object.values(node.outputs).reduce(total, reversal)
    const cotangents = Object.fromEntries(
      cotangentNames(opOf(node.op)).flatMap((output) => {
        const arrived = summed.arrived[node.outputs[output] ?? '']?.[0]
        return arrived === undefined ? [] : [[output, arrived] as const]
      }),
    )
    const wanted = gradientNames(opOf(node.op), node.inputs).filter((input) => active.has(node.inputs[input] as string))
    if (Object.keys(cotangents).length === 0 || wanted.length === 0) return summed
    const outputs = Object.fromEntries(
      wanted.map((input) => {
        const value = node.inputs[input] as string
        const alone = readers(program, value) === 1 && value !== result
        return [input, alone ? gradientName(value) : `${gradientName(value)}.${node.name}.${input}`]
      }),
    )
    const arrived = wanted.reduce<Reversal['arrived']>((soFar, input) => {
      const value = node.inputs[input] as string
      return { ...soFar, [value]: [...(soFar[value] ?? []), outputs[input] as string] }
    }, summed.arrived)
    return {
      nodes: [
        ...summed.nodes,
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
      arrived,
    }
  }

// the values through which an input in `wrt` acts
const reach = (program: Program, wrt: readonly string[]): ReadonlySet<string> =>
  program.nodes.reduce<ReadonlySet<string>>(
    (active, node) =>
      gradientNames(opOf(node.op), node.inputs).some((input) => active.has(node.inputs[input] as string))
        ? new Set([...active, ...cotangentNames(opOf(node.op)).flatMap((output) => node.outputs[output] ?? [])])
        : active,
    new Set(wrt),
  )

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
    checkProgram(program),
    E.flatMap((checked) => {
      const seed = gradientName(result)
      const absent = [result, ...wrt].find((name) => checked.shapes[name] === undefined)
      const dead = program.nodes.find((node) => node.direction === 'backward')
      const active = reach(program, wrt)
      const ran = [...program.nodes]
        .reverse()
        .filter(({ op }) => hasBackward(op))
        .reduce(reverseNode(program, result, active), {
          nodes: [],
          arrived: { [result]: [seed] },
        })
      const { nodes, arrived } = wrt.reduce(total, ran)
      const unreached = wrt.find((name) => arrived[name] === undefined)
      const inputs = { ...program.inputs, [seed]: checked.shapes[result] as Shape }
      return F.pipe(
        ensure(absent === undefined, 'MissingInput', `differentiate: there is no value ${absent}`),
        E.flatMap(() => ensure(dead === undefined, 'NoBackward', `differentiate: ${dead?.name} is a backward node`)),
        E.flatMap(() =>
          ensure(unreached === undefined, 'NoBackward', `differentiate: ${result} does not depend on ${unreached}`),
        ),
        E.map(() => ({
          program: { ...program, inputs, nodes: [...program.nodes, ...nodes] },
          gradients: Object.fromEntries(wrt.map((name) => [name, (arrived[name] as readonly string[])[0] as string])),
        })),
      )
    }),
  )
