import { either as E, option as O } from 'fp-ts'
import type { either, option, task, taskEither } from 'fp-ts'
import type { Backend, Begun, Fingerprint, Session } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { ErrorCode, EtalonError, Result } from '../spec/error.js'
import { brief, etalonError, fail, show } from '../spec/error.js'
import type { Program, Question } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import type { Reopen } from './sequence.js'

/**
 * A backend comes from outside, and need not be what its type says: it may throw, answer anything at all or nothing ever,
 * change what it is given, and say that it has what it has not. Guarded, it keeps the contract of `Backend`: every answer
 * is tensors of numbers or a typed error that says what is wrong, in time, and nobody's numbers change but its own.
 */

/** Waits for work so long and no longer: none is what came too late. From whoever has a clock. */
export interface TimeLimit {
  readonly seconds: number
  readonly wait: <A>(work: Promise<A>) => Promise<option.Option<A>>
}

/** What was not answered in time; one for all that are asked in one run. */
export interface Delays {
  /** how often, by op and direction */
  readonly of: Map<string, number>
  /** how often one after the other */
  inARow: number
}

/** Nothing yet. */
export const noDelays = (): Delays => ({ of: new Map(), inARow: 0 })

/** After so many questions without an answer in time no more is asked of an op in a direction. */
export const mostDelays = 3

/** After so many one after the other, of whatever ops, nothing more is asked. */
export const mostInARow = 12

export interface Guarding {
  /** how long a question may take; without it, as long as it likes */
  readonly limit?: TimeLimit
  readonly delays?: Delays
  /** opens the backend anew where it gave no answer in time */
  readonly reopen?: Reopen
  /** whether it is handed copies; by default it is. Of whole networks that is gigabytes */
  readonly copying?: boolean
}

export interface Guarded extends Backend {
  /** closes what was opened in the backend's place; whoever opened the backend itself closes that, which may be closed already */
  readonly closeOthers: task.Task<void>
}

const thrownText = (thrown: unknown): string => {
  const parts = [
    () => (thrown instanceof Error ? thrown.message || thrown.name : undefined),
    // a typed error that was thrown, not answered
    () => {
      const { message } = thrown as { readonly message: unknown }
      return typeof message === 'string' ? message : undefined
    },
    () => String(thrown),
  ]
  for (const part of parts)
    try {
      const text = part()
      if (text !== undefined) return text
    } catch {
      // an error that cannot even be read
    }
  return 'something that cannot be told'
}

/** What was thrown, in words. Never throws. */
export const messageOf = (thrown: unknown): string => brief(thrownText(thrown), 1000)

// ---- what it is asked ---------------------------------------------------------------------------------------------

type Typed = Float32Array | Float64Array
const isTyped = (data: unknown): data is Typed => data instanceof Float32Array || data instanceof Float64Array

// how much of a larger array is copied before and behind a part of it, which may be some numbers of gigabytes
const margin = 4

// what is a part of a larger array stays so
const copyOfTyped = (data: Typed): Typed => {
  if (data.byteLength === data.buffer.byteLength) return data.slice()
  const larger = new (data instanceof Float32Array ? Float32Array : Float64Array)(data.length + 2 * margin)
  larger.set(data, margin)
  return larger.subarray(margin, margin + data.length)
}

const copyOf = ({ shape, data }: Tensor): Tensor => ({
  shape: [...shape],
  data: isTyped(data) ? copyOfTyped(data) : Float64Array.from(data),
})

const sameBits = (a: Typed, b: Typed): boolean => {
  if (a.byteLength !== b.byteLength) return false
  // bits, so that no NaN and no zero hides another; floats are whole words
  const [x, y] = [a, b].map(({ buffer, byteOffset, byteLength }) => new Uint32Array(buffer, byteOffset, byteLength / 4))
  if (x === undefined || y === undefined) return false
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false
  return true
}

const untouched = (given: Tensor, copy: Tensor): boolean => {
  const { shape, data } = given
  return (
    Array.isArray(copy.shape) &&
    copy.shape.length === shape.length &&
    copy.shape.every((extent, axis) => extent === shape[axis]) &&
    isTyped(copy.data) &&
    // numbers that are no f32 or f64 array were made one
    sameBits(isTyped(data) ? data : Float64Array.from(data), copy.data)
  )
}

