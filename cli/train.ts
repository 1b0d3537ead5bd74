import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { guarded } from '../conformance/guarded.js'
import { wrapped } from '../conformance/text.js'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js'
import type { Backend, DeviceMemory } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, within } from '../spec/error.js'
import { recurrentOps } from '../spec/networks/network.js'
import type { LearningRecipe } from '../spec/networks/zoo.js'
import { cellOf, learningOf, variantsOf } from '../spec/networks/zoo.js'
import type { Resumed } from '../training/checkpoint.js'
import { checkpointOf, resumedFrom } from '../training/checkpoint.js'
import type { TrainingEvent } from '../training/fit.js'
import { deviceProblem } from './backends.js'
import { inBytes } from './bytes.js'
import { withOffer } from './deviceMemory.js'
import type { TrainingState } from '../training/training.js'
import type { Subcommand } from './command.js'
import type { Curves } from './curves.js'
import type { Digits } from './dataset.js'
import { digitsFrom } from './dataset.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Target } from './file.js'
import { forPage, writable, writeWhole } from './file.js'
import {
  atLeastZero,
  backendOption,
  longTimeout,
  longTimeoutOption,
  bidirectionalOption,
  cellOption,
  deviceOption,
  dropoutOption,
  layersOption,
  wholeNumber,
} from './options.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { bar, complainTo } from './terminal.js'
import { timeLimit } from './timeLimit.js'
import { augmentOf, initializerOf, scheduleOf } from './trainOptions.js'
import type { DigitTraining, Recipe } from './trainPlan.js'
import { digitNetworks, digitTrainingOf, optimizerNames, titleOf, trainableLosses } from './trainPlan.js'
import {
  printBest,
  printEvaluation,
  printEvent,
  printHead,
  printInterruption,
  printKept,
  printPaused,
  printResumed,
  summaryOf,
} from './trainPrint.js'
import type { Judged } from './trainRun.js'
import { train } from './trainRun.js'
import { exitOfInterruption, voiceOf } from './voice.js'

export interface TrainOptions extends Recipe {
  readonly data?: string
  /** the whole state goes here on the way, after every epoch, and when interrupted */
  readonly checkpoint?: string
  /** and comes from here */
  readonly resume?: string
  /** the curves go here, as a page */
  readonly curves?: string
  readonly device: DeviceChoice
  readonly backend?: string
  /** seconds that a step may take */
  readonly caseTimeout?: number
  readonly json?: true
}

/** All that `train` meets of the world. */
export interface TrainRim extends Omit<Rim, 'table'> {
  readonly load: (options: TrainOptions) => taskEither.TaskEither<EtalonError, Digits>
  /** whether it was asked to stop, to go on later */
  readonly interrupted?: () => boolean
  /** how the command was given: its name and all that followed */
  readonly args?: readonly string[]
}

const generated = { train: 10000, test: 2000 }

/** This training as a checkpoint of it goes on. */
const resumed = ({ training }: DigitTraining, file: string): taskEither.TaskEither<EtalonError, Resumed> =>
  F.pipe(
    TE.tryCatch(
      () => readFile(file),
      (error) => etalonError('FileUnreadable', error instanceof Error ? error.message : String(error)),
    ),
    TE.flatMapEither(decodeSafetensors),
    TE.flatMapEither((found) => resumedFrom(training, found)),
    TE.mapLeft(within(file)),
  )

/** What a training needs of the world, all of it there before the first step is taken. */
interface Ready {
  readonly planned: DigitTraining
  /** hours of training end in these files: whether they can be written is asked first */
  readonly checkpoint: Target | undefined
  readonly curves: Target | undefined
  readonly resumed: Resumed | undefined
  readonly backend: Backend
  /** the backend's memory, and what a step is predicted to take of it */
  readonly memory: { readonly of: DeviceMemory; readonly step: number } | undefined
}

const ours = ({ backend = 'webgpu' }: TrainOptions): boolean => backend === 'webgpu'

