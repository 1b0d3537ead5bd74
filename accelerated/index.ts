import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../spec/error.js'
import type { WebGpuBackend, WebGpuOptions } from './backend.js'
import { webGpuBackend } from './backend.js'
import type { DeviceOptions, DeviceSource } from './device/index.js'
import { acquireDevice } from './device/index.js'

export { memoryOfStep, webGpuBackend, type WebGpuBackend, type WebGpuOptions } from './backend.js'
export {
  acquireDevice,
  openGpu,
  type AcquiredDevice,
  type DeviceChoice,
  type DeviceOptions,
  type DeviceSource,
} from './device/index.js'
export { roomyLimits, type PlanLimits } from './limits.js'
export { memoryOf, plan, type Plan } from './plan.js'
export { shapeClassOf, untuned, ways, type Tuning, type Way } from './tuning.js'

/**
 * A device and the accelerated backend on it: a device by choice, one of a GPU such as `navigator.gpu`, or the caller's own
 * GPUDevice. Close the backend to let the process end; a device of the caller's stays open.
 */
export const openWebGpu = (
  source: DeviceSource = 'auto',
  options: DeviceOptions & WebGpuOptions = {},
): taskEither.TaskEither<EtalonError, WebGpuBackend> =>
  F.pipe(
    acquireDevice(source, options),
    TE.map((acquired) => webGpuBackend(acquired, options)),
  )
