import { either as E, function as F } from 'fp-ts'
import { opNames, parseOpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, fail, show, within } from '../spec/error.js'
import type { Program } from '../spec/program.js'
import type { Case } from './form.js'
import { jsonText, parseCase } from './form.js'
import type { Judgement } from './judge.js'
import type { Failure, FailureGroup, Line, Report } from './line.js'
import type { ProgramLine } from './programs/probe.js'
import type { About } from './reportJson.js'
import { jsonSummary } from './reportJson.js'
import type { ReadFailure, ReadGroup, ReadJudgement, ReadLine, ReadProgram, ReadReport } from './reportCodec.js'
import { decodeSummary } from './reportCodec.js'
import { questionsIn } from './verify.js'

/** Reports of parts of a run, read again and laid together into that of the run. */

const caseOf = (value: unknown): Result<Case> => parseCase(jsonText(value))

// what a report leaves out says nothing about what failed
const judgementOf = ({ output, index, got, want, error, bound, ratio, walks = [], problem, late }: ReadJudgement) =>
  ({
    worst: { output, index, got, want, error, bound, ratio },
    walks: walks.map((walk) => ({ ...walk, within: false })),
    judged: 0,
    of: 0,
    held: 0,
    looseness: 0,
    spread: { squares: 0, elements: 0 },
    ...(problem === undefined ? {} : { problem }),
    ...(late === undefined ? {} : { late }),
  }) satisfies Judgement

const failureOf = (read: ReadFailure): Result<Failure> =>
  E.map((smallest: Case): Failure => ({
    id: read.id,
    smallestId: read.smallestId,
    smallest,
    judgement: judgementOf(read),
  }))(caseOf(read.smallest))

const groupOf = ({ failure, ...rest }: ReadGroup): Result<FailureGroup> =>
  E.map((one: Failure): FailureGroup => ({ ...rest, failure: one }))(failureOf(failure))

type Shown = Pick<Line, 'repeats' | 'sequence' | 'lost'>

const repeatsOf = ({ repeats }: ReadLine): Result<Pick<Shown, 'repeats'>> => {
  if (repeats === undefined) return E.right({})
  const { difference, ...counts } = repeats
  if (difference === undefined) return E.right({ repeats: counts })
  const { output, index, first, again } = difference
  return E.map((asked: Case) => ({ repeats: { ...counts, difference: { asked, output, index, first, again } } }))(
    caseOf(difference.case),
  )
}

const sequenceOf = ({ sequence }: ReadLine): Result<Pick<Shown, 'sequence'>> =>
  sequence === undefined
    ? E.right({})
    : E.map((cases: readonly Case[]) => ({
        sequence: {
          cases,
          judgement: judgementOf(sequence),
          ...(sequence.note === undefined ? {} : { note: sequence.note }),
        },
      }))(E.traverseArray(caseOf)(sequence.cases))

const lostOf = ({ lost }: ReadLine): Result<Pick<Shown, 'lost'>> => {
  if (lost === undefined) return E.right({})
  const { case: json, ...rest } = lost
  return E.map((asked: Case) => ({ lost: { ...rest, asked } }))(caseOf(json))
}

/**
 * A line of a report as `verify` had it. What a report does not say of it, it does not have either.
 *
 * Errors  UnknownOp; those of `parseCase`
 */
export const lineOf = (read: ReadLine): Result<Line> =>
  F.pipe(
    E.Do,
    E.bind('op', () => parseOpName(read.op)),
    E.bind('groups', () => E.traverseArray(groupOf)(read.groups ?? [])),
    E.bind('repeats', () => repeatsOf(read)),
    E.bind('sequence', () => sequenceOf(read)),
    E.bind('lost', () => lostOf(read)),
    E.map(({ op, groups, repeats, sequence, lost }): Line => {
      const {
        worst,
        grade,
        rmsByPlain,
        graded,
        failure: _,
        groups: __,
        repeats: ___,
        sequence: ____,
        lost: _____,
        ...rest
      } = read
      return {
        ...rest,
        op,
        groups,
        ...(groups[0] === undefined ? {} : { failure: groups[0].failure }),
        // got and want at the worst element are told of failures alone
        ...(worst === undefined
          ? {}
          : {
              worst: { ...worst, got: NaN, want: NaN },
              ...(worst.case === undefined ? {} : { worstCase: worst.case }),
            }),
        ...(grade === undefined ? {} : { grade: { letter: grade, ratio: rmsByPlain ?? NaN, cases: graded ?? 0 } }),
        ...repeats,
        ...sequence,
        ...lost,
      }
    }),
    E.mapLeft(within(`${read.op} ${read.direction}`)),
  )

const programOf = ({ worst, failure, ...rest }: ReadProgram): ProgramLine => ({
  ...rest,
  ...(worst === undefined
    ? {}
    : { worst: { ...worst, got: NaN, want: NaN }, ...(worst.case === undefined ? {} : { worstAt: worst.case }) }),
  // eslint-disable-next-line no-restricted-syntax -- a program is shown, and not run again
  ...(failure === undefined ? {} : { failure: { ...failure, program: failure.program as unknown as Program } }),
})

/** A report that was read, as `verify` had it. Errors: those of `lineOf` */
export const reportOf = ({ lines, programs, summary }: ReadReport): Result<Report> =>
  F.pipe(
    E.traverseArray(lineOf)(lines),
    E.map((own): Report => ({
      backend: summary.backend,
      fingerprint: summary.fingerprint,
      rounding: summary.rounding,
      seed: summary.seed,
      profile: summary.profile,
      lines: own,
      ...(summary.programs === undefined ? {} : { programs: programs.map(programOf) }),
    })),
  )

/** A report with the name of the file that it came from. */
export interface Named {
  readonly name: string
  readonly report: ReadReport
}

