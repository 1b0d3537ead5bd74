import { inShort, whyNotRun } from './junit.js'
import { notItsOwn } from './line.js'
import type { Place } from './failureReport.js'
import { fenced } from './failureReport.js'
import { failsRun, isDeclared, isWrong, totalsOf } from './overall.js'
import { number, printable } from './text.js'
import type { Figure, WrittenLine, WrittenProgram, WrittenReport } from './written.js'
import { failureOfProgram, failuresOf, figure, placeOf, toldLine } from './written.js'

/** A report for GitHub Actions: annotations, and the summary of a job. */

// what a message may not have as it stands: https://github.com/actions/toolkit, command.ts
const data = (text: string): string =>
  printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

const annotation = (level: 'error' | 'warning', title: string, message: string): string =>
  `::${level} title=${property(title)}::${data(message)}`

/** So many annotations of a kind GitHub shows of one step. */
const mostAnnotations = 10
/** So many characters of a message it keeps for sure. */
const mostCharacters = 4000

const cut = (text: string): string => (text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)} …`)

interface Annotated {
  readonly title: string
  readonly message: string
}

// where there are more than are shown the last one names the rest
const atMost = (level: 'error' | 'warning', all: readonly Annotated[]): readonly string[] => {
  const shown = all.length <= mostAnnotations ? all : all.slice(0, mostAnnotations - 1)
  const rest = all.slice(shown.length)
  return [
    ...shown.map(({ title, message }) => annotation(level, title, cut(message))),
    ...(rest.length === 0
      ? []
      : [annotation(level, `${rest.length} more`, cut(rest.map(({ title }) => title).join('\n')))]),
  ]
}

/** Annotations of what is wrong, one a line, for the output of a step. */
export const annotations = (report: WrittenReport): readonly string[] => {
  const { lines, programs, summary } = report
  const place = placeOf(report)
  const errors = [
    ...lines.filter(failsRun).map((line) => ({
      title: `${summary.backend}: ${line.op} ${line.direction} is ${line.verdict}${line.unexpected === undefined ? '' : ', against the ledger'}`,
      message: [inShort(line), ...failuresOf(line, place, false).slice(0, 1)].join('\n\n'),
    })),
    ...programs.filter(isWrong).map((line) => ({
      title: `${summary.backend}: the program ${line.program} is ${line.verdict}`,
      message: failureOfProgram(line, place),
    })),
  ]
  const warnings = lines
    .filter(({ verdict }) => verdict === 'not-deterministic')
    .map((line) => ({
      title: `${summary.backend}: ${line.op} ${line.direction} is not deterministic`,
      message: failuresOf(line, place, false).join('\n\n'),
    }))
  return [...atMost('error', errors), ...atMost('warning', warnings)]
}

/** Text as words of Markdown, in a cell of a table too. */
export const markdown = (text: string): string =>
  printable(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>()#+|~&!^$@:]/g, (sign) => `\\${sign}`)

const ratioText = (value: Figure | undefined): string => (value === undefined ? '–' : number(figure(value)))

const shareText = (line: WrittenLine): string =>
  line.covered === undefined ? '–' : `${line.covered.classes.met} of ${line.covered.classes.of}`

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const signs: Readonly<Record<string, string>> = {
  conformant: '✅',
  convention: '✅',
  'not-deterministic': '⚠️',
}

const verdictCell = (line: WrittenLine | WrittenProgram): string =>
  `${'expected' in line && line.expected !== undefined ? '⚠️' : failsRun(line) ? '❌' : (signs[line.verdict] ?? '⏭️')} ${line.verdict}${'op' in line && isDeclared(line) ? ', declared' : ''}${'expected' in line && line.expected !== undefined ? ', known' : ''}`

const lineRow = (line: WrittenLine): string =>
  row([
    markdown(`${line.op} ${line.direction}`),
    verdictCell(line),
    line.grade ?? '–',
    line.failed === 0 ? line.cases : `${line.failed} of ${line.cases} failed`,
    ratioText(line.worst?.ratio),
    ratioText(line.walk?.rms),
    line.nonFinite === 'not asked' ? '–' : line.nonFinite,
    notItsOwn(line) + line.refused === 0 ? '' : notItsOwn(line) + line.refused,
    shareText(line),
  ])

const table = (lines: readonly WrittenLine[]): string =>
  [
    row(['op', 'verdict', 'grade', 'cases', 'worst error ÷ bound', 'walk', 'NaN', 'not its own', 'classes covered']),
    row(['---', '---', '---', '--:', '--:', '--:', '---', '--:', '--:']),
    ...lines.map(lineRow),
  ].join('\n')

const folded = (title: string, text: string): string => `<details><summary>${title}</summary>\n\n${text}\n\n</details>`

const programTable = (programs: readonly WrittenProgram[]): string =>
  [
    row(['program', 'verdict', 'cases', 'worst error ÷ bound', 'about']),
    row(['---', '---', '--:', '--:', '---']),
    ...programs.map((line) =>
      row([
        markdown(line.program),
        verdictCell(line),
        line.cases,
        ratioText(line.worst?.ratio),
        markdown(line.unsupported === undefined ? line.about : `not its own: ${line.unsupported}`),
      ]),
    ),
  ].join('\n')

/** GitHub refuses a summary that is larger, in bytes of UTF-8. */
export const largestSummary = 1024 * 1024

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** All failures of a line, each with the program that shows it as it is pasted. */
const failureSection = (line: WrittenLine, place: Place): string => {
  const { groups } = toldLine(line)
  return [
    `### ${markdown(`${line.op} ${line.direction}`)}: ${line.verdict}`,
    markdown(inShort(line)),
    ...failuresOf(line, place, false).flatMap((text, i) => {
      const snippet = groups[i]?.snippet
      return [
        fenced(text, 'text'),
        ...(snippet === undefined ? [] : [`In ${markdown(line.backend)}’s own words:`, fenced(snippet)]),
      ]
    }),
  ].join('\n\n')
}

