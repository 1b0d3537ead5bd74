import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { suiteVersion } from '../conformance/cases.js'
import { jsonText } from '../conformance/form.js'
import { guarded } from '../conformance/guarded.js'
import { ignoredDials } from '../conformance/ignored.js'
import type { Precision } from '../conformance/precision.js'
import { precisions } from '../conformance/precision.js'
import type { Dialled } from '../conformance/dials.js'
import { printFingerprint } from '../conformance/report.js'
import { plain } from '../conformance/text.js'
import type { CheckedLine, Fared } from '../conformance/vectors/check.js'
import { checkOracleOn, checkVector, linesOf } from '../conformance/vectors/check.js'
import {
  printCheckFailure,
  printCheckHead,
  printCheckLine,
  printCheckReasons,
  printCheckTotals,
  printHistory,
} from '../conformance/vectors/checkReport.js'
import type { Changes, Container, Golden, Recorded } from '../conformance/vectors/golden.js'
import {
  answersIn,
  changesBetween,
  decodeGolden,
  encodeGolden,
  recordedIn,
} from '../conformance/vectors/golden.js'
import type { Vector } from '../conformance/vectors/vector.js'
import { vectorsOf } from '../conformance/vectors/vector.js'
import { questionsIn } from '../conformance/verify.js'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { fail, within } from '../spec/error.js'
import { deviceProblem, exitOfOpening, replayCommand } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { writable, writeWhole } from './file.js'
import { backendText, caseTimeoutOption, deviceOption, opList, wholeNumber } from './options.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import { timeLimit } from './timeLimit.js'
import { version } from './version.js'

type Format = Container | 'onnx'

const formats = ['npz', 'safetensors', 'onnx'] as const satisfies readonly Format[]

const containerOf = (file: string): Container | undefined =>
  extname(file) === '.npz' ? 'npz' : extname(file) === '.safetensors' ? 'safetensors' : undefined

const bytesIn = async (file: string): Promise<Result<Uint8Array>> => {
  try {
    return E.right(new Uint8Array(await readFile(file)))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a folder' : String(error)
    return fail('FileUnreadable', `${file} cannot be read: ${reason}`)
  }
}

/** The golden in a file. Errors: FileUnreadable; those of `decodeGolden` */
const goldenIn = async (file: string): Promise<Result<Golden>> =>
  F.pipe(
    await bytesIn(file),
    E.flatMap((bytes) => F.pipe(decodeGolden(bytes), E.mapLeft(within(file)))),
  )

// ---- record --------------------------------------------------------------------------------------------------------

export interface RecordOptions {
  readonly out: string
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  readonly profile: 'quick' | 'standard'
  readonly cases: number | readonly string[]
  readonly seed: number
  readonly precision: Precision
  /** numbers that a case has at most */
  readonly largest: number
  readonly format?: Format
  readonly reason?: string
  /** an ISO date */
  readonly date: string
}

/** What a file had before it is written again: nothing where there is none. */
const before = async (file: string, reason: string | undefined): Promise<Result<Golden | undefined>> => {
  const there = await bytesIn(file)
  if (E.isLeft(there)) return there.left.message.endsWith('no such file') ? E.right(undefined) : there
  return reason === undefined
    ? fail(
        'FileUnreadable',
        `${file} is there already, and a golden is what others are held to: --reason TEXT says why it is recorded anew, and stands in it from then on`,
      )
    : F.pipe(
        decodeGolden(there.right),
        E.mapLeft(within(`${file} is not replaced`)),
      )
}

const changesText = ({ same, changed, added, removed }: Changes): string =>
  `; ${same} as before, ${changed} changed, ${added} new, ${removed} gone`

