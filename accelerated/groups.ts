import { either as E } from 'fp-ts'
import type { CheckedNode, CheckedProgram } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { scalar } from '../spec/tensor.js'
import type { Launch, Lowered } from './kernel.js'

/**
 * What of a program's state is renewed in its own place, and which renewals are made together. An update such as an
 * optimizer's reads element i of a parameter and writes element i of the next one: it can do so in one place, so that nothing
 * is carried back; and updates alike, whose tensors lie side by side, are one launch.
 */

/** Where a value lies: from an element on in what several values share, or what one has for itself. */
export interface Home {
  readonly root: string
  readonly first: number
}

/** One launch of several updates: where each one's part begins, and how many elements they are, gaps counted. */
export interface GroupLaunch {
  readonly firsts: readonly number[]
  readonly total: number
}

/** Updates that are one: nodes of the program by their places in it, and their launches. */
export interface Group {
  readonly nodes: readonly number[]
  readonly launches: readonly GroupLaunch[]
}

/** Which values have a common home, and how large each is, in elements. */
export interface Layout {
  readonly groups: readonly Group[]
  /** by value; two of one home are one after the other what an update changes in place */
  readonly homes: ReadonlyMap<string, Home>
  readonly sizes: ReadonlyMap<string, number>
}

export const noLayout: Layout = { groups: [], homes: new Map(), sizes: new Map() }

/** A tensor of a launch, and the values that stand for it in a node. */
interface Pair {
  readonly launch: number
  readonly read: string
  readonly written: string
  readonly state: string
  readonly next: string
}

interface Update {
  readonly at: number
  readonly checked: CheckedNode
  readonly launches: readonly Launch[]
  readonly pairs: readonly Pair[]
  /** whether they are all that the node does */
  readonly whole: boolean
}

const valueOf = ({ node }: CheckedNode, slot: string | undefined): string | undefined => {
  const [kind, name] = (slot ?? '').split(':') as [string, string]
  return kind === 'in' ? node.inputs[name] : kind === 'out' ? node.outputs[name] : undefined
}

const bindsValue = (checked: CheckedNode | undefined, slot: string, value: string): boolean => {
  const [kind, name] = slot.split(':') as [string, string]
  const { inputs = {}, cotangents = {} } = checked?.node ?? {}
  return (kind === 'in' ? inputs[name] : kind === 'cot' ? cotangents[name] : undefined) === value
}

/** The values that a node reads. */
export const readBy = ({ node }: CheckedNode): readonly string[] => [
  ...Object.values(node.inputs),
  ...Object.values(node.cotangents),
]

/** The name of the tensor that a launch reads and writes again as `written`, if there is one for each that it writes. */
export const inPlaceOf = (pairs: readonly Pair[], launch: number): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.filter((pair) => pair.launch === launch).map(({ written, read }) => [written, read]))

// the launches of a node that renew state element by element, of which nothing reads the old values afterwards
const updateOf = (
  { program, nodes }: CheckedProgram,
  isReadAfter: (value: string, at: number) => boolean,
  at: number,
  { launches, scratch }: Lowered,
): Update => {
  const checked = nodes[at] as CheckedNode
  const carriedTo = (value: string): readonly string[] =>
    Object.entries(program.carry).flatMap(([to, from]) => (from === value ? [to] : []))
  const pairOf = ({ mapped, bind }: Launch, launch: number, written: string): Pair | undefined => {
    const next = valueOf(checked, bind[written])
    const [state, ...others] = next === undefined ? [] : carriedTo(next)
    const read = mapped?.formula.reads.find((name) => valueOf(checked, bind[name]) === state)
    return next === undefined || state === undefined || others.length > 0 || read === undefined
      ? undefined
      : { launch, read, written, state, next }
  }
  const sound = ({ state, launch, read }: Pair): boolean =>
    // once it has changed nobody reads the old value, nor is it carried to another input
    carriedTo(state).length === 0 &&
    !isReadAfter(state, at) &&
    !launches.some(({ bind }, i) =>
      Object.entries(bind).some(
        ([tensor, slot]) => valueOf(checked, slot) === state && (i > launch || (i === launch && tensor !== read)),
      ),
    )
  const pairs = launches.flatMap((launch, k): readonly Pair[] => {
    const own = (launch.mapped?.formula.writes ?? []).map((written) => pairOf(launch, k, written))
    return own.every((pair) => pair !== undefined && sound(pair)) ? own.filter((pair) => pair !== undefined) : []
  })
  const all = launches.every((_, k) => pairs.some(({ launch }) => launch === k))
  return { at, checked, launches, pairs, whole: all && Object.keys(scratch).length === 0 }
}

