import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Begun, DeviceMemory, Session } from '../spec/backend.js'
import { lanesThenTree } from '../spec/bound.js'
import type { EtalonError, Result } from '../spec/error.js'
import { brief, ensure, fail } from '../spec/error.js'
import type { CheckedProgram, Program } from '../spec/program.js'
import { attributeFeeds, checkFeeds, checkProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sameShape, scalar, showShape, sizeOf } from '../spec/tensor.js'
import type { AcquiredDevice } from './device/acquired.js'
import type { Counters, Executor, Prepared } from './executor.js'
import { makeExecutor } from './executor.js'
import type { Home, Layout } from './groups.js'
import { layoutOfState } from './groups.js'
import type { PlanLimits } from './limits.js'
import { kernelNameOf } from './kernel.js'
import type { Tuning } from './tuning.js'
import { untuned } from './tuning.js'
import type { Plan } from './plan.js'
import { atFeeds, fitsBuffer, memoryOf, plan, readBytes, stateLayout } from './plan.js'
import { lowerings } from './table.js'

/** The accelerated backend on a device, and a count of what it has made the device do. */
export interface WebGpuBackend extends Backend {
  readonly memory: DeviceMemory
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
export const planLimits = ({
  limits,
  fingerprint,
  memory,
}: Pick<AcquiredDevice, 'limits' | 'fingerprint' | 'memory'>): PlanLimits => {
  const { kind, subgroups, subgroupMinSize, subgroupMaxSize } = fingerprint
  return {
    ...(Object.fromEntries(limitNames.map((name) => [name, limits[name] as number])) as Readonly<
      Record<(typeof limitNames)[number], number>
    >),
    ...(subgroups === true && typeof subgroupMinSize === 'number' && subgroupMinSize === subgroupMaxSize
      ? { subgroupSize: subgroupMinSize }
      : {}),
    ...(kind === 'hardware' ? { isGpu: true } : {}),
    ...(memory === undefined ? {} : { memory }),
  }
}

/** Books of the memory that plans were predicted to take, kept beside what is allocated for them. */
interface Ledger {
  readonly hold: (bytes: number) => void
  readonly release: (bytes: number) => void
  /** held no longer than this takes */
  readonly during: <A>(bytes: number, work: () => Promise<A>) => Promise<A>
  readonly most: () => number
}

const ledger = (): Ledger => {
  let held = 0
  let most = 0
  const hold = (bytes: number): void => {
    held += bytes
    most = Math.max(most, held)
  }
  const release = (bytes: number): void => {
    held -= bytes
  }
  return {
    hold,
    release,
    during: async (bytes, work) => {
      hold(bytes)
      return work().finally(() => release(bytes))
    },
    most: () => most,
  }
}

/** What all that is made on a device has in common. */
interface Works {
  readonly executor: Executor
  /** what plans keep to now: the driver may refuse kernels on the way */
  readonly limits: () => PlanLimits
  readonly books: Ledger
  /**
   * what is done with a plan on the device. Where the driver refuses a kernel, it is made again without that one, until nothing
   * is refused or there is no other kernel in its place
   */
  readonly withPlan: <A>(
    made: Made,
    again: (limits: PlanLimits) => Result<Plan>,
    f: (plan: Plan) => Promise<Result<A>>,
  ) => Promise<Result<Done<A>>>
}

/** What came of a plan, and the one that it was in the end. */
interface Done<A> extends Made {
  readonly value: A
}

/** A plan, and what it keeps to. */
interface Made {
  readonly plan: Plan
  readonly limits: PlanLimits
}

/** What may be said about a device beyond what it says itself, and who hears of what happens on the way. */
export interface WebGpuOptions {
  /** which kernels win there; without it, what its limits suggest */
  readonly tuning?: Tuning
  /** is told in words what a user should know: that a kernel was refused, and another one is in its place */
  readonly tell?: (text: string) => void
}

const worksOn = (acquired: AcquiredDevice, { tuning = untuned, tell }: WebGpuOptions): Works => {
  const executor = makeExecutor(acquired)
  const limits = planLimits(acquired)
  let known = tuning
  const now = (): PlanLimits => ({ ...limits, tuning: known })
  const withPlan: Works['withPlan'] = async (made, again, f) => {
    const done = await f(made.plan)
    if (E.isRight(done)) return E.right({ ...made, value: done.right })
    const refused = executor.refusedOf(made.plan)
    const avoided = made.limits.tuning?.refused ?? []
    const fresh = Object.keys(refused).filter((name) => !avoided.includes(name))
    if (fresh.length === 0) return done
    const next: PlanLimits = { ...limits, tuning: { ...known, refused: [...avoided, ...fresh] } }
    const other = again(next)
    if (E.isLeft(other)) return done
    const outcome = await withPlan({ plan: other.right, limits: next }, again, f)
    // where nothing else can stand there either, what was said first is the reason
    if (E.isLeft(outcome)) return done
    // what nothing else stands in for may have been made at the second time
    const used = new Set(outcome.right.plan.launches.map(({ shader }) => kernelNameOf(shader)))
    const gone = fresh.filter((name) => !used.has(name) && !known.refused.includes(name))
    known = { ...known, refused: [...known.refused, ...gone] }
    gone.forEach((name) =>
      tell?.(
        `the driver refuses the kernel ${name}, and another one is in its place: ${brief(refused[name] ?? '', 200)}`,
      ),
    )
    return outcome
  }
  return { executor, limits: now, books: ledger(), withPlan }
}

/** The bytes of a plan that it has for itself, beside the rooms that outlive it and what is read back. */
const ownBytes = (
  made: Plan,
  rooms: ReadonlyMap<string, number>,
  { minUniformBufferOffsetAlignment }: PlanLimits,
): number =>
  memoryOf(made, minUniformBufferOffsetAlignment) -
  readBytes(made) -
  made.buffers.reduce((n, { room, bytes }) => n + (room !== undefined && rooms.has(room) ? bytes : 0), 0)

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
  ({ executor, limits, books, withPlan }: Works) =>
  (program: Program, feeds: Tensors, watch: readonly string[]) =>
  async (): Promise<Result<Tensors>> => {
    const at = limits()
    const planned = F.pipe(
      checkProgram(program),
      E.tap(() => checkWhole(program.inputs, feeds)),
      E.bindTo('checked'),
      E.bind('made', ({ checked }) => plan(checked, feeds, watch, at)),
    )
    if (E.isLeft(planned)) return planned
    const { checked, made } = planned.right
    const done = await withPlan(
      { plan: made, limits: at },
      (other) => plan(checked, feeds, watch, other),
      (one) => books.during(memoryOf(one, at.minUniformBufferOffsetAlignment), () => executor.once(one, feeds)),
    )
    return E.map(({ value }: Done<Tensors>) => value)(done)
  }

/** A session's state: where each of it lies, and the rooms that hold it, in bytes. */
interface Housing {
  readonly checked: CheckedProgram
  readonly layout: Layout
  readonly ofState: Layout
  readonly names: readonly string[]
  readonly shapes: Readonly<Record<string, Shape>>
  readonly homeOf: (name: string) => Home
  readonly rooms: ReadonlyMap<string, number>
}

const housingOf = (program: Program, limits: PlanLimits): Result<Housing> => {
  const names = Object.keys(program.carry)
  return F.pipe(
    checkProgram(program),
    E.map((checked): Housing => {
      const shapes = Object.fromEntries(names.map((name) => [name, program.inputs[name] as Shape]))
      const layout = stateLayout(checked, limits)
      const ofState = layoutOfState(layout, names)
      const homeOf = (name: string): Home => ofState.homes.get(name) ?? { root: `value ${name}`, first: 0 }
      const rooms = new Map(
        names.map((name) => {
          const { root } = homeOf(name)
          return [root, Math.max(ofState.sizes.get(root) ?? sizeOf(shapes[name] as Shape), 1) * 4] as const
        }),
      )
      return { checked, layout, ofState, names, shapes, homeOf, rooms }
    }),
    E.tap(({ shapes }) =>
      E.sequenceArray(
        Object.entries(shapes).map(([name, shape]) =>
          fitsBuffer({ title: `${name} of shape ${showShape(shape)}`, elements: sizeOf(shape) }, limits),
        ),
      ),
    ),
  )
}

const sumOf = (rooms: ReadonlyMap<string, number>): number => [...rooms.values()].reduce((n, bytes) => n + bytes, 0)

// attributes that are fed stand as 1: no buffer's size hangs on a fed number
const standIns = ({ program }: CheckedProgram): Tensors =>
  Object.fromEntries(attributeFeeds(program).map((name) => [name, scalar(1)]))

/** What a step of a program takes of a device with such limits; no device is needed to know it. */
export const memoryOfStep =
  (limits: PlanLimits): DeviceMemory['ofStep'] =>
  (program, watch = program.outputs) =>
    F.pipe(
      housingOf(program, limits),
      E.flatMap(({ checked, layout, rooms }) =>
        F.pipe(
          plan(checked, standIns(checked), watch, limits, { layout }),
          E.map((made) => sumOf(rooms) + ownBytes(made, rooms, limits) + readBytes(made)),
        ),
      ),
    )

const openSession =
  ({ executor, limits: limitsNow, books, withPlan }: Works) =>
  (program: Program, state: Tensors) =>
  async (): Promise<Result<Session>> => {
    const limits = limitsNow()
    const housed = F.pipe(
      housingOf(program, limits),
      E.tap(({ shapes }) => checkWhole(shapes, state)),
      // what does not fit is refused before anything of it is there
      E.bind('first', ({ checked, layout }) => plan(checked, standIns(checked), program.outputs, limits, { layout })),
    )
    if (E.isLeft(housed)) return housed

    const { checked, layout, ofState, names: stateNames, shapes: stateShapes, homeOf, rooms, first } = housed.right
    const resident: Record<string, GPUBuffer> = {}
    books.hold(sumOf(rooms))
    const release = (): void => {
      books.release(sumOf(rooms))
      Object.values(resident).forEach(executor.release)
    }
    for (const [room, bytes] of rooms) {
      const within = stateNames.filter((name) => homeOf(name).root === room)
      const buffer = await executor.buffer(
        within.join(', '),
        bytes / 4,
        within.map((name) => ({ first: homeOf(name).first, value: state[name] as Tensor })),
      )
      if (E.isLeft(buffer)) {
        release()
        return buffer
      }
      resident[room] = buffer.right
    }

    // what was prepared, by program and watched values; on its way, for steps may be asked for at once
    const recorded = new Map<string, Promise<Result<Done<Prepared>>>>()
    let open = true
    const stepKey = (watch: readonly string[]): string => `step ${JSON.stringify(watch)}`
    const firstKey = stepKey(program.outputs)

    const record = (of: CheckedProgram, feeds: Tensors, watch: readonly string[], key: string, where: Layout) => {
      const at = limitsNow()
      const again = (other: PlanLimits): Result<Plan> => plan(of, feeds, watch, other, { layout: where })
      const making = async (): Promise<Result<Done<Prepared>>> => {
        const made = key === firstKey && at.tuning === limits.tuning ? E.right(first) : again(at)
        if (E.isLeft(made)) return made
        const prepared = await withPlan({ plan: made.right, limits: at }, again, (one) =>
          executor.prepare(one, resident),
        )
        if (E.isRight(prepared)) books.hold(ownBytes(prepared.right.plan, rooms, at))
        return prepared
      }
      const prepared = making()
      recorded.set(key, prepared)
      void prepared.then((made) => E.isLeft(made) && recorded.delete(key))
      return prepared
    }

    // a recorded step is replayed as it is; only a fed attribute makes its uniform blocks anew
    const ready = async (
      of: CheckedProgram,
      feeds: Tensors,
      watch: readonly string[],
      key: string,
      where: Layout,
    ): Promise<Result<{ readonly prepared: Prepared; readonly planned: Plan }>> => {
      if (!open) return fail('BackendUnavailable', 'the session is closed')
      const fits = checkWhole(without(stateNames, of.program.inputs), feeds)
      if (E.isLeft(fits)) return fits
      const prepared = await (recorded.get(key) ?? record(of, feeds, watch, key, where))
      if (E.isLeft(prepared)) return prepared
      const { plan: made, limits: at, value } = prepared.right
      return F.pipe(
        attributeFeeds(of.program).length === 0 ? E.right(made) : atFeeds(made, of, feeds, at),
        E.map((planned) => ({ prepared: value, planned })),
      )
    }

    let turn: Promise<unknown> = Promise.resolve()
    /** Begins what was prepared in the order in which it was asked for: making a new step ready takes longer than an old one. */
    const inTurn = async <A, B>(
      preparing: Promise<Result<A>>,
      beginning: (prepared: A) => Promise<Result<B>>,
    ): Promise<Result<B>> => {
      const begun = Promise.all([preparing, turn]).then(([prepared]) => ({
        // the executor keeps the order in which it is asked, so nobody waits for the answer
        answer: E.isLeft(prepared) ? Promise.resolve(prepared) : beginning(prepared.right),
      }))
      turn = begun.catch(() => undefined)
      return (await begun).answer
    }

    const replay = (
      of: CheckedProgram,
      feeds: Tensors,
      watch: readonly string[],
      key: string,
      where: Layout,
    ): Promise<Result<Tensors>> =>
      inTurn(ready(of, feeds, watch, key, where), ({ prepared, planned }) =>
        books.during(readBytes(planned), () => executor.execute(prepared, feeds, planned)),
      )

    const start = async (
      feeds: Tensors,
      { prepared, planned }: { readonly prepared: Prepared; readonly planned: Plan },
    ): Promise<Result<Begun>> => {
      const bytes = readBytes(planned)
      books.hold(bytes)
      const started = await executor.start(prepared, feeds, planned)
      if (E.isLeft(started)) {
        books.release(bytes)
        return started
      }
      const { finish } = started.right
      return E.right({
        values: () => finish().finally(() => books.release(bytes)),
        ahead: (next) => void executor.ahead(prepared, next),
      })
    }

    const fetchState = async (): Promise<Result<Tensors>> => {
      const values: Record<string, Tensor> = {}
      for (const name of stateNames) {
        const shape = stateShapes[name] as Shape
        const { root, first } = homeOf(name)
        const value = await books.during(sizeOf(shape) * 4, () =>
          executor.fetch(resident[root] as GPUBuffer, first, shape),
        )
        if (E.isLeft(value)) return value
        values[name] = value.right
      }
      return E.right(values)
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
          replay(checked, feeds, watch, stepKey(watch), layout),
      begin:
        (feeds, watch = program.outputs) =>
        () =>
          inTurn(ready(checked, feeds, watch, stepKey(watch), layout), (all) => start(feeds, all)),
      run:
        (other, feeds, watch = other.outputs) =>
        async () => {
          const fits = checkOther(other)
          if (E.isLeft(fits)) return fits
          return replay(fits.right, feeds, watch, `run ${JSON.stringify([other, watch])}`, ofState)
        },
      state: async () => {
        if (!open) return fail('BackendUnavailable', 'the session is closed')
        const brought = turn.then(fetchState)
        // it is brought back value by value, and no step comes between
        turn = brought.catch(() => undefined)
        return brought
      },
      close: async () => {
        open = false
        await turn
        const all = await Promise.all([...recorded.values()])
        all.forEach((prepared) => {
          if (E.isLeft(prepared)) return
          books.release(ownBytes(prepared.right.plan, rooms, limits))
          executor.discard(prepared.right.value)
        })
        release()
      },
    })
  }

/** The accelerated backend on an acquired device; `close` releases the device. */
export const webGpuBackend = (acquired: AcquiredDevice, options: WebGpuOptions = {}): WebGpuBackend => {
  const works = worksOn(acquired, options)
  const { executor, books, limits } = works
  const once = runOnce(works)
  const { choices = {} } = options.tuning ?? {}
  const tuned = Object.keys(choices).length
  return {
    name: 'webgpu',
    dials: true,
    fingerprint: {
      ...acquired.fingerprint,
      ...(tuned === 0 ? {} : { tuning: `${tuned} ${tuned === 1 ? 'class' : 'classes'} of products measured here` }),
    },
    supports: (op, direction) => direction in lowerings[op],
    run: (program, feeds, watch = program.outputs) => once(program, feeds, watch),
    open: openSession(works),
    depth: lanesThenTree,
    counters: executor.counters,
    memory: {
      ofStep: (program, watch) => memoryOfStep(limits())(program, watch),
      most: () => ({ allocated: executor.counters().mostBytesHeld, predicted: books.most() }),
    },
    close: acquired.release,
  }
}