const ready = (
  { load, open }: TrainRim,
  options: TrainOptions,
  show: (what: string) => void,
): taskEither.TaskEither<EtalonError, Ready> => {
  const showing = (what: string): taskEither.TaskEither<never, void> => TE.fromIO(() => show(what))
  const ifGiven = <A>(
    file: string | undefined,
    find: (file: string) => taskEither.TaskEither<EtalonError, A>,
  ): taskEither.TaskEither<EtalonError, A | undefined> => (file === undefined ? TE.right(undefined) : find(file))
  const place = (file: string) => () => writable(file)
  return F.pipe(
    showing('reading the digits …'),
    TE.flatMap(() => load(options)),
    TE.flatMapEither((digits) => digitTrainingOf(options, digits)),
    TE.bindTo('planned'),
    TE.bind('checkpoint', () => ifGiven(options.checkpoint, place)),
    TE.bind('curves', () => ifGiven(options.curves, place)),
    TE.bind('resumed', ({ planned }) => ifGiven(options.resume, (file) => resumed(planned, file))),
    TE.tap(() => showing('opening a device …')),
    TE.bind('backend', () => open(options.device, options.backend)),
    // what does not fit is refused before anything is there
    TE.bind('memory', ({ planned: { training }, backend }): taskEither.TaskEither<EtalonError, Ready['memory']> => {
      const { memory } = backend
      return memory === undefined || !ours(options)
        ? TE.right(undefined)
        : F.pipe(
            memory.ofStep(training.program),
            E.bimap(withOffer(memory, training), (step) => ({ of: memory, step })),
            TE.fromEither,
            TE.tapError(() => TE.fromTask(backend.close)),
          )
    }),
    // ours keeps the contract, and a training asks it often
    TE.map((all) =>
      ours(options) && options.caseTimeout === undefined
        ? all
        : { ...all, backend: guarded(all.backend, { limit: timeLimit(options.caseTimeout ?? longTimeout) }) },
    ),
  )
}

