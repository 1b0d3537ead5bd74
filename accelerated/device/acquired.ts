import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { task } from 'fp-ts'
import { etalonError, fail, type EtalonError } from '../../spec/error.js'
import type { AdapterFacts, DeviceKind, Fingerprint, Limits } from './decide.js'
import { featuresToRequest, fingerprintOf, limitsToRequest } from './decide.js'

/*
 * A device and what is known of it, wherever its WebGPU came from: Dawn in Node, a browser's, a caller's own. Nothing here
 * asks anything of Node.
 */

/** A device to run on, with what is known of it. */
export type AcquiredDevice = {
  /** absent of a device that the caller brought along; so is its adapter */
  readonly gpu?: GPU
  readonly adapter?: GPUAdapter
  readonly device: GPUDevice
  readonly fingerprint: Fingerprint
  /** All limits the device was granted; bytes or counts, as WebGPU has them. */
  readonly limits: Limits
  /** The bytes that there are for all buffers: the machine's memory for software; of hardware nobody says. */
  readonly memory?: number
  /** Waits for the device so that the processor is left to it, where the one is the other; absent where it is not. */
  readonly rest?: <A>(work: Promise<A>) => Promise<A>
  /** Resolves with the reason when the device is lost, released ones included; never rejects. */
  readonly lost: Promise<string>
  /** Left(DeviceLost) once the device is lost or released, without waiting. */
  readonly alive: TE.TaskEither<EtalonError, void>
  /**
   * Destroys the device and all its buffers; one that the caller brought along stays as it is, and is only let go. May be
   * called again; a program that released its devices exits by itself.
   */
  readonly release: task.Task<void>
}

export type DeviceOptions = {
  /** Limits to ask for in place of the adapter's maxima, by WebGPU's names. */
  readonly limits?: Limits
}

export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

export const unavailable = (thrown: unknown): EtalonError =>
  etalonError('BackendUnavailable', `WebGPU gave no device: ${messageOf(thrown)}`)

// info and limits are getters on a prototype, so the names are read with for..in
export const limitsOf = (limits: GPUSupportedLimits): Limits => {
  const names: string[] = []
  for (const name in limits) names.push(name)
  return Object.fromEntries(
    names.flatMap((name) => {
      const value: unknown = limits[name as keyof GPUSupportedLimits]
      return typeof value === 'number' ? [[name, value]] : []
    }),
  )
}

// an implementation that is behind the specification leaves some of it out
export const factsOf = (info: Partial<GPUAdapterInfo> | undefined): AdapterFacts => ({
  vendor: info?.vendor ?? '',
  architecture: info?.architecture ?? '',
  device: info?.device ?? '',
  description: info?.description ?? '',
  isFallbackAdapter: info?.isFallbackAdapter ?? false,
  subgroupMinSize: info?.subgroupMinSize ?? 0,
  subgroupMaxSize: info?.subgroupMaxSize ?? 0,
})

/** What a device is acquired from, beside the device itself. */
export type Origin = {
  readonly gpu?: GPU
  readonly adapter?: GPUAdapter
  readonly kind: DeviceKind
  readonly facts: AdapterFacts
  /** what else a result may depend on: versions, the system, the browser */
  readonly versions: Readonly<Record<string, string>>
  /** the bytes that there are for all buffers, where that is known */
  readonly memory?: number
  /** how to wait for the device, where it takes the processor that waits */
  readonly rest?: AcquiredDevice['rest']
  /** whether the device is the caller's, who goes on with it */
  readonly borrowed?: true
}

// an implementation may end a device when what it came from is collected, so that is kept as long as the device is
const kept = new Set<Origin>()

export const acquiredFrom = (origin: Origin, device: GPUDevice): AcquiredDevice => {
  const { gpu, adapter, kind, facts, versions, memory, rest, borrowed } = origin
  kept.add(origin)
  const limits = limitsOf(device.limits)
  let letGo: () => void = () => undefined
  const released = new Promise<string>((resolve) => {
    letGo = () => resolve('released: whoever borrowed it let it go')
  })
  const lost = Promise.race([
    device.lost.then(({ reason, message }) => `${reason}: ${message}`, messageOf),
    // of a device of our own the loss itself is awaited, so that its memory is free
    ...(borrowed === true ? [released] : []),
  ])
  const lostAsLeft = lost.then((message) => fail<void>('DeviceLost', `the device was lost (${message})`))
  return {
    ...(gpu === undefined ? {} : { gpu }),
    ...(adapter === undefined ? {} : { adapter }),
    device,
    limits,
    ...(memory === undefined ? {} : { memory }),
    ...(rest === undefined ? {} : { rest }),
    fingerprint: fingerprintOf({ kind, facts, limits, features: device.features, versions }),
    lost,
    // a race is won by the first in the list that is settled already
    alive: () => Promise.race([lostAsLeft, Promise.resolve(E.right<EtalonError, void>(undefined))]),
    release: async () => {
      kept.delete(origin)
      if (borrowed === true) letGo()
      else device.destroy()
      await lost
    },
  }
}

/**
 * A device of an adapter: all limits of it, or those in `options`, and the features that Etalon has a use for.
 *
 * Errors  BackendUnavailable – it gives none; LimitExceeded – a limit in `options` is beyond the adapter;
 *         AttributeOutOfRange – it is no limit
 */
export const deviceOf = (
  origin: Origin & { readonly adapter: GPUAdapter },
  options: DeviceOptions,
): TE.TaskEither<EtalonError, AcquiredDevice> =>
  F.pipe(
    TE.fromEither(limitsToRequest(limitsOf(origin.adapter.limits), options.limits ?? {})),
    TE.flatMap((requiredLimits) =>
      TE.tryCatch(
        () =>
          origin.adapter.requestDevice({
            requiredLimits,
            requiredFeatures: featuresToRequest(origin.adapter.features),
          }),
        unavailable,
      ),
    ),
    TE.map((device) => acquiredFrom(origin, device)),
  )
