import { either as E } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import { afterAll, beforeAll, describe, test, type TestContext } from 'vitest'
import type { Profile } from '../conformance/cases.js'
import { printFailure } from '../conformance/failureReport.js'
import { closed, fingerprintOf } from '../conformance/guarded.js'
import type { Line } from '../conformance/line.js'
import { notItsOwn } from '../conformance/line.js'
import { failsRun, isDeclared } from '../conformance/overall.js'
import { printDifference, printProgramFailure, printSequence } from '../conformance/probeReport.js'
import type { ProgramLine } from '../conformance/programs/probe.js'
import { checkOracle } from '../conformance/selfCheck.js'
import { readSkips, withSkips } from '../conformance/skips.js'
import { questionTable } from '../conformance/table.js'
import { blank, questionsIn, verify, type Scope } from '../conformance/verify.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { EtalonError } from '../spec/error.js'
import { getOrThrow } from '../spec/error.js'
import { openBackend, replayCommand } from './backends.js'
import { faultyOracle } from './faulty.js'
import { opList } from './options.js'
import { grading } from './part.js'
import { breathing, timeLimit } from './timeLimit.js'

/** The conformance suite as tests of Vitest: a suite for each op, a test for each direction. */

/** What a function that opens a backend may give. */
type Opened = Backend | either.Either<EtalonError, Backend>

/**
 * What is held: a backend, a function that opens one – plainly, as a promise, or as an `Either`, like `openWebGpu()` –, or
 * what `--backend` takes: a name, the path of a file, `exec:COMMAND`. A backend that is given is closed after the last test.
 */
export type Subject = Backend | string | (() => Opened | PromiseLike<Opened>)

/** What is known to fail: an entry of a ledger, as `--skips` reads it. */
export interface KnownFailure {
  readonly op: OpName
  /** both where it is left out */
  readonly direction?: Direction
  /** why it is right to go on all the same: an issue, a convention */
  readonly reason: string
  /** an ISO date, the last day on which it counts */
  readonly expires: string
  /** the traits of the failures that it is about, where it is not about all */
  readonly traits?: readonly string[]
}

export interface ConformanceOptions {
  /** what the suite is called; by default by the backend's name */
  readonly name?: string
  /** only these, `*` for any letters; by default all there are, of which the backend's others are skipped */
  readonly ops?: readonly string[]
  readonly directions?: readonly Direction[]
  /** `quick` unless it is given: every class of cases once */
  readonly profile?: Profile
  /** cases of any classes drawn beside those of the profile: none unless it is given */
  readonly runs?: number
  /** 1 unless it is given */
  readonly seed?: number
  /** `strict`: a NaN or an infinity that is lost is a failure; else it is told */
  readonly nonFinite?: 'told' | 'strict'
  /** small programs as well, in a test of their own; by default where `ops` and `directions` leave nothing out */
  readonly programs?: boolean
  /** failures that are known: they do not fail, and are told; one that is none any more fails */
  readonly known?: readonly KnownFailure[]
  /** seconds that an answer may take, 30 unless it is given */
  readonly caseTimeout?: number
  /** seconds for making a failure small, 5 unless it is given */
  readonly shrinkTime?: number
  /** milliseconds that a test may take, ten minutes unless it is given */
  readonly timeout?: number
  /** the path of the file whose default export is the backend, so that a failure's replay line names it */
  readonly file?: string
}

const directionsOfAll: readonly Direction[] = ['forward', 'backward']

const isEither = (opened: Opened): opened is either.Either<EtalonError, Backend> => '_tag' in opened

/** How the subject is opened: each time anew but where it is a backend already. */
const openerOf = (subject: Subject): taskEither.TaskEither<EtalonError, Backend> => {
  if (typeof subject === 'string') return openBackend('auto', subject)
  if (typeof subject !== 'function') return () => Promise.resolve(E.right(subject))
  return async () => {
    const opened = await subject()
    return isEither(opened) ? opened : E.right(opened)
  }
}

/** A failure of a test: the report is all that there is to see, so that no lines of this package stand below it. */
const failure = (report: string): Error => {
  const error = new Error(report)
  error.name = 'not conformant'
  error.stack = `${error.name}: ${report}`
  return error
}

/** Says something beside the verdict: in the reports that take it, and where people read. */
const tell = async (context: TestContext, about: string, text: string): Promise<void> => {
  await context.annotate(text, about)
  console.warn(`${context.task.suite?.name ?? ''} ${context.task.name}: ${about}: ${text}`)
}

const reasonsOf = ({ unsupported = {} }: Line): string =>
  Object.entries(unsupported)
    .map(([reason, count]) => `${reason} (${count})`)
    .join('; ')

