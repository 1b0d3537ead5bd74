import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Result } from '../spec/error.js'
import { fullyConnected, plainLayer, sequential } from '../spec/networks/network.js'
import { checkProgram } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import { planLimits, webGpuBackend } from './backend.js'
import type { AcquiredDevice } from './device/index.js'
import { acquireDevice } from './device/index.js'
import { kernelNameOf } from './kernel.js'
import { plan } from './plan.js'
import { embedded } from './testing/recorded.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

const { program } = sequential([16, 24], [fullyConnected('fc', 24, 16), plainLayer('act', 'relu')])
const feeds: Tensors = Object.fromEntries(
  Object.entries(program.inputs).map(([name, shape], at) => [
    name,
    generate(shape, (i) => Math.fround(Math.sin(i * 0.7 + at))),
  ]),
)
const at = (name: string, i: number): number => feeds[name]?.data[i] as number
// relu(b + x·wᵀ), by its formula
const wanted = Array.from({ length: 16 * 16 }, (_, flat) => {
  const [n, o] = [Math.floor(flat / 16), flat % 16]
  return Math.max(
    0,
    Array.from({ length: 24 }, (_, k) => at('x', n * 24 + k) * at('fc.w', o * 24 + k)).reduce(
      (sum, term) => sum + term,
      at('fc.b', o),
    ),
  )
})
// sums of 24 terms of at most 1, and a bias
const tolerance = 25 * 25 * 2 ** -23
const isRight = ({ data }: Tensor): boolean =>
  Array.from(data).every((value, i) => Math.abs(value - (wanted[i] as number)) <= tolerance)

describe.runIf(embedded)('a kernel that the driver refuses', () => {
  let acquired: AcquiredDevice
  beforeAll(async () => {
    acquired = right(await acquireDevice('software')())
  })
  afterAll(() => acquired.release())

  /** The device with a driver that makes no pipeline of some kernels. */
  const refusing = (refuses: (kernel: string) => boolean): AcquiredDevice => {
    const { device } = acquired
    const kernels = new WeakMap<GPUShaderModule, string>()
    return {
      ...acquired,
      device: new Proxy(device, {
        get: (target, name) => {
          if (name === 'createShaderModule')
            return (descriptor: GPUShaderModuleDescriptor) => {
              const made = target.createShaderModule(descriptor)
              kernels.set(made, kernelNameOf(descriptor.code))
              return made
            }
          if (name === 'createComputePipelineAsync')
            return (descriptor: GPUComputePipelineDescriptor) =>
              refuses(kernels.get(descriptor.compute.module) ?? '')
                ? Promise.reject(new Error('no registers left'))
                : target.createComputePipelineAsync(descriptor)
          const value = Reflect.get(target, name, target) as unknown
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      }),
    }
  }
  const kernelsOf = (): readonly string[] =>
    right(plan(right(checkProgram(program)), feeds, program.outputs, planLimits(acquired))).launches.map(({ shader }) =>
      kernelNameOf(shader),
    )
  // what is refused is never compiled, so that this takes no longer than the plainest kernels do
  const lanesOrFused = (name: string): boolean => name.includes('+') || /\.\d+x\d+/.test(name)

  test('gives way to a plainer one with right answers, which the run says once', async () => {
    const suggested = kernelsOf()
    expect(suggested.every(lanesOrFused)).toBe(true)
    const told: string[] = []
    const backend = webGpuBackend(refusing(lanesOrFused), { tell: (text) => told.push(text) })
    for (let time = 0; time < 2; time++)
      expect(isRight(right(await backend.run(program, feeds)())['act'] as Tensor)).toBe(true)
    expect(told.length).toBeGreaterThan(1)
    expect(new Set(told).size).toBe(told.length)
    told.forEach((text) =>
      expect(text).toMatch(/^the driver refuses the kernel \S+, and another one is in its place: .*no registers left/),
    )
    // in a session too, whose state lies where it lay
    const { 'fc.w': w, ...others } = feeds
    const session = right(await backend.open({ ...program, carry: { 'fc.w': 'fc.w' } }, { 'fc.w': w as Tensor })())
    for (let time = 0; time < 2; time++)
      expect(isRight(right(await session.step(others)())['act'] as Tensor)).toBe(true)
    await session.close()
    expect(backend.counters().bytesHeld).toBe(0)
  })

  test('that nothing stands in for is a Left with what the driver says', async () => {
    const told: string[] = []
    const backend = webGpuBackend(
      refusing(() => true),
      { tell: (text) => told.push(text) },
    )
    expect(await backend.run(program, feeds)()).toMatchObject({
      _tag: 'Left',
      left: {
        code: 'BackendUnavailable',
        message: expect.stringMatching(/its shader: the device refuses it: .*no registers left/) as string,
      },
    })
    expect(told).toEqual([])
  })
})
