import type { CheckedNode, CheckedProgram } from '../spec/program.js'
import type { Shape } from '../spec/tensor.js'
import { showShape, sizeOf } from '../spec/tensor.js'
import { copy } from './copy.js'
import { keptName, putInPlace, withEnding } from './fuse.js'
import type { Group, Layout } from './groups.js'
import type { Launch, Lowered, Slot } from './kernel.js'
import { cotangent as cotangentSlot, gradient as gradientSlot, scratch as scratchSlot, tensorsOf } from './kernel.js'
import type { PlanLimits } from './limits.js'
import { segmentOf } from './limits.js'
import { mapSideBySide } from './map.js'

/**
 * A program's launches as a plan makes them: what each binds, where that lies, and what becomes one launch with another or
 * needs none. Which buffers hold it, and within which limits a launch can be made, is the plan's.
 */

/** One launch of a node's, as a planned launch does it: by itself, after another's, or beside others'. */
export interface Deed {
  readonly node: string
  /** which of the node's launches */
  readonly launch: number
  /** what the names of its tensors and numbers begin with */
  readonly prefix: string
  /** which element of each binding is its first */
  readonly first: number
}

/** What lies in memory: a value of the program, scratch or an answer that only one node has a use for, or `nothing`. */
export interface Resident {
  readonly key: string
  /** how a message calls it */
  readonly title: string
  readonly elements: number
  /** what it is from the start, where no launch makes it */
  readonly holds?: readonly number[]
}

/** What stands where an optional tensor is absent: one zero, for no launch writes it and new buffers are zeros. */
export const nothing: Resident = { key: 'nothing', title: 'an absent tensor', elements: 1 }

export const valueNamed = (name: string, shape: Shape): Resident => ({
  key: `value ${name}`,
  title: `${name} of shape ${showShape(shape)}`,
  elements: sizeOf(shape),
})

const residentOf = (
  { node, outputs }: CheckedNode,
  scratch: Readonly<Record<string, number>>,
  shapes: Readonly<Record<string, Shape>>,
  slot: Slot,
  { twin, reversal }: Counterparts,
): Resident => {
  const [kind, name] = slot.split(':') as [string, string]
  if (kind === 'saved') {
    const value = twin?.checked.node.outputs[name] as string
    return valueNamed(value, shapes[value] as Shape)
  }
  if (kind === 'kept' && twin !== undefined)
    return residentOf(twin.checked, twin.lowered.scratch, shapes, scratchSlot(name), {})
  if (kind === 'reversedCot' && reversal !== undefined) return residentOf(reversal, {}, shapes, cotangentSlot(name), {})
  if (kind === 'reversedGrad' && reversal !== undefined) return residentOf(reversal, {}, shapes, gradientSlot(name), {})
  const own = (elements: number): Resident => ({
    key: `${slot} of ${node.name}`,
    title: `${name} of ${node.name}`,
    elements,
  })
  if (kind === 'tmp') return own(scratch[name] as number)
  const given = kind === 'in' ? node.inputs[name] : kind === 'cot' ? node.cotangents[name] : node.outputs[name]
  if (given !== undefined) return valueNamed(given, shapes[given] as Shape)
  if (kind === 'in' || kind === 'cot') return nothing
  return own(sizeOf((kind === 'out' ? outputs[name] : shapes[node.inputs[name] as string]) as Shape))
}

/** A launch with what stands in the place of each of its bindings. */
export interface BoundLaunch {
  readonly does: readonly Deed[]
  readonly launch: Launch
  readonly binds: Readonly<Record<string, Resident>>
}

/** A forward node, and what it comes to. */
export interface Twin {
  readonly checked: CheckedNode
  readonly lowered: Lowered
}

/** What launches of a node may touch of the same op in the other direction, on the same inputs. */
export interface Counterparts {
  /** of a backward node, the forward one */
  readonly twin?: Twin | undefined
  /** of a forward node, the backward one that may be made at once with it */
  readonly reversal?: CheckedNode | undefined
}

/** Whether some attribute of a node is a number of its own at each run. */
export const isFed = ({ node: { attrs } }: CheckedNode): boolean =>
  Object.values(attrs).some((value) => typeof value === 'object' && 'feed' in value)

/**
 * For a backward node the place of the forward one of the same op on the same inputs, whose outputs and scratch it may read.
 * One whose attributes are fed has none, so that at other values its launches follow from itself alone.
 */
