import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { lanesThenTree } from '../spec/bound.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { CheckedProgram, Program } from '../spec/program.js'
import { attributeFeeds, checkFeeds, checkProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sameShape, showShape, sizeOf } from '../spec/tensor.js'
import type { AcquiredDevice } from './device/acquired.js'
import type { Counters, Executor, Prepared } from './executor.js'
import { makeExecutor } from './executor.js'
import type { Home, Layout } from './groups.js'
import { layoutOfState } from './groups.js'
import type { PlanLimits } from './limits.js'
import type { Plan } from './plan.js'
import { atFeeds, fitsBuffer, plan, stateLayout } from './plan.js'
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

/** What plans keep to, out of all that a device has: its limits, and its subgroups' size if that is one number. */
export const planLimits = ({ limits, fingerprint }: Pick<AcquiredDevice, 'limits' | 'fingerprint'>): PlanLimits => {
  const { subgroups, subgroupMinSize, subgroupMaxSize } = fingerprint
  return {
    ...(Object.fromEntries(limitNames.map((name) => [name, limits[name] as number])) as Readonly<
      Record<(typeof limitNames)[number], number>
    >),
    ...(subgroups === true && typeof subgroupMinSize === 'number' && subgroupMinSize === subgroupMaxSize
      ? { subgroupSize: subgroupMinSize }
      : {}),
  }
}

const without = (names: readonly string[], inputs: Readonly<Record<string, Shape>>): Readonly<Record<string, Shape>> =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !names.includes(name)))

// a feed goes up as it is, so one that is shorter or longer than its shape says is refused here
const checkWhole = (inputs: Readonly<Record<string, Shape>>, feeds: Tensors): Result<void> => {
  const unfit = Object.entries(feeds).find(([, { shape, data }]) => data.length !== sizeOf(shape))
  return F.pipe(
    checkFeeds(inputs, feeds),
    E.flatMap(() =>
      ensure(
        unfit === undefined,
        'MalformedTensor',
        `${unfit?.[0]} has ${unfit?.[1].data.length} numbers; shape ${showShape(unfit?.[1].shape ?? [])} holds ${sizeOf(unfit?.[1].shape ?? [])}`,
      ),
    ),
  )
}

const runOnce =
  (executor: Executor, limits: PlanLimits) =>
  (program: Program, feeds: Tensors, watch: readonly string[]) =>
  async (): Promise<Result<Tensors>> => {
    const planned = F.pipe(
      checkProgram(program),
      E.tap(() => checkWhole(program.inputs, feeds)),
      E.flatMap((checked) => plan(checked, feeds, watch, limits)),
    )
    if (E.isLeft(planned)) return planned
    const prepared = await executor.prepare(planned.right)
    if (E.isLeft(prepared)) return prepared
    const values = await executor.execute(prepared.right, feeds)
    executor.discard(prepared.right)
    return values
  }

