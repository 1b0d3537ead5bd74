import { either as E } from 'fp-ts'
import { Option } from 'commander'
import type { DeviceChoice } from '../accelerated/index.js'
import {
  printDifference,
  printProgramFailure,
  printProgramHead,
  printProgramLine,
  printSequence,
} from '../conformance/probeReport.js'
import type { Place } from '../conformance/report.js'
import {
  overall,
  printFailure,
  printFingerprint,
  printHead,
  printLine,
  printTotals,
  printUnsupported,
} from '../conformance/report.js'
import { fingerprintOf } from '../conformance/guarded.js'
import { jsonLine, jsonProgramLine, jsonSummary } from '../conformance/reportJson.js'
import { jsonText } from '../conformance/form.js'
import { written } from '../conformance/written.js'
import { checkOracle } from '../conformance/selfCheck.js'
import type { Profile } from '../conformance/cases.js'
import { profiles } from '../conformance/cases.js'
import type { Progress } from '../conformance/verify.js'
import type { Report } from '../conformance/line.js'
import { questionsIn, verify as verifyBackend } from '../conformance/verify.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opNames } from '../spec/catalogue.js'
import { deviceProblem, exitOfOpening, openBackend, replayCommand } from './backends.js'
import { faultyOracle } from './faulty.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { writable, writeWhole } from './file.js'
import type { Subcommand } from './command.js'
import { atLeastZero, backendOption, caseTimeoutOption, deviceOption, opList, wholeNumber } from './options.js'
import type { ReportOptions } from './reports.js'
import { reportsFor, writeReports } from './reports.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import { timeLimit } from './timeLimit.js'

export interface VerifyOptions extends ReportOptions {
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  readonly profile: Profile
  readonly runs: number
  readonly seed: number
  /** seconds for making a failure small */
  readonly shrinkTime: number
  /** whether a NaN or an infinity that is lost fails */
  readonly nonFinite?: 'told' | 'strict'
  readonly device: DeviceChoice
  readonly backend?: string
  /** seconds that an answer may take */
  readonly caseTimeout?: number
  /** a file for the lines of JSON, or true for standard output in place of the text */
  readonly json?: string | true
}

const exitOf = { conformant: exit.ok, 'not-conformant': exit.notConformant, 'not-run': exit.noBackend } as const

/** What follows the table: the failures as a person can act on them, and the totals. */
const ending = (report: Report, place: Place, seconds: number, out: Screen): string => {
  const ink = inkFor(out)
  const told = [
    ...report.lines.flatMap((line) => [
      printFailure(line, place, ink),
      printSequence(line, place, ink),
      line.verdict === 'not-deterministic' ? printDifference(line, place, ink) : '',
    ]),
    ...(report.programs ?? []).map((line) => printProgramFailure(line, place, ink)),
    printUnsupported(report.lines, ink),
  ]
  return [
    ...told.filter((text) => text !== '').flatMap((text) => ['', text]),
    '',
    printTotals(report, seconds, ink),
  ].join('\n')
}

