import { either as E } from 'fp-ts'
import { Argument, InvalidArgumentError } from 'commander'
import type { DeviceChoice } from '../accelerated/index.js'
import { openWebGpu } from '../accelerated/index.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import { printJudgement } from '../conformance/report.js'
import { oracle } from '../reference/index.js'
import type { Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import type { Dataset } from '../spec/data/dataset.js'
import { batch as batchOf, countOf, shuffle, standardisationOf, type Standardisation } from '../spec/data/dataset.js'
import { digits } from '../spec/data/digits.js'
import type { EtalonError } from '../spec/error.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { parameterCount } from '../spec/networks/network.js'
import { keyOf } from '../spec/philox.js'
import type { Tensors } from '../spec/tensor.js'
import { initialParameters } from '../spec/training/initialize.js'
import { initialState, linearDecay, stepFeeds, trainingStep } from '../spec/training/step.js'
import { loadIdxFolder } from './dataset.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './main.js'
import { deviceOption, inkFor, statusLine, wholeNumber } from './verify.js'

interface Options {
  readonly data?: string
  readonly epochs: number
  readonly batch: number
  readonly seed: number
  readonly learningRate: number
  readonly momentum: number
  readonly weightDecay: number
  readonly lockstep: number
  readonly device: DeviceChoice
  readonly json?: true
}

const generated = { train: 10000, test: 2000 }

/** A failure of a training, with the code that the process ends with. */
class Stop extends Error {
  constructor(
    readonly code: ExitCode,
    message: string,
  ) {
    super(message)
  }
}

const codeFor = ({ code }: EtalonError): ExitCode =>
  code === 'BackendUnavailable' || code === 'DeviceLost' || code === 'LimitExceeded' ? exit.noBackend : exit.usage

const orStop = <A>(result: E.Either<EtalonError, A>): A => {
  if (E.isLeft(result)) throw new Stop(codeFor(result.left), `${result.left.code}: ${result.left.message}`)
  return result.right
}

const fraction = (least: number, text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw new InvalidArgumentError(`A number of at least ${least} is wanted.`)
  return value
}

const classOf = (logits: Tensors[string], row: number): number => {
  const [, C = 1] = logits.shape
  const scores = Array.from({ length: C }, (_, c) => logits.data[row * C + c] as number)
  return scores.indexOf(Math.max(...scores))
}

/** How many of the first `count` digits the network, as the session has it now, classifies rightly. */
const correct = async (session: Session, data: Dataset, count: number, standard: Standardisation): Promise<number> => {
  const size = 500
  let right = 0
  for (let from = 0; from < count; from += size) {
    const indices = Array.from({ length: Math.min(size, count - from) }, (_, i) => from + i)
    const network = lenet5(indices.length)
    const answer = orStop(await session.beside(network.program, { x: batchOf(data, indices, standard).x })())
    const logits = answer[network.output] as Tensors[string]
    right += indices.filter((index, row) => classOf(logits, row) === data.labels[index]).length
  }
  return right
}

const train = async (options: Options): Promise<ExitCode> => {
  const ink = inkFor(process.stdout)
  const say = (text: string): void => {
    if (options.json !== true) process.stdout.write(`${text}\n`)
    else process.stderr.write(`${text}\n`)
  }
  const { train: training, test } =
    options.data === undefined
      ? {
          train: digits(options.seed, generated.train, 'train'),
          test: digits(options.seed, generated.test, 'test'),
        }
      : orStop(await loadIdxFolder(options.data)())
  const [, rows, columns] = training.images.shape
  if (rows !== 28 || columns !== 28)
    throw new Stop(exit.usage, `ShapeMismatch: LeNet-5 reads images of 28×28; these are ${rows}×${columns}`)
  const batchesPerEpoch = Math.floor(countOf(training) / options.batch)
  if (batchesPerEpoch === 0)
    throw new Stop(
      exit.usage,
      `AttributeOutOfRange: a batch of ${options.batch} is more than the ${countOf(training)} training digits`,
    )
  const network = lenet5(options.batch)
  const program = orStop(
    trainingStep(network, {
      momentum: Math.fround(options.momentum),
      weightDecay: Math.fround(options.weightDecay),
    }),
  )
  const standard = standardisationOf(training)
  const steps = batchesPerEpoch * options.epochs
  const backend = orStop(await openWebGpu(options.device)())
  say(
    `LeNet-5, ${parameterCount(network)} parameters, on ${backend.fingerprint['description']} (${backend.fingerprint['kind']})`,
  )
  say(
    `${countOf(training)} training digits, ${countOf(test)} test digits (${options.data ?? 'generated'}); ${steps} steps of ${options.batch}`,
  )
  const status = statusLine()
  try {
    const session = orStop(await sessionOf(backend, program, initialState(initialParameters(network, options.seed)))())
    const started = performance.now()
    const every = Math.max(1, Math.floor(batchesPerEpoch / 5))
    const watched = Math.min(500, countOf(test))
    let worst = 0
    let sum = 0
    let since = 0
    let step = 0
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      const order = shuffle(keyOf(`shuffle ${options.seed} ${epoch}`), countOf(training))
      for (let at = 0; at < batchesPerEpoch; at++, step++) {
        const indices = Array.from({ length: options.batch }, (_, i) => order[at * options.batch + i] as number)
        const { x, target } = batchOf(training, indices, standard)
        const feeds = stepFeeds({ x, target, learningRate: linearDecay(options.learningRate, steps, step) })
        const judged = step < options.lockstep
        const values = orStop(await session.step(feeds, judged ? everyValue(program) : ['loss'])())
        if (judged) {
          const {
            findings,
            worst: most,
            guilty,
          } = orStop(lockstep(oracle, program, { ...feeds, ...values }, backend.depth))
          worst = Math.max(worst, most.judgement.worst.ratio)
          if (guilty !== undefined)
            throw new Stop(
              exit.notConformant,
              `step ${step + 1}: node ${guilty.node} (${guilty.op} ${guilty.direction}) is outside its bound\n${printJudgement(guilty.judgement)}`,
            )
          say(
            `step ${step + 1} in lockstep: ${findings.length} nodes within bounds, worst error ÷ bound ${most.judgement.worst.ratio.toPrecision(3)} at ${most.node}`,
          )
        }
        sum += values['loss']?.data[0] as number
        since++
        if (!Number.isFinite(sum))
          throw new Stop(exit.notConformant, `step ${step + 1}: the loss is not finite; a smaller rate may help`)
        status.show(`epoch ${epoch}, step ${at + 1} of ${batchesPerEpoch}, loss ${(sum / since).toFixed(4)}`)
        if ((at + 1) % every === 0 || at + 1 === batchesPerEpoch) {
          const right = await correct(session, test, watched, standard)
          status.clear()
          say(
            `epoch ${epoch}  step ${String(step + 1).padStart(5)}  loss ${(sum / since).toFixed(4)}  accuracy ${((100 * right) / watched).toFixed(1)} % of ${watched} test digits`,
          )
          sum = 0
          since = 0
        }
      }
    }
    const seconds = (performance.now() - started) / 1000
    const testAccuracy = (await correct(session, test, countOf(test), standard)) / countOf(test)
    await session.close()
    say(
      `${ink.strong(`test accuracy ${(100 * testAccuracy).toFixed(2)} %`)} in ${seconds.toFixed(1)} s, ${(seconds / options.epochs).toFixed(1)} s an epoch`,
    )
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({
          network: 'lenet5',
          parameters: parameterCount(network),
          testAccuracy,
          testDigits: countOf(test),
          trainingDigits: countOf(training),
          epochs: options.epochs,
          batch: options.batch,
          seed: options.seed,
          steps,
          secondsPerEpoch: seconds / options.epochs,
          ...(options.lockstep > 0
            ? { lockstep: { steps: Math.min(options.lockstep, steps), worstRatio: worst } }
            : {}),
          fingerprint: backend.fingerprint,
        })}\n`,
      )
    return exit.ok
  } finally {
    status.clear()
    await backend.close()
  }
}

/** `etalon train lenet5`: on the device, on IDX files or generated digits. */
export const trainCommand: Subcommand = (command, end) =>
  void command
    .addArgument(new Argument('<network>', 'the network to train').choices(['lenet5']))
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--epochs <n>', 'times through the training digits', wholeNumber(1), 1)
    .option('--batch <n>', 'digits in a step; an incomplete last batch of an epoch is left out', wholeNumber(1), 32)
    .option('--seed <n>', 'of the first weights, the order and the generated digits', wholeNumber(0), 1)
    .option('--learning-rate <rate>', 'the first rate; it falls linearly to 0', (text) => fraction(0, text), 0.015)
    .option('--momentum <mu>', 'momentum', (text) => fraction(0, text), 0.9)
    .option('--weight-decay <lambda>', 'weight decay', (text) => fraction(0, text), 0)
    .option('--lockstep <n>', 'judge the first n steps node by node against the reference', wholeNumber(0), 0)
    .addOption(deviceOption())
    .option(
      '--json',
      'the last line on standard output is an object with testAccuracy; the rest goes to standard error',
    )
    .action(async (_network: string, options: Options) => {
      try {
        end(await train(options))
      } catch (thrown) {
        if (!(thrown instanceof Stop)) throw thrown
        process.stderr.write(`etalon: ${thrown.message}\n`)
        end(thrown.code)
      }
    })
