import { either as E, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { adapters } from '../adapters/index.js'
import { versionOf } from '../adapters/installed.js'
import type { BackendOptions } from '../spec/adapter.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail, show } from '../spec/error.js'
import { openBackendFile } from './backendFile.js'
import { openCommand } from './execBackend.js'
import { meant } from '../spec/nearest.js'
import { complainTo } from './terminal.js'

export { exitOfOpening } from './exit.js'

interface Options extends BackendOptions {
  readonly device: DeviceChoice
}

type Opener = (options: Options) => taskEither.TaskEither<EtalonError, Backend>

// each is loaded when it is opened: Dawn is native code of some size
const openers: Readonly<Record<string, Opener>> = {
  webgpu:
    ({ device }) =>
    async () => {
      const { acquireDevice, webGpuBackend } = await import('../accelerated/index.js')
      const { tuningFor } = await import('./tuningFile.js')
      const acquired = await acquireDevice(device)()
      if (E.isLeft(acquired)) return acquired
      const tell = complainTo(process.stderr)
      const tuning = await tuningFor(acquired.right.fingerprint, tell)
      if (E.isRight(tuning)) return E.right(webGpuBackend(acquired.right, { tuning: tuning.right, tell }))
      await acquired.right.release()
      return tuning
    },
  'plain-f32': () => async () => E.right((await import('../adapters/plainF32.js')).plainF32),
  ...Object.fromEntries(adapters.map(({ name, open }): readonly [string, Opener] => [name, open])),
}

/** The backends that can be held against the reference by a name of their own. */
export const backendNames: readonly string[] = Object.keys(openers)

/** Where a backend comes from: a table of ours, a file of somebody's, or a command that answers questions. */
type Origin =
  | { readonly kind: 'named'; readonly open: Opener }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }

const looksLikeFile = (text: string): boolean => /[/\\]|^file:|\.[cm]?[jt]s$/.test(text)

const originOf = (text: string): Result<Origin> => {
  if (text.startsWith('exec:')) {
    const command = text.slice('exec:'.length).trim()
    return command === ''
      ? fail('UnknownBackend', 'exec: wants a command behind it, as in exec:python3 my_backend.py')
      : E.right({ kind: 'command', command })
  }
  const named = Object.hasOwn(openers, text) ? openers[text] : undefined
  if (named !== undefined) return E.right({ kind: 'named', open: named })
  return looksLikeFile(text)
    ? E.right({ kind: 'file', path: text })
    : fail(
        'UnknownBackend',
        `there is no backend ${show(text)}; ${meant(text, backendNames)} A file is given by its path, ./mine.ts, a program as exec:COMMAND`,
      )
}

/** What is wrong with the text of a `--backend`, before anything is opened. */
export const backendProblem = (text: string): string | undefined => {
  const origin = originOf(text)
  return E.isLeft(origin) ? origin.left.message : undefined
}

/**
 * Opens a backend: WebGPU's unless another is named, given as a file or as `exec:COMMAND`.
 *
 * Errors  UnknownBackend; FileUnreadable, FormatInvalid, UnknownOp, Thrown – of a file, or a command that is not there;
 *         BackendUnavailable – it could not start
 */
export const openBackend = (device: DeviceChoice, backend = 'webgpu'): taskEither.TaskEither<EtalonError, Backend> => {
  const origin = originOf(backend)
  if (E.isLeft(origin)) return TE.left(origin.left)
  const options: Options = {
    device,
    versionOf,
    gpu: async () => (await import('../accelerated/index.js')).openGpu(device)(),
  }
  switch (origin.right.kind) {
    case 'named':
      return origin.right.open(options)
    case 'file':
      return openBackendFile(origin.right.path, options)
    case 'command':
      return openCommand(origin.right.command)
  }
}

// what has a name and computes on the processor, whatever it is given
const without: readonly string[] = backendNames.filter((name) => !name.endsWith('webgpu'))

/** What is wrong with asking for a device together with a backend, if anything is. */
export const deviceProblem = (device: DeviceChoice, backend: string): string | undefined =>
  device !== 'auto' && (without.includes(backend) || backend.startsWith('exec:'))
    ? `--device ${device} is for webgpu; ${backend} has no device`
    : undefined

/** A word as a shell takes it. */
const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** The command that replays a case on the backend and the device that a run was given, in the browser that `where` asks for. */
export const replayCommand = (device: DeviceChoice, backend: string, where: readonly string[] = []): string =>
  [
    'etalon replay',
    ...where.map(word),
    ...(backend === 'webgpu' ? [] : [`--backend ${word(backend)}`]),
    ...(device === 'auto' ? [] : [`--device ${device}`]),
  ].join(' ')
