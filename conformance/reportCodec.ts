import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../spec/error.js'
import { jsonText } from './form.js'
import { reportVersion } from './reportJson.js'

/**
 * The JSON report that `verify --json` writes, read again: a line for each op and direction, one for each program, then
 * a summary, which says the version of the form. Fields that are not known are kept, so that a report of a later build
 * and the same version reads, too.
 */

// JSON has neither NaN nor an infinity: they are words there
const words = ['NaN', 'Infinity', '-Infinity'] as const
const numeral = new t.Type<number, number | string, unknown>(
  'a number, NaN, Infinity or -Infinity',
  t.number.is,
  (u, context) =>
    typeof u === 'number'
      ? t.success(u)
      : words.some((word) => word === u)
        ? t.success(Number(u))
        : t.failure(u, context),
  (value) => (Number.isFinite(value) ? value : String(value)),
)

const count = t.refinement(t.number, (value) => Number.isInteger(value) && value >= 0, 'a whole number of at least 0')
const index = t.readonlyArray(count)
const strings = t.readonlyArray(t.string)
const direction = t.keyof({ forward: null, backward: null })
const verdict = t.keyof({
  conformant: null,
  inaccurate: null,
  convention: null,
  'not-conformant': null,
  'not-deterministic': null,
  unsupported: null,
  'not-run': null,
})
const share = t.type({ met: count, of: count })
/** a case as `etalon replay` takes it */
const asked = t.intersection([
  t.type({ op: t.string, direction, seed: t.string, shapes: t.record(t.string, t.readonlyArray(t.number)) }),
  t.UnknownRecord,
])
const place = t.type({ output: t.string, index })
const judgement = t.intersection([
  place,
  t.type({ got: numeral, want: numeral, error: numeral, bound: numeral, ratio: numeral }),
  t.partial({
    walks: t.readonlyArray(
      t.type({
        output: t.string,
        rms: numeral,
        max: numeral,
        count,
        limits: t.type({ rms: numeral, max: numeral }),
      }),
    ),
    problem: t.string,
    late: t.boolean,
  }),
])
const failure = t.intersection([t.type({ id: t.string, smallestId: t.string, smallest: asked }), judgement])
const diagnosis = t.intersection([
  t.type({
    kind: t.keyof({ convention: null, accuracy: null, mistake: null }),
    words: t.string,
    explains: count,
  }),
  t.partial({
    dial: t.type({
      name: t.string,
      value: t.union([t.number, t.string, t.boolean, t.readonlyArray(t.number)]),
    }),
    declared: t.boolean,
    line: t.type({ right: t.string, wrong: t.string }),
  }),
])
const group = t.intersection([
  t.type({ traits: strings, failed: count, of: count, failure }),
  t.partial({ diagnosis, snippet: t.string }),
])
const known = t.intersection([t.type({ reason: t.string, expires: t.string }), t.partial({ traits: strings })])
const worst = t.intersection([
  place,
  t.type({ ratio: numeral, error: numeral, bound: numeral }),
  t.partial({ case: t.string }),
])
const counts = t.type({ cases: count, refused: count, failed: count, judged: count, of: count })

const line = t.intersection([
  t.type({ op: t.string, direction, backend: t.string, verdict, held: count }),
  counts,
  t.type({ nonFinite: t.keyof({ kept: null, lost: null, 'not asked': null }) }),
  t.partial({
    translates: strings,
    unsupported: t.record(t.string, count),
    unasked: count,
    transformed: count,
    covered: t.intersection([
      t.type({ classes: share, extents: t.record(t.string, share) }),
      t.partial({ pairs: share, triples: share }),
    ]),
    worst,
    rms: numeral,
    walk: t.type({ rms: numeral, max: numeral, judged: t.boolean }),
    repeats: t.intersection([
      t.type({ asked: count, differed: count, failed: count }),
      t.partial({ difference: t.intersection([place, t.type({ case: asked, first: numeral, again: numeral })]) }),
    ]),
    sequence: t.intersection([t.type({ cases: t.readonlyArray(asked) }), judgement, t.partial({ note: t.string })]),
    lost: t.intersection([
      place,
      t.type({
        special: t.keyof({ NaN: null, Infinity: null, '-Infinity': null, '-0': null, subnormal: null }),
        into: t.string,
        at: index,
        got: numeral,
        want: numeral,
        case: asked,
      }),
      t.partial({ problem: t.string }),
    ]),
    grade: t.keyof({ A: null, B: null, C: null }),
    rmsByPlain: numeral,
    graded: count,
    failure,
  }),
  t.partial({
    groups: t.readonlyArray(group),
    expected: t.readonlyArray(known),
    unexpected: t.readonlyArray(known),
    seconds: t.number,
  }),
])

