import { either as E } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Fingerprint } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { questions } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { sizeOf } from '../spec/tensor.js'
import { ask, fails, kindOfFailure } from './ask.js'
import type { Profile } from './cases.js'
import { caseAt, coverageOf, indicesOf } from './cases.js'
import type { Covered } from './coverage/covered.js'
import type { Case } from './form.js'
import type { Compared, Grade } from './grade.js'
import { gradeOf } from './grade.js'
import type { Trait } from './groups.js'
import { groupsOf } from './groups.js'
import type { Judgement, Worst } from './judge.js'
import type { Fared, Lost, NonFinite } from './nonFinite.js'
import { askSpecials, isNonFinite, judgementOf, nonFiniteOf, specialCases } from './nonFinite.js'
import type { Rounding } from './probe.js'
import { probeRounding } from './probe.js'
import type { QuestionTable } from './questions.js'
import type { ShrinkEffort } from './shrink.js'
import { shrink, shrinkEffort } from './shrink.js'

/** What is found of an op in a direction; `inaccurate` and `convention` are for a diagnosis to say. */
export type Verdict =
  'conformant' | 'inaccurate' | 'convention' | 'not-conformant' | 'not-deterministic' | 'unsupported' | 'not-run'

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
  /** `strict`: a NaN or an infinity that is lost is a failure; else it is told beside the verdict */
  readonly nonFinite?: 'told' | 'strict'
  /** the textbook's loops in f32, by which answers are graded; without it there are no grades */
  readonly plain?: Backend
}

/** A case that a backend got wrong, and the smallest one like it that it gets wrong too. */
export interface Failure {
  readonly id: string
  readonly smallest: Case
  /** the id that leads to the smallest in the shrink tree of the first */
  readonly smallestId: string
  readonly judgement: Judgement
}

