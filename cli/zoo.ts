import { readFile } from 'node:fs/promises'
import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { fingerprintOf } from '../conformance/guarded.js'
import { nodeEffort } from '../conformance/lockstep.js'
import { printFingerprint } from '../conformance/report.js'
import { wrapped } from '../conformance/text.js'
import type { Moment, Trial } from '../conformance/trial.js'
import { runTrial, trialName, trials } from '../conformance/trial.js'
import type { TrialLine, TrialReport } from '../conformance/trialReport.js'
import {
  lineNotRun,
  lineOf,
  overallOf,
  printTrial,
  printTrialHead,
  printTrialTotals,
  readTrials,
  resumedLines,
  writeTrials,
} from '../conformance/trialReport.js'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { AskedOfRecurrent } from '../spec/networks/zoo.js'
import { askedOfRecurrent, isRecurrent, networkNamed, networkNames } from '../spec/networks/zoo.js'
import { deviceProblem, exitOfOpening } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { writable, writeWhole } from './file.js'
import {
  backendOption,
  bidirectionalOption,
  cellOption,
  deviceOption,
  dropoutOption,
  layersOption,
  longTimeout,
  longTimeoutOption,
  wholeNumber,
} from './options.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import { timeLimit } from './timeLimit.js'

export interface ZooOptions extends AskedOfRecurrent {
  /** the large networks whole as well */
  readonly full?: true
  readonly samples: number
  readonly seed: number
  readonly device: DeviceChoice
  readonly backend?: string
  /** seconds that a network may take */
  readonly caseTimeout?: number
  /** whether the limits and features of the device are told, too */
  readonly deviceFacts?: boolean
  /** a file that grows by a line with every network, and that a later run goes on from */
  readonly report?: string
  /** the lines go to standard output in place of the table */
  readonly json?: true
}

/** What of the zoo is wanted: by names, or by default all that is small, blocks, and with `full` the large ones too. */
export const wantedOf = (all: readonly Trial[], names: readonly string[], full: boolean): Result<readonly Trial[]> => {
  const stranger = names.find((name) => !all.some((one) => one.name === name))
  if (stranger !== undefined) {
    const near = all.filter(({ name }) => name.toLowerCase().startsWith(stranger.toLowerCase()))
    return fail(
      'AttributeOutOfRange',
      `there is no ${JSON.stringify(stranger)} in the zoo; ${near.length > 0 ? `there is ${near.map(({ name }) => JSON.stringify(name)).join(', ')}` : '--help lists what there is'}`,
    )
  }
  return E.right(
    names.length > 0
      ? all.filter(({ name }) => names.includes(name))
      : all.filter(({ kind }) => full || kind !== 'large'),
  )
}

/** The names of trials that are meant where something is asked of recurrent networks: these, and by default all of them. */
const namesAsked = (names: readonly string[], asked: AskedOfRecurrent): Result<readonly string[]> => {
  if (Object.keys(asked).length === 0) return E.right(names)
  return F.pipe(
    names.length > 0 ? names : networkNames.filter(isRecurrent),
    E.traverseArray((name) =>
      F.pipe(
        networkNamed(name, asked),
        E.map(() => trialName(name, asked)),
      ),
    ),
  )
}

