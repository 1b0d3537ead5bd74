import { either as E } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import type { AcquiredDevice } from './device/acquired.js'
import { bufferUsage, mapMode } from './device/flags.js'
import type { Plan, PlannedLaunch } from './plan.js'
import { memoryOf } from './plan.js'
import { kernelNameOf } from './kernel.js'
import { uniformLayout } from './uniforms.js'

/**
 * The rim: the one place with `await`, buffers and error scopes. It walks a plan and decides nothing.
 */

/** What the executor has done since it was made: how much it dispatched, and how much came back. */
export interface Counters {
  readonly dispatches: number
  readonly submits: number
  readonly bytesUp: number
  readonly bytesBack: number
  /** of all buffers that there are, and the most that there were at once */
  readonly bytesHeld: number
  readonly mostBytesHeld: number
}

/** A plan with its memory, pipelines and bind groups on a device. */
export interface Prepared {
  readonly plan: Plan
  readonly buffers: readonly GPUBuffer[]
  readonly owned: readonly GPUBuffer[]
  readonly uniforms: GPUBuffer
  /** what lies in the uniforms now; a replay writes the blocks that differ */
  readonly blocks: Uint8Array<ArrayBuffer>
  readonly dispatches: readonly { readonly pipeline: GPUComputePipeline; readonly group: GPUBindGroup }[]
  /** feeds that went up for the next run while the last one ran */
  readonly ahead: Map<string, Tensor>
}

/** A run that was handed over to the device. */
export interface Started {
  /** brings back what the plan reads, once the device has it */
  readonly finish: () => Promise<Result<Tensors>>
}

export interface Executor {
  /** puts a plan on the device; `external` gives the buffers that live longer than the plan, by the names of their rooms */
  readonly prepare: (plan: Plan, external?: Readonly<Record<string, GPUBuffer>>) => Promise<Result<Prepared>>
  /**
   * uploads feeds, dispatches in order, brings back what the plan reads; `replay` is the same plan at other numbers of
   * its uniform blocks
   */
  readonly execute: (prepared: Prepared, feeds: Tensors, replay?: Plan) => Promise<Result<Tensors>>
  /** both at once, for a plan that runs once and is let go of */
  readonly once: (plan: Plan, feeds: Tensors) => Promise<Result<Tensors>>
  /** the same up to where the device is at work; whoever starts a run has to finish it */
  readonly start: (prepared: Prepared, feeds: Tensors, replay?: Plan) => Promise<Result<Started>>
  /** uploads feeds of the next run behind those that are on their way */
  readonly ahead: (prepared: Prepared, feeds: Tensors) => Promise<Result<void>>
  /** the kernels of a plan that the driver made no pipelines of, each with what it says of it */
  readonly refusedOf: (plan: Plan) => Readonly<Record<string, string>>
  readonly discard: (prepared: Prepared) => void
  /** a buffer of so many elements with each value from its element on */
  readonly buffer: (
    name: string,
    elements: number,
    values: readonly { readonly first: number; readonly value: Tensor }[],
  ) => Promise<Result<GPUBuffer>>
  /** lets a buffer go that `buffer` made */
  readonly release: (buffer: GPUBuffer) => void
  /** the tensor that begins at an element of a buffer */
  readonly fetch: (buffer: GPUBuffer, first: number, shape: Shape) => Promise<Result<Tensor>>
  readonly counters: () => Counters
}

const storage = bufferUsage.STORAGE | bufferUsage.COPY_DST | bufferUsage.COPY_SRC

const toFloats = (data: Numbers): Float32Array<ArrayBuffer> =>
  data instanceof Float32Array && data.buffer instanceof ArrayBuffer
    ? (data as Float32Array<ArrayBuffer>)
    : Float32Array.from({ length: data.length }, (_, i) => data[i] as number)

/** The uniform blocks of launches as bytes, and where each lies. */
const packUniforms = (launches: readonly PlannedLaunch[], alignment: number) => {
  const { total, blocks } = uniformLayout(launches, alignment)
  const bytes = new ArrayBuffer(total)
  launches.forEach(({ dims, params }, i) => {
    const at = blocks[i] as (typeof blocks)[number]
    new Uint32Array(bytes, at.dims.offset, dims.length).set(dims)
    new Float32Array(bytes, at.params.offset, params.length).set(params)
  })
  return { bytes, blocks }
}

// where a whole implementation goes, what waits for it is refused before the loss of the device is told
const grace = 1000

/** An answer on its way back. */
interface Awaited {
  readonly name: string
  readonly shape: Shape
  readonly staging: GPUBuffer
}

