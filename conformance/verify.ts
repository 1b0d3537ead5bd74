import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Fingerprint } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { questions } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Asked } from './ask.js'
import { ask, fails } from './ask.js'
import type { Profile } from './cases.js'
import { caseAt, coverageOf, indicesOf } from './cases.js'
import type { Covered } from './coverage/covered.js'
import type { Case, Form } from './form.js'
import type { Judgement, Worst } from './judge.js'
import type { Rounding } from './probe.js'
import { probeRounding } from './probe.js'
import type { QuestionTable } from './questions.js'
import type { Found, ShrinkEffort } from './shrink.js'
import { shrink, shrinkEffort } from './shrink.js'
import type { Walked } from './walk.js'
import { joinedWith, manyElements } from './walk.js'

export type Verdict = 'conformant' | 'not-conformant' | 'unsupported' | 'not-run'

/** What to ask: which ops and directions, which of their cases, and the seed of what is drawn in them. */
export interface Scope {
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  /** `standard` unless it is given */
  readonly profile?: Profile
  /** how many cases of any classes are drawn beside those of the profile */
  readonly runs: number
  readonly seed: number
  /** how far a failure is made small */
  readonly shrinking?: ShrinkEffort
}

/** A case that a backend got wrong, and the smallest one like it that it gets wrong too. */
export interface Failure {
  readonly id: string
  readonly smallest: Case
  /** the id that leads to the smallest in the shrink tree of the first */
  readonly smallestId: string
  readonly judgement: Judgement
}

/** The answer to one op in one direction. */
export interface Line {
  readonly op: OpName
  readonly direction: Direction
  readonly backend: string
  /** cases asked and answered */
  readonly cases: number
  /** cases that the backend refused for a limit of its device: neither right nor wrong */
  readonly refused: number
  readonly verdict: Verdict
  /** elements judged, of so many that the answers have: large outputs are judged by some of theirs */
  readonly judged: number
  readonly of: number
  /** elements of outputs judged in part that are held all the same, by sums over their channels */
  readonly held: number
  readonly worst?: Worst
  /** the case of the worst element */
  readonly worstCase?: string
  /** Gate S over the cases that have it: the worst grades of large outputs, and of small ones of all cases joined */
  readonly walk?: { readonly rms: number; readonly max: number; readonly judged: boolean }
  readonly failed: number
  /** cases of integers that came out with fractions: of a convolution by transforms, which is right */
  readonly transformed?: number
  /** what the cases that were answered cover */
  readonly covered?: Covered
  /** the first case that failed, made small */
  readonly failure?: Failure
}

export interface Report {
  readonly backend: string
  readonly fingerprint: Fingerprint
  readonly rounding: Rounding
  readonly seed: number
  readonly profile: Profile
  readonly lines: readonly Line[]
}

export interface Progress {
  readonly op: OpName
  readonly direction: Direction
  readonly done: number
  readonly of: number
  readonly line?: Line
}

interface Tally {
  readonly line: Line
  readonly firstFailure?: Found
  /** Gate S of the small outputs of all cases */
  readonly joined: readonly Walked[]
  /** the worst grades of large outputs */
  readonly large: { readonly rms: number; readonly max: number }
  /** the case of small outputs that strays most */
  readonly widest?: Found & { readonly rms: number }
}

const worstOf = (start: Tally['large'], walks: readonly Walked[]): Tally['large'] =>
  walks.reduce((most, { rms, max }) => ({ rms: Math.max(most.rms, rms), max: Math.max(most.max, max) }), start)

const counted = (
  tally: Tally,
  asked: Case,
  index: number,
  { judgement, refused }: Asked,
  rounding: Rounding,
): Tally => {
  const { line } = tally
  if (judgement === undefined)
    return { ...tally, line: { ...line, refused: line.refused + (refused === undefined ? 0 : 1) } }
  const failed = fails(judgement, rounding)
  const worse = line.worst === undefined || judgement.worst.ratio > line.worst.ratio
  const joined = joinedWith(tally.joined, judgement.walks)
  const large = worstOf(
    tally.large,
    judgement.walks.filter(({ count }) => count >= manyElements),
  )
  const { rms } = worstOf(
    { rms: -1, max: 0 },
    judgement.walks.filter(({ count }) => count < manyElements),
  )
  const widest = rms > (tally.widest?.rms ?? -1) ? { asked, index, judgement, rms } : tally.widest
  return {
    joined,
    large,
    ...(widest === undefined ? {} : { widest }),
    line: {
      ...line,
      cases: line.cases + 1,
      judged: line.judged + judgement.judged,
      of: line.of + judgement.of,
      held: line.held + judgement.held,
      failed: line.failed + (failed ? 1 : 0),
      ...(judgement.fractions === undefined ? {} : { transformed: (line.transformed ?? 0) + 1 }),
      ...(worse ? { worst: judgement.worst, worstCase: asked.seed } : {}),
      ...(line.walk !== undefined || judgement.walks.length > 0
        ? { walk: { ...worstOf(large, joined), judged: rounding === 'nearest' } }
        : {}),
    },
    ...(tally.firstFailure !== undefined
      ? { firstFailure: tally.firstFailure }
      : failed
        ? { firstFailure: { asked, index, judgement } }
        : {}),
  }
}

