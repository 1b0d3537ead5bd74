import { either as E, taskEither as TE } from 'fp-ts'
import { expect, test } from 'vitest'
import type { OpenedGpu } from '../spec/adapter.js'
import type { Backend } from '../spec/backend.js'
import { tensor } from '../spec/tensor.js'
import { asInBrowser, hearing, heeding } from './install.js'

const program = { inputs: {}, nodes: [], outputs: [], carry: {} }

/** A WebGPU whose devices refuse what they are told to, and what of it came to be heard by nobody. */
const opened = () => {
  const unheard: string[] = []
  class Device extends EventTarget {
    readonly limits = { maxBufferSize: 7 }
    refuse(message: string): void {
      const event = new Event('uncapturederror', { cancelable: true })
      Object.assign(event, { error: { message } })
      if (this.dispatchEvent(event)) unheard.push(message)
    }
  }
  class Adapter {
    // what is private is only there for the object itself, as in a browser
    readonly #name = 'a'
    get info() {
      return this.#name
    }
    requestDevice() {
      return Promise.resolve(new Device())
    }
  }
  const gpu = { requestAdapter: () => Promise.resolve(new Adapter()), wgslLanguageFeatures: new Set(['one']) }
  return {
    unheard,
    // of WebGPU's interfaces as much as is asked for here
    own: { gpu, globals: {}, fingerprint: {}, close: () => Promise.resolve() } as unknown as OpenedGpu,
  }
}

const here = () => (Reflect.get(globalThis, 'navigator') as Navigator).gpu

test('a library whose device refused part of the work has not answered', async () => {
  const { unheard, own } = opened()
  const { hear, complaints } = hearing()
  const restore = asInBrowser(own, hear)
  const adapter = await here().requestAdapter()
  expect(adapter?.info).toBe('a')
  expect(here().wgslLanguageFeatures.has('one')).toBe(true)
  const device = (await adapter?.requestDevice()) as GPUDevice & { refuse(message: string): void }
  expect(device.limits.maxBufferSize).toBe(7)
  restore()

  const answers = { y: tensor([1], [0]) }
  const working = (refused: readonly string[]): Backend => {
    const run = () => async () => {
      refused.forEach((message) => device.refuse(message))
      return Promise.resolve(E.right(answers))
    }
    return {
      name: 'theirs',
      fingerprint: {},
      supports: () => true,
      run,
      open: () => TE.right({ step: run, run, state: run(), close: () => Promise.resolve() }),
      close: () => Promise.resolve(),
    }
  }
  const refusal = E.left({ code: 'Thrown', message: 'its device refused part of the work: a binding is too large' })
  const wrong = heeding(working(['a binding is too large\n - While calling it', 'and so on']), complaints)
  expect(await wrong.run(program, {})()).toEqual(refusal)
  const session = await wrong.open?.(program, {})()
  if (session === undefined || E.isLeft(session)) throw new Error('no session')
  expect(await session.right.step({})()).toEqual(refusal)
  expect(await session.right.run(program, {})()).toEqual(refusal)
  expect(await session.right.state()).toEqual(refusal)
  // what others did before is not its own
  device.refuse('of somebody before')
  expect(await heeding(working([]), complaints).run(program, {})()).toEqual(E.right(answers))
  expect(unheard).toEqual([])
})

test.each([
  ['the first closes first', [0, 1]],
  ['the last closes first', [1, 0]],
  ['one closes twice', [0, 0, 1]],
])('what a browser has is there while anybody needs it: %s', (_, order) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  // the same implementation, as one that is opened anew has it
  const { own } = opened()
  const restores = [1, 2].map((usage) => asInBrowser({ ...own, globals: { GPUUsageOfTest: usage } }))
  const needed = () =>
    Reflect.has(globalThis, 'GPUUsageOfTest') && 'gpu' in (Reflect.get(globalThis, 'navigator') as object)
  for (const at of order.slice(0, -1)) {
    restores[at]?.()
    expect(needed()).toBe(true)
  }
  restores[order.at(-1) as number]?.()
  expect(Reflect.has(globalThis, 'GPUUsageOfTest')).toBe(false)
  expect(Object.getOwnPropertyDescriptor(globalThis, 'navigator')).toEqual(before)
})

test('where nobody listens, the complaint goes where it went', async () => {
  const { unheard, own } = opened()
  const restore = asInBrowser(own)
  // it is the class above, which TypeScript takes for a browser's
  const device = (await (await here().requestAdapter())?.requestDevice()) as unknown as {
    refuse(message: string): void
  }
  restore()
  device.refuse('too large')
  expect(unheard).toEqual(['too large'])
})
