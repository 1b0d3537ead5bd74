import { showShape } from '../spec/tensor.js'
import type { Adjudged, Adjudication, Special } from './adjudicate.js'
import { adjudicationVerdict } from './adjudicate.js'
import { boundWords, diagnosisWords, printQuestion } from './failureReport.js'
import { jsonText, printCase } from './form.js'
import type { Ink } from './text.js'
import { literal, number, plain, printable, wrapped } from './text.js'
import { opOf } from '../spec/catalogue.js'

/** An adjudication for people and for machines. */

const rowOf = ({ name, standing, judgement, outside }: Adjudged, width: number, ink: Ink): string => {
  const worst = judgement?.problem === undefined ? judgement?.worst : undefined
  const paint = standing === 'right' ? ink.good : standing === 'wrong' ? ink.bad : ink.faint
  const count = worst === undefined ? '–' : outside === 0 ? 'none' : `${outside} of ${judgement?.of}`
  return `  ${printable(name).padEnd(width)}  ${paint(standing.padEnd(9))} ${(worst === undefined ? '–' : number(worst.ratio)).padStart(13)}  ${count}`.trimEnd()
}

const detailOf = ({ name, standing, judgement, diagnosis, reason }: Adjudged, ink: Ink): readonly string[] => {
  const head = ink.strong(printable(name))
  if (standing === 'no answer')
    return [wrapped(`${head}:`, `it does not answer: ${printable(reason ?? '')}`.split(/\s+/))]
  if (judgement === undefined) return []
  if (judgement.problem !== undefined) return [wrapped(`${head}:`, printable(judgement.problem).split(/\s+/))]
  if (standing === 'right') return []
  const { worst } = judgement
  const [kind, is] = diagnosisWords(diagnosis === undefined ? {} : { diagnosis: { ...diagnosis, explains: 1 } })
  const line = diagnosis?.line
  return [
    head,
    `    ${worst.output}${showShape(worst.index)}: got ${literal(worst.got)}, want ${worst.want}`,
    `    error ${number(worst.error)}, bound ${number(worst.bound)}, error ÷ bound ${number(worst.ratio)}`,
    wrapped(
      '    diagnosis:',
      `${kind === '' ? '' : `${kind}: `}${is.replace('it gives the one wrong answer that was tried', 'it gives this answer')}`.split(
        ' ',
      ),
    ),
    ...(line === undefined
      ? []
      : [
          wrapped('    the formula has', line.right.split(/\s+/)),
          wrapped('    as if it had', line.wrong.split(/\s+/)),
        ]),
  ]
}

const apartText = ({ apart, answers }: Adjudication): readonly string[] => {
  const right = answers.filter(({ standing }) => standing === 'right')
  if (right.length < 2) return []
  if (apart === undefined) return [wrapped('the right answers', 'are the same numbers'.split(' '))]
  const {
    names: [a, b],
    output,
    index,
    values: [p, q],
    bound,
    ratio,
  } = apart
  return [
    wrapped(
      'right answers may differ:',
      `each may err by its bound, so that two may be as far apart as both bounds together. ${printable(a)} and ${printable(b)} are farthest at ${output}${showShape(index)}: ${literal(p)} and ${literal(q)}, ${number(Math.abs(p - q))} apart, where ${number(2 * bound)} is legitimate (${number(ratio)} of it)`.split(
        ' ',
      ),
    ),
  ]
}

const wordOf = (value: number): string =>
  Object.is(value, -0) ? '−0' : Number.isFinite(value) ? literal(value) : String(value)

const specialText = ({ output, index, want, got }: Special): string =>
  wrapped(
    `    ${output}${showShape(index)}:`,
    `want ${wordOf(want)}; ${Object.entries(got)
      .map(
        ([name, { value, bits }]) =>
          `${printable(name)} ${wordOf(value)}${bits === undefined || Number.isFinite(value) ? '' : ` (${bits})`}`,
      )
      .join(', ')}`.split(' '),
  )

const specialsText = ({ specials, specialsOf }: Adjudication): readonly string[] =>
  specials.length === 0
    ? []
    : [
        'elements that are NaN, an infinity or −0 in some answer, with their bits where known',
        ...specials.map(specialText),
        ...(specialsOf > specials.length ? [`    … and ${specialsOf - specials.length} more`] : []),
        wrapped(
          '   ',
          'NaN is right only for NaN, whatever its sign and payload, which IEEE 754 leaves open; an infinity only for itself; −0 is 0'.split(
            ' ',
          ),
        ),
      ]

/** What is said of all answers: the question, a line for each, what is wrong with each, and how far apart the right ones are. */
export const printAdjudication = (found: Adjudication, ink: Ink = plain): string => {
  const { asked, answers } = found
  const verdict = adjudicationVerdict(found)
  const width = Math.min(32, Math.max(6, ...answers.map(({ name }) => printable(name).length)))
  const judged = answers.find(({ judgement }) => judgement !== undefined && judgement.problem === undefined)?.judgement
  const { formula, source } = opOf(asked.op)
  const details = answers.map((one) => detailOf(one, ink)).filter(({ length }) => length > 0)
  const right = answers.filter(({ standing }) => standing === 'right').map(({ name }) => printable(name))
  const words = {
    'all are right': ink.good(answers.length === 1 ? 'it is right' : 'all are right'),
    'some are right': `${ink.bad('not all are right')}: ${right.join(', ')} ${right.length === 1 ? 'is' : 'are'}`,
    'none is right': ink.bad('none is right'),
    'no answer': ink.faint('no answer to judge'),
  }[verdict]
  const sections: readonly (readonly string[])[] = [
    [printQuestion(asked, ink)],
    [
      ink.faint(`  ${'answer'.padEnd(width)}  standing  error ÷ bound  outside its bound`),
      ...answers.map((one) => rowOf(one, width, ink)),
    ],
    ...details,
    apartText(found),
    specialsText(found),
    [
      ...(judged === undefined ? [] : [wrapped('the bound:', boundWords(judged).split(' '))]),
      wrapped('the formula:', `${formula} (${source})`.split(' ')),
    ],
    [words],
  ]
  return sections
    .filter(({ length }) => length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

const finiteOr = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

/** The same as one line of JSON; NaN and the infinities are words. */
export const writeAdjudication = (found: Adjudication): string =>
  jsonText({
    format: 'etalon adjudicate',
    version: 1,
    verdict: adjudicationVerdict(found),
    case: JSON.parse(printCase(found.asked)) as unknown,
    answers: found.answers.map(({ name, standing, judgement, outside, diagnosis, reason }) => ({
      name,
      standing,
      ...(judgement === undefined
        ? {}
        : judgement.problem !== undefined
          ? { problem: judgement.problem }
          : {
              ratio: finiteOr(judgement.worst.ratio),
              error: finiteOr(judgement.worst.error),
              bound: finiteOr(judgement.worst.bound),
              output: judgement.worst.output,
              index: judgement.worst.index,
              got: finiteOr(judgement.worst.got),
              want: finiteOr(judgement.worst.want),
              outside,
              of: judgement.of,
            }),
      ...(diagnosis && { diagnosis }),
      ...(reason === undefined ? {} : { reason }),
    })),
    ...(found.apart && { apart: found.apart }),
    specials: found.specials,
    specialsOf: found.specialsOf,
  })
