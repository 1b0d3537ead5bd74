import { either as E } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import fc from 'fast-check'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Asked } from './ask.js'
import { answerOf, ask, fails } from './ask.js'
import type { Case } from './form.js'
import type { Judgement } from './judge.js'
import type { Rounding } from './probe.js'
import type { Suspect } from './repetition.js'
import type { ShrinkEffort } from './shrink.js'
import { oneByOne, timeLimit } from './shrink.js'

/** Opens the backend anew, with nothing left of what it was asked before. */
export type Reopen = taskEither.TaskEither<EtalonError, Backend>

/** A question that is answered wrongly only after others. */
export interface SequenceFailure {
  /** asked one after the other on a backend opened anew; the last is answered wrongly */
  readonly cases: readonly Case[]
  readonly judgement: Judgement
  /** what is not as it should be with the sequence, if anything */
  readonly note?: string
}

/** Asks some cases in turn on a backend opened anew; what came of the last. Errors: DeviceLost; what opening it gives. */
const lastOf = async (reopen: Reopen, oracle: Oracle, before: readonly Case[], last: Case): Promise<Result<Asked>> => {
  const opened = await reopen()
  if (E.isLeft(opened)) return opened
  const backend = opened.right
  const turn = async (): Promise<Result<Asked>> => {
    for (const asked of before) {
      const answered = await answerOf(backend, asked)()
      if (E.isLeft(answered)) return answered
    }
    const answered = await ask(backend, oracle, last)()
    // of what is not asked any more nothing can be said
    return E.isRight(answered) && answered.right.refused?.code === 'NotAsked'
      ? E.left(answered.right.refused)
      : answered
  }
  return turn().finally(() => backend.close())
}

/** How a case fails where it is the only question; undefined where it does not. */
export const alone = async (
  reopen: Reopen,
  oracle: Oracle,
  asked: Case,
  rounding: Rounding,
): Promise<Result<Judgement | undefined>> => {
  const answered = await lastOf(reopen, oracle, [], asked)
  if (E.isLeft(answered)) return answered
  const { judgement } = answered.right
  return E.right(judgement !== undefined && fails(judgement, rounding) ? judgement : undefined)
}

// every length up to this one is tried: what is wrong at every seventh question is not so after 2, 4 or 8 others
const everyLength = 12

// so often a question is asked again and again: what is wrong now and then is so sooner or later
const mostAgain = 60

/** Asks a case again and again on a backend opened anew, until it fails. Errors: DeviceLost; what opening it gives */
const againAndAgain = async (
  reopen: Reopen,
  oracle: Oracle,
  asked: Case,
  rounding: Rounding,
  effort: Pick<ShrinkEffort, 'seconds'>,
): Promise<Result<SequenceFailure | undefined>> => {
  const opened = await reopen()
  if (E.isLeft(opened)) return opened
  const backend = opened.right
  let before: readonly Case[] = []
  let lost: EtalonError | undefined
  let found: SequenceFailure | undefined
  const passes = async (again: Case): Promise<boolean> => {
    if (lost !== undefined) return true
    const answered = await ask(backend, oracle, again)()
    if (E.isLeft(answered)) lost = answered.left
    else if (answered.right.judgement !== undefined && fails(answered.right.judgement, rounding))
      found ??= { cases: [...before, again], judgement: answered.right.judgement }
    before = [...before, again]
    return found === undefined
  }
  const { property, settled } = oneByOne(fc.constant(asked), passes)
  await fc
    .check(property, { seed: 1, numRuns: mostAgain, ...timeLimit<[Case]>(effort) })
    .finally(settled)
    .finally(() => backend.close())
  return lost === undefined ? E.right(found) : E.left(lost)
}

