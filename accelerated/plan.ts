import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../spec/attributes.js'
import type { Result } from '../spec/error.js'
import { fail, within } from '../spec/error.js'
import type { AnySizes } from '../spec/op.js'
import type { CheckedNode, CheckedProgram } from '../spec/program.js'
import { nodeAttributes } from '../spec/program.js'
import type { Shape, Tensors } from '../spec/tensor.js'
import { showShape, sizeOf } from '../spec/tensor.js'
import type { Access, Kernel, Launch, Lowered, Slot } from './kernel.js'
import { blockFields, shaderOf, whole } from './kernel.js'
import { lowerings } from './table.js'

/** The limits of a device that a plan has to keep to, by WebGPU's names. */
export interface PlanLimits {
  readonly maxBufferSize: number
  readonly maxStorageBufferBindingSize: number
  readonly maxStorageBuffersPerShaderStage: number
  readonly maxComputeWorkgroupsPerDimension: number
  readonly minStorageBufferOffsetAlignment: number
  readonly minUniformBufferOffsetAlignment: number
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
  /** copies at the end: the buffer of a carried value to the buffer of the input that it becomes */
  readonly carries: readonly { readonly from: number; readonly to: number; readonly bytes: number }[]
}

interface AnyLowering {
  forward(request: AnyRequest): Lowered
  backward?(request: AnyRequest): Lowered
}
interface AnyRequest {
  readonly attrs: Attributes
  readonly sizes: AnySizes
  has(input: string): boolean
  wants(result: string): boolean
}

/** The launches of one node at given attribute values. */
const lowerNode = ({ node, sizes }: CheckedNode, feeds: Tensors): Result<Lowered> =>
  F.pipe(
    nodeAttributes(node, feeds),
    E.flatMap((attrs) => {
      const lowering: AnyLowering = lowerings[node.op]
      const lower = lowering[node.direction]
      return lower === undefined
        ? fail('NoBackward', `${node.op} has no ${node.direction} here`)
        : E.right(
            lower({
              attrs,
              sizes,
              has: (name) => node.inputs[name] !== undefined,
              wants: (name) => node.outputs[name] !== undefined,
            }),
          )
    }),
    E.mapLeft(within(node.name)),
  )

const bytesOf = (elements: number): number => Math.max(elements, 1) * 4

// ---- memory: which buffer holds which value, and until when ------------------------------------------------------

interface Life {
  readonly value: string
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
    of: { ...memory.of, [life.value]: buffer },
    busy: [...busy, { buffer, until: life.last }],
  }
}

/** Buffers for values by their lives; two values share one only where their lives do not meet. */
export const allocate = (lives: readonly Life[]): Pick<Memory, 'buffers' | 'of'> =>
  [...lives].sort((a, b) => a.first - b.first).reduce(place, { buffers: [], of: {}, busy: [] })

// ---- launches: ranges of buffers, within the limits --------------------------------------------------------------

/** The most elements that one binding shows, a whole number of aligned steps. */
const segmentOf = (limits: PlanLimits): number => {
  const step = limits.minStorageBufferOffsetAlignment
  return Math.floor(limits.maxStorageBufferBindingSize / step) * (step / 4)
}

interface Placed {
  readonly buffer: number
  readonly elements: number
}

const tooManyBindings = (kernel: Kernel, wanted: number, limits: PlanLimits): string =>
  `${kernel.name} needs ${wanted} storage bindings of at most ${limits.maxStorageBufferBindingSize} bytes for its tensors; the device allows ${limits.maxStorageBuffersPerShaderStage} (maxStorageBuffersPerShaderStage)`

/** A workgroup count spread over three dimensions, none over the limit. */
export const spread = (count: number, limit: number): readonly [number, number, number] => {
  const x = Math.min(count, limit)
  const y = Math.min(Math.ceil(count / x), limit)
  return [x, y, Math.ceil(count / (x * y))]
}

interface Part {
  readonly units: number
  readonly first: number
}

