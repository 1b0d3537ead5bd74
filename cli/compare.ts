import { either as E } from 'fp-ts'
import { InvalidArgumentError } from 'commander'
import { compareReports, jsonComparison, printComparison } from '../conformance/compare.js'
import type { Named } from '../conformance/merge.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { reportIn } from './merge.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

export interface CompareOptions {
  /** how many times a worst ratio has to be another to be told */
  readonly drift: number
  readonly json?: boolean
}

/** Tells what two reports differ in; where something fails that did not, the exit code says so. */
export const compareAt = async (
  { out, err }: { readonly out: Screen; readonly err: Screen },
  older: string,
  newer: string,
  { drift, json }: CompareOptions,
): Promise<ExitCode> => {
  const read = E.sequenceArray([await reportIn(older), await reportIn(newer)])
  if (E.isLeft(read)) {
    complainTo(err)(`${read.left.code}: ${read.left.message}`)
    return exit.usage
  }
  const [before, after] = read.right as readonly [Named, Named]
  const comparison = compareReports(before.report, after.report, drift)
  out.write(
    json === true
      ? `${JSON.stringify(jsonComparison(comparison))}\n`
      : `${printComparison(comparison, drift, inkFor(out))}\n`,
  )
  return comparison.newlyFailing.length > 0 ? exit.newlyFailing : exit.ok
}

const factor = (text: string): number => {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 1) throw new InvalidArgumentError('A number above 1 is wanted.')
  return value
}

/** `etalon compare OLD NEW`: two reports side by side. */
export const compareCommand: Subcommand = (command, end) =>
  void command
    .argument('<old>', 'a report that verify --json FILE wrote')
    .argument('<new>', 'a later one')
    .option('--drift <factor>', 'how many times a worst error ÷ bound has to be another to be told', factor, 2)
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExit codes: 0 nothing is newly failing, 5 something is, 2 a file is no report')
    .action(async (older: string, newer: string, options: CompareOptions) =>
      end(await compareAt({ out: process.stdout, err: process.stderr }, older, newer, options)),
    )