/** Trains a network on the backend that `rim` opens, and says so on its streams. */
export const trainAt = async (rim: TrainRim, options: TrainOptions): Promise<ExitCode> => {
  const { out, err, now } = rim
  const { json } = options
  const { ink, status, say, refuse } = voiceOf(rim, json, printInterruption, exitOfInterruption)

  const problem = deviceProblem(options.device, options.backend ?? 'webgpu')
  if (problem !== undefined) {
    complainTo(err)(problem)
    return exit.usage
  }
  const fit = options.curves === undefined ? E.right(undefined) : forPage('--curves', options.curves)
  if (E.isLeft(fit)) return refuse({ why: 'error', error: fit.left })
  const prepared = await ready(rim, options, status.show)()
  if (E.isLeft(prepared)) return refuse({ why: 'error', error: prepared.left })
  const { planned, backend, resumed, checkpoint, curves, memory } = prepared.right
  const from = resumed?.state
  const { training } = planned
  const { steps } = training
  say(printHead(planned, backend, options.data))
  if (memory !== undefined) say(`a step takes ${inBytes(memory.step)} of the device’s memory`)
  if (resumed !== undefined) say(printResumed(resumed, training, options.resume ?? ''))
  const started = now()
  let taken = from?.progress.step ?? 0
  const losses: Curves['steps'][number][] = []
  const points = [...(from?.progress.points ?? [])]
  const asked: Curves['asked'][number][] = []
  const tell = (event: TrainingEvent | Judged): void => {
    if (event.kind === 'epoch') points.push(event.point)
    if (event.kind === 'evaluation')
      asked.push({ step: event.step, accuracy: event.evaluation.accuracy, count: event.count })
    if (event.kind === 'step') {
      taken = event.step
      losses.push({ step: event.step, loss: event.loss })
      status.show(
        `${bar(event.step / steps)} epoch ${event.epoch}, step ${event.step} of ${steps}, loss ${event.loss.toFixed(4)}`,
      )
    }
    const line = printEvent(event)
    if (line !== undefined) say(line)
  }
  /** Draws what there was, however it ended; the exit code where that cannot be written. */
  const draw = async (ending: string): Promise<ExitCode | undefined> => {
    if (curves === undefined) return undefined
    // a library that draws is loaded by who wants a picture
    const { curvesPage } = await import('./curves.js')
    const title = `${titleOf(options)}, ${planned.recipe.optimizer}: ${ending}`
    const { batchesPerEpoch } = training
    const written = await writeWhole(curves, curvesPage({ title, batchesPerEpoch, steps: losses, points, asked }))
    return E.isLeft(written) ? refuse({ why: 'error', error: written.left }) : undefined
  }
  const stop = (): boolean => rim.interrupted?.() === true
  let kept: { readonly file: string; readonly step: number } | undefined
  const keep = async (state: TrainingState): Promise<Result<void>> => {
    if (checkpoint === undefined) return E.right(undefined)
    const written = await writeWhole(checkpoint, encodeSafetensors(checkpointOf(training, state)))
    if (E.isRight(written)) kept = { file: options.checkpoint ?? '', step: state.progress.step }
    return written
  }
  const trained = await train(planned, backend, rim.oracle, tell, {
    sample: curves === undefined ? 0 : 1000,
    stop,
    ...(from === undefined ? {} : { from }),
    ...(checkpoint === undefined ? {} : { keep }),
  })().finally(() => closing(rim, backend))
  const pause = async (step: number): Promise<ExitCode> => {
    say(printPaused(training, step, kept, rim.args ?? ['train', options.network]))
    return (await draw(`interrupted after step ${step} of ${steps}`)) ?? exit.interrupted
  }
  if (E.isLeft(trained)) {
    const interruption = trained.left
    const code = refuse(
      interruption.why === 'error' && memory !== undefined
        ? { ...interruption, error: withOffer(memory.of, training)(interruption.error) }
        : interruption,
    )
    if (interruption.why === 'diverged') return (await draw(`diverged at step ${interruption.step}`)) ?? code
    // whoever interrupts may take a backend's own process down with it
    if (stop() && code === exit.noBackend) return pause(taken)
    // a device may be lost, or a backend die, and the training be right all the same
    if (code === exit.noBackend && kept !== undefined)
      complainTo(err)(printKept(taken, kept, rim.args ?? ['train', options.network]))
    return code
  }
  if ('paused' in trained.right) {
    const { paused } = trained.right
    const written = paused.progress.step === (from?.progress.step ?? 0) ? E.right(undefined) : await keep(paused)
    return E.isLeft(written) ? refuse({ why: 'error', error: written.left }) : pause(paused.progress.step)
  }

  const { test, progress } = trained.right
  const seconds = (now() - started) / 1000
  const secondsPerEpoch = seconds / Math.max(1, progress.points.length - (from?.progress.points.length ?? 0))
  const result = printEvaluation(test)
  if (training.description.stopping !== undefined) say(printBest(progress))
  say(`${ink.strong(result)} in ${seconds.toFixed(1)} s, ${secondsPerEpoch.toFixed(1)} s an epoch`)
  const most = memory?.of.most()
  if (most !== undefined)
    say(`at most ${inBytes(most.allocated)} of the device’s memory was allocated, ${inBytes(most.predicted)} predicted`)
  if (planned.beside.length > 0 && test.accuracy < 0.9)
    say(`more digits are read, as a rule, with ${planned.beside.join(' or ')}, or more --epochs`)
  const undrawn = await draw(result)
  if (undrawn !== undefined) return undrawn
  if (json === true)
    out.write(
      `${JSON.stringify({
        ...summaryOf(planned, trained.right, secondsPerEpoch, backend.fingerprint),
        ...(memory === undefined ? {} : { deviceMemory: { step: memory.step, ...memory.of.most() } }),
      })}\n`,
    )
  return exit.ok
}

const variants = digitNetworks
  .filter((name) => variantsOf(name).length > 0)
  .map((name) => `${name}: ${variantsOf(name).join(' or ')}`)
  .join('; ')
const networks = `${digitNetworks.slice(0, -1).join(', ')} or ${digitNetworks.at(-1)}`

const initText = (init: LearningRecipe['init']): string =>
  init.kind === 'scaled' ? init.kind : `${init.kind}:${init.inputs}`

/** What each network is trained with, in a table. */
const recipesText = (): string => {
  const others = recurrentOps.filter((cell) => !digitNetworks.some((name) => cellOf(name) === cell))
  const forms = [
    ...digitNetworks.map((name) => ({ called: name, ...learningOf(name).recipe })),
    ...others.map((cell) => ({ called: `--cell ${cell}`, ...learningOf('rnnClassifier', { cell }).recipe })),
  ]
  const rows = [
    ['network', 'optimizer', 'learning rate', 'batch', 'init'],
    ...forms.map(({ called, optimizer, learningRate, batch, init }) => [
      called,
      optimizer,
      String(Number(learningRate.toPrecision(3))),
      String(batch),
      initText(init),
    ]),
  ]
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  const wanting = forms.filter(({ beside = [] }) => beside.length > 0)
  const exceptions = wanting.map(({ called, beside = [] }) => `${called}, which wants ${beside.join(' or ')}`)
  const text = `each reads more than 90 % of MNIST’s test digits after one epoch of 10,000${exceptions.length === 0 ? '' : `, but for ${exceptions.join('; ')}`}: docs/networks.md has how many. The perceptron tells one digit, --digit, from the others. The autoencoder draws digits again, and is judged by the mean square of what is off; pixels go from 0 to 1.`
  return `
What each network is trained with unless it is told otherwise:
${rows
  .map(
    (row) =>
      `  ${row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()}`,
  )
  .join('\n')}

${wrapped('So', text.split(' ')).replaceAll(/^ +/gm, '')}`
}

