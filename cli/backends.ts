import { either as E } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'

type Opener = (device: DeviceChoice) => taskEither.TaskEither<EtalonError, Backend>

// each is loaded when it is opened: Dawn is native code of some size
const openers = {
  webgpu: (device) => async () => (await import('../accelerated/index.js')).openWebGpu(device)(),
  'plain-f32': () => async () => E.right((await import('../adapters/plainF32.js')).plainF32),
} as const satisfies Readonly<Record<string, Opener>>

/** The backends that can be held against the reference, by the names that reports give them. */
export type BackendName = keyof typeof openers
export const backendNames = Object.keys(openers) as readonly BackendName[]

/** Opens a backend, WebGPU's unless another is named, which then has no device to choose. */
export const openBackend = (
  device: DeviceChoice,
  backend: BackendName = 'webgpu',
): taskEither.TaskEither<EtalonError, Backend> => openers[backend](device)

/** What is wrong with asking for a device together with a backend, if anything is. */
export const deviceProblem = (device: DeviceChoice, backend: BackendName): string | undefined =>
  backend === 'webgpu' || device === 'auto' ? undefined : `--device ${device} is for webgpu; ${backend} has no device`

/** The command that replays a case on the backend and the device that a run was given. */
export const replayCommand = (device: DeviceChoice, backend: BackendName): string =>
  [
    'etalon replay',
    ...(backend === 'webgpu' ? [] : [`--backend ${backend}`]),
    ...(device === 'auto' ? [] : [`--device ${device}`]),
  ].join(' ')
