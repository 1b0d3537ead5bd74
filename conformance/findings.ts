import { either as E } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Case } from './form.js'
import type { Rounding } from './probe.js'
import type { QuestionTable } from './questions.js'
import type { Suspect } from './repetition.js'
import type { Reopen, SequenceFailure } from './sequence.js'
import { alone, asAsked, shortest } from './sequence.js'
import type { Shrunk, ShrinkEffort } from './shrink.js'
import { shrink, shrinkAlone } from './shrink.js'

/** A wrong answer of a line, with the case's number where it has one. */
export type NumberedSuspect = Suspect & { readonly index?: number }

/** What a person is shown of a line's wrong answers. */
export interface Findings {
  /** one that is wrong by itself, made small */
  readonly failure?: Shrunk & { readonly id: string }
  /** one that is wrong only after other questions, with the fewest that show it */
  readonly sequence?: SequenceFailure
}

// of the line's cases, so many are asked alone to find one that is wrong by itself
const mostAlone = 4

/** Up to so many of a list, the first among them, evenly. */
const some = <A>(list: readonly A[], most: number): readonly A[] =>
  list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)] as A)

interface Searching {
  readonly backend: Backend
  readonly oracle: Oracle
  readonly table: QuestionTable
  readonly seed: number
  readonly rounding: Rounding
  readonly effort: ShrinkEffort
  readonly reopen?: Reopen
}

const madeSmall = async (
  { backend, oracle, table, seed, rounding, effort, reopen }: Searching,
  { asked, index, judgement }: NumberedSuspect,
): Promise<Result<Findings>> => {
  if (index === undefined) {
    const small = await shrinkAlone(backend, oracle, { asked, judgement }, rounding, effort)
    return E.isLeft(small)
      ? small
      : E.right({ sequence: { cases: [small.right.smallest], judgement: small.right.judgement } })
  }
  const small = await shrink(backend, oracle, table, { asked, index, judgement, seed }, rounding, effort)
  if (E.isLeft(small)) return small
  const unshrunk = { id: asked.seed, smallest: asked, smallestId: asked.seed, judgement }
  const failure = { id: asked.seed, ...small.right }
  if (reopen === undefined) return E.right({ failure })
  // what was asked on the way may have a part in it
  const again = await alone(reopen, oracle, small.right.smallest, rounding)
  return E.isLeft(again) && again.left.code === 'DeviceLost'
    ? again
    : E.right({ failure: E.isRight(again) && again.right === undefined ? unshrunk : failure })
}

/**
 * Looks into a line's wrong answers: whether they are wrong by themselves, each asked alone on a backend opened anew, or
 * only after other questions. The first of each kind is shown, by itself made small, else with the fewest questions
 * before it. `suspects` are those of the line's cases, `repeated` one of those asked again; `history` is all that was
 * asked, in order.
 *
 * Errors  DeviceLost
 */
export const findingsOf = async (
  searching: Searching,
  suspects: readonly NumberedSuspect[],
  repeated: Suspect | undefined,
  history: readonly Case[],
): Promise<Result<Findings>> => {
  const { reopen: given, ...rest } = searching
  const { oracle, rounding, effort } = rest
  let reopen = given
  let findings: Findings = {}
  const candidates: readonly NumberedSuspect[] = [
    ...some(suspects, mostAlone),
    ...(repeated === undefined ? [] : [repeated]),
  ]
  for (const suspect of candidates) {
    // one of each kind is enough; a question that was right before is not wrong by itself
    if (suspect.rightBefore ? findings.sequence !== undefined : findings.failure !== undefined) continue
    // a question without an answer in time is shown as it is: to try smaller ones takes as long each
    if (suspect.judgement.late === true) {
      const { asked, judgement, index } = suspect
      const id = asked.seed
      const shown: Findings =
        index === undefined
          ? { sequence: { cases: [asked], judgement } }
          : { failure: { id, smallest: asked, smallestId: id, judgement } }
      findings = { ...shown, ...findings }
      continue
    }
    const before = history.slice(0, suspect.before)
    const byItself =
      reopen === undefined
        ? E.right(suspect.rightBefore ? undefined : suspect.judgement)
        : await alone(reopen, oracle, suspect.asked, rounding)
    if (E.isLeft(byItself)) {
      if (byItself.left.code === 'DeviceLost') return byItself
      // it cannot be opened anew, after all
      reopen = undefined
    }
    const judgement = E.isRight(byItself) ? byItself.right : suspect.rightBefore ? undefined : suspect.judgement
    if (judgement !== undefined) {
      const small = await madeSmall({ ...rest, ...(reopen && { reopen }) }, { ...suspect, judgement })
      if (E.isLeft(small)) return small
      findings = { ...small.right, ...findings }
    } else if (findings.sequence === undefined) {
      if (reopen === undefined) {
        findings = { ...findings, sequence: asAsked(before, suspect) }
        continue
      }
      const sequence = await shortest(reopen, oracle, before, suspect, rounding, effort)
      if (E.isRight(sequence)) findings = { ...findings, sequence: sequence.right }
      else if (sequence.left.code === 'DeviceLost') return sequence
      else findings = { ...findings, sequence: asAsked(before, suspect) }
    }
  }
  return E.right(findings)
}
