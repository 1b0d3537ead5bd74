import { either as E } from 'fp-ts'
import type { Fingerprint } from '../spec/backend.js'
import type { Tensor } from '../spec/tensor.js'
import { showShape } from '../spec/tensor.js'
import type { Case } from './form.js'
import { printCase, realise } from './form.js'
import type { Judgement } from './judge.js'
import type { Line, Report, Verdict } from './verify.js'

/** Colours for words; identity functions where there is no terminal. */
export interface Ink {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
  readonly strong: (text: string) => string
}

export const plain: Ink = { good: (t) => t, bad: (t) => t, faint: (t) => t, strong: (t) => t }

const number = (value: number): string =>
  value === 0 ? '0' : !Number.isFinite(value) ? String(value) : value.toPrecision(3)

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
    `${'op'.padEnd(20)} ${'direction'.padEnd(9)} ${'cases'.padStart(5)} ${'worst error ÷ bound'.padStart(20)}  verdict`,
  )

/** One op and direction in one line: cases, worst error ÷ bound, random-walk grade where it has one, verdict. */
export const printLine = (line: Line, ink: Ink = plain): string => {
  const walk =
    line.walk === undefined
      ? ''
      : ink.faint(`  rms/walk ${number(line.walk.rms)}${line.walk.judged ? '' : ' (not judged)'}`)
  const refused = line.refused === 0 ? '' : ink.faint(`  ${line.refused} refused for a limit of the device`)
  const failed = line.failed === 0 ? '' : ink.bad(`  ${line.failed} of ${line.cases} cases failed`)
  const worst = line.worst === undefined ? '–' : number(line.worst.ratio)
  return `${line.op.padEnd(20)} ${line.direction.padEnd(9)} ${String(line.cases).padStart(5)} ${worst.padStart(20)}  ${verdictText(line.verdict, ink)}${walk}${refused}${failed}`
}

const showTensor = (name: string, { shape, data }: Tensor): string => {
  const shown = Array.from({ length: Math.min(data.length, 16) }, (_, i) => String(data[i]))
  return `    ${name}${showShape(shape)} = ${shown.join(' ')}${data.length > 16 ? ` … (${data.length} numbers)` : ''}`
}

// got, want, error, bound and their ratio at the worst element
const describeWorst = ({ worst, problem, walks }: Judgement): readonly string[] =>
  problem !== undefined
    ? [`    ${problem}`]
    : [
        `    ${worst.output}${showShape(worst.index)}: got ${worst.got}, want ${worst.want}`,
        `    error ${number(worst.error)}, bound ${number(worst.bound)}, error ÷ bound ${number(worst.ratio)}`,
        ...walks
          .filter(({ within }) => !within)
          .map(
            ({ output, rms, max }) =>
              `    ${output}: errors are ${number(rms)} (rms) and ${number(max)} (largest) times those of a random walk in f32; at most 2 and 8`,
          ),
      ]

/** The worst element of a judgement, in words. */
export const printJudgement = (judgement: Judgement): string => describeWorst(judgement).join('\n')

/** What a case asks: the op, its attributes and the numbers, long tensors cut short. */
export const printQuestion = (asked: Case, ink: Ink = plain): string => {
  const question = realise(asked)
  const name = asked.form.name === undefined ? '' : ` (${asked.form.name})`
  const head = ink.strong(`${asked.op} ${asked.direction}${name}`)
  if (E.isLeft(question)) return `${head}\n    ${question.left.message}`
  const { attrs, inputs, cotangents } = question.right
  return [
    head,
    `    attributes ${JSON.stringify(attrs)}`,
    ...Object.entries(inputs).map(([name, value]) => showTensor(name, value)),
    ...Object.entries(cotangents).map(([name, value]) => showTensor(`d${name}`, value)),
  ].join('\n')
}

/** A failure as a person can act on it: the smallest case, what came and what was wanted, and how to see it again. */
export const printFailure = ({ failed, cases, failure }: Line, ink: Ink = plain): string =>
  failure === undefined
    ? ''
    : [
        printQuestion(failure.smallest, ink),
        `    ${failed} of ${cases} cases failed; this is the smallest found`,
        printJudgement(failure.judgement),
        `  as drawn   etalon replay ${failure.id}`,
        `  smallest   etalon replay '${printCase(failure.smallest)}'`,
      ].join('\n')

/** How a report's lines count. */
export interface Totals {
  readonly conformant: number
  readonly notConformant: number
  readonly unsupported: number
  readonly notRun: number
  readonly cases: number
  readonly refused: number
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
  }
}

/** The whole report's verdict: nothing wrong, and something asked and answered. */
export const conforms = ({ lines }: Report): boolean =>
  lines.every(({ verdict }) => verdict !== 'not-conformant') && lines.some(({ verdict }) => verdict === 'conformant')

export const printTotals = (report: Report, seconds: number, ink: Ink = plain): string => {
  const { conformant, notConformant, unsupported, notRun, cases, refused } = totalsOf(report.lines)
  const parts = [
    ink.good(`${conformant} conformant`),
    ...(notConformant > 0 ? [ink.bad(`${notConformant} not conformant`)] : []),
    ...(unsupported > 0 ? [`${unsupported} unsupported`] : []),
    ...(notRun > 0 ? [`${notRun} not run`] : []),
    `${cases} cases`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    `seed ${report.seed}`,
    `${seconds.toFixed(1)} s`,
  ]
  return `${ink.strong(conforms(report) ? 'conformant' : 'not conformant')}: ${parts.join(', ')}`
}

// JSON has no infinity
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
  ...jsonWorst(line),
  ...(line.walk === undefined ? {} : { walk: line.walk }),
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
    verdict: conforms(report) ? 'conformant' : 'not-conformant',
    ...totalsOf(report.lines),
    backend: report.backend,
    seed: report.seed,
    seconds,
    rounding: report.rounding,
    fingerprint: report.fingerprint,
  },
})