/** Copies of tensors. What is one tensor under several names stays one, and so does what is one array. */
const copiesOf = (given: Tensors, own: (tensor: Tensor) => Tensor | undefined): Tensors => {
  const [tensors, arrays] = [new Map<Tensor, Tensor>(), new Map<Numbers, Numbers>()]
  return Object.fromEntries(
    Object.entries(given).map(([name, tensor]) => {
      const known = tensors.get(tensor)
      if (known !== undefined) return [name, known]
      const data = arrays.get(tensor.data)
      const copy = own(tensor) ?? (data === undefined ? copyOf(tensor) : { shape: [...tensor.shape], data })
      tensors.set(tensor, copy)
      arrays.set(tensor.data, copy.data)
      return [name, copy]
    }),
  )
}

/** What a backend was handed, and what it is a copy of. */
interface Handed {
  readonly given: Tensors
  readonly copies: Tensors
}

const handing = (
  given: Tensors,
  copying: boolean,
  own: (tensor: Tensor) => Tensor | undefined = () => undefined,
): Handed => ({
  // prettier-ignore
  given,
  copies: copying ? copiesOf(given, own) : { ...given },
})

const changedIn = ({ given, copies }: Handed): string | undefined => {
  if (Object.keys(copies).length !== Object.keys(given).length) return 'the names of what it was given'
  return Object.entries(given).find(([name, tensor]) => {
    const copy = copies[name]
    return copy !== tensor && (copy === undefined || !untouched(tensor, copy))
  })?.[0]
}

// ---- what it answers ----------------------------------------------------------------------------------------------

const invalid = <A>(message: string): Result<A> => fail('InvalidAnswer', message)

// numbers of a typed array need no second look, whichever they are, but for integers of 64 bits
const isNumberArray = (data: unknown): data is Numbers =>
  ArrayBuffer.isView(data) &&
  !(data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array)

// answers are kept and looked at later, when a backend may have written its next one in the same place; and what it was
// handed is looked at once more. Of large ones that would take memory and time, and the small ones show it
export const mostCopied = 2 ** 16

const numbersIn = (tensors: Tensors): number => Object.values(tensors).reduce((n, { data }) => n + data.length, 0)

const dataOf = (name: string, data: unknown): Result<Numbers> => {
  if (isTyped(data)) return E.right(data.length <= mostCopied ? data.slice() : data)
  if (isNumberArray(data)) return E.right(Float64Array.from(data))
  if (!Array.isArray(data))
    return invalid(`${name} has ${data === undefined ? 'no data' : `data ${show(data)}`}; it must be a list of numbers`)
  const strange = data.findIndex((value) => typeof value !== 'number')
  return strange < 0
    ? E.right(Float64Array.from(data as readonly number[]))
    : invalid(`${name} has ${show(data[strange])} among its data, at ${strange}; they must be numbers`)
}

const tensorOf = (name: string, value: unknown): Result<Tensor> => {
  if (typeof value !== 'object' || value === null)
    return invalid(`${name} is ${show(value)}; it must be a tensor, of shape and data`)
  const { shape, data } = value as { readonly shape?: unknown; readonly data?: unknown }
  if (!Array.isArray(shape) || !shape.every((extent) => typeof extent === 'number'))
    return invalid(
      `${name} has ${shape === undefined ? 'no shape' : `shape ${show(shape)}`}; it must be a list of numbers`,
    )
  const numbers = dataOf(name, data)
  return E.isLeft(numbers) ? numbers : E.right({ shape: [...(shape as readonly number[])], data: numbers.right })
}

const namesShown = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '))

/** Tensors by name, if that is what they are; what is missing is for the judge to say. */
const tensorsOf = (values: unknown, wanted: readonly string[] | undefined): Result<Tensors> => {
  if (typeof values !== 'object' || values === null || Array.isArray(values) || ArrayBuffer.isView(values))
    return invalid(`answers ${show(values)}; it must be tensors by name`)
  const tensors: Record<string, Tensor> = {}
  for (const [name, value] of Object.entries(values)) {
    const shown = name.replace(/^out\./, '')
    if (wanted !== undefined && !wanted.includes(name))
      return invalid(
        `answers ${shown}, which was not asked for; asked for was ${namesShown(wanted.map((one) => one.replace(/^out\./, '')))}`,
      )
    if (value === undefined) continue
    const tensor = tensorOf(shown, value)
    if (E.isLeft(tensor)) return tensor
    tensors[name] = tensor.right
  }
  return E.right(tensors)
}

