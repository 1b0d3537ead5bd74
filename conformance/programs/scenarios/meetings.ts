import type { Program, ProgramNode } from '../../../spec/program.js'
import { layers } from './exact.js'

/** What meets in a program, and which of many programs bring most of it together. */

type Named = Readonly<Record<string, string>>

const byName = ({ op, direction, attrs }: ProgramNode): string =>
  `${op}${direction === 'forward' ? '' : ' back'}${op === 'concat' ? ` ${JSON.stringify(attrs['axis'])}` : ''}`

/** What a maker of kernels may take for one: which op reads which, where, who else reads it, and what is read together. */
export const meetingsOf = (
  { nodes, outputs }: Program,
  called: (node: ProgramNode) => string = byName,
): ReadonlyMap<string, number> => {
  const reads = nodes.map(({ inputs, cotangents }) => Object.entries({ ...inputs, ...prefixed(cotangents) }))
  const writers = new Map(nodes.flatMap((one, at) => Object.values(one.outputs).map((value) => [value, at] as const)))
  const from = (name: string): string => {
    const writer = writers.get(name)
    return writer === undefined ? 'fed' : called(nodes[writer] as ProgramNode)
  }
  const readers = new Map<string, number[]>()
  for (const [at, read] of reads.entries())
    for (const name of new Set(read.map(([, value]) => value))) readers.set(name, [...(readers.get(name) ?? []), at])
  const met = new Map<string, number>()
  for (const [at, reader] of nodes.entries()) {
    const read = reads[at] as readonly (readonly [string, string])[]
    const names = read.map(([, name]) => name)
    const [to, sources] = [called(reader), names.map(from)]
    if (new Set(names).size < names.length) met.set(`one value twice → ${to}`, most)
    for (const [i, [slot, name]] of read.entries()) {
      const others = (readers.get(name) ?? []).filter((other) => other !== at)
      const alone = others.length === 0 && !outputs.includes(name)
      const how = alone ? '' : ', read elsewhere'
      met.set(`${sources[i]} → ${to}.${slot}${how}`, layers.some((layer) => sources[i]?.startsWith(layer)) ? 8 : 3)
      for (const other of others) {
        const both = [to, called(nodes[other] as ProgramNode)].toSorted().join(' and ')
        met.set(`${both} read ${sources[i]}`, 1)
        if (other > at) met.set(`${sources.join(' and ')} → ${to}, of which ${from(name)} is read later by ${called(nodes[other] as ProgramNode)}`, 1) // prettier-ignore
      }
      const writer = writers.get(name)
      if (writer === undefined) continue
      const before = (reads[writer] as readonly (readonly [string, string])[]).map(([, value]) => from(value))
      met.set(`${before.join(' and ')} → ${sources[i]} → ${to}${how}`, 1)
    }
  }
  return met
}

// what a value read twice counts, against 8 and 3 for what meets in twos and 1 for what meets in threes
const most = 16

const prefixed = (names: Named): Named =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [`d${name}`, value]))

/** So many of some programs, each the one in which most meets that has not met in those before it. */
export const mostMeeting = <A>(
  from: readonly A[],
  programOf: (one: A) => Program,
  count: number,
  called?: (node: ProgramNode) => string,
): readonly A[] => {
  const meetings = new Map(from.map((one) => [one, [...meetingsOf(programOf(one), called)]] as const))
  const met = new Set<string>()
  const kept: A[] = []
  for (const left = new Set(from); kept.length < count && left.size > 0;) {
    const news = (one: A): number =>
      (meetings.get(one) ?? []).reduce((sum, [each, weight]) => sum + (met.has(each) ? 0 : weight), 0)
    const [best] = [...left].reduce(
      ([a, ofA], b) => {
        const ofB = news(b)
        return ofB > ofA ? [b, ofB] : [a, ofA]
      },
      [undefined as A | undefined, -1],
    )
    if (best === undefined) break
    left.delete(best)
    kept.push(best)
    for (const [each] of meetings.get(best) ?? []) met.add(each)
  }
  return kept
}
