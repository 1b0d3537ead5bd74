import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { suiteVersion } from '../../conformance/cases.js'
import type { Case } from '../../conformance/form.js'
import { realise } from '../../conformance/form.js'
import { letterOf } from '../../conformance/grade.js'
import { expectWhole } from '../../conformance/judge.js'
import { reportOf } from '../../conformance/merge.js'
import type {
  ReadGroup,
  ReadJudgement,
  ReadLine,
  ReadProgram,
  ReadReport,
  ReadSummary,
} from '../../conformance/reportCodec.js'
import { readReport, writeReport } from '../../conformance/reportCodec.js'
import { jsonSummary } from '../../conformance/reportJson.js'
import { isPlainFact } from '../../conformance/text.js'
import { verdictOf } from '../../conformance/verify.js'
import { caseOf, casesOf } from '../../conformance/written.js'
import { oracle } from '../../reference/index.js'
import { anyOrder } from '../../spec/bound.js'
import { questions } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, etalonError, fail, within } from '../../spec/error.js'

/**
 * What is on record of a library: the report of a run as `verify --json` writes it, without what the scoreboard does not
 * tell, and with where it is from and what others answered to its smallest cases. It is a report still, so that `etalon
 * report` and `compare` take it.
 */

const matching = (pattern: RegExp, name: string) => t.refinement(t.string, (text) => pattern.test(text), name)
const count = t.refinement(t.number, (value) => Number.isInteger(value) && value > 0, 'a whole number above 0')
// JSON has neither NaN nor an infinity: they are words there
const figure = t.union([t.number, t.keyof({ NaN: null, Infinity: null, '-Infinity': null })])

/** Where a record is from. */
const provenance = t.type({
  /** the day of the run */
  date: matching(/^\d{4}-\d\d-\d\d$/, 'a day as 2026-01-31'),
  /** the commit of this repository that asked */
  commit: matching(/^[0-9a-f]{7,40}$/, 'a commit'),
  command: t.string,
  /** so many processes asked a part each, one after the other */
  parts: count,
  /** the processor, in its own words */
  processor: t.string,
})
export type Provenance = t.TypeOf<typeof provenance>

/** What came of asking somebody a smallest case again: got at its worst element, or why there is no number. */
const witness = t.union([
  t.type({ conformant: t.boolean, got: figure }),
  t.type({ conformant: t.boolean, problem: t.string }),
  t.type({ unsupported: t.string }),
  // a replay in a browser says no more
  t.type({ conformant: t.boolean }),
])
export type Witness = t.TypeOf<typeof witness>

/** The library itself, opened anew and asked nothing else; PyTorch, where it has the op. */
const witnesses = t.intersection([t.type({ again: witness }), t.partial({ pytorch: witness })])
export type Witnesses = t.TypeOf<typeof witnesses>

/** A disagreement between a library and the formula that a person has to look at. */
export interface Disagreement {
  /** what the triage knows it by: the first case of the group as it was drawn, or the line and what it is */
  readonly key: string
  /** the line that it is on, or the program */
  readonly at: ReadLine | ReadProgram
  /** failures with something in common */
  readonly group?: ReadGroup
  readonly witnesses?: Witnesses
}

/** A record, read and found to hold together. */
export interface Recording {
  readonly backend: string
  readonly report: ReadReport
  readonly from: Provenance
  readonly disagreements: readonly Disagreement[]
}

// ---- making ------------------------------------------------------------------------------------------------------

// coverage is told elsewhere, and the first failure stands among the groups
const trimmed = ({ covered: _, failure: __, ...line }: ReadLine): ReadLine => line

// where Python lies on a machine says nothing of it, and a browser has a name
const isTold = ([name, value]: readonly [string, unknown]): boolean =>
  isPlainFact([name, value]) && name !== 'python' && name !== 'userAgent'

/** The text of a record of a whole run. Errors: FormatInvalid – a part of one, or one that was broken off */
export const recordOf = ({ lines, programs, summary }: ReadReport, from: Provenance): Result<string> =>
  F.pipe(
    ensure(
      summary.shard === undefined && summary.stopped === undefined,
      'FormatInvalid',
      'this is a part of a run; etalon merge lays parts together',
    ),
    E.map(() => {
      const fingerprint = Object.fromEntries(Object.entries(summary.fingerprint).filter(isTold))
      const last: ReadSummary & { readonly recorded: Provenance } = { ...summary, fingerprint, recorded: from }
      return writeReport({ lines: lines.map(trimmed), programs, summary: last })
    }),
  )

/** The text of a record with other witnesses, by the key of what they are asked about. */
export const withWitnesses = ({ report }: Recording, found: Readonly<Record<string, Witnesses>>): string =>
  writeReport({
    ...report,
    lines: report.lines.map((line) =>
      line.groups === undefined
        ? line
        : {
            ...line,
            groups: line.groups.map((group) => {
              const known = found[keyOf(line, group)]
              return known === undefined ? group : { ...group, witnesses: known }
            }),
          },
    ),
  })

