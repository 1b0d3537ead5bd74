import { either as E } from 'fp-ts'
import type { Fingerprint } from '../spec/backend.js'
import { epsilon } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import type { Tensor } from '../spec/tensor.js'
import { showShape } from '../spec/tensor.js'
import type { Case } from './form.js'
import { printCase, realise } from './form.js'
import type { Judgement } from './judge.js'
import type { Rounding } from './probe.js'
import type { Line, Report, Verdict } from './verify.js'

/** Colours for words; identity functions where there is no terminal. */
export interface Ink {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
  readonly strong: (text: string) => string
}

export const plain: Ink = { good: (t) => t, bad: (t) => t, faint: (t) => t, strong: (t) => t }

const number = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return String(Math.abs(value) === 0 ? 0 : value)
  const size = Math.abs(value)
  return size < 1e-3 || size >= 1e4 ? value.toExponential(2).replace('e+', 'e') : String(Number(value.toPrecision(3)))
}

// the shortest decimal that is this f32 number again
const literal = (value: number): string =>
  [6, 7, 8, 9]
    .map((digits) => String(Number(value.toPrecision(digits))))
    .find((text) => Math.fround(+text) === value) ?? String(value)

const width = 100

// words in lines of at most `width` characters, the lines after the first under the text of the first
const wrapped = (head: string, words: readonly string[]): string =>
  words
    .reduce<readonly string[]>(
      (lines, word) => {
        const last = lines.at(-1) as string
        return last.length + 1 + word.length > width
          ? [...lines, `${' '.repeat(Math.min(head.length, 24))} ${word}`]
          : [...lines.slice(0, -1), `${last} ${word}`]
      },
      [head],
    )
    .join('\n')

/** A device's fingerprint, one fact a line. */
export const printFingerprint = (fingerprint: Fingerprint, ink: Ink = plain): string =>
  Object.entries(fingerprint)
    .map(([name, value]) => `  ${ink.faint(name.padEnd(34))} ${String(value)}`)
    .join('\n')

const verdictText = (verdict: Verdict, ink: Ink): string =>
  verdict === 'conformant' ? ink.good(verdict) : verdict === 'not-conformant' ? ink.bad(verdict) : ink.faint(verdict)

/** The head of the table that `printLine` fills. */
export const printHead = (ink: Ink = plain): string =>
  ink.faint(
    `${'op'.padEnd(20)} ${'direction'.padEnd(9)} ${'cases'.padStart(5)} ${'worst error ÷ bound'.padStart(20)} ${'rms ÷ walk'.padStart(11)}  verdict`,
  )

/** One op and direction in one line: cases, worst error ÷ bound, random-walk grade where it has one, verdict. */
export const printLine = (line: Line, ink: Ink = plain): string => {
  const worst = line.worst === undefined ? '–' : number(line.worst.ratio)
  const walk = line.walk === undefined ? '' : number(line.walk.rms)
  const refused = line.refused === 0 ? '' : ink.faint(`  ${line.refused} refused for a limit of the device`)
  const failed = line.failed === 0 ? '' : ink.bad(`  ${line.failed} of ${line.cases} cases failed`)
  return `${line.op.padEnd(20)} ${line.direction.padEnd(9)} ${String(line.cases).padStart(5)} ${worst.padStart(20)} ${ink.faint(walk.padStart(11))}  ${verdictText(line.verdict, ink)}${failed}${refused}`
}

const mostShown = 32

const showTensor = (name: string, { shape, data }: Tensor): string =>
  wrapped(`    ${name}${showShape(shape)} =`, [
    ...Array.from({ length: Math.min(data.length, mostShown) }, (_, i) => literal(data[i] as number)),
    ...(data.length > mostShown ? ['…', `(${data.length} numbers)`] : []),
  ])

// got, want, error, bound and their ratio at the worst element
const describeWorst = ({ worst, problem, walks }: Judgement): readonly string[] =>
  problem !== undefined
    ? [`    ${problem}`]
    : [
        `    ${worst.output}${showShape(worst.index)}: got ${literal(worst.got)}, want ${worst.want}`,
        `    error ${number(worst.error)}, bound ${number(worst.bound)}, error ÷ bound ${number(worst.ratio)}`,
        ...walks
          .filter(({ within }) => !within)
          .map(
            ({ output, rms, max }) =>
              `    ${output}: its errors are ${number(rms)} (rms) and ${number(max)} (largest) times a random walk's; at most 2 and 8 are right`,
          ),
      ]