export const makeExecutor = ({
  device,
  limits,
  alive,
  lost: loss,
  rest = (work) => work,
}: AcquiredDevice): Executor => {
  /** Whether the device is lost, after something was refused for no reason that it gave. */
  const aliveAfterAll = async (): Promise<Result<void>> => {
    let timer: ReturnType<typeof setTimeout> | undefined
    await Promise.race([loss, new Promise((resolve) => (timer = setTimeout(resolve, grace)))])
    clearTimeout(timer)
    return alive()
  }

  const pipelines = new Map<string, Promise<Result<GPUComputePipeline>>>()
  const refusals = new Map<string, string>()
  let counters: Counters = { dispatches: 0, submits: 0, bytesUp: 0, bytesBack: 0, bytesHeld: 0, mostBytesHeld: 0 }
  const uniformAlignment = limits['minUniformBufferOffsetAlignment'] as number

  const make = (size: number, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size, usage })
    const bytesHeld = counters.bytesHeld + size
    counters = { ...counters, bytesHeld, mostBytesHeld: Math.max(counters.mostBytesHeld, bytesHeld) }
    return buffer
  }
  const letGo = (buffer: GPUBuffer): void => {
    buffer.destroy()
    counters = { ...counters, bytesHeld: counters.bytesHeld - buffer.size }
  }

  // error scopes nest per device, so what runs under them runs one at a time
  let last: Promise<unknown> = Promise.resolve()
  const guarded = <A>(what: string, f: () => Promise<A>): Promise<Result<A>> => {
    const next = last.then(() => rest(underScopes(what, f)))
    last = next
    return next
  }

  /**
   * Runs f under error scopes: what the device objects to comes back as a Left. They are closed where f first waits: till then
   * it has asked all that it asks of the device.
   */
  const underScopes = async <A>(what: string, f: () => Promise<A>): Promise<Result<A>> => {
    const filters = ['internal', 'out-of-memory', 'validation'] as const
    try {
      filters.forEach((filter) => device.pushErrorScope(filter))
      const asked = f().then(E.right, (reason: unknown) => E.left(reason))
      const [outcome, ...errors] = await Promise.all([asked, ...filters.map(() => device.popErrorScope())])
      const lost = await alive()
      if (E.isLeft(lost)) return lost
      const [validation, memory, internal] = errors
      if (memory) return fail('LimitExceeded', `${what}: the device is out of memory: ${memory.message}`)
      if (validation) return fail('BackendUnavailable', `${what}: the device refuses it: ${validation.message}`)
      if (internal) return fail('BackendUnavailable', `${what}: the device failed: ${internal.message}`)
      if (E.isRight(outcome)) return outcome
      const after = await aliveAfterAll()
      return E.isLeft(after) ? after : fail('BackendUnavailable', `${what}: ${String(outcome.left)}`)
    } catch (reason) {
      const lost = await aliveAfterAll()
      return E.isLeft(lost) ? lost : fail('BackendUnavailable', `${what}: ${String(reason)}`)
    }
  }

  /**
   * Pipelines are made side by side, so not under the scopes of what runs one at a time: each under a scope of its own, which
   * is closed before anything else of it begins. What fails later is told by the pipeline's promise.
   */
  const compile = async (launch: PlannedLaunch): Promise<Result<GPUComputePipeline>> => {
    const what = `${launch.node}: its shader`
    const refused = (reason: string): Result<GPUComputePipeline> => {
      refusals.set(launch.shader, reason)
      return fail('BackendUnavailable', `${what}: the device refuses it: ${reason}`)
    }
    try {
      device.pushErrorScope('validation')
      const layout = device.createPipelineLayout({ bindGroupLayouts: [layoutOf(launch)] })
      const module = device.createShaderModule({ code: launch.shader })
      const objections = device.popErrorScope()
      const pipeline = device
        .createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } })
        .then(E.right, (reason: unknown) => E.left(reason))
      const [objection, outcome] = await Promise.all([objections, pipeline])
      const lost = await alive()
      if (E.isLeft(lost)) return lost
      if (objection) return refused(objection.message)
      if (E.isRight(outcome)) return outcome
      const after = await aliveAfterAll()
      return E.isLeft(after) ? after : refused(String(outcome.left))
    } catch (reason) {
      const lost = await aliveAfterAll()
      return E.isLeft(lost) ? lost : fail('BackendUnavailable', `${what}: ${String(reason)}`)
    }
  }

  const layoutOf = ({ modes, params }: PlannedLaunch): GPUBindGroupLayout =>
    device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: 4, buffer: { type: 'uniform' } },
        ...(params.length > 0 ? [{ binding: 1, visibility: 4, buffer: { type: 'uniform' } } as const] : []),
        ...modes.map((mode, i) => ({
          binding: i + 2,
          visibility: 4,
          buffer: { type: mode === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    })

  const pipelineOf = (launch: PlannedLaunch): Promise<Result<GPUComputePipeline>> => {
    const known = pipelines.get(launch.shader)
    if (known !== undefined) return known
    refusals.delete(launch.shader)
    const made = rest(compile(launch))
    pipelines.set(launch.shader, made)
    // what failed once, for want of memory perhaps, is tried again the next time
    void made.then((result) => E.isLeft(result) && pipelines.delete(launch.shader))
    return made
  }

  const write = (
    buffer: GPUBuffer,
    offset: number,
    data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
  ): void => {
    device.queue.writeBuffer(buffer, offset, data)
    counters = { ...counters, bytesUp: counters.bytesUp + data.byteLength }
  }

  const upload = (buffer: GPUBuffer, offset: number, data: Numbers): void => write(buffer, offset, toFloats(data))

  const rewriteUniforms = ({ uniforms, blocks }: Prepared, launches: readonly PlannedLaunch[]): void => {
    const packed = packUniforms(launches, uniformAlignment)
    const next = new Uint8Array(packed.bytes)
    packed.blocks
      .flatMap(({ dims, params }) => [dims, params])
      .forEach(({ offset, size }) => {
        const block = next.subarray(offset, offset + size)
        if (block.every((byte, i) => byte === blocks[offset + i])) return
        write(uniforms, offset, block)
        blocks.set(block, offset)
      })
  }

  const readBack = async (staging: GPUBuffer, shape: Shape): Promise<Tensor> => {
    await staging.mapAsync(mapMode.READ)
    const data = new Float32Array(staging.getMappedRange().slice(0, sizeOf(shape) * 4))
    staging.unmap()
    counters = { ...counters, bytesBack: counters.bytesBack + data.byteLength }
    return { shape, data }
  }

  const stagingFor = (shape: Shape): GPUBuffer => make(sizeOf(shape) * 4, bufferUsage.MAP_READ | bufferUsage.COPY_DST)

  const pipelinesOf = async ({ launches }: Plan): Promise<Result<readonly GPUComputePipeline[]>> =>
    E.sequenceArray(await Promise.all(launches.map(pipelineOf)))

  /** A plan's memory and bind groups; the buffers that it has for itself are added to `made` as they come. */
  const lay = (
    plan: Plan,
    compiled: readonly GPUComputePipeline[],
    external: Readonly<Record<string, GPUBuffer>>,
    made: GPUBuffer[],
  ): Prepared => {
    const own = (size: number, usage: number): GPUBuffer => {
      const buffer = make(size, usage)
      made.push(buffer)
      return buffer
    }
    const buffers = plan.buffers.map(({ bytes, room }) =>
      room !== undefined && Object.hasOwn(external, room) ? (external[room] as GPUBuffer) : own(bytes, storage),
    )
    plan.buffers.forEach(({ holds }, i) => holds !== undefined && upload(buffers[i] as GPUBuffer, 0, holds))
    const { bytes, blocks } = packUniforms(plan.launches, uniformAlignment)
    const uniforms = own(bytes.byteLength, bufferUsage.UNIFORM | bufferUsage.COPY_DST)
    const written = new Uint8Array(bytes)
    write(uniforms, 0, written)
    const dispatches = plan.launches.map((launch, i) => {
      const pipeline = compiled[i] as GPUComputePipeline
      const block = blocks[i] as (typeof blocks)[number]
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: uniforms, ...block.dims } },
          ...(launch.params.length > 0 ? [{ binding: 1, resource: { buffer: uniforms, ...block.params } }] : []),
          ...launch.bindings.map(({ buffer, offset, size }, at) => ({
            binding: at + 2,
            resource: { buffer: buffers[buffer] as GPUBuffer, offset, size },
          })),
        ],
      })
      return { pipeline, group }
    })
    return { plan, buffers, owned: made, uniforms, blocks: written, dispatches, ahead: new Map<string, Tensor>() }
  }

  const withMemory = <A>(plan: Plan, result: Result<A>): Result<A> =>
    E.isLeft(result) && result.left.code === 'LimitExceeded'
      ? fail('LimitExceeded', `${result.left.message}; the plan takes ${memoryOf(plan, uniformAlignment)} bytes`)
      : result

  const prepare: Executor['prepare'] = async (plan, external = {}) => {
    const compiled = await pipelinesOf(plan)
    if (E.isLeft(compiled)) return compiled
    const made: GPUBuffer[] = []
    const prepared = await guarded('preparing', async () => lay(plan, compiled.right, external, made))
    if (E.isLeft(prepared)) made.forEach(letGo)
    return withMemory(plan, prepared)
  }

  const uploadFeed = ({ plan, buffers }: Prepared, name: string, value: Tensor): void => {
    const at = plan.feeds[name]
    if (at !== undefined) upload(buffers[at.buffer] as GPUBuffer, at.offset, value.data)
  }

  /** Hands a run over to the device; its answers come to the staging buffers. */
  const submit = (prepared: Prepared, feeds: Tensors, replay?: Plan): readonly Awaited[] => {
    const { plan, buffers, dispatches, ahead } = prepared
    const wanted: Awaited[] = []
    try {
      if (replay !== undefined) rewriteUniforms(prepared, replay.launches)
      Object.entries(feeds).forEach(([name, value]) => {
        if (ahead.get(name) !== value) uploadFeed(prepared, name, value)
      })
      ahead.clear()
      const encoder = device.createCommandEncoder()
      const bringBack = (inputs: boolean): void =>
        Object.entries(plan.reads).forEach(([name, { buffer, offset, shape, before }]) => {
          if (before !== inputs) return
          const staging = stagingFor(shape)
          wanted.push({ name, shape, staging })
          encoder.copyBufferToBuffer(buffers[buffer] as GPUBuffer, offset, staging, 0, sizeOf(shape) * 4)
        })
      bringBack(true)
      const pass = encoder.beginComputePass()
      dispatches.forEach(({ pipeline, group }, i) => {
        pass.setPipeline(pipeline)
        pass.setBindGroup(0, group)
        pass.dispatchWorkgroups(...(plan.launches[i] as PlannedLaunch).workgroups)
      })
      pass.end()
      bringBack(false)
      plan.carries.forEach(({ from, to, bytes }) =>
        encoder.copyBufferToBuffer(
          buffers[from.buffer] as GPUBuffer,
          from.offset,
          buffers[to.buffer] as GPUBuffer,
          to.offset,
          bytes,
        ),
      )
      device.queue.submit([encoder.finish()])
      counters = {
        ...counters,
        dispatches: counters.dispatches + dispatches.length,
        submits: counters.submits + 1,
      }
      return wanted
    } catch (reason) {
      wanted.forEach(({ staging }) => letGo(staging))
      throw reason
    }
  }

  const collect = async (wanted: readonly Awaited[]): Promise<Tensors> => {
    try {
      const values = await Promise.all(
        wanted.map(async ({ name, shape, staging }) => [name, await readBack(staging, shape)] as const),
      )
      return Object.fromEntries(values)
    } finally {
      wanted.forEach(({ staging }) => letGo(staging))
    }
  }

  const execute: Executor['execute'] = (prepared, feeds, replay) =>
    guarded('running', async () => collect(submit(prepared, feeds, replay)))

  const once: Executor['once'] = async (plan, feeds) => {
    const compiled = await pipelinesOf(plan)
    if (E.isLeft(compiled)) return compiled
    const made: GPUBuffer[] = []
    const values = await guarded('running', async () => collect(submit(lay(plan, compiled.right, {}, made), feeds)))
    made.forEach(letGo)
    return withMemory(plan, values)
  }

  const start: Executor['start'] = async (prepared, feeds, replay) => {
    const wanted: Awaited[] = []
    const started = await guarded('running', async () => {
      wanted.push(...submit(prepared, feeds, replay))
    })
    if (E.isRight(started)) return E.right({ finish: () => guarded('running', () => collect(wanted)) })
    wanted.forEach(({ staging }) => letGo(staging))
    return started
  }

  return {
    prepare,
    execute,
    once,
    start,
    ahead: (prepared, feeds) =>
      guarded('uploading', async () =>
        Object.entries(feeds).forEach(([name, value]) => {
          uploadFeed(prepared, name, value)
          prepared.ahead.set(name, value)
        }),
      ),
    refusedOf: ({ launches }) =>
      Object.fromEntries(
        launches.flatMap(({ shader }) => {
          const reason = refusals.get(shader)
          return reason === undefined ? [] : [[kernelNameOf(shader), reason] as const]
        }),
      ),
    discard: ({ owned }) => owned.forEach(letGo),
    release: letGo,
    buffer: async (name, elements, values) => {
      const made: GPUBuffer[] = []
      const filled = await guarded(name, async () => {
        const buffer = make(Math.max(elements, 1) * 4, storage)
        made.push(buffer)
        values.forEach(({ first, value }) => upload(buffer, first * 4, value.data))
        return buffer
      })
      if (E.isLeft(filled)) made.forEach(letGo)
      return filled
    },
    fetch: (buffer, first, shape) =>
      guarded('reading back', async () => {
        const staging = stagingFor(shape)
        try {
          const encoder = device.createCommandEncoder()
          encoder.copyBufferToBuffer(buffer, first * 4, staging, 0, sizeOf(shape) * 4)
          device.queue.submit([encoder.finish()])
          return await readBack(staging, shape)
        } finally {
          letGo(staging)
        }
      }),
    counters: () => counters,
  }
}