/** Failures of a line that have something in common, and the smallest case of them. */
export interface FailureGroup {
  /** in words that follow “cases with”; none where nothing simple tells them from the cases that passed */
  readonly traits: readonly Trait[]
  readonly failed: number
  /** cases with these traits, failed or not */
  readonly of: number
  readonly failure: Failure
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
  readonly worst?: Worst
  /** the case of the worst element */
  readonly worstCase?: string
  /** Gate S over the cases that have it: the worst grades */
  readonly walk?: { readonly rms: number; readonly max: number; readonly judged: boolean }
  readonly failed: number
  /** what the cases that were answered cover */
  readonly covered?: Covered
  /** what failed, by what the cases have in common, the most first */
  readonly groups: readonly FailureGroup[]
  /** the first group's */
  readonly failure?: Failure
  readonly nonFinite: NonFinite
  /** the first NaN or infinity that was lost, if any was */
  readonly lost?: Lost
  /** how accurate it is beside a textbook's loops in f32 */
  readonly grade?: Grade
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

/** A case that was answered: what it was, and how it fared. */
interface Answered {
  readonly index: number
  readonly asked: Case
  readonly judgement: Judgement
  readonly failed: boolean
}

const countedIn = (line: Line, { asked, judgement, failed }: Answered, rounding: Rounding): Line => {
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

/** What every phase of a line needs. */
interface Asking {
  readonly backend: Backend
  readonly oracle: Oracle
  readonly table: QuestionTable
  readonly op: OpName
  readonly direction: Direction
  readonly scope: Scope
  readonly rounding: Rounding
}

const smallCase = ({ form }: Case): boolean =>
  Object.values(form.shapes).reduce((n, shape) => n + sizeOf(shape), 0) <= 2000

// cases by which a line is graded, evenly among the small ones that passed
const graded = 24

/** The grade: some of the cases are put to the plain backend too. */
const gradeFor = async (
  { oracle, scope: { plain }, op, direction }: Asking,
  answered: readonly Answered[],
): Promise<Result<Grade | undefined>> => {
  if (plain?.supports(op, direction) !== true) return E.right(undefined)
  const fit = answered.filter(
    ({ asked, judgement, failed }) => !failed && judgement.spread.elements > 0 && smallCase(asked),
  )
  const every = Math.max(1, Math.floor(fit.length / graded))
  const compared: Compared[] = []
  for (const { asked, judgement } of fit.filter((_, at) => at % every === 0).slice(0, graded)) {
    const other = await ask(plain, oracle, asked)()
    if (E.isLeft(other)) return other
    if (other.right.judgement !== undefined && other.right.judgement.problem === undefined)
      compared.push({ backend: judgement.spread, plain: other.right.judgement.spread })
  }
  return E.right(gradeOf(compared))
}

/** The failures of a line, laid in groups, each with its smallest case. */
const groupsIn = async (
  { backend, oracle, table, op, rounding, scope: { seed, shrinking = shrinkEffort } }: Asking,
  answered: readonly Answered[],
): Promise<Result<readonly FailureGroup[]>> => {
  const outcomes = answered.map(({ asked, judgement, failed }) => ({
    form: asked.form,
    way: failed ? kindOfFailure(judgement) : undefined,
  }))
  const sizeAt = (at: number): number =>
    Object.values((answered[at] as Answered).asked.form.shapes).reduce((n, shape) => n + sizeOf(shape), 0)
  const found: FailureGroup[] = []
  for (const { traits, failures, of } of groupsOf(op, outcomes)) {
    // from the smallest of them the way is short
    const first = answered[failures.reduce((a, b) => (sizeAt(b) < sizeAt(a) ? b : a))] as Answered
    const shrunk = await shrink(backend, oracle, table, { ...first, seed }, rounding, shrinking)
    if (E.isLeft(shrunk)) return shrunk
    found.push({ traits, failed: failures.length, of, failure: { id: first.asked.seed, ...shrunk.right } })
  }
  return E.right(found)
}

/** A special value that was lost, as a failure; its case is small as it is. */
const failureOf = (lost: Lost): Failure => ({
  id: lost.asked.seed,
  smallest: lost.asked,
  smallestId: lost.asked.seed,
  judgement: judgementOf(lost),
})

/** What was lost among special values that must be right, laid in groups by the value and the tensor that it was in. */
const groupsOfLost = (fared: readonly Fared[]): readonly FailureGroup[] => {
  const traitOf = ({ special, into }: Fared): Trait => `${special} in ${into}`
  const lost = fared.flatMap((one) => (one.lost === undefined ? [] : [{ trait: traitOf(one), lost: one.lost }]))
  return [...new Set(lost.map(({ trait }) => trait))].map((trait) => {
    const here = lost.filter((one) => one.trait === trait)
    return {
      traits: [trait],
      failed: here.length,
      of: fared.filter((one) => traitOf(one) === trait).length,
      failure: failureOf((here[0] as (typeof here)[number]).lost),
    }
  })
}

// a line of which so much was refused was not held against anything
const mostRefused = 0.5

const verdictOf = ({ cases, refused, failed }: Line): Verdict =>
  failed > 0 ? 'not-conformant' : cases === 0 || refused > mostRefused * (cases + refused) ? 'not-run' : 'conformant'

const blank = (op: OpName, direction: Direction, backend: string): Line => ({
  op,
  direction,
  backend,
  cases: 0,
  refused: 0,
  failed: 0,
  verdict: 'not-run',
  judged: 0,
  of: 0,
  groups: [],
  nonFinite: 'not asked',
})

const verifyOne = async (asking: Asking, watch: (progress: Progress) => void): Promise<Result<Line>> => {
  const { backend, oracle, table, op, direction, rounding, scope } = asking
  const { runs, seed, profile = 'standard', nonFinite = 'told' } = scope
  let line = blank(op, direction, backend.name)
  if (!backend.supports(op, direction)) return E.right({ ...line, verdict: 'unsupported' })
  const indices = indicesOf(table, op, direction, profile, runs)
  const answered: Answered[] = []
  for (const [done, index] of indices.entries()) {
    const asked = caseAt(table, op, direction, seed, index)
    const answer = await ask(backend, oracle, asked)()
    if (E.isLeft(answer)) return answer
    const { judgement, refused } = answer.right
    if (refused !== undefined) line = { ...line, refused: line.refused + 1 }
    if (judgement !== undefined) {
      const one: Answered = { index, asked, judgement, failed: fails(judgement, rounding) }
      answered.push(one)
      line = countedIn(line, one, rounding)
    }
    watch({ op, direction, done: done + 1, of: indices.length })
  }
  const specials = await askSpecials(backend, oracle, specialCases(table, op, direction, seed))()
  if (E.isLeft(specials)) return specials
  const judged = specials.right.filter((fared) => nonFinite === 'strict' || !isNonFinite(fared))
  const groups = await groupsIn(asking, answered)
  if (E.isLeft(groups)) return groups
  const grade = await gradeFor(asking, answered)
  if (E.isLeft(grade)) return grade
  const all = [...groups.right, ...groupsOfLost(judged)]
  const lost = specials.right.find((fared) => isNonFinite(fared) && fared.lost !== undefined)?.lost
  const counted: Line = {
    ...line,
    cases: line.cases + judged.length,
    failed: line.failed + judged.filter((fared) => fared.lost !== undefined).length,
    covered: coverageOf(
      table,
      op,
      direction,
      profile,
      answered.map(({ index, asked }) => ({ index, form: asked.form })),
    ),
    groups: all,
    ...(all[0] === undefined ? {} : { failure: all[0].failure }),
    nonFinite: nonFiniteOf(specials.right),
    ...(lost === undefined ? {} : { lost }),
    ...(grade.right === undefined ? {} : { grade: grade.right }),
  }
  return E.right({ ...counted, verdict: verdictOf(counted) })
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
      const line = await verifyOne({ backend, oracle, table, ...question, scope, rounding: known }, watch)
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