/**
 * A report in Markdown, for the summary of a job: totals, every line in a table, failures with what replays them. Of
 * more than `room` bytes the last failures are left out, and it says so.
 */
export const jobSummary = (report: WrittenReport, room = largestSummary): string => {
  const { lines, programs, summary } = report
  const place = placeOf(report)
  const totals = totalsOf(lines)
  const { verdict } = summary
  const wrong = lines.filter(failsRun)
  const right = lines.filter((line) => !failsRun(line) && !['unsupported', 'not-run'].includes(line.verdict))
  const rest = lines.filter((line) => ['unsupported', 'not-run'].includes(line.verdict))
  const head = [
    `## ${verdict === 'conformant' ? '✅' : verdict === 'not-run' ? '⏭️' : '❌'} ${markdown(summary.backend)}: ${verdict === 'not-run' ? 'no verdict, for nothing was answered' : verdict.replace('-', ' ')}`,
    [
      `${totals.conformant} conformant`,
      ...(wrong.length === 0 ? [] : [`**${wrong.length} wrong**`]),
      ...(rest.length === 0 ? [] : [`${rest.length} unsupported or not run`]),
      `${totals.cases} cases`,
      ...(programs.length === 0
        ? []
        : [`${programs.filter(({ verdict: of }) => of === 'conformant').length} of ${programs.length} programs`]),
      `seed ${summary.seed}`,
      `profile ${markdown(summary.profile)}`,
      `${summary.seconds.toFixed(1)} s`,
    ].join(', '),
    folded(
      'What it ran on',
      [
        row(['', '']),
        row(['---', '---']),
        ...Object.entries(summary.fingerprint).map(([name, value]) => row([markdown(name), markdown(String(value))])),
      ].join('\n'),
    ),
    ...(wrong.length === 0 ? [] : [table(wrong)]),
  ]
  const tail = [
    ...(right.length === 0 ? [] : [folded(`${right.length} lines that are right`, table(right))]),
    ...(rest.length === 0
      ? []
      : [
          folded(
            `${rest.length} lines that were not answered`,
            [
              row(['op', 'verdict', 'why']),
              row(['---', '---', '---']),
              ...rest.map((line) =>
                row([markdown(`${line.op} ${line.direction}`), line.verdict, markdown(whyNotRun(line))]),
              ),
            ].join('\n'),
          ),
        ]),
    ...(programs.length === 0
      ? []
      : [
          programs.some(isWrong)
            ? programTable(programs)
            : folded(`${programs.length} programs`, programTable(programs)),
        ]),
  ]
  const failures = [
    ...wrong.map((line) => failureSection(line, place)),
    ...programs
      .filter(isWrong)
      .map((line) =>
        [`### program ${markdown(line.program)}`, fenced(failureOfProgram(line, place), 'text')].join('\n\n'),
      ),
  ]
  const leftOut = (count: number): string =>
    `_${count} more ${count === 1 ? 'failure is' : 'failures are'} left out: GitHub shows ${largestSummary} bytes._`
  const size = (pieces: readonly string[]): number => pieces.reduce((sum, piece) => sum + bytesOf(piece) + 2, 1)
  // what is said of those left out has its place kept
  const free = room - size([...head, ...tail, leftOut(failures.length)])
  let [used, shown] = [0, 0]
  for (const failure of failures) {
    used += bytesOf(failure) + 2
    if (used > free) break
    shown++
  }
  const pieces = [
    ...head,
    ...failures.slice(0, shown),
    ...(shown === failures.length ? [] : [leftOut(failures.length - shown)]),
    ...tail,
  ]
  const whole = `${pieces.join('\n\n')}\n`
  return bytesOf(whole) <= room
    ? whole
    : `${head.slice(0, 2).join('\n\n')}\n\n_The rest does not fit._\n`.slice(0, room)
}
