import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { embeddedRunsOn } from '../accelerated/device/decide.js'
import { openGpu } from '../accelerated/index.js'
import { currentPlatform } from '../accelerated/device/load.js'
import { adapters } from '../adapters/index.js'
import type { Backend } from '../spec/backend.js'
import type { Direction } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { tensor } from '../spec/tensor.js'

const inputs = {
  x: tensor([2, 3], [1, 2, 3, -1, 0, 1]),
  w: tensor([2, 3], [1, 0, -1, 2, 1, 0]),
  b: tensor([2], [0.5, -0.5]),
}

const dense = async (backend: Backend, direction: Direction, cotangents: Tensors = {}) => {
  const attrs = getOrThrow(opOf('dense').attrs.decode({}))
  const { program, feeds } = oneNode({ op: 'dense', direction, attrs, inputs, cotangents })
  const answer = answersOf(getOrThrow(await backend.run(program, feeds)()))
  return Object.fromEntries(
    Object.entries(answer).map(([name, { data }]) => [name, Array.from({ length: data.length }, (_, i) => data[i])]),
  )
}

const onlyInBrowsers = 'onnxruntime-webgpu'
const withGpu = adapters.filter(({ name }) => name.endsWith('-webgpu') && name !== onlyInBrowsers)

describe.skipIf(E.isLeft(embeddedRunsOn(currentPlatform())))('libraries on WebGPU, on the embedded adapter', () => {
  test.each(withGpu)(
    '$name answers, forward and backward, opened twice at once',
    async ({ open }) => {
      const first = getOrThrow(await open({ gpu: openGpu('software') })())
      const second = getOrThrow(await open({ gpu: openGpu('software') })())
      const y = [-1.5, 3.5, -1.5, -2.5]
      expect(await dense(first, 'forward')).toEqual({ y })
      expect(await dense(second, 'backward', { y: tensor([2, 2], [1, 0, 0, 2]) })).toEqual({
        x: [1, 0, -1, 4, 2, 0],
        w: [1, 2, 3, -2, 0, 2],
        b: [1, 2],
      })
      await second.close()
      expect(await dense(first, 'forward')).toEqual({ y })
      expect(first.fingerprint).toMatchObject({ name: first.name, kind: 'embedded-software' })
      await first.close()
    },
    60_000,
  )

  test.each(withGpu)(
    '$name opened in the place of one that hung works when that is closed, and closed again',
    async ({ open }) => {
      const first = getOrThrow(await open({ gpu: openGpu('software') })())
      const second = getOrThrow(await open({ gpu: openGpu('software') })())
      await first.close()
      await first.close()
      expect(await dense(second, 'forward')).toEqual({ y: [-1.5, 3.5, -1.5, -2.5] })
      await second.close()
    },
    60_000,
  )

  test.each(withGpu)(
    '$name leaves the globals of the process as they were',
    async ({ open }) => {
      const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
      const backend = getOrThrow(await open({ gpu: openGpu('software') })())
      expect(Reflect.get(globalThis, 'GPUBufferUsage')).toBeDefined()
      await backend.close()
      expect(Object.getOwnPropertyDescriptor(globalThis, 'navigator')).toEqual(before)
      expect(Reflect.get(globalThis, 'GPUBufferUsage')).toBeUndefined()
    },
    60_000,
  )

  test('onnxruntime-webgpu says that it runs in a browser only', async () => {
    const { open } = adapters.find(({ name }) => name === onlyInBrowsers)!
    expect(await open({ gpu: openGpu('software') })()).toEqual(
      E.left({ code: 'BackendUnavailable', message: 'onnxruntime-webgpu runs in a browser only: add --browser' }),
    )
  })

  test.each(withGpu)('$name says that it wants a WebGPU where it is given none', async ({ name, open }) => {
    expect(await open({})()).toEqual(
      E.left({
        code: 'BackendUnavailable',
        message: `${name} wants a WebGPU implementation, and was given none`,
      }),
    )
  })
})