// a launch whose sliced tensors are too long for one binding falls into parts that fit
const partsOf = (
  launch: Launch,
  placed: Readonly<Record<string, Placed>>,
  segment: number,
  step: number,
): readonly Part[] => {
  const { outer } = launch
  const tooLong = Object.values(placed).some(({ elements }) => elements > segment)
  if (outer === undefined || !tooLong) return [{ first: 0, units: outer?.extent ?? 1 }]
  const widest = Math.max(...Object.values(outer.slices))
  const units = Math.min(outer.extent, Math.floor((segment - step / 4) / widest))
  if (units < 1) return [{ first: 0, units: outer.extent }]
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
  const step = limits.minStorageBufferOffsetAlignment
  const split = outer !== undefined && part.units < outer.extent
  const names = [...kernel.reads, ...kernel.writes]
  const windows = names.map((name) => {
    const { buffer, elements } = placed[name] as Placed
    const slice = split ? outer.slices[name] : undefined
    const from = slice === undefined ? 0 : part.first * slice
    const length = slice === undefined ? elements : part.units * slice
    const aligned = Math.floor((from * 4) / step) * step
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
    ...Object.fromEntries(windows.map(({ name, base }) => [`base_${name}`, base])),
    count,
  }
  const dims = blockFields(kernel, access).map((name) => values[name] as number)
  const unfit = blockFields(kernel, access).find(
    (name) => !Number.isInteger(values[name]) || (values[name] as number) >= 2 ** 31,
  )
  if (bindings.length > limits.maxStorageBuffersPerShaderStage)
    return fail('LimitExceeded', tooManyBindings(kernel, bindings.length, limits))
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
    workgroups: spread(
      kernel.per === 'workgroup' ? count : Math.ceil(count / kernel.workgroup),
      limits.maxComputeWorkgroupsPerDimension,
    ),
  })
}

const sequence = <A>(results: readonly Result<A>[]): Result<readonly A[]> =>
  results.reduce<Result<readonly A[]>>(
    (soFar, next) =>
      F.pipe(
        soFar,
        E.flatMap((list) =>
          F.pipe(
            next,
            E.map((item) => [...list, item]),
          ),
        ),
      ),
    E.right([]),
  )

// ---- the plan ----------------------------------------------------------------------------------------------------

/** The value that a slot of a node stands for; absent optional inputs and cotangents share one buffer of zeros. */
const valueOf = ({ node }: CheckedNode, slot: Slot): string => {
  const [kind, name] = [slot.slice(0, slot.indexOf(':')), slot.slice(slot.indexOf(':') + 1)]
  const named =
    kind === 'in'
      ? node.inputs[name]
      : kind === 'cot'
        ? node.cotangents[name]
        : kind === 'tmp'
          ? undefined
          : node.outputs[name]
  if (named !== undefined) return named
  return kind === 'in' || kind === 'cot' ? nothing : `${node.name}/${slot}`
}

/** The value that stands where an optional tensor is absent: one zero. */
export const nothing = '(nothing)'

interface Step {
  readonly node: CheckedNode
  readonly launch: Launch
  readonly values: Readonly<Record<string, string>>
}

/**
 * A program's run as data: launches in order, buffers with lives, what goes up and what comes back.
 *
 * Errors  what lowering refuses; LimitExceeded – a tensor larger than a buffer may be, or more bindings than a shader
 *         may have once every tensor is split to fit; MissingInput – a watched value that is not in the program
 */