// what all parts of a run have in common
const common = ({ summary }: ReadReport): Readonly<Record<string, unknown>> => ({
  'suite version': summary.suite,
  backend: summary.backend,
  profile: summary.profile,
  seed: summary.seed,
  shards: summary.shard?.of,
  runs: summary.asked?.runs,
  ops: summary.asked?.ops,
  direction: summary.asked?.direction,
  'non-finite': summary.asked?.nonFinite,
  rounding: summary.rounding,
  ...Object.fromEntries(Object.entries(summary.fingerprint).map(([name, value]) => [`device’s ${name}`, value])),
})

const fits = (first: Named, other: Named): Result<void> => {
  const [a, b] = [common(first.report), common(other.report)]
  const odd = [...new Set([...Object.keys(a), ...Object.keys(b)])].find(
    (name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]),
  )
  return ensure(
    odd === undefined,
    'FormatInvalid',
    `${other.name} is of another run than ${first.name}: its ${odd ?? ''} is ${show(b[odd ?? ''])}, not ${show(a[odd ?? ''])}`,
  )
}

const isShard = ({ name, report: { summary } }: Named): Result<void> =>
  F.pipe(
    ensure(
      summary.shard !== undefined,
      'FormatInvalid',
      `${name} is a whole report, not a shard: verify --shard 1/4 --json FILE writes one`,
    ),
    E.flatMap(() =>
      ensure(summary.stopped !== 'interrupted', 'FormatInvalid', `${name} is of a run that was interrupted`),
    ),
  )

// every shard once
const complete = (named: readonly Named[]): Result<void> => {
  const of = named[0]?.report.summary.shard?.of ?? 0
  const at = (index: number): readonly Named[] => named.filter(({ report }) => report.summary.shard?.index === index)
  const numbers = Array.from({ length: of }, (_, i) => i + 1)
  const twice = numbers.map(at).find(({ length }) => length > 1)
  const missing = numbers.filter((index) => at(index).length === 0)
  return F.pipe(
    ensure(
      twice === undefined,
      'FormatInvalid',
      `shard ${twice?.[0]?.report.summary.shard?.index ?? 0}/${of} is there twice: ${twice?.map(({ name }) => name).join(' and ') ?? ''}`,
    ),
    E.flatMap(() =>
      ensure(
        missing.length === 0,
        'FormatInvalid',
        `of ${of} shards ${missing.length === 1 ? `shard ${missing[0] ?? 0} is` : `${missing.join(', ')} are`} missing`,
      ),
    ),
  )
}

// the lines of a run in one, each once, in the catalogue's order
const ordered = (named: readonly Named[]): Result<readonly ReadLine[]> => {
  const lines = named.flatMap(({ report }) => report.lines)
  const { ops, direction } = named[0]?.report.summary.asked ?? {}
  const wanted = questionsIn({
    ...(ops === undefined ? {} : { ops: opNames.filter((op) => ops.includes(op)) }),
    ...(direction === undefined ? {} : { direction }),
  })
  const found = wanted.map(({ op, direction }) =>
    lines.filter((line) => line.op === op && line.direction === direction),
  )
  const odd = found.findIndex(({ length }) => length !== 1)
  const { op, direction: way } = wanted[odd] ?? {}
  return F.pipe(
    ensure(
      odd === -1,
      'FormatInvalid',
      `${op ?? ''} ${way ?? ''} is in ${found[odd]?.length === 0 ? 'none' : 'several'} of the shards: they are of different versions`,
    ),
    E.flatMap(() =>
      ensure(
        found.length === lines.length,
        'FormatInvalid',
        `the shards have ${lines.length} lines, the run that they are of ${found.length}`,
      ),
    ),
    E.map(() => found.flat()),
  )
}

/** A run that was laid together: as `verify` had it, and as it is written. */
export interface Merged {
  readonly report: Report
  readonly read: ReadReport
}

/**
 * The run of which some reports are the parts. Its time is that of all parts together.
 *
 * Errors  FormatInvalid – no report, a report that is no shard or was interrupted, shards of different runs, one that
 *         is missing or there twice; those of `lineOf`
 */
export const mergeReports = (named: readonly Named[]): Result<Merged> => {
  const [first] = named
  if (first === undefined) return fail('FormatInvalid', 'there is no report to merge')
  return F.pipe(
    E.traverseArray(isShard)(named),
    E.flatMap(() => E.traverseArray((other: Named) => fits(first, other))(named)),
    E.flatMap(() => complete(named)),
    E.flatMap(() => ordered(named)),
    E.bindTo('lines'),
    E.let('programs', () => named.flatMap(({ report }) => report.programs)),
    E.let('base', ({ lines, programs }): ReadReport => {
      const withPrograms = named.find(({ report }) => report.summary.programs !== undefined)
      const { programs: _, ...summary } = first.report.summary
      const counts = withPrograms?.report.summary.programs
      return { lines, programs, summary: { ...summary, ...(counts === undefined ? {} : { programs: counts }) } }
    }),
    E.bind('report', ({ base }) => reportOf(base)),
    E.bind('summary', ({ report }) => {
      const { asked, replay } = first.report.summary
      const stopped = named.find(({ report }) => report.summary.stopped !== undefined)?.report.summary.stopped
      const about = {
        ...(asked === undefined ? {} : { asked: asked as NonNullable<About['asked']> }),
        ...(replay === undefined ? {} : { replay }),
        ...(stopped === undefined ? {} : { stopped }),
      }
      const seconds = named.reduce((n, { report }) => n + report.summary.seconds, 0)
      return decodeSummary(jsonSummary(report, seconds, about)['summary'])
    }),
    E.map(({ base, report, summary }): Merged => ({ report, read: { ...base, summary } })),
  )
}
