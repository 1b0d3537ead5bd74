import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { OpenedGpu } from '../../spec/adapter.js'
import { etalonError, type EtalonError, type Result } from '../../spec/error.js'
import type { AcquiredDevice, DeviceOptions } from './acquired.js'
import { deviceOf, factsOf, limitsOf, unavailable } from './acquired.js'
import {
  chooseAdapter,
  embeddedAnswered,
  embeddedRunsOn,
  fingerprintOf,
  neither,
  type DeviceChoice,
  type DeviceKind,
  type SystemFinding,
} from './decide.js'
import type { DeviceSource } from './given.js'
import { acquireGiven, isChoice } from './given.js'
import { currentPlatform, hostMemory, loadEmbedded, loadSystem, vulkanLoaderIsMissing, type Loaded } from './load.js'
import { resting } from './resting.js'

export type { AcquiredDevice, DeviceOptions } from './acquired.js'
export type { DeviceChoice, DeviceKind, Fingerprint, Limits } from './decide.js'
export type { DeviceSource } from './given.js'
export { bufferUsage, mapMode } from './flags.js'

type Candidate = Loaded & { readonly adapter: GPUAdapter }

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
            TE.fromEither(embeddedAnswered(factsOf(candidate.adapter.info))),
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
  ({ adapter }): SystemFinding => ({ found: 'adapter', facts: factsOf(adapter.info) }),
)

/** What a result depends on besides the device: Node and the system. */
const nodeFacts = (): Readonly<Record<string, string>> => ({
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
})

/**
 * A WebGPU device. Dawn is loaded on the first call, not when this module is imported.
 *
 * auto      a hardware GPU, else the system's software adapter, else the embedded one
 * gpu       a hardware GPU
 * software  the embedded software adapter, whatever the system has; Linux on x86-64
 *
 * a GPU     such as `create([])` of the webgpu package answers; a GPUDevice is taken as it is
 *
 * The device is granted all limits of its adapter (or those in `options`), and `subgroups` and `timestamp-query` where
 * offered.
 *
 * Errors  BackendUnavailable – no adapter that answers the choice; the message says what was found
 *         LimitExceeded – a limit in `options` is beyond the adapter; AttributeOutOfRange – it is no limit
 */
export const acquireDevice = (
  source: DeviceSource,
  options: DeviceOptions = {},
): TE.TaskEither<EtalonError, AcquiredDevice> =>
  isChoice(source)
    ? F.pipe(
        chosenCandidate(source),
        TE.flatMap(({ gpu, adapter, kind, versions }) =>
          deviceOf(
            {
              gpu,
              adapter,
              kind,
              facts: factsOf(adapter.info),
              versions: { ...versions, ...nodeFacts() },
              // software has its buffers in the machine's own memory, and computes on its processor
              ...(kind === 'hardware' ? {} : { memory: hostMemory(), rest: resting }),
            },
            options,
          ),
        ),
      )
    : acquireGiven(source, options, nodeFacts())

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
        facts: factsOf(adapter.info),
        limits: limitsOf(adapter.limits),
        features: adapter.features,
        versions: { ...versions, ...nodeFacts() },
      }),
      // Dawn keeps no process from ending
      close: () => Promise.resolve(),
    })),
  )