const program = t.intersection([
  t.type({
    program: t.string,
    about: t.string,
    backend: t.string,
    verdict: t.keyof({ conformant: null, 'not-conformant': null, unsupported: null, 'not-run': null }),
  }),
  counts,
  t.partial({
    unsupported: t.string,
    worst,
    failure: t.intersection([
      t.type({ at: t.string, message: t.string, program: t.UnknownRecord }),
      t.partial({ node: t.string }),
    ]),
    seconds: t.number,
  }),
])

const summary = t.intersection([
  t.type({
    version: t.literal(reportVersion),
    suite: count,
    verdict: t.keyof({ conformant: null, 'not-conformant': null, 'not-run': null }),
    backend: t.string,
    seed: count,
    profile: t.keyof({ quick: null, standard: null, wild: null }),
    seconds: t.number,
    rounding: t.keyof({ nearest: null, other: null, unknown: null }),
    fingerprint: t.record(t.string, t.union([t.string, t.number, t.boolean])),
  }),
  t.type({
    conformant: count,
    notConformant: count,
    inaccurate: count,
    convention: count,
    notDeterministic: count,
    unsupported: count,
    notRun: count,
    cases: count,
    refused: count,
    notItsOwn: count,
    judged: count,
    of: count,
    held: count,
  }),
  t.type({ covered: t.type({ classes: share, pairs: share, triples: share, extents: share }) }),
  t.partial({
    asked: t.intersection([
      t.type({ runs: count, nonFinite: t.keyof({ told: null, strict: null }) }),
      t.partial({ ops: strings, direction }),
    ]),
    shard: t.type({ index: count, of: count }),
    replay: t.string,
    stopped: t.keyof({ interrupted: null, bail: null }),
    programs: t.type({ conformant: count, notConformant: count, unsupported: count, notRun: count }),
  }),
])

/** A judged case of a report: got, want, error, bound and their ratio at the worst element. */
export type ReadJudgement = t.TypeOf<typeof judgement>
/** A failure of a report with its smallest case. */
export type ReadFailure = t.TypeOf<typeof failure>
/** Failures with traits in common. */
export type ReadGroup = t.TypeOf<typeof group>
/** One op and direction as `jsonLine` gives it, its numbers as numbers. */
export type ReadLine = t.TypeOf<typeof line>
/** One program as `jsonProgramLine` gives it. */
export type ReadProgram = t.TypeOf<typeof program>
/** What the last line says. */
export type ReadSummary = t.TypeOf<typeof summary>

/** A report as it was written, decoded. */
export interface ReadReport {
  readonly lines: readonly ReadLine[]
  readonly programs: readonly ReadProgram[]
  readonly summary: ReadSummary
}

const decoded = <A>(codec: t.Type<A, unknown>, value: unknown, what: string): Result<A> =>
  F.pipe(
    codec.decode(value),
    E.mapLeft((errors) => {
      const last = errors[0]
      // the parts of an intersection are numbered: these are no steps in the report
      const path = last?.context
        .filter((_, at, all) => at > 0 && (all[at - 1]?.type as t.Any & { _tag?: string })._tag !== 'IntersectionType')
        .map(({ key }) => key)
        .join('/')
      return etalonError(
        'FormatInvalid',
        `no ${what}: at ${path ?? ''} found ${show(last?.value)}, wanted ${last?.context.at(-1)?.type.name ?? 'another'}`,
      )
    }),
  )

/** A summary from data of unknown quality. Errors: FormatInvalid */
export const decodeSummary = (value: unknown): Result<ReadSummary> => decoded(summary, value, 'summary of a report')