export const plan = (
  checked: CheckedProgram,
  feeds: Tensors,
  watch: readonly string[],
  limits: PlanLimits,
): Result<Plan> => {
  const { program, nodes, shapes } = checked
  const absent = watch.find((name) => shapes[name] === undefined)
  if (absent !== undefined) return fail('MissingInput', `there is no value ${absent} in the program`)
  return F.pipe(
    sequence(nodes.map((node) => lowerNode(node, feeds))),
    E.flatMap((lowered) => {
      const steps = lowered.flatMap(({ launches }, at) =>
        launches.map((launch): Step => {
          const node = nodes[at] as CheckedNode
          return {
            node,
            launch,
            values: Object.fromEntries(Object.entries(launch.bind).map(([name, slot]) => [name, valueOf(node, slot)])),
          }
        }),
      )
      const scratch = Object.fromEntries(
        lowered.flatMap(({ scratch }, at) =>
          Object.entries(scratch).map(([name, elements]) => [
            `${(nodes[at] as CheckedNode).node.name}/tmp:${name}`,
            elements,
          ]),
        ),
      )
      const elementsOf = (value: string, step: Step): number => {
        const shape = shapes[value]
        if (shape !== undefined) return sizeOf(shape)
        if (value === nothing) return 1
        const slot = value.slice(value.indexOf('/') + 1)
        const name = slot.slice(slot.indexOf(':') + 1)
        const { node, outputs } = step.node
        return (
          scratch[value] ??
          sizeOf((slot.startsWith('out') ? outputs[name] : shapes[node.inputs[name] as string]) as Shape)
        )
      }
      const end = steps.length
      const kept = new Set([...watch, ...Object.keys(program.inputs), ...Object.values(program.carry)])
      const uses = new Map<string, { elements: number; first: number; last: number }>()
      ;[...watch, ...Object.values(program.carry), ...Object.keys(program.carry)].forEach((value) =>
        uses.set(value, {
          elements: sizeOf(shapes[value] as Shape),
          first: program.inputs[value] ? -1 : end,
          last: end,
        }),
      )
      steps.forEach((step, at) =>
        Object.values(step.values).forEach((value) => {
          const before = uses.get(value)
          const early = program.inputs[value] !== undefined || value === nothing
          uses.set(value, {
            elements: elementsOf(value, step),
            first: Math.min(before?.first ?? at, early ? -1 : at),
            last: Math.max(before?.last ?? at, kept.has(value) || value === nothing ? end : at),
          })
        }),
      )
      const lives = [...uses].map(([value, { elements, first, last }]) => ({
        value,
        bytes: bytesOf(elements),
        first,
        last,
      }))
      const tooLarge = lives.find(({ bytes }) => bytes > limits.maxBufferSize)
      if (tooLarge !== undefined)
        return fail(
          'LimitExceeded',
          `${tooLarge.value}${shapes[tooLarge.value] ? ` has shape ${showShape(shapes[tooLarge.value] as Shape)} and` : ''} takes ${tooLarge.bytes} bytes; a buffer of this device holds at most ${limits.maxBufferSize}`,
        )
      const { buffers, of } = allocate(lives)
      const bufferOf = (value: string): number => of[value] as number
      return F.pipe(
        sequence(
          steps.flatMap((step) => {
            const placed = Object.fromEntries(
              Object.entries(step.values).map(([name, value]) => [
                name,
                { buffer: bufferOf(value), elements: elementsOf(value, step) },
              ]),
            )
            return partsOf(step.launch, placed, segmentOf(limits), limits.minStorageBufferOffsetAlignment).map((part) =>
              F.pipe(
                planPart(step.node.node.name, step.launch, placed, limits, part),
                E.mapLeft(within(step.node.node.name)),
              ),
            )
          }),
        ),
        E.map((launches) => ({
          buffers,
          launches,
          feeds: Object.fromEntries(
            Object.keys(program.inputs)
              .filter((name) => of[name] !== undefined)
              .map((name) => [name, bufferOf(name)]),
          ),
          reads: Object.fromEntries(
            watch.map((name) => [name, { buffer: bufferOf(name), shape: shapes[name] as Shape }]),
          ),
          carries: Object.entries(program.carry).map(([to, from]) => ({
            from: bufferOf(from),
            to: bufferOf(to),
            bytes: bytesOf(sizeOf(shapes[to] as Shape)),
          })),
        })),
      )
    }),
  )
}
