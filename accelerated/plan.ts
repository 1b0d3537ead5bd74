import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure, fail, within } from '../spec/error.js'
import type { CheckedNode, CheckedProgram } from '../spec/program.js'
import { nodeAttributes } from '../spec/program.js'
import type { Shape, Tensors } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import type { BoundLaunch, Counterparts, Deed, Located, Relations, Resident } from './arrange.js'
import {
  boundLaunches,
  counterpartsAt,
  fused,
  grouped,
  inPlace,
  isFed,
  locator,
  nothing,
  relationsOf,
  valueNamed,
  withoutCopies,
} from './arrange.js'
import type { Layout } from './groups.js'
import { layoutOf, noLayout } from './groups.js'
import type { Access, Kernel, Launch, Lowered } from './kernel.js'
import { blockFields, shaderOf, tensorsOf, whole, writesTo } from './kernel.js'
import type { PlanLimits } from './limits.js'
import { segmentOf } from './limits.js'
import type { Lowering } from './lower.js'
import { isProcessor } from './subgroupTile.js'
import { lowerings } from './table.js'
import { shapeClassOf, suggested, untuned } from './tuning.js'
import { uniformLayout } from './uniforms.js'
import { inWorkgroups } from './workgroupTile.js'

/** A stretch of device memory. A value's buffer is a later value's again once nothing reads the first any more. */
export interface PlanBuffer {
  readonly bytes: number
  /** what it holds from the start, where no launch writes it */
  readonly holds?: readonly number[]
  /** the name of what may outlive the plan: what inputs lie in */
  readonly room?: string
}

/** Where a value begins in a buffer, in bytes. */
export interface Place {
  readonly buffer: number
  readonly offset: number
}

/** A range of a buffer that one binding shows. */
export interface Binding {
  readonly buffer: number
  readonly offset: number
  readonly size: number
  readonly writes: boolean
}

/** One dispatch, as the executor makes it. */
export interface PlannedLaunch {
  readonly node: string
  /** in order; more than one where launches are fused or made together */
  readonly does: readonly Deed[]
  /** the shader's text, which is also the key of its pipeline */
  readonly shader: string
  readonly modes: readonly ('read' | 'read_write')[]
  readonly bindings: readonly Binding[]
  /** the integers of the uniform block, and its f32 parameters */
  readonly dims: readonly number[]
  readonly params: readonly number[]
  /** what they are called, and what the integers were before the launch was cut or put beside others */
  readonly names: { readonly dims: readonly string[]; readonly params: readonly string[] }
  readonly asked: Readonly<Record<string, number>>
  readonly workgroups: readonly [number, number, number]
}

/** A run of a program on a device, as data. */
export interface Plan {
  readonly buffers: readonly PlanBuffer[]
  readonly launches: readonly PlannedLaunch[]
  /** the place of each program input that some launch reads or that is watched */
  readonly feeds: Readonly<Record<string, Place>>
  /** the values to bring back: place and shape; those that are inputs as they are before the first launch */
  readonly reads: Readonly<Record<string, Place & { readonly shape: Shape; readonly before: boolean }>>
  /** copies at the end, in order: the place of a carried value to the place of the input that it becomes */
  readonly carries: readonly { readonly from: Place; readonly to: Place; readonly bytes: number }[]
}

/** What a node can leave to another, or have from it: its op in the other direction, on the same inputs. */
export interface Relatives extends Counterparts {
  /** of a forward node, whether there is a backward one */
  readonly isReversed?: boolean
}

/**
 * The launches of one node at given attribute values: by the lanes of a subgroup or in a workgroup's memory where the device
 * has such, unless its tuning has it otherwise or the driver refuses one of those kernels.
 */