// ---- reading -----------------------------------------------------------------------------------------------------

const decoded = <A>(codec: t.Type<A, unknown>, value: unknown, what: string): Result<A> =>
  F.pipe(
    codec.decode(value),
    E.mapLeft((errors) => {
      const last = errors[0]?.context.at(-1)
      return etalonError('FormatInvalid', `${what} has no ${last?.key ?? ''} that is ${last?.type.name ?? 'right'}`)
    }),
  )

const fieldOf = (value: object, name: string): unknown => (name in value ? Reflect.get(value, name) : undefined)

// what is special of a case, a NaN in an input, say, goes by the name of the case that it was put into
const keyOf = ({ groups = [] }: ReadLine, group: ReadGroup): string => {
  const before = groups.slice(0, groups.indexOf(group)).filter(({ failure }) => failure.id === group.failure.id).length
  return before === 0 ? group.failure.id : `${group.failure.id} (${before + 1})`
}

const disagreementsOf = ({ lines, programs }: ReadReport): Result<readonly Disagreement[]> =>
  F.pipe(
    lines,
    E.traverseArray((line) => {
      const named = `${line.op}/${line.direction}`
      return F.pipe(
        line.groups ?? [],
        E.traverseArray((group): Result<Disagreement> => {
          const found = fieldOf(group, 'witnesses')
          const base = { key: keyOf(line, group), at: line, group }
          return found === undefined
            ? E.right(base)
            : E.map((known: Witnesses) => ({ ...base, witnesses: known }))(
                decoded(witnesses, found, `what witnesses say of ${group.failure.id}`),
              )
        }),
        E.map((groups) => [
          ...groups,
          ...(line.sequence === undefined ? [] : [{ key: `${named} after others`, at: line }]),
          ...(line.verdict === 'not-deterministic' ? [{ key: `${named} asked again`, at: line }] : []),
        ]),
      )
    }),
    E.map((all) => [
      ...all.flat(),
      ...programs
        .filter(({ verdict }) => verdict === 'not-conformant')
        .map((at): Disagreement => ({ key: `program ${at.program}`, at })),
    ]),
  )

// ---- what a run cannot have found --------------------------------------------------------------------------------

const lies = (condition: boolean, message: string): Result<void> => ensure(!condition, 'FormatInvalid', message)

const each = <A>(list: readonly A[], check: (one: A) => Result<void>): Result<void> =>
  F.pipe(
    list,
    E.traverseArray(check),
    E.map(() => undefined),
  )

// as near as the digits of f64 hold, a library function of another version may be off in the last ones
const near = (a: number, b: number): boolean => Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.abs(b)

/** What the formula gives where a judgement says what it wanted. */
const wantedAt = (asked: Case, { output, index }: ReadJudgement): Result<number> =>
  F.pipe(
    realise(asked),
    E.flatMap((question) => expectWhole(oracle, question, anyOrder)),
    E.flatMap(({ values }) => {
      const value = values[output]
      const position = value?.shape.reduce((n, extent, axis) => n * extent + (index[axis] ?? 0), 0)
      return value === undefined || position === undefined
        ? fail('FormatInvalid', `the op has no ${output}`)
        : E.right(value.data[position] as number)
    }),
  )

const judged = (asked: Case | undefined, judgement: ReadJudgement): Result<void> => {
  const { got, want, error, bound, ratio, problem, walks } = judgement
  if (asked === undefined) return fail('FormatInvalid', 'its smallest case is none')
  if (problem !== undefined) return E.right(undefined)
  return F.pipe(
    wantedAt(asked, judgement),
    E.flatMap((value) => lies(!near(value, want), `it says that ${want} is wanted, and the formula gives ${value}`)),
    E.flatMap(() =>
      lies(
        Number.isFinite(error) && !near(Math.abs(got - want), error),
        `it says that ${got} is ${error} off, and ${want} is wanted`,
      ),
    ),
    E.flatMap(() =>
      lies(
        bound > 0 && Number.isFinite(ratio) && !near(error / bound, ratio),
        `it says that ${error} is ${ratio} times ${bound}`,
      ),
    ),
    E.flatMap(() => lies(ratio <= 1 && walks === undefined, 'its smallest case is within its bound')),
  )
}

const group = (line: ReadLine, { failed, of, failure }: ReadGroup): Result<void> =>
  F.pipe(
    lies(failed > of || of > line.cases, `${failed} of ${of} of ${line.cases} cases cannot be`),
    E.flatMap(() => judged(caseOf(failure.smallest), failure)),
    E.mapLeft(within(failure.id)),
  )

