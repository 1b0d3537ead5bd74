import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, Option } from 'commander'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { printJudgement } from '../conformance/report.js'
import type { Fingerprint } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, within } from '../spec/error.js'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js'
import { parameterCount } from '../spec/networks/network.js'
import { variantsOf } from '../spec/networks/zoo.js'
import type { Augmentation } from '../training/augment.js'
import { checkpointOf, stateFrom } from '../training/checkpoint.js'
import type { TrainingState } from '../training/course.js'
import type { Evaluation } from '../training/fit.js'
import type { Initializer } from '../training/initialize.js'
import type { Digits } from './dataset.js'
import { digitsFrom } from './dataset.js'
import { writable, writeWhole } from './file.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './command.js'
import { atLeastZero, deviceOption, wholeNumber } from './options.js'
import { bar, complainTo, inkFor, statusLine } from './terminal.js'
import type { Course, Happening, Recipe, ScheduleChoice, Stop, Trained } from './training.js'
import { courseOf, follow, optimizerNames, titleOf, trainableLosses } from './training.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'

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

/** All that `train` meets of the world. */
export interface TrainRim extends Omit<Rim, 'table'> {
  readonly load: (options: TrainOptions) => taskEither.TaskEither<EtalonError, Digits>
}

const generated = { train: 10000, test: 2000 }

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
      const right = validationAccuracy === undefined ? '' : `  accuracy ${percent(validationAccuracy, 2)}`
      return validationLoss === undefined
        ? undefined
        : `epoch ${epoch}  over at rate ${rate.toPrecision(3)}  validation loss ${validationLoss.toFixed(4)}${right}`
    }
    case 'measured': {
      const { epoch, step, loss, right, of, testLoss } = happening
      const found = right === undefined ? `loss ${testLoss.toFixed(4)}` : `accuracy ${percent(right / of, 1)}`
      return `epoch ${epoch}  step ${String(step).padStart(5)}  loss ${loss.toFixed(4)}  ${found} of ${of} test digits`
    }
  }
}

