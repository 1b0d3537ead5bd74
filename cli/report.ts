import { either as E } from 'fp-ts'
import type { WrittenReport } from '../conformance/written.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { reportIn } from './merge.js'
import type { ReportOptions } from './reports.js'
import { reportsFor, writeReports } from './reports.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'
import { complainTo } from './terminal.js'

/** Makes the reports for people of one that was stored; it ends with 0 whatever that says. */
export const reportAt = async (
  { out, err, env = {} }: Pick<Rim, 'out' | 'err' | 'env'>,
  file: string,
  options: ReportOptions,
): Promise<ExitCode> => {
  const refused = ({ code, message }: { readonly code: string; readonly message: string }): ExitCode => {
    complainTo(err)(`${code}: ${message}`)
    return exit.usage
  }
  if (options.junit === undefined && options.html === undefined && options.github !== true) {
    complainTo(err)('there is nothing to write: --html FILE, --junit FILE and --github say what')
    return exit.usage
  }
  // it is asked for by name here, since a step that makes a page may not be the one that verified
  const reports = await reportsFor({ ...options, github: options.github === true }, env)
  if (E.isLeft(reports)) return refused(reports.left)
  const read = await reportIn(file)
  if (E.isLeft(read)) return refused(read.left)
  const report: WrittenReport = read.right.report
  const done = await writeReports(reports.right, report, (line) => out.write(`${line}\n`))
  return E.isLeft(done) ? refused(done.left) : exit.ok
}

/** `etalon report FILE`: a stored report as a page, as JUnit's XML, or for GitHub Actions. */
export const reportCommand: Subcommand = (command, end) =>
  void command
    .argument('<file>', 'what verify or merge wrote with --json FILE')
    .option('--html <file>', 'a page of its own, with errors, coverage and failures')
    .option('--junit <file>', 'JUnit’s XML, a test per op and direction and per program')
    .option('--github', 'annotations and the summary of a job, as GitHub Actions has them')
    .action(async (file: string, options: ReportOptions) => end(await reportAt(processRim(), file, options)))