const lineHolds =
  ({ summary }: ReadReport) =>
  (line: ReadLine): Result<void> => {
    const { worst, grade, rmsByPlain, failed, cases, verdict, groups = [], sequence, backend } = line
    const wrongly = verdict === 'not-conformant' || verdict === 'inaccurate' || verdict === 'convention'
    return F.pipe(
      lies(backend !== summary.backend, `it is of ${backend}`),
      E.flatMap(() => lies(failed > cases, `${failed} of ${cases} cases cannot have failed`)),
      E.flatMap(() => lies(!wrongly && groups.length > 0, `it is ${verdict}, and has failures`)),
      E.flatMap(() =>
        lies(!wrongly && worst !== undefined && worst.ratio > 1, `it is ${verdict}, and off by more than its bound`),
      ),
      E.flatMap(() =>
        lies(wrongly && groups.length === 0 && sequence === undefined, `it is ${verdict}, and shows nothing that is`),
      ),
      E.flatMap(() =>
        lies(
          grade !== undefined && (rmsByPlain === undefined || letterOf(rmsByPlain) !== grade),
          `${rmsByPlain} makes no ${grade}`,
        ),
      ),
      E.flatMap(() => each(groups, (one) => group(line, one))),
      E.flatMap(() => {
        const last = sequence === undefined ? undefined : casesOf(sequence.cases).at(-1)
        return sequence === undefined ? E.right(undefined) : judged(last, sequence)
      }),
      E.mapLeft(within(`${line.op} ${line.direction}`)),
    )
  }

const countsHold = (read: ReadReport): Result<void> =>
  F.pipe(
    reportOf(read),
    E.flatMap((report) =>
      F.pipe(
        each(report.lines, (line) =>
          lies(
            verdictOf(line) !== line.verdict && line.verdict !== 'unsupported',
            `${line.op} ${line.direction}: what it found comes to ${verdictOf(line)}, not to ${line.verdict}`,
          ),
        ),
        E.flatMap(() => {
          const { covered: _, ...own } = jsonSummary(report, read.summary.seconds).summary
          const odd = Object.entries(own).find(
            ([name, value]) =>
              !['version', 'suite', 'seconds'].includes(name) &&
              JSON.stringify(value) !== JSON.stringify(fieldOf(read.summary, name)),
          )
          return lies(odd !== undefined, `its summary’s ${odd?.[0]} is not what its lines come to`)
        }),
      ),
    ),
  )

const complete = ({ lines }: ReadReport): Result<void> => {
  const names = lines.map(({ op, direction }) => `${op} ${direction}`)
  const odd = questions.findIndex(({ op, direction }, at) => names[at] !== `${op} ${direction}`)
  const { op, direction } = questions[odd] ?? {}
  return F.pipe(
    lies(odd !== -1, `${op} ${direction} is not where it belongs: the run asked some ops only, or another catalogue`),
    E.flatMap(() => lies(names.length !== questions.length, 'it has lines of ops that there are none of')),
  )
}

/** The command that asks a run, on the device and in the browser that replay its cases. */
export const commandOf = ({
  backend,
  profile,
  seed,
  replay = '',
}: Pick<ReadSummary, 'backend' | 'profile' | 'seed' | 'replay'>): string =>
  [
    'etalon verify',
    ...(/ --browser\b(?!-)/.test(replay) ? ['--browser'] : []),
    `--backend ${backend}`,
    ...(/ --device \w+/.exec(replay) ?? []).map((words) => words.trim()),
    `--profile ${profile}`,
    ...(seed === 1 ? [] : [`--seed ${seed}`]),
  ].join(' ')

const fromHolds = ({ summary }: ReadReport, { command }: Provenance): Result<void> =>
  F.pipe(
    lies(
      command !== commandOf(summary),
      `it says that ${command} made it, and it is what ${commandOf(summary)} would make`,
    ),
    E.flatMap(() => lies(summary.suite > suiteVersion, `it is of version ${summary.suite} of the suite`)),
    E.flatMap(() => lies(summary.stopped !== undefined, 'it is of a run that was broken off')),
  )

/**
 * A record from its text, where all that it says can be so: the verdicts are what the failures come to, the counts what the
 * lines come to, every number that is wanted what the formula gives for the smallest case.
 *
 * Errors  FormatInvalid – no report, or one that lies; those of `readReport`
 */
export const readRecord = (text: string): Result<Recording> =>
  F.pipe(
    readReport(text),
    E.bindTo('report'),
    E.bind('from', ({ report }) =>
      decoded(provenance, fieldOf(report.summary, 'recorded'), 'what it says of where it is from'),
    ),
    E.tap(({ report, from }) => fromHolds(report, from)),
    E.tap(({ report }) => complete(report)),
    E.tap(({ report }) => each(report.lines, lineHolds(report))),
    E.tap(({ report }) => countsHold(report)),
    E.bind('disagreements', ({ report }) => disagreementsOf(report)),
    E.map((known): Recording => ({ ...known, backend: known.report.summary.backend })),
  )