const twinsOf = (nodes: readonly CheckedNode[]): readonly (number | undefined)[] => {
  const forward = new Map<string, number>()
  return nodes.map((checked, at) => {
    if (isFed(checked)) return undefined
    const { op, direction, attrs, inputs } = checked.node
    const key = JSON.stringify([op, Object.entries(attrs).sort(), Object.entries(inputs).sort()])
    if (direction === 'backward') return forward.get(key)
    forward.set(key, at)
    return undefined
  })
}

/**
 * For a forward node the place of the backward one that can be made at once with it: the only one of which it is the twin,
 * and one that reads no cotangent made after it, nor a renewed state, which may be made later than its node stands.
 */
const reversalsOf = (
  { program, nodes }: CheckedProgram,
  twins: readonly (number | undefined)[],
): ReadonlyMap<number, number> => {
  const renewed = new Set(Object.values(program.carry))
  const madeAt = new Map(
    nodes.flatMap(({ node }, at) => Object.values(node.outputs).map((value) => [value, at] as const)),
  )
  const of = new Map<number, readonly number[]>()
  twins.forEach((twin, at) => twin !== undefined && of.set(twin, [...(of.get(twin) ?? []), at]))
  return new Map(
    [...of].flatMap(([twin, [at, ...others]]) => {
      const { cotangents = {} } = at === undefined ? {} : (nodes[at] as CheckedNode).node
      const early = Object.values(cotangents).every((value) => !renewed.has(value) && (madeAt.get(value) ?? -1) < twin)
      return at !== undefined && others.length === 0 && early ? [[twin, at] as const] : []
    }),
  )
}

/** Which nodes leave something to each other, by their places in the program. */
export interface Relations {
  /** of a backward node, the forward one */
  readonly twins: readonly (number | undefined)[]
  /** of a forward node, the backward one that may be made at once with it */
  readonly reversals: ReadonlyMap<number, number>
}

/** Which nodes of a program leave something to each other: none in a plain plan. */
export const relationsOf = (checked: CheckedProgram, plain: boolean): Relations => {
  const twins = plain ? checked.nodes.map(() => undefined) : twinsOf(checked.nodes)
  return { twins, reversals: reversalsOf(checked, twins) }
}

/** What the node at a place may touch of others, given what those before it came to. */
export const counterpartsAt = (
  nodes: readonly CheckedNode[],
  lowered: readonly Lowered[],
  { twins, reversals }: Relations,
  at: number,
): Counterparts => {
  const [twin, reversal] = [twins[at], reversals.get(at)]
  return {
    twin: twin === undefined ? undefined : { checked: nodes[twin] as CheckedNode, lowered: lowered[twin] as Lowered },
    reversal: reversal === undefined ? undefined : nodes[reversal],
  }
}

export const boundLaunches = (
  { nodes, shapes }: CheckedProgram,
  relations: Relations,
  lowered: readonly Lowered[],
): readonly (readonly BoundLaunch[])[] =>
  lowered.map(({ launches, scratch }, at) => {
    const checked = nodes[at] as CheckedNode
    const others = counterpartsAt(nodes, lowered, relations, at)
    return launches.map((launch, k) => ({
      does: [{ node: checked.node.name, launch: k, prefix: '', first: 0 }],
      launch,
      binds: Object.fromEntries(
        Object.entries(launch.bind).map(([name, slot]) => [name, residentOf(checked, scratch, shapes, slot, others)]),
      ),
    }))
  })

/** Where what lies in memory lies: from an element on in what it shares with others, or in what it has for itself. */
export interface Located {
  readonly root: Resident
  readonly first: number
}

/** What is the same numbers as something else, by key. */
export type Aliases = ReadonlyMap<string, Resident>

export const locator =
  ({ homes, sizes }: Layout, aliases: Aliases, shapes: Readonly<Record<string, Shape>>) =>
  (resident: Resident): Located => {
    const own = aliases.get(resident.key) ?? resident
    const home = own.key.startsWith('value ') ? homes.get(own.key.slice('value '.length)) : undefined
    if (home === undefined) return { root: own, first: 0 }
    const size = sizes.get(home.root)
    if (size === undefined) {
      const value = home.root.slice('value '.length)
      return { root: valueNamed(value, shapes[value] as Shape), first: home.first }
    }
    const title = `what is updated together, ${home.root}`
    return { root: { key: home.root, title, elements: size }, first: home.first }
  }

/** A copy of a whole value is no launch: its reader reads the first, unless either has to be where it is. */
export const withoutCopies = (
  bound: readonly BoundLaunch[],
  stays: (resident: Resident) => boolean,
): { readonly bound: readonly BoundLaunch[]; readonly aliases: Aliases } => {
  const aliases = new Map<string, Resident>()
  const left = bound.filter(({ launch: { mapped }, binds }) => {
    const [x, y] = [binds['x'], binds['y']]
    if (mapped?.formula !== copy.formula || x === undefined || y === undefined) return true
    if (x.key === nothing.key || stays(x) || stays(y)) return true
    aliases.set(y.key, aliases.get(x.key) ?? x)
    return false
  })
  return { bound: left, aliases }
}