/** Left or Right, if that is what it is; an error is one of code and message. */
const eitherOf = (answer: unknown): either.Either<EtalonError, unknown> => {
  const found = answer as { readonly _tag?: unknown; readonly left?: unknown; readonly right?: unknown } | null
  if (typeof found !== 'object' || found === null || (found._tag !== 'Left' && found._tag !== 'Right'))
    return invalid(`answers ${show(answer)}; it must be an Either, Left of an error or Right of tensors by name`)
  if (found._tag === 'Right') return E.right(found.right)
  const error = found.left as { readonly code?: unknown; readonly message?: unknown } | null
  return typeof error === 'object' &&
    error !== null &&
    typeof error.code === 'string' &&
    typeof error.message === 'string'
    ? E.left(etalonError(error.code as ErrorCode, error.message))
    : invalid(`fails with ${show(found.left)}; an error has a code and a message`)
}

/** An answer as it was given, and the copy that was made of it then. */
interface Answered {
  readonly raw: Readonly<Record<string, unknown>>
  readonly copies: Tensors
}

// so many answers of programs are looked at again: one may have several places in turn, or one for each kind of question
const mostKept = 6

/** What of an answer is not what it was when it was given. */
const rewrittenIn = ({ raw, copies }: Answered): string | undefined =>
  Object.entries(copies)
    .find(([name, copy]) => {
      const data = (raw[name] as { readonly data?: unknown } | undefined)?.data
      return isTyped(data) && isTyped(copy.data) && data !== copy.data && !sameBits(data, copy.data)
    })?.[0]
    .replace(/^out\./, '')

// ---- what it says of itself ---------------------------------------------------------------------------------------

/** A backend's fingerprint, flat whatever it is. Never throws. */
export const fingerprintOf = (backend: Pick<Backend, 'fingerprint'>): Fingerprint => {
  try {
    const found: unknown = backend.fingerprint
    if (typeof found !== 'object' || found === null) return { fingerprint: show(found) }
    return Object.fromEntries(
      Object.entries(found).map(([name, value]: readonly [string, unknown]) => [
        name,
        typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : show(value),
      ]),
    )
  } catch (thrown) {
    return { fingerprint: `cannot be read: ${messageOf(thrown)}` }
  }
}

/** Why what it supports cannot be found out, or whether it supports an op. */
const supportOf = (backend: Backend, op: OpName, direction: Direction): Result<boolean> => {
  try {
    const answer: unknown = backend.supports(op, direction)
    return typeof answer === 'boolean'
      ? E.right(answer)
      : invalid(`supports(${show(op)}, ${show(direction)}) answers ${show(answer)}; it must be true or false`)
  } catch (thrown) {
    return fail('Thrown', `supports(${show(op)}, ${show(direction)}): ${messageOf(thrown)}`)
  }
}

/** Closes a backend, whatever that does; what is wrong with it, if anything. */
export const closed = async (backend: Pick<Backend, 'close'>, limit?: TimeLimit): Promise<string | undefined> => {
  const closing = async (): Promise<void> => backend.close()
  try {
    if (limit === undefined) {
      await closing()
      return undefined
    }
    return O.isNone(await limit.wait(closing())) ? `it did not close within ${limit.seconds} s` : undefined
  } catch (thrown) {
    return `it could not be closed: ${messageOf(thrown)}`
  }
}

// ---- the guard ----------------------------------------------------------------------------------------------------

const questionsOf = ({ nodes }: Pick<Program, 'nodes'>): readonly string[] => [
  ...new Set(nodes.map(({ op, direction }) => `${op}/${direction}`)),
]

/**
 * A backend that keeps the contract, whatever the one inside does.
 *
 * Errors  Thrown – it threw or rejected; InvalidAnswer – what it answered is no answer, or it changed its inputs or what it
 *         had answered to a program;
 *         NoAnswer – not in time; NotAsked – after three of those of one op in a direction, or twelve in a row; and what it
 *         answers itself
 */
