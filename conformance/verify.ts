import { either as E, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { questions } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Answered as Heard } from './ask.js'
import { answerOf, ask, fails, isKept, judgeAnswer, kindOfFailure, letBegin } from './ask.js'
import type { Profile } from './cases.js'
import { caseAt, coverageOf, indicesOf, scheduled } from './cases.js'
import type { Case } from './form.js'
import { numbersIn, printCase, realise } from './form.js'
import type { FaultyOracle } from './diagnosis.js'
import { diagnose } from './diagnosis.js'
import type { Dialled } from './dials.js'
import { isOfDial } from './dials.js'
import type { NumberedSuspect } from './findings.js'
import { findingsOf } from './findings.js'
import type { Compared, Grade } from './grade.js'
import { gradeOf, rmsOf } from './grade.js'
import type { Trait } from './groups.js'
import { groupsOf } from './groups.js'
import type { Guarding, TimeLimit } from './guarded.js'
import { guarded, noDelays } from './guarded.js'
import { ignoredDials } from './ignored.js'
import type { Judgement } from './judge.js'
import { expectWhole } from './judge.js'
import type { Failure, FailureGroup, Line, Report, Verdict } from './line.js'
import { notItsOwn } from './line.js'
import type { Fared, Lost } from './nonFinite.js'
import { askSpecials, isNonFinite, judgementOf, nonFiniteOf, specialCases } from './nonFinite.js'
import type { Rounding } from './probe.js'
import { probeRounding } from './probe.js'
import type { ProgramProgress } from './programs/probe.js'
import { probePrograms } from './programs/probe.js'
import type { QuestionTable } from './questions.js'
import type { Firsts, Repeats } from './repetition.js'
import { askAgain, repeatable, repetitionOf } from './repetition.js'
import type { Reopen, SequenceFailure } from './sequence.js'
import { asAsked, shortest } from './sequence.js'
import type { Asked } from './shards.js'
import type { ShrinkEffort } from './shrink.js'
import { shrinkEffort } from './shrink.js'
import type { Walked } from './walk.js'
import { joinedWith, manyElements } from './walk.js'

/** What to ask: which ops and directions, which of their cases, and the seed of what is drawn in them. */
export interface Scope {
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  /** the part of these questions that is asked, where it is not all */
  readonly part?: { readonly questions: readonly Asked[]; readonly programs: boolean }
  /** what is asked in place of all that, as it comes */
  readonly queue?: AsyncIterable<Item> | readonly Item[]
  /** asked before every question: whether to ask no more. What was not asked is `not-run`; the programs are left out */
  readonly stopped?: () => boolean
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
  /** the oracle with a fault planted, so that a wrong answer can be told for one */
  readonly faulty?: FaultyOracle
  /**
   * opens the backend anew, so that what is wrong only after other questions can be told, and shown with the fewest, and so
   * that one that gave no answer in time can be asked on
   */
  readonly reopen?: Reopen
  /** how long a case may take; without it, as long as it likes */
  readonly limit?: TimeLimit
  /** hears of every program as it is done */
  readonly heard?: (progress: ProgramProgress) => void
}

/** An op in a direction, or the small programs. */
export type Item = Asked | 'programs'

export interface Progress {
  readonly op: OpName
  readonly direction: Direction
  readonly done: number
  readonly of: number
  readonly rounding: Rounding
  readonly line?: Line
}

/** A case that was answered: what it was, and how it fared. */
interface Answered {
  readonly index: number
  readonly asked: Case
  readonly judgement: Judgement
  readonly failed: boolean
  /** how many questions were asked before it */
  readonly before: number
}

interface Tally {
  readonly line: Line
  /** Gate S of the small outputs of all cases */
  readonly joined: readonly Walked[]
  /** the worst grades of large outputs */
  readonly large: { readonly rms: number; readonly max: number }
  /** the case of small outputs that strays most */
  readonly widest?: Pick<Answered, 'asked' | 'judgement'> & { readonly rms: number }
}

const worstOf = (start: Tally['large'], walks: readonly Walked[]): Tally['large'] =>
  walks.reduce((most, { rms, max }) => ({ rms: Math.max(most.rms, rms), max: Math.max(most.max, max) }), start)

