import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { embeddedRunsOn } from './decide.js'
import { acquireDevice, bufferUsage, mapMode, type AcquiredDevice } from './index.js'
import { currentPlatform, loadEmbedded } from './load.js'

const support = embeddedRunsOn(currentPlatform())
const reason = E.isLeft(support) ? ` (skipped: ${support.left.message})` : ''

/** Hands a device to `use` and releases it whatever happens. */
const withDevice = async <A>(options: object, use: (acquired: AcquiredDevice) => Promise<A>): Promise<A> => {
  const acquired = await acquireDevice('software', options)()
  if (E.isLeft(acquired)) throw new Error(acquired.left.message)
  try {
    return await use(acquired.right)
  } finally {
    await acquired.right.release()
  }
}

const doubled = async (device: GPUDevice, numbers: readonly number[]): Promise<readonly number[]> => {
  const size = numbers.length * 4
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = bufferUsage
  const values = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST })
  const copy = device.createBuffer({ size, usage: MAP_READ | COPY_DST })
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> v: array<f32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x < arrayLength(&v)) { v[id.x] = v[id.x] * 2.0; }
      }`,
  })
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } })
  const entries = [{ binding: 0, resource: { buffer: values } }]
  device.queue.writeBuffer(values, 0, Float32Array.from(numbers))
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
  pass.dispatchWorkgroups(Math.ceil(numbers.length / 64))
  pass.end()
  encoder.copyBufferToBuffer(values, 0, copy, 0, size)
  device.queue.submit([encoder.finish()])
  await copy.mapAsync(mapMode.READ)
  return [...new Float32Array(copy.getMappedRange().slice(0))]
}

describe.skipIf(E.isLeft(support))(`the embedded device${reason}`, () => {
  it('runs a compute shader', async () => {
    expect(await withDevice({}, ({ device }) => doubled(device, [1, 2.5, -3]))).toEqual([2, 5, -6])
  })

  it('says that it is software, and which', async () => {
    const { fingerprint } = await withDevice({}, (acquired) => Promise.resolve(acquired))
    expect(fingerprint).toMatchObject({ kind: 'embedded-software', architecture: 'swiftshader' })
    expect(Object.values(fingerprint).every((value) => ['string', 'number', 'boolean'].includes(typeof value))).toBe(
      true,
    )
  })

  it("is granted the adapter's maxima, more than WebGPU's defaults", async () => {
    const { limits, adapter } = await withDevice({}, (acquired) => Promise.resolve(acquired))
    expect(limits['maxStorageBufferBindingSize']).toBe(adapter?.limits.maxStorageBufferBindingSize)
    expect(limits['maxStorageBuffersPerShaderStage']).toBeGreaterThan(8)
  })

  it('is granted a smaller limit when one is asked for', async () => {
    const wanted = { maxStorageBufferBindingSize: 2 ** 28 }
    const { limits } = await withDevice({ limits: wanted }, (acquired) => Promise.resolve(acquired))
    expect(limits['maxStorageBufferBindingSize']).toBe(2 ** 28)
  })

  it('is refused with LimitExceeded when a limit is beyond the adapter', async () => {
    const acquired = await acquireDevice('software', { limits: { maxBufferSize: 2 ** 50 } })()
    expect(acquired).toMatchObject({ _tag: 'Left', left: { code: 'LimitExceeded' } })
  })

  it('is alive until released, then DeviceLost as a value, and works on it reject without a crash', async () => {
    const [before, acquired] = await withDevice({}, async (acquired) => [await acquired.alive(), acquired] as const)
    expect(E.isRight(before)).toBe(true)
    expect(await acquired.alive()).toMatchObject({ _tag: 'Left', left: { code: 'DeviceLost' } })
    expect(await acquired.lost).toContain('destroyed')
    await acquired.release()
    await expect(doubled(acquired.device, [1])).rejects.toBeDefined()
  })

  it('may be one of several at once', async () => {
    const all = await Promise.all([1, 2, 3].map((n) => withDevice({}, ({ device }) => doubled(device, [n]))))
    expect(all).toEqual([[2], [4], [6]])
  })

  it('may be the caller’s, who goes on with it when it is released', async () => {
    await withDevice({}, async ({ device }) => {
      const borrowed = await acquireDevice(device)()
      if (E.isLeft(borrowed)) throw new Error(borrowed.left.message)
      const { fingerprint, limits, alive, release, lost } = borrowed.right
      expect(fingerprint).toMatchObject({ kind: 'software', architecture: 'swiftshader', node: process.version })
      expect(limits).toEqual(expect.objectContaining({ maxBufferSize: device.limits.maxBufferSize }))
      expect(await doubled(borrowed.right.device, [2])).toEqual([4])
      await release()
      await release()
      expect(await alive()).toMatchObject({ _tag: 'Left', left: { code: 'DeviceLost' } })
      expect(await lost).toContain('released')
      expect(await doubled(device, [3])).toEqual([6])
    })
  })

  it('comes from a GPU that is handed over as well', async () => {
    const { gpu } = await withDevice({}, (acquired) => Promise.resolve(acquired))
    if (gpu === undefined) throw new Error('the embedded adapter has no GPU')
    const acquired = await acquireDevice(gpu, { limits: { maxBufferSize: 2 ** 28 } })()
    if (E.isLeft(acquired)) throw new Error(acquired.left.message)
    expect(acquired.right.limits['maxBufferSize']).toBe(2 ** 28)
    await acquired.right.release()
    await expect(doubled(acquired.right.device, [1])).rejects.toBeDefined()
  })

  it('comes from a Dawn whose flags are the ones written down here', async () => {
    const loaded = await loadEmbedded()
    if (E.isLeft(loaded)) throw new Error(loaded.left.message)
    const { globals } = loaded.right
    for (const [name, ours] of Object.entries({ GPUBufferUsage: bufferUsage, GPUMapMode: mapMode })) {
      const theirs = globals[name] as Readonly<Record<string, number>>
      expect(Object.keys(ours).map((flag) => [flag, theirs[flag]])).toEqual(Object.entries(ours))
    }
  })
})
