import type { ErrorCode, EtalonError } from '../spec/error.js'

/** What the process's exit code says. */
export const exit = {
  ok: 0,
  notConformant: 1,
  usage: 2,
  noBackend: 3,
  oracleFailed: 4,
  newlyFailing: 5,
  /** of `bench` beside a baseline: the same to whoever waits for a change that is no good */
  slower: 5,
  /** as a shell says of what SIGINT and SIGPIPE end */
  interrupted: 130,
  brokenPipe: 141,
} as const

export type ExitCode = (typeof exit)[keyof typeof exit]

/** The exit code of a backend that could not be opened: it is a mistake to name what is none. */
export const exitOfOpening = ({ code }: EtalonError): ExitCode =>
  code === 'BackendUnavailable' || code === 'LimitExceeded' || code === 'DeviceLost' ? exit.noBackend : exit.usage

// ways of ending that say nothing of right and wrong, nor of what was asked
const noVerdict: readonly ErrorCode[] = [
  'BackendUnavailable',
  'DeviceLost',
  'LimitExceeded',
  'Unsupported',
  'NoAnswer',
  'Died',
]

/** The exit code of work on a backend that broke off: a backend that gave up, or a mistake in what was asked for. */
export const exitOfWork = ({ code }: Pick<EtalonError, 'code'>): ExitCode =>
  noVerdict.includes(code) ? exit.noBackend : exit.usage