/** Holds the backend that `rim` opens against its oracle, and says so on its streams. */
export const verifyAt = async (rim: Rim, options: VerifyOptions): Promise<ExitCode> => {
  const {
    ops,
    direction,
    profile,
    runs,
    seed,
    shrinkTime,
    nonFinite = 'told',
    device,
    backend: name = 'webgpu',
    caseTimeout = 30,
    json,
  } = options
  const { out, err, table } = rim
  const started = rim.now()
  const complain = complainTo(err)
  const ink = inkFor(out)
  const status = statusLine(err)
  const say = (text: string): void => {
    if (json !== true) out.write(`${text}\n`)
  }

  // what can be found out before the work is found out before it
  const scope = {
    profile,
    runs,
    seed,
    shrinking: { cases: 20_000, seconds: shrinkTime },
    nonFinite,
    limit: timeLimit(caseTimeout),
    ...(ops === undefined ? {} : { ops }),
    ...(direction === undefined ? {} : { direction }),
    reopen: () => rim.open(device, name)(),
    faulty: faultyOracle,
  }
  const asked = questionsIn(scope)
  if (asked.length === 0) {
    complain(`there is nothing to ask: none of ${ops?.join(', ')} has a ${direction}`)
    return exit.usage
  }
  const problem = deviceProblem(device, name)
  if (problem !== undefined) {
    complain(problem)
    return exit.usage
  }
  const target = typeof json === 'string' ? await writable(json) : undefined
  if (target !== undefined && E.isLeft(target)) {
    complain(target.left.message)
    return exit.usage
  }

  const reports = await reportsFor(options, rim.env ?? {})
  if (E.isLeft(reports)) {
    complain(reports.left.message)
    return exit.usage
  }

  status.show('checking the oracle …')
  const findings = checkOracle(rim.oracle, table, ops ?? opNames)
  status.show(name === 'webgpu' ? 'opening a device …' : `opening ${name} …`)
  if (findings.length > 0) {
    status.clear()
    complain(`the oracle fails its own check, so it judges nobody:\n  ${findings.join('\n  ')}`)
    return exit.oracleFailed
  }
  const opened = await rim.open(device, name)()
  status.clear()
  if (E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exitOfOpening(opened.left)
  }

  const backend = opened.right
  const fingerprint = fingerprintOf(backend)
  say(`${ink.strong(backend.name)} on\n${printFingerprint(fingerprint, ink)}\n\n${printHead(ink)}`)
  const lines: string[] = []
  const times = new Map<string, number>()
  let since = rim.now()
  const watch = ({ op, direction, done, of, line }: Progress): void => {
    if (line === undefined)
      return status.show(`${lines.length + 1} of ${asked.length}  ${op} ${direction}: case ${done} of ${of}`)
    times.set(`${op} ${direction}`, (rim.now() - since) / 1000)
    since = rim.now()
    status.clear()
    say(printLine(line, ink))
    lines.push(`${jsonText(jsonLine(line))}\n`)
    if (json === true) out.write(lines.at(-1) as string)
  }
  const plain = await openBackend('auto', 'plain-f32')()
  const graded = E.isRight(plain) ? { ...scope, plain: plain.right } : scope
  const report = await verifyBackend(backend, rim.oracle, table, graded, watch)().finally(() => closing(rim, backend))
  status.clear()
  if (E.isLeft(report)) {
    complain(`${report.left.code}: ${report.left.message}; this is no verdict`)
    return report.left.code === 'DeviceLost' ? exit.noBackend : exit.oracleFailed
  }
  const blamed = [...new Set(report.right.lines.filter(({ failed }) => failed > 0).map(({ op }) => op))]
  if (blamed.length > 0) status.show(`checking the oracle about ${blamed.join(', ')} …`)
  const doubts = checkOracle(rim.oracle, table, blamed, 'thorough')
  status.clear()
  if (doubts.length > 0) {
    complain(`the oracle fails its own check of what it found wrong, so this is no verdict:\n  ${doubts.join('\n  ')}`)
    return exit.oracleFailed
  }

  const programs = report.right.programs ?? []
  if (programs.length > 0)
    say(`\n${[printProgramHead(ink), ...programs.map((line) => printProgramLine(line, ink))].join('\n')}`)
  const ofPrograms = programs.map((line) => `${jsonText(jsonProgramLine(line))}\n`)
  lines.push(...ofPrograms)
  if (json === true) out.write(ofPrograms.join(''))
  const seconds = (rim.now() - started) / 1000
  say(ending(report.right, { fingerprint, command: replayCommand(device, name) }, seconds, out))
  const summary = `${jsonText(jsonSummary(report.right, seconds))}\n`
  if (json === true) out.write(summary)
  if (target !== undefined) {
    const written = await writeWhole(target.right, [...lines, summary].join(''))
    if (E.isLeft(written)) {
      complain(written.left.message)
      return exit.usage
    }
  }
  const told = await writeReports(
    reports.right,
    written(report.right, seconds, times),
    replayCommand(device, name),
    (text) => (json === true ? err : out).write(`${text}\n`),
  )
  if (E.isLeft(told)) {
    complain(told.left.message)
    return exit.usage
  }
  return exitOf[overall(report.right)]
}

/** `etalon verify`: a backend, the accelerated one or another, held against the reference, every op and direction. */
export const verifyCommand: Subcommand = (command, end) =>
  void command
    .option('--ops <a,b>', 'only these ops, by name, with commas between', opList)
    .addOption(new Option('--direction <direction>', 'only this direction').choices(['forward', 'backward']))
    .addOption(
      new Option(
        '--profile <profile>',
        'quick: every class once; standard: every pair of classes, of convolutions and pools every triple, and every extent; wild: layers of networks too, full size',
      )
        .choices(profiles)
        .default('standard'),
    )
    .option(
      '--runs <n>',
      'how many cases of any classes are drawn of each op and direction, beside the profile’s',
      wholeNumber(0),
      0,
    )
    .option('--seed <n>', 'seed of the drawn cases', wholeNumber(0), 1)
    .addOption(backendOption())
    .addOption(caseTimeoutOption())
    .addOption(
      new Option(
        '--non-finite <how>',
        'told: how NaN and the infinities fared stands beside the verdict; strict: losing one is not conformant',
      )
        .choices(['told', 'strict'])
        .default('told'),
    )
    .option('--shrink-time <seconds>', 'how long a failure is made small', atLeastZero, 5)
    .addOption(deviceOption())
    .option(
      '--json [file]',
      'a line of JSON per op and direction and per program, then a summary; to standard output or a file',
    )
    .option('--junit <file>', 'JUnit’s XML, a test per op and direction and per program')
    .option('--html <file>', 'a page of its own, with errors, coverage and failures')
    .option(
      '--github',
      'annotations and the summary of a job, as GitHub Actions has them; by default where it runs this',
    )
    .option('--no-github', 'neither')
    .action(async (options: VerifyOptions) => end(await verifyAt(processRim(), options)))
