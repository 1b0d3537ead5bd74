import { either as E } from 'fp-ts'
import type { AcquiredDevice, DeviceOptions } from '../device/index.js'
import { embeddedRunsOn } from '../device/decide.js'
import { acquireDevice, bufferUsage } from '../device/index.js'
import { currentPlatform } from '../device/load.js'

/** Whether the embedded device runs here; tests of it are skipped where it does not. */
export const embedded = E.isRight(embeddedRunsOn(currentPlatform()))

/** What a device was made to do, seen at its own methods and not at anybody's counters. */
export interface Traffic {
  dispatches: number
  submits: number
  /** bytes of each `writeBuffer`, by the buffer's usage */
  readonly up: { readonly bytes: number; readonly uniform: boolean }[]
  /** bytes copied into buffers that can be mapped, and bytes mapped */
  back: number
  mapped: number
  pipelines: number
  /** of buffers, within a submit */
  copies: number
  readonly created: Set<GPUBuffer>
  readonly destroyed: Set<GPUBuffer>
}

export interface RecordedDevice {
  readonly acquired: AcquiredDevice
  readonly traffic: Traffic
  /** buffers made and not destroyed */
  readonly alive: () => number
  /** starts counting anew; which buffers are alive is remembered */
  readonly reset: () => void
}

/** The embedded device, its methods replaced by ones that count and then do the same. */
export const recordedDevice = async (options: DeviceOptions = {}): Promise<RecordedDevice> => {
  const result = await acquireDevice('software', options)()
  if (E.isLeft(result)) throw new Error(result.left.message)
  const { device } = result.right
  const { queue } = device
  const traffic: Traffic = {
    dispatches: 0,
    submits: 0,
    up: [],
    back: 0,
    mapped: 0,
    pipelines: 0,
    copies: 0,
    created: new Set(),
    destroyed: new Set(),
  }

  const { createBuffer, createCommandEncoder, createComputePipelineAsync } = device
  const { submit, writeBuffer } = queue
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor)
    const { destroy, getMappedRange } = buffer
    traffic.created.add(buffer)
    buffer.destroy = () => {
      traffic.destroyed.add(buffer)
      destroy.call(buffer)
    }
    buffer.getMappedRange = (...range) => {
      const bytes = getMappedRange.call(buffer, ...range)
      traffic.mapped += bytes.byteLength
      return bytes
    }
    return buffer
  }
  device.createComputePipelineAsync = (descriptor) => {
    traffic.pipelines++
    return createComputePipelineAsync.call(device, descriptor)
  }
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder.call(device, descriptor)
    const { beginComputePass, copyBufferToBuffer } = encoder
    encoder.beginComputePass = (of) => {
      const pass = beginComputePass.call(encoder, of)
      const { dispatchWorkgroups } = pass
      pass.dispatchWorkgroups = (x, y, z) => {
        traffic.dispatches++
        dispatchWorkgroups.call(pass, x, y, z)
      }
      return pass
    }
    const counted = (from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, size: number): void => {
      traffic.copies++
      if (to.usage & bufferUsage.MAP_READ) traffic.back += size
      copyBufferToBuffer.call(encoder, from, fromOffset, to, toOffset, size)
    }
    encoder.copyBufferToBuffer = counted as typeof copyBufferToBuffer
    return encoder
  }
  queue.submit = (commands) => {
    traffic.submits++
    submit.call(queue, commands)
  }
  const write = (buffer: GPUBuffer, offset: number, data: ArrayBufferView<ArrayBuffer>): void => {
    traffic.up.push({ bytes: data.byteLength, uniform: (buffer.usage & bufferUsage.UNIFORM) !== 0 })
    writeBuffer.call(queue, buffer, offset, data)
  }
  queue.writeBuffer = write as typeof writeBuffer

  return {
    acquired: result.right,
    traffic,
    alive: () => [...traffic.created].filter((buffer) => !traffic.destroyed.has(buffer)).length,
    reset: () => {
      Object.assign(traffic, { dispatches: 0, submits: 0, back: 0, mapped: 0, pipelines: 0, copies: 0 })
      traffic.up.length = 0
    },
  }
}