/** The ends of a history, the shortest first, and where they are long each twice as long as the one before. */
const ends = (history: readonly Case[]): readonly (readonly Case[])[] => {
  const { length } = history
  const short = Array.from({ length: Math.min(length, everyLength) }, (_, k) => k + 1)
  const long = Array.from(
    { length: Math.max(0, Math.ceil(Math.log2(length / everyLength))) },
    (_, k) => everyLength * 2 ** (k + 1),
  )
  return [...short, ...long].map((k) => history.slice(-k))
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * What of a history may have to do with a case, the likeliest first: what a backend keeps it keeps under some name, of the
 * question itself, its attributes and shapes, its shapes alone, its attributes alone, those of one tensor.
 */
const kin = (history: readonly Case[], asked: Case): readonly (readonly Case[])[] => {
  const { attrs, shapes } = asked.form
  const alike = (one: Case): boolean => sameText(one.form.shapes, shapes)
  return [
    history.filter((one) => one === asked),
    history.filter((one) => alike(one) && sameText(one.form.attrs, attrs)),
    history.filter(alike),
    history.filter((one) => sameText(one.form.attrs, attrs)),
    ...Object.keys(shapes).map((name) => history.filter((one) => sameText(one.form.shapes[name], shapes[name]))),
  ]
}

// of what is kin, so many are tried in every length, and then so many at once
const mostKin = 4
const manyKin = 32

/**
 * The shortest sequence found after which a case fails that is right alone. It is asked again and again; then what is kin
 * to it is tried, and ends of the history, longer and longer; then fast-check leaves out of the first that shows it what it can. Each
 * try has a backend of its own.
 *
 * Errors  DeviceLost; what opening the backend gives
 */
export const shortest = async (
  reopen: Reopen,
  oracle: Oracle,
  history: readonly Case[],
  { asked, judgement, rightBefore }: Suspect,
  rounding: Rounding,
  effort: ShrinkEffort,
): Promise<Result<SequenceFailure>> => {
  // most of what is wrong now and then is so by itself, and a quarter of the time finds that
  const repeated = await againAndAgain(reopen, oracle, asked, rounding, {
    ...(effort.seconds === undefined ? {} : { seconds: effort.seconds / 4 }),
  })
  if (E.isLeft(repeated)) return repeated
  if (repeated.right !== undefined) return E.right(repeated.right)
  let left = effort.cases
  let lost: EtalonError | undefined
  let found: SequenceFailure | undefined
  const places = new Map(history.map((one, at) => [one, at]))
  const tried = new Set<string>()
  const passes = async (before: readonly Case[]): Promise<boolean> => {
    const key = before.map((one) => places.get(one)).join(' ')
    if (lost !== undefined || left <= 0) throw new fc.PreconditionFailure(true)
    if (before.length === 0 || tried.has(key)) return true
    tried.add(key)
    left -= before.length + 1
    const answered = await lastOf(reopen, oracle, before, asked)
    if (E.isLeft(answered)) {
      lost = answered.left
      return true
    }
    const here = answered.right.judgement
    if (here === undefined || !fails(here, rounding)) return true
    found = { cases: [...before, asked], judgement: here }
    return false
  }
  // what is right the first time and wrong the second is shown by itself
  const itself = rightBefore ? [history.filter((one) => one === asked).slice(0, 1)] : []
  const related = kin(history, asked)
  const first = [
    ...itself,
    ...related.flatMap((all) => ends(all.slice(-mostKin))),
    ...ends(history.slice(-everyLength)),
    ...related.map((all) => all.slice(-manyKin)),
    ...ends(history).slice(everyLength),
  ].filter(({ length }) => length > 0)
  const { property, settled } = oneByOne(fc.subarray([...history]), passes)
  if (first.length > 0)
    await fc
      .check(property, {
        seed: 1,
        examples: first.map((before) => [[...before]] as [Case[]]),
        numRuns: first.length,
        ...timeLimit<[Case[]]>(effort),
      })
      .finally(settled)
  if (lost !== undefined) return E.left(lost)
  return E.right(
    found ?? {
      cases: [asked],
      judgement,
      note: `it was wrong after ${history.length} other questions; on a backend opened anew it was right, alone and after as many of them as there was time for`,
    },
  )
}

/** Where no backend can be opened anew: what was asked since the same question was last answered rightly, as it was asked. */
export const asAsked = (history: readonly Case[], { asked, judgement }: Suspect): SequenceFailure => {
  const since = history.lastIndexOf(asked)
  return {
    cases: [...history.slice(Math.max(since, 0)), asked],
    judgement,
    note: 'as it was asked, after all that had been asked before: there is no way to open this backend anew and leave out what it can do without',
  }
}
