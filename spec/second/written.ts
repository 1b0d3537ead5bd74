import { opOf } from '../catalogue.js'
import type { ProgramNode } from '../program.js'
import type { Call, Named, Value, Values } from './values.js'

/** What a list of values comes to as nodes, in an order in which they can run, and the name of each. */
export interface WrittenDown {
  readonly nodes: readonly ProgramNode[]
  readonly nameOf: (value: Value) => string
}

const isNamed = (value: Value): value is Named => 'name' in value

type Nameless = Omit<ProgramNode, 'outputs'>

const outputName = ({ name, op, direction }: Nameless, answer: string): string =>
  direction === 'forward' && Object.keys(opOf(op).outputs).length === 1 ? name : `${name}.${answer}`

/**
 * The nodes that make some values, named after a prefix. Calls of the same op on the same operands are one node, whether a
 * formula holds the call once or writes it twice.
 */
export const writtenDown = (prefix: string, wanted: readonly Value[]): WrittenDown => {
  // nodes in the order in which they can run, each with those of its answers that are read; and where a call has its node
  const made: (Nameless & { readonly answers: Set<string> })[] = []
  const places = new Map<Call, number>()
  const known = new Map<string, number>()
  const nameOf = (value: Value): string => {
    if (isNamed(value)) return value.name
    const { call, answer } = value
    return outputName(made[places.get(call) as number] as Nameless, answer)
  }
  const placeOf = (call: Call): number => {
    const names = (values: Values): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, visit(value)]))
    const { op, direction, attrs } = call
    const read = { op, direction, attrs, inputs: names(call.inputs), cotangents: names(call.cotangents) }
    const key = JSON.stringify(read)
    const place = known.get(key) ?? made.length
    if (place === made.length) made.push({ name: `${prefix}.${place + 1}`, ...read, answers: new Set() })
    known.set(key, place)
    places.set(call, place)
    return place
  }
  const visit = (value: Value): string => {
    if (!isNamed(value)) made[places.get(value.call) ?? placeOf(value.call)]?.answers.add(value.answer)
    return nameOf(value)
  }
  for (const value of wanted) visit(value)
  const nodes = made.map(({ answers, ...node }): ProgramNode => ({
    ...node,
    outputs: Object.fromEntries([...answers].map((answer) => [answer, outputName(node, answer)])),
  }))
  return { nodes, nameOf }
}
