import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { lanesThenTree } from '../spec/bound.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { CheckedProgram, Program } from '../spec/program.js'
import { attributeFeeds, checkFeeds, checkProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import type { AcquiredDevice } from './device/index.js'
import type { Counters, Executor, Prepared } from './executor.js'
import { makeExecutor } from './executor.js'
import type { Plan, PlanLimits } from './plan.js'
import { plan } from './plan.js'
import { lowerings } from './table.js'

/** The accelerated backend on a device, and a count of what it has made the device do. */
export interface WebGpuBackend extends Backend {
  readonly open: (program: Program, state: Tensors) => taskEither.TaskEither<EtalonError, Session>
  readonly counters: () => Counters
}

const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupsPerDimension',
  'minStorageBufferOffsetAlignment',
  'minUniformBufferOffsetAlignment',
] as const

/** The limits that plans keep to, out of all that a device has. */
export const planLimits = (limits: Readonly<Record<string, number>>): PlanLimits =>
  Object.fromEntries(limitNames.map((name) => [name, limits[name] as number])) as Readonly<
    Record<(typeof limitNames)[number], number>
  >

const without = (names: readonly string[], inputs: Readonly<Record<string, Shape>>): Readonly<Record<string, Shape>> =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !names.includes(name)))

const runOnce =
  (executor: Executor, limits: PlanLimits) =>
  (program: Program, feeds: Tensors, watch: readonly string[], lent: Readonly<Record<string, GPUBuffer>> = {}) =>
  async (): Promise<Result<Tensors>> => {
    const planned = F.pipe(
      checkProgram(program),
      E.tap(() => checkFeeds(without(Object.keys(lent), program.inputs), feeds)),
      E.flatMap((checked) => plan(checked, feeds, watch, limits)),
    )
    if (E.isLeft(planned)) return planned
    const prepared = await executor.prepare(planned.right, lent)
    if (E.isLeft(prepared)) return prepared
    const values = await executor.execute(prepared.right, feeds)
    executor.discard(prepared.right)
    return values
  }

interface Recorded {
  readonly prepared: Prepared
  readonly plan: Plan
}

const openSession =
  (executor: Executor, limits: PlanLimits) =>
  (program: Program, state: Tensors) =>
  async (): Promise<Result<Session>> => {
    const stateNames = Object.keys(program.carry)
    const checked = F.pipe(
      checkProgram(program),
      E.tap(() =>
        checkFeeds(Object.fromEntries(stateNames.map((name) => [name, program.inputs[name] as Shape])), state),
      ),
    )
    if (E.isLeft(checked)) return checked
    const resident: Record<string, GPUBuffer> = {}
    for (const name of stateNames) {
      const buffer = await executor.buffer(name, state[name] as Tensor)
      if (E.isLeft(buffer)) return buffer
      resident[name] = buffer.right
    }
    const recorded = new Map<string, Recorded>()
    const scalars = attributeFeeds(program)

    const record = async (
      checked: CheckedProgram,
      key: string,
      feeds: Tensors,
      watch: readonly string[],
    ): Promise<Result<Recorded>> => {
      const known = recorded.get(key)
      const planned = plan(checked, feeds, watch, limits)
      if (E.isLeft(planned)) return planned
      if (known !== undefined) return E.right({ prepared: known.prepared, plan: planned.right })
      const prepared = await executor.prepare(planned.right, resident)
      if (E.isLeft(prepared)) return prepared
      recorded.set(key, { prepared: prepared.right, plan: planned.right })
      return E.right({ prepared: prepared.right, plan: planned.right })
    }

    // a recorded step is replayed as it is; only a fed attribute makes its uniform blocks anew
    const replay = async (
      key: string,
      of: CheckedProgram,
      feeds: Tensors,
      watch: readonly string[],
      fed: readonly string[],
    ): Promise<Result<Tensors>> => {
      const fits = checkFeeds(without(stateNames, of.program.inputs), feeds)
      if (E.isLeft(fits)) return fits
      const known = recorded.get(key)
      const ready = known !== undefined && fed.length === 0 ? E.right(known) : await record(of, key, feeds, watch)
      if (E.isLeft(ready)) return ready
      return executor.execute(ready.right.prepared, feeds, fed.length === 0 ? undefined : ready.right.plan)
    }

    return E.right({
      step:
        (feeds, watch = program.outputs) =>
        () =>
          replay(`step ${watch.join(' ')}`, checked.right, feeds, watch, scalars),
      beside:
        (other, feeds, watch = other.outputs) =>
        async () => {
          const fits = F.pipe(
            checkProgram(other),
            E.tap(() =>
              ensure(
                Object.keys(other.carry).length === 0,
                'UnexpectedInput',
                'a program run beside a session carries no state',
              ),
            ),
          )
          return E.isLeft(fits)
            ? fits
            : replay(`beside ${JSON.stringify([other, watch])}`, fits.right, feeds, watch, attributeFeeds(other))
        },
      state: async () => {
        const values: Record<string, Tensor> = {}
        for (const name of stateNames) {
          const value = await executor.fetch(resident[name] as GPUBuffer, program.inputs[name] as Shape)
          if (E.isLeft(value)) return value
          values[name] = value.right
        }
        return E.right(values)
      },
      close: async () => {
        recorded.forEach(({ prepared }) => executor.discard(prepared))
        Object.values(resident).forEach((buffer) => buffer.destroy())
      },
    })
  }

/** The accelerated backend on an acquired device; `close` releases the device. */
export const webGpuBackend = (acquired: AcquiredDevice): WebGpuBackend => {
  const executor = makeExecutor(acquired)
  const limits = planLimits(acquired.limits)
  const once = runOnce(executor, limits)
  return {
    name: 'webgpu',
    fingerprint: acquired.fingerprint,
    supports: (op, direction) => direction in lowerings[op],
    run: (program, feeds, watch = program.outputs) => once(program, feeds, watch),
    open: (program, state) => openSession(executor, limits)(program, state),
    depth: lanesThenTree,
    counters: executor.counters,
    close: acquired.release,
  }
}