export const lowerNode = (
  checked: CheckedNode,
  feeds: Tensors,
  { subgroupSize, isGpu = false, tuning = untuned }: Pick<PlanLimits, 'subgroupSize' | 'isGpu' | 'tuning'> = {},
  { twin, reversal, isReversed = false }: Relatives = {},
): Result<Lowered> => {
  const { node, sizes } = checked
  return F.pipe(
    nodeAttributes(node, feeds),
    E.flatMap((attrs) => {
      const lowering: Lowering = lowerings[node.op]
      const lower = lowering[node.direction]
      if (lower === undefined) return fail('NoBackward', `${node.op} has no ${node.direction} here`)
      // the forward node has done it all
      if (twin?.lowered.reverses === true) return E.right({ launches: [], scratch: {} })
      const by = (lanes: number | undefined, { reversesAtOnce = false, inWorkgroups = false } = {}): Lowered =>
        lower({
          attrs,
          sizes,
          has: (name) => node.inputs[name] !== undefined,
          given: (name) => node.cotangents[name] !== undefined,
          wants: (name) => node.outputs[name] !== undefined,
          saved: (name) => twin?.checked.node.outputs[name] !== undefined,
          kept: (name) => twin?.lowered.scratch[name] !== undefined,
          isReversed,
          reversesAtOnce,
          inWorkgroups,
          ...(lanes === undefined ? {} : { subgroupSize: lanes }),
        })
      const way = tuning.choices[shapeClassOf(checked) ?? ''] ?? suggested(subgroupSize, isGpu)
      const first = by(way !== 'lanes' && isProcessor(subgroupSize) ? undefined : subgroupSize, {
        reversesAtOnce: reversal !== undefined,
        inWorkgroups: way === 'shared',
      })
      const made = way === 'shared' ? { ...first, launches: first.launches.map(inWorkgroups) } : first
      const refused = made.launches.some(({ kernel }) => tuning.refused.includes(kernel.name))
      return E.right(refused ? by(undefined) : made)
    }),
    E.mapLeft(within(node.name)),
  )
}

// whether some part of a launch, if only one unit, has each of its tensors in one binding
const fitsInParts = (launch: Launch, limits: PlanLimits): boolean => {
  const { kernel, outer } = launch.orElse ?? launch
  const widest = Math.max(0, ...Object.values(outer?.slices ?? {}))
  return (
    tensorsOf(kernel).length <= limits.maxStorageBuffersPerShaderStage &&
    widest <= segmentOf(limits) - limits.minStorageBufferOffsetAlignment / 4
  )
}

/** The launches of all nodes, by themselves or as what they leave to each other lets them be. */
export const lowerAll = (
  nodes: readonly CheckedNode[],
  feeds: Tensors,
  limits: PlanLimits,
  relations: Relations,
): Result<readonly Lowered[]> => {
  const reversed = new Set(relations.twins)
  return nodes.reduce(
    (before: Result<readonly Lowered[]>, node, at) =>
      F.pipe(
        before,
        E.flatMap((lowered) => {
          const relatives: Relatives = {
            ...counterpartsAt(nodes, lowered, relations, at),
            isReversed: reversed.has(at),
          }
          const by = (of: Relatives): Result<Lowered> => lowerNode(node, feeds, limits, of)
          return F.pipe(
            by(relatives),
            // what does more than go forward binds more tensors, and may be refused where that alone is not
            E.flatMap((own) =>
              relatives.isReversed === true && !own.launches.every((launch) => fitsInParts(launch, limits))
                ? by({ twin: relatives.twin })
                : E.right(own),
            ),
            E.map((own) => [...lowered, own]),
          )
        }),
      ),
    E.right([]),
  )
}

const bytesOf = (elements: number): number => Math.max(elements, 1) * 4

// ---- memory: which buffer holds which value, and until when ------------------------------------------------------

interface Life {
  readonly key: string
  readonly bytes: number
  readonly first: number
  readonly last: number
}

interface Memory {
  readonly buffers: readonly PlanBuffer[]
  readonly of: Readonly<Record<string, number>>
  /** the buffers in use, each until some launch */
  readonly busy: readonly { readonly buffer: number; readonly until: number }[]
}

