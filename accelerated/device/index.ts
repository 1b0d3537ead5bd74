import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { task } from 'fp-ts'
import type { OpenedGpu } from '../../spec/adapter.js'
import { etalonError, fail, type EtalonError, type Result } from '../../spec/error.js'
import {
  chooseAdapter,
  embeddedAnswered,
  embeddedRunsOn,
  featuresToRequest,
  fingerprintOf,
  limitsToRequest,
  neither,
  type AdapterFacts,
  type DeviceChoice,
  type DeviceKind,
  type Fingerprint,
  type Limits,
  type SystemFinding,
} from './decide.js'
import { messageOf } from './embedded.js'
import { currentPlatform, hostMemory, loadEmbedded, loadSystem, vulkanLoaderIsMissing, type Loaded } from './load.js'

export type { DeviceChoice, DeviceKind, Fingerprint, Limits } from './decide.js'
export { bufferUsage, mapMode } from './flags.js'

/** A device to run on, with what is known of it. */
export type AcquiredDevice = {
  readonly gpu: GPU
  readonly adapter: GPUAdapter
  readonly device: GPUDevice
  readonly fingerprint: Fingerprint
  /** All limits the device was granted; bytes or counts, as WebGPU has them. */
  readonly limits: Limits
  /** The bytes that there are for all buffers: the machine's memory for software; of hardware nobody says. */
  readonly memory?: number
  /** Resolves with the reason when the device is lost, released ones included; never rejects. */
  readonly lost: Promise<string>
  /** Left(DeviceLost) once the device is lost or released, without waiting. */
  readonly alive: TE.TaskEither<EtalonError, void>
  /** Destroys the device and all its buffers. May be called again; a program that released its devices exits by itself. */
  readonly release: task.Task<void>
}

export type DeviceOptions = {
  /** Limits to ask for in place of the adapter's maxima, by WebGPU's names. */
  readonly limits?: Limits
}

type Candidate = Loaded & { readonly adapter: GPUAdapter }

// Dawn's info and limits are getters on a prototype, so the names are read with for..in
const limitsOf = (limits: GPUSupportedLimits): Limits => {
  const names: string[] = []
  for (const name in limits) names.push(name)
  return Object.fromEntries(
    names.flatMap((name) => {
      const value: unknown = limits[name as keyof GPUSupportedLimits]
      return typeof value === 'number' ? [[name, value]] : []
    }),
  )
}

const factsOf = ({ info }: GPUAdapter): AdapterFacts => ({
  vendor: info.vendor,
  architecture: info.architecture,
  device: info.device,
  description: info.description,
  isFallbackAdapter: info.isFallbackAdapter,
  subgroupMinSize: info.subgroupMinSize ?? 0,
  subgroupMaxSize: info.subgroupMaxSize ?? 0,
})

const unavailable = (thrown: unknown): EtalonError =>
  etalonError('BackendUnavailable', `WebGPU gave no device: ${messageOf(thrown)}`)

const adapterOf = (loaded: Loaded): TE.TaskEither<EtalonError, Candidate> =>
  F.pipe(
    TE.tryCatch(() => loaded.gpu.requestAdapter({ powerPreference: 'high-performance' }), unavailable),
    TE.flatMap((adapter) =>
      adapter === null
        ? TE.left(etalonError('BackendUnavailable', 'WebGPU (Dawn) offers no adapter'))
        : TE.right({ ...loaded, adapter }),
    ),
  )

const systemCandidate: TE.TaskEither<EtalonError, Candidate> = () =>
  F.pipe(
    vulkanLoaderIsMissing(currentPlatform())
      ? TE.left(etalonError('BackendUnavailable', 'no Vulkan loader (libvulkan.so.1) is installed'))
      : loadSystem,
    TE.flatMap(adapterOf),
  )()

const embeddedCandidate: TE.TaskEither<EtalonError, Candidate> = () =>
  F.pipe(
    TE.fromEither(embeddedRunsOn(currentPlatform())),
    TE.flatMap(() => loadEmbedded),
    TE.flatMap((loaded) =>
      F.pipe(
        adapterOf(loaded),
        TE.flatMap((candidate) =>
          F.pipe(
            TE.fromEither(embeddedAnswered(factsOf(candidate.adapter))),
            TE.map(() => candidate),
          ),
        ),
        TE.mapLeft(({ code, message }) =>
          etalonError(
            code,
            `the embedded software adapter did not start: ${message}; delete ${loaded.folder} to have it unpacked again`,
          ),
        ),
      ),
    ),
  )()

