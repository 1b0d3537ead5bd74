import type { Direction, OpName } from '../spec/catalogue.js'
import { suiteVersion } from './cases.js'
import type { Case } from './form.js'
import { printCase } from './form.js'
import type { Judgement } from './judge.js'
import type { Failure, Line, Report, Verdict } from './line.js'
import type { Lost } from './nonFinite.js'
import type { ProgramLine } from './programs/probe.js'
import type { Stopped } from './overall.js'
import { overallOf, totalsOf } from './overall.js'
import { coveredIn } from './report.js'

/** A report as values for lines of JSON: one for each op and direction, one for each program, then a summary. */

// JSON has neither NaN nor an infinity
const finiteOr = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const jsonCase = (asked: Case): unknown => JSON.parse(printCase(asked))

const jsonWorst = (line: Pick<Line, 'worst' | 'worstCase'>) =>
  line.worst === undefined
    ? {}
    : {
        worst: {
          ratio: finiteOr(line.worst.ratio),
          error: finiteOr(line.worst.error),
          bound: finiteOr(line.worst.bound),
          index: line.worst.index,
          output: line.worst.output,
          case: line.worstCase,
        },
      }

// got, want and how far they are apart, where a case is judged; the walks that are too long
const jsonJudgement = ({ worst, walks, problem, late }: Judgement) => ({
  output: worst.output,
  index: worst.index,
  got: finiteOr(worst.got),
  want: finiteOr(worst.want),
  error: finiteOr(worst.error),
  bound: finiteOr(worst.bound),
  ratio: finiteOr(worst.ratio),
  ...(walks.every(({ within }) => within)
    ? {}
    : {
        walks: walks
          .filter(({ within }) => !within)
          .map(({ output, rms, max, count, limits }) => ({
            output,
            rms: finiteOr(rms),
            max: finiteOr(max),
            count,
            limits: { rms: finiteOr(limits.rms), max: finiteOr(limits.max) },
          })),
      }),
  ...(problem === undefined ? {} : { problem }),
  ...(late === undefined ? {} : { late }),
})

const jsonFailure = ({ id, smallestId, smallest, judgement }: Failure) => ({
  id,
  smallestId,
  smallest: jsonCase(smallest),
  ...jsonJudgement(judgement),
})

const jsonLost = ({ asked, special, into, at, output, index, got, want, problem }: Lost) => ({
  special,
  into,
  at,
  output,
  index,
  got: finiteOr(got),
  want: finiteOr(want),
  ...(problem === undefined ? {} : { problem }),
  case: jsonCase(asked),
})

const jsonRepeats = ({ repeats, sequence }: Line) => ({
  ...(repeats === undefined
    ? {}
    : {
        repeats: {
          asked: repeats.asked,
          differed: repeats.differed,
          failed: repeats.failed,
          ...(repeats.difference === undefined
            ? {}
            : {
                difference: {
                  case: jsonCase(repeats.difference.asked),
                  output: repeats.difference.output,
                  index: repeats.difference.index,
                  first: finiteOr(repeats.difference.first),
                  again: finiteOr(repeats.difference.again),
                },
              }),
        },
      }),
  ...(sequence === undefined
    ? {}
    : {
        sequence: {
          cases: sequence.cases.map(jsonCase),
          ...jsonJudgement(sequence.judgement),
          ...(sequence.note === undefined ? {} : { note: sequence.note }),
        },
      }),
})

/** One op and direction as a value for a line of JSON. */
export const jsonLine = (line: Line) => ({
  op: line.op,
  direction: line.direction,
  backend: line.backend,
  ...(line.translates === undefined ? {} : { translates: line.translates }),
  cases: line.cases,
  refused: line.refused,
  ...(line.unsupported === undefined ? {} : { unsupported: line.unsupported }),
  ...(line.unasked === undefined ? {} : { unasked: line.unasked }),
  failed: line.failed,
  verdict: line.verdict,
  judged: line.judged,
  of: line.of,
  held: line.held,
  ...(line.transformed === undefined ? {} : { transformed: line.transformed }),
  ...(line.covered === undefined ? {} : { covered: line.covered }),
  ...jsonWorst(line),
  ...(line.rms === undefined ? {} : { rms: finiteOr(line.rms) }),
  ...(line.walk === undefined
    ? {}
    : { walk: { rms: finiteOr(line.walk.rms), max: finiteOr(line.walk.max), judged: line.walk.judged } }),
  ...jsonRepeats(line),
  nonFinite: line.nonFinite,
  ...(line.lost === undefined ? {} : { lost: jsonLost(line.lost) }),
  ...(line.grade === undefined
    ? {}
    : { grade: line.grade.letter, rmsByPlain: finiteOr(line.grade.ratio), graded: line.grade.cases }),
  ...(line.failure === undefined ? {} : { failure: jsonFailure(line.failure) }),
  ...(line.groups.length === 0
    ? {}
    : {
        groups: line.groups.map(({ traits, failed, of, failure, diagnosis, snippet }) => ({
          traits,
          failed,
          of,
          failure: jsonFailure(failure),
          ...(diagnosis === undefined ? {} : { diagnosis }),
          ...(snippet === undefined ? {} : { snippet }),
        })),
      }),
  ...(line.expected === undefined ? {} : { expected: line.expected }),
  ...(line.unexpected === undefined ? {} : { unexpected: line.unexpected }),
  ...(line.seconds === undefined ? {} : { seconds: line.seconds }),
})

/** One program as a value for a line of JSON: it has `program` where the others have `op` and `direction`. */
export const jsonProgramLine = ({ worst, worstAt, failure, ...counts }: ProgramLine) => ({
  ...counts,
  ...jsonWorst({ ...(worst && { worst }), ...(worstAt !== undefined && { worstCase: worstAt }) }),
  ...(failure === undefined
    ? {}
    : {
        failure: {
          at: failure.at,
          ...(failure.node === undefined ? {} : { node: failure.node }),
          message: failure.message,
          program: failure.program,
        },
      }),
})

const programTotals = (programs: readonly ProgramLine[]) => {
  const count = (verdict: Verdict): number => programs.filter((line) => line.verdict === verdict).length
  return {
    conformant: count('conformant'),
    notConformant: count('not-conformant'),
    unsupported: count('unsupported'),
    notRun: count('not-run'),
  }
}

/**
 * The version of the report's form. It goes up when a field goes, or means something else; what is added changes
 * nothing for those who do not know it.
 */
export const reportVersion = 1

/** What a summary says of the run beside what was found: what was asked, of which part it is, and how to ask it again. */
export interface About {
  /** what was asked beside profile and seed */
  readonly asked?: {
    readonly ops?: readonly OpName[]
    readonly direction?: Direction
    readonly runs: number
    readonly nonFinite: 'told' | 'strict'
  }
  /** the part of the questions that was asked, counted from 1 */
  readonly shard?: { readonly index: number; readonly of: number }
  /** the command that replays a case */
  readonly replay?: string
  /** why the run ended before all was asked */
  readonly stopped?: Stopped
}

/** The last line of a JSON report. */
export const jsonSummary = (report: Report, seconds: number, about: About = {}) => ({
  summary: {
    version: reportVersion,
    suite: suiteVersion,
    verdict: overallOf(report, about.stopped),
    ...totalsOf(report.lines),
    backend: report.backend,
    seed: report.seed,
    profile: report.profile,
    ...about,
    covered: coveredIn(report.lines),
    ...(report.programs === undefined ? {} : { programs: programTotals(report.programs) }),
    seconds,
    rounding: report.rounding,
    fingerprint: report.fingerprint,
  },
})