/** The worst element of a judgement, in words. */
export const printJudgement = (judgement: Judgement): string => describeWorst(judgement).join('\n')

/** Why the bound is what it is: the formula whose roundings it counts, and what it comes to here. */
export const printReason = ({ op, direction }: Case, { worst, problem, walks }: Judgement): string => {
  const { formula, source } = opOf(op)
  const inEpsilons = worst.bound / (epsilon * Math.abs(worst.want))
  const here =
    !Number.isFinite(worst.got) || !Number.isFinite(worst.want)
      ? 'NaN is right only for NaN, an infinity only for itself'
      : worst.bound === 0
        ? 'nothing in it rounds: a copy, a comparison, a mask or a constant'
        : `it counts every rounding that f32 may make in the formula, ε = 2⁻²³ each; here ${worst.want === 0 ? 'of terms that cancel' : `${number(inEpsilons)} ε of the value wanted`}`
  return [
    ...(problem === undefined ? [wrapped('    the bound:', here.split(' '))] : []),
    ...(walks.some(({ within }) => !within)
      ? ['    the walk: K products added one by one in f32 err like one of scale 2⁻²⁴·√(S₂(1 + K/6)/3 + K·y²/9)']
      : []),
    `    ${direction === 'forward' ? 'the formula' : 'the formula, whose gradient is asked'}: ${formula}  (${source})`,
  ].join('\n')
}

/** What a case asks: the op, its attributes and the numbers, long tensors cut short. */
export const printQuestion = (asked: Case, ink: Ink = plain): string => {
  const question = realise(asked)
  const name = asked.form.name === undefined ? '' : ` (${asked.form.name})`
  const head = ink.strong(`${asked.op} ${asked.direction}${name}`)
  if (E.isLeft(question)) return `${head}\n    ${question.left.message}`
  const { attrs, inputs, cotangents } = question.right
  return [
    head,
    ...(Object.keys(attrs).length === 0
      ? []
      : [
          wrapped(
            '    with',
            Object.entries(attrs).map(
              ([name, value]) => `${name}=${typeof value === 'number' ? literal(value) : JSON.stringify(value)}`,
            ),
          ),
        ]),
    ...Object.entries(inputs).map(([name, value]) => showTensor(name, value)),
    ...Object.entries(cotangents).map(([name, value]) => showTensor(`d${name}`, value)),
  ].join('\n')
}

/** A device as a failure names it: what its fingerprint says in words. Its limits and features are told where the run begins. */
export const printDevice = (fingerprint: Fingerprint, ink: Ink = plain): string =>
  wrapped(
    '  device   ',
    Object.entries(fingerprint)
      .filter(([name, value]) => typeof value === 'string' && value !== '' && name !== 'features')
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')
      .split(' '),
  ).replace('device', ink.faint('device'))

// a quote within a word would end it for the shell; JSON can do without
const quoted = (json: string): string => `'${json.replaceAll("'", '\\u0027')}'`

/** Where a failure was seen, and the command that replays a case there. */
export interface Place {
  readonly fingerprint: Fingerprint
  readonly command?: string
}

/**
 * A failure as a person can act on it: the op and the smallest case, what came and what was wanted, why the bound is
 * what it is, the device, and how to see it again.
 */
export const printFailure = (
  { failed, cases, failure }: Line,
  { fingerprint, command = 'etalon replay' }: Place,
  ink: Ink = plain,
): string =>
  failure === undefined
    ? ''
    : [
        printQuestion(failure.smallest, ink),
        printJudgement(failure.judgement),
        printReason(failure.smallest, failure.judgement),
        printDevice(fingerprint, ink),
        `  ${ink.faint('failed')}    ${failed} of ${cases} cases; this is the smallest found, made from ${failure.id}`,
        `  ${ink.faint('as drawn')}  ${command} ${failure.id}`,
        `  ${ink.faint('smallest')}  ${command} ${quoted(printCase(failure.smallest))}`,
      ].join('\n')

/** How a report's lines count. */
export interface Totals {
  readonly conformant: number
  readonly notConformant: number
  readonly unsupported: number
  readonly notRun: number
  readonly cases: number
  readonly refused: number
  /** elements judged, of so many that the answers have */
  readonly judged: number
  readonly of: number
}

