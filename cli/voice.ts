import type { Interruption } from '../training/fit.js'
import type { ExitCode } from './exit.js'
import { exit, exitOfWork } from './exit.js'
import type { Screen, Status } from './terminal.js'
import { complainTo, inkFor, statusLine } from './terminal.js'

/** How a command that works for long speaks on its streams. */
export interface Voice<Wrong> {
  readonly ink: ReturnType<typeof inkFor>
  readonly status: Status
  /** a line for people: beside JSON it is no part of the output */
  readonly say: (text: string) => void
  /** why the work broke off, and the exit code of that */
  readonly refuse: (wrong: Wrong) => ExitCode
}

export const voiceOf = <Wrong>(
  { out, err }: { readonly out: Screen; readonly err: Screen },
  json: boolean | undefined,
  why: (wrong: Wrong) => string,
  code: (wrong: Wrong) => ExitCode,
): Voice<Wrong> => {
  const people = json === true ? err : out
  const status = statusLine(err)
  return {
    ink: inkFor(people),
    status,
    say: (text) => {
      status.clear()
      people.write(`${text}\n`)
    },
    refuse: (wrong) => {
      status.clear()
      complainTo(err)(why(wrong))
      return code(wrong)
    },
  }
}

/** The exit code of a training that did not come to its end by itself. */
export const exitOfInterruption = (interruption: Interruption<unknown>): ExitCode =>
  interruption.why === 'error' ? exitOfWork(interruption.error) : exit.notConformant