/** Ends a test as a line says: it passes, fails, or is skipped. */
const conclude = async (context: TestContext, line: Line, fingerprint: Backend['fingerprint'], command: string) => {
  const place = { fingerprint, command }
  const report = [printFailure(line, place), printSequence(line, place)].filter((text) => text !== '').join('\n\n')
  const words = `${line.op} ${line.direction}: ${line.verdict}, ${line.failed} of ${line.cases} cases failed`
  if (failsRun(line)) {
    const doubts = checkOracle(oracle, questionTable, [line.op], 'thorough')
    if (doubts.length > 0) throw failure(`the oracle fails its own check, so this is no verdict:\n${doubts.join('\n')}`)
    throw failure(
      line.unexpected !== undefined
        ? `${words}; it is known to fail, and does not as is said: ${line.unexpected.map(({ reason }) => reason).join('; ')}${report === '' ? '' : `\n\n${report}`}`
        : `${words}\n\n${report}`,
    )
  }
  for (const { reason, expires } of line.expected ?? [])
    await tell(context, 'known', `${words}: ${reason} (until ${expires})`)
  if (isDeclared(line)) await tell(context, 'convention', `${words}, by a convention that the backend declares`)
  if (line.verdict === 'not-deterministic')
    await tell(context, 'not deterministic', printDifference(line, place) || words)
  if (line.nonFinite === 'lost') await tell(context, 'NaN', 'a NaN or an infinity is lost')
  if (line.verdict === 'unsupported')
    context.skip(notItsOwn(line) === 0 ? `${line.backend} has no ${line.op} ${line.direction}` : reasonsOf(line))
  if (line.verdict === 'not-run')
    context.skip(
      `most cases were not answered: ${[reasonsOf(line), ...(line.refused > 0 ? [`${line.refused} refused for a limit of the device`] : [])].filter((text) => text !== '').join('; ')}`,
    )
  if (notItsOwn(line) > 0) await tell(context, 'not its own', `${notItsOwn(line)} cases: ${reasonsOf(line)}`)
}

const concludePrograms = (
  lines: readonly ProgramLine[],
  fingerprint: Backend['fingerprint'],
  command: string,
): void => {
  const wrong = lines.filter(failsRun)
  if (wrong.length > 0)
    throw failure(wrong.map((line) => printProgramFailure(line, { fingerprint, command })).join('\n\n'))
}

/**
 * A suite of Vitest that holds a backend against the reference: a suite for each op, in it a test for each direction. A
 * test asks its own cases when it is run, and not before; one that a filter leaves out costs nothing. The backend is opened
 * before the first and closed after the last.
 *
 * A failing test's message is the report: the smallest case, what came and what was wanted, the bound and why it is that,
 * and the command that replays it. What the backend does not have is skipped, with the reason.
 *
 * Throws, so that the file fails – an op that there is none of, an entry of `known` without a reason or out of date.
 */
export const describeConformance = (subject: Subject, options: ConformanceOptions = {}): void => {
  const {
    directions = directionsOfAll,
    profile = 'quick',
    runs = 0,
    seed = 1,
    nonFinite = 'told',
    programs = options.ops === undefined && options.directions === undefined,
    known = [],
    caseTimeout = 30,
    shrinkTime = 5,
    timeout = 600_000,
  } = options
  const ops = options.ops && opList(options.ops.join(','))
  const skips = withSkips(getOrThrow(readSkips(JSON.stringify(known), new Date().toISOString().slice(0, 10))))
  const open = openerOf(subject)
  const command = replayCommand('auto', typeof subject === 'string' ? subject : (options.file ?? 'FILE'))
  const called = typeof subject === 'string' ? subject : typeof subject === 'function' ? '' : subject.name
  const scope = {
    profile,
    runs,
    seed,
    nonFinite,
    shrinking: { cases: 20_000, seconds: shrinkTime },
    limit: breathing(timeLimit(caseTimeout)),
    faulty: faultyOracle,
    // one that is there already cannot be had anew
    ...(typeof subject === 'object' ? {} : { reopen: open }),
  } satisfies Scope
  const questions = questionsIn({ ...(ops && { ops }) }).filter(({ direction }) => directions.includes(direction))

  describe(options.name ?? `conformance${called === '' ? '' : ` of ${called}`}`, () => {
    const held: { backend?: Backend } = {}
    beforeAll(async () => {
      held.backend = getOrThrow(await open())
    }, timeout)
    afterAll(async () => {
      const problem = held.backend && (await closed(held.backend, timeLimit(5)))
      if (problem !== undefined) console.warn(`the backend: ${problem}`)
    }, timeout)

    const ask = async (asked: Pick<Scope, 'queue'>) => {
      const backend = held.backend as Backend
      const report = await verify(backend, oracle, questionTable, { ...scope, ...(await grading()), ...asked })()
      if (E.isLeft(report)) throw failure(`${report.left.code}: ${report.left.message}; this is no verdict`)
      return { report: report.right, fingerprint: fingerprintOf(backend) }
    }

    for (const op of new Set(questions.map((question) => question.op)))
      describe(op, () => {
        for (const question of questions.filter((one) => one.op === op))
          test(question.direction, { timeout }, async (context) => {
            const { report, fingerprint } = await ask({ queue: [question] })
            const line = report.lines[0] ?? blank(op, question.direction, report.backend)
            await conclude(context, skips(line), fingerprint, command)
          })
      })
    if (programs)
      test('programs', { timeout }, async () => {
        const { report, fingerprint } = await ask({ queue: ['programs'] })
        concludePrograms(report.programs ?? [], fingerprint, command)
      })
  })
}
