import { either as E, function as F } from 'fp-ts'
import { Option } from 'commander'
import type { DeviceChoice } from '../accelerated/index.js'
import { printProgramHead, printProgramLine } from '../conformance/probeReport.js'
import { failsRun } from '../conformance/overall.js'
import { printFingerprint, printHead, printLine } from '../conformance/report.js'
import { fingerprintOf } from '../conformance/guarded.js'
import type { About } from '../conformance/reportJson.js'
import { jsonLine, jsonProgramLine, jsonSummary } from '../conformance/reportJson.js'
import { jsonText } from '../conformance/form.js'
import { written } from '../conformance/written.js'
import { casesThatBlame, doubtsAbout } from '../conformance/secondOpinion.js'
import { checkOracle } from '../conformance/selfCheck.js'
import type { Case } from '../conformance/form.js'
import type { Profile } from '../conformance/cases.js'
import { profiles } from '../conformance/cases.js'
import type { Scope } from '../conformance/verify.js'
import type { Line, Report } from '../conformance/line.js'
import type { Rounding } from '../conformance/probe.js'
import type { ProgramLine } from '../conformance/programs/probe.js'
import type { Asked, Shard } from '../conformance/shards.js'
import { splitOf } from '../conformance/shards.js'
import type { Skip } from '../conformance/skips.js'
import { readSkips, withSkips } from '../conformance/skips.js'
import { blank, itemsIn, questionsIn, verify as verifyBackend } from '../conformance/verify.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { fail, within } from '../spec/error.js'
import { deviceProblem, exitOfOpening, replayCommand } from './backends.js'
import type { BrowserOptions } from './browser/choice.js'
import { browserOf, browserOptions, browserProblem, browserWords } from './browser/choice.js'
import type { Host } from './browser/host.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { exitOfReport, printEnding } from './ending.js'
import { readText, writable, writeWhole } from './file.js'
import type { Subcommand } from './command.js'
import {
  atLeastZero,
  backendOption,
  caseTimeoutOption,
  deviceOption,
  opList,
  shardText,
  wholeNumber,
} from './options.js'
import type { ReportOptions } from './reports.js'
import { reportsFor, writeReports } from './reports.js'
import type { Subject } from './jobs.js'
import { defaultJobs, openParts } from './jobs.js'
import { grading, scopeOf } from './part.js'
import type { Manner, Watch } from './partWork.js'
import { timing } from './partWork.js'
import type { Interruption, Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { complainTo, inkFor, statusLine } from './terminal.js'

export interface VerifyOptions extends ReportOptions, BrowserOptions {
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
  /** how many processes ask side by side; without it as many as suit the backend */
  readonly jobs?: number
  /** the part that is asked, of so many that a run is laid into */
  readonly shard?: Shard
  /** a file of known failures */
  readonly skips?: string
  /** failures and totals only */
  readonly quiet?: boolean
  /** whether the first line that fails is the last */
  readonly bail?: boolean
  /** whether the limits and features of the device are told, too */
  readonly deviceFacts?: boolean
  /** a file for the lines of JSON, or true for standard output in place of the text */
  readonly json?: string | true
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
    shard,
    quiet = false,
    bail = false,
    json,
  } = options
  const { out, err, table } = rim
  const browser = browserOf(options)
  const jobs = options.jobs ?? (browser === undefined ? defaultJobs(name) : 1)
  const started = rim.now()
  const complain = complainTo(err)
  const ink = inkFor(out)
  const status = statusLine(err)
  const say = (text: string): void => {
    if (json !== true) out.write(`${text}\n`)
  }
  const tell = (text: string): void => {
    if (!quiet) say(text)
  }
  const stop: { why?: Interruption | 'bail' } = {}

  // what can be found out before the work is found out before it
  const manner: Manner = { device, backend: name, profile, runs, seed, shrinkTime, nonFinite, caseTimeout }
  const scope = {
    ...scopeOf(manner, rim.open),
    stopped: () => stop.why !== undefined,
    ...(ops === undefined ? {} : { ops }),
    ...(direction === undefined ? {} : { direction }),
  }
  const all = questionsIn(scope)
  if (all.length === 0) {
    complain(`there is nothing to ask: none of ${ops?.join(', ')} has a ${direction}`)
    return exit.usage
  }
  const part = shard && partOf(table, all, shard)
  const asked = part?.questions ?? all
  const problem = deviceProblem(device, name) ?? browserProblem(browser, name)
  if (problem !== undefined) {
    complain(problem)
    return exit.usage
  }
  const skips = await skipsOf(options.skips)
  if (E.isLeft(skips)) {
    complain(`${skips.left.code}: ${skips.left.message}`)
    return exit.usage
  }
  const known = withSkips(skips.right)
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

  const several = Math.min(jobs, asked.length)
  const open = (): Promise<Result<Subject>> =>
    browser !== undefined && rim.openHost !== undefined
      ? inBrowser(Math.max(1, several), manner, rim.openHost(browser, device, name, err))
      : several > 1 && rim.startPart !== undefined
        ? openParts(several, manner, rim.startPart)
        : alone(rim, manner, scope)
  status.show('checking the oracle …')
  // other processes start while this one checks
  const early = browser === undefined && several > 1 && rim.startPart !== undefined ? open() : undefined
  const findings = checkOracle(rim.oracle, table, [...new Set(asked.map(({ op }) => op))])
  if (findings.length > 0) {
    status.clear()
    await early?.then((parts) => (E.isRight(parts) ? parts.right.close() : undefined))
    complain(`the oracle fails its own check, so it judges nobody:\n  ${findings.join('\n  ')}`)
    return exit.oracleFailed
  }
  status.show(
    browser !== undefined ? 'starting a browser …' : name === 'webgpu' ? 'opening a device …' : `opening ${name} …`,
  )
  const opened = await (early ?? open())
  status.clear()
  if (E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exitOfOpening(opened.left)
  }

  const { name: called, fingerprint, ask, close, flush } = opened.right
  const facts = printFingerprint(fingerprint, ink, options.deviceFacts === true)
  tell(`${ink.strong(called)} on\n${facts}\n\n${printHead(ink)}`)
  const seen: Line[] = []
  const ran: ProgramLine[] = []
  let rounding: Rounding = 'unknown'
  const watch: Watch = (progress) => {
    if ('program' in progress) {
      ran.push(progress.program)
      status.show(`programs: ${progress.done} of ${progress.of}  ${progress.program.program}`)
      return bailAt(progress.program.verdict === 'not-conformant')
    }
    const { op, direction, done, of, rounding: found, line: whole } = progress
    rounding = found
    if (whole === undefined)
      return status.show(`${seen.length + 1} of ${asked.length}  ${op} ${direction}: case ${done} of ${of}`)
    const line = known(whole)
    status.clear()
    tell(printLine(line, ink))
    seen.push(line)
    if (json === true) out.write(`${jsonText(jsonLine(line))}\n`)
    bailAt(failsRun(line))
  }
  const bailAt = (fails: boolean): void => {
    if (!bail || !fails) return
    stop.why ??= 'bail'
    ended()
  }
  let unlisten: (() => void) | undefined
  let ended: () => void = () => undefined
  const interrupted = new Promise<undefined>((resolve) => {
    unlisten = rim.listen?.((what) => {
      stop.why = what
      resolve(undefined)
    })
  })
  const bailed = new Promise<undefined>((resolve) => {
    ended = () => resolve(undefined)
  })
  const items = itemsIn({ ...scope, ...(part && { part }) })
  const held = await Promise.race([ask(items, watch), interrupted, bailed]).finally(close)
  const failed = held !== undefined && E.isLeft(held) ? held.left : undefined
  if (held === undefined || failed !== undefined) flush?.()
  status.clear()
  // of a device that is lost on the way there is what it answered before
  const lost = failed?.code === 'DeviceLost' && seen.length > 0 ? failed : undefined
  if (failed !== undefined && lost === undefined) {
    unlisten?.()
    complain(`${failed.code}: ${failed.message}; this is no verdict`)
    return failed.code === 'DeviceLost' ? exit.noBackend : exit.oracleFailed
  }
  const found = held !== undefined && E.isRight(held) ? held.right : undefined
  // a run that ends early knows of the programs that were asked by then
  const programs = (found?.programs ?? ran).map((line): ProgramLine => {
    const seconds = ran.find(({ program }) => program === line.program)?.seconds
    return { ...line, ...(seconds !== undefined && { seconds }) }
  })
  // what was not asked before the end came is told as not run
  const at = (question: Asked): Line =>
    seen.find(({ op, direction }) => op === question.op && direction === question.direction) ??
    blank(question.op, question.direction, called)
  const report: Report = {
    ...(found ?? { backend: called, fingerprint, rounding, seed, profile }),
    ...(programs.length > 0 && { programs }),
    lines: asked.map(at),
  }
  const unasked = report.lines.filter((line) => !seen.includes(line))
  if (json === true) out.write(unasked.map((line) => `${jsonText(jsonLine(line))}\n`).join(''))
  const blamed = [...new Set(report.lines.filter(({ failed }) => failed > 0).map(({ op }) => op))]
  if (blamed.length > 0) status.show(`checking the oracle about ${blamed.join(', ')} …`)
  const doubts =
    found === undefined && stop.why !== 'bail'
      ? []
      : await doubtsOf(rim, blamed, name === 'plain-f32' ? [] : casesThatBlame(report.lines))
  status.clear()
  if (doubts.length > 0) {
    complain(`the oracle is in doubt about what it found wrong, so this is no verdict:\n  ${doubts.join('\n  ')}`)
    return exit.oracleFailed
  }

  if (programs.length > 0 && !quiet)
    say(`\n${[printProgramHead(ink), ...programs.map((line) => printProgramLine(line, ink))].join('\n')}`)
  const ofPrograms = programs.map((line) => `${jsonText(jsonProgramLine(line))}\n`)
  if (json === true) out.write(ofPrograms.join(''))
  const seconds = (rim.now() - started) / 1000
  const stopped =
    lost !== undefined
      ? 'interrupted'
      : stop.why === undefined
        ? undefined
        : stop.why === 'bail'
          ? 'bail'
          : 'interrupted'
  const replay = replayCommand(device, name, browserWords(browser))
  say(printEnding(report, { fingerprint, command: replay }, seconds, out, { quiet, ...(stopped && { stopped }) }))
  const about: About = {
    asked: { ...(ops && { ops }), ...(direction && { direction }), runs, nonFinite },
    ...(shard && { shard }),
    replay,
    ...(stopped && { stopped }),
  }
  const summary = `${jsonText(jsonSummary(report, seconds, about))}\n`
  if (json === true) out.write(summary)
  const lines = report.lines.map((line) => `${jsonText(jsonLine(line))}\n`)
  if (target !== undefined) {
    const written = await writeWhole(target.right, [...lines, ...ofPrograms, summary].join(''))
    if (E.isLeft(written)) {
      complain(written.left.message)
      return exit.usage
    }
  }
  const told = await writeReports(reports.right, written(report, seconds, about), (text) =>
    (json === true ? err : out).write(`${text}\n`),
  )
  if (E.isLeft(told)) {
    complain(told.left.message)
    return exit.usage
  }
  unlisten?.()
  const kept = `after ${seen.length} of ${asked.length} lines${target === undefined ? '' : `; ${json} has them`}`
  if (lost !== undefined) {
    complain(`${lost.code}: ${lost.message}; this is no verdict, broken off ${kept}`)
    return exit.noBackend
  }
  if (stop.why === 'interrupted') {
    complain(`broken off ${kept}`)
    return exit.interrupted
  }
  if (stop.why === 'broken pipe') return exit.brokenPipe
  const code = exitOfReport(report)
  // of a part that the backend answers nothing of, the verdict is that of the run
  return shard !== undefined && code === exit.noBackend ? exit.ok : code
}