export const guarded = (
  backend: Backend,
  { limit, delays = noDelays(), reopen, copying = true }: Guarding = {},
): Guarded => {
  let current = backend
  let stuck = false
  let before: Handed | undefined
  let answeredBefore: readonly Answered[] = []
  // by the copy that was made of an answer, the answer: who is fed that is handed its own, as who carries a state on is
  const answers = new WeakMap<Tensor, Typed>()
  const ownAnswer = (tensor: Tensor): Tensor | undefined => {
    const data = answers.get(tensor)
    return data !== undefined && isTyped(tensor.data) && sameBits(data, tensor.data) ? { ...tensor, data } : undefined
  }

  const fresh = async (): Promise<void> => {
    if (!stuck || reopen === undefined) return
    const opened = await reopen()
    if (E.isLeft(opened)) return
    // what hangs may hang when it is closed: nobody waits for it
    void closed(current)
    current = opened.right
    stuck = false
    before = undefined
    answeredBefore = []
  }

  /** What came of asking, its tag and the form of its error looked at. */
  const asked = async (
    ask: (given: Tensors) => unknown,
    feeds: Tensors,
    names: readonly string[],
  ): Promise<Result<unknown>> => {
    if (names.some((name) => (delays.of.get(name) ?? 0) >= mostDelays) || delays.inARow >= mostInARow)
      return fail('NotAsked', 'too many questions before it had no answer in time')
    const handed = handing(feeds, copying, ownAnswer)
    const working = async (): Promise<Result<unknown>> => {
      try {
        const task = ask(handed.copies)
        return eitherOf(await (typeof task === 'function' ? (task as () => unknown)() : task))
      } catch (thrown) {
        return fail('Thrown', messageOf(thrown))
      }
    }
    const answer = limit === undefined ? O.some(await working()) : await limit.wait(working())
    if (O.isNone(answer)) {
      stuck = true
      for (const name of names) delays.of.set(name, (delays.of.get(name) ?? 0) + 1)
      delays.inARow++
      return fail('NoAnswer', `no answer within ${limit?.seconds} s`)
    }
    delays.inARow = 0
    if (!copying) return answer.value
    // of the question before this one too: what it was handed is its own to keep, not to write in
    const [changed, afterwards] = [changedIn(handed), before && changedIn(before)]
    before = changed === undefined && numbersIn(feeds) <= mostCopied ? handed : undefined
    const rewritten = answeredBefore.map(rewrittenIn).find((name) => name !== undefined)
    if (rewritten !== undefined) answeredBefore = []
    // of an answer that is fed back both are true, and this says more
    return rewritten !== undefined
      ? invalid(`changes what it has answered: ${rewritten} of a question before this one`)
      : changed !== undefined
        ? invalid(`changes its inputs: ${changed} is not what it was`)
        : afterwards !== undefined
          ? invalid(`changes its inputs after it has answered: ${afterwards} of the question before this one`)
          : answer.value
  }

  const tensorsAsked = async (
    ask: (given: Tensors) => unknown,
    feeds: Tensors,
    { nodes }: Pick<Program, 'nodes'>,
    wanted: readonly string[] | undefined,
  ): Promise<Result<Tensors>> => {
    const answer = await asked(ask, feeds, questionsOf({ nodes }))
    if (E.isLeft(answer)) return answer
    try {
      const tensors = tensorsOf(answer.right, wanted)
      // whoever asks for a single op reads the answer at once; what programs answer is kept from run to run
      if (copying && nodes.length > 1 && E.isRight(tensors)) {
        const [raw, copies] = [answer.right as Answered['raw'], tensors.right]
        answeredBefore = [...answeredBefore.slice(1 - mostKept), { raw, copies }]
        for (const [name, copy] of Object.entries(copies)) {
          const { data } = raw[name] as { readonly data?: unknown }
          // of a large one there is no copy
          if (isTyped(data) && data !== copy.data) answers.set(copy, data)
        }
      }
      return tensors
    } catch (thrown) {
      return invalid(`its answer cannot be read: ${messageOf(thrown)}`)
    }
  }

  const unsupported = ({ nodes }: Program): Result<void> => {
    for (const { op, direction } of nodes) {
      const support = supportOf(current, op, direction)
      if (E.isLeft(support)) return support
    }
    return E.right(undefined)
  }

  const guardedSession = (session: Session, program: Program): Session => {
    const named = (watch: readonly string[] | undefined): readonly [watch?: readonly string[]] =>
      watch === undefined ? [] : [watch]
    // by what went ahead, the copy that was handed over: the step that is fed it is handed the same one
    const sent = new Map<Tensor, Tensor>()
    const asSent = (given: Tensors, feeds: Tensors): Tensors =>
      Object.fromEntries(Object.entries(given).map(([name, copy]) => [name, sent.get(feeds[name] as Tensor) ?? copy]))
    const begunOf = (begun: Begun, watch: readonly string[]): Begun => {
      let problem: string | undefined
      return {
        values: () =>
          problem === undefined
            ? tensorsAsked(() => begun.values, {}, program, watch)
            : Promise.resolve(fail('Thrown', `ahead: ${problem}`)),
        ahead: (next) => {
          const { copies } = handing(next, copying)
          for (const [name, tensor] of Object.entries(next)) sent.set(tensor, copies[name] as Tensor)
          try {
            begun.ahead(copies)
          } catch (thrown) {
            problem = messageOf(thrown)
          }
        },
      }
    }
    return {
      step: (feeds, watch) => () =>
        tensorsAsked(
          (given) => session.step(asSent(given, feeds), ...named(watch)),
          feeds,
          program,
          watch ?? program.outputs,
        ),
      ...(typeof session.begin !== 'function'
        ? {}
        : {
            begin: (feeds, watch) => async () => {
              const answer = await asked(
                (given) => session.begin?.(asSent(given, feeds), ...named(watch)),
                feeds,
                questionsOf(program),
              )
              if (E.isLeft(answer)) return answer
              const begun = answer.right as Partial<Begun> | null | undefined
              return typeof begun?.values === 'function' && typeof begun.ahead === 'function'
                ? E.right(begunOf(begun as Begun, watch ?? program.outputs))
                : invalid(`begins ${show(answer.right)}; it must be a step on its way, of values and ahead`)
            },
          }),
      run: (other, feeds, watch) => () =>
        tensorsAsked((given) => session.run(other, given, ...named(watch)), feeds, other, watch ?? other.outputs),
      state: () => tensorsAsked(() => session.state, {}, program, undefined),
      close: async () => {
        await closed(session, limit)
      },
    }
  }

  const { open, depth, translates, conventions, dials, snippet } = backend
  return {
    name: typeof backend.name === 'string' ? backend.name : show(backend.name),
    fingerprint: fingerprintOf(backend),
    ...(depth === undefined ? {} : { depth }),
    ...(translates === undefined ? {} : { translates }),
    ...(conventions === undefined ? {} : { conventions }),
    ...(dials === undefined ? {} : { dials }),
    ...(snippet === undefined
      ? {}
      : {
          snippet: (question: Question, want: Tensors) => {
            try {
              const text: unknown = backend.snippet?.(question, want)
              return typeof text === 'string' ? text : undefined
            } catch {
              return undefined
            }
          },
        }),
    // whoever cannot say what it supports is asked, so that it is said of each case
    supports: (op, direction) => {
      const support = supportOf(current, op, direction)
      return E.isLeft(support) || support.right
    },
    run: (program, feeds, watch) => async () => {
      await fresh()
      const support = unsupported(program)
      if (E.isLeft(support)) return support
      const one = current
      return tensorsAsked(
        (given) => (watch === undefined ? one.run(program, given) : one.run(program, given, watch)),
        feeds,
        program,
        watch ?? program.outputs,
      )
    },
    ...(open === undefined
      ? {}
      : {
          open:
            (program: Program, state: Tensors): taskEither.TaskEither<EtalonError, Session> =>
            async () => {
              await fresh()
              const opened = await asked((given) => current.open?.(program, given), state, questionsOf(program))
              if (E.isLeft(opened)) return opened
              const session = opened.right as Session | null | undefined
              return typeof session?.step === 'function' && typeof session.run === 'function'
                ? E.right(guardedSession(session, program))
                : invalid(`opens ${show(opened.right)}; it must be a session, of step, run, state and close`)
            },
        }),
    close: async () => {
      await closed(current, limit)
    },
    closeOthers: async () => {
      if (current !== backend) await closed(current, limit)
    },
  }
}
