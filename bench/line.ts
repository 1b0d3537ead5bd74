import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Result } from '../spec/error.js'
import { brief, fail, show } from '../spec/error.js'
import type { Peak, Row } from './rows.js'
import { figuresOf } from './rows.js'

const orNull = <A>(codec: t.Type<A, A, unknown>): t.Type<A | null, A | null, unknown> => t.union([codec, t.null])

// a figure that versions before did not write
const orAbsent = <A>(codec: t.Type<A, A, unknown>): t.Type<A | null, A | null, unknown> =>
  new t.Type(
    codec.name,
    (u): u is A | null => u === null || codec.is(u),
    (u, context) => (u === undefined || u === null ? t.success(null) : codec.validate(u, context)),
    t.identity,
  )

/** A row as a line of JSON: `null` where there is no such figure. An error over its bound that is no number is a word. */
const lineCodec = t.strict({
  workload: t.string,
  subject: t.string,
  adapter: t.string,
  medianMs: orNull(t.number),
  p10Ms: orNull(t.number),
  p90Ms: orNull(t.number),
  coldMs: orNull(t.number),
  gflops: orNull(t.number),
  gbps: orNull(t.number),
  shareOfPeak: orNull(t.number),
  ratioToBestPeer: orNull(t.number),
  /** of the device, held at once while it runs */
  memoryBytes: orAbsent(t.number),
  errorOverBound: orNull(t.union([t.number, t.keyof({ Infinity: null, NaN: null })])),
  outcome: t.keyof({ timed: null, wrong: null, refused: null }),
  reason: orNull(t.string),
  /** the ratio to the best peer in each round: what a later run compares its own with */
  roundRatios: t.readonlyArray(t.number),
})
export type Line = t.TypeOf<typeof lineCodec>

/** The last line of a file: what was run where. */
const summaryCodec = t.strict({
  summary: t.intersection([
    t.strict({ version: t.string, adapter: t.string, rounds: t.number }),
    t.record(t.string, t.unknown),
  ]),
})
export type Summary = t.TypeOf<typeof summaryCodec>['summary']

/** A recorded run. */
export interface Recorded {
  readonly lines: readonly Line[]
  readonly summary?: Summary
}

const finite = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value

/** The line of a row among all rows of its workload. */
export const lineOf = (row: Row, rows: readonly Row[], peak?: Peak): Line => {
  const figures = figuresOf(row, rows, peak)
  const { errorOverBound: error } = row
  return {
    workload: row.workload,
    subject: row.subject,
    adapter: row.adapter,
    medianMs: finite(figures?.medianMs),
    p10Ms: finite(figures?.p10Ms),
    p90Ms: finite(figures?.p90Ms),
    coldMs: finite(row.coldMs),
    gflops: finite(figures?.gflops),
    gbps: finite(figures?.gbps),
    shareOfPeak: finite(figures?.shareOfPeak),
    ratioToBestPeer: finite(figures?.ratioToBestPeer),
    memoryBytes: finite(row.memoryBytes),
    errorOverBound:
      error === undefined ? null : Number.isFinite(error) ? error : Number.isNaN(error) ? 'NaN' : 'Infinity',
    outcome: row.outcome,
    reason: row.reason ?? null,
    roundRatios: figures?.roundRatios ?? [],
  }
}

const decoded = <A>(codec: t.Decoder<unknown, A>, value: unknown): E.Either<string, A> =>
  F.pipe(
    codec.decode(value),
    E.mapLeft((errors) => {
      const [first] = errors
      const path = first?.context.map(({ key }) => key).join('/') ?? ''
      return `at ${brief(path || '/')} found ${show(first?.value)}, wanted ${first?.context.at(-1)?.type.name}`
    }),
  )

const parsed = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    () => JSON.parse(text) as unknown,
    () => `found ${brief(text)}, wanted JSON`,
  )

/**
 * A file of `bench --json`: a JSON object a line.
 *
 * Errors  FormatInvalid – a line that is neither a row nor the summary, as another version may write: its number, what was
 *         found and wanted; or no rows at all
 */
export const parseRecorded = (text: string): Result<Recorded> =>
  F.pipe(
    text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ line, number: i + 1 }])),
    E.traverseArray(({ line, number }): Result<Line | { readonly summary: Summary }> =>
      F.pipe(
        parsed(line),
        E.flatMap((value): E.Either<string, Line | { readonly summary: Summary }> =>
          typeof value === 'object' && value !== null && 'summary' in value
            ? decoded(summaryCodec, value)
            : decoded(lineCodec, value),
        ),
        E.orElse((reason) => fail('FormatInvalid', `line ${number} is none of this version's bench --json: ${reason}`)),
      ),
    ),
    E.flatMap((all): Result<Recorded> => {
      const lines = all.flatMap((one) => ('summary' in one ? [] : [one]))
      const [summary] = all.flatMap((one) => ('summary' in one ? [one.summary] : []))
      return lines.length === 0
        ? fail('FormatInvalid', 'it holds no rows of bench --json')
        : E.right({ lines, ...(summary === undefined ? {} : { summary }) })
    }),
  )
