import { either as E } from 'fp-ts'
import type { OpenedGpu } from '../spec/adapter.js'
import type { Result } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import type { Peak } from './rows.js'

/*
 * What an adapter can do at most: two kernels that do one thing each, in two forms, of which the faster counts. They are
 * written here and not taken from any backend, so that a backend's figure and its limit share nothing.
 */

/** Each invocation copies four vectors of four, or one. */
const copies = (perInvocation: 1 | 4): string => /* wgsl */ `
  @group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
  @group(0) @binding(1) var<storage, read_write> target_: array<vec4<f32>>;
  const per = ${perInvocation}u;

  @compute @workgroup_size(64)
  fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
          @builtin(local_invocation_index) lane: u32) {
    let first = (group.y * groups.x + group.x) * 64u * per + lane;
    for (var k = 0u; k < per; k++) {
      let at = first + 64u * k;
      if (at < arrayLength(&source)) { target_[at] = source[at]; }
    }
  }`

/** Eight chains of multiply-adds that do not wait for each other, of numbers or of vectors of four. */
const multiplyAdds = (type: 'f32' | 'vec4<f32>'): string => /* wgsl */ `
  @group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
  @group(0) @binding(1) var<storage, read_write> target_: array<vec4<f32>>;
  alias number = ${type};
  override turns: u32;

  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let factor = number(source[0].x);
    let term = number(source[0].y);
    var a = number(f32(id.x)); var b = a + term; var c = b + term; var d = c + term;
    var e = d + term; var f = e + term; var g = f + term; var h = g + term;
    for (var turn = 0u; turn < turns; turn++) {
      a = a * factor + term; b = b * factor + term; c = c * factor + term; d = d * factor + term;
      e = e * factor + term; f = f * factor + term; g = g * factor + term; h = h * factor + term;
    }
    // nobody may leave out what is read by somebody
    target_[id.x] = vec4<f32>(a + b + c + d + e + f + g + h);
  }`

const bytes = 64 * 2 ** 20
const invocations = 2 ** 16
const turns = 256
const repetitions = 3
const wantedMs = 40
const most = 65535

/** A kernel that is ready: milliseconds of each of so many dispatches. */
type Lane = (times: number) => Promise<number>

const laneOn = async (
  device: GPUDevice,
  buffers: readonly GPUBuffer[],
  {
    code,
    groups,
    constants,
  }: { readonly code: string; readonly groups: number; readonly constants: Record<string, number> },
  clock: () => number,
): Promise<Lane> => {
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main', constants },
  })
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  })
  return async (times) => {
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindings)
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(Math.min(groups, most), Math.ceil(groups / most))
    pass.end()
    const start = clock()
    device.queue.submit([encoder.finish()])
    await device.queue.onSubmittedWorkDone()
    return (clock() - start) / times
  }
}

/** The least milliseconds of some runs, each long enough to be measured. */
const bestOf = async (lane: Lane): Promise<number> => {
  const once = await lane(1)
  const times = Math.min(Math.max(Math.ceil(wantedMs / once), 1), 200)
  let best = Infinity
  for (let i = 0; i < repetitions; i++) best = Math.min(best, await lane(times))
  return best
}

/** Kernels that are ready to be measured again: what they reach is the most of what they reached so far. */
export interface Probe {
  readonly measure: () => Promise<Peak>
  readonly close: () => Promise<void>
}

const probeOn = async (device: GPUDevice, clock: () => number): Promise<Probe> => {
  const usage = 0x80 // GPUBufferUsage.STORAGE, which is a global in browsers only
  const buffers = [0, 1].map(() => device.createBuffer({ size: bytes, usage }))
  const lane = (code: string, groups: number, constants: Record<string, number> = {}): Promise<Lane> =>
    laneOn(device, buffers, { code, groups, constants }, clock)
  const copying = [await lane(copies(1), bytes / 16 / 64), await lane(copies(4), bytes / 16 / 64 / 4)]
  const groups = invocations / 64
  const adding = [
    { run: await lane(multiplyAdds('f32'), groups, { turns }), operations: 2 * 8 * turns * invocations },
    { run: await lane(multiplyAdds('vec4<f32>'), groups, { turns }), operations: 2 * 8 * 4 * turns * invocations },
  ]
  let peak: Peak = { gflops: 0, gbps: 0 }
  return {
    measure: async () => {
      for (const run of copying) peak = { ...peak, gbps: Math.max(peak.gbps, (2 * bytes) / (await bestOf(run)) / 1e6) }
      for (const { run, operations } of adding)
        peak = { ...peak, gflops: Math.max(peak.gflops, operations / (await bestOf(run)) / 1e6) }
      return peak
    },
    close: async () => {
      device.destroy()
      await device.lost
    },
  }
}

/**
 * An adapter's limits: operations a second of multiply-adds in registers, and bytes a second of copies of 64 MiB.
 *
 * Errors  BackendUnavailable – it gives no device, or refuses the kernels
 */
export const openProbe = async ({ gpu }: OpenedGpu, clock: () => number): Promise<Result<Probe>> => {
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (adapter === null) throw new Error('there is no adapter')
    return E.right(await probeOn(await adapter.requestDevice(), clock))
  } catch (thrown) {
    return E.left(
      etalonError('BackendUnavailable', `its limits: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    )
  }
}
