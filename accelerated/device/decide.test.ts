import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  cacheFolders,
  chooseAdapter,
  embeddedAnswered,
  embeddedRunsOn,
  featuresToRequest,
  fingerprintOf,
  isSoftware,
  isTrustworthy,
  limitsToRequest,
  neither,
  saysLibraryIsMissing,
  type AdapterFacts,
} from './decide.js'

const nvidia: AdapterFacts = {
  vendor: 'nvidia',
  architecture: 'hopper',
  device: '0x2335',
  description: 'NVIDIA: 570.0',
  isFallbackAdapter: false,
  subgroupMinSize: 32,
  subgroupMaxSize: 32,
}
const lavapipe: AdapterFacts = {
  ...nvidia,
  vendor: 'mesa',
  architecture: '',
  device: '0x0000',
  description: 'llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)',
  isFallbackAdapter: true,
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
}
const x64 = { os: 'linux', cpu: 'x64' }
const mac = { os: 'darwin', cpu: 'arm64' }
const offers = (facts: AdapterFacts) => ({ found: 'adapter', facts }) as const
const nothing = { found: 'nothing', reason: 'no Vulkan loader (libvulkan.so.1) is installed' } as const

const messageIn = (result: E.Either<{ readonly message: string }, unknown>): string =>
  E.isLeft(result) ? result.left.message : ''
const codeIn = (result: E.Either<{ readonly code: string }, unknown>): string =>
  E.isLeft(result) ? result.left.code : 'no error'

describe('device choice', () => {
  it('auto takes a hardware GPU where there is one', () => {
    expect(chooseAdapter('auto', offers(nvidia), x64)).toEqual(E.right('hardware'))
  })
  it("auto takes the system's software adapter before the embedded one", () => {
    expect(chooseAdapter('auto', offers(lavapipe), x64)).toEqual(E.right('system-software'))
  })
  it('auto takes the embedded adapter when the system has none', () => {
    expect(chooseAdapter('auto', nothing, x64)).toEqual(E.right('embedded-software'))
  })
  it('auto fails in plain words where the embedded adapter cannot run', () => {
    const result = chooseAdapter('auto', nothing, mac)
    expect(codeIn(result)).toBe('BackendUnavailable')
    expect(messageIn(result)).toContain('linux-x64')
    expect(messageIn(result)).toContain('darwin-arm64')
  })
  it('where the embedded adapter fails as well, both reasons are told', () => {
    const error = neither(nothing)({ code: 'BackendUnavailable', message: 'it is not installed' })
    expect(error.code).toBe('BackendUnavailable')
    expect(error.message).toContain(nothing.reason)
    expect(error.message).toContain('it is not installed')
  })
  it('gpu is a hardware GPU', () => {
    expect(chooseAdapter('gpu', offers(nvidia), mac)).toEqual(E.right('hardware'))
  })
  it('gpu refuses a software adapter, names it, and says what to install', () => {
    const result = chooseAdapter('gpu', offers(lavapipe), x64)
    expect(codeIn(result)).toBe('BackendUnavailable')
    expect(messageIn(result)).toContain('llvmpipe')
    expect(messageIn(result)).toContain('libvulkan1')
  })
  it('gpu refuses no adapter, and passes the reason on', () => {
    expect(messageIn(chooseAdapter('gpu', nothing, x64))).toContain(nothing.reason)
  })
  it('a processor is software even when its driver does not say so', () => {
    expect(isSoftware({ ...lavapipe, isFallbackAdapter: false })).toBe(true)
    expect(isSoftware({ ...nvidia, description: 'SwiftShader driver 5.0.0' })).toBe(true)
    expect(isSoftware(nvidia)).toBe(false)
  })
  it('the embedded adapter runs on x86-64 Linux only', () => {
    expect(E.isRight(embeddedRunsOn(x64))).toBe(true)
    expect(codeIn(embeddedRunsOn({ os: 'linux', cpu: 'arm64' }))).toBe('BackendUnavailable')
    expect(codeIn(embeddedRunsOn({ os: 'win32', cpu: 'x64' }))).toBe('BackendUnavailable')
  })
  it("software is not the system's adapter under the embedded one's name", () => {
    expect(E.isRight(embeddedAnswered({ ...lavapipe, vendor: 'google', architecture: 'swiftshader' }))).toBe(true)
    expect(messageIn(embeddedAnswered(lavapipe))).toContain('llvmpipe')
    expect(codeIn(embeddedAnswered(nvidia))).toBe('BackendUnavailable')
  })
})