/** Records what the oracle of `rim` answers to cases of the suite. */
export const recordAt = async (
  { oracle, table, out, err }: Pick<Rim, 'oracle' | 'table' | 'out' | 'err'>,
  options: RecordOptions,
  command: string,
): Promise<ExitCode> => {
  const { ops, direction, profile, cases, seed, precision, largest, reason, date } = options
  const refused = ({ code, message }: { readonly code: string; readonly message: string }): ExitCode => {
    complainTo(err)(`${code}: ${message}`)
    return exit.usage
  }
  const format = options.format ?? containerOf(options.out)
  if (format === undefined)
    return refused({
      code: 'FileUnreadable',
      message: `${options.out} does not say what it is to be: FILE.npz, FILE.safetensors, or --format`,
    })
  const questions = questionsIn({
    ...(ops && { ops }),
    ...(direction && { direction }),
    ...(format === 'onnx' && { direction: 'forward' }),
  })
  if (questions.length === 0)
    return refused({ code: 'NoBackward', message: `there is nothing to record: none of these ops has a ${direction}` })
  const made = vectorsOf(oracle, table, { precision }, { questions, profile, seed, cases, largest })
  if (E.isLeft(made)) return refused(made.left)
  const { vectors, tooLarge } = made.right
  const left = tooLarge === 0 ? '' : `; ${tooLarge} left out, of more than ${largest} numbers`
  if (vectors.length === 0)
    return refused({ code: 'TooLarge', message: `there is nothing to record: no case has at most ${largest} numbers` })
  if (format === 'onnx') {
    const { writeFolders } = await import('./goldenOnnx.js')
    const written = await writeFolders(options.out, vectors)
    if (E.isLeft(written)) return refused(written.left)
    out.write(written.right)
    return exit.ok
  }
  const old = await before(options.out, reason)
  if (E.isLeft(old)) return refused(old.left)
  const target = await writable(options.out)
  if (E.isLeft(target)) return refused(target.left)
  const changes = old.right && changesBetween(old.right.vectors, vectors)
  const recorded: Recorded = {
    reason: reason ?? 'first recorded',
    date,
    etalon: version(),
    suite: suiteVersion,
    command,
    cases: vectors.length,
    ...(changes && { changes }),
  }
  const encoded = encodeGolden(
    { precision, seed, history: old.right ? [...old.right.history, recorded] : [recorded], vectors },
    format,
  )
  if (E.isLeft(encoded)) return refused(encoded.left)
  const written = await writeWhole(target.right, encoded.right)
  if (E.isLeft(written)) return refused(written.left)
  const of = new Set(vectors.map(({ op }) => op)).size
  out.write(
    `${options.out}: ${vectors.length} cases of ${of} ${of === 1 ? 'op' : 'ops'}, ${answersIn(vectors)} answers in ${precision}, ${(encoded.right.length / 1e3).toFixed(0)} kB${left}${changes ? changesText(changes) : ''}\n`,
  )
  return exit.ok
}

// ---- check ---------------------------------------------------------------------------------------------------------

export interface CheckOptions {
  /** without one, today's oracle */
  readonly backend?: string
  readonly device: DeviceChoice
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  readonly format?: 'golden' | 'onnx'
  readonly caseTimeout: number
  readonly json?: boolean
}

/** Vectors, what is said of them before, and what is wrong with them already, whoever is held to them. */
export interface Subject {
  readonly vectors: readonly Vector[]
  readonly about: string
  /** answers that come with the vectors, held to the oracle's */
  readonly own?: readonly Fared[]
  /** what was passed over, by reason */
  readonly passedOver?: Readonly<Record<string, number>>
}

const aboutGolden = (file: string, golden: Golden): string => {
  const { date, etalon, suite } = recordedIn(golden)
  return `${file}: ${golden.vectors.length} cases in ${golden.precision}, of ${date} by etalon ${etalon}, suite ${suite}\n${printHistory(golden.history)}`
}

const subjectIn = async (rim: Pick<Rim, 'oracle'>, path: string, format: CheckOptions['format']): Promise<Result<Subject>> => {
  if (format === 'onnx') return (await import('./goldenOnnx.js')).readFolders(rim.oracle, path)
  return F.pipe(
    await goldenIn(path),
    E.map((golden) => ({ vectors: golden.vectors, about: aboutGolden(path, golden) })),
  )
}

const ofOracle = (rim: Pick<Rim, 'oracle'>, vectors: readonly Vector[]): Result<readonly Fared[]> =>
  F.pipe(
    vectors,
    E.traverseArray((vector) => F.pipe(checkOracleOn(rim.oracle, vector), E.mapLeft(within(vector.id)))),
  )

