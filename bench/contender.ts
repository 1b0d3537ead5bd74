import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { task, taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Program } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, sameShape, scalar, showShape } from '../spec/tensor.js'
import type { Task } from './workloads.js'

/** Holds a whole run of a program, every value of it, against the oracle, node by node: the worst error ÷ bound. */
export interface Judge {
  /** the values that it has to see */
  readonly watch: (program: Program) => readonly string[]
  readonly judge: (program: Program, values: Tensors) => Result<number>
}

/** Work that was found right and is ready to run, its operands where the backend computes. */
export interface Ready {
  /** runs so many times, brings no answer back, and ends once the last run has */
  readonly repeat: (times: number) => taskEither.TaskEither<EtalonError, void>
  readonly close: task.Task<void>
}

/** An answer that was judged, and how far it may be trusted to the last digit. */
export interface Witness {
  /** outputs and state behind the first run, by the program's names */
  readonly answer: Tensors
  /** by the same names: the norm by which it turned when the state it began with was shaken */
  readonly sway: Readonly<Record<string, number>>
}

/** What came of the first look at a backend's work on a task. */
export interface Admission {
  /** worst error ÷ bound; the backend may be timed where it is at most 1 */
  readonly ratio: number
  /** milliseconds of the first run of all, in which programs are compiled and buffers made */
  readonly coldMs: number
  /** what others are held against, of whole networks */
  readonly witness?: Witness
  /** of the device's memory, held at once by a run that brings nothing back, where the backend says so */
  readonly memoryBytes?: number
  readonly ready: Ready
}

/** One number up, one number back: whoever waits for it waits for all that was asked before. */
const tick: Program = {
  inputs: { tick: [] },
  nodes: [
    {
      name: 'tock',
      op: 'relu',
      direction: 'forward',
      attrs: {},
      inputs: { x: 'tick' },
      cotangents: {},
      outputs: { y: 'tock' },
    },
  ],
  outputs: ['tock'],
  carry: {},
}
const ticked: Tensors = { tick: scalar(1) }

/** A program without nodes whose state is the operands: a session keeps them where the backend computes. */
const keeping = (state: Tensors): Program => ({
  inputs: Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, shape])),
  nodes: [],
  outputs: [],
  carry: Object.fromEntries(Object.keys(state).map((name) => [name, name])),
})

const openOn = (backend: Backend, { program, state, steps }: Task): taskEither.TaskEither<EtalonError, Session> =>
  sessionOf(backend, steps ? program : keeping(state), state)

const readyOn = (session: Session, { program, feeds, steps }: Task): Ready => ({
  repeat: (times) => async () => {
    for (let run = 0; run < times; run++) {
      const outcome = await (steps ? session.step(feeds, []) : session.run(program, feeds, []))()
      if (E.isLeft(outcome)) return outcome
    }
    return F.pipe(
      await session.run(tick, ticked, ['tock'])(),
      E.map(() => undefined),
    )
  },
  close: session.close,
})

/** What a run takes of the device's memory, its operands with it: those lie there as the state of a step does. */
const memoryOf = ({ memory }: Backend, { program, state, steps }: Task): number | undefined => {
  const stays = Object.fromEntries(Object.keys(state).map((name) => [name, name]))
  const known = memory?.ofStep(steps ? program : { ...program, carry: stays }, [])
  return known === undefined || E.isLeft(known) ? undefined : known.right
}

/** One run whose answer is brought back: the watched values, and of a step what its state is then. */
const answered = (
  session: Session,
  { program, feeds, steps }: Task,
  watch: readonly string[],
): taskEither.TaskEither<EtalonError, Tensors> =>
  !steps
    ? session.run(program, feeds, watch)
    : F.pipe(
        session.step(feeds, watch),
        TE.bindTo('values'),
        TE.bind('state', () => session.state),
        TE.map(({ values, state }) => ({
          ...Object.fromEntries(
            Object.entries(program.carry).flatMap(([name, value]) =>
              name === value || state[name] === undefined ? [] : [[value, state[name]]],
            ),
          ),
          ...values,
        })),
      )

