import { taskEither as TE } from 'fp-ts'
import type { task, taskEither } from 'fp-ts'
import type { Attributes } from './attributes.js'
import type { Direction, OpName } from './catalogue.js'
import type { EtalonError, Result } from './error.js'
import type { Depth } from './op.js'
import type { Program, Question } from './program.js'
import type { Tensors } from './tensor.js'

/** What a result was measured on: adapter, driver, limits, versions. Flat, so that it prints and compares. */
export type Fingerprint = Readonly<Record<string, string | number | boolean>>

/** A step that was handed over to a device, and may not be over yet. */
export interface Begun {
  readonly values: taskEither.TaskEither<EtalonError, Tensors>
  /** feeds of the step to come, which go up while this one runs; that step is fed the same tensors */
  readonly ahead: (feeds: Tensors) => void
}

/**
 * A program that keeps its state between steps: what `carry` names stays where the backend computes. Whatever is asked of it
 * before the answer to something else is there is done in the order in which it was asked.
 */
export interface Session {
  /** one step: the feeds that are not state; answers the watched values, by default the program's outputs */
  readonly step: (feeds: Tensors, watch?: readonly string[]) => taskEither.TaskEither<EtalonError, Tensors>
  /** the same, answered once the step is on its way, where a device computes beside whoever asks */
  readonly begin?: (feeds: Tensors, watch?: readonly string[]) => taskEither.TaskEither<EtalonError, Begun>
  /** another program, run on the state where it lies: its inputs of the state's names are those; the state stays as it is */
  readonly run: (
    program: Program,
    feeds: Tensors,
    watch?: readonly string[],
  ) => taskEither.TaskEither<EtalonError, Tensors>
  /** the state, brought back */
  readonly state: taskEither.TaskEither<EtalonError, Tensors>
  readonly close: task.Task<void>
}

/** What programs take of the memory of a device, in bytes. */
export interface DeviceMemory {
  /**
   * the most that a session's steps of a program hold at once, when such values are watched; nothing is allocated to know it
   *
   * Errors  LimitExceeded – the device has no room for it; and what the backend refuses of the program
   */
  readonly ofStep: (program: Program, watch?: readonly string[]) => Result<number>
  /** the most that was held at once since the backend was opened: as allocated, and as it was predicted of the same programs */
  readonly most: () => { readonly allocated: number; readonly predicted: number }
}

/** What an implementation has to be, to be held against the reference. */
export interface Backend {
  readonly name: string
  readonly fingerprint: Fingerprint
  readonly supports: (op: OpName, direction: Direction) => boolean
  /**
   * runs a program on feeds and answers the watched values, by default the program's outputs; one that runs single nodes
   * only answers `BackendUnavailable` to others, one that does not do a case `Unsupported` with the reason
   */
  readonly run: (
    program: Program,
    feeds: Tensors,
    watch?: readonly string[],
  ) => taskEither.TaskEither<EtalonError, Tensors>
  /** the depth that its sums over batch or space keep to; absent, they are judged as sums in any order */
  readonly depth?: Depth
  /**
   * what stands between the op and the library's own call, by op, each in a few words: a layout, a padding, an order of
   * gates, an attribute that says how the library means it. A verdict names them.
   */
  readonly translates?: Readonly<Partial<Record<OpName, readonly string[]>>>
  /**
   * whether it takes the attributes that stand for conventions – `kink`, `ties`, `epsilonInside` – at any of their values. Where
   * it does not say so, that is found out: one that answers the same at all of them is held against the catalogue's own and
   * what it says is its own; `false` saves the asking
   */
  readonly dials?: boolean
  /**
   * the values of dials – `kink`, `ties`, `epsilonInside` and their like – that are the library's own, by op, where it has
   * one: an answer by another value is then a declared convention
   */
  readonly conventions?: Readonly<Partial<Record<OpName, Attributes>>>
  /** a program of its own that asks a question through the library's own API and prints what it got beside what it should */
  readonly snippet?: (question: Question, want: Tensors) => string | undefined
  /** what it takes of its device's memory, where it knows */
  readonly memory?: DeviceMemory
  /** training with resident state, where the backend has it; `sessionOf` gives it to any other */
  readonly open?: (program: Program, state: Tensors) => taskEither.TaskEither<EtalonError, Session>
  readonly close: task.Task<void>
}

/** A session of any backend; without one of its own, the state travels with every step. */
export const sessionOf = (
  backend: Backend,
  program: Program,
  state: Tensors,
): taskEither.TaskEither<EtalonError, Session> => {
  if (backend.open !== undefined) return backend.open(program, state)
  const carried = Object.keys(program.carry)
  // what changes here: which state the next step starts from, and what is to be over before something else begins
  let current = state
  let last: Promise<unknown> = Promise.resolve()
  const inTurn =
    <A>(ask: () => taskEither.TaskEither<EtalonError, A>): taskEither.TaskEither<EtalonError, A> =>
    () => {
      const next = last.then(() => ask()())
      last = next.catch(() => undefined)
      return next
    }
  return TE.right({
    step: (feeds, watch = program.outputs) =>
      inTurn(() =>
        TE.map((values: Tensors) => {
          current = Object.fromEntries(carried.map((name) => [name, values[program.carry[name] as string]])) as Tensors
          return Object.fromEntries(watch.map((name) => [name, values[name]])) as Tensors
        })(backend.run(program, { ...current, ...feeds }, [...new Set([...watch, ...Object.values(program.carry)])])),
      ),
    run: (other, feeds, watch) =>
      inTurn(() =>
        backend.run(
          other,
          { ...Object.fromEntries(Object.entries(current).filter(([name]) => name in other.inputs)), ...feeds },
          watch,
        ),
      ),
    state: inTurn(() => TE.right<EtalonError, Tensors>(current)),
    close: () => Promise.resolve(),
  })
}