// what updates have to have in common to be one launch
const kindOf = ({ checked: { node }, launches, pairs }: Update): string =>
  JSON.stringify([
    node.op,
    Object.entries(node.attrs).sort(),
    launches.map(({ mapped, bind, params, dims }) => [
      mapped?.formula.name,
      Object.entries(bind),
      Object.keys(params),
      Object.keys(dims).filter((name) => name !== 'vectors'),
    ]),
    pairs.map(({ launch, read, written }) => [launch, read, written]),
  ])

/** Attributes that are fed stand as 1: a layout hangs on no fed number. */
const standIns = ({ node }: CheckedNode): Tensors =>
  Object.fromEntries(
    Object.values(node.attrs).flatMap((value) =>
      typeof value === 'object' && 'feed' in value ? [[value.feed, scalar(1)] as const] : [],
    ),
  )

interface Room {
  readonly alignment: number
  /** the most elements of what is updated at once */
  readonly most: number
}

const aligned = (elements: number, alignment: number): number => Math.ceil(elements / alignment) * alignment

const countOf = ({ launches }: Update, launch: number): number => launches[launch]?.mapped?.count ?? 0

/** Updates of one kind, in lots that fit into one binding. */
const lotsOf = (updates: readonly Update[], { alignment, most }: Room): readonly (readonly Update[])[] => {
  const lots: Update[][] = []
  let filled = Infinity
  updates.forEach((update) => {
    const size = aligned(Math.max(...update.launches.map((_, k) => countOf(update, k))), alignment)
    if (filled + size > most) {
      lots.push([])
      filled = 0
    }
    filled += size
    lots.at(-1)?.push(update)
  })
  return lots
}

/**
 * Where state and gradients lie, so that as many updates as can be are one launch each.
 *
 * `lower` gives a node's launches; what it refuses is no update.
 */
