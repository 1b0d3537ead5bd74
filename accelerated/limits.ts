import type { Tuning } from './tuning.js'

/** The limits of a device that a plan has to keep to, by WebGPU's names. */
export interface PlanLimits {
  readonly maxBufferSize: number
  readonly maxStorageBufferBindingSize: number
  readonly maxStorageBuffersPerShaderStage: number
  readonly maxComputeWorkgroupsPerDimension: number
  readonly minStorageBufferOffsetAlignment: number
  readonly minUniformBufferOffsetAlignment: number
  /** how many bytes there are for all buffers together; absent where nobody knows, as of most GPUs */
  readonly memory?: number
  /** what was found out about the device beside; absent, nothing */
  readonly tuning?: Tuning
  /** whether the device is a GPU, to which memory that a workgroup shares is near; absent, a processor or nobody knows */
  readonly isGpu?: boolean
  /** how many lanes every subgroup has; absent where that varies, or where there are no subgroups */
  readonly subgroupSize?: number
}

/** A GPU of these years: what WebGPU grants everywhere, but for buffers of up to 4 GiB. */
export const roomyLimits: PlanLimits = {
  maxBufferSize: 2 ** 32,
  maxStorageBufferBindingSize: 2 ** 32 - 4,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupsPerDimension: 65535,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
}

/** The most elements that one binding shows, a whole number of alignments. */
export const segmentOf = (limits: PlanLimits): number => {
  const alignment = limits.minStorageBufferOffsetAlignment
  return Math.floor(limits.maxStorageBufferBindingSize / alignment) * (alignment / 4)
}
