import { describe, expect, expectTypeOf, test } from 'vitest'
import type * as inBrowser from '../../accelerated/browser.js'
import type * as inNode from '../../accelerated/index.js'
import { browserEntries, bundled } from './entries.js'

const entries = [...browserEntries()]

// what only Node has; a bundler for browsers refuses the modules, and lets the globals pass
const ofNode = /\bprocess\b|\bBuffer\b|\brequire\(|__dirname|\bsetImmediate\b/

/**
 * A bundle's code of our own, without what it says to people and in comments. A library may ask whether it is in Node; what
 * it would load there is refused by the bundler.
 */
const ownCode = (text: string): string =>
  text
    .split(/^(?= *\/\/ \S+$)/m)
    .filter((part) => !/^ *\/\/ node_modules\//.test(part))
    .join('')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '""')

describe('entries for browsers', () => {
  test('are all that the package has but what asks for Node', () => {
    expect(entries.map(([name]) => name)).toEqual([
      'etalon',
      'etalon/reference',
      'etalon/accelerated',
      'etalon/conformance',
      'etalon/training',
      'etalon/formats',
      'etalon/adapters/index',
      'etalon/adapters/jaxJs',
      'etalon/adapters/onnxruntimeWeb',
      'etalon/adapters/plainF32',
      'etalon/adapters/tfjs',
    ])
  })

  test.each(entries)('%s is bundled for a browser with nothing of Node in it', async (_, source) => {
    const { text, inputs } = await bundled(source, false)
    expect(inputs.length).toBeGreaterThan(1)
    expect(inputs.filter((file) => /tar-stream|device\/(load|embedded|index)\./.test(file))).toEqual([])
    expect(/["'`]node:|tar-stream/.exec(text)?.[0]).toBeUndefined()
    expect(ofNode.exec(ownCode(text))?.[0]).toBeUndefined()
  })

  test('an entry that asks for Node is refused', async () => {
    await expect(bundled('accelerated/index.ts', false)).rejects.toThrow(/node:fs/)
  })

  test('etalon/accelerated has the same names and types in both', () => {
    expectTypeOf<typeof inBrowser>().toEqualTypeOf<typeof inNode>()
  })
})
