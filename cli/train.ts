import { readFile } from 'node:fs/promises'
import { Argument, InvalidArgumentError, Option } from 'commander'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { printJudgement } from '../conformance/report.js'
import type { Fingerprint } from '../spec/backend.js'
import { digits } from '../spec/data/digits.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, within } from '../spec/error.js'
import { decodeSafetensors, encodeSafetensors } from '../spec/formats/safetensors.js'
import { parameterCount } from '../spec/networks/network.js'
import { checkpointOf, stateFrom } from '../spec/training/checkpoint.js'
import type { TrainingState } from '../spec/training/course.js'
import type { Optimizer } from '../spec/training/step.js'
import { loadIdxFolder } from './dataset.js'
import { writable, writeWhole } from './file.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './main.js'
import { atLeastZero, deviceOption, wholeNumber } from './options.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import type { Course, Digits, Happening, Recipe, ScheduleChoice, Stop, Trained } from './training.js'
import { courseOf, follow } from './training.js'
import type { Rim } from './verify.js'
import { processRim } from './verify.js'

export interface TrainOptions extends Recipe {
  readonly data?: string
  /** the whole state goes here after every epoch */
  readonly checkpoint?: string
  /** and comes from here */
  readonly resume?: string
  /** the curves go here, as a page */
  readonly curves?: string
  readonly device: DeviceChoice
  readonly json?: true
}

/** The options as they are given: a rate may be left out, and the augmentation is how far to shift. */
interface GivenOptions extends Omit<TrainOptions, 'learningRate' | 'shift'> {
  readonly learningRate?: number
  readonly augment: number
}

/** All that `train` meets of the world. */
export interface TrainRim extends Omit<Rim, 'table'> {
  readonly load: (options: TrainOptions) => taskEither.TaskEither<EtalonError, Digits>
}

const generated = { train: 10000, test: 2000 }

const digitsFor = ({ data, seed }: TrainOptions): taskEither.TaskEither<EtalonError, Digits> =>
  data === undefined
    ? TE.right({ train: digits(seed, generated.train, 'train'), test: digits(seed, generated.test, 'test') })
    : loadIdxFolder(data)

const percent = (part: number, places: number): string => `${(100 * part).toFixed(places)} %`

/** What happened, in a line; a step is progress, not a result, and has none. */
const lineOf = (happening: Happening): string | undefined => {
  switch (happening.what) {
    case 'step':
      return undefined
    case 'judged': {
      const { step, nodes, worst } = happening
      return `step ${step} in lockstep: ${nodes} nodes within bounds, worst error ÷ bound ${worst.judgement.worst.ratio.toPrecision(3)} at ${worst.node}`
    }
    case 'epoch': {
      const { epoch, rate, validationLoss, validationAccuracy } = happening.point
      return validationLoss === undefined || validationAccuracy === undefined
        ? undefined
        : `epoch ${epoch}  over at rate ${rate.toPrecision(3)}  validation loss ${validationLoss.toFixed(4)}  accuracy ${percent(validationAccuracy, 2)}`
    }
    case 'measured': {
      const { epoch, step, loss, right, of } = happening
      return `epoch ${epoch}  step ${String(step).padStart(5)}  loss ${loss.toFixed(4)}  accuracy ${percent(right / of, 1)} of ${of} test digits`
    }
  }
}

/** Why a training stopped, in a sentence, and the code that says so. */
const endOf = (stop: Stop): { readonly code: ExitCode; readonly message: string } => {
  switch (stop.why) {
    case 'error': {
      const { code, message } = stop.error
      const device = code === 'BackendUnavailable' || code === 'DeviceLost' || code === 'LimitExceeded'
      return { code: device ? exit.noBackend : exit.usage, message: `${code}: ${message}` }
    }
    case 'guilty': {
      const { step, finding } = stop
      return {
        code: exit.notConformant,
        message: `step ${step}: node ${finding.node} (${finding.op} ${finding.direction}) is outside its bound\n${printJudgement(finding.judgement)}`,
      }
    }
    case 'diverged':
      return {
        code: exit.notConformant,
        message: `step ${stop.step}: the loss is ${stop.loss}, so the training stops; a smaller --learning-rate may help`,
      }
  }
}

/** The last line of `--json`. */
const summaryOf = (
  { recipe: { epochs, batch, seed, lockstep, optimizer }, fitting, counts }: Course,
  { test, worstRatio, state: { progress } }: Trained,
  secondsPerEpoch: number,
  fingerprint: Fingerprint,
): Readonly<Record<string, unknown>> => ({
  network: 'lenet5',
  parameters: parameterCount(fitting.network),
  testAccuracy: test.accuracy,
  testLoss: test.loss,
  testDigits: counts.test,
  trainingDigits: counts.train,
  ...(counts.validation === 0 ? {} : { validationDigits: counts.validation }),
  optimizer,
  epochs,
  ...(fitting.description.stopping === undefined
    ? {}
    : { epochsTaken: progress.points.length, bestEpoch: progress.stopping.bestEpoch + 1 }),
  batch,
  seed,
  steps: fitting.steps,
  secondsPerEpoch,
  ...(lockstep > 0 ? { lockstep: { steps: Math.min(lockstep, fitting.steps), worstRatio } } : {}),
  fingerprint,
})