/** A backend of this process. */
const alone = async (rim: Rim, { device, backend: name }: Manner, scope: Scope): Promise<Result<Subject>> =>
  F.pipe(
    await rim.open(device, name)(),
    E.map((backend): Subject => ({
      name: backend.name,
      fingerprint: fingerprintOf(backend),
      ask: async (items, watch) => {
        const heard = timing(rim.now, watch)
        return verifyBackend(
          backend,
          rim.oracle,
          rim.table,
          { ...scope, ...(await grading()), queue: items, heard },
          heard,
        )()
      },
      close: () => closing(rim, backend),
    })),
  )

/** Backends of a browser, which ends with them. */
const inBrowser = async (several: number, manner: Manner, opening: Promise<Result<Host>>): Promise<Result<Subject>> => {
  const host = await opening
  if (E.isLeft(host)) return host
  const { start, close } = host.right
  const opened = await openParts(several, manner, start)
  if (E.isLeft(opened)) {
    await close()
    // a tab that ends before it was asked anything is a browser that could not start
    return opened.left.code === 'DeviceLost' ? fail('BackendUnavailable', opened.left.message) : opened
  }
  const subject = opened.right
  return E.right({
    ...subject,
    close: async () => {
      await subject.close()
      await close()
    },
  })
}

/** The questions of a shard. */
const partOf = (table: Rim['table'], all: readonly Asked[], { index, of }: Shard): NonNullable<Scope['part']> => {
  const { shards, programs } = splitOf(table, all, of)
  return { questions: shards[index - 1] ?? [], programs: programs === index }
}

