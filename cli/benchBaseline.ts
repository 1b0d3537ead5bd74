import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { either as E, function as F } from 'fp-ts'
import type * as t from 'io-ts'
import type { Recorded } from '../bench/line.js'
import { parseRecorded } from '../bench/line.js'
import type { Paired } from '../bench/regression.js'
import type { Result } from '../spec/error.js'
import { brief, fail, within } from '../spec/error.js'
import type { Answer, Greeting, Request } from './benchServe.js'
import { answerCodec, benchProtocol, greetingCodec, linesOf } from './benchServe.js'
import { readText } from './file.js'

/** A program that can be asked for rounds. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

/** What a run is compared with: another version that runs now, or what was written down of one. */
export type Baseline =
  | { readonly kind: 'version'; readonly command: Command; readonly remove: () => Promise<void> }
  | { readonly kind: 'record'; readonly recorded: Recorded }

const node = process.execPath
const nothing = (): Promise<void> => Promise.resolve()

/** The command of a folder: a bundle's launcher, a built package, one that is installed in it, or a checkout. */
const commandIn = (folder: string): Command | undefined => {
  const has = (...parts: readonly string[]): string | undefined => {
    const path = join(folder, ...parts)
    return existsSync(path) ? path : undefined
  }
  const launcher = has('etalon')
  if (launcher !== undefined && has('dist', 'main.js') !== undefined) return { program: launcher, args: [] }
  const inside = has('etalon', 'etalon')
  if (inside !== undefined) return { program: inside, args: [] }
  const built = has('dist', 'cli', 'main.js') ?? has('node_modules', 'etalon', 'dist', 'cli', 'main.js')
  if (built !== undefined) return { program: node, args: [built] }
  const [source, loader] = [has('cli', 'main.ts'), has('node_modules', 'tsx', 'dist', 'loader.mjs')]
  return source === undefined || loader === undefined
    ? undefined
    : { program: node, args: ['--import', `file://${loader}`, source] }
}

const unpacked = async (archive: string): Promise<Result<Baseline>> => {
  const folder = await mkdtemp(join(tmpdir(), 'etalon-baseline-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await promisify(execFile)('tar', ['-xf', archive, '-C', folder])
  } catch (thrown) {
    await remove()
    return fail('FileUnreadable', `${archive} cannot be unpacked: ${thrown instanceof Error ? thrown.message : ''}`)
  }
  const command = commandIn(folder)
  if (command !== undefined) return E.right({ kind: 'version', command, remove })
  await remove()
  return fail('FormatInvalid', `${archive} holds no etalon; an archive of npm run bundle is wanted`)
}

/**
 * The baseline at a path: a bundle, packed or not, a checkout or a package that is built, or a file of `bench --json`.
 *
 * Errors  FileUnreadable – there is nothing, or it cannot be read; FormatInvalid – it is none of these
 */
export const baselineAt = async (path: string): Promise<Result<Baseline>> => {
  const full = resolve(path)
  const found = await stat(full).catch(() => undefined)
  if (found === undefined) return fail('FileUnreadable', `${path} cannot be read: no such file or folder`)
  if (found.isDirectory()) {
    const command = commandIn(full)
    return command === undefined
      ? fail('FormatInvalid', `${path} holds no etalon: a bundle, a package that is built, or a checkout is wanted`)
      : E.right({ kind: 'version', command, remove: nothing })
  }
  if (/\.(tar|tgz|tar\.\w+)$/.test(full)) return unpacked(full)
  return F.pipe(
    await readText(path),
    E.flatMap(parseRecorded),
    E.mapLeft(within(path)),
    E.map((recorded): Baseline => ({ kind: 'record', recorded })),
  )
}

/** This version, as it was started. */
export const ownCommand = (): Command => ({ program: node, args: [...process.execArgv, process.argv[1] ?? ''] })

/** A version that runs and answers. */
export interface Running {
  readonly greeting: Greeting
  readonly ask: (request: Request) => Promise<Result<Answer>>
  readonly end: () => Promise<void>
}

const parsedBy = <A>(codec: t.Decoder<unknown, A>, line: string): A | undefined => {
  const decoded = F.pipe(
    E.tryCatch(
      () => JSON.parse(line) as unknown,
      () => [],
    ),
    E.flatMap((value) => codec.decode(value)),
  )
  return E.isRight(decoded) ? decoded.right : undefined
}

/**
 * Starts a version and hears who it is.
 *
 * Errors  BackendUnavailable – it ended before it said so, with its last words; FormatInvalid – a version whose bench speaks
 *         otherwise, or does not serve
 */
export const started = async ({ program, args }: Command, options: readonly string[]): Promise<Result<Running>> => {
  const child: ChildProcessWithoutNullStreams = spawn(program, [...args, 'bench', '--serve', ...options], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (data: Buffer) => {
    said = brief(said + data.toString(), 1000)
  })
  // a pipe that breaks shows as an end of the lines
  child.stdin.on('error', () => undefined)
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', resolve)
  })
  const lines = linesOf(child.stdout)[Symbol.asyncIterator]()
  const end = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  const first = await lines.next()
  if (first.done === true) {
    const code = await ended
    return code === 2 && /unknown option|too many arguments|Allowed choices/i.test(said)
      ? fail('FormatInvalid', 'the baseline is of a version whose bench cannot be asked for rounds (bench --serve)')
      : fail('BackendUnavailable', `${program} ended with ${code} before it answered: ${said.trim()}`)
  }
  const greeting = parsedBy(greetingCodec, first.value)
  if (greeting === undefined || greeting.protocol !== benchProtocol) {
    child.kill()
    await ended
    return fail(
      'FormatInvalid',
      `the baseline is of another version: it said ${brief(first.value)}; protocol ${benchProtocol} is wanted`,
    )
  }
  return E.right({
    greeting,
    ask: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const next = await lines.next()
      if (next.done === true) return fail('Died', `the process ended: ${said.trim()}`)
      const answer = parsedBy(answerCodec, next.value)
      return answer === undefined
        ? fail('InvalidAnswer', `it said ${brief(next.value)}`)
        : 'refused' in answer
          ? fail('Unsupported', answer.refused)
          : E.right(answer)
    },
    end,
  })
}

/** Two versions on one workload, a round each in turn, each going first in every other round. */
export const paired = async (
  workload: string,
  rounds: number,
  ours: Running,
  theirs: Running,
  watch: (what: string) => void,
): Promise<Result<Paired>> => {
  const both = [
    { name: 'this version', running: ours },
    { name: 'the baseline', running: theirs },
  ] as const
  for (const { name, running } of both) {
    watch(`${workload}, ${name}: checking`)
    const opened = await running.ask({ open: workload })
    if (E.isLeft(opened)) return E.mapLeft(within(name))(opened)
  }
  const samples: [number[][], number[][]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    for (const at of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { name, running } = both[at]
      watch(`${workload}, ${name}: round ${round + 1} of ${rounds}`)
      const answer = await running.ask({ round: true })
      if (E.isLeft(answer)) return E.mapLeft(within(name))(answer)
      if ('samplesMs' in answer.right) samples[at].push([...answer.right.samplesMs])
    }
  }
  for (const { running } of both) await running.ask({ close: true })
  return E.right({ workload, ours: samples[0], theirs: samples[1] })
}
