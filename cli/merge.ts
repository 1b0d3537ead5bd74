import { either as E, function as F } from 'fp-ts'
import type { Named } from '../conformance/merge.js'
import { mergeReports } from '../conformance/merge.js'
import { printProgramHead, printProgramLine } from '../conformance/probeReport.js'
import { printHead, printLine } from '../conformance/report.js'
import { readReport, writeReport } from '../conformance/reportCodec.js'
import type { Result } from '../spec/error.js'
import { within } from '../spec/error.js'
import type { Subcommand } from './command.js'
import { exitOfReport, printEnding } from './ending.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { readText, writable, writeWhole } from './file.js'
import type { ReportOptions } from './reports.js'
import { reportsFor, writeReports } from './reports.js'
import type { Rim } from './rim.js'
import { complainTo, inkFor } from './terminal.js'

/** The report in a file. Errors: FileUnreadable; those of `readReport` */
export const reportIn = async (name: string): Promise<Result<Named>> =>
  F.pipe(
    await readText(name),
    E.flatMap((text) => F.pipe(readReport(text), E.mapLeft(within(name)))),
    E.map((report) => ({ name, report })),
  )

export interface MergeOptions extends ReportOptions {
  readonly quiet?: boolean
  /** a file for the lines of JSON, or true for standard output in place of the text */
  readonly json?: string | true
}

/** Lays the reports of a run's shards together, and ends as the run would have. */
export const mergeAt = async (
  { out, err, env = {} }: Pick<Rim, 'out' | 'err' | 'env'>,
  files: readonly string[],
  { quiet = false, json, ...wanted }: MergeOptions,
): Promise<ExitCode> => {
  const ink = inkFor(out)
  const refused = ({ code, message }: { readonly code: string; readonly message: string }): ExitCode => {
    complainTo(err)(`${code}: ${message}`)
    return exit.usage
  }
  const target = typeof json === 'string' ? await writable(json) : undefined
  if (target !== undefined && E.isLeft(target)) return refused(target.left)
  const reports = await reportsFor({ ...wanted, ...(json !== undefined && { json }) }, env)
  if (E.isLeft(reports)) return refused(reports.left)
  const merged = F.pipe(await Promise.all(files.map(reportIn)), E.sequenceArray, E.flatMap(mergeReports))
  if (E.isLeft(merged)) {
    const { code, message } = merged.left
    // what stands right behind --json is the file to write, also where it was meant to be read
    const taken = typeof json === 'string' && E.isRight(await reportIn(json))
    return refused({
      code,
      message: taken ? `${message}; ${json} is what --json is to write, and was not read` : message,
    })
  }
  const { report, read } = merged.right
  if (target !== undefined) {
    const written = await writeWhole(target.right, writeReport(read))
    if (E.isLeft(written)) return refused(written.left)
  }
  const told = await writeReports(reports.right, read, (text) => (json === true ? err : out).write(`${text}\n`))
  if (E.isLeft(told)) return refused(told.left)
  if (json === true) {
    out.write(writeReport(read))
    return exitOfReport(report)
  }
  const { programs = [] } = report
  const { seconds, replay, stopped } = read.summary
  const table = [
    `${ink.strong(report.backend)}, ${files.length} shards`,
    '',
    printHead(ink),
    ...report.lines.map((line) => printLine(line, ink)),
    ...(programs.length === 0 ? [] : ['', printProgramHead(ink), ...programs.map((one) => printProgramLine(one, ink))]),
  ]
  const place = { fingerprint: report.fingerprint, ...(replay === undefined ? {} : { command: replay }) }
  const ending = printEnding(report, place, seconds, out, { quiet, ...(stopped && { stopped }) })
  out.write(`${[...(quiet ? [] : table), ending].join('\n')}\n`)
  return exitOfReport(report)
}

/** `etalon merge FILES…`: the reports of shards as that of the run in one. */
export const mergeCommand: Subcommand = (command, end) =>
  void command
    .argument('<files...>', 'what verify --shard i/n --json FILE wrote, of every i')
    .option('--quiet', 'failures and totals only')
    .option('--json [file]', 'the report of the whole run, to standard output or a file')
    .option('--junit <file>', 'JUnit’s XML, a test per op and direction and per program')
    .option('--html <file>', 'a page of its own, with errors, coverage and failures')
    .option(
      '--github',
      'annotations and the summary of a job, as GitHub Actions has them; by default where it runs this',
    )
    .option('--no-github', 'neither')
    .action(async (files: readonly string[], options: MergeOptions) =>
      end(await mergeAt({ out: process.stdout, err: process.stderr, env: process.env }, files, options)),
    )