/** The launches of updates that are made together. */
export const grouped = (
  { nodes, launches }: Group,
  bound: readonly (readonly BoundLaunch[])[],
  locate: (resident: Resident) => Located,
  alignment: number,
): readonly BoundLaunch[] =>
  launches.map(({ firsts, total }, k) => {
    const members = nodes.map((at) => bound[at]?.[k] as BoundLaunch)
    const { launch, binds } = members[0] as BoundLaunch
    const formula = (launch.mapped as NonNullable<Launch['mapped']>).formula
    const { vectors: _, ...dims } = launch.dims
    const made = mapSideBySide(formula, total, alignment, { ...launch, dims })
    const [shared] = formula.shared
    // for each block of an update's part, where what the update shares lies
    const owner: Resident | undefined =
      shared === undefined
        ? undefined
        : {
            key: `owners of ${members[0]?.does[0]?.node} ${k}`,
            title: 'a table of owners',
            elements: total / alignment,
            holds: members.flatMap((member, m) => {
              const end = firsts[m + 1] ?? total
              const at = locate(member.binds[shared] as Resident).first
              return Array.from({ length: (end - (firsts[m] as number)) / alignment }, () => at)
            }),
          }
    return {
      does: members.flatMap(({ does }, m) => does.map((deed) => ({ ...deed, first: firsts[m] as number }))),
      launch: made,
      binds: {
        ...Object.fromEntries(Object.entries(binds).map(([name, resident]) => [name, locate(resident).root])),
        ...(owner === undefined ? {} : { owner }),
      },
    }
  })

/** A launch that writes what it reads where that lies does so in one binding. */
export const inPlace = (bound: BoundLaunch, locate: (resident: Resident) => Located): BoundLaunch => {
  const { launch, binds } = bound
  const formula = launch.mapped?.formula ?? launch.kernel
  const pairs = Object.fromEntries(
    formula.writes.flatMap((written) => {
      const of = (name: string): string => {
        const { root, first } = locate(binds[name] as Resident)
        return `${first} of ${root.key}`
      }
      const read = formula.reads.find((name) => of(name) === of(written))
      return read === undefined ? [] : [[written, read] as const]
    }),
  )
  if (Object.keys(pairs).length === 0) return bound
  return { ...bound, launch: putInPlace(launch, pairs) }
}

/** How many tensors each of a launch's kernels binds. */
const bindingsOf = ({ kernel }: Launch): number => tensorsOf(kernel).length

/**
 * Formulas at the ends of the launches that make what they read, each where all that it reads beside is there already, and
 * where what it makes of a value that nobody else wants is not written at all.
 */