// the smallest free buffer that holds the value without wasting more than half of itself, else a new one
const place = (memory: Memory, life: Life): Memory => {
  const busy = memory.busy.filter(({ until }) => until >= life.first)
  const taken = new Set(busy.map(({ buffer }) => buffer))
  const free = memory.buffers
    .map(({ bytes }, buffer) => ({ bytes, buffer }))
    .filter(({ bytes, buffer }) => !taken.has(buffer) && bytes >= life.bytes && bytes <= 2 * life.bytes)
    .sort((a, b) => a.bytes - b.bytes)[0]
  const buffer = free?.buffer ?? memory.buffers.length
  return {
    buffers: free === undefined ? [...memory.buffers, { bytes: life.bytes }] : memory.buffers,
    of: { ...memory.of, [life.key]: buffer },
    busy: [...busy, { buffer, until: life.last }],
  }
}

/** Buffers for values by their lives; two values share one only where their lives do not meet. */
export const allocate = (lives: readonly Life[]): Pick<Memory, 'buffers' | 'of'> =>
  [...lives].sort((a, b) => a.first - b.first).reduce(place, { buffers: [], of: {}, busy: [] })

// ---- launches: ranges of buffers, within the limits --------------------------------------------------------------

interface Placed {
  readonly buffer: number
  /** the first element */
  readonly first: number
  readonly elements: number
}

const tooManyBindings = (kernel: Kernel, wanted: number, limits: PlanLimits): string =>
  `${kernel.name} needs ${wanted} storage bindings of at most ${limits.maxStorageBufferBindingSize} bytes for its tensors; the device allows ${limits.maxStorageBuffersPerShaderStage} (maxStorageBuffersPerShaderStage)`

/** A workgroup count in three dimensions; only the last is over the limit, where all three cannot hold it. */
export const dispatchSize = (count: number, limit: number): readonly [number, number, number] => {
  const x = Math.min(count, limit)
  const y = Math.min(Math.ceil(count / x), limit)
  return [x, y, Math.ceil(count / (x * y))]
}

interface Part {
  readonly units: number
  readonly first: number
}

// a launch whose tensors are too long for one binding falls into parts that fit, or of one unit each where none does
const partsOf = (
  launch: Launch,
  placed: Readonly<Record<string, Placed>>,
  segment: number,
  alignment: number,
): readonly Part[] => {
  const { outer } = launch
  const tooLong = Object.values(placed).some(({ elements }) => elements > segment)
  if (outer === undefined || !tooLong) return [{ first: 0, units: outer?.extent ?? 1 }]
  const widest = Math.max(...Object.values(outer.slices))
  const units = Math.max(1, Math.min(outer.extent, Math.floor((segment - alignment / 4) / widest)))
  return Array.from({ length: Math.ceil(outer.extent / units) }, (_, i) => ({
    first: i * units,
    units: Math.min(units, outer.extent - i * units),
  }))
}

