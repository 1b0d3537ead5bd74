import type { Backend } from '../../spec/backend.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'
import { own } from '../named.js'
import type { Act, Scenario } from './scenario.js'
import { reading } from './scenarios/making.js'

/** What of a scenario can be asked of a backend that does not have every op: few have. */
export interface Supported {
  readonly acts: readonly Act[]
  /** why the rest is not its own */
  readonly lacking?: string
}

type Supports = Pick<Backend, 'supports'>

const lackingOf = ({ supports }: Supports, { nodes }: Program): string | undefined => {
  const node = nodes.find(({ op, direction }) => !supports(op, direction))
  return node && `it has no ${node.op} ${node.direction}`
}

/** The nodes of a program that have ops which a backend has, and read nothing of others. */
const partOf = ({ supports }: Supports, of: Program): Program | undefined => {
  const written = new Set(of.nodes.flatMap(({ outputs }) => Object.values(outputs)))
  const nodes = of.nodes.reduce<readonly ProgramNode[]>((kept, node) => {
    const made = new Set(kept.flatMap(({ outputs }) => Object.values(outputs)))
    const reads = [...Object.values(node.inputs), ...Object.values(node.cotangents)]
    return supports(node.op, node.direction) && reads.every((value) => made.has(value) || !written.has(value))
      ? [...kept, node]
      : kept
  }, [])
  const made = new Set(nodes.flatMap(({ outputs }) => Object.values(outputs)))
  const outputs = of.outputs.filter((value) => made.has(value))
  return outputs.length === 0 ? undefined : reading(of.inputs, nodes, outputs)
}

/** The same run of a part of its program; none, where nothing is left of what it looks at. */
const runOf = (act: Extract<Act, { readonly what: 'run' }>, part: Program): Act | undefined => {
  const made = new Set(part.nodes.flatMap(({ outputs }) => Object.values(outputs)))
  const fed = (feeds: Tensors): Tensors =>
    Object.fromEntries(Object.entries(feeds).filter(([name]) => Object.hasOwn(part.inputs, name)))
  const watch = act.watch?.filter((value) => made.has(value) || own(part.inputs, value) !== undefined)
  return watch?.length === 0
    ? undefined
    : { ...act, program: part, feeds: fed(act.feeds), ...(watch === undefined ? {} : { watch }) }
}

/**
 * Those acts whose programs, and whose session's, have only ops that a backend supports, and runs of the part that has; with an op
 * that the others want.
 */
export const supportedOf = (backend: Supports, { acts }: Scenario): Supported => {
  const programs = new Set(acts.flatMap((act) => ('program' in act ? [act.program] : [])))
  const lacking = new Map([...programs].map((of) => [of, lackingOf(backend, of)]))
  const whole = (of: Program): boolean => lacking.get(of) === undefined
  // what is carried has to come from somewhere
  const parts = new Map(
    [...programs].flatMap((of) => {
      const part = whole(of) || Object.keys(of.carry).length > 0 ? undefined : partOf(backend, of)
      return part === undefined ? [] : [[of, part] as const]
    }),
  )
  const asked = acts.flatMap((act, at): readonly Act[] => {
    const opened =
      'session' in act
        ? acts.slice(0, at + 1).findLast((one) => one.what === 'open' && one.session === act.session)
        : undefined
    if ('program' in act && !whole(act.program)) {
      const part = act.what === 'run' ? parts.get(act.program) : undefined
      const run = part && act.what === 'run' ? runOf(act, part) : undefined
      return run === undefined ? [] : [run]
    }
    return opened === undefined || !('program' in opened) || whole(opened.program) ? [act] : []
  })
  const reason = [...lacking.values()].find((one) => one !== undefined)
  return { acts: asked, ...(reason !== undefined && { lacking: reason }) }
}