const counted = (tally: Tally, { asked, judgement, failed }: Answered, rounding: Rounding): Tally => {
  const { line } = tally
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
  const widest = rms > (tally.widest?.rms ?? -1) ? { asked, judgement, rms } : tally.widest
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
      ...(judgement.transformed === undefined ? {} : { transformed: (line.transformed ?? 0) + 1 }),
      ...(worse ? { worst: judgement.worst, worstCase: asked.seed } : {}),
      ...(line.walk !== undefined || judgement.walks.length > 0
        ? { walk: { ...worstOf(large, joined), judged: rounding === 'nearest' } }
        : {}),
    },
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
  /** all that was asked so far, in order */
  readonly history: Case[]
}

// what the plain backend answers at once
const smallEnough = 2000
// cases by which a line is graded, evenly among the small ones that passed
const graded = 24

/** The grade: some of the cases are put to the plain backend too. */
const gradeFor = async (
  { oracle, scope: { plain }, op, direction }: Asking,
  answered: readonly Answered[],
): Promise<Result<Grade | undefined>> => {
  if (plain?.supports(op, direction) !== true) return E.right(undefined)
  const fit = answered.filter(
    ({ asked, judgement, failed }) => !failed && judgement.spread.elements > 0 && numbersIn(asked.form) <= smallEnough,
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

/** Part of a line's cases once more. */
const repeated = async (
  { backend, oracle, table, op, direction, scope: { seed }, rounding, history }: Asking,
  {
    answered,
    candidates,
    firsts,
    total,
  }: {
    readonly answered: readonly Answered[]
    readonly candidates: readonly Case[]
    readonly firsts: Firsts
    readonly total: number
  },
): Promise<Result<Repeats>> => {
  if (answered.length === 0) return E.right({ asked: 0, differed: 0, failed: 0 })
  const { subject, classes } = scheduled(table, op, direction)
  const schedule = repetitionOf({ op, direction, seed, candidates, total, subject, rows: classes().rows })
  return askAgain(backend, oracle, schedule, rounding, firsts, history)
}

// entries in the order of their names: which came first says nothing
const ordered = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

const alike = ({ form: { name: _, ...a } }: Case, { form: { name: __, ...b } }: Case): boolean =>
  JSON.stringify(a, ordered) === JSON.stringify(b, ordered)

interface Grouped {
  readonly groups: readonly FailureGroup[]
  readonly sequence?: SequenceFailure
}

/** A program in the backend's own API that asks a case. A template that throws has none. */
const snippetOf = ({ snippet }: Backend, oracle: Oracle, asked: Case): string | undefined => {
  const question = snippet === undefined ? undefined : realise(asked)
  if (snippet === undefined || question === undefined || E.isLeft(question)) return undefined
  const want = expectWhole(oracle, question.right, anyOrder)
  try {
    return E.isLeft(want) ? undefined : snippet(question.right, want.right.values)
  } catch {
    return undefined
  }
}

// two groups that end in the same small case; what explains but one of them explains neither
const together = (a: FailureGroup, b: FailureGroup, of: number): FailureGroup => {
  const { diagnosis, ...rest } = a
  const agreed = diagnosis !== undefined && diagnosis.words === b.diagnosis?.words
  return { ...rest, traits: [], failed: a.failed + b.failed, of, ...(agreed ? { diagnosis } : {}) }
}

/** The failures of a line, laid in groups, each with its smallest case; and what failed only after other questions. */
const groupsIn = async (
  { backend, oracle, table, op, rounding, history, scope: { seed, shrinking = shrinkEffort, reopen, faulty } }: Asking,
  answered: readonly Answered[],
  repeatedly: Repeats['suspect'],
): Promise<Result<Grouped>> => {
  const searching = { backend, oracle, table, seed, rounding, effort: shrinking, ...(reopen && { reopen }) }
  const outcomes = answered.map(({ asked, judgement, failed }) => ({
    form: asked.form,
    way: failed ? kindOfFailure(judgement) : undefined,
  }))
  const sizeAt = (at: number): number => numbersIn((answered[at] as Answered).asked.form)
  const groups: FailureGroup[] = []
  let sequence: SequenceFailure | undefined
  for (const { traits, failures, of } of groupsOf(op, outcomes)) {
    // from the smallest of them the way is short
    const suspects = [...failures]
      .sort((a, b) => sizeAt(a) - sizeAt(b))
      .map((at): NumberedSuspect => ({ ...(answered[at] as Answered), rightBefore: false }))
    const found = await findingsOf(searching, suspects, undefined, history)
    if (E.isLeft(found)) return found
    const { failure } = found.right
    sequence ??= found.right.sequence
    if (failure === undefined) continue
    const diagnosis = await diagnose({ backend, oracle, table, ...(faulty && { faulty }) }, [
      failure.smallest,
      ...suspects.map(({ asked }) => asked),
    ])
    // what ends in the same small case is one and the same
    const same = groups.findIndex((group) => alike(group.failure.smallest, failure.smallest))
    const known = groups[same]
    const snippet = snippetOf(backend, oracle, failure.smallest)
    const one = {
      traits,
      failed: failures.length,
      of,
      failure,
      ...(diagnosis && { diagnosis }),
      ...(snippet !== undefined && { snippet }),
    }
    if (known === undefined) groups.push(one)
    else groups[same] = together(known, one, answered.length)
  }
  // what was never right before may be what a group shows already
  const shown = sequence !== undefined || (repeatedly?.rightBefore === false && groups.length > 0)
  const found = await findingsOf(searching, [], shown ? undefined : repeatedly, history)
  if (E.isLeft(found)) return found
  sequence ??= found.right.sequence
  return E.right({ groups, ...(sequence === undefined ? {} : { sequence }) })
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

/** Small outputs of all cases together that stray where none does by itself: of these, the case that strays most. */
const strayedIn = ({ line, joined, widest }: Tally, rounding: Rounding): readonly FailureGroup[] => {
  const strayed = rounding === 'nearest' ? joined.filter(({ within }) => !within) : []
  if (strayed.length === 0 || widest === undefined || line.failed > 0) return []
  const { asked, judgement } = widest
  const failure = { id: asked.seed, smallest: asked, smallestId: asked.seed }
  return [
    { traits: [], failed: 0, of: line.cases, failure: { ...failure, judgement: { ...judgement, walks: strayed } } },
  ]
}

/** Whether special values are lost by themselves too, and not only after other questions. Errors: DeviceLost */
const lostAlone = async ({ oracle, scope: { reopen } }: Asking, fared: readonly Fared[]): Promise<Result<boolean>> => {
  const first = fared.find(({ lost }) => lost !== undefined)
  if (first === undefined || reopen === undefined) return E.right(true)
  const opened = await reopen()
  if (E.isLeft(opened)) return opened.left.code === 'DeviceLost' ? opened : E.right(true)
  const { lost: _, base: __, ...special } = first
  const again = await askSpecials(opened.right, oracle, [special])().finally(() => opened.right.close())
  return E.isLeft(again) ? again : E.right(again.right.some(({ lost }) => lost !== undefined))
}

/** The fewest questions after which a special value is lost that is kept by itself. Errors: DeviceLost */
const sequenceOfLost = async (
  { oracle, rounding, history, scope: { reopen, shrinking = shrinkEffort } }: Asking,
  fared: readonly Fared[],
): Promise<Result<SequenceFailure | undefined>> => {
  const lost = fared.flatMap((one) => (one.lost === undefined ? [] : [one.lost]))[0]
  if (lost === undefined || reopen === undefined) return E.right(undefined)
  const before = Math.max(0, history.lastIndexOf(lost.asked))
  const suspect = { asked: lost.asked, judgement: judgementOf(lost), rightBefore: false, before }
  const found = await shortest(reopen, oracle, history.slice(0, before), suspect, rounding, shrinking)
  if (E.isRight(found)) return found
  return found.left.code === 'DeviceLost' ? found : E.right(asAsked(history.slice(0, before), suspect))
}

// a line of which so much was refused was not held against anything
const mostRefused = 0.5

// what is wrong everywhere by a convention, or for want of digits, is no mistake
const wrongly = ({ groups, sequence }: Line): Verdict => {
  const kinds = groups.map(({ diagnosis }) => diagnosis?.kind ?? 'mistake')
  return sequence !== undefined || kinds.length === 0 || kinds.includes('mistake')
    ? 'not-conformant'
    : kinds.includes('accuracy')
      ? 'inaccurate'
      : 'convention'
}

/** The verdict that what was found of a line comes to. */
export const verdictOf = (line: Line): Verdict => {
  const { cases, refused, failed, repeats, groups } = line
  // what a backend need not take is no part of what it was to answer
  const dials = Object.entries(line.unsupported ?? {}).reduce(
    (n, [reason, count]) => n + (isOfDial(reason) ? count : 0),
    0,
  )
  const others = refused + notItsOwn(line) - dials
  return failed + (repeats?.failed ?? 0) > 0 || groups.length > 0
    ? wrongly(line)
    : cases === 0 && refused === 0 && others > 0
      ? 'unsupported'
      : cases === 0 || others > mostRefused * (cases + others)
        ? 'not-run'
        : (repeats?.differed ?? 0) > 0
          ? 'not-deterministic'
          : 'conformant'
}

// a reason may name numbers of its case, and so be another one each time
const [mostReasons, otherReasons] = [24, 'other reasons']

/** A line with one more case that was not answered, for the reason that an error gives. */
const withRefusal = (line: Line, { code, message }: EtalonError): Line => {
  if (code !== 'Unsupported') return { ...line, refused: line.refused + 1 }
  const { unsupported = {} } = line
  const reason =
    Object.hasOwn(unsupported, message) || Object.keys(unsupported).length < mostReasons ? message : otherReasons
  return { ...line, unsupported: { ...unsupported, [reason]: (unsupported[reason] ?? 0) + 1 } }
}

/** The line of a question that was not asked. */
export const blank = (op: OpName, direction: Direction, backend: string): Line => ({
  op,
  direction,
  backend,
  cases: 0,
  refused: 0,
  failed: 0,
  verdict: 'not-run',
  judged: 0,
  of: 0,
  held: 0,
  groups: [],
  nonFinite: 'not asked',
})

const rmsIn = (answered: readonly Answered[]): Pick<Line, 'rms'> => {
  const spreads = answered.map(({ judgement }) => judgement.spread)
  return spreads.every(({ elements }) => elements === 0) ? {} : { rms: rmsOf(spreads) }
}

/** A case that was put to a backend. */
interface Put {
  readonly index: number
  readonly asked: Case
  /** how many questions were asked before it */
  readonly before: number
  readonly heard: Promise<Result<Heard>>
}

const verifyOne = async (given: Asking, watch: (progress: Progress) => void): Promise<Result<Line>> => {
  const { oracle, table, op, direction, rounding, scope, history } = given
  const { runs, seed, profile = 'standard', nonFinite = 'told' } = scope
  const ignored = await ignoredDials(given.backend, oracle, table, op, seed, history)
  const backend: Dialled = { ...given.backend, ...(ignored.length > 0 && { ignores: { [op]: ignored } }) }
  const asking = { ...given, backend }
  const translates = backend.translates?.[op]
  const empty = { ...blank(op, direction, backend.name), ...(translates && { translates }) }
  if (!backend.supports(op, direction)) return E.right({ ...empty, verdict: 'unsupported' })
  const indices = indicesOf(table, op, direction, profile, runs)
  const answered: Answered[] = []
  const candidates: Case[] = []
  const firsts: Firsts = new Map()
  let tally: Tally = { line: empty, joined: [], large: { rms: 0, max: 0 } }
  const put = (at: number): Put | undefined => {
    const index = indices[at]
    if (index === undefined) return undefined
    const asked = caseAt(table, op, direction, seed, index)
    const before = history.length
    history.push(asked)
    return { index, asked, before, heard: answerOf(backend, asked)() }
  }
  let next = put(0)
  for (let done = 0; next !== undefined; done++) {
    const { index, asked, before, heard } = next
    const reply = await heard
    if (E.isLeft(reply)) return reply
    // a device is at work on the next case while this one is judged
    const early = isKept(reply.right)
    next = early ? put(done + 1) : undefined
    if (early) await letBegin()
    const judged = judgeAnswer(oracle, backend, asked, reply.right)
    if (E.isLeft(judged)) {
      await next?.heard
      return judged
    }
    const { judgement, refused, answer } = judged.right
    if (refused?.code === 'NotAsked') {
      history.pop()
      tally = { ...tally, line: { ...tally.line, unasked: indices.length - done } }
      break
    }
    if (refused !== undefined) tally = { ...tally, line: withRefusal(tally.line, refused) }
    if (judgement !== undefined) {
      const failed = fails(judgement, rounding)
      const one: Answered = { index, asked, judgement, failed, before }
      answered.push(one)
      tally = counted(tally, one, rounding)
      if (answer !== undefined && repeatable(asked)) {
        candidates.push(asked)
        firsts.set(printCase(asked), { answer, right: !failed })
      }
    }
    watch({ op, direction, done: done + 1, of: indices.length, rounding })
    if (!early) next = put(done + 1)
  }
  const specials = await askSpecials(backend, oracle, specialCases(table, op, direction, seed, profile), history)()
  if (E.isLeft(specials)) return specials
  const judged = specials.right.filter((fared) => nonFinite === 'strict' || !isNonFinite(fared))
  const grade = await gradeFor(asking, answered)
  if (E.isLeft(grade)) return grade
  const again = await repeated(asking, { answered, candidates, firsts, total: indices.length })
  if (E.isLeft(again)) return again
  const { suspect, ...repeats } = again.right
  const found = await groupsIn(asking, answered, suspect)
  if (E.isLeft(found)) return found
  const { groups, sequence } = found.right
  const { line } = tally
  const byThemselves = await lostAlone(asking, judged)
  if (E.isLeft(byThemselves)) return byThemselves
  const told = sequence !== undefined || byThemselves.right
  const ofLost = told ? E.right(undefined) : await sequenceOfLost(asking, judged)
  if (E.isLeft(ofLost)) return ofLost
  const shown = sequence ?? ofLost.right
  const all = [...groups, ...(byThemselves.right ? groupsOfLost(judged) : []), ...strayedIn(tally, rounding)]
  const lost = specials.right.find((fared) => isNonFinite(fared) && fared.lost !== undefined)?.lost
  const whole: Line = {
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
    ...rmsIn(answered),
    groups: all,
    ...(all[0] === undefined ? {} : { failure: all[0].failure }),
    nonFinite: nonFiniteOf(specials.right),
    ...(lost === undefined ? {} : { lost }),
    ...(grade.right === undefined ? {} : { grade: grade.right }),
    repeats,
    ...(shown === undefined ? {} : { sequence: shown }),
  }
  return E.right({ ...whole, verdict: verdictOf(whole) })
}

/** The ops and directions that a scope asks about, in the catalogue's order. */
export const questionsIn = ({ ops, direction, part }: Pick<Scope, 'ops' | 'direction' | 'part'>): readonly Asked[] =>
  (part?.questions ?? questions).filter(
    (question) =>
      (ops === undefined || ops.includes(question.op)) && (direction === undefined || direction === question.direction),
  )

/** All that a scope asks: the programs, too, where it is every op and direction. */
export const itemsIn = (scope: Pick<Scope, 'ops' | 'direction' | 'part'>): readonly Item[] => {
  const programs = scope.ops === undefined && scope.direction === undefined && scope.part?.programs !== false
  return [...questionsIn(scope), ...(programs ? (['programs'] as const) : [])]
}

/**
 * Holds a backend against the oracle on every op and direction in scope.
 *
 * Seeds are derived per op and direction: the same seed gives the same cases and verdicts whatever else is asked.
 *
 * Errors  DeviceLost – the device went away: neither pass nor fail; what the oracle refuses of a case is a bug of ours
 */
export const verify =
  (
    given: Backend,
    oracle: Oracle,
    table: QuestionTable,
    { reopen: openAnew, ...rest }: Scope,
    watch: (progress: Progress) => void = () => undefined,
  ): taskEither.TaskEither<EtalonError, Report> =>
  async () => {
    // an op that gives no answer in time gives none on a backend opened anew either: they are counted together
    const guarding: Guarding = {
      delays: noDelays(),
      ...(rest.limit && { limit: rest.limit }),
      ...(openAnew && { reopen: openAnew }),
    }
    const backend = guarded(given, guarding)
    const scope: Scope = {
      ...rest,
      ...(openAnew && { reopen: TE.map((one: Backend): Backend => guarded(one, guarding))(openAnew) }),
    }
    return verifyAll(backend, oracle, table, scope, watch).finally(() => backend.closeOthers())
  }

const verifyAll = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  scope: Scope,
  watch: (progress: Progress) => void,
): Promise<Result<Report>> => {
  const rounding = await probeRounding(backend)()
  if (E.isLeft(rounding) && rounding.left.code === 'DeviceLost') return rounding
  const known = E.isRight(rounding) ? rounding.right : 'unknown'
  const lines: Line[] = []
  const history: Case[] = []
  let programs: Report['programs']
  const stopped = scope.stopped ?? (() => false)
  for await (const item of scope.queue ?? itemsIn(scope)) {
    if (item === 'programs') {
      if (stopped()) continue
      const probed = await probePrograms(backend, oracle, scope, {
        stopped,
        ...(scope.heard && { heard: scope.heard }),
      })()
      if (E.isLeft(probed)) return probed
      programs = probed.right
      continue
    }
    if (stopped()) {
      lines.push(blank(item.op, item.direction, backend.name))
      continue
    }
    const line = await verifyOne({ backend, oracle, table, ...item, scope, rounding: known, history }, watch)
    if (E.isLeft(line)) return line
    lines.push(line.right)
    watch({ ...item, done: line.right.cases, of: line.right.cases, rounding: known, line: line.right })
  }
  return E.right({
    backend: backend.name,
    fingerprint: backend.fingerprint,
    rounding: known,
    seed: scope.seed,
    profile: scope.profile ?? 'standard',
    lines,
    ...(programs === undefined ? {} : { programs }),
  })
}
