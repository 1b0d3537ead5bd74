import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../spec/error.js'
import type { WebGpuBackend, WebGpuOptions } from './backend.js'
import { webGpuBackend } from './backend.js'
import type { DeviceOptions } from './device/acquired.js'
import type { DeviceSource } from './device/given.js'
import { acquireDevice } from './device/given.js'

/*
 * What `index.ts` is in Node, for browsers, their workers, and Deno: the same names, on the WebGPU that is there. The
 * package's `exports` say which of the two `etalon/accelerated` is.
 */

export { memoryOfStep, webGpuBackend, type WebGpuBackend, type WebGpuOptions } from './backend.js'
export type { AcquiredDevice, DeviceOptions } from './device/acquired.js'
export type { DeviceChoice } from './device/decide.js'
export { acquireDevice, openGpu, type DeviceSource } from './device/given.js'
export { roomyLimits, type PlanLimits } from './limits.js'
export { memoryOf, plan, type Plan } from './plan.js'
export { shapeClassOf, untuned, ways, type Tuning, type Way } from './tuning.js'

/**
 * A device and the accelerated backend on it: `navigator.gpu`'s by choice, one of a GPU that is given, or the caller's own
 * GPUDevice, which stays open when the backend is closed.
 */
export const openWebGpu = (
  source: DeviceSource = 'auto',
  options: DeviceOptions & WebGpuOptions = {},
): taskEither.TaskEither<EtalonError, WebGpuBackend> =>
  F.pipe(
    acquireDevice(source, options),
    TE.map((acquired) => webGpuBackend(acquired, options)),
  )
