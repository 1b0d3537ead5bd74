import { cpus } from 'node:os'
import { InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { adapters } from '../adapters/index.js'
import { versionOf } from '../adapters/installed.js'
import type { Timing } from '../bench/clock.js'
import type { Judge } from '../bench/contender.js'
import type { Line } from '../bench/line.js'
import { lineOf } from '../bench/line.js'
import { markdownHead, markdownRow, peakText, table } from '../bench/markdown.js'
import type { Probe } from '../bench/peak.js'
import { openProbe } from '../bench/peak.js'
import type { Comparison, Paired, Test } from '../bench/regression.js'
import { compared, comparedToRecord, roundsNeeded, usualTest } from '../bench/regression.js'
import type { Peak, Row } from '../bench/rows.js'
import type { Contender } from '../bench/run.js'
import { race } from '../bench/run.js'
import type { Sweep, Workload } from '../bench/workloads.js'
import {
  isForProcessors,
  onProcessors,
  parseSweep,
  pointsOf,
  usualWorkloads,
  workloads,
  workloadsNamed,
} from '../bench/workloads.js'
import { guarded } from '../conformance/guarded.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import { printFingerprint } from '../conformance/report.js'
import { oracle, reference } from '../reference/index.js'
import type { BackendOptions } from '../spec/adapter.js'
import type { Backend, Fingerprint } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import { meant } from '../spec/nearest.js'
import type { Depth } from '../spec/op.js'
import { deviceProblem, exitOfOpening, openBackend } from './backends.js'
import type { Baseline } from './benchBaseline.js'
import { baselineAt, ownCommand, paired, started } from './benchBaseline.js'
import { benchPage } from './benchPage.js'
import { benchProtocol, linesOf, serve } from './benchServe.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { forPage, writable, writeWhole } from './file.js'
import { aboveZero, atLeastZero, backendOption, deviceOption, wholeNumber } from './options.js'
import { closing } from './rim.js'
import type { Screen, Status } from './terminal.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import { version } from './version.js'

/** All that `bench` meets of the world. */
export interface BenchRim {
  readonly open: typeof openBackend
  readonly out: Screen
  readonly err: Screen
  readonly clock: () => number
  /** whether a person has broken it off: what was measured by then is told and written */
  readonly stopped?: () => boolean
}

export interface BenchOptions {
  readonly workload?: readonly Workload[]
  readonly sweep?: readonly Sweep[]
  readonly against: readonly string[]
  readonly rounds?: number
  readonly roundTime: number
  readonly sampleTime: number
  readonly device: DeviceChoice
  readonly backend: string
  readonly baseline?: string
  readonly tolerate: number
  /** a file, or true for standard output */
  readonly json?: string | true
  readonly html?: string
  readonly list?: boolean
  readonly serve?: boolean
}

const judgeAt = (depth: Depth): Judge => ({
  watch: everyValue,
  judge: (program, values) =>
    F.pipe(
      lockstep(oracle, program, values, depth),
      E.map(({ findings }) =>
        findings
          .map(({ judgement: { problem, worst } }) => (problem === undefined ? worst.ratio : Infinity))
          .reduce((a, b) => Math.max(a, b), 0),
      ),
    ),
})

const processor = (): string => {
  const all = cpus()
  return `${all[0]?.model.trim() ?? 'unknown'} (${all.length})`
}

const textOf = (value: Fingerprint[string] | undefined): string => (value === undefined ? '' : String(value))

/** What an adapter is called in a table. */
export const adapterName = (fingerprint: Fingerprint): string =>
  textOf(fingerprint['description']) || textOf(fingerprint['device']) || textOf(fingerprint['kind']) || processor()

const contenderOf = (subject: string, backend: Result<Backend>, adapter: string): Contender => ({
  subject,
  adapter,
  backend,
  judge: judgeAt(E.isRight(backend) ? (backend.right.depth ?? anyOrder) : anyOrder),
})

/** The library of that name as it is used for long work. */
const openPeer = async (name: string, device: DeviceChoice): Promise<Result<Backend>> => {
  const adapter = adapters.find((one) => one.name === name)
  if (adapter === undefined) return fail('UnknownBackend', `there is no ${name}`)
  if (adapter.resident === undefined)
    return fail('Unsupported', `${name} is held by value only, and has no sessions that could be timed`)
  const options: BackendOptions = {
    versionOf,
    gpu: async () => (await import('../accelerated/index.js')).openGpu(device)(),
  }
  try {
    return await adapter.resident(options)()
  } catch (thrown) {
    return fail('BackendUnavailable', thrown instanceof Error ? thrown.message : String(thrown))
  }
}

const isOnGpu = (name: string): boolean => name.endsWith('-webgpu')

/** The libraries that can be timed. */
export const peerNames: readonly string[] = adapters
  .filter(({ resident }) => resident !== undefined)
  .map(({ name }) => name)

const usualPeers = ['tfjs-webgpu', 'jax-js-webgpu', 'tfjs-cpu', 'jax-js-wasm'] as const

/** The workloads of a run, those on the device and those on the processor. */
const chosen = ({ workload, sweep, backend }: BenchOptions): readonly Workload[] => {
  const named = [...(workload ?? []), ...(sweep ?? []).flatMap(pointsOf)]
  const usual = backend === 'webgpu' ? [...usualWorkloads, ...onProcessors] : usualWorkloads
  return named.length > 0 || workload !== undefined ? named : usual
}

interface Outcome {
  readonly lines: readonly Line[]
  readonly peak?: Peak
}

/**
 * Runs workloads one after the other, a table of each as it comes. The adapter's limits are measured again before each, since
 * a minute in which the machine is busy elsewhere shows less of them; at the end every line is of the best that they were.
 */
const runAll = async (
  some: readonly Workload[],
  contenders: readonly Contender[],
  timing: Timing,
  probe: Probe | undefined,
  { show, clear }: Status,
  say: (text: string) => void,
  { stopped, keep }: { readonly stopped: () => boolean; readonly keep: (lines: readonly Line[]) => Promise<void> },
): Promise<Outcome> => {
  const races: (readonly Row[])[] = []
  let peak: Peak | undefined
  say(`${markdownHead()}\n`)
  for (const workload of some) {
    if (stopped()) break
    peak = await probe?.measure()
    const rows = await race(workload, contenders, timing, show, stopped)
    clear()
    say(rows.map((row) => `${markdownRow(lineOf(row, rows, peak))}\n`).join(''))
    races.push(rows)
    await keep(races.flatMap((some) => some.map((row) => lineOf(row, some, peak))))
  }
  return {
    lines: races.flatMap((rows) => rows.map((row) => lineOf(row, rows, peak))),
    ...(peak === undefined ? {} : { peak }),
  }
}

const verdictTable = (comparisons: readonly Comparison[], { tolerated }: Test): string =>
  `${table(
    ['workload', 'verdict', 'time ÷ baseline’s', 'p', 'rounds'],
    comparisons.map(({ workload, verdict, slowdown, p, rounds }) => [
      workload,
      verdict,
      slowdown.toFixed(3),
      p < 0.0001 ? p.toExponential(1) : p.toFixed(4),
      String(rounds),
    ]),
  )}\np: the chance of this, or more, were this version no more than ${(100 * tolerated).toFixed(0)} % slower\n`

/** This version and another, in turn, each in a process of its own. */
const againstVersion = async (
  baseline: Extract<Baseline, { readonly kind: 'version' }>,
  some: readonly Workload[],
  options: BenchOptions,
  test: Test,
  { out, err }: BenchRim,
): Promise<ExitCode> => {
  const status = statusLine()
  const rounds = options.rounds ?? roundsNeeded(test, some.length) + 2
  const passed = [
    ['--device', options.device],
    ['--backend', options.backend],
    ['--round-time', String(options.roundTime)],
    ['--sample-time', String(options.sampleTime)],
  ].flat()
  const ours = await started(ownCommand(), passed)
  const theirs = E.isRight(ours) ? await started(baseline.command, passed) : ours
  if (E.isLeft(ours) || E.isLeft(theirs)) {
    if (E.isRight(ours)) await ours.right.end()
    const { code, message } = E.isLeft(ours)
      ? ours.left
      : (theirs as E.Left<typeof ours extends E.Left<infer L> ? L : never>).left
    complainTo(err)(`${code}: ${message}`)
    return code === 'BackendUnavailable' ? exit.noBackend : exit.usage
  }
  const names = [ours.right, theirs.right].map(({ greeting }) => `${greeting.version} on ${greeting.adapter}`)
  out.write(`this version, ${names[0]}, beside the baseline, ${names[1]}: ${rounds} rounds each in turn\n\n`)
  const pairs: Paired[] = []
  for (const { name } of some) {
    const pair = await paired(name, rounds, ours.right, theirs.right, status.show)
    status.clear()
    if (E.isLeft(pair)) complainTo(err)(`${name} is not compared: ${pair.left.message}`)
    else pairs.push(pair.right)
  }
  await ours.right.end()
  await theirs.right.end()
  const comparisons = compared(pairs, test)
  out.write(verdictTable(comparisons, test))
  if (pairs.length === 0) return exit.noBackend
  return comparisons.some(({ verdict }) => verdict === 'slower') ? exit.slower : exit.ok
}

/** Writes what was asked for; answers the exit code of what could not be written. */
const written = async (
  options: BenchOptions,
  { lines, peak }: Outcome,
  summary: Readonly<Record<string, unknown>>,
  { out, err }: BenchRim,
): Promise<ExitCode | undefined> => {
  const json = `${[...lines.map((line) => JSON.stringify(line)), JSON.stringify({ summary })].join('\n')}\n`
  if (options.json === true) out.write(json)
  const files = [
    ...(typeof options.json === 'string' ? [[options.json, json] as const] : []),
    ...(options.html === undefined
      ? []
      : [
          [
            options.html,
            benchPage(lines, summary, {
              workloads: [...workloads, ...onProcessors],
              ...(peak === undefined ? {} : { peak }),
            }),
          ] as const,
        ]),
  ]
  for (const [file, content] of files) {
    const target = await writable(file)
    const done = E.isLeft(target) ? target : await writeWhole(target.right, content)
    if (E.isLeft(done)) {
      complainTo(err)(done.left.message)
      return exit.usage
    }
  }
  return undefined
}

/** `etalon bench`: right answers first, then how long they take. */
export const benchAt = async (rim: BenchRim, options: BenchOptions): Promise<ExitCode> => {
  const { out, err } = rim
  const complain = complainTo(err)
  const problem = deviceProblem(options.device, options.backend)
  if (problem !== undefined) {
    complain(problem)
    return exit.usage
  }
  if (options.list === true) {
    out.write(
      `${table(
        ['workload', 'what it is'],
        [...workloads, ...onProcessors].map(({ name, about, kind }) => [
          name,
          kind === 'usual' ? about : `${about} (where it is named)`,
        ]),
      )}\n`,
    )
    return exit.ok
  }
  const page = options.html === undefined ? E.right(undefined) : forPage('--html', options.html)
  if (E.isLeft(page)) {
    complain(page.left.message)
    return exit.usage
  }
  const test = { ...usualTest, tolerated: options.tolerate / 100 }
  const baseline = options.baseline === undefined ? undefined : await baselineAt(options.baseline)
  if (baseline !== undefined && E.isLeft(baseline)) {
    complain(baseline.left.message)
    return exit.usage
  }
  const some = chosen(options)
  const onDevice = some.filter((workload) => !isForProcessors(workload))
  if (baseline?.right.kind === 'version') {
    const code = await againstVersion(baseline.right, onDevice, options, test, rim)
    await baseline.right.remove()
    return code
  }

  const timing: Timing = {
    rounds: options.rounds ?? 7,
    roundMs: options.roundTime,
    sampleMs: options.sampleTime,
    clock: rim.clock,
  }
  const status = statusLine()
  const ink = inkFor(out)
  // standard output that a program reads is for lines of JSON alone
  const say = (text: string): void => void (options.json === true ? err : out).write(text)
  const closers: (() => Promise<void>)[] = []
  const opened = async (names: readonly string[]): Promise<readonly Contender[]> => {
    const contenders: Contender[] = []
    for (const name of names) {
      status.show(`${name}: opening`)
      const backend = await openPeer(name, options.device)
      if (E.isRight(backend)) closers.unshift(() => closing({ err }, backend.right))
      else complain(`${name}: ${backend.left.message}`)
      const adapter = E.isRight(backend) && isOnGpu(name) ? adapterName(backend.right.fingerprint) : processor()
      contenders.push(contenderOf(name, backend, adapter))
    }
    status.clear()
    return contenders
  }

  const stopped = rim.stopped ?? (() => false)
  const lines: Line[] = []
  // a run may take an hour: what is measured is on the disk after each workload, whatever ends the process
  const keep = async (found: readonly Line[]): Promise<void> => {
    if (typeof options.json !== 'string') return
    const target = await writable(options.json)
    if (E.isRight(target))
      await writeWhole(target.right, [...lines, ...found].map((line) => `${JSON.stringify(line)}\n`).join(''))
  }
  let peak: Peak | undefined
  let about: Fingerprint = { processor: processor(), node: process.version }
  if (onDevice.length > 0 || options.serve === true) {
    const backend = await rim.open(options.device, options.backend)()
    if (E.isLeft(backend)) {
      complain(`${backend.left.code}: ${backend.left.message}`)
      return exitOfOpening(backend.left)
    }
    // copies take time, and ours keeps the contract
    const subject = options.backend === 'webgpu' ? backend.right : guarded(backend.right, { copying: false })
    const adapter = adapterName(subject.fingerprint)
    const ours = contenderOf(subject.name, E.right(subject), adapter)
    if (options.serve === true) {
      const greeting = { bench: 'etalon', protocol: benchProtocol, version: version(), adapter } as const
      await serve(linesOf(process.stdin), out, greeting, ours, timing)
      await closing({ err }, subject)
      return exit.ok
    }
    const peers = await opened(options.against.filter((name) => isOnGpu(name) && name !== subject.name))
    about = { ...subject.fingerprint, ...about }
    const gpu =
      options.backend === 'webgpu' || isOnGpu(options.backend)
        ? await (await import('../accelerated/index.js')).openGpu(options.device)()
        : undefined
    const probe = gpu === undefined || E.isLeft(gpu) ? gpu : await openProbe(gpu.right, rim.clock)
    if (probe !== undefined && E.isLeft(probe)) complain(probe.left.message)
    const limits = probe !== undefined && E.isRight(probe) ? probe.right : undefined
    say(`${ink.strong(subject.name)} on\n${printFingerprint(about, ink)}\n\n`)
    const found = await runAll(onDevice, [ours, ...peers], timing, limits, status, say, { stopped, keep })
    lines.push(...found.lines)
    peak = found.peak
    if (peak !== undefined) say(`\n${peakText(peak)}\n`)
    await limits?.close()
    if (gpu !== undefined && E.isRight(gpu)) await gpu.right.close()
    for (const close of closers.splice(0)) await close()
    await closing({ err }, subject)
  }
  const slow = some.filter(isForProcessors)
  if (slow.length > 0) {
    const peers = await opened(options.against.filter((name) => !isOnGpu(name)))
    say(`\non the processor, ${processor()}\n\n`)
    const first = contenderOf('reference', E.right(reference), processor())
    lines.push(...(await runAll(slow, [first, ...peers], timing, undefined, status, say, { stopped, keep })).lines)
    for (const close of closers.splice(0)) await close()
  }

  const summary = {
    version: version(),
    adapter: lines[0]?.adapter ?? '',
    rounds: timing.rounds,
    processor: processor(),
    ...(peak === undefined ? {} : { peak }),
    fingerprint: about,
  }
  const failed = await written(options, { lines, ...(peak === undefined ? {} : { peak }) }, summary, rim)
  if (failed !== undefined) return failed
  if (baseline?.right.kind === 'record') {
    const { recorded } = baseline.right
    const before = recorded.summary?.adapter ?? recorded.lines[0]?.adapter ?? ''
    if (before !== summary.adapter) {
      complain(
        `${options.baseline} was recorded on ${before}, and this is ${summary.adapter}: ratios of one adapter say nothing of another`,
      )
      return exit.usage
    }
    const comparisons = comparedToRecord(lines, recorded.lines, test)
    say(`\nratios to the best peer beside those of ${options.baseline}, version ${recorded.summary?.version}\n\n`)
    say(verdictTable(comparisons, test))
    if (comparisons.length === 0) {
      complain(`nothing to compare: ${options.baseline} and this run have no ratio to a peer in common`)
      return exit.usage
    }
    if (comparisons.some(({ verdict }) => verdict === 'slower')) return exit.slower
  }
  if (stopped()) return exit.interrupted
  // a peer that is wrong is told by its row, and is no fault of the subject's
  const own = lines.filter(({ subject }) => !peerNames.includes(subject) || subject === options.backend)
  if (own.some(({ outcome }) => outcome === 'wrong')) return exit.notConformant
  return own.some(({ outcome }) => outcome === 'timed') ? exit.ok : exit.noBackend
}

const workloadList = (text: string): readonly Workload[] => {
  const found = workloadsNamed(text.split(',').map((name) => name.trim()))
  if (E.isLeft(found)) throw new InvalidArgumentError(found.left.message)
  return found.right
}

const sweepList = (text: string): readonly Sweep[] =>
  text.split(',').map((name) => {
    const found = parseSweep(name.trim())
    if (E.isLeft(found)) throw new InvalidArgumentError(found.left.message)
    return found.right
  })

const peerList = (text: string): readonly string[] =>
  text === 'none'
    ? []
    : text.split(',').map((part) => {
        const name = part.trim()
        if (!adapters.some((one) => one.name === name))
          throw new InvalidArgumentError(
            `there is no ${name}; ${meant(
              name,
              adapters.map((one) => one.name),
            )}`,
          )
        return name
      })

/** `etalon bench`: right answers first, then how long they take. */
export const benchCommand: Subcommand = (command, end) =>
  void command
    .option('--workload <names>', 'which, with commas between; * and ? stand for any letters', workloadList)
    .option('--sweep <axes>', 'curves along size, batch, channels, depth or length', sweepList)
    .option('--list', 'the workloads there are, and what each is')
    .addOption(
      new Option('--against <names>', `libraries beside it (${peerNames.join(', ')}), or none`)
        .argParser(peerList)
        .default(usualPeers, usualPeers.join(', ')),
    )
    .option('--rounds <n>', 'turns of each contender; 7, or as many as a test of a baseline takes', wholeNumber(1))
    .option('--round-time <ms>', 'how long a turn is, one sample at least', aboveZero, 200)
    .option('--sample-time <ms>', 'how long a sample is: shorter runs are put in a row', atLeastZero, 20)
    .addOption(backendOption())
    .addOption(deviceOption())
    .option(
      '--baseline <path>',
      'a bundle, a built package or a checkout that takes turns with this version, or a file of --json whose ratios are compared; exit 5 where this one is slower',
    )
    .option('--tolerate <percent>', 'a slowdown that does not matter', atLeastZero, 5)
    .option('--json [file]', 'a line of JSON for each row, then what it ran on')
    .option('--html <file>', 'a page with charts that needs nothing else')
    .addOption(new Option('--serve', 'answers another bench that asks for rounds').hideHelp())
    .action(async (options: BenchOptions) => {
      let broken = false
      const breakOff = (): void => {
        broken = true
      }
      process.once('SIGINT', breakOff).once('SIGTERM', breakOff)
      const rim: BenchRim = {
        open: openBackend,
        out: process.stdout,
        err: process.stderr,
        clock: () => performance.now(),
        stopped: () => broken,
      }
      const code = await benchAt(rim, options)
      process.off('SIGINT', breakOff).off('SIGTERM', breakOff)
      end(code)
    })
