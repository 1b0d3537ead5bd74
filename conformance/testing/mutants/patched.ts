import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AcquiredDevice } from '../../../accelerated/index.js'
import { acquireDevice } from '../../../accelerated/index.js'
import type * as accelerated from '../../../accelerated/index.js'
import type * as plain from '../../../adapters/plainF32.js'
import type { Backend } from '../../../spec/backend.js'
import { right } from '../shaken.js'
import { codeOf, digest, repository } from './bundled.js'
import type { Edit, Flavour, Room } from './mutant.js'

/** Backends made of edited sources. */

const cache = join(repository, 'node_modules/.cache/etalon/mutants')

const loaded = async (code: string): Promise<object> => {
  mkdirSync(cache, { recursive: true })
  const file = join(cache, `${digest(code)}-${process.pid}.mjs`)
  writeFileSync(file, code)
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as object
  } finally {
    rmSync(file, { force: true })
  }
}

// one device for all mutants: none changes how a device is found
let device: Promise<AcquiredDevice> | undefined
const embedded = (): Promise<AcquiredDevice> => (device ??= acquireDevice('software')().then(right))

const flavours: Readonly<Record<Flavour, (acquired: AcquiredDevice) => AcquiredDevice>> = {
  'no subgroups': (acquired) => ({ ...acquired, fingerprint: { ...acquired.fingerprint, subgroups: false } }),
  // planned as for a GPU, and run by the processor
  'a GPU': (acquired) => ({
    ...acquired,
    fingerprint: { ...acquired.fingerprint, kind: 'hardware', subgroups: false },
  }),
  'small bindings': (acquired) => ({
    ...acquired,
    limits: { ...acquired.limits, maxStorageBufferBindingSize: 1024 },
  }),
}

const flavoured = (acquired: AcquiredDevice, flavour: Flavour | undefined): AcquiredDevice =>
  flavour === undefined ? acquired : flavours[flavour](acquired)

/** A backend of edited sources, the accelerated one on the embedded device. */
export const backendOf = async (room: Room, edits: readonly Edit[], flavour?: Flavour): Promise<Backend> => {
  const code = await codeOf(room, edits)
  if (room === 'adapters') return ((await loaded(code)) as typeof plain).plainF32
  const { webGpuBackend } = (await loaded(code)) as typeof accelerated
  return webGpuBackend(flavoured(await embedded(), flavour))
}