const planPart = (
  does: readonly Deed[],
  launch: Launch,
  placed: Readonly<Record<string, Placed>>,
  limits: PlanLimits,
  part: Part,
): Result<PlannedLaunch> => {
  const { kernel, outer } = launch
  const segment = segmentOf(limits)
  const alignment = limits.minStorageBufferOffsetAlignment
  const split = outer !== undefined && part.units < outer.extent
  const names = tensorsOf(kernel)
  const windows = names.map((name) => {
    const { buffer, first, elements } = placed[name] as Placed
    const slice = split ? outer.slices[name] : undefined
    const passed = slice === undefined ? 0 : part.first * slice
    const length = slice === undefined ? elements : Math.min(part.units * slice, elements - passed)
    const from = first + passed
    const aligned = Math.floor((from * 4) / alignment) * alignment
    return {
      name,
      buffer,
      base: from - aligned / 4,
      offset: aligned,
      length: length + from - aligned / 4,
      sliced: slice !== undefined,
    }
  })
  const access: Readonly<Record<string, Access>> = Object.fromEntries(
    windows.map(({ name, length, sliced }) => [
      name,
      { segments: Math.max(1, Math.ceil(length / segment)), based: sliced },
    ]),
  )
  const bindings = windows.flatMap(({ name, buffer, offset, length }) =>
    Array.from({ length: (access[name] ?? whole).segments }, (_, s) => ({
      buffer,
      offset: offset + s * segment * 4,
      size: bytesOf(Math.min(length - s * segment, segment)),
      writes: writesTo(kernel, name),
    })),
  )
  const share = split ? part.units / outer.extent : 1
  const count = split && outer.count !== undefined ? outer.count(part.units) : Math.round(launch.count * share)
  const values: Readonly<Record<string, number>> = {
    ...launch.dims,
    ...(split ? Object.fromEntries(outer.dims.map((name) => [name, part.units])) : {}),
    ...(outer?.first === undefined ? {} : { [outer.first]: part.first }),
    // what is seen as vectors is counted in them; a base that is none of their multiples fits no kernel of that kind
    ...Object.fromEntries(
      windows.map(({ name, base }) => [`base_${name}`, kernel.vectors.includes(name) ? base / 4 : base]),
    ),
    count,
  }
  const dims = blockFields(kernel, access).map((name) => values[name] as number)
  const unfit = blockFields(kernel, access).find(
    (name) =>
      !Number.isInteger(values[name]) ||
      (values[name] as number) < 0 ||
      (values[name] as number) >= (kernel.words.includes(name) ? 2 ** 32 : 2 ** 31),
  )
  const groups = kernel.per === 'element' ? Math.ceil(count / kernel.workgroup) : count
  const most = limits.maxComputeWorkgroupsPerDimension
  if (bindings.length > limits.maxStorageBuffersPerShaderStage)
    return fail('LimitExceeded', tooManyBindings(kernel, bindings.length, limits))
  if (groups > most ** 3)
    return fail(
      'LimitExceeded',
      `${kernel.name} needs ${groups} workgroups; the device allows ${most} in each of three dimensions (maxComputeWorkgroupsPerDimension)`,
    )
  if (unfit !== undefined)
    return fail(
      'LimitExceeded',
      `${kernel.name}: ${unfit} is ${values[unfit]}; the device counts in integers below 2^31`,
    )
  return E.right({
    node: does.at(-1)?.node ?? '',
    does,
    shader: shaderOf(kernel, access, segment),
    modes: bindings.map(({ writes }) => (writes ? 'read_write' : 'read')),
    bindings,
    dims,
    params: kernel.params.map((name) => launch.params[name] as number),
    names: { dims: blockFields(kernel, access), params: kernel.params },
    asked: launch.dims,
    workgroups: dispatchSize(groups, most),
  })
}

// a launch in its parts; where a tensor takes several bindings, the launch that stands for such cases
const planLaunch = (
  does: readonly Deed[],
  launch: Launch,
  placed: Readonly<Record<string, Placed>>,
  limits: PlanLimits,
): readonly Result<PlannedLaunch>[] => {
  const alignment = limits.minStorageBufferOffsetAlignment
  const parts = partsOf(launch, placed, segmentOf(limits), alignment).map((part) =>
    planPart(does, launch, placed, limits, part),
  )
  const tensors = tensorsOf(launch.kernel).length
  const whole =
    parts.every((part) => E.isRight(part) && part.right.bindings.length === tensors) &&
    !(limits.tuning ?? untuned).refused.includes(launch.kernel.name)
  return whole || launch.orElse === undefined ? parts : planLaunch(does, launch.orElse, placed, limits)
}

// ---- the plan ----------------------------------------------------------------------------------------------------

/** Whether the device can hold and count so many elements. Errors: LimitExceeded. */
export const fitsBuffer = ({ title, elements }: Omit<Resident, 'key'>, limits: PlanLimits): Result<void> =>
  F.pipe(
    ensure(
      bytesOf(elements) <= limits.maxBufferSize,
      'LimitExceeded',
      `${title} takes ${bytesOf(elements)} bytes; a buffer of this device holds at most ${limits.maxBufferSize} (maxBufferSize)`,
    ),
    E.flatMap(() =>
      ensure(
        elements < 2 ** 31,
        'LimitExceeded',
        `${title} has ${elements} elements; the device counts in integers below 2^31`,
      ),
    ),
  )