describe('device limits', () => {
  const most = { maxBufferSize: 1024, minStorageBufferOffsetAlignment: 32 }

  it("all of the adapter's limits are asked for when none is wanted", () => {
    expect(limitsToRequest(most, {})).toEqual(E.right(most))
  })
  it('a wanted limit takes the place of the maximum', () => {
    expect(limitsToRequest(most, { maxBufferSize: 512 })).toEqual(E.right({ ...most, maxBufferSize: 512 }))
    expect(limitsToRequest(most, { maxBufferSize: 1024 })).toEqual(E.right(most))
  })
  it('one byte more than the adapter has is LimitExceeded, with both numbers', () => {
    const result = limitsToRequest(most, { maxBufferSize: 1025 })
    expect(codeIn(result)).toBe('LimitExceeded')
    expect(messageIn(result)).toMatch(/1025.*1024/)
  })
  it('an alignment is exceeded downwards', () => {
    expect(codeIn(limitsToRequest(most, { minStorageBufferOffsetAlignment: 16 }))).toBe('LimitExceeded')
    expect(E.isRight(limitsToRequest(most, { minStorageBufferOffsetAlignment: 256 }))).toBe(true)
  })
  it('an unknown limit or a fraction is AttributeOutOfRange', () => {
    expect(codeIn(limitsToRequest(most, { maxSpeed: 1 }))).toBe('AttributeOutOfRange')
    expect(codeIn(limitsToRequest(most, { maxBufferSize: 1.5 }))).toBe('AttributeOutOfRange')
    expect(codeIn(limitsToRequest(most, { maxBufferSize: NaN }))).toBe('AttributeOutOfRange')
    expect(codeIn(limitsToRequest(most, { maxBufferSize: -1 }))).toBe('AttributeOutOfRange')
  })
})

describe('device facts', () => {
  it('features are asked for only where offered', () => {
    expect(featuresToRequest(new Set(['subgroups', 'shader-f16']))).toEqual(['subgroups'])
    expect(featuresToRequest(new Set())).toEqual([])
  })
  it('the fingerprint is flat and names kind, driver, limits, features and versions', () => {
    const print = fingerprintOf({
      kind: 'hardware',
      facts: nvidia,
      limits: { maxBufferSize: 1024, maxTextureDimension1D: 1 },
      features: new Set(['timestamp-query', 'subgroups']),
      versions: { webgpu: '0.6.2' },
    })
    expect(print).toMatchObject({
      kind: 'hardware',
      description: 'NVIDIA: 570.0',
      maxBufferSize: 1024,
      features: 'subgroups timestamp-query',
      subgroups: true,
      subgroupMaxSize: 32,
      webgpu: '0.6.2',
    })
    expect(print).not.toHaveProperty('maxTextureDimension1D')
    expect(print).not.toHaveProperty('maxStorageBufferBindingSize')
  })
  it('a missing Vulkan loader is told from one that is there', () => {
    expect(saysLibraryIsMissing('libvulkan.so.1: cannot open shared object file: No such file or directory')).toBe(true)
    expect(saysLibraryIsMissing("Module did not self-register: 'libvulkan.so.1'.")).toBe(false)
    expect(saysLibraryIsMissing('libxcb.so.1: cannot open shared object file: No such file or directory')).toBe(false)
  })
})

describe('embedded adapter cache', () => {
  const from = { xdgCacheHome: undefined, home: '/home/ada', temporary: '/tmp', user: 7 }

  it("is in the user's cache folder, else among the temporary files", () => {
    expect(cacheFolders(from)).toEqual(['/home/ada/.cache/etalon', '/tmp/etalon-7'])
    expect(cacheFolders({ ...from, xdgCacheHome: '/c' })).toEqual(['/c/etalon', '/tmp/etalon-7'])
    expect(cacheFolders({ ...from, xdgCacheHome: 'relative' })).toEqual(['/home/ada/.cache/etalon', '/tmp/etalon-7'])
    expect(cacheFolders({ ...from, home: undefined })).toEqual(['/tmp/etalon-7'])
  })
  it('is not used when another user could have written to it', () => {
    const mine = { owner: 7, mode: 0o40700, isFolder: true }
    expect(isTrustworthy(mine, 7)).toBe(true)
    expect(isTrustworthy({ ...mine, owner: 0 }, 7)).toBe(true)
    expect(isTrustworthy({ ...mine, owner: 8 }, 7)).toBe(false)
    expect(isTrustworthy({ ...mine, mode: 0o40777 }, 7)).toBe(false)
    expect(isTrustworthy({ ...mine, isFolder: false }, 7)).toBe(false)
  })
})