const before = async (file: string): Promise<Result<string | undefined>> => {
  try {
    return E.right(await readFile(file, 'utf8'))
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
      ? E.right(undefined)
      : fail('FileUnreadable', `${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The lines that a run goes on from. */
const linesFrom = (text: string, about: Omit<TrialReport, 'lines'>): Result<readonly TrialLine[]> =>
  F.pipe(
    readTrials(text),
    E.flatMap((report) => resumedLines(report, about)),
  )

const saying = (moment: Moment): string =>
  moment.what === 'judging' ? `judging ${moment.node}, ${moment.done + 1} of ${moment.of}` : `${moment.what} …`

const exitOf = { conformant: exit.ok, 'not-conformant': exit.notConformant, 'not-run': exit.noBackend } as const

/** Holds the backend that `rim` opens against the oracle on whole networks, and says so on its streams. */
export const zooAt = async (
  rim: Omit<Rim, 'table'>,
  names: readonly string[],
  {
    full,
    samples,
    seed,
    device,
    backend: name = 'webgpu',
    caseTimeout,
    deviceFacts,
    report,
    json,
    ...asked
  }: ZooOptions,
): Promise<ExitCode> => {
  const { out, err, now, oracle } = rim
  const complain = complainTo(err)
  const ink = inkFor(out)
  const status = statusLine(err)
  const say = (text: string): void => {
    if (json !== true) out.write(`${text}\n`)
  }
  const recurrent = askedOfRecurrent(asked)
  const wanted = F.pipe(
    namesAsked(names, recurrent),
    E.flatMap((names) => wantedOf(trials(seed, recurrent), names, full === true)),
  )
  if (E.isLeft(wanted)) {
    complain(wanted.left.message)
    return exit.usage
  }
  const target = report === undefined ? undefined : await writable(report)
  const found = report === undefined ? E.right(undefined) : await before(report)
  const problem =
    target !== undefined && E.isLeft(target)
      ? target.left.message
      : E.isLeft(found)
        ? found.left.message
        : deviceProblem(device, name)
  if (problem !== undefined) {
    complain(problem)
    return exit.usage
  }
  status.show(name === 'webgpu' ? 'opening a device …' : `opening ${name} …`)
  const opened = await rim.open(device, name)()
  status.clear()
  if (E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exitOfOpening(opened.left)
  }

  const backend = opened.right
  const fingerprint = fingerprintOf(backend)
  const about = { seed, elements: samples, fingerprint }
  const goingOn = E.isRight(found) && found.right !== undefined ? linesFrom(found.right, about) : E.right([])
  if (E.isLeft(goingOn)) {
    complain(`${report}: ${goingOn.left.message}; give another file, or none`)
    await closing(rim, backend)
    return exit.usage
  }
  say(
    `${ink.strong(backend.name)} on\n${printFingerprint(fingerprint, ink, deviceFacts === true)}\n\n${printTrialHead(ink)}`,
  )

  // what an earlier run found is kept, wanted now or not
  const effort = { ...nodeEffort, least: samples }
  const seconds = caseTimeout ?? (name === 'webgpu' ? undefined : longTimeout)
  const limited = seconds === undefined ? {} : { limit: timeLimit(seconds) }
  let lines = goingOn.right
  let told: readonly TrialLine[] = []
  const tell = (line: TrialLine): void => {
    told = [...told, line]
    status.clear()
    say(printTrial(line, ink))
    if (json === true) out.write(`${JSON.stringify(line)}\n`)
  }
  const all = wanted.right
  for (const one of all) {
    const done = lines.find(({ name }) => name === one.name)
    if (done !== undefined) {
      tell(done)
      continue
    }
    const started = now()
    const show = (moment: Moment): void =>
      status.show(`${told.length + 1} of ${all.length}  ${one.name}: ${saying(moment)}`)
    const made = await runTrial(backend, oracle, one, { seed, effort, ...limited, tell: show })()
    const took = (now() - started) / 1000
    const line = E.isRight(made) ? lineOf(made.right, took) : lineNotRun(one.name, made.left, took)
    tell(line)
    lines = [...lines, line]
    if (target !== undefined && E.isRight(target)) {
      const written = await writeWhole(target.right, writeTrials({ ...about, lines }))
      if (E.isLeft(written)) {
        complain(written.left.message)
        await closing(rim, backend)
        return exit.usage
      }
    }
    // nothing more can be asked of a device that is gone, nor of what hangs
    if (E.isLeft(made) && (made.left.code === 'DeviceLost' || made.left.code === 'NoAnswer')) break
  }
  await closing(rim, backend)
  say(`\n${printTrialTotals(told, all.length)}`)
  return exitOf[told.length < all.length ? 'not-run' : overallOf(told)]
}

const kindsOf = (head: string, all: readonly Trial[], wanted: Trial['kind']): string =>
  wrapped(
    head,
    all
      .filter(({ kind }) => kind === wanted)
      // a name may have a space, at which no line ends
      .map(({ name }, at, named) => `${JSON.stringify(name)}${at === named.length - 1 ? '' : ','}`),
  )

const inventory = (): string => {
  const all = trials(1)
  return `
${kindsOf('Small networks:', all, 'small')}

${kindsOf('Blocks of the large ones, all their channels, on small images:', all, 'block')}

${kindsOf('Large networks, with --full or by name:', all, 'large')}`
}

/** `etalon zoo`: whole networks and blocks of them on the device, forward and backward, judged node by node. */
export const zooCommand: Subcommand = (command, end) =>
  void command
    .argument('[names...]', 'only these networks or blocks; by default the small ones and the blocks of the large')
    .option('--full', 'the large networks as well, at full size: minutes each, and some take gigabytes')
    .option(
      '--samples <n>',
      'judge at least so many elements of each output, or all where there are fewer; more where they are cheap',
      wholeNumber(1),
      256,
    )
    .option('--seed <n>', 'of the weights, the images and which elements are judged', wholeNumber(0), 1)
    .addOption(cellOption())
    .addOption(layersOption())
    .addOption(bidirectionalOption())
    .addOption(dropoutOption())
    .addOption(backendOption())
    .addOption(longTimeoutOption('a network, forward and backward,'))
    .addOption(deviceOption())
    .option('--device-facts', 'all that the device says of itself, limits and features too')
    .option('--report <file>', 'write a line of JSON for each network; a run that finds such a file goes on from it')
    .option('--json', 'these lines go to standard output instead of the table')
    .addHelpText('after', inventory)
    .action(async (names: readonly string[], options: ZooOptions) => end(await zooAt(processRim(), names, options)))