// tf32's 2⁻¹¹, twice: what is off by more was computed otherwise, not rounded otherwise
const agreementTolerance = 2 ** -10
// a changed number is rounded to f32 once or twice
const storageTolerance = 2 ** -22

const norm = ({ data }: Tensor, of: (value: number, i: number) => number): number => {
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += of(data[i] as number, i) ** 2
  return Math.sqrt(sum)
}

// a sum of a thousand terms, each addition rounded to f32, is off by some 2⁻²⁰ of its terms' norm; eight times that, since
// kinks that are crossed are whole events, of which roundings bring a few: where they may bring one, ours has to have some
const shake = 2 ** -17

/** A state of which each number is off by up to 2⁻¹⁷ of itself, in f32. */
export const shaken = (state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => {
      const draw = draws(keyOf(`shaken ${name}`))
      return [name, generate(shape, (i) => Math.fround((data[i] as number) * (1 + shake * (2 * draw.uniform() - 1))))]
    }),
  )

/** By how much each value of a step, or an output where nothing was before, went otherwise: ‖(b′ − a′) − (b − a)‖. */
export const swayOf = (
  [before, after]: readonly [Tensors, Tensors],
  [beforeShaken, afterShaken]: readonly [Tensors, Tensors],
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(after).map(([name, own]) => [
      name,
      norm(own, (value, i) => {
        const moved = value - (before[name]?.data[i] ?? 0)
        return (afterShaken[name]?.data[i] ?? NaN) - (beforeShaken[name]?.data[i] ?? 0) - moved
      }),
    ]),
  )

/**
 * How far an answer is from one that was judged, tensor by tensor, in units of what is allowed:
 *
 *   ‖theirs − ours‖ ÷ (2⁻¹⁰·‖ours − before‖ + 2⁻²²·‖ours‖ + sway)
 *
 * `before` is what was there before a step, and 0 for outputs. Two right runs of a network in f32 part by some roundings
 * at each layer, and at a kink or a tie by a whole number somewhere, which a norm forgives and a bound of each element
 * would not; a forgotten bias, another momentum or half precision are off by far more. Deep networks make much of little:
 * `sway` is by how much ours went otherwise when the numbers it began with were off by more than such roundings are, and by
 * a 64th of what half precision is.
 */
export const agreement = ({ answer, sway }: Witness, before: Tensors, theirs: Tensors): Result<number> =>
  F.pipe(
    Object.entries(answer),
    E.traverseArray(([name, own]): Result<number> => {
      const other = theirs[name]
      if (other === undefined) return fail('InvalidAnswer', `${name} is missing from the answer`)
      if (!sameShape(other.shape, own.shape))
        return fail('InvalidAnswer', `${name} has shape ${showShape(other.shape)}; it must be ${showShape(own.shape)}`)
      const start = before[name]?.data
      const error = norm(own, (value, i) => value - (other.data[i] as number))
      const moved = norm(own, (value, i) => value - (start?.[i] ?? 0))
      const allowed = agreementTolerance * moved + storageTolerance * norm(own, (value) => value) + (sway[name] ?? 0)
      const ratio = error === 0 ? 0 : error / allowed
      return E.right(Number.isNaN(ratio) ? Infinity : ratio)
    }),
    E.map((ratios) => ratios.reduce((a, b) => Math.max(a, b), 0)),
  )

/** The state of a task before its first step, by the names that hold it afterwards. */
const beforeStep = ({ program, state }: Task): Tensors =>
  Object.fromEntries(
    Object.entries(program.carry).flatMap(([name, value]) => (state[name] === undefined ? [] : [[value, state[name]]])),
  )

