import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Begun, Session } from '../../spec/backend.js'
import type { EtalonError } from '../../spec/error.js'
import type { Tensors } from '../../spec/tensor.js'
import type { Act } from './scenario.js'

/** What a session is asked for. */
type Asked = Extract<Act, { readonly what: 'step' | 'run on' | 'state' }>
type Step = Extract<Act, { readonly what: 'step' }>
type Answer = taskEither.TaskEither<EtalonError, Tensors>

const isStep = (act: Act | undefined): act is Step => act?.what === 'step'
const isAsked = (act: Act | undefined): act is Asked =>
  act !== undefined && ['step', 'run on', 'state'].includes(act.what)

/** The steps right behind one that are begun beside it, by their places. */
const besideOf = (acts: readonly Act[], at: number): readonly number[] => {
  const next = acts[at + 1]
  const [own] = [acts[at]]
  return isStep(own) && isStep(next) && next.beside === true && next.session === own.session
    ? [at + 1, ...besideOf(acts, at + 1)]
    : []
}

/** What stands right behind an act and is asked for before that is answered, by its places. */
const atOnceWith = (acts: readonly Act[], at: number): readonly number[] => {
  const [own, next] = [acts[at], acts[at + 1]]
  return isAsked(own) && isAsked(next) && next.atOnce === true && next.session === own.session
    ? [at + 1, ...atOnceWith(acts, at + 1)]
    : []
}

/** What a step answers that was begun; the feeds of the one to come go up before that is asked for. */
const valuesOf =
  (ahead: readonly Tensors[] = []) =>
  ({ values, ahead: sendAhead }: Begun): Answer => {
    ahead.forEach(sendAhead)
    return values
  }

const answerOf = ({ step, run, state }: Session, act: Asked): Answer => {
  // watched values are named only where they are others than the program's outputs
  const named: readonly [watch?: readonly string[]] = act.what === 'state' || act.watch === undefined ? [] : [act.watch]
  switch (act.what) {
    case 'step':
      return step(act.feeds, ...named)
    case 'run on':
      return run(act.program, act.feeds, ...named)
    case 'state':
      return state
  }
}

/**
 * What the sessions of a scenario are asked for, by its places, in order. Where the session begins steps, those that are beside
 * each other are all begun before the first is answered, and what goes ahead goes up before its step is over; what is asked for
 * at once is, of any session.
 */
export const stepping = (acts: readonly Act[]): ((session: Session, at: number) => Answer) => {
  const under = new Map<number, Answer>()
  return (session, at) => {
    const own = acts[at] as Asked
    const known = under.get(at)
    if (known !== undefined) return known
    const together = atOnceWith(acts, at)
    if (together.length > 0)
      return () => {
        const first = answerOf(session, own)()
        for (const other of together) {
          const answer = answerOf(session, acts[other] as Asked)()
          // what nobody comes to ask for any more may be refused all the same
          answer.catch(() => undefined)
          under.set(other, () => answer)
        }
        return first
      }
    const beside = besideOf(acts, at)
    const { begin } = session
    if (!isStep(own) || begin === undefined || (own.ahead === undefined && beside.length === 0))
      return answerOf(session, own)
    return F.pipe(
      begin(own.feeds, ...(own.watch === undefined ? [] : [own.watch])),
      TE.chain((first) => async () => {
        for (const other of beside) {
          const { feeds, watch, ahead: sent } = acts[other] as Step
          const started = await begin(feeds, ...(watch === undefined ? [] : [watch]))()
          under.set(other, F.pipe(TE.fromEither(started), TE.chain(valuesOf(sent))))
        }
        return valuesOf(own.ahead)(first)()
      }),
    )
  }
}