/** What a network makes of the test digits, in a phrase. */
const resultOf = ({ accuracy, top5Error, loss }: Evaluation): string => {
  const five = Number.isNaN(top5Error) ? '' : `, top-5 error ${percent(top5Error, 2)}`
  return Number.isNaN(accuracy) ? `test loss ${loss.toFixed(4)}` : `test accuracy ${percent(accuracy, 2)}${five}`
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
  { recipe: { network, variant, epochs, batch, seed, lockstep, optimizer }, fitting, counts }: Course,
  { test, worstRatio, state: { progress } }: Trained,
  secondsPerEpoch: number,
  fingerprint: Fingerprint,
): Readonly<Record<string, unknown>> => ({
  network,
  ...(variant === undefined ? {} : { variant }),
  parameters: parameterCount(fitting.network),
  // where there is right and wrong
  ...(Number.isNaN(test.accuracy) ? {} : { testAccuracy: test.accuracy }),
  ...(Number.isNaN(test.top5Error) ? {} : { testTop5Error: test.top5Error }),
  testLoss: test.loss,
  loss: fitting.description.loss,
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

/** Trains a network on the backend that `rim` opens, and says so on its streams. */
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
  const title = titleOf(options)
  const { steps } = fitting
  const already = from?.right.progress
  const counted = [
    `${counts.train} training digits`,
    ...(counts.validation === 0 ? [] : [`${counts.validation} validation digits`]),
    `${counts.test} test digits`,
  ]
  say(
    `${title}, ${parameterCount(fitting.network)} parameters, ${fitting.description.loss}, on ${fingerprint['description'] ?? name} (${fingerprint['kind'] ?? name})`,
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
  const result = resultOf(test)
  status.clear()
  if (fitting.description.stopping !== undefined)
    say(
      `${stopping.stop ? 'stopped early; ' : ''}the weights of epoch ${stopping.bestEpoch + 1} of ${points.length} were the best`,
    )
  say(`${ink.strong(result)} in ${seconds.toFixed(1)} s, ${(seconds / taken).toFixed(1)} s an epoch`)
  if (page !== undefined) {
    // a library that draws is loaded by who wants a picture
    const { curvesPage } = await import('./curves.js')
    const written = await writeWhole(page.right, curvesPage(`${title}, ${options.optimizer}: ${result}`, points))
    if (E.isLeft(written)) return refuse(written.left)
  }
  if (json === true) out.write(`${JSON.stringify(summaryOf(course, trained.right, seconds / taken, fingerprint))}\n`)
  return exit.ok
}

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

/** One of `shift`, by up to 2 pixels, `shift:PIXELS`, `crop:SIZE` and `flip`. */
const augmentationOf = (text: string): Augmentation => {
  const [name, given, ...rest] = text.split(':')
  const number = Number(given)
  const digits = rest.length === 0 && /^[1-9]\d{0,3}$/.test(given ?? '')
  if (text === 'shift') return { kind: 'shift', most: 2 }
  if (text === 'flip') return { kind: 'flip' }
  if (name === 'shift' && digits && number <= 9) return { kind: 'shift', most: number }
  if (name === 'crop' && digits) return { kind: 'crop', size: [number, number] }
  throw new InvalidArgumentError(
    'Wanted: shift, or shift:PIXELS with 1 to 9 pixels; crop:SIZE; flip; or several with commas between.',
  )
}

/** Ways to augment, with commas between, in the order in which they are done. */
export const augmentOf = (text: string): readonly Augmentation[] => text.split(',').map(augmentationOf)

/** `scaled`, `he`, `xavier` or `normal:SIGMA`. */
export const initializerOf = (text: string): Initializer => {
  const [name, given, ...rest] = text.split(':')
  const sigma = Number(given)
  if (text === 'scaled' || text === 'he' || text === 'xavier') return { kind: text }
  if (name === 'normal' && rest.length === 0 && given !== '' && Number.isFinite(Math.fround(sigma)) && sigma > 0)
    return { kind: 'normal', sigma }
  throw new InvalidArgumentError('Wanted: scaled, he, xavier, or normal:SIGMA with a standard deviation above 0.')
}

const variants = (['lenet5', 'mlp'] as const).map((name) => `${name}: ${variantsOf(name).join(' or ')}`).join('; ')

/** `etalon train NETWORK`: on the device, on IDX files or generated digits. */
export const trainCommand: Subcommand = (command, end) =>
  void command
    .argument(
      '<network>',
      'lenet5, perceptron, mlp, autoencoder, rnnClassifier or lstmClassifier: the networks that digits can be put to, as images of 28×28, as vectors, or as sequences of rows',
    )
    .option('--variant <name>', `another form of the network than its first (${variants})`)
    .addOption(new Option('--loss <name>', 'another than the network’s first').choices(trainableLosses))
    .option('--digit <n>', 'which digit the perceptron tells from the others', wholeNumber(0), 0)
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--epochs <n>', 'times through the training digits', wholeNumber(1), 1)
    .option('--batch <n>', 'digits in a step; an incomplete last batch of an epoch is left out', wholeNumber(1), 32)
    .option('--seed <n>', 'of the first weights, the order and the generated digits', wholeNumber(0), 1)
    .addOption(
      new Option('--optimizer <name>', 'how the weights follow their gradients')
        .choices([...optimizerNames])
        .default('momentum'),
    )
    .addOption(
      new Option(
        '--init <how>',
        'first weights: scaled, σ = √(2/inputs) before a ReLU and √(1/inputs) elsewhere; he, √(2/inputs); xavier, uniform within √(6/(inputs + outputs)); normal:SIGMA',
      )
        .argParser(initializerOf)
        .default(undefined, 'scaled'),
    )
    .option(
      '--learning-rate <rate>',
      'the first rate (lenet5 by momentum: 0.015; each optimizer has its own)',
      atLeastZero,
    )
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
    .option('--l2 <beta>', 'adds β/2 Σ w² to the loss, for all weights but biases and gains', atLeastZero, 0)
    .addOption(
      new Option(
        '--augment <how>',
        'shows each digit each time another way. shift: moved by up to 2 pixels; shift:PIXELS; crop:SIZE: a window of larger images; flip: mirrored or not, which digits are not made for; several with commas between',
      )
        .argParser(augmentOf)
        .default([], 'not at all'),
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
      'the last line on standard output is an object with testAccuracy and testLoss; the rest goes to standard error',
    )
    .action(async (network: string, options: Omit<TrainOptions, 'network'>) =>
      end(
        await trainAt({ ...processRim(), load: (options) => digitsFrom(options, generated) }, { ...options, network }),
      ),
    )
