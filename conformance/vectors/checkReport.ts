import type { Ink } from '../text.js'
import { hanging, number, plain, wrapped } from '../text.js'
import { printDevice, printJudgement, printQuestion, printReason, quoted } from '../failureReport.js'
import type { Place } from '../failureReport.js'
import { suiteVersion } from '../cases.js'
import { printCase } from '../form.js'
import { verdictText } from '../report.js'
import type { CheckedLine } from './check.js'
import { caseOfVector, isReplayable } from './check.js'
import type { Recorded } from './golden.js'

/** What a check of vectors says to people. */

export const printCheckHead = (ink: Ink = plain): string =>
  ink.faint(`${'op'.padEnd(19)} ${'direction'.padEnd(9)} ${'cases'.padStart(5)} ${'worst'.padStart(8)}  verdict`)

const notOwnOf = ({ unsupported }: Pick<CheckedLine, 'unsupported'>): number =>
  Object.values(unsupported).reduce((n, count) => n + count, 0)

/** One op and direction in one line. */
export const printCheckLine = (line: CheckedLine, ink: Ink = plain): string => {
  const { op, direction, cases, failed, worst, refused, same, verdict } = line
  const below = (text: string): string => `\n${' '.repeat(20)}${text}`
  const others = notOwnOf(line)
  return [
    `${op.padEnd(19)} ${direction.padEnd(9)} ${String(cases).padStart(5)} ${(worst === undefined ? '–' : number(worst)).padStart(8)}  ${verdictText(verdict, ink)}`,
    ...(failed === 0 ? [] : [below(ink.bad(`${failed} of ${cases} cases failed`))]),
    ...(same === undefined || same === cases ? [] : [below(ink.faint(`${same} of ${cases} the same in bits`))]),
    ...(refused === 0 ? [] : [below(ink.faint(`${refused} refused for a limit of the device`))]),
    ...(others === 0 ? [] : [below(ink.faint(`${others} of ${others + cases + refused} cases are not its own`))]),
  ].join('')
}

/** What is wrong with a line: its smallest case that fails, as a person can act on it. */
export const printCheckFailure = (
  { failure, failed, cases }: CheckedLine,
  { fingerprint, command = 'etalon replay' }: Place,
  ink: Ink = plain,
): string => {
  if (failure?.judgement === undefined) return ''
  const { vector, judgement } = failure
  const asked = caseOfVector(vector)
  const ofSuite = vector.id.endsWith(`@${suiteVersion}`)
  return [
    printQuestion(asked, ink),
    printJudgement(judgement),
    printReason(asked, judgement),
    ...(Object.keys(fingerprint).length === 0 ? [] : [printDevice(fingerprint, ink)]),
    wrapped(`  ${ink.faint('failed')}   `, `${failed} of ${cases} cases; the smallest is ${vector.id}`.split(' ')),
    ...(ofSuite ? [`  ${ink.faint('replay')}    ${command} ${vector.id}`] : []),
    ...(isReplayable(vector) && !ofSuite ? [`  ${ink.faint('replay')}    ${command} ${quoted(printCase(asked))}`] : []),
  ].join('\n')
}

/** The cases that were not taken, by reason. */
export const printCheckReasons = (lines: readonly CheckedLine[], ink: Ink = plain): string => {
  const rows = lines.flatMap(({ op, direction, unsupported }) =>
    Object.entries(unsupported).map(([reason, count]) => ({ where: `${op} ${direction}`, reason, count })),
  )
  return rows.length === 0
    ? ''
    : [
        ink.strong('cases that are not its own, by the reason that it gives'),
        ...rows.map(({ where, reason, count }, at) =>
          hanging(
            `    ${(rows[at - 1]?.where === where ? '' : where).padEnd(29)} ${String(count).padStart(5)} `,
            reason,
          ),
        ),
      ].join('\n')
}

const changesText = ({ changes }: Recorded): string =>
  changes === undefined
    ? ''
    : `: ${changes.same} as before, ${changes.changed} changed, ${changes.added} new, ${changes.removed} gone`

/** A file's recordings, the last one last, a line or two each. */
export const printHistory = (history: readonly Recorded[], ink: Ink = plain): string =>
  history
    .map((one) =>
      hanging(
        `  ${ink.faint(one.date)}`,
        `${one.reason} (${one.cases} cases, etalon ${one.etalon}, suite ${one.suite}${changesText(one)})`,
      ),
    )
    .join('\n')

/** The totals of a check. */
export const printCheckTotals = (lines: readonly CheckedLine[], ink: Ink = plain): string => {
  const sum = (f: (line: CheckedLine) => number): number => lines.reduce((n, line) => n + f(line), 0)
  const [cases, failed, judged] = [sum((line) => line.cases), sum((line) => line.failed), sum((line) => line.judged)]
  const [others, refused] = [sum(notOwnOf), sum((line) => line.refused)]
  const asked = lines.some(({ same }) => same !== undefined)
  const parts = [
    `${cases} cases answered`,
    `${judged} numbers judged`,
    ...(asked ? [`${sum(({ same = 0 }) => same)} cases the same in bits`] : []),
    ...(others === 0 ? [] : [`${others} not its own`]),
    ...(refused === 0 ? [] : [`${refused} refused`]),
    `${failed} failed`,
  ]
  const verdict = failed > 0 ? ink.bad('not-conformant') : cases > 0 ? ink.good('conformant') : 'not-run'
  return wrapped('', `${parts.join(', ')}: ${verdict}`.split(' ')).trimStart()
}