export const totalsOf = (lines: readonly Line[]): Totals => {
  const count = (verdict: Verdict): number => lines.filter((line) => line.verdict === verdict).length
  return {
    conformant: count('conformant'),
    notConformant: count('not-conformant'),
    unsupported: count('unsupported'),
    notRun: count('not-run'),
    cases: lines.reduce((n, { cases }) => n + cases, 0),
    refused: lines.reduce((n, { refused }) => n + refused, 0),
    judged: lines.reduce((n, { judged }) => n + judged, 0),
    of: lines.reduce((n, { of }) => n + of, 0),
  }
}

/** The whole report's verdict: nothing wrong, and something asked and answered. */
export const conforms = ({ lines }: Report): boolean =>
  lines.every(({ verdict }) => verdict !== 'not-conformant') && lines.some(({ verdict }) => verdict === 'conformant')

/** The verdict on a backend as a whole. Where nothing was answered there is none. */
export const overall = (report: Report): 'conformant' | 'not-conformant' | 'not-run' =>
  conforms(report)
    ? 'conformant'
    : report.lines.some(({ verdict }) => verdict === 'not-conformant')
      ? 'not-conformant'
      : 'not-run'

const overallText = (report: Report, ink: Ink): string => {
  const verdict = overall(report)
  if (verdict === 'not-run') return ink.strong('no verdict, for nothing was answered')
  return verdict === 'conformant' ? ink.good(ink.strong('conformant')) : ink.bad(ink.strong('not conformant'))
}

// what Gate S was good for
const walkText: Readonly<Record<Rounding, string>> = {
  nearest: 'rms ÷ walk is judged, at most 2: this backend rounds to nearest',
  other: 'rms ÷ walk is told, not judged: this backend does not round to nearest',
  unknown: 'rms ÷ walk is told, not judged: how this backend rounds could not be found out',
}

const counted = (count: number): string => count.toLocaleString('en-US')

export const printTotals = (report: Report, seconds: number, ink: Ink = plain): string => {
  const { conformant, notConformant, unsupported, notRun, cases, refused, judged, of } = totalsOf(report.lines)
  const parts = [
    `${conformant} conformant`,
    ...(notConformant > 0 ? [ink.bad(`${notConformant} not conformant`)] : []),
    ...(unsupported > 0 ? [`${unsupported} unsupported`] : []),
    ...(notRun > 0 ? [`${notRun} not run`] : []),
    `${cases} cases`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    `seed ${report.seed}`,
    `${seconds.toFixed(1)} s`,
  ]
  const walked = report.lines.some(({ walk }) => walk !== undefined)
  return [
    ...(walked ? [ink.faint(walkText[report.rounding])] : []),
    ...(judged < of
      ? [ink.faint(`large answers are judged by some of their elements: ${counted(judged)} of ${counted(of)}`)]
      : []),
    `${overallText(report, ink)}: ${parts.join(', ')}`,
  ].join('\n')
}

// JSON has neither NaN nor an infinity
const finiteOr = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const jsonWorst = (line: Line) =>
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

/** One op and direction as a value for a line of JSON. */
export const jsonLine = (line: Line): Readonly<Record<string, unknown>> => ({
  op: line.op,
  direction: line.direction,
  backend: line.backend,
  cases: line.cases,
  refused: line.refused,
  failed: line.failed,
  verdict: line.verdict,
  judged: line.judged,
  of: line.of,
  ...jsonWorst(line),
  ...(line.walk === undefined
    ? {}
    : { walk: { rms: finiteOr(line.walk.rms), max: finiteOr(line.walk.max), judged: line.walk.judged } }),
  ...(line.failure === undefined
    ? {}
    : {
        failure: {
          id: line.failure.id,
          smallest: JSON.parse(printCase(line.failure.smallest)) as unknown,
          got: finiteOr(line.failure.judgement.worst.got),
          want: finiteOr(line.failure.judgement.worst.want),
          ...(line.failure.judgement.problem === undefined ? {} : { problem: line.failure.judgement.problem }),
        },
      }),
})

/** The last line of a JSON report. */
export const jsonSummary = (report: Report, seconds: number): Readonly<Record<string, unknown>> => ({
  summary: {
    verdict: overall(report),
    ...totalsOf(report.lines),
    backend: report.backend,
    seed: report.seed,
    seconds,
    rounding: report.rounding,
    fingerprint: report.fingerprint,
  },
})