/** All vectors put to a backend, one after the other. */
const ofBackend = async (
  { oracle, table, err }: Pick<Rim, 'oracle' | 'table' | 'err'>,
  backend: Backend,
  vectors: readonly Vector[],
): Promise<Result<readonly Fared[]>> => {
  const status = statusLine(err)
  const dialled = new Map<OpName, Dialled>()
  const all: Fared[] = []
  for (const [i, vector] of vectors.entries()) {
    const { op } = vector
    // a convention that a backend does not know is not its own
    const known: Dialled =
      dialled.get(op) ?? {
        ...backend,
        ignores: { [op]: backend.supports(op, 'forward') ? await ignoredDials(backend, oracle, table, op, 1, []) : [] },
      }
    dialled.set(op, known)
    status.show(`${i + 1} of ${vectors.length}  ${vector.id}`)
    const fared = await checkVector(known, oracle, vector)
    if (E.isLeft(fared)) {
      status.clear()
      return fared
    }
    all.push(fared.right)
  }
  status.clear()
  return E.right(all)
}

const jsonLine = ({ failure, ...line }: CheckedLine): string =>
  `${jsonText({
    ...line,
    ...(failure?.judgement && {
      failure: { id: failure.vector.id, worst: failure.judgement.worst, problem: failure.judgement.problem },
    }),
  })}\n`

/** Holds a backend, or today's oracle, to the vectors of a file. */
export const checkAt = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err'>,
  path: string,
  options: CheckOptions,
): Promise<ExitCode> => {
  const { backend: name, device, ops, direction, format, caseTimeout, json = false } = options
  const { out, err } = rim
  const complain = complainTo(err)
  const ink = json ? plain : inkFor(out)
  const say = (text: string): void => {
    if (!json && text !== '') out.write(`${text}\n`)
  }
  const refused = ({ code, message }: { readonly code: string; readonly message: string }): ExitCode => {
    complain(`${code}: ${message}`)
    return exit.usage
  }
  const problem = name === undefined ? undefined : deviceProblem(device, name)
  if (problem !== undefined) return refused({ code: 'BackendUnavailable', message: problem })
  const read = await subjectIn(rim, path, format)
  if (E.isLeft(read)) return refused(read.left)
  const { about, own = [], passedOver = {} } = read.right
  const wanted = ({ op, direction: towards }: Pick<Vector, 'op' | 'direction'>): boolean =>
    (ops === undefined || ops.includes(op)) && (direction === undefined || direction === towards)
  const vectors = read.right.vectors.filter(wanted)
  if (vectors.length === 0) return refused({ code: 'MissingInput', message: `${path} has no such case` })
  const opened = name === undefined ? undefined : await rim.open(device, name)()
  if (opened !== undefined && E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exitOfOpening(opened.left)
  }
  const backend =
    opened && name !== undefined
      ? guarded(opened.right, { limit: timeLimit(caseTimeout), reopen: rim.open(device, name) })
      : undefined
  say(about)
  for (const [reason, count] of Object.entries(passedOver)) say(ink.faint(`  ${count} passed over: ${reason}`))
  const ownLines = linesOf(own.filter(({ vector }) => wanted(vector)))
  const ownWrong = ownLines.filter(({ verdict }) => verdict === 'not-conformant')
  const asked = backend !== undefined || own.length === 0
  const fared = !asked
    ? E.right<never, readonly Fared[]>([])
    : backend === undefined
      ? ofOracle(rim, vectors)
      : await ofBackend(rim, backend, vectors).finally(async () => {
          await backend.closeOthers()
          await closing({ err }, backend)
        })
  if (E.isLeft(fared)) {
    complain(`${fared.left.code}: ${fared.left.message}; this is no verdict`)
    return fared.left.code === 'DeviceLost' ? exit.noBackend : exit.oracleFailed
  }
  const lines = asked ? linesOf(fared.right) : ownLines
  const subject =
    backend !== undefined
      ? `${ink.strong(backend.name)} on\n${printFingerprint(backend.fingerprint, ink, false)}`
      : asked
        ? ink.strong('the oracle of this version')
        : ink.strong('the answers that are there, against the oracle')
  say(`\n${subject}\n\n${printCheckHead(ink)}`)
  for (const line of lines) {
    say(printCheckLine(line, ink))
    if (json) out.write(jsonLine(line))
  }
  const place = {
    fingerprint: backend?.fingerprint ?? {},
    ...(name !== undefined && { command: replayCommand(device, name) }),
  }
  for (const line of asked ? ownWrong : [])
    say(`\n${ink.bad('an answer that is there is wrong itself')}\n${printCheckFailure(line, { fingerprint: {} }, ink)}`)
  for (const line of lines) if (line.failure !== undefined) say(`\n${printCheckFailure(line, place, ink)}`)
  const reasons = printCheckReasons(lines, ink)
  say(`${reasons === '' ? '' : `\n${reasons}\n`}\n${printCheckTotals(lines, ink)}`)
  const wrong = [...lines, ...ownWrong].some(({ verdict }) => verdict === 'not-conformant')
  const answered = lines.some(({ cases }) => cases > 0)
  return wrong ? exit.notConformant : answered ? exit.ok : exit.noBackend
}

