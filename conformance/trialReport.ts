import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Fingerprint } from '../spec/backend.js'
import type { ErrorCode, EtalonError, Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { LockstepFinding } from './lockstep.js'
import { printJudgement } from './failureReport.js'
import { plain, wrapped } from './text.js'
import type { Ink } from './text.js'
import type { TrialResult } from './trial.js'

/** A node of a trial as a report keeps it: JSON has no infinities, so its numbers are text where they are none. */
const nodeCodec = t.strict({
  node: t.string,
  op: t.string,
  direction: t.string,
  ratio: t.union([t.number, t.string]),
})

/** What a report says of one trial. */
const lineCodec = t.intersection([
  t.strict({
    name: t.string,
    verdict: t.keyof({ conformant: null, 'not-conformant': null, 'not-run': null }),
    seconds: t.number,
  }),
  t.partial({
    parameters: t.number,
    multiplyAdds: t.number,
    nodes: t.number,
    judged: t.number,
    of: t.number,
    worst: nodeCodec,
    /** where bounds are widest: their root mean square by that of the values */
    loosest: t.strict({ node: t.string, looseness: t.union([t.number, t.string]) }),
    guilty: nodeCodec,
    /** why it was not run, or what is wrong with the guilty node */
    message: t.string,
  }),
])

const headCodec = t.strict({
  format: t.literal('etalon zoo'),
  seed: t.number,
  elements: t.number,
  fingerprint: t.record(t.string, t.union([t.string, t.number, t.boolean])),
})

export type TrialLine = t.TypeOf<typeof lineCodec>

/** What trials came to on one device. */
export interface TrialReport {
  /** of the weights, the images and which elements are judged */
  readonly seed: number
  /** at least so many elements of each output were judged, or all where there are fewer */
  readonly elements: number
  readonly fingerprint: Fingerprint
  readonly lines: readonly TrialLine[]
}

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const briefly = ({ node, op, direction, judgement }: LockstepFinding): NonNullable<TrialLine['worst']> => ({
  node,
  op,
  direction,
  ratio: finite(judgement.worst.ratio),
})

/** What a report says of a trial that ran. */
export const lineOf = (result: TrialResult, seconds: number): TrialLine => {
  const { name, parameters, multiplyAdds, nodes, judged, of, worst, loosest, guilty } = result
  return {
    name,
    verdict: guilty === undefined ? 'conformant' : 'not-conformant',
    seconds,
    parameters,
    multiplyAdds,
    nodes,
    judged,
    of,
    worst: briefly(worst),
    loosest: { node: loosest.node, looseness: finite(loosest.judgement.looseness) },
    ...(guilty === undefined
      ? {}
      : {
          guilty: briefly(guilty),
          message: `${guilty.node} (${guilty.op} ${guilty.direction}) is the first node outside its bound\n${printJudgement(guilty.judgement)}`,
        }),
  }
}

// a backend that answers by none of these did not refuse
const wrongAnswers: readonly ErrorCode[] = ['Thrown', 'InvalidAnswer', 'NoAnswer', 'Died']

/** What a report says of a trial that could not be run, or that got no answer. */
export const lineNotRun = (name: string, { code, message }: EtalonError, seconds: number): TrialLine => ({
  name,
  verdict: wrongAnswers.includes(code) ? 'not-conformant' : 'not-run',
  seconds,
  message: `${code}: ${message}`,
})

/** A report as lines of JSON: what was asked on which device, then a line for each trial. */
export const writeTrials = ({ seed, elements, fingerprint, lines }: TrialReport): string =>
  [{ format: 'etalon zoo', seed, elements, fingerprint }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')

const parsed = (text: string, at: number): Result<unknown> =>
  E.tryCatch(
    () => JSON.parse(text) as unknown,
    () => ({ code: 'FormatInvalid', message: `line ${at + 1} is not JSON` }),
  )

const decoded =
  <A>(codec: t.Decoder<unknown, A>, at: number) =>
  (input: unknown): Result<A> =>
    F.pipe(
      codec.decode(input),
      E.mapLeft((errors): EtalonError => {
        const last = errors.at(-1)
        const path = last?.context.flatMap(({ key }) => (/\D/.test(key) ? [key] : [])).join('/') ?? ''
        return { code: 'FormatInvalid', message: `line ${at + 1} is no line of a zoo report${path && `: at ${path}`}` }
      }),
    )

/**
 * A report read back.
 *
 * Errors  FormatInvalid – no report, with the line where it ends being one
 */
export const readTrials = (text: string): Result<TrialReport> => {
  const [head = '', ...lines] = text.split('\n').filter((line) => line !== '')
  return F.pipe(
    E.Do,
    E.bind('head', () => F.pipe(parsed(head, 0), E.flatMap(decoded(headCodec, 0)))),
    E.bind('lines', () =>
      F.pipe(
        lines,
        E.traverseArrayWithIndex((i, line) => F.pipe(parsed(line, i + 1), E.flatMap(decoded(lineCodec, i + 1)))),
      ),
    ),
    E.map(({ head: { seed, elements, fingerprint }, lines }) => ({ seed, elements, fingerprint, lines })),
  )
}

/**
 * The lines of a report from which a run goes on: those of trials that ran.
 *
 * Errors  FormatInvalid – it tells of another device, seed or number of elements, with what differs
 */
export const resumedLines = (report: TrialReport, now: Omit<TrialReport, 'lines'>): Result<readonly TrialLine[]> => {
  const [before, after] = [
    { seed: report.seed, elements: report.elements, ...report.fingerprint },
    { seed: now.seed, elements: now.elements, ...now.fingerprint },
  ] as const satisfies readonly Fingerprint[]
  const differs = [...new Set([...Object.keys(before), ...Object.keys(after)])].find(
    (name) => (before as Fingerprint)[name] !== (after as Fingerprint)[name],
  )
  const shown = (of: Fingerprint): string => String(of[differs ?? ''] ?? 'absent')
  return F.pipe(
    ensure(
      differs === undefined,
      'FormatInvalid',
      `a report of another run: ${differs} is ${shown(before)} there and ${shown(after)} here`,
    ),
    E.map(() => report.lines.filter(({ verdict }) => verdict !== 'not-run')),
  )
}

/** What all trials together came to. */
export const overallOf = (lines: readonly TrialLine[]): TrialLine['verdict'] =>
  lines.some(({ verdict }) => verdict === 'not-conformant')
    ? 'not-conformant'
    : lines.every(({ verdict }) => verdict === 'conformant')
      ? 'conformant'
      : 'not-run'

const grouped = (count: number | undefined): string => count?.toLocaleString('en-US') ?? '–'

const nameWidth = 34

/** The head of the table that `printTrial` fills. */
export const printTrialHead = (ink: Ink = plain): string =>
  ink.faint(
    `${['network or block'.padEnd(nameWidth), 'error ÷ bound'.padStart(13), 'bound ÷ value'.padStart(13)].join(' ')}  verdict`,
  )

const ratioText = (ratio: number | string): string => (typeof ratio === 'number' ? ratio.toPrecision(3) : ratio)

const looseText = (value: number | string): string => (typeof value === 'number' ? value.toExponential(0) : value)

/** A trial in a line, and below it how large it is, where it errs most and what is wrong. */
export const printTrial = (line: TrialLine, ink: Ink = plain): string => {
  const { name, verdict, seconds, parameters, multiplyAdds, nodes, judged, of, worst, loosest, message } = line
  const paint = { conformant: ink.good, 'not-conformant': ink.bad, 'not-run': ink.faint }[verdict]
  const row = [
    name.padEnd(nameWidth),
    (worst === undefined ? '–' : ratioText(worst.ratio)).padStart(13),
    (loosest === undefined ? '–' : looseText(loosest.looseness)).padStart(13),
    ` ${paint(verdict)}`,
  ].join(' ')
  const about = [
    `${grouped(parameters)} parameters`,
    `${grouped(multiplyAdds)} multiply-adds`,
    ...(nodes === undefined ? [] : [`${nodes} nodes`]),
    ...(judged === undefined || of === undefined ? [] : [`${((100 * judged) / of).toFixed(0)} % judged`]),
    ...(worst === undefined ? [] : [`worst at ${worst.node}`]),
    `${seconds.toFixed(1)} s`,
  ]
  return [
    row,
    ink.faint(wrapped('   ', about.join(', ').split(' '))),
    ...(message?.split('\n') ?? []).map((one) => wrapped('   ', one.trim().split(' '))),
  ].join('\n')
}

/** What all of so many trials came to, in a sentence. */
export const printTrialTotals = (lines: readonly TrialLine[], wanted: number): string => {
  const count = (verdict: TrialLine['verdict']): number => lines.filter((line) => line.verdict === verdict).length
  const elements = lines.reduce((n, { judged = 0 }) => n + judged, 0)
  const notRun = wanted - lines.length + count('not-run')
  return [
    `${count('conformant')} of ${wanted} conformant`,
    `${count('not-conformant')} not`,
    ...(notRun > 0 ? [`${notRun} not run`] : []),
    `${grouped(elements)} elements judged`,
  ].join(', ')
}