export const layoutOf = (
  checked: CheckedProgram,
  lower: (node: CheckedNode, feeds: Tensors) => E.Either<unknown, Lowered>,
  room: Room,
): Layout => {
  const { program, nodes } = checked
  const readers = new Map<string, number[]>()
  const writerOf = new Map<string, number>()
  nodes.forEach((node, at) => {
    readBy(node).forEach((value) => readers.set(value, [...(readers.get(value) ?? []), at]))
    Object.values(node.node.outputs).forEach((value) => writerOf.set(value, at))
  })
  const next = new Set(Object.entries(program.carry).flatMap(([to, from]) => (to === from ? [] : [from])))
  const known = new Map<number, E.Either<unknown, Lowered>>()
  const lowered = (at: number): E.Either<unknown, Lowered> => {
    const node = nodes[at] as CheckedNode
    const found = known.get(at) ?? lower(node, standIns(node))
    known.set(at, found)
    return found
  }
  // a node has inputs that none of its launches reads, such as running statistics backward
  const isReadAfter = (value: string, at: number): boolean =>
    (readers.get(value) ?? []).some((reader) => {
      if (reader <= at) return false
      const made = lowered(reader)
      return (
        E.isLeft(made) ||
        made.right.launches.some(({ bind }) =>
          Object.values(bind).some((slot) => bindsValue(nodes[reader], slot, value)),
        )
      )
    })
  const updates = nodes.flatMap((node, at): readonly Update[] => {
    const { direction, outputs } = node.node
    if (direction === 'backward' || !Object.values(outputs).some((value) => next.has(value))) return []
    const made = lowered(at)
    return E.isRight(made) ? [updateOf(checked, isReadAfter, at, made.right)] : []
  })

  const homes = new Map<string, Home>()
  const sizes = new Map<string, number>()
  // each changes in its own place, whether or not with others
  updates.forEach(({ pairs }) =>
    pairs.forEach(({ state, next }) => homes.set(next, { root: `value ${state}`, first: 0 })),
  )

  const kinds = new Map<string, Update[]>()
  updates
    .filter(({ whole }) => whole)
    .forEach((update) => kinds.set(kindOf(update), [...(kinds.get(kindOf(update)) ?? []), update]))
  const groups: Group[] = []
  ;[...kinds.values()]
    .flatMap((kind) => lotsOf(kind, room))
    .forEach((lot) => {
      const made = together(lot, `${groups.length}`)
      if (made !== undefined) groups.push(made)
    })
  return { groups, homes, sizes }

  // the group of a lot, its values given their homes, if they can be had side by side
  function together(lot: readonly Update[], name: string): Group | undefined {
    const [one] = lot
    if (one === undefined || lot.length < 2) return undefined
    const launches = one.launches.map((_, k): GroupLaunch => {
      const ends = lot.reduce<readonly number[]>(
        (so, update) => [...so, (so.at(-1) as number) + aligned(countOf(update, k), room.alignment)],
        [0],
      )
      return { firsts: ends.slice(0, -1), total: ends.at(-1) as number }
    })
    const [start, end] = [one.at, (lot.at(-1) as Update).at]
    // nothing until the last of them may want what one of them makes
    const early = nodes.slice(start, end + 1).some((node) => readBy(node).some((value) => isNextOf(lot, value)))
    if (early) return undefined
    const placed = new Map<string, Home>()
    const rooms = new Map<string, number>()
    const place = (value: string | undefined, home: Home): boolean => {
      if (value === undefined || placed.has(value)) return false
      placed.set(value, home)
      return true
    }
    const sound = one.launches.every(({ mapped, bind }, k) =>
      (mapped?.formula.reads ?? []).every((tensor) => {
        const root = `group ${name}, ${tensor} of ${k}`
        rooms.set(root, (launches[k] as GroupLaunch).total)
        return lot.every((update, m) => {
          const value = valueOf(update.checked, update.launches[k]?.bind[tensor])
          const home = { root, first: (launches[k] as GroupLaunch).firsts[m] as number }
          const pair = update.pairs.find((pair) => pair.launch === k && pair.read === tensor)
          if (pair !== undefined) return place(pair.state, home) && place(pair.next, home)
          // a gradient: made by a node of the program, and by none that sees its neighbours
          const writer = value === undefined ? undefined : writerOf.get(value)
          return (
            bind[tensor]?.startsWith('in:') === true && writer !== undefined && writer < start && place(value, home)
          )
        })
      }),
    )
    // what one update shares among its elements is state of the group, too
    const sharedToo = one.launches.every(({ mapped }, k) =>
      (mapped?.formula.shared ?? []).every((tensor) =>
        lot.every((update) => {
          const value = valueOf(update.checked, update.launches[k]?.bind[tensor])
          return value !== undefined && update.pairs.some((pair) => pair.state === value)
        }),
      ),
    )
    const taken = [...placed.keys()].some((value) => homes.has(value) && !isNextOf(lot, value))
    const mixed = nodes.some((node, at) => {
      if (lot.some((update) => update.at === at)) return false
      const roots = Object.values(node.node.outputs).flatMap((value) => placed.get(value)?.root ?? [])
      return readBy(node).some((value) => roots.includes(placed.get(value)?.root ?? ''))
    })
    if (!sound || !sharedToo || taken || mixed) return undefined
    placed.forEach((home, value) => homes.set(value, home))
    rooms.forEach((size, root) => sizes.set(root, size))
    return { nodes: lot.map(({ at }) => at), launches }
  }
}

const isNextOf = (lot: readonly Update[], value: string): boolean =>
  lot.some(({ pairs }) => pairs.some(({ next }) => next === value))

/** Where state lies for programs that only read it. */
export const layoutOfState = ({ homes, sizes }: Layout, state: readonly string[]): Layout => {
  const own = [...homes].filter(([name]) => state.includes(name))
  return {
    groups: [],
    homes: new Map(own),
    sizes: new Map([...sizes].filter(([root]) => own.some(([, home]) => home.root === root))),
  }
}
