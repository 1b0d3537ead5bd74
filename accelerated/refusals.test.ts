import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differentiate } from '../spec/differentiate.js'
import type { Result } from '../spec/error.js'
import { fullyConnected, plainLayer, sequential } from '../spec/networks/network.js'
import type { Program } from '../spec/program.js'
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

const network = sequential([16, 24], [fullyConnected('fc', 24, 16), plainLayer('act', 'relu')])
const program: Program = (() => {
  const { program, gradients } = right(differentiate(network.program, 'act', ['fc.w', 'x']))
  return { ...program, outputs: ['act', ...Object.values(gradients)] }
})()
const feeds: Tensors = Object.fromEntries(
  Object.entries(program.inputs).map(([name, shape], at) => [
    name,
    generate(shape, (i) => Math.fround(Math.sin(i * 0.7 + at))),
  ]),
)

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
  const numbers = ({ data }: Tensor): readonly number[] => Array.from(data)

  test('gives way to a plainer one with the same answers, which the run says once', async () => {
    expect(kernelsOf().some((name) => name.includes('+'))).toBe(true)
    const plain = right(await webGpuBackend(acquired).run(program, feeds)())
    for (const refuses of [
      // what is written for subgroups; what is fused; both
      (name: string) => /\.\d+x\d+$/.test(name),
      (name: string) => name.includes('+'),
      (name: string) => name.includes('+') || /\.\d+x\d+/.test(name),
    ]) {
      const told: string[] = []
      const backend = webGpuBackend(refusing(refuses), { tell: (text) => told.push(text) })
      const answers = right(await backend.run(program, feeds)())
      right(await backend.run(program, feeds)())
      // sums of 24 terms in another order
      Object.entries(plain).forEach(([name, wanted]) =>
        numbers(answers[name] as Tensor).forEach((value, i) =>
          expect(Math.abs(value - (wanted.data[i] as number))).toBeLessThanOrEqual(24 * 2 ** -23 * 24),
        ),
      )
      expect(told.length).toBeGreaterThan(0)
      expect(new Set(told).size).toBe(told.length)
      told.forEach((text) =>
        expect(text).toMatch(
          /^the driver refuses the kernel \S+, and another one is in its place: .*no registers left/,
        ),
      )
    }
  })

  test('in a session too, whose state lies where it lay', async () => {
    const training: Program = { ...program, carry: { 'fc.w': 'd.fc.w' } }
    const { 'fc.w': w, ...others } = feeds
    const after = async (device: AcquiredDevice): Promise<Tensors> => {
      const session = right(await webGpuBackend(device).open(training, { 'fc.w': w as Tensor })())
      right(await session.step(others)())
      right(await session.step(others)())
      const state = right(await session.state())
      await session.close()
      return state
    }
    const [wanted, found] = [await after(acquired), await after(refusing((name) => /\.\d+x\d+/.test(name)))]
    numbers(found['fc.w'] as Tensor).forEach((value, i) =>
      expect(Math.abs(value - (wanted['fc.w']?.data[i] as number))).toBeLessThanOrEqual(24 * 2 ** -23 * 24),
    )
  })

  test('that nothing stands in for is a Left with what the driver says', async () => {
    const backend = webGpuBackend(refusing(() => true))
    expect(await backend.run(program, feeds)()).toMatchObject({
      _tag: 'Left',
      left: {
        code: 'BackendUnavailable',
        message: expect.stringMatching(/its shader: the device refuses it: .*no registers left/) as string,
      },
    })
  })
})