/** `etalon train NETWORK`: on the device, on IDX files or generated digits. */
export const trainCommand: Subcommand = (command, end) =>
  void command
    .argument(
      '<network>',
      `${networks}: the networks that digits can be put to, as images of 28×28, as vectors, or as sequences of rows; or one that is written down, such as net:relu-6c5-m-16c3r-m-32f`,
    )
    .option('--variant <name>', `another form of the network than its first (${variants})`)
    .addOption(cellOption())
    .addOption(layersOption())
    .addOption(bidirectionalOption())
    .addOption(dropoutOption())
    .addOption(new Option('--loss <name>', 'another than the network’s first').choices([...trainableLosses]))
    .option('--digit <n>', 'which digit the perceptron tells from the others', wholeNumber(0), 0)
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--epochs <n>', 'times through the training digits', wholeNumber(1), 1)
    .addOption(
      new Option('--batch <n>', 'digits in a step; an incomplete last batch of an epoch is left out')
        .argParser(wholeNumber(1))
        .default(undefined, 'the network’s'),
    )
    .addOption(
      new Option(
        '--micro-batch <n>',
        'digits that go through the network at a time: gradients of a batch’s parts are added up, so that it takes less memory and learns the same (not with batch norm)',
      ).argParser(wholeNumber(1)),
    )
    .option('--seed <n>', 'of the first weights, the order and the generated digits', wholeNumber(0), 1)
    .addOption(
      new Option('--optimizer <name>', 'how the weights follow their gradients')
        .choices([...optimizerNames])
        .default(undefined, 'the network’s'),
    )
    .addOption(
      new Option(
        '--init <how>',
        'first weights: scaled, σ = √(2/inputs) before a ReLU and √(1/inputs) elsewhere; he, √(2/inputs); xavier, uniform within √(6/(inputs + outputs)); normal:SIGMA; orthogonal or identity, scaled but for what multiplies a recurrent state, with :SIGMA for what multiplies its input',
      )
        .argParser(initializerOf)
        .default(undefined, 'the network’s'),
    )
    .option(
      '--learning-rate <rate>',
      'the first rate (by default the network’s; with another optimizer than its own, that optimizer’s)',
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
    .option(
      '--checkpoint <file>',
      'write the whole state here, five times an epoch, after it, and on Ctrl-C (safetensors)',
    )
    .option(
      '--curves <file>',
      'draw the loss of every step, and accuracies on the way and after each epoch, of 1000 training digits and the validation digits, as a page (.html)',
    )
    .option(
      '--resume <file>',
      'go on from such a file, to the same bits as if never interrupted; with more --epochs than it was for, further, and rates that fall to the end fall to the new one',
    )
    .option('--lockstep <n>', 'judge the first n steps node by node against the reference', wholeNumber(0), 0)
    .addOption(backendOption())
    .addOption(longTimeoutOption('a step'))
    .addOption(deviceOption())
    .option(
      '--json',
      'the last line on standard output is an object with testAccuracy and testLoss; the rest goes to standard error',
    )
    .addHelpText('after', recipesText)
    .action(async (network: string, options: Omit<TrainOptions, 'network'>) => {
      const rim = processRim()
      let interrupted = false
      // a second one ends the process, as it does without all this
      process.once('SIGINT', () => {
        interrupted = true
        complainTo(rim.err)('stops after this step; Ctrl-C again ends at once')
      })
      end(
        await trainAt(
          {
            ...rim,
            load: (options) => digitsFrom(options, generated),
            interrupted: () => interrupted,
            args: process.argv.slice(2),
          },
          { ...options, network },
        ),
      )
    })
