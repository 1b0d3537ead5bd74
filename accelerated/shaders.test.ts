import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AcquiredDevice } from './device/index.js'
import { acquireDevice } from './device/index.js'
import type { Access, Kernel } from './kernel.js'
import { shaderOf } from './kernel.js'
import { everyKernel } from './testing/kernels.js'
import { embedded } from './testing/recorded.js'

const variants: Readonly<Record<string, Access>> = {
  'one binding': { segments: 1, based: false },
  'one binding from a base on': { segments: 1, based: true },
  'two segments': { segments: 2, based: false },
  'two segments from a base on': { segments: 2, based: true },
}

const textOf = ({ reads, writes, ...rest }: Kernel, access: Access): string =>
  shaderOf({ reads, writes, ...rest }, Object.fromEntries([...reads, ...writes].map((name) => [name, access])), 2 ** 25)

const withoutComments = (code: string): string => code.replace(/\/\/.*$/gm, '')

describe.runIf(embedded)('every kernel text', () => {
  let acquired: AcquiredDevice
  beforeAll(async () => {
    const result = await acquireDevice('software')()
    if (E.isLeft(result)) throw new Error(result.left.message)
    acquired = result.right
  })
  afterAll(() => acquired.release())

  test('is found, under a name of its own', () => {
    expect(everyKernel.length).toBeGreaterThan(40)
    const names = everyKernel.map(({ name, per, code }) => `${name} ${per} ${code}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test.each(Object.entries(variants))('compiles without a word from the compiler: %s', async (_, access) => {
    const messages = await Promise.all(
      everyKernel.map(async (kernel) => {
        acquired.device.pushErrorScope('validation')
        const module = acquired.device.createShaderModule({ code: textOf(kernel, access) })
        const info = await module.getCompilationInfo()
        const error = await acquired.device.popErrorScope()
        return [
          ...info.messages.map(
            ({ type, lineNum, message }) => `${kernel.name}: ${type} in line ${lineNum}: ${message}`,
          ),
          ...(error ? [`${kernel.name}: ${error.message}`] : []),
        ]
      }),
    )
    expect(messages.flat()).toEqual([])
  })

  test.each([
    ['the built-in tanh, which may err and overflow', /\btanh\s*\(/],
    ['the built-in pow, which is exp2 of a product', /\bpow\s*\(/],
    ['a comparison with itself, which a compiler may take for true', /\b(\w+(?:\.\w+)*)\s*[!=]=\s*\1\b(?!\s*[.([])/],
    ['a feature that only some implementations have', /\b(enable|requires|f16)\b/],
  ])('is free of %s', (_, pattern) => {
    const guilty = everyKernel.filter(({ code }) => pattern.test(withoutComments(code))).map(({ name }) => name)
    expect(guilty).toEqual([])
  })

  test('speaks of subgroups only where it is for them, and there only broadcasts a lane', () => {
    const spoken = (code: string): readonly string[] => withoutComments(code).match(/\bsubgroup\w*/g) ?? []
    const guilty = everyKernel.filter(
      ({ per, code }) => !spoken(code).every((word) => per === 'subgroup' && word === 'subgroupBroadcast'),
    )
    expect(guilty.map(({ name }) => name)).toEqual([])
  })

  test('initialises what it declares, for not every implementation zeros a variable in a loop', () => {
    const guilty = everyKernel.filter(({ code }) => /^\s*var\s+\w+\s*(:[^=;]*)?;/m.test(code)).map(({ name }) => name)
    expect(guilty).toEqual([])
  })
})
