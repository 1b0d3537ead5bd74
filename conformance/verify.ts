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
import { caseAt, coverageOf, indicesOf, scheduled } from './cases.js'
import type { Covered } from './coverage/covered.js'
import type { Case, Form } from './form.js'
import { printCase } from './form.js'
import type { Findings, NumberedSuspect } from './findings.js'
import { findingsOf } from './findings.js'
import type { Worst } from './judge.js'
import type { Rounding } from './probe.js'
import { probeRounding } from './probe.js'
import type { ProgramLine } from './programs/probe.js'
import { probePrograms } from './programs/probe.js'
import type { QuestionTable } from './questions.js'
import type { Firsts, Repeats } from './repetition.js'
import { askAgain, repeatable, repetitionOf } from './repetition.js'
import type { Reopen } from './sequence.js'
import type { ShrinkEffort } from './shrink.js'
import { shrinkEffort } from './shrink.js'

export type Verdict = 'conformant' | 'not-conformant' | 'not-deterministic' | 'unsupported' | 'not-run'

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
  /** opens the backend anew, so that what is wrong only after other questions can be told, and shown with the fewest */
  readonly reopen?: Reopen
}

/** A case that a backend got wrong, and the smallest one like it that it gets wrong too. */
export type Failure = NonNullable<Findings['failure']>

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
  readonly worst?: Worst
  /** the case of the worst element */
  readonly worstCase?: string
  /** Gate S over the cases that have it: the worst grades */
  readonly walk?: { readonly rms: number; readonly max: number; readonly judged: boolean }
  readonly failed: number
  /** what the cases that were answered cover */
  readonly covered?: Covered
  /** the first case that failed, made small */
  readonly failure?: Failure
  /** part of the cases asked again: how many answers differ in bits from the first, how many are out of bounds */
  readonly repeats?: Omit<Repeats, 'suspect'>
  /** a case that failed only after others, and the fewest that show it */
  readonly sequence?: Findings['sequence']
}

export interface Report {
  readonly backend: string
  readonly fingerprint: Fingerprint
  readonly rounding: Rounding
  readonly seed: number
  readonly profile: Profile
  readonly lines: readonly Line[]
  /** small programs, where the scope leaves nothing out */
  readonly programs?: readonly ProgramLine[]
}

export interface Progress {
  readonly op: OpName
  readonly direction: Direction
  readonly done: number
  readonly of: number
  readonly line?: Line
}

const counted = (line: Line, asked: Case, { judgement, refused }: Asked, rounding: Rounding): Line => {
  if (judgement === undefined) return { ...line, refused: line.refused + (refused === undefined ? 0 : 1) }
  const failed = fails(judgement, rounding)
  const worse = line.worst === undefined || judgement.worst.ratio > line.worst.ratio
  const rms = Math.max(line.walk?.rms ?? 0, ...judgement.walks.map(({ rms }) => rms))
  const max = Math.max(line.walk?.max ?? 0, ...judgement.walks.map(({ max }) => max))
  return {
    ...line,
    cases: line.cases + 1,
    judged: line.judged + judgement.judged,
    of: line.of + judgement.of,
    failed: line.failed + (failed ? 1 : 0),
    ...(worse ? { worst: judgement.worst, worstCase: asked.seed } : {}),
    ...(line.walk !== undefined || judgement.walks.length > 0
      ? { walk: { rms, max, judged: rounding === 'nearest' } }
      : {}),
  }
}

const verifyOne = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  { op, direction }: { readonly op: OpName; readonly direction: Direction },
  { runs, seed, profile = 'standard', shrinking = shrinkEffort, reopen }: Scope,
  rounding: Rounding,
  history: Case[],
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
  }
  if (!backend.supports(op, direction)) return E.right({ ...blank, verdict: 'unsupported' })
  const indices = indicesOf(table, op, direction, profile, runs)
  const answered: { readonly index: number; readonly form: Form }[] = []
  const suspects: NumberedSuspect[] = []
  const candidates: Case[] = []
  const firsts: Firsts = new Map()
  let line = blank
  for (const [done, index] of indices.entries()) {
    const next = caseAt(table, op, direction, seed, index)
    const before = history.length
    history.push(next)
    const asked = await ask(backend, oracle, next)()
    if (E.isLeft(asked)) return asked
    line = counted(line, next, asked.right, rounding)
    const { judgement, answer } = asked.right
    const failed = judgement !== undefined && fails(judgement, rounding)
    if (judgement !== undefined) answered.push({ index, form: next.form })
    if (failed) suspects.push({ asked: next, index, judgement, before, rightBefore: false })
    if (answer !== undefined && repeatable(next)) {
      candidates.push(next)
      firsts.set(printCase(next), { answer, right: !failed })
    }
    watch({ op, direction, done: done + 1, of: indices.length })
  }
  line = { ...line, covered: coverageOf(table, op, direction, profile, answered) }
  if (line.cases === 0) return E.right(line)

  const { subject, classes } = scheduled(table, op, direction)
  const schedule = repetitionOf({
    op,
    direction,
    seed,
    candidates,
    total: indices.length,
    subject,
    rows: classes().rows,
  })
  const again = await askAgain(backend, oracle, schedule, rounding, firsts, history)
  if (E.isLeft(again)) return again
  const { suspect, ...repeats } = again.right
  const verdict: Verdict =
    line.failed + repeats.failed > 0 ? 'not-conformant' : repeats.differed > 0 ? 'not-deterministic' : 'conformant'
  return F.pipe(
    await findingsOf(
      { backend, oracle, table, seed, rounding, effort: shrinking, ...(reopen && { reopen }) },
      suspects,
      suspect,
      history,
    ),
    E.map((findings): Line => ({ ...line, verdict, repeats, ...findings })),
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
    const history: Case[] = []
    for (const question of questionsIn(scope)) {
      const line = await verifyOne(backend, oracle, table, question, scope, known, history, watch)
      if (E.isLeft(line)) return line
      lines.push(line.right)
      watch({ ...question, done: line.right.cases, of: line.right.cases, line: line.right })
    }
    const programs = scope.ops === undefined && scope.direction === undefined
    const probed = programs ? await probePrograms(backend, oracle, scope.seed)() : undefined
    if (probed !== undefined && E.isLeft(probed)) return probed
    return E.right({
      backend: backend.name,
      fingerprint: backend.fingerprint,
      rounding: known,
      seed: scope.seed,
      profile: scope.profile ?? 'standard',
      lines,
      ...(probed === undefined ? {} : { programs: probed.right }),
    })
  }