interface Move {
  readonly from: Resident
  readonly to: Resident
}

// Every input becomes what its value was before any of them changed: a value that is itself overwritten goes to a
// temporary buffer first.
const movesOf = (
  { program: { carry }, shapes }: CheckedProgram,
  locate: (resident: Resident) => Located,
): readonly Move[] => {
  const named = (name: string): Resident => valueNamed(name, shapes[name] as Shape)
  // what is renewed in its own place is there
  const changed = (to: string, from: string): boolean => {
    const [a, b] = [locate(named(to)), locate(named(from))]
    return to === from || (a.root.key === b.root.key && a.first === b.first)
  }
  const changing = Object.entries(carry).filter(([to, from]) => !changed(to, from))
  const overwritten = new Set(changing.map(([to]) => to))
  const temporary = (name: string): Resident => ({ ...named(name), key: `before ${name}` })
  return [
    ...[...new Set(changing.map(([, from]) => from))]
      .filter((from) => overwritten.has(from))
      .map((from) => ({ from: named(from), to: temporary(from) })),
    ...changing.map(([to, from]) => ({ from: overwritten.has(from) ? temporary(from) : named(from), to: named(to) })),
  ]
}

// from the first launch that touches something to the last; inputs, tables and `nothing` live throughout
const livesOf = (
  bound: readonly BoundLaunch[],
  always: readonly Resident[],
  kept: readonly Resident[],
): readonly (Life & Resident)[] => {
  const end = bound.length
  const lives = new Map<string, Life & Resident>()
  const extend = (resident: Resident, first: number, last: number): void => {
    const before = lives.get(resident.key)
    lives.set(resident.key, {
      ...resident,
      bytes: bytesOf(resident.elements),
      first: Math.min(before?.first ?? first, first),
      last: Math.max(before?.last ?? last, last),
    })
  }
  kept.forEach((resident) => extend(resident, end, end))
  bound.forEach(({ binds }, at) => Object.values(binds).forEach((resident) => extend(resident, at, at)))
  const tables = [...lives.values()].filter(({ holds }) => holds !== undefined)
  ;[...always, ...tables, nothing].filter(({ key }) => lives.has(key)).forEach((resident) => extend(resident, -1, end))
  return [...lives.values()]
}

/**
 * The device memory that a plan takes while it runs, in bytes: all its buffers, those of the state with them, its uniform
 * blocks, each at a multiple of the device's `minUniformBufferOffsetAlignment`, and what is read back. All but the last are
 * made once, before the first run, so that this is its peak.
 */
export const memoryOf = (
  { buffers, launches, reads }: Pick<Plan, 'buffers' | 'launches' | 'reads'>,
  uniformAlignment: number,
): number =>
  buffers.reduce((n, { bytes }) => n + bytes, 0) +
  uniformLayout(launches, uniformAlignment).total +
  readBytes({ reads })

/** What is read back after a run, in bytes. */
export const readBytes = ({ reads }: Pick<Plan, 'reads'>): number =>
  Object.values(reads).reduce((n, { shape }) => n + sizeOf(shape) * 4, 0)

// a plan that takes more than the device has is none
const fitsDevice = (made: Plan, { memory, minUniformBufferOffsetAlignment }: PlanLimits): Result<void> => {
  const wanted = memoryOf(made, minUniformBufferOffsetAlignment)
  return ensure(
    memory === undefined || wanted <= memory,
    'LimitExceeded',
    `it takes ${wanted} bytes of device memory; there are ${memory}`,
  )
}

// what says how many elements there are, which no attribute changes
const counting = ['vectors', 'block']

/**
 * A plan at other values of the attributes that are fed: only numbers of uniform blocks differ. A plan made anew would be
 * the same; this looks at no more nodes than it has to.
 *
 * Errors  what lowering refuses at these values
 */