// what speaks against the oracle before anybody is blamed: its laws, or else the textbook's loops on the very cases that blame
const doubtsOf = async (
  { oracle, table }: Pick<Rim, 'oracle' | 'table'>,
  blamed: readonly OpName[],
  cases: readonly Case[],
): Promise<readonly string[]> => {
  const ofItself = checkOracle(oracle, table, blamed, 'thorough')
  if (ofItself.length > 0 || cases.length === 0) return ofItself
  const { plain } = await grading()
  return plain === undefined ? [] : doubtsAbout(plain, oracle, cases)
}

/** A ledger of known failures from its file, as of today; none without a file. */
const skipsOf = async (file: string | undefined): Promise<Result<readonly Skip[]>> => {
  if (file === undefined) return E.right([])
  const text = await readText(file)
  return F.pipe(
    text,
    E.flatMap((one) => readSkips(one, new Date().toISOString().slice(0, 10))),
    E.mapLeft((error) => (E.isLeft(text) ? error : within(file)(error))),
  )
}

/** `etalon verify`: a backend, the accelerated one or another, held against the reference, every op and direction. */
export const verifyCommand: Subcommand = (command, end) => {
  const [browser, browserPath] = browserOptions()
  command
    .option('--ops <a,b>', 'only these ops, by name, with commas between; * for any letters, as in conv*', opList)
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
      'how many cases of any classes are drawn of each op and direction, and how many programs of each kind, beside the profile’s',
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
    .addOption(browser)
    .addOption(browserPath)
    .option(
      '--jobs <n>',
      'how many processes ask side by side, each with a device of its own; by default as many as there are processors for our own backends, up to 8, and one for any other',
      wholeNumber(1),
    )
    .option(
      '--json [file]',
      'a line of JSON per op and direction and per program, then a summary; to standard output or a file',
    )
    .option(
      '--shard <i/n>',
      'only part i of n, for jobs side by side; etalon merge lays their reports together',
      shardText,
    )
    .option('--skips <file>', 'a JSON list of what is known to fail: {op, direction?, reason, expires, traits?}')
    .option('--quiet', 'failures and totals only')
    .option('--bail', 'stop at the first line that fails')
    .option('--device-facts', 'all that the device says of itself, limits and features too')
    .option('--junit <file>', 'JUnit’s XML, a test per op and direction and per program')
    .option('--html <file>', 'a page of its own, with errors, coverage and failures')
    .option(
      '--github',
      'annotations and the summary of a job, as GitHub Actions has them; by default where it runs this',
    )
    .option('--no-github', 'neither')
    .action(async (options: VerifyOptions) => end(await verifyAt(processRim(), options)))
}
