import type { Line, Report, Verdict } from './line.js'
import { notItsOwn } from './line.js'

/** The verdict on a whole report, and what its lines count for. */

export const wrong: readonly Verdict[] = ['not-conformant', 'inaccurate', 'convention']

/** How a report's lines count. */
export interface Totals {
  readonly conformant: number
  readonly notConformant: number
  readonly inaccurate: number
  readonly convention: number
  readonly notDeterministic: number
  readonly unsupported: number
  readonly notRun: number
  readonly cases: number
  readonly refused: number
  /** cases that are not the backend's own */
  readonly notItsOwn: number
  /** elements judged, of so many that the answers have */
  readonly judged: number
  readonly of: number
  /** elements of outputs judged in part that are held all the same, by sums over their channels */
  readonly held: number
}

/** Of a line, what totals count. */
type Counted = Pick<Line, 'verdict' | 'cases' | 'refused' | 'judged' | 'of' | 'held'> & Parameters<typeof notItsOwn>[0]

export const totalsOf = (lines: readonly Counted[]): Totals => {
  const count = (verdict: Verdict): number => lines.filter((line) => line.verdict === verdict).length
  return {
    conformant: count('conformant'),
    notConformant: count('not-conformant'),
    inaccurate: count('inaccurate'),
    convention: count('convention'),
    notDeterministic: count('not-deterministic'),
    unsupported: count('unsupported'),
    notRun: count('not-run'),
    cases: lines.reduce((n, { cases }) => n + cases, 0),
    refused: lines.reduce((n, { refused }) => n + refused, 0),
    notItsOwn: lines.reduce((n, line) => n + notItsOwn(line), 0),
    judged: lines.reduce((n, { judged }) => n + judged, 0),
    of: lines.reduce((n, { of }) => n + of, 0),
    held: lines.reduce((n, { held }) => n + held, 0),
  }
}

/** Of a line or a program, what its verdict counts by. */
interface Judged {
  readonly verdict: Verdict
  readonly groups?:
    readonly { readonly diagnosis?: { readonly declared?: boolean | undefined } | undefined }[] | undefined
  /** what a ledger says of it, and is so, or is not */
  readonly expected?: unknown
  readonly unexpected?: unknown
}

interface AllJudged {
  readonly lines: readonly Judged[]
  readonly programs?: readonly Judged[]
}

/** Whether all that is wrong is a convention that the backend declares: it is its own, and no mistake. */
export const isDeclared = ({ verdict, groups = [] }: Judged): boolean =>
  verdict === 'convention' && groups.every(({ diagnosis }) => diagnosis?.declared === true)

// what a ledger says of it is no surprise
export const isExpected = ({ expected }: Judged): boolean => expected !== undefined

/**
 * Whether a line, or a program, fails the run: it is wrong, and neither by a convention that the backend declares nor by
 * what a ledger expects.
 */
export const isWrong = (line: Judged): boolean => wrong.includes(line.verdict) && !isDeclared(line) && !isExpected(line)

// a ledger that expects a failure where there is none is out of date
export const isUnexpected = ({ unexpected }: Judged): boolean => unexpected !== undefined

/** Whether a line fails the run, be it for what is wrong or for what is right and should not be. */
export const failsRun = (line: Judged): boolean => isWrong(line) || isUnexpected(line)
// answers that change are right as long as each is within its bound
const isRight = (line: Judged): boolean =>
  line.verdict === 'conformant' || line.verdict === 'not-deterministic' || isDeclared(line)

/** The whole report's verdict: nothing wrong, and something asked and answered. */
export const conforms = ({ lines, programs = [] }: AllJudged): boolean =>
  !lines.some(failsRun) && !programs.some(isWrong) && lines.some((line) => isRight(line) || isExpected(line))

/** The verdict on a backend as a whole. Where nothing was answered there is none. */
export const overall = (report: AllJudged): 'conformant' | 'not-conformant' | 'not-run' =>
  conforms(report)
    ? 'conformant'
    : report.lines.some(failsRun) || (report.programs ?? []).some(isWrong)
      ? 'not-conformant'
      : 'not-run'

/** Why a run ended before all was asked. */
export type Stopped = 'interrupted' | 'bail'

/** The verdict on what was asked; where a person broke a run off and nothing was wrong so far, there is none. */
export const overallOf = (report: Report, stopped?: Stopped): ReturnType<typeof overall> => {
  const verdict = overall(report)
  return stopped === 'interrupted' && verdict === 'conformant' ? 'not-run' : verdict
}