const parsed = (text: string): Result<Readonly<Record<string, unknown>>> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => etalonError('FormatInvalid', 'this is no JSON'),
    ),
    E.flatMap((value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? E.right(value as Readonly<Record<string, unknown>>)
        : fail('FormatInvalid', `found ${show(value)}, wanted an object`),
    ),
  )

const versionOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined

const summaryIn = (value: Readonly<Record<string, unknown>> | undefined): Result<ReadSummary> => {
  if (value === undefined || !('summary' in value))
    return fail('FormatInvalid', 'it ends without a summary: no report, or one that was cut short')
  const version = versionOf(value['summary'])
  return F.pipe(
    ensure(
      version === reportVersion,
      'FormatInvalid',
      version === undefined
        ? `a report without a version; wanted version ${reportVersion}`
        : `a report of version ${show(version)}; wanted version ${reportVersion}`,
    ),
    E.flatMap(() => decodeSummary(value['summary'])),
  )
}

interface Row {
  readonly line?: ReadLine
  readonly program?: ReadProgram
}

const lineRow = (value: unknown): Result<Row> =>
  E.map((one: ReadLine): Row => ({ line: one }))(decoded(line, value, 'line of a report'))
const programRow = (value: unknown): Result<Row> =>
  E.map((one: ReadProgram): Row => ({ program: one }))(decoded(program, value, 'program of a report'))

// what stands twice, or is not what the summary counts, was not written by one run
const whole = ({ lines, programs, summary }: ReadReport): Result<void> => {
  const names = [...lines.map((one) => `${one.op} ${one.direction}`), ...programs.map((one) => one.program)]
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  const { conformant, notConformant, inaccurate, convention, notDeterministic, unsupported, notRun } = summary
  const counted = conformant + notConformant + inaccurate + convention + notDeterministic + unsupported + notRun
  const ofPrograms = Object.values(summary.programs ?? {}).reduce((n, one) => n + one, 0)
  return F.pipe(
    ensure(twice === undefined, 'FormatInvalid', `${twice ?? ''} stands in it twice`),
    E.flatMap(() =>
      ensure(
        counted === lines.length && ofPrograms === programs.length,
        'FormatInvalid',
        `its summary counts ${counted} lines of ops and ${ofPrograms} programs; it has ${lines.length} and ${programs.length}`,
      ),
    ),
  )
}

/**
 * A report from the text of a file.
 *
 * Errors  FormatInvalid – a line is no JSON or not the form of a line; no summary at the end; another version; a line
 *         that stands there twice; other lines than the summary counts
 */
export const readReport = (text: string): Result<ReadReport> => {
  const texts = text.split('\n').map((one, at) => ({ one, at: at + 1 }))
  const rows = texts.filter(({ one }) => one.trim() !== '')
  return F.pipe(
    rows,
    E.traverseArray(({ one, at }) =>
      F.pipe(
        parsed(one),
        E.bimap(within(`line ${at}`), (value) => ({ value, at })),
      ),
    ),
    E.bindTo('values'),
    // the version first: what another one's lines say is another matter
    E.bind('summary', ({ values }) => summaryIn(values.at(-1)?.value)),
    E.bind('body', ({ values }) =>
      F.pipe(
        values.slice(0, -1),
        E.traverseArray(({ value, at }) =>
          F.pipe('program' in value ? programRow(value) : lineRow(value), E.mapLeft(within(`line ${at}`))),
        ),
      ),
    ),
    E.map(({ body, summary }): ReadReport => ({
      lines: body.flatMap((one) => (one.line === undefined ? [] : [one.line])),
      programs: body.flatMap((one) => (one.program === undefined ? [] : [one.program])),
      summary,
    })),
    E.tap(whole),
  )
}

/** The text of a report, as `verify --json` writes it. */
export const writeReport = ({ lines, programs, summary: last }: ReadReport): string =>
  [
    ...lines.map((one) => line.encode(one)),
    ...programs.map((one) => program.encode(one)),
    { summary: summary.encode(last) },
  ]
    .map((value) => `${jsonText(value)}\n`)
    .join('')