/** The state in a checkpoint of this course. */
const resumed = ({ fitting }: Course, file: string): taskEither.TaskEither<EtalonError, TrainingState> =>
  F.pipe(
    TE.tryCatch(
      () => readFile(file),
      (error) => etalonError('FileUnreadable', error instanceof Error ? error.message : String(error)),
    ),
    TE.flatMapEither(decodeSafetensors),
    TE.flatMapEither((found) => stateFrom(fitting, found)),
    TE.mapLeft(within(file)),
  )

/** Trains LeNet-5 on the backend that `rim` opens, and says so on its streams. */
export const trainAt = async (rim: TrainRim, options: TrainOptions): Promise<ExitCode> => {
  const { out, err, now } = rim
  const { checkpoint, resume, curves, json } = options
  const ink = inkFor(json === true ? err : out)
  const status = statusLine(err)
  const say = (text: string): void => void (json === true ? err : out).write(`${text}\n`)
  const stopFor = (stop: Stop): ExitCode => {
    const { code, message } = endOf(stop)
    status.clear()
    complainTo(err)(message)
    return code
  }
  const refuse = (error: EtalonError): ExitCode => stopFor({ why: 'error', error })

  status.show('reading the digits …')
  const loaded = await rim.load(options)()
  if (E.isLeft(loaded)) return refuse(loaded.left)
  const planned = courseOf(options, loaded.right)
  if (E.isLeft(planned)) return refuse(planned.left)
  const course = planned.right
  // hours of training end in this file: whether it can be is asked first
  const target = checkpoint === undefined ? undefined : await writable(checkpoint)
  if (target !== undefined && E.isLeft(target)) return refuse(target.left)
  const page = curves === undefined ? undefined : await writable(curves)
  if (page !== undefined && E.isLeft(page)) return refuse(page.left)
  const from = resume === undefined ? undefined : await resumed(course, resume)()
  if (from !== undefined && E.isLeft(from)) return refuse(from.left)
  status.show('opening a device …')
  const opened = await rim.open(options.device)()
  if (E.isLeft(opened)) return refuse(opened.left)
  status.clear()

  const backend = opened.right
  const { name, fingerprint } = backend
  const { fitting, counts } = course
  const { steps } = fitting
  const already = from?.right.progress
  const counted = [
    `${counts.train} training digits`,
    ...(counts.validation === 0 ? [] : [`${counts.validation} validation digits`]),
    `${counts.test} test digits`,
  ]
  say(
    `LeNet-5, ${parameterCount(fitting.network)} parameters, on ${fingerprint['description'] ?? name} (${fingerprint['kind'] ?? name})`,
  )
  say(`${counted.join(', ')} (${options.data ?? 'generated'}); ${steps} steps of ${options.batch}`)
  if (already !== undefined) say(`goes on after step ${already.step} of ${steps} (${resume})`)
  const started = now()
  const tell = (happening: Happening): void => {
    if (happening.what === 'step')
      status.show(
        `${bar(happening.step / steps)} epoch ${happening.epoch}, step ${happening.step} of ${steps}, loss ${happening.loss.toFixed(4)}`,
      )
    const line = lineOf(happening)
    if (line === undefined) return
    status.clear()
    say(line)
  }
  const trained = await follow(course, backend, rim.oracle, tell, {
    sample: page === undefined ? 0 : 1000,
    ...(from === undefined ? {} : { from: from.right }),
    ...(target === undefined
      ? {}
      : {
          keep: (state: TrainingState): Promise<Result<void>> =>
            writeWhole(target.right, encodeSafetensors(checkpointOf(fitting, state))),
        }),
  }).finally(() => backend.close())
  if (E.isLeft(trained)) return stopFor(trained.left)

  const { test, state } = trained.right
  const { points, stopping } = state.progress
  const seconds = (now() - started) / 1000
  const taken = Math.max(1, points.length - (already?.points.length ?? 0))
  const accuracy = ink.strong(`test accuracy ${percent(test.accuracy, 2)}`)
  status.clear()
  if (fitting.description.stopping !== undefined)
    say(
      `${stopping.stop ? 'stopped early; ' : ''}the weights of epoch ${stopping.bestEpoch + 1} of ${points.length} were the best`,
    )
  say(`${accuracy} in ${seconds.toFixed(1)} s, ${(seconds / taken).toFixed(1)} s an epoch`)
  if (page !== undefined) {
    // a library that draws is loaded by who wants a picture
    const { curvesPage } = await import('./curves.js')
    const title = `LeNet-5, ${options.optimizer}: test accuracy ${percent(test.accuracy, 2)}`
    const written = await writeWhole(page.right, curvesPage(title, points))
    if (E.isLeft(written)) return refuse(written.left)
  }
  if (json === true) out.write(`${JSON.stringify(summaryOf(course, trained.right, seconds / taken, fingerprint))}\n`)
  return exit.ok
}

