/** The limits of a device that a plan has to keep to, by WebGPU's names. */
export interface PlanLimits {
  readonly maxBufferSize: number
  readonly maxStorageBufferBindingSize: number
  readonly maxStorageBuffersPerShaderStage: number
  readonly maxComputeWorkgroupsPerDimension: number
  readonly minStorageBufferOffsetAlignment: number
  readonly minUniformBufferOffsetAlignment: number
  /** how many lanes every subgroup has; absent where that varies, or where there are no subgroups */
  readonly subgroupSize?: number
}

/** The most elements that one binding shows, a whole number of alignments. */
export const segmentOf = (limits: PlanLimits): number => {
  const alignment = limits.minStorageBufferOffsetAlignment
  return Math.floor(limits.maxStorageBufferBindingSize / alignment) * (alignment / 4)
}
