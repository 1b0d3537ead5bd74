import type { Program, ProgramNode } from '../spec/program.js'
import { showShape } from '../spec/tensor.js'
import type { Case } from './form.js'
import { printCases } from './form.js'
import type { ProgramLine } from './programs/probe.js'
import type { Place, Told } from './failureReport.js'
import type { Ink } from './text.js'
import { printDevice, printJudgement, printQuestion, printReason, quoted } from './failureReport.js'
import { verdictText } from './report.js'
import { literal, number, plain, printable, wrapped } from './text.js'
import type { Line } from './line.js'

/** Reports of what hangs on more than one question: answers that change, sequences, programs. */

// several may be long; what is asked is in the JSON of the report, too
const mostPrinted = 8

const showAttributes = ({ form }: Case): string =>
  Object.entries(form.attrs)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('')

/** A case in a line: what is asked, without its numbers. */
export const printBriefly = (asked: Case): string =>
  `${asked.op} ${asked.direction} ${Object.entries(asked.form.shapes)
    .map(([name, shape]) => `${name}${showShape(shape)}`)
    .join(' ')}${showAttributes(asked)}`

/** Of a line, what is told of questions that were asked again, or after others. */
export interface ToldRepeats {
  readonly sequence?:
    | {
        readonly cases: readonly Case[]
        readonly judgement: Told
        readonly note?: string
      }
    | undefined
  readonly repeats?: Pick<NonNullable<Line['repeats']>, 'asked' | 'differed' | 'difference'>
}

/** A question that is answered wrongly after others: those, the question, what came and what was wanted, and how to see it again. */
export const printSequence = (
  { sequence }: ToldRepeats,
  { fingerprint, command = 'etalon replay' }: Place,
  ink: Ink = plain,
): string => {
  const last = sequence?.cases.at(-1)
  if (sequence === undefined || last === undefined) return ''
  const before = sequence.cases.slice(0, -1)
  const shown = before.slice(-mostPrinted)
  const numbered = (one: Case): string => `${printBriefly(one)}, numbers of ${JSON.stringify(one.seed)}`
  return [
    ...(before.length === 0
      ? []
      : [
          ink.strong(
            `wrong after ${before.length === 1 ? 'another question' : `${before.length} other questions`}, right alone:`,
          ),
          ...(shown.length < before.length ? [`    … ${before.length - shown.length} more`] : []),
          ...shown.map((one) => `    ${numbered(one)}`),
          '  and then',
        ]),
    printQuestion(last, ink),
    printJudgement(sequence.judgement),
    printReason(last, sequence.judgement),
    printDevice(fingerprint, ink),
    ...(sequence.note === undefined ? [] : [`  ${ink.faint('note')}      ${sequence.note}`]),
    `  ${ink.faint('again')}     ${command} ${quoted(printCases(sequence.cases))}`,
  ].join('\n')
}

/** Answers that are within their bounds, and not the same when asked again. */
export const printDifference = (
  { repeats }: ToldRepeats,
  { command = 'etalon replay' }: Place,
  ink: Ink = plain,
): string => {
  const difference = repeats?.difference
  if (repeats === undefined || difference === undefined) return ''
  const { asked, output, index, first, again } = difference
  return [
    ink.strong(`${asked.op} ${asked.direction}: not deterministic`),
    `    ${repeats.differed} of ${repeats.asked} questions that were asked again were answered otherwise`,
    `    ${output}${showShape(index)}: ${literal(first)} the first time, ${literal(again)} later`,
    `  ${ink.faint('again')}     ${command} ${quoted(printCases([asked, asked, asked]))}`,
  ].join('\n')
}

/** The head of the table that `printProgramLine` fills. */
export const printProgramHead = (ink: Ink = plain): string =>
  ink.faint(`${'program'.padEnd(30)} ${'cases'.padStart(5)} ${'worst error ÷ bound'.padStart(20)}  verdict`)

/** One program in one line. */
export const printProgramLine = (line: ProgramLine, ink: Ink = plain): string => {
  const worst = line.worst === undefined ? '–' : number(line.worst.ratio)
  const at = line.failure === undefined ? '' : ink.bad(`  ${line.failure.at}`)
  const refused =
    line.unsupported !== undefined
      ? ink.faint(`\n    ${line.cases === 0 ? 'it' : 'the rest'} is not its own: ${line.unsupported}`)
      : line.refused === 0
        ? ''
        : ink.faint('  the rest refused for a limit of the device')
  return `${line.program.padEnd(30)} ${String(line.cases).padStart(5)} ${worst.padStart(20)}  ${verdictText(line.verdict, ink)}${at}${refused}`
}

const printNode = ({ op, direction, attrs, inputs, cotangents, outputs }: ProgramNode): string => {
  const named = (names: Readonly<Record<string, string>>): string =>
    Object.entries(names)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')
  const set = Object.entries(attrs).map(
    ([name, value]) =>
      `${name}=${typeof value === 'object' && 'feed' in value ? `fed ${value.feed}` : JSON.stringify(value)}`,
  )
  const pulled = Object.keys(cotangents).length === 0 ? '' : `; cotangents ${named(cotangents)}`
  return `${named(outputs)} = ${op}${direction === 'backward' ? ' backward' : ''}(${named(inputs)}${pulled})${set.map((one) => ` ${one}`).join('')}`
}

const printProgram = ({ inputs, nodes, outputs, carry }: Program): readonly string[] => [
  `    inputs ${Object.entries(inputs)
    .map(([name, shape]) => `${name}${showShape(shape)}`)
    .join(' ')}`,
  ...nodes.map((node) => wrapped('   ', printNode(node).split(' '))),
  `    outputs ${outputs.join(', ')}`,
  ...(Object.keys(carry).length === 0
    ? []
    : [
        `    after a step ${Object.entries(carry)
          .map(([name, value]) => `${name} ← ${value}`)
          .join(', ')}`,
      ]),
]

/** A program that went wrong: which answer, which node, what came and what was wanted, and the program. */
export const printProgramFailure = (
  { program, about, failure }: Pick<ProgramLine, 'program' | 'about' | 'failure'>,
  { fingerprint }: Place,
  ink: Ink = plain,
): string =>
  failure === undefined
    ? ''
    : [
        ink.strong(wrapped(`program ${program}:`, printable(about).split(' '))),
        wrapped(`    ${failure.at}:`, printable(failure.message).split(/\s+/)),
        ...printProgram(failure.program),
        printDevice(fingerprint, ink),
      ].join('\n')