/** How much of a training is over, on a line. */
const bar = (part: number): string => `[${'='.repeat(Math.floor(20 * part)).padEnd(20)}]`

// the first rates at which LeNet-5 learns well
const rates: Readonly<Record<Optimizer['op'], number>> = {
  sgd: 0.1,
  momentum: 0.015,
  adagrad: 0.01,
  rmsprop: 0.001,
  adadelta: 1,
  adam: 0.001,
  adamw: 0.001,
}

const optimizerNames = Object.keys(rates) as readonly Optimizer['op'][]

/** `linear`, `constant`, `cosine`, `step:EPOCHS`, `exponential:FACTOR` or `plateau:EPOCHS`. */
export const scheduleOf = (text: string): ScheduleChoice => {
  const [name, given, ...rest] = text.split(':')
  const number = Number(given)
  const whole = Number.isSafeInteger(number) && number >= 1
  if (rest.length === 0) {
    if (given === undefined && (name === 'linear' || name === 'constant' || name === 'cosine'))
      return { schedule: name }
    if (name === 'step' && whole) return { schedule: 'stepDecay', every: number }
    if (name === 'exponential' && number > 0 && number <= 1) return { schedule: 'exponential', gamma: number }
    if (name === 'plateau' && whole) return { schedule: 'reduceOnPlateau', patience: number - 1 }
  }
  throw new InvalidArgumentError(
    'Wanted: linear, constant, cosine, step:EPOCHS, exponential:FACTOR (up to 1) or plateau:EPOCHS.',
  )
}

/** `shift`, by up to 2 pixels, or `shift:PIXELS`. */
export const shiftOf = (text: string): number => {
  const [name, pixels = '2', ...rest] = text.split(':')
  if (name !== 'shift' || rest.length > 0 || !/^[1-9]$/.test(pixels))
    throw new InvalidArgumentError('Wanted: shift, or shift:PIXELS with 1 to 9 pixels.')
  return Number(pixels)
}

/** `etalon train lenet5`: on the device, on IDX files or generated digits. */
export const trainCommand: Subcommand = (command, end) =>
  void command
    .addArgument(new Argument('<network>', 'the network to train').choices(['lenet5']))
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--epochs <n>', 'times through the training digits', wholeNumber(1), 1)
    .option('--batch <n>', 'digits in a step; an incomplete last batch of an epoch is left out', wholeNumber(1), 32)
    .option('--seed <n>', 'of the first weights, the order and the generated digits', wholeNumber(0), 1)
    .addOption(
      new Option('--optimizer <name>', 'how the weights follow their gradients')
        .choices([...optimizerNames])
        .default('momentum'),
    )
    .option('--learning-rate <rate>', 'the first rate (momentum: 0.015; each optimizer has its own)', atLeastZero)
    .addOption(
      new Option(
        '--schedule <name>',
        'linear or cosine, to 0 with the last step; constant; step:EPOCHS, a tenth after each so many; exponential:FACTOR, each epoch; plateau:EPOCHS, a tenth after so many without a better loss',
      )
        .argParser(scheduleOf)
        .default({ schedule: 'linear' }, 'linear'),
    )
    .option('--momentum <mu>', 'of the optimizer momentum', atLeastZero, 0.9)
    .option('--weight-decay <lambda>', 'weight decay', atLeastZero, 0)
    .addOption(
      new Option('--augment <how>', 'shift: each digit each time by up to 2 pixels; shift:PIXELS')
        .argParser(shiftOf)
        .default(0, 'not at all'),
    )
    .option('--validation <n>', 'hold out so many training digits, and judge each epoch by them', wholeNumber(0), 0)
    .option(
      '--patience <n>',
      'stop after so many epochs without a better validation accuracy, and keep the best; 0 for never',
      wholeNumber(0),
      0,
    )
    .option('--checkpoint <file>', 'write the whole state here after every epoch (safetensors)')
    .option(
      '--curves <file>',
      'draw loss and accuracy after each epoch, of 1000 training digits and the validation digits (HTML)',
    )
    .option('--resume <file>', 'go on from such a file, to the same bits as if never interrupted')
    .option('--lockstep <n>', 'judge the first n steps node by node against the reference', wholeNumber(0), 0)
    .addOption(deviceOption())
    .option(
      '--json',
      'the last line on standard output is an object with testAccuracy; the rest goes to standard error',
    )
    .action(async (_network: string, { augment, ...options }: GivenOptions) =>
      end(
        await trainAt(
          { ...processRim(), load: digitsFor },
          { ...options, shift: augment, learningRate: options.learningRate ?? rates[options.optimizer] },
        ),
      ),
    )