/** The values that are held against a witness's: outputs, and what a step changes. */
const held = ({ program, steps }: Task): readonly string[] => [
  ...program.outputs,
  ...(steps ? Object.values(program.carry) : []),
]

const answerOf = (task: Task, values: Tensors): Tensors =>
  Object.fromEntries(
    held(task).flatMap((name) => (values[name] === undefined || name in task.state ? [] : [[name, values[name]]])),
  )

/** The answer of a task that is begun with other numbers. */
const answerOfAnother = (backend: Backend, task: Task): taskEither.TaskEither<EtalonError, Tensors> =>
  TE.bracket(
    openOn(backend, task),
    (session) => answered(session, task, task.program.outputs),
    (session) => TE.fromTask(session.close),
  )

/** An answer that was judged, as a witness: the work is done once more, shaken. */
const witnessOf = (
  backend: Backend,
  task: Task,
  answer: Tensors,
): taskEither.TaskEither<EtalonError, Witness | undefined> => {
  if (task.isSingle) return TE.right(undefined)
  const another = { ...task, state: shaken(task.state) }
  return F.pipe(
    answerOfAnother(backend, another),
    TE.map((turned) => ({
      answer,
      sway: swayOf([beforeStep(task), answer], [beforeStep(another), turned]),
    })),
  )
}

const judgedAnswer = (
  session: Session,
  task: Task,
  judge: Judge,
  witness: Witness | undefined,
): taskEither.TaskEither<EtalonError, { readonly ratio: number; readonly answer: Tensors }> => {
  const { program, state, feeds, isSingle } = task
  const operands = { ...state, ...feeds }
  if (witness !== undefined && !isSingle)
    return F.pipe(
      answered(session, task, program.outputs),
      TE.flatMapEither((values) =>
        F.pipe(
          agreement(witness, beforeStep(task), values),
          E.map((ratio) => ({ ratio, answer: answerOf(task, values) })),
        ),
      ),
    )
  const watch = isSingle ? program.outputs : judge.watch(program).filter((name) => !(name in operands))
  return F.pipe(
    answered(session, task, watch),
    TE.flatMapEither((values) =>
      F.pipe(
        judge.judge(program, { ...operands, ...values }),
        E.map((ratio) => ({ ratio, answer: answerOf(task, values) })),
      ),
    ),
  )
}

/**
 * A backend's first run of a task, and its first answer, judged: by the oracle, or, where a witness is handed in and the
 * task is a whole network, by the witness's answer. What is wrong is closed again by whoever asked.
 *
 * Errors  what the backend refuses; Unsupported – a whole network, no witness, and no way to watch its nodes
 */
export const admit = async (
  backend: Backend,
  task: Task,
  judge: Judge,
  witness: Witness | undefined,
  clock: () => number,
): Promise<Result<Admission>> => {
  const first = await openOn(backend, task)()
  if (E.isLeft(first)) return first
  const start = clock()
  const cold = await readyOn(first.right, task).repeat(1)()
  const coldMs = clock() - start
  if (E.isLeft(cold) || task.steps) await first.right.close()
  if (E.isLeft(cold)) return cold
  // the first step has changed the state: the one that is judged starts where all others do
  const second = task.steps ? await openOn(backend, task)() : first
  if (E.isLeft(second)) return second
  const judged = await F.pipe(
    judgedAnswer(second.right, task, judge, witness),
    TE.bindTo('found'),
    TE.bind('own', ({ found }) =>
      witness === undefined && found.ratio <= 1 ? witnessOf(backend, task, found.answer) : TE.right(undefined),
    ),
  )()
  if (E.isLeft(judged)) {
    await second.right.close()
    return judged
  }
  const { found, own } = judged.right
  const memoryBytes = memoryOf(backend, task)
  return E.right({
    ratio: found.ratio,
    coldMs,
    ...(own === undefined ? {} : { witness: own }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ready: readyOn(second.right, task),
  })
}