const openSession =
  (executor: Executor, limits: PlanLimits) =>
  (program: Program, state: Tensors) =>
  async (): Promise<Result<Session>> => {
    const stateNames = Object.keys(program.carry)
    const stateShapes = Object.fromEntries(stateNames.map((name) => [name, program.inputs[name] as Shape]))
    const checked = F.pipe(
      checkProgram(program),
      E.tap(() => checkWhole(stateShapes, state)),
      E.tap(() =>
        E.sequenceArray(
          Object.entries(stateShapes).map(([name, shape]) =>
            fitsBuffer({ title: `${name} of shape ${showShape(shape)}`, elements: sizeOf(shape) }, limits),
          ),
        ),
      ),
    )
    if (E.isLeft(checked)) return checked

    const layout = stateLayout(checked.right, limits)
    const ofState = layoutOfState(layout, stateNames)
    const homeOf = (name: string): Home => ofState.homes.get(name) ?? { root: `value ${name}`, first: 0 }
    const rooms = new Set(stateNames.map((name) => homeOf(name).root))
    const resident: Record<string, GPUBuffer> = {}
    const release = (): void => Object.values(resident).forEach((buffer) => buffer.destroy())
    for (const room of rooms) {
      const within = stateNames.filter((name) => homeOf(name).root === room)
      const buffer = await executor.buffer(
        within.join(', '),
        ofState.sizes.get(room) ?? sizeOf(stateShapes[within[0] ?? ''] ?? []),
        within.map((name) => ({ first: homeOf(name).first, value: state[name] as Tensor })),
      )
      if (E.isLeft(buffer)) {
        release()
        return buffer
      }
      resident[room] = buffer.right
    }

    // what was prepared, by program and watched values; on its way, for steps may be asked for at once
    const recorded = new Map<string, { readonly plan: Plan; readonly prepared: Promise<Result<Prepared>> }>()
    let open = true

    const record = (key: string, plan: Plan): Promise<Result<Prepared>> => {
      const prepared = executor.prepare(plan, resident)
      recorded.set(key, { plan, prepared })
      void prepared.then((made) => E.isLeft(made) && recorded.delete(key))
      return prepared
    }

    // a recorded step is replayed as it is; only a fed attribute makes its uniform blocks anew
    const replay = async (
      of: CheckedProgram,
      feeds: Tensors,
      watch: readonly string[],
      key: string,
      where: Layout,
    ): Promise<Result<Tensors>> => {
      if (!open) return fail('BackendUnavailable', 'the session is closed')
      const fits = checkWhole(without(stateNames, of.program.inputs), feeds)
      if (E.isLeft(fits)) return fits
      const known = recorded.get(key)
      const planned =
        known === undefined
          ? plan(of, feeds, watch, limits, { layout: where })
          : attributeFeeds(of.program).length === 0
            ? E.right(known.plan)
            : atFeeds(known.plan, of, feeds, limits)
      if (E.isLeft(planned)) return planned
      const prepared = await (known?.prepared ?? record(key, planned.right))
      return E.isLeft(prepared) ? prepared : executor.execute(prepared.right, feeds, planned.right)
    }

    const checkOther = (other: Program): Result<CheckedProgram> => {
      const unfit = stateNames.find(
        (name) => !sameShape(other.inputs[name] ?? (stateShapes[name] as Shape), stateShapes[name] as Shape),
      )
      return F.pipe(
        checkProgram(other),
        E.tap(() =>
          ensure(
            Object.keys(other.carry).length === 0,
            'UnexpectedInput',
            'a program run on a session carries no state of its own',
          ),
        ),
        E.tap(() =>
          ensure(
            unfit === undefined,
            'ShapeMismatch',
            `${unfit} has shape ${showShape(stateShapes[unfit ?? ''] ?? [])} in the session; the program run on it wants ${showShape(other.inputs[unfit ?? ''] ?? [])}`,
          ),
        ),
      )
    }

    return E.right({
      step:
        (feeds, watch = program.outputs) =>
        () =>
          replay(checked.right, feeds, watch, `step ${JSON.stringify(watch)}`, layout),
      run:
        (other, feeds, watch = other.outputs) =>
        async () => {
          const fits = checkOther(other)
          if (E.isLeft(fits)) return fits
          return replay(fits.right, feeds, watch, `run ${JSON.stringify([other, watch])}`, ofState)
        },
      state: async () => {
        if (!open) return fail('BackendUnavailable', 'the session is closed')
        const values: Record<string, Tensor> = {}
        for (const name of stateNames) {
          const value = await executor.fetch(
            resident[homeOf(name).root] as GPUBuffer,
            homeOf(name).first,
            stateShapes[name] as Shape,
          )
          if (E.isLeft(value)) return value
          values[name] = value.right
        }
        return E.right(values)
      },
      close: async () => {
        open = false
        const all = await Promise.all([...recorded.values()].map(({ prepared }) => prepared))
        all.forEach((prepared) => E.isRight(prepared) && executor.discard(prepared.right))
        release()
      },
    })
  }

/** The accelerated backend on an acquired device; `close` releases the device. */
export const webGpuBackend = (acquired: AcquiredDevice): WebGpuBackend => {
  const executor = makeExecutor(acquired)
  const limits = planLimits(acquired)
  const once = runOnce(executor, limits)
  return {
    name: 'webgpu',
    dials: true,
    fingerprint: acquired.fingerprint,
    supports: (op, direction) => direction in lowerings[op],
    run: (program, feeds, watch = program.outputs) => once(program, feeds, watch),
    open: (program, state) => openSession(executor, limits)(program, state),
    depth: lanesThenTree,
    counters: executor.counters,
    close: acquired.release,
  }
}
