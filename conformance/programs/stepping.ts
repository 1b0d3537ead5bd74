import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Begun, Session } from '../../spec/backend.js'
import type { EtalonError } from '../../spec/error.js'
import type { Tensors } from '../../spec/tensor.js'
import type { Act } from './scenario.js'

type Step = Extract<Act, { readonly what: 'step' }>
type Answer = taskEither.TaskEither<EtalonError, Tensors>

const isStep = (act: Act | undefined): act is Step => act?.what === 'step'

/** The steps right behind one that are begun beside it, by their places. */
const besideOf = (acts: readonly Act[], at: number): readonly number[] => {
  const next = acts[at + 1]
  const [own] = [acts[at]]
  return isStep(own) && isStep(next) && next.beside === true && next.session === own.session
    ? [at + 1, ...besideOf(acts, at + 1)]
    : []
}

/** What a step answers that was begun; the feeds of the one to come go up before that is asked for. */
const valuesOf =
  (ahead: readonly Tensors[] = []) =>
  ({ values, ahead: sendAhead }: Begun): Answer => {
    ahead.forEach(sendAhead)
    return values
  }

/**
 * The steps of a scenario, by their places, in order. Where the session begins steps, those that are beside each other are all
 * begun before the first is answered, and what goes ahead goes up before its step is over.
 */
export const stepping = (
  acts: readonly Act[],
): ((session: Session, at: number, named: readonly [watch?: readonly string[]]) => Answer) => {
  const begun = new Map<number, Answer>()
  return ({ step, begin }, at, named) => {
    const { feeds, ahead } = acts[at] as Step
    const known = begun.get(at)
    if (known !== undefined) return known
    const beside = besideOf(acts, at)
    if (begin === undefined || (ahead === undefined && beside.length === 0)) return step(feeds, ...named)
    return F.pipe(
      begin(feeds, ...named),
      TE.chain((first) => async () => {
        for (const other of beside) {
          const { feeds: own, watch, ahead: sent } = acts[other] as Step
          const started = await begin(own, ...(watch === undefined ? [] : [watch]))()
          begun.set(other, F.pipe(TE.fromEither(started), TE.chain(valuesOf(sent))))
        }
        return valuesOf(ahead)(first)()
      }),
    )
  }
}