export const atFeeds = (made: Plan, { nodes }: CheckedProgram, feeds: Tensors, limits: PlanLimits): Result<Plan> =>
  F.pipe(
    nodes.filter(isFed),
    E.traverseArray((node) =>
      F.pipe(
        lowerNode(node, feeds, limits),
        E.map(({ launches }) => [node.node.name, launches] as const),
      ),
    ),
    E.map((lowered) => new Map(lowered)),
    E.map((lowered): Plan => {
      const numbered = (launch: PlannedLaunch): PlannedLaunch => {
        const fresh = launch.does.flatMap(({ node, launch: k, prefix }) => {
          const own = lowered.get(node)?.[k]
          return own === undefined ? [] : [{ own, prefix }]
        })
        if (fresh.length === 0) return launch
        const all = (of: (launch: Launch) => Launch['dims']): ReadonlyMap<string, number> =>
          new Map(
            fresh.flatMap(({ own, prefix }) => Object.entries(of(own)).map(([name, n]) => [`${prefix}${name}`, n])),
          )
        const [dims, params] = [all((own) => own.dims), all((own) => own.params)]
        return {
          ...launch,
          dims: launch.dims.map((old, i) => {
            const name = launch.names.dims[i] as string
            const next = counting.includes(name) ? undefined : dims.get(name)
            return next === undefined || next === launch.asked[name] ? old : next
          }),
          params: launch.params.map((old, i) => params.get(launch.names.params[i] as string) ?? old),
        }
      }
      return { ...made, launches: made.launches.map(numbered) }
    }),
  )

/** How a plan is made, where it could be made otherwise. */
export interface Planning {
  /** every node's launches as they are: nothing fused, nothing in its own place. For comparison */
  readonly plain?: boolean
  /** where values lie that were placed before; by default what the program itself comes to */
  readonly layout?: Layout
}

/** Where a program's state lies, so that it is renewed in as few launches as can be. */
export const stateLayout = (checked: CheckedProgram, limits: PlanLimits): Layout =>
  layoutOf(checked, (node, feeds) => lowerNode(node, feeds, limits), {
    alignment: limits.minStorageBufferOffsetAlignment / 4,
    most: Math.min(segmentOf(limits), Math.floor(limits.maxBufferSize / 4)),
  })

/**
 * A program's run as data: launches in order, buffers with lives, what goes up and what comes back. Launches are fused as
 * far as what is watched allows.
 *
 * Errors  what lowering refuses; LimitExceeded – a tensor larger than a buffer may be, more bindings than a shader may
 *         have once every tensor is split to fit, more workgroups than a dispatch, or more memory than the device has;
 *         MissingInput – a watched value that
 *         is not in the program
 */
