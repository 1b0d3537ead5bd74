import type { NodeAttribute, Program, ProgramNode } from '../spec/program.js'

/** Programs put beside each other in one. */

export type Names = Readonly<Record<string, string>>

export const same = (names: readonly string[]): Names => Object.fromEntries(names.map((name) => [name, name]))

/** A program's nodes under names of their own, but for the values that `known` names. */
export const placed = (
  prefix: string,
  { nodes }: Pick<Program, 'nodes'>,
  known: Names = {},
): readonly ProgramNode[] => {
  const name = (value: string): string =>
    Object.hasOwn(known, value) ? (known[value] as string) : `${prefix}.${value}`
  const all = (names: Names): Names => Object.fromEntries(Object.entries(names).map(([k, value]) => [k, name(value)]))
  const fed = (value: NodeAttribute): NodeAttribute =>
    typeof value === 'object' && 'feed' in value ? { feed: name(value.feed) } : value
  return nodes.map((node) => ({
    ...node,
    name: `${prefix}.${node.name}`,
    attrs: Object.fromEntries(Object.entries(node.attrs).map(([key, value]) => [key, fed(value)])),
    inputs: all(node.inputs),
    cotangents: all(node.cotangents),
    outputs: all(node.outputs),
  }))
}
