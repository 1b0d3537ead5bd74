import { either as E } from 'fp-ts'
import { afterEach, describe, expect, test } from 'vitest'
import { acquireDevice, openGpu } from './given.js'

const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
const put = (name: string, value: unknown): void =>
  void Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
afterEach(() => {
  if (before === undefined) Reflect.deleteProperty(globalThis, 'navigator')
  else Object.defineProperty(globalThis, 'navigator', before)
  Reflect.deleteProperty(globalThis, 'isSecureContext')
})

const info = { vendor: 'google', architecture: 'swiftshader', device: '', description: '', isFallbackAdapter: true }

/** A browser whose WebGPU offers an adapter, or none. */
const browser = (adapter: object | null) => ({
  userAgent: 'Chrome/147',
  gpu: { requestAdapter: async () => adapter },
})
const device = { queue: {}, limits: { maxBufferSize: 7 }, features: new Set(['subgroups']), lost: new Promise(() => 0) }
const adapter = { info, limits: { maxBufferSize: 7 }, features: new Set(), requestDevice: async () => device }

const errorOf = <A>(result: E.Either<{ readonly code: string; readonly message: string }, A>): string =>
  E.isLeft(result) ? `${result.left.code}: ${result.left.message}` : 'no error'

describe('the WebGPU of a browser', () => {
  test('that has none is told of, and where a page could have it', async () => {
    put('navigator', {})
    expect(errorOf(await acquireDevice('auto')())).toMatch(/^BackendUnavailable: .*this browser has none/)
    put('isSecureContext', false)
    expect(errorOf(await openGpu('auto')())).toMatch(/^BackendUnavailable: .*https: or localhost/)
  })

  test('that offers no adapter, or software where a GPU is wanted, is told of', async () => {
    put('navigator', browser(null))
    expect(errorOf(await acquireDevice('auto')())).toBe('BackendUnavailable: WebGPU offers no adapter')
    expect(errorOf(await acquireDevice('software')())).toBe('BackendUnavailable: WebGPU offers no software adapter')
    put('navigator', browser(adapter))
    expect(errorOf(await acquireDevice('gpu')())).toMatch(
      /^BackendUnavailable: .*google swiftshader, which is software/,
    )
  })

  test('that throws gives no device, and a limit beyond the adapter is one', async () => {
    put('navigator', { gpu: { requestAdapter: () => Promise.reject(new Error('the GPU process is gone')) } })
    expect(errorOf(await acquireDevice('auto')())).toBe(
      'BackendUnavailable: WebGPU gave no device: the GPU process is gone',
    )
    put('navigator', browser(adapter))
    expect(errorOf(await acquireDevice('auto', { limits: { maxBufferSize: 8 } })())).toMatch(/^LimitExceeded: /)
  })

  test('has the adapter and the browser in its fingerprint', async () => {
    put('navigator', browser(adapter))
    const acquired = await acquireDevice('auto')()
    const expected = { kind: 'software', vendor: 'google', maxBufferSize: 7, userAgent: 'Chrome/147' }
    expect(E.isRight(acquired) && acquired.right.fingerprint).toMatchObject(expected)
    const opened = await openGpu('auto')()
    expect(E.isRight(opened) && opened.right.fingerprint).toMatchObject(expected)
  })

  test('may be handed over: a GPU, or a device, which has the limits that it has', async () => {
    const { gpu } = browser({ ...adapter, info: { ...info, architecture: 'ampere', isFallbackAdapter: false } })
    const given = await acquireDevice(gpu as unknown as GPU)()
    expect(E.isRight(given) && given.right.fingerprint).toMatchObject({ kind: 'hardware', architecture: 'ampere' })
    const own = await acquireDevice(device as unknown as GPUDevice)()
    expect(E.isRight(own) && own.right.fingerprint).toMatchObject({ subgroups: true, maxBufferSize: 7, vendor: '' })
    const limited = await acquireDevice(device as unknown as GPUDevice, { limits: { maxBufferSize: 7 } })()
    expect(errorOf(limited)).toMatch(/^AttributeOutOfRange: /)
  })

  test.each([[undefined], [null], [{}], ['gpus'], [7]])('is not %j', async (source) => {
    expect(errorOf(await acquireDevice(source as unknown as GPU)())).toMatch(
      /^BackendUnavailable: a device is wanted from 'auto', 'gpu', 'software', a GPU such as navigator.gpu, or a GPUDevice; found /,
    )
  })
})
