import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { QuestionTable } from '../conformance/questions.js'
import { questionTable } from '../conformance/table.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { openBackend } from './backends.js'
import type { BrowserChoice, Host } from './browser/host.js'
import { exit } from './exit.js'
import type { StartPart } from './jobs.js'
import { startPart } from './jobs.js'
import type { Screen } from './terminal.js'

export { closing } from './closing.js'

/** All that a command meets of the world. */
export interface Rim {
  readonly open: (device: DeviceChoice, backend?: string) => taskEither.TaskEither<EtalonError, Backend>
  readonly oracle: Oracle
  readonly table: QuestionTable
  readonly out: Screen
  readonly err: Screen
  /** milliseconds since some moment */
  readonly now: () => number
  /** variables of the environment */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** starts a process that asks part of a run, where there may be several */
  readonly startPart?: StartPart
  /** starts a browser in which parts of a run work */
  readonly openHost?: (
    choice: BrowserChoice,
    device: DeviceChoice,
    backend: string,
    err: Screen,
  ) => Promise<Result<Host>>
  /** tells of a Ctrl-C, or that nobody reads any more, until what it answers is called */
  readonly listen?: (tell: (what: Interruption) => void) => () => void
}

/** Why work ends before it is done: a person broke it off, or whoever read what it writes has gone. */
export type Interruption = 'interrupted' | 'broken pipe'

// one Ctrl-C may come twice: from the terminal, and from npm or another parent that hands it on
const handedOn = 1000

/** The first Ctrl-C is told; another, a second later or more, ends the process. */
const listenToProcess: NonNullable<Rim['listen']> = (tell) => {
  let first: number | undefined
  const interrupted = (): void => {
    if (first !== undefined && performance.now() - first > handedOn) process.exit(exit.interrupted)
    first ??= performance.now()
    tell('interrupted')
  }
  const broken = ({ code }: NodeJS.ErrnoException): void => {
    if (code === 'EPIPE') tell('broken pipe')
  }
  process.on('SIGINT', interrupted)
  process.stdout.on('error', broken)
  return () => {
    // what is handed on late finds the work done already
    setTimeout(() => process.off('SIGINT', interrupted), handedOn).unref()
    process.stdout.off('error', broken)
  }
}

/** The rim of the process: its streams, its clock, a device, and the reference as the oracle. */
export const processRim = (): Rim => ({
  open: openBackend,
  oracle,
  table: questionTable,
  out: process.stdout,
  err: process.stderr,
  now: () => performance.now(),
  env: process.env,
  startPart,
  openHost: async (...asked) => (await import('./browser/host.js')).openHost(...asked),
  listen: listenToProcess,
})
