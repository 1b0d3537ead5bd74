import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { epsilon } from '../spec/bound.js'
import type { Result } from '../spec/error.js'
import { draws, keyOf, philox4x32, wordAt } from '../spec/philox.js'
import type { Key, Words } from '../spec/philox.js'
import type { Program } from '../spec/program.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar } from '../spec/tensor.js'
import type { WebGpuBackend } from './backend.js'
import { webGpuBackend } from './backend.js'
import { bufferUsage, mapMode } from './device/index.js'
import { philoxFunction } from './functions.js'
import type { RecordedDevice } from './testing/recorded.js'
import { embedded, recordedDevice } from './testing/recorded.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

interface Attrs {
  readonly keep: number
  readonly key: Key
  readonly step: number
  readonly stream: number
}

// the mask and the product by another route than the kernel's or the formula's table
const keeps = ({ keep, key, step, stream }: Attrs, i: number): boolean =>
  wordAt(key, i, step, stream) < Math.ceil(keep * 2 ** 32)

const at = (data: Numbers, i: number): number => data[i] as number

describe.runIf(embedded)('dropout on the device', () => {
  let recorded: RecordedDevice
  let backend: WebGpuBackend
  beforeAll(async () => {
    recorded = await recordedDevice()
    backend = webGpuBackend(recorded.acquired)
  })
  afterAll(() => backend.close())

  const run = async (attrs: Attrs, x: Tensor): Promise<Tensor> => {
    const { program, feeds } = oneNode({
      op: 'dropout',
      direction: 'forward',
      attrs: { ...attrs, key: [...attrs.key] },
      inputs: { x },
      cotangents: {},
    })
    return answersOf(right(await backend.run(program, feeds)()))['y'] as Tensor
  }

  /** What `philox` of the kernels answers at many counters and keys. */
  const philoxOnDevice = async (asked: readonly (readonly [Words, Key])[]): Promise<readonly (readonly number[])[]> => {
    const { device } = recorded.acquired
    const bytes = asked.length * 32
    const given = device.createBuffer({ size: bytes, usage: bufferUsage.STORAGE | bufferUsage.COPY_DST })
    const answer = device.createBuffer({ size: bytes / 2, usage: bufferUsage.STORAGE | bufferUsage.COPY_SRC })
    const staging = device.createBuffer({ size: bytes / 2, usage: bufferUsage.MAP_READ | bufferUsage.COPY_DST })
    const code = /* wgsl */ `
${philoxFunction}
struct Asked { counter: vec4<u32>, key: vec2<u32>, unused: vec2<u32> }
@group(0) @binding(0) var<storage, read> asked: array<Asked>;
@group(0) @binding(1) var<storage, read_write> answer: array<vec4<u32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&asked)) { answer[id.x] = philox(asked[id.x].counter, asked[id.x].key); }
}`
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    })
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [given, answer].map((buffer, binding) => ({ binding, resource: { buffer } })),
    })
    device.queue.writeBuffer(given, 0, Uint32Array.from(asked.flatMap(([counter, key]) => [...counter, ...key, 0, 0])))
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    pass.dispatchWorkgroups(Math.ceil(asked.length / 64))
    pass.end()
    encoder.copyBufferToBuffer(answer, 0, staging, 0, bytes / 2)
    device.queue.submit([encoder.finish()])
    await staging.mapAsync(mapMode.READ)
    const words = new Uint32Array(staging.getMappedRange().slice(0))
    ;[given, answer, staging].forEach((buffer) => buffer.destroy())
    return asked.map((_, i) => [...words.slice(4 * i, 4 * i + 4)])
  }

  test('Philox gives the known answers of Random123', async () => {
    const ones = 0xffffffff
    const answers = await philoxOnDevice([
      [
        [0, 0, 0, 0],
        [0, 0],
      ],
      [
        [ones, ones, ones, ones],
        [ones, ones],
      ],
      [
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        [0xa4093822, 0x299f31d0],
      ],
    ])
    expect(answers).toEqual([
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ])
  })

  test('Philox gives the host’s words at ten thousand counters and keys', async () => {
    const { word } = draws(keyOf('counters'))
    const asked = Array.from({ length: 10_000 }, (): readonly [Words, Key] => [
      [word(), word(), word(), word()],
      [word(), word()],
    ])
    expect(await philoxOnDevice(asked)).toEqual(asked.map(([counter, key]) => philox4x32(counter, key)))
  })

  test('drops the same elements as the host, whatever the words, and errs at most ε|y|', async () => {
    const draw = draws(keyOf('masks'))
    for (let round = 0; round < 40; round++) {
      const attrs: Attrs = {
        keep: Math.fround(1 - draw.uniform()),
        key: [draw.word(), draw.word()],
        step: draw.word(),
        stream: draw.word(),
      }
      const x = generate([997], () => Math.fround(1 + draw.uniform()))
      const y = await run(attrs, x)
      const mask = Array.from({ length: 997 }, (_, i) => keeps(attrs, i))
      expect(mask.map((_, i) => at(y.data, i) !== 0)).toEqual(mask)
      const off = mask.map((kept, i) => {
        const want = kept ? at(x.data, i) / attrs.keep : 0
        return want === 0 ? 0 : Math.abs(at(y.data, i) - want) / want
      })
      expect(Math.max(...off)).toBeLessThanOrEqual(epsilon)
    }
  })

  test('takes more invocations than one row of workgroups, the last with a part of a block', async () => {
    const attrs: Attrs = { keep: 0.5, key: [3, 1], step: 4, stream: 1 }
    const n = 4 * 64 * 65535 + 5
    const y = await run(attrs, { shape: [n], data: new Float32Array(n).fill(1) })
    const seen = [...Array.from({ length: 4000 }, (_, k) => k * 4093), n - 6, n - 5, n - 4, n - 3, n - 2, n - 1]
    expect(seen.filter((i) => at(y.data, i) !== (keeps(attrs, i) ? 2 : 0))).toEqual([])
  })

  const node = {
    name: 'drop',
    op: 'dropout',
    attrs: { keep: 0.75, key: [5, 6], step: { feed: 'step' }, stream: 2 },
    inputs: { x: 'x' },
  } as const
  const program: Program = {
    inputs: { x: [300], step: [], dy: [300], total: [300] },
    nodes: [
      { ...node, direction: 'forward', cotangents: {}, outputs: { y: 'y' } },
      { ...node, name: 'drop.backward', direction: 'backward', cotangents: { y: 'dy' }, outputs: { x: 'dx' } },
      {
        name: 'sum',
        op: 'add',
        direction: 'forward',
        attrs: {},
        inputs: { a: 'total', b: 'y' },
        cotangents: {},
        outputs: { y: 'next' },
      },
    ],
    outputs: ['y', 'dx'],
    carry: { total: 'next' },
  }
  const x = generate([300], (i) => 3 + (i % 5))
  const feeds = (step: number): Tensors => ({ x, dy: x, step: scalar(step) })

  test('a recorded step replays at another step: other words, the same pipelines, one block sent up for each node', async () => {
    const session = right(await backend.open(program, { total: generate([300], () => 0) })())
    const wanted = (step: number): readonly number[] => {
      const attrs: Attrs = { keep: 0.75, key: [5, 6], step, stream: 2 }
      return Array.from({ length: 300 }, (_, i) =>
        keeps(attrs, i) ? Math.fround(at(x.data, i) * Math.fround(4 / 3)) : 0,
      )
    }
    const steps = [0, 1, 2, 2 ** 24 + 1, 2 ** 32 - 1, 1]
    const masks = new Set<string>()
    const sums = Array.from({ length: 300 }, () => 0)
    for (const [k, step] of steps.entries()) {
      recorded.reset()
      const { y, dx } = right(await session.step(feeds(step))())
      expect([...((y as Tensor).data as Float32Array)]).toEqual(wanted(step))
      expect((dx as Tensor).data).toEqual((y as Tensor).data)
      wanted(step).forEach((v, i) => (sums[i] = Math.fround(at(sums, i) + v)))
      masks.add(
        wanted(step)
          .map((v) => (v === 0 ? '0' : '1'))
          .join(''),
      )
      if (k > 0) {
        expect(recorded.traffic.pipelines).toBe(0)
        expect(recorded.traffic.up.filter(({ uniform }) => uniform)).toHaveLength(2)
      }
    }
    expect(masks.size).toBe(steps.length - 1)
    expect([...(right(await session.state())['total']!.data as Float32Array)]).toEqual(sums)
    await session.close()
  })

  test('a step that is no word is refused, by a run and by a session', async () => {
    for (const step of [-1, 0.5, 2 ** 32]) {
      const result = await backend.run(program, { ...feeds(step), total: generate([300], () => 0) })()
      expect(result).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
      const session = right(await backend.open(program, { total: generate([300], () => 0) })())
      expect(await session.step(feeds(step))()).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
      await session.close()
    }
  })
})
