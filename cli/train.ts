import { Argument } from 'commander'
import { either as E, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { printJudgement } from '../conformance/report.js'
import type { Fingerprint } from '../spec/backend.js'
import { countOf } from '../spec/data/dataset.js'
import { digits } from '../spec/data/digits.js'
import type { EtalonError } from '../spec/error.js'
import { parameterCount } from '../spec/networks/network.js'
import { loadIdxFolder } from './dataset.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './main.js'
import { atLeastZero, deviceOption, wholeNumber } from './options.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import type { Course, Digits, Happening, Recipe, Stop, Trained } from './training.js'
import { courseOf, follow } from './training.js'
import type { Rim } from './verify.js'
import { processRim } from './verify.js'

export interface TrainOptions extends Recipe {
  readonly data?: string
  readonly device: DeviceChoice
  readonly json?: true
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
  { recipe: { epochs, batch, seed, lockstep }, digits, network, steps }: Course,
  { testAccuracy, worstRatio }: Trained,
  seconds: number,
  fingerprint: Fingerprint,
): Readonly<Record<string, unknown>> => ({
  network: 'lenet5',
  parameters: parameterCount(network),
  testAccuracy,
  testDigits: countOf(digits.test),
  trainingDigits: countOf(digits.train),
  epochs,
  batch,
  seed,
  steps,
  secondsPerEpoch: seconds / epochs,
  ...(lockstep > 0 ? { lockstep: { steps: Math.min(lockstep, steps), worstRatio } } : {}),
  fingerprint,
})

/** Trains LeNet-5 on the backend that `rim` opens, and says so on its streams. */
export const trainAt = async (rim: TrainRim, options: TrainOptions): Promise<ExitCode> => {
  const { out, err, now } = rim
  const ink = inkFor(options.json === true ? err : out)
  const status = statusLine(err)
  const say = (text: string): void => void (options.json === true ? err : out).write(`${text}\n`)
  const stopFor = (stop: Stop): ExitCode => {
    const { code, message } = endOf(stop)
    status.clear()
    complainTo(err)(message)
    return code
  }

  status.show('reading the digits …')
  const loaded = await rim.load(options)()
  if (E.isLeft(loaded)) return stopFor({ why: 'error', error: loaded.left })
  const planned = courseOf(options, loaded.right)
  if (E.isLeft(planned)) return stopFor({ why: 'error', error: planned.left })
  status.show('opening a device …')
  const opened = await rim.open(options.device)()
  if (E.isLeft(opened)) return stopFor({ why: 'error', error: opened.left })
  status.clear()

  const [course, backend] = [planned.right, opened.right]
  const { name, fingerprint } = backend
  const { network, steps } = course
  const counted = `${countOf(course.digits.train)} training digits, ${countOf(course.digits.test)} test digits`
  say(
    `LeNet-5, ${parameterCount(network)} parameters, on ${fingerprint['description'] ?? name} (${fingerprint['kind'] ?? name})`,
  )
  say(`${counted} (${options.data ?? 'generated'}); ${steps} steps of ${options.batch}`)
  const started = now()
  const trained = await follow(course, backend, rim.oracle, (happening) => {
    if (happening.what === 'step')
      status.show(`epoch ${happening.epoch}, step ${happening.step} of ${steps}, loss ${happening.loss.toFixed(4)}`)
    const line = lineOf(happening)
    if (line === undefined) return
    status.clear()
    say(line)
  }).finally(() => backend.close())
  if (E.isLeft(trained)) return stopFor(trained.left)

  const seconds = (now() - started) / 1000
  const accuracy = ink.strong(`test accuracy ${percent(trained.right.testAccuracy, 2)}`)
  status.clear()
  say(`${accuracy} in ${seconds.toFixed(1)} s, ${(seconds / options.epochs).toFixed(1)} s an epoch`)
  if (options.json === true) out.write(`${JSON.stringify(summaryOf(course, trained.right, seconds, fingerprint))}\n`)
  return exit.ok
}

/** `etalon train lenet5`: on the device, on IDX files or generated digits. */
export const trainCommand: Subcommand = (command, end) =>
  void command
    .addArgument(new Argument('<network>', 'the network to train').choices(['lenet5']))
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--epochs <n>', 'times through the training digits', wholeNumber(1), 1)
    .option('--batch <n>', 'digits in a step; an incomplete last batch of an epoch is left out', wholeNumber(1), 32)
    .option('--seed <n>', 'of the first weights, the order and the generated digits', wholeNumber(0), 1)
    .option('--learning-rate <rate>', 'the first rate; it falls linearly to 0', atLeastZero, 0.015)
    .option('--momentum <mu>', 'momentum', atLeastZero, 0.9)
    .option('--weight-decay <lambda>', 'weight decay', atLeastZero, 0)
    .option('--lockstep <n>', 'judge the first n steps node by node against the reference', wholeNumber(0), 0)
    .addOption(deviceOption())
    .option(
      '--json',
      'the last line on standard output is an object with testAccuracy; the rest goes to standard error',
    )
    .action(async (_network: string, options: TrainOptions) =>
      end(await trainAt({ ...processRim(), load: digitsFor }, options)),
    )
