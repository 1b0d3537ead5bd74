import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure, fail, within } from '../spec/error.js'
import type { CheckedNode, CheckedProgram } from '../spec/program.js'
import { nodeAttributes } from '../spec/program.js'
import type { Shape, Tensors } from '../spec/tensor.js'
import { showShape, sizeOf } from '../spec/tensor.js'
import type { Access, Kernel, Launch, Lowered, Slot } from './kernel.js'
import { blockFields, shaderOf, tensorsOf, whole } from './kernel.js'
import type { Lowering } from './lower.js'
import { lowerings } from './table.js'

/** The limits of a device that a plan has to keep to, by WebGPU's names. */
export interface PlanLimits {
  readonly maxBufferSize: number
  readonly maxStorageBufferBindingSize: number
  readonly maxStorageBuffersPerShaderStage: number
  readonly maxComputeWorkgroupsPerDimension: number
  readonly minStorageBufferOffsetAlignment: number
  readonly minUniformBufferOffsetAlignment: number
  /** how many lanes every subgroup has; absent where that varies, or where there are no subgroups */
  readonly subgroupSize?: number
}

/** A stretch of device memory. A value's buffer is a later value's again once nothing reads the first any more. */
export interface PlanBuffer {
  readonly bytes: number
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
  /** the shader's text, which is also the key of its pipeline */
  readonly shader: string
  readonly modes: readonly ('read' | 'read_write')[]
  readonly bindings: readonly Binding[]
  /** the integers of the uniform block, and its f32 parameters */
  readonly dims: readonly number[]
  readonly params: readonly number[]
  readonly workgroups: readonly [number, number, number]
}

/** A run of a program on a device, as data. */
export interface Plan {
  readonly buffers: readonly PlanBuffer[]
  readonly launches: readonly PlannedLaunch[]
  /** the buffer of each program input that some launch reads or that is watched */
  readonly feeds: Readonly<Record<string, number>>
  /** the values to bring back: buffer and shape */
  readonly reads: Readonly<Record<string, { readonly buffer: number; readonly shape: Shape }>>
  /** copies at the end, in order: the buffer of a carried value to the buffer of the input that it becomes */
  readonly carries: readonly { readonly from: number; readonly to: number; readonly bytes: number }[]
}

/** The launches of one node at given attribute values. */
export const lowerNode = (
  { node, sizes }: CheckedNode,
  feeds: Tensors,
  { subgroupSize }: Pick<PlanLimits, 'subgroupSize'> = {},
): Result<Lowered> =>
  F.pipe(
    nodeAttributes(node, feeds),
    E.flatMap((attrs) => {
      const lowering: Lowering = lowerings[node.op]
      const lower = lowering[node.direction]
      return lower === undefined
        ? fail('NoBackward', `${node.op} has no ${node.direction} here`)
        : E.right(
            lower({
              attrs,
              sizes,
              has: (name) => node.inputs[name] !== undefined,
              given: (name) => node.cotangents[name] !== undefined,
              wants: (name) => node.outputs[name] !== undefined,
              ...(subgroupSize === undefined ? {} : { subgroupSize }),
            }),
          )
    }),
    E.mapLeft(within(node.name)),
  )

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

/** The most elements that one binding shows, a whole number of alignments. */
const segmentOf = (limits: PlanLimits): number => {
  const alignment = limits.minStorageBufferOffsetAlignment
  return Math.floor(limits.maxStorageBufferBindingSize / alignment) * (alignment / 4)
}

interface Placed {
  readonly buffer: number
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
  node: string,
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
    const { buffer, elements } = placed[name] as Placed
    const slice = split ? outer.slices[name] : undefined
    const from = slice === undefined ? 0 : part.first * slice
    const length = slice === undefined ? elements : Math.min(part.units * slice, elements - from)
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
      writes: kernel.writes.includes(name),
    })),
  )
  const share = split ? part.units / outer.extent : 1
  const count = split && outer.count !== undefined ? outer.count(part.units) : Math.round(launch.count * share)
  const values: Readonly<Record<string, number>> = {
    ...launch.dims,
    ...(split ? Object.fromEntries(outer.dims.map((name) => [name, part.units])) : {}),
    ...(outer?.first === undefined ? {} : { [outer.first]: part.first }),
    ...Object.fromEntries(windows.map(({ name, base }) => [`base_${name}`, base])),
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
    node,
    shader: shaderOf(kernel, access, segment),
    modes: bindings.map(({ writes }) => (writes ? 'read_write' : 'read')),
    bindings,
    dims,
    params: kernel.params.map((name) => launch.params[name] as number),
    workgroups: dispatchSize(groups, most),
  })
}

// a launch in its parts; where a tensor takes several bindings, the one that stands for such cases
const planLaunch = (
  node: string,
  launch: Launch,
  placed: Readonly<Record<string, Placed>>,
  limits: PlanLimits,
): readonly Result<PlannedLaunch>[] => {
  const alignment = limits.minStorageBufferOffsetAlignment
  const parts = partsOf(launch, placed, segmentOf(limits), alignment).map((part) =>
    planPart(node, launch, placed, limits, part),
  )
  const whole = parts.every((part) => E.isRight(part) && part.right.bindings.length === Object.keys(placed).length)
  return whole || launch.orElse === undefined ? parts : planLaunch(node, launch.orElse, placed, limits)
}

// ---- the plan ----------------------------------------------------------------------------------------------------