type Chosen = Candidate & { readonly kind: DeviceKind }

const chosenCandidate = (choice: DeviceChoice): TE.TaskEither<EtalonError, Chosen> => {
  const embedded = F.pipe(
    embeddedCandidate,
    TE.map((candidate): Chosen => ({ ...candidate, kind: 'embedded-software' })),
  )
  return choice === 'software'
    ? embedded
    : F.pipe(
        TE.fromTask<E.Either<EtalonError, Candidate>, EtalonError>(systemCandidate),
        TE.flatMap((system) =>
          F.pipe(
            TE.fromEither(chooseAdapter(choice, findingOf(system), currentPlatform())),
            TE.flatMap((kind) =>
              kind === 'embedded-software'
                ? F.pipe(embedded, TE.mapLeft(neither(findingOf(system))))
                : F.pipe(
                    TE.fromEither(system),
                    TE.map((candidate): Chosen => ({ ...candidate, kind })),
                  ),
            ),
          ),
        ),
      )
}

const findingOf: (system: Result<Candidate>) => SystemFinding = E.match(
  (error): SystemFinding => ({ found: 'nothing', reason: error.message }),
  ({ adapter }): SystemFinding => ({ found: 'adapter', facts: factsOf(adapter) }),
)

const acquiredFrom = (chosen: Chosen, device: GPUDevice): AcquiredDevice => {
  const limits = limitsOf(device.limits)
  const lost = device.lost.then(({ reason, message }) => `${reason}: ${message}`, messageOf)
  const lostAsLeft = lost.then((message) => fail<void>('DeviceLost', `the device was lost (${message})`))
  return {
    gpu: chosen.gpu,
    adapter: chosen.adapter,
    device,
    limits,
    ...(chosen.kind === 'hardware' ? {} : { memory: hostMemory() }),
    fingerprint: fingerprintOf({
      kind: chosen.kind,
      facts: factsOf(chosen.adapter),
      limits,
      features: device.features,
      versions: { ...chosen.versions, node: process.version, platform: `${process.platform}-${process.arch}` },
    }),
    lost,
    // a race is won by the first in the list that is settled already
    alive: () => Promise.race([lostAsLeft, Promise.resolve(E.right<EtalonError, void>(undefined))]),
    release: async () => {
      device.destroy()
      await lost
    },
  }
}

/**
 * A WebGPU device. Dawn is loaded on the first call, not when this module is imported.
 *
 * auto      a hardware GPU, else the system's software adapter, else the embedded one
 * gpu       a hardware GPU
 * software  the embedded software adapter, whatever the system has; Linux on x86-64
 *
 * The device is granted all limits of its adapter (or those in `options`), and `subgroups` and `timestamp-query` where
 * offered.
 *
 * Errors  BackendUnavailable – no adapter that answers the choice; the message says what was found
 *         LimitExceeded – a limit in `options` is beyond the adapter; AttributeOutOfRange – it is no limit
 */
export const acquireDevice = (
  choice: DeviceChoice,
  options: DeviceOptions = {},
): TE.TaskEither<EtalonError, AcquiredDevice> =>
  F.pipe(
    chosenCandidate(choice),
    TE.flatMap((chosen) =>
      F.pipe(
        TE.fromEither(limitsToRequest(limitsOf(chosen.adapter.limits), options.limits ?? {})),
        TE.flatMap((requiredLimits) =>
          TE.tryCatch(
            () =>
              chosen.adapter.requestDevice({
                requiredLimits,
                requiredFeatures: featuresToRequest(chosen.adapter.features),
              }),
            unavailable,
          ),
        ),
        TE.map((device) => acquiredFrom(chosen, device)),
      ),
    ),
  )

/**
 * The WebGPU implementation itself, for libraries that open a device of their own on it; its adapter is chosen as
 * `acquireDevice` does.
 *
 * Errors  BackendUnavailable – no adapter that answers the choice; the message says what was found
 */
export const openGpu = (choice: DeviceChoice): TE.TaskEither<EtalonError, OpenedGpu> =>
  F.pipe(
    chosenCandidate(choice),
    TE.map(({ gpu, globals, adapter, kind, versions }): OpenedGpu => ({
      gpu,
      globals,
      fingerprint: fingerprintOf({
        kind,
        facts: factsOf(adapter),
        limits: limitsOf(adapter.limits),
        features: adapter.features,
        versions: { ...versions, node: process.version, platform: `${process.platform}-${process.arch}` },
      }),
      // Dawn keeps no process from ending
      close: () => Promise.resolve(),
    })),
  )
