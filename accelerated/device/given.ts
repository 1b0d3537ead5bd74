import { function as F, taskEither as TE } from 'fp-ts'
import type { OpenedGpu } from '../../spec/adapter.js'
import { etalonError, show, type EtalonError } from '../../spec/error.js'
import type { AcquiredDevice, DeviceOptions, Origin } from './acquired.js'
import { acquiredFrom, deviceOf, factsOf, limitsOf, unavailable } from './acquired.js'
import type { DeviceChoice } from './decide.js'
import { describeAdapter, fingerprintOf, isSoftware } from './decide.js'

/*
 * WebGPU that is there already: a browser's or Deno's `navigator.gpu`, or what a caller hands over. Nothing here asks
 * anything of Node.
 */

/** Where a device comes from: a choice among what there is, an implementation such as `navigator.gpu`, or a device. */
export type DeviceSource = DeviceChoice | GPU | GPUDevice

const choices: readonly unknown[] = ['auto', 'gpu', 'software'] satisfies readonly DeviceChoice[]

export const isChoice = (source: unknown): source is DeviceChoice => choices.includes(source)

const has = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => name in value)

const isGpu = (source: unknown): source is GPU => has(source, ['requestAdapter'])
const isDevice = (source: unknown): source is GPUDevice => has(source, ['queue', 'limits', 'features', 'lost'])

/** What a page, a worker or Deno says of itself. */
type Navigator = { readonly gpu?: GPU; readonly userAgent?: string }

const navigatorHere = (): Navigator => {
  const found: unknown = Reflect.get(globalThis, 'navigator')
  return typeof found === 'object' && found !== null ? found : {}
}

/** The browser, as it names itself; nothing where there is none. */
export const browserFacts = (): Readonly<Record<string, string>> => {
  const { userAgent } = navigatorHere()
  return typeof userAgent === 'string' ? { userAgent } : {}
}

const noWebGpu = (): EtalonError =>
  etalonError(
    'BackendUnavailable',
    Reflect.get(globalThis, 'isSecureContext') === false
      ? 'there is no WebGPU (navigator.gpu) here: a page has it from https: or localhost only'
      : 'there is no WebGPU (navigator.gpu) here: this browser has none, or it is switched off',
  )

/** An adapter with what is known of it, and how it was come by. */
type Found = Origin & { readonly gpu: GPU; readonly adapter: GPUAdapter }

const found = (
  gpu: GPU,
  choice: DeviceChoice,
  versions: Readonly<Record<string, string>>,
): TE.TaskEither<EtalonError, Found> =>
  F.pipe(
    TE.tryCatch(
      () =>
        gpu.requestAdapter(
          choice === 'software' ? { forceFallbackAdapter: true } : { powerPreference: 'high-performance' },
        ),
      unavailable,
    ),
    TE.flatMap((adapter): TE.TaskEither<EtalonError, Found> => {
      if (adapter === null)
        return TE.left(
          etalonError('BackendUnavailable', `WebGPU offers no ${choice === 'software' ? 'software ' : ''}adapter`),
        )
      const facts = factsOf(adapter.info)
      return choice === 'gpu' && isSoftware(facts)
        ? TE.left(
            etalonError(
              'BackendUnavailable',
              `wanted a hardware GPU; WebGPU offers only ${describeAdapter(facts)}, which is software; choose 'auto' or 'software'`,
            ),
          )
        : TE.right({ gpu, adapter, facts, versions, kind: isSoftware(facts) ? 'software' : 'hardware' })
    }),
  )

const foundHere = (choice: DeviceChoice): TE.TaskEither<EtalonError, Found> => {
  const { gpu } = navigatorHere()
  return gpu === undefined ? TE.left(noWebGpu()) : found(gpu, choice, browserFacts())
}

/**
 * A device of an implementation that the caller hands over, all limits and useful features of its adapter granted; or the
 * caller's own device as it is, which is not destroyed when it is released.
 *
 * Errors  BackendUnavailable – it is neither, or has no adapter; LimitExceeded, AttributeOutOfRange – of `options`
 */
export const acquireGiven = (
  source: unknown,
  options: DeviceOptions,
  versions: Readonly<Record<string, string>>,
): TE.TaskEither<EtalonError, AcquiredDevice> =>
  isGpu(source)
    ? F.pipe(
        found(source, 'auto', versions),
        TE.flatMap((origin) => deviceOf(origin, options)),
      )
    : isDevice(source)
      ? options.limits === undefined
        ? TE.fromIO(() => {
            const facts = factsOf(source.adapterInfo)
            return acquiredFrom(
              { kind: isSoftware(facts) ? 'software' : 'hardware', facts, versions, borrowed: true },
              source,
            )
          })
        : TE.left(
            etalonError('AttributeOutOfRange', 'limits are asked of an adapter; a device that is given has its own'),
          )
      : TE.left(
          etalonError(
            'BackendUnavailable',
            `a device is wanted from 'auto', 'gpu', 'software', a GPU such as navigator.gpu, or a GPUDevice; found ${show(source)}`,
          ),
        )

/**
 * A WebGPU device in a browser, a worker of it, or Deno.
 *
 * auto      the best adapter that there is
 * gpu       a hardware GPU
 * software  the browser's software adapter
 * a GPU     such as `navigator.gpu`; a GPUDevice is taken as it is
 *
 * Errors  BackendUnavailable – no WebGPU, or no adapter that answers; LimitExceeded, AttributeOutOfRange – of `options`
 */
export const acquireDevice = (
  source: DeviceSource,
  options: DeviceOptions = {},
): TE.TaskEither<EtalonError, AcquiredDevice> =>
  isChoice(source)
    ? F.pipe(
        foundHere(source),
        TE.flatMap((origin) => deviceOf(origin, options)),
      )
    : acquireGiven(source, options, browserFacts())

/**
 * The browser's own WebGPU, for libraries that open a device of their own on it.
 *
 * Errors  BackendUnavailable – no WebGPU, or no adapter that answers the choice
 */
export const openGpu = (choice: DeviceChoice): TE.TaskEither<EtalonError, OpenedGpu> =>
  F.pipe(
    foundHere(choice),
    TE.map(({ gpu, adapter, facts, kind, versions }): OpenedGpu => ({
      gpu,
      // they are where a library looks for them
      globals: {},
      fingerprint: fingerprintOf({
        kind,
        facts,
        limits: limitsOf(adapter.limits),
        features: adapter.features,
        versions,
      }),
      close: () => Promise.resolve(),
    })),
  )
