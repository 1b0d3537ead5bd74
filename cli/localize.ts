import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { fingerprintOf } from '../conformance/guarded.js'
import type { LocalizeMoment } from '../conformance/localize.js'
import { localize, verdictOf } from '../conformance/localize.js'
import { printLocalized, writeLocalized } from '../conformance/localizeReport.js'
import { nodeEffort } from '../conformance/lockstep.js'
import { printFingerprint } from '../conformance/report.js'
import type { Subject } from '../conformance/subject.js'
import { subjectOf, subjectOfProgram } from '../conformance/subject.js'
import { trialName, trials } from '../conformance/trial.js'
import { decodeOnnx } from '../formats/onnx/model.js'
import { programOfOnnx } from '../formats/onnx/program.js'
import { decodeSafetensors, numbersOf } from '../formats/safetensors.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, within } from '../spec/error.js'
import type { AskedOfRecurrent } from '../spec/networks/zoo.js'
import { askedOfRecurrent, isNetworkName } from '../spec/networks/zoo.js'
import { parseProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import type { Optimizer } from '../training/step.js'
import { deviceProblem, exitOfOpening, replayCommand } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { faultyOracle } from './faulty.js'
import { readText, writable, writeWhole } from './file.js'
import {
  atLeastZero,
  backendOption,
  bidirectionalOption,
  caseTimeoutOption,
  cellOption,
  deviceOption,
  dropoutOption,
  layersOption,
  longTimeout,
  wholeNumber,
} from './options.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import { timeLimit } from './timeLimit.js'
import { optimizerNames } from './trainPlan.js'
import { wantedOf } from './zoo.js'

export interface LocalizeCommand extends AskedOfRecurrent {
  /** a network or a block of the zoo */
  readonly network?: string
  /** a file of a `Program` as JSON */
  readonly program?: string
  /** a file of an ONNX model */
  readonly onnx?: string
  /** safetensors of what the program reads */
  readonly weights?: string
  readonly inputs?: string
  /** shapes of the model's inputs, where it leaves them open */
  readonly shape?: Readonly<Record<string, Shape>>
  readonly batch?: number
  readonly optimizer: Optimizer['op']
  readonly seed: number
  readonly samples: number
  readonly device: DeviceChoice
  readonly backend?: string
  readonly caseTimeout: number
  readonly shrinkTime: number
  readonly deviceFacts?: boolean
  /** true: in place of the text; a file: beside it */
  readonly json?: true | string
}

/**
 * The bytes of a file.
 *
 * Errors  FileUnreadable – there is none, or it cannot be read
 */
const readBytes = async (file: string): Promise<Result<Uint8Array>> => {
  try {
    return E.right(await readFile(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EISDIR'
          ? 'it is a folder'
          : error instanceof Error
            ? error.message
            : String(error)
    return fail('FileUnreadable', `${file} cannot be read: ${reason}`)
  }
}

/** Every tensor of a safetensors file, by name; none where no file is told. */
const tensorsIn = async (file: string | undefined): Promise<Result<Tensors>> =>
  file === undefined
    ? E.right({})
    : F.pipe(
        await readBytes(file),
        E.flatMap((bytes) =>
          F.pipe(
            decodeSafetensors(bytes),
            E.tap(({ skipped = [] }) =>
              ensure(
                skipped.length === 0,
                'FormatInvalid',
                `tensor ${skipped[0]?.name}: its dtype ${skipped[0]?.dtype} is not read here`,
              ),
            ),
            E.flatMap(({ tensors }) =>
              E.traverseArray((stored: (typeof tensors)[number]) =>
                F.pipe(
                  numbersOf(stored),
                  E.map((value): readonly [string, Tensor] => [stored.name, value]),
                ),
              )(tensors),
            ),
            E.map((entries) => Object.fromEntries(entries)),
            E.mapLeft(within(file)),
          ),
        ),
      )

const parsedJson = (text: string): Result<unknown> =>
  E.tryCatch(
    () => JSON.parse(text) as unknown,
    (thrown) =>
      etalonError('MalformedRequest', `no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
  )

const optimizerOf = (op: Optimizer['op']): Optimizer =>
  op === 'momentum' ? { op, attrs: { momentum: Math.fround(0.9), weightDecay: Math.fround(1e-3) } } : { op }

const ofZoo = ({ network = '', batch, seed, optimizer, ...asked }: LocalizeCommand): Result<Subject> => {
  const recurrent = askedOfRecurrent(asked)
  const name = Object.keys(recurrent).length > 0 && isNetworkName(network) ? trialName(network, recurrent) : network
  return F.pipe(
    wantedOf(trials(seed, recurrent, batch), [name], true),
    E.bindTo('found'),
    E.tap(({ found: [one] }) =>
      ensure(
        batch === undefined || one?.kind !== 'block',
        'AttributeOutOfRange',
        `--batch is of networks; ${name} is a block, of images of its own`,
      ),
    ),
    E.bind('made', ({ found: [one] }) => (one as NonNullable<typeof one>).network()),
    E.flatMap(({ made }) => subjectOf(name, made, { seed, optimizer: optimizerOf(optimizer) })),
  )
}

const ofProgram = async (
  file: string,
  { weights, inputs, seed, optimizer }: LocalizeCommand,
): Promise<Result<Subject>> => {
  const [text, learned, fed] = [await readText(file), await tensorsIn(weights), await tensorsIn(inputs)]
  return F.pipe(
    E.Do,
    E.bind('text', () => text),
    E.bind('program', ({ text }) => F.pipe(parsedJson(text), E.flatMap(parseProgram), E.mapLeft(within(file)))),
    E.bind('learned', () => learned),
    E.bind('fed', () => fed),
    E.flatMap(({ program, learned, fed }) =>
      subjectOfProgram(basename(file), program, {
        seed,
        optimizer: optimizerOf(optimizer),
        given: { ...learned, ...fed },
      }),
    ),
  )
}

const ofOnnx = async (
  file: string,
  { inputs, shape = {}, seed, optimizer }: LocalizeCommand,
): Promise<Result<Subject>> => {
  const [bytes, fed] = [await readBytes(file), await tensorsIn(inputs)]
  return F.pipe(
    E.Do,
    E.bind('bytes', () => bytes),
    E.bind('fed', () => fed),
    E.bind('made', ({ bytes, fed }) => {
      const shapes = {
        ...Object.fromEntries(Object.entries(fed).map(([name, given]) => [name, given.shape])),
        ...shape,
      }
      return F.pipe(
        decodeOnnx(bytes),
        E.flatMap((model) => programOfOnnx(model, { shapes })),
        E.mapLeft((error) =>
          within(file)(
            error.code === 'MissingInput' && error.message.includes('open')
              ? { ...error, message: `${error.message}: --shape NAME=2,3,8,8` }
              : error,
          ),
        ),
      )
    }),
    E.flatMap(({ made: { program, parameters, constants }, fed }) =>
      subjectOfProgram(basename(file), program, {
        seed,
        optimizer: optimizerOf(optimizer),
        given: { ...parameters, ...constants, ...fed },
        learned: Object.keys(parameters),
      }),
    ),
  )
}

/** The network that is asked about, from the zoo or from a file. */
const wantedBy = async (options: LocalizeCommand): Promise<Result<Subject>> => {
  const { network, program, onnx, weights, inputs, shape, batch } = options
  const named = [network, program, onnx].filter((one) => one !== undefined)
  const isRecurrent = Object.keys(askedOfRecurrent(options)).length > 0
  const misplaced = [
    [network === undefined && batch !== undefined, '--batch goes with --network'],
    [network === undefined && isRecurrent, '--cell, --layers, --bidirectional and --dropout go with --network'],
    [network !== undefined && inputs !== undefined, '--inputs goes with --program and --onnx'],
    [program === undefined && weights !== undefined, '--weights goes with --program: other networks have theirs'],
    [onnx === undefined && shape !== undefined, '--shape goes with --onnx'],
  ].find(([isSo]) => isSo === true)
  if (named.length !== 1)
    return fail('MalformedRequest', 'one network is wanted: --network NAME, --program FILE.json or --onnx FILE.onnx')
  if (misplaced !== undefined) return fail('MalformedRequest', String(misplaced[1]))
  return network !== undefined
    ? ofZoo(options)
    : program !== undefined
      ? ofProgram(program, options)
      : ofOnnx(onnx as string, options)
}

const saying = (moment: LocalizeMoment): string =>
  'node' in moment
    ? `${moment.what} ${moment.node}, ${moment.done + 1} of ${moment.of}`
    : moment.what === 'running'
      ? 'running the whole …'
      : 'making the first wrong case smaller …'

const exitOf = { conformant: exit.ok, 'not-conformant': exit.notConformant, 'not-run': exit.noBackend } as const

/** Finds the first node of a network that the backend that `rim` opens has wrong, and says so on its streams. */
export const localizeAt = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err' | 'now'>,
  options: LocalizeCommand,
): Promise<ExitCode> => {
  const { device, backend: name = 'webgpu', seed, samples, json, caseTimeout, shrinkTime, deviceFacts } = options
  const complain = complainTo(rim.err)
  const out = json === true ? rim.err : rim.out
  const ink = inkFor(out)
  const status = statusLine(rim.err)
  const say = (text: string): void => void out.write(`${text}\n`)
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
  const subject = await wantedBy(options)
  if (E.isLeft(subject)) {
    complain(`${subject.left.code}: ${subject.left.message}`)
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
  say(`${ink.strong(backend.name)} on\n${printFingerprint(fingerprint, ink, deviceFacts === true)}\n`)
  const found = await localize(backend, rim.oracle, subject.right, {
    table: rim.table,
    faulty: faultyOracle,
    seed,
    effort: { ...nodeEffort, least: samples },
    limit: timeLimit(caseTimeout),
    ...(name === 'webgpu' ? {} : { wholeLimit: timeLimit(Math.max(caseTimeout, longTimeout)) }),
    shrinkSeconds: shrinkTime,
    tell: (moment) => status.show(saying(moment)),
  })()
  status.clear()
  await closing(rim, backend)
  if (E.isLeft(found)) {
    complain(`${found.left.code}: ${found.left.message}`)
    return found.left.code === 'DeviceLost' ? exit.noBackend : exit.usage
  }
  const place = { backend: backend.name, fingerprint, command: replayCommand(device, name) }
  say(printLocalized(found.right, subject.right, place, ink))
  const line = `${writeLocalized(found.right, place, seed)}\n`
  if (json === true) rim.out.write(line)
  if (target !== undefined && E.isRight(target)) {
    const written = await writeWhole(target.right, line)
    if (E.isLeft(written)) {
      complain(written.left.message)
      return exit.usage
    }
  }
  return exitOf[verdictOf(found.right)]
}

/** An option's shape of an input, as in `x=2,3,8,8`. */
const shapeText = (text: string, before: Readonly<Record<string, Shape>> = {}): Readonly<Record<string, Shape>> => {
  const [, name = '', list = ''] = /^(.+)=([\d,]*)$/.exec(text) ?? []
  const shape = list === '' ? [] : list.split(',').map(Number)
  if (name === '' || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 1))
    throw new InvalidArgumentError('An input and its extents are wanted, as in x=2,3,8,8.')
  return { ...before, [name]: shape }
}

/** `etalon localize`: the first node of a network that leaves its bound, forward, backward or in the update. */
export const localizeCommand: Subcommand = (command, end) =>
  void command
    .option('--network <name>', 'a network or a block of the zoo; etalon zoo --help lists them')
    .option('--program <file>', 'a program as JSON: nodes of the catalogue’s ops')
    .option('--weights <file>', 'safetensors of inputs of the program, by their names')
    .option('--onnx <file>', 'an ONNX model of what the catalogue’s ops can say')
    .option('--shape <name=extents>', 'the shape of an input that the model leaves open', shapeText)
    .option('--inputs <file>', 'safetensors of inputs; what is not given is drawn')
    .option('--batch <n>', 'so many examples at once', wholeNumber(1))
    .addOption(new Option('--optimizer <op>', 'what updates').choices([...optimizerNames]).default('momentum'))
    .option(
      '--samples <n>',
      'judge at least so many elements of each output, or all where there are fewer; more where they are cheap',
      wholeNumber(1),
      256,
    )
    .option('--seed <n>', 'of what is drawn, and of which elements are judged', wholeNumber(0), 1)
    .option('--shrink-time <seconds>', 'how long the first wrong case may be made smaller', atLeastZero, 20)
    .addOption(cellOption())
    .addOption(layersOption())
    .addOption(bidirectionalOption())
    .addOption(dropoutOption())
    .addOption(backendOption())
    .addOption(caseTimeoutOption())
    .addOption(deviceOption())
    .option('--device-facts', 'all that the device says of itself, limits and features too')
    .option('--json [file]', 'everything as one line of JSON, in place of the text or into a file beside it')
    .action(async (options: LocalizeCommand) => end(await localizeAt(processRim(), options)))