const verifyOne = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  { op, direction }: { readonly op: OpName; readonly direction: Direction },
  { runs, seed, profile = 'standard', shrinking = shrinkEffort }: Scope,
  rounding: Rounding,
  watch: (progress: Progress) => void,
): Promise<Result<Line>> => {
  const blank: Line = {
    op,
    direction,
    backend: backend.name,
    cases: 0,
    refused: 0,
    failed: 0,
    verdict: 'not-run',
    judged: 0,
    of: 0,
    held: 0,
  }
  if (!backend.supports(op, direction)) return E.right({ ...blank, verdict: 'unsupported' })
  const indices = indicesOf(table, op, direction, profile, runs)
  const answered: { readonly index: number; readonly form: Form }[] = []
  let tally: Tally = { line: blank, joined: [], large: { rms: 0, max: 0 } }
  for (const [done, index] of indices.entries()) {
    const next = caseAt(table, op, direction, seed, index)
    const asked = await ask(backend, oracle, next)()
    if (E.isLeft(asked)) return asked
    tally = counted(tally, next, index, asked.right, rounding)
    if (asked.right.judgement !== undefined) answered.push({ index, form: next.form })
    watch({ op, direction, done: done + 1, of: indices.length })
  }
  const { firstFailure } = tally
  const line: Line = { ...tally.line, covered: coverageOf(table, op, direction, profile, answered) }
  // small outputs of all cases together may stray where none does by itself
  const strayed = rounding === 'nearest' ? tally.joined.filter(({ within }) => !within) : []
  const verdict: Verdict =
    line.cases === 0 ? 'not-run' : line.failed > 0 || strayed.length > 0 ? 'not-conformant' : 'conformant'
  if (firstFailure === undefined) {
    const { widest } = tally
    if (strayed.length === 0 || widest === undefined) return E.right({ ...line, verdict })
    const { asked, judgement } = widest
    const failure = { id: asked.seed, smallest: asked, smallestId: asked.seed }
    return E.right({ ...line, verdict, failure: { ...failure, judgement: { ...judgement, walks: strayed } } })
  }
  return F.pipe(
    await shrink(backend, oracle, table, { ...firstFailure, seed }, rounding, shrinking),
    E.map((found) => ({ ...line, verdict, failure: { id: firstFailure.asked.seed, ...found } })),
  )
}

/** The ops and directions that a scope asks about, in the catalogue's order. */
export const questionsIn = ({ ops, direction }: Pick<Scope, 'ops' | 'direction'>): typeof questions =>
  questions.filter(
    (question) =>
      (ops === undefined || ops.includes(question.op)) && (direction === undefined || direction === question.direction),
  )

/**
 * Holds a backend against the oracle on every op and direction in scope.
 *
 * Seeds are derived per op and direction: the same seed gives the same cases and verdicts whatever else is asked.
 *
 * Errors  DeviceLost – the device went away: neither pass nor fail; what the oracle refuses of a case is a bug of ours
 */
export const verify =
  (
    backend: Backend,
    oracle: Oracle,
    table: QuestionTable,
    scope: Scope,
    watch: (progress: Progress) => void = () => undefined,
  ): taskEither.TaskEither<EtalonError, Report> =>
  async () => {
    const rounding = await probeRounding(backend)()
    if (E.isLeft(rounding) && rounding.left.code === 'DeviceLost') return rounding
    const known = E.isRight(rounding) ? rounding.right : 'unknown'
    const lines: Line[] = []
    for (const question of questionsIn(scope)) {
      const line = await verifyOne(backend, oracle, table, question, scope, known, watch)
      if (E.isLeft(line)) return line
      lines.push(line.right)
      watch({ ...question, done: line.right.cases, of: line.right.cases, line: line.right })
    }
    return E.right({
      backend: backend.name,
      fingerprint: backend.fingerprint,
      rounding: known,
      seed: scope.seed,
      profile: scope.profile ?? 'standard',
      lines,
    })
  }
