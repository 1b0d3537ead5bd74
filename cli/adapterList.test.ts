import { taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { adapters } from '../adapters/index.js'
import type { Adapter } from '../spec/adapter.js'
import { etalonError } from '../spec/error.js'
import { backendListing, listBackendsAt } from './adapterList.js'

const absent: Adapter = {
  name: 'nobodys',
  about: 'a library that nobody has published and that therefore nobody has installed anywhere',
  packages: { '@etalon-tests/nobodys-library': '^1.0.0' },
  install: 'npm install @etalon-tests/nobodys-library@1.0.0 @etalon-tests/nobodys-other-library@1.0.0',
  supports: (op, direction) => op === 'relu' || (op === 'tanh' && direction === 'forward'),
  open: () => TE.left(etalonError('BackendUnavailable', 'nobody has it')),
}

const printed = async (json: boolean, among?: readonly Adapter[]) => {
  const out: string[] = []
  const code = await listBackendsAt({ write: (text) => out.push(text) }, json, among)
  return { code, text: out.join('') }
}

describe('etalon backends', () => {
  test('names our own and every adapter', async () => {
    const { code, text } = await printed(false)
    expect(code).toBe(0)
    for (const name of ['webgpu', 'plain-f32', ...adapters.map((adapter) => adapter.name)])
      expect(text).toMatch(new RegExp(`^${name} +\\S`, 'm'))
  }, 30_000)

  test('says how to install what is missing, in 80 columns', async () => {
    const { text } = await printed(false, [absent])
    expect(text).toMatch(/^nobodys +no +2 +1$/m)
    expect(text).toMatch(/^ {4}npm install @etalon-tests\/nobodys-library@1\.0\.0$/m)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('finds the version of what is installed', async () => {
    const tfjs = adapters.filter(({ name }) => name === 'tfjs-cpu')
    const listed = await backendListing(tfjs)
    expect(listed.find(({ name }) => name === 'tfjs-cpu')?.installed).toMatch(/^4\.\d+\.\d+$/)
  })

  test('is an object a line as JSON, with the directions of every op', async () => {
    const { text } = await printed(true, [absent])
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(lines.map(({ name }) => name)).toEqual(['webgpu', 'plain-f32', 'nobodys'])
    expect(lines[2]).toMatchObject({
      installed: null,
      install: absent.install,
      ops: { relu: ['forward', 'backward'], tanh: ['forward'] },
    })
  })
})