export const fused = (
  bound: readonly BoundLaunch[],
  locate: (resident: Resident) => Located,
  kept: ReadonlySet<string>,
  limits: PlanLimits,
): readonly BoundLaunch[] => {
  const list: (BoundLaunch | undefined)[] = [...bound]
  const keyOf = (resident: Resident): string => {
    const { root, first } = locate(resident)
    return `${first} of ${root.key}`
  }
  const segment = segmentOf(limits)
  // updates made together are whole as they are, and bind whole rooms: what lies there, wherever it does
  const settled = ({ does }: BoundLaunch): boolean => does.filter(({ prefix }) => prefix === '').length > 1
  const readers = new Map<string, Set<number>>()
  const writers = new Map<string, number[]>()
  const ofRooms = { readers: new Map<string, number[]>(), writers: new Map<string, number[]>() }
  bound.forEach((one, at) => {
    const { kernel } = one.launch
    const inRoom = (rooms: Map<string, number[]>, name: string): void => {
      const { key } = locate(one.binds[name] as Resident).root
      if (settled(one)) rooms.set(key, [...(rooms.get(key) ?? []), at])
    }
    ;[...kernel.reads, ...kernel.rereads].forEach((name) => {
      const key = keyOf(one.binds[name] as Resident)
      readers.set(key, (readers.get(key) ?? new Set()).add(at))
      inRoom(ofRooms.readers, name)
    })
    kernel.writes.forEach((name) => {
      const key = keyOf(one.binds[name] as Resident)
      writers.set(key, [...(writers.get(key) ?? []), at])
      inRoom(ofRooms.writers, name)
    })
  })
  const readersOf = (resident: Resident): readonly number[] => [
    ...(readers.get(keyOf(resident)) ?? []),
    ...(ofRooms.readers.get(locate(resident).root.key) ?? []),
  ]
  const writersOf = (resident: Resident): readonly number[] => [
    ...(writers.get(keyOf(resident)) ?? []),
    ...(ofRooms.writers.get(locate(resident).root.key) ?? []),
  ]
  const absorb = (at: number): void => {
    const second = list[at]
    if (second?.launch.mapped === undefined || second.does.length > 1) return
    const { launch, binds } = second
    const { formula, count } = second.launch.mapped
    const candidates = formula.reads
      .map((name) => ({ name, key: keyOf(binds[name] as Resident), resident: binds[name] as Resident }))
      .filter(({ key, resident }) => resident.elements === count && writers.get(key)?.length === 1)
      .map((of) => ({ ...of, maker: writers.get(of.key)?.[0] as number }))
      .filter(({ maker }) => maker < at)
      .sort((a, b) => b.maker - a.maker)
    const [chosen] = candidates
    if (chosen === undefined) return
    const first = list[chosen.maker]
    if (first === undefined || settled(first)) return
    const of = formula.reads.filter((name) => keyOf(binds[name] as Resident) === chosen.key)
    const beside = [...formula.reads, ...formula.shared].filter((name) => !of.includes(name))
    // all else that it reads is there before, and what it changes in its place nobody reads until then
    const { inPlace } = second.launch.kernel
    const places = Object.values(inPlace).map((name) => binds[name] as Resident)
    const changed = places.map(keyOf)
    const early = beside.some((name) => {
      const resident = binds[name] as Resident
      const own = changed.includes(keyOf(resident))
      return writersOf(resident).some((w) => w >= chosen.maker && !(w === at && own))
    })
    const wanted = places.some((resident) => readersOf(resident).some((r) => r >= chosen.maker && r < at))
    if (early || wanted || changed.includes(chosen.key)) return
    if (formula.writes.some((name) => (writers.get(keyOf(binds[name] as Resident)) ?? []).length !== 1)) return
    const made = Object.keys(first.binds).find(
      (name) => first.launch.kernel.writes.includes(name) && keyOf(first.binds[name] as Resident) === chosen.key,
    )
    if (made === undefined) return
    const others = readersOf(chosen.resident).some((reader) => reader !== at)
    const keeps = others || kept.has(locate(chosen.resident).root.key)
    // counted by launch, so that the same launch with the same ending is the same shader wherever it stands
    const prefix = `e${first.does.filter((deed) => deed.prefix !== '').length}_`
    const together = withEnding(first.launch, made, {
      formula,
      of,
      dims: Object.fromEntries(formula.dims.map((name) => [name, launch.dims[name] as number])),
      params: Object.fromEntries(formula.params.map((name) => [name, launch.params[name] as number])),
      prefix,
      kept: keeps,
      inPlace,
    })
    if (together === undefined || limits.tuning?.refused.includes(together.kernel.name) === true) return
    const { [made]: value, ...rest } = first.binds
    const all: Readonly<Record<string, Resident>> = {
      ...rest,
      ...(keeps ? { [keptName(prefix)]: value as Resident } : {}),
      ...Object.fromEntries(
        [...beside, ...formula.writes].map((name) => [`${prefix}${name}`, binds[name] as Resident]),
      ),
    }
    const fits =
      bindingsOf(together) <= limits.maxStorageBuffersPerShaderStage &&
      Object.values(all).every((resident) => locate(resident).root.elements <= segment)
    const rootsOf = (names: readonly string[]): readonly string[] =>
      names.map((name) => locate(all[name] as Resident).root.key)
    const renewed = Object.values(together.kernel.inPlace)
    const written = rootsOf(together.kernel.writes)
    const onlyRead = together.kernel.reads.filter((name) => !renewed.includes(name))
    if (!fits || rootsOf(onlyRead).some((root) => written.includes(root))) return
    list[chosen.maker] = {
      does: [...first.does, ...second.does.map((deed) => ({ ...deed, prefix }))],
      launch: together,
      binds: all,
    }
    list[at] = undefined
    const move = (map: Map<string, Set<number>>, key: string): void => {
      const set = map.get(key)
      if (set?.delete(at) === true) set.add(chosen.maker)
    }
    beside.forEach((name) => move(readers, keyOf(binds[name] as Resident)))
    readers.get(chosen.key)?.delete(at)
    formula.writes.forEach((name) => writers.set(keyOf(binds[name] as Resident), [chosen.maker]))
    if (!keeps) writers.delete(chosen.key)
  }
  list.forEach((_, at) => absorb(at))
  return list.filter((one) => one !== undefined)
}
