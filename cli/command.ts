import type { Command } from 'commander'
import type { ExitCode } from './exit.js'

/** A subcommand: describes its options and its action on a fresh command, and hands its exit code to `finish`. */
export interface Subcommand {
  (command: Command, finish: (code: ExitCode) => void): void
}
