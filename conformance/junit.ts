import { notItsOwn } from './line.js'
import type { Place } from './failureReport.js'
import { failsRun, isDeclared, isWrong } from './overall.js'
import { number, printable } from './text.js'
import type { WrittenKnown, WrittenLine, WrittenProgram, WrittenReport } from './written.js'
import { failureOfProgram, failuresOf, figure, placeOf } from './written.js'

/**
 * A report as JUnit's XML, which systems of continuous integration read: a suite of all, in it a test for each op and
 * direction and for each program. What they take is the schema of Jenkins' xUnit plugin.
 */

/** Text as XML; control characters, which XML has not even as references, by their codes. */
export const xmlText = (text: string): string =>
  printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

// a line feed in an attribute is read as a space unless it is a reference
const attribute = (name: string, value: string | number): string =>
  ` ${name}="${xmlText(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`

const attributes = (all: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(all)
    .map(([name, value]) => (value === undefined ? '' : attribute(name, value)))
    .join('')

// no exponent: what reads it may know decimals only
const secondsText = (seconds: number | undefined): string | undefined =>
  seconds === undefined || !Number.isFinite(seconds) ? undefined : Math.max(0, seconds).toFixed(3)

interface Test {
  readonly name: string
  readonly classname: string
  readonly seconds?: number | undefined
  readonly failed?: { readonly message: string; readonly type: string; readonly text: string }
  /** why it was not run */
  readonly skipped?: string
  /** what else there is to say */
  readonly said: readonly string[]
}

const printTest = ({ name, classname, seconds, failed, skipped, said }: Test): string => {
  const inside = [
    ...(failed === undefined
      ? []
      : [
          `      <failure${attributes({ message: failed.message, type: failed.type })}>${xmlText(failed.text)}</failure>`,
        ]),
    ...(skipped === undefined ? [] : [`      <skipped${attributes({ message: skipped })}/>`]),
    ...(said.length === 0 ? [] : [`      <system-out>${xmlText(said.join('\n'))}</system-out>`]),
  ]
  const head = `    <testcase${attributes({ classname, name, time: secondsText(seconds) })}`
  return inside.length === 0 ? `${head}/>` : [`${head}>`, ...inside, '    </testcase>'].join('\n')
}

const reasons = (unsupported: Readonly<Record<string, number>>): readonly string[] =>
  Object.entries(unsupported)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} not its own: ${reason}`)

/** Why nothing is held against a line, or nothing for it. */
export const whyNotRun = (line: WrittenLine): string =>
  [
    ...(line.cases === 0 && notItsOwn(line) === 0 && line.verdict === 'unsupported'
      ? ['the backend does not have it']
      : []),
    ...reasons(line.unsupported ?? {}),
    ...(line.refused === 0 ? [] : [`${line.refused} refused for a limit of the device`]),
    ...(line.unasked === undefined ? [] : [`${line.unasked} not asked, after too many had no answer in time`]),
  ].join('; ') || 'nothing was answered'

/** What a ledger says, in words. */
export const knownText = (known: readonly WrittenKnown[]): string =>
  known.map(({ reason, expires }) => `${reason} (until ${expires})`).join('; ')

/** A failing line in a sentence: how many cases, how far, and what it might be instead. */
export const inShort = (line: WrittenLine): string => {
  if (line.unexpected !== undefined)
    return `it does not fail as the ledger of known failures says: ${knownText(line.unexpected)}`
  const { failed, cases, groups = [], worst, sequence } = line
  const words = [...new Set(groups.flatMap(({ diagnosis }) => (diagnosis === undefined ? [] : [diagnosis.words])))]
  const problem = groups.find(({ failure }) => failure.problem !== undefined)?.failure.problem
  return [
    failed === 0 && sequence !== undefined
      ? 'wrong when asked again, or after other questions'
      : failed === 0
        ? 'errors stray too far in all cases together'
        : `${failed} of ${cases} cases failed`,
    ...(problem === undefined ? [] : [problem.split('\n', 1)[0] as string]),
    ...(problem !== undefined || worst === undefined || !(figure(worst.ratio) > 1)
      ? []
      : [`worst error ÷ bound ${number(figure(worst.ratio))}`]),
    ...(words.length === 0 ? [] : [`as by ${words.join(', and ')}`]),
  ].join('; ')
}

const testOf = (line: WrittenLine, place: Place): Test => {
  const { op, direction, backend, verdict, seconds, repeats } = line
  const base = { name: `${op} ${direction}`, classname: `etalon.${backend}.${op}`, seconds }
  const said = [
    ...(line.translates === undefined ? [] : [`between: ${line.translates.join('; ')}`]),
    ...(line.worst === undefined ? [] : [`worst error ÷ bound: ${number(figure(line.worst.ratio))}`]),
    ...(line.grade === undefined ? [] : [`grade: ${line.grade}`]),
    ...(line.nonFinite === 'lost' ? ['NaN or an infinity was lost'] : []),
  ]
  if (failsRun(line))
    return {
      ...base,
      failed: { message: inShort(line), type: verdict, text: `\n${failuresOf(line, place).join('\n\n')}\n` },
      said,
    }
  if (line.expected !== undefined) return { ...base, skipped: `known: ${knownText(line.expected)}`, said }
  if (verdict === 'unsupported' || verdict === 'not-run') return { ...base, skipped: whyNotRun(line), said }
  return {
    ...base,
    said: [
      ...said,
      ...(isDeclared(line) ? [`a convention that the backend declares: ${inShort(line)}`] : []),
      ...(verdict === 'not-deterministic' && repeats !== undefined
        ? [`${repeats.differed} of ${repeats.asked} answers differ when asked again`]
        : []),
      ...reasons(line.unsupported ?? {}),
      ...(line.refused === 0 ? [] : [`${line.refused} refused for a limit of the device`]),
    ],
  }
}

const testOfProgram = (line: WrittenProgram, place: Place): Test => {
  const { program, about, backend, verdict, failure, unsupported, seconds } = line
  const base = { name: program, classname: `etalon.${backend}.programs`, seconds, said: [about] }
  if (isWrong(line))
    return {
      ...base,
      failed: {
        message: failure === undefined ? verdict : `${failure.at}: ${failure.message.split('\n', 1)[0] as string}`,
        type: verdict,
        text: `\n${failureOfProgram(line, place)}\n`,
      },
    }
  return verdict === 'conformant'
    ? base
    : { ...base, skipped: unsupported === undefined ? 'nothing was answered' : `not its own: ${unsupported}` }
}

/** A report as JUnit's XML. */
export const junitXml = (report: WrittenReport): string => {
  const { lines, programs, summary } = report
  const place = placeOf(report)
  const tests = [...lines.map((line) => testOf(line, place)), ...programs.map((line) => testOfProgram(line, place))]
  const counts = {
    tests: tests.length,
    failures: tests.filter(({ failed }) => failed !== undefined).length,
    errors: 0,
    time: secondsText(summary.seconds),
  }
  const skipped = tests.filter((test) => test.skipped !== undefined).length
  const facts = {
    ...summary.fingerprint,
    seed: summary.seed,
    profile: summary.profile,
    rounding: summary.rounding,
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'etalon', ...counts })}>`,
    `  <testsuite${attributes({ name: `etalon ${summary.backend}`, ...counts, skipped })}>`,
    '    <properties>',
    ...Object.entries(facts).map(([name, value]) => `      <property${attributes({ name, value: String(value) })}/>`),
    '    </properties>',
    ...tests.map(printTest),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}
