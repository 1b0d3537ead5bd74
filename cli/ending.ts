import { printDifference, printProgramFailure, printSequence } from '../conformance/probeReport.js'
import type { Report } from '../conformance/line.js'
import type { Place } from '../conformance/failureReport.js'
import type { Stopped } from '../conformance/overall.js'
import { printFailure } from '../conformance/failureReport.js'
import { overall } from '../conformance/overall.js'
import { printFailing, printKnown, printSlowest, printTotals, printUnsupported } from '../conformance/report.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Screen } from './terminal.js'
import { inkFor } from './terminal.js'

export interface Ending {
  /** failures and totals only */
  readonly quiet?: boolean
  /** why not all was asked */
  readonly stopped?: Stopped
}

/** What follows the table: the failures as a person can act on them, the totals, and what failed once more, by name. */
export const printEnding = (
  report: Report,
  place: Place,
  seconds: number,
  out: Screen,
  { quiet = false, stopped }: Ending = {},
): string => {
  const ink = inkFor(out)
  const told = [
    ...report.lines
      // what is known to fail is told in a line each
      .filter(({ expected }) => expected === undefined)
      .flatMap((line) => [
        printFailure(line, place, ink),
        printSequence(line, place, ink),
        line.verdict === 'not-deterministic' && !quiet ? printDifference(line, place, ink) : '',
      ]),
    ...(report.programs ?? []).map((line) => printProgramFailure(line, place, ink)),
    ...(quiet ? [] : [printUnsupported(report.lines, ink)]),
    printKnown(report.lines, ink),
  ].filter((text) => text !== '')
  const last = [
    ...(quiet ? [] : [printSlowest(report, ink)]),
    printTotals(report, seconds, ink, { quiet, ...(stopped && { stopped }) }),
    printFailing(report, ink),
  ].filter((text) => text !== '')
  return [
    ...told.flatMap((text, at) => (quiet && at === 0 ? [text] : ['', text])),
    ...(quiet && told.length === 0 ? [] : ['']),
    ...last,
  ].join('\n')
}

const exitOf = { conformant: exit.ok, 'not-conformant': exit.notConformant, 'not-run': exit.noBackend } as const

/** The exit code of a report as a whole. */
export const exitOfReport = (report: Report): ExitCode => exitOf[overall(report)]