export const plan = (
  checked: CheckedProgram,
  feeds: Tensors,
  watch: readonly string[],
  limits: PlanLimits,
  { plain = false, layout: given }: Planning = {},
): Result<Plan> => {
  const { program, nodes, shapes } = checked
  const absent = watch.find((name) => !Object.hasOwn(shapes, name))
  const segment = segmentOf(limits)
  const alignment = limits.minStorageBufferOffsetAlignment
  const named = (name: string): Resident => valueNamed(name, shapes[name] as Shape)
  const isInput = (name: string): boolean => Object.hasOwn(program.inputs, name)
  return F.pipe(
    E.Do,
    E.tap(() => ensure(absent === undefined, 'MissingInput', `there is no value ${absent} in the program`)),
    E.tap(() =>
      ensure(
        segment >= 1,
        'LimitExceeded',
        `a binding holds ${limits.maxStorageBufferBindingSize} bytes (maxStorageBufferBindingSize); offsets are multiples of ${alignment}`,
      ),
    ),
    E.let('relations', () => relationsOf(checked, plain)),
    E.bind('lowered', ({ relations }) => lowerAll(nodes, feeds, limits, relations)),
    E.let('layout', () => given ?? (plain ? noLayout : stateLayout(checked, limits))),
    E.let('arranged', ({ lowered, relations, layout }) => {
      const bound = boundLaunches(checked, relations, lowered)
      const placed = locator(layout, new Map(), shapes)
      const together = new Map(
        layout.groups.map((group) => [group.nodes.at(-1), grouped(group, bound, placed, alignment / 4)] as const),
      )
      const members = new Set(layout.groups.flatMap((group) => group.nodes))
      const all = bound.flatMap((own, at) => (members.has(at) ? (together.get(at) ?? []) : own))
      // a copy is needed of what changes in its place, and where a value has a place of its own
      const stays = ({ key }: Resident): boolean => {
        const name = key.slice('value '.length)
        return layout.homes.has(name) || Object.hasOwn(program.carry, name)
      }
      const { bound: some, aliases } = plain ? { bound: all, aliases: new Map() } : withoutCopies(all, stays)
      const locate = locator(layout, aliases, shapes)
      const moves = movesOf(checked, locate)
      const kept = [...watch.map(named), ...moves.flatMap(({ from, to }) => [from, to])].map(
        (resident) => locate(resident).root,
      )
      const launches = plain
        ? some
        : fused(
            some.map((one) => inPlace(one, locate)),
            locate,
            new Set(kept.map(({ key }) => key)),
            limits,
          )
      const rooted = launches.map((one) => ({
        ...one,
        at: Object.fromEntries(Object.entries(one.binds).map(([name, resident]) => [name, locate(resident)])),
      }))
      return { launches: rooted, moves, kept, locate }
    }),
    E.let('lives', ({ arranged: { launches, kept, locate } }) =>
      livesOf(
        launches.map((one) => ({
          ...one,
          binds: Object.fromEntries(Object.entries(one.at).map(([name, { root }]) => [name, root])),
        })),
        Object.keys(program.inputs).map((name) => locate(named(name)).root),
        kept,
      ),
    ),
    E.tap(({ lives }) => E.sequenceArray(lives.map((life) => fitsBuffer(life, limits)))),
    E.let('memory', ({ lives }) => allocate(lives)),
    E.bind('launches', ({ arranged: { launches }, memory: { of } }) =>
      E.sequenceArray(
        launches.flatMap(({ does, launch, binds, at }) => {
          const placed = Object.fromEntries(
            Object.entries(at).map(([name, { root, first }]) => [
              name,
              { buffer: of[root.key] as number, first, elements: (binds[name] as Resident).elements },
            ]),
          )
          return planLaunch(does, launch, placed, limits).map(E.mapLeft(within(does.at(-1)?.node ?? '')))
        }),
      ),
    ),
    E.map(({ launches, lives, arranged: { moves, locate }, memory: { buffers, of } }): Plan => {
      const placeOf = (resident: Resident): Place => {
        const { root, first } = locate(resident)
        return { buffer: of[root.key] as number, offset: first * 4 }
      }
      const rooms = new Map(lives.map(({ key, holds }) => [of[key] as number, { key, holds }]))
      const lasting = new Set(Object.keys(program.inputs).map((name) => placeOf(named(name)).buffer))
      return {
        buffers: buffers.map(({ bytes }, i) => {
          const room = rooms.get(i)
          return {
            bytes,
            ...(room?.holds === undefined ? {} : { holds: room.holds }),
            ...(room !== undefined && lasting.has(i) ? { room: room.key } : {}),
          }
        }),
        launches,
        feeds: Object.fromEntries(
          Object.keys(program.inputs)
            .filter((name) => of[locate(named(name)).root.key] !== undefined)
            .map((name) => [name, placeOf(named(name))]),
        ),
        reads: Object.fromEntries(
          watch.map((name) => [name, { ...placeOf(named(name)), shape: shapes[name] as Shape, before: isInput(name) }]),
        ),
        carries: moves.map(({ from, to }) => ({
          from: placeOf(from),
          to: placeOf(to),
          bytes: bytesOf(to.elements),
        })),
      }
    }),
    E.tap((made) => fitsDevice(made, limits)),
  )
}