// ---- the command ---------------------------------------------------------------------------------------------------

/** How many of each op and direction, or cases by their ids. */
const casesText = (text: string): number | readonly string[] => {
  if (/^\d+$/.test(text)) return wholeNumber(1)(text)
  const ids = text.split(',').map((id) => id.trim())
  if (ids.some((id) => id.split('/').length !== 4))
    throw new InvalidArgumentError('A number is wanted, or ids such as conv2d/forward/42/17@3, with commas between.')
  return ids
}

const dateText = (text: string): string => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('A date such as 2026-11-28 is wanted.')
  return text
}

const reasonText = (text: string): string => {
  if (text.trim() === '') throw new InvalidArgumentError('A reason is wanted.')
  return text.trim()
}

/** `etalon golden record`, `etalon golden check`: the oracle's answers in a file, and whoever is held to them. */
export const goldenCommand: Subcommand = (command, end) => {
  command
    .command('record')
    .description('write cases of the suite with the oracle’s answers, each with its tolerance')
    .requiredOption('--out <path>', 'FILE.npz, FILE.safetensors, or a folder for --format onnx')
    .option('--ops <a,b>', 'only these ops; * for any letters, as in conv* (default: all)', opList)
    .addOption(new Option('--direction <direction>', 'only this direction').choices(['forward', 'backward']))
    .option(
      '--cases <n|ids>',
      'of each op and direction at most so many, evenly among the profile’s; or ids with commas between',
      casesText,
      8,
    )
    .addOption(
      new Option('--profile <profile>', 'which cases there are to choose from')
        .choices(['quick', 'standard'])
        .default('quick'),
    )
    .option('--seed <n>', 'seed of the drawn cases', wholeNumber(0), 1)
    .addOption(
      new Option('--precision <name>', 'what may be rounded: the arithmetic that tolerances are for')
        .choices(precisions)
        .default('f32'),
    )
    .option('--largest <n>', 'leave out cases of more numbers, inputs and answers together', wholeNumber(1), 4096)
    .addOption(new Option('--format <format>', 'by default what the name of the file says').choices(formats))
    .option('--reason <text>', 'why; wanted where the file is there already, and kept in it', reasonText)
    .option('--date <date>', 'the day that stands in the file (default: today)', dateText)
    .addHelpText(
      'after',
      `
Examples
  etalon golden record --ops 'conv*,relu' --out golden.npz
  etalon golden record --out golden.npz --reason 'suite 4'
  etalon golden record --ops conv2d --format onnx --out folders`,
    )
    .action(async (options: Omit<RecordOptions, 'date'> & { readonly date?: string }) =>
      end(
        await recordAt(
          processRim(),
          { ...options, date: options.date ?? new Date().toISOString().slice(0, 10) },
          ['etalon golden record', ...process.argv.slice(4)].join(' '),
        ),
      ),
    )
  command
    .command('check')
    .description('hold a backend to a golden; without one, the oracle of this version')
    .argument('<path>', 'a golden, or with --format onnx a folder with model.onnx, or one of many')
    .addOption(
      new Option('--backend <which>', 'as of verify (default: the oracle)').argParser(backendText),
    )
    .option('--ops <a,b>', 'only these ops', opList)
    .addOption(new Option('--direction <direction>', 'only this direction').choices(['forward', 'backward']))
    .addOption(
      new Option('--format <format>', 'golden: a file of golden record; onnx: folders of ONNX’s test data')
        .choices(['golden', 'onnx'])
        .default('golden'),
    )
    .addOption(caseTimeoutOption())
    .addOption(deviceOption())
    .option('--json', 'a line of JSON per op and direction')
    .addHelpText(
      'after',
      `
Exit codes: 0 conformant, 1 not conformant, 2 the file is none, 3 nothing answered

Examples
  etalon golden check golden.npz
  etalon golden check golden.npz --backend ./mine.ts
  etalon golden check folders --format onnx --backend onnxruntime-web`,
    )
    .action(async (path: string, options: CheckOptions) => end(await checkAt(processRim(), path, options)))
}