/** What lies in memory: a value of the program, scratch or an answer that only one node has a use for, or `nothing`. */
interface Resident {
  readonly key: string
  /** how a message calls it */
  readonly title: string
  readonly elements: number
}

/** What stands where an optional tensor is absent: one zero, for no launch writes it and new buffers are zeros. */
const nothing: Resident = { key: 'nothing', title: 'an absent tensor', elements: 1 }

const valueNamed = (name: string, shape: Shape): Resident => ({
  key: `value ${name}`,
  title: `${name} of shape ${showShape(shape)}`,
  elements: sizeOf(shape),
})

const residentOf = (
  { node, outputs }: CheckedNode,
  scratch: Readonly<Record<string, number>>,
  shapes: Readonly<Record<string, Shape>>,
  slot: Slot,
): Resident => {
  const [kind, name] = slot.split(':') as [string, string]
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

/** A launch with what stands in the place of each of its bindings. */
interface BoundLaunch {
  readonly node: string
  readonly launch: Launch
  readonly binds: Readonly<Record<string, Resident>>
}

const boundLaunches = (
  { nodes, shapes }: CheckedProgram,
  lowered: readonly { readonly launches: readonly Launch[]; readonly scratch: Readonly<Record<string, number>> }[],
): readonly BoundLaunch[] =>
  lowered.flatMap(({ launches, scratch }, at) => {
    const checked = nodes[at] as CheckedNode
    return launches.map((launch) => ({
      node: checked.node.name,
      launch,
      binds: Object.fromEntries(
        Object.entries(launch.bind).map(([name, slot]) => [name, residentOf(checked, scratch, shapes, slot)]),
      ),
    }))
  })

interface Move {
  readonly from: Resident
  readonly to: Resident
}

// Every input becomes what its value was before any of them changed: a value that is itself overwritten goes to a
// temporary buffer first.
const movesOf = ({ program: { carry }, shapes }: CheckedProgram): readonly Move[] => {
  const named = (name: string): Resident => valueNamed(name, shapes[name] as Shape)
  const changing = Object.entries(carry).filter(([to, from]) => to !== from)
  const overwritten = new Set(changing.map(([to]) => to))
  const temporary = (name: string): Resident => ({ ...named(name), key: `before ${name}` })
  return [
    ...[...new Set(changing.map(([, from]) => from))]
      .filter((from) => overwritten.has(from))
      .map((from) => ({ from: named(from), to: temporary(from) })),
    ...changing.map(([to, from]) => ({ from: overwritten.has(from) ? temporary(from) : named(from), to: named(to) })),
  ]
}

// from the first launch that touches something to the last; inputs and `nothing` live throughout
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
  ;[...always, nothing].filter(({ key }) => lives.has(key)).forEach((resident) => extend(resident, -1, end))
  return [...lives.values()]
}

/**
 * A program's run as data: launches in order, buffers with lives, what goes up and what comes back.
 *
 * Errors  what lowering refuses; LimitExceeded – a tensor larger than a buffer may be, more bindings than a shader may
 *         have once every tensor is split to fit, or more workgroups than a dispatch; MissingInput – a watched value that
 *         is not in the program
 */
export const plan = (
  checked: CheckedProgram,
  feeds: Tensors,
  watch: readonly string[],
  limits: PlanLimits,
): Result<Plan> => {
  const { program, nodes, shapes } = checked
  const absent = watch.find((name) => !Object.hasOwn(shapes, name))
  const segment = segmentOf(limits)
  const alignment = limits.minStorageBufferOffsetAlignment
  const named = (name: string): Resident => valueNamed(name, shapes[name] as Shape)
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
    E.bind('lowered', () => E.sequenceArray(nodes.map((node) => lowerNode(node, feeds, limits)))),
    E.let('bound', ({ lowered }) => boundLaunches(checked, lowered)),
    E.let('moves', () => movesOf(checked)),
    E.let('lives', ({ bound, moves }) =>
      livesOf(bound, Object.keys(program.inputs).map(named), [
        ...watch.map(named),
        ...moves.flatMap(({ from, to }) => [from, to]),
      ]),
    ),
    E.tap(({ lives }) => E.sequenceArray(lives.map((life) => fitsBuffer(life, limits)))),
    E.let('memory', ({ lives }) => allocate(lives)),
    E.bind('launches', ({ bound, memory: { of } }) =>
      E.sequenceArray(
        bound.flatMap(({ node, launch, binds }) => {
          const placed = Object.fromEntries(
            Object.entries(binds).map(([name, { key, elements }]) => [name, { buffer: of[key] as number, elements }]),
          )
          return planLaunch(node, launch, placed, limits).map(E.mapLeft(within(node)))
        }),
      ),
    ),
    E.map(({ launches, moves, memory: { buffers, of } }) => {
      const bufferOf = ({ key }: Resident): number => of[key] as number
      return {
        buffers,
        launches,
        feeds: Object.fromEntries(
          Object.keys(program.inputs)
            .filter((name) => of[named(name).key] !== undefined)
            .map((name) => [name, bufferOf(named(name))]),
        ),
        reads: Object.fromEntries(
          watch.map((name) => [name, { buffer: bufferOf(named(name)), shape: shapes[name] as Shape }]),
        ),
        carries: moves.map(({ from, to }) => ({
          from: bufferOf(from),
          to: bufferOf(to),
          bytes: bytesOf(to.elements),
        })),
      }
    }),
  )
}
