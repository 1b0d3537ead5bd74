import type { Program, ProgramNode } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'

/** What is left of a program that is answered wrongly, once all is taken out of it that the fault does not need. */

/** A program and what it is fed; asked for are its outputs, unless other values are named. */
export interface Asked {
  readonly program: Program
  readonly feeds: Tensors
  readonly watch?: readonly string[]
}

const readBy = ({ inputs, cotangents, attrs }: ProgramNode): readonly string[] => [
  ...Object.values(inputs),
  ...Object.values(cotangents),
  ...Object.values(attrs).flatMap((value) => (typeof value === 'object' && 'feed' in value ? [value.feed] : [])),
]

/** Without some nodes: what is read of them is fed. None, where that is not known, or nothing is asked for any more. */
const without = ({ program, feeds, watch }: Asked, gone: ReadonlySet<string>, known: Tensors): Asked | undefined => {
  const nodes = program.nodes.filter(({ name }) => !gone.has(name))
  const written = new Set(nodes.flatMap(({ outputs }) => Object.values(outputs)))
  const read = [...new Set(nodes.flatMap(readBy))].filter((name) => !written.has(name))
  const fed = read.flatMap((name) => {
    const tensor = feeds[name] ?? known[name]
    return tensor === undefined ? [] : [[name, tensor] as const]
  })
  const outputs = program.outputs.filter((name) => written.has(name))
  const watched = watch?.filter((name) => written.has(name))
  return fed.length < read.length || (watched ?? outputs).length === 0
    ? undefined
    : {
        program: {
          inputs: Object.fromEntries(fed.map(([name, { shape }]) => [name, shape])),
          nodes,
          outputs,
          carry: {},
        },
        feeds: Object.fromEntries(fed),
        ...(watched && { watch: watched }),
      }
}

/** So often a program is run to make it smaller. */
const mostRuns = 96

/**
 * The smallest program found of which one node's answer is wrong still: runs of nodes are taken out, long ones first, and then
 * answers that nothing needs. What they wrote is fed, where it is known. None, where the program by itself is right.
 */
export const narrowed = async <A>(
  asked: Asked,
  guilty: string,
  known: Tensors,
  wrong: (asked: Asked) => Promise<A | undefined>,
): Promise<{ readonly program: Program; readonly found: A } | undefined> => {
  let runs = 0
  const tried = async (one: Asked | undefined): Promise<A | undefined> =>
    one === undefined || runs++ >= mostRuns ? undefined : wrong(one)
  const first = await tried(asked)
  if (first === undefined) return undefined
  let best: { readonly asked: Asked; readonly found: A } = { asked, found: first }
  const keep = async (one: Asked | undefined): Promise<boolean> => {
    const found = await tried(one)
    if (one === undefined || found === undefined) return false
    best = { asked: one, found }
    return true
  }
  const withoutNodes = (names: readonly string[]): Promise<boolean> =>
    keep(without(best.asked, new Set(names.filter((name) => name !== guilty)), known))
  // from the end, where what is read by nothing lies
  for (let length = Math.ceil(asked.program.nodes.length / 2); length >= 1; length = Math.floor(length / 2))
    for (let end = best.asked.program.nodes.length; end > 0 && runs < mostRuns; end -= length) {
      const names = best.asked.program.nodes.slice(Math.max(0, end - length), end).map(({ name }) => name)
      if (names.some((name) => name !== guilty)) await withoutNodes(names)
    }
  for (const output of best.asked.program.outputs) {
    const { program, ...rest } = best.asked
    const outputs = program.outputs.filter((name) => name !== output)
    if (outputs.length > 0 || rest.watch !== undefined) await keep({ program: { ...program, outputs }, ...rest })
  }
  return { program: best.asked.program, found: best.found }
}
