import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from './testing/bundled.js'

/*
 * The action's step as a runner runs it: its text in bash, its inputs in the environment, in a project whose etalon is this
 * checkout's and whose gradient of ReLU is wrong.
 */

const repository = fileURLToPath(new URL('..', import.meta.url))
const words = [process.execPath, ...command].map((word) => `"${word}"`).join(' ')

/** What is indented below a line that is just this, down to where something is as far out again. */
const below = (text: string, line: string): readonly string[] => {
  const lines = text.split('\n')
  const at = lines.findIndex((one) => one.trim() === line)
  const indent = (one: string): number => /^ */.exec(one)?.[0].length ?? 0
  const out = indent(lines[at] ?? '')
  const rest = lines.slice(at + 1)
  const end = rest.findIndex((one) => one.trim() !== '' && indent(one) <= out)
  const body = end < 0 ? rest : rest.slice(0, end)
  return body.map((one) => one.slice(indent(body[0] ?? '')))
}

const action = await readFile(join(repository, 'action.yml'), 'utf8')
const script = below(action, 'run: |').join('\n')

/** The defaults of the inputs. */
const defaults = Object.fromEntries(
  below(action, 'inputs:')
    .join('\n')
    .split(/\n(?=\S)/)
    .map((entry) => {
      const [name = ''] = /^[\w-]+/.exec(entry) ?? []
      return [name, /^ +default: '?(.*?)'?$/m.exec(entry)?.[1] ?? ''] as const
    }),
)

/** The environment that some inputs make. */
const environmentOf = (inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    below(action, 'env:').map((line) => {
      const [, name = '', input = ''] = /^(\w+): \$\{\{ inputs\.([\w-]+) \}\}$/.exec(line) ?? []
      expect([line, Object.hasOwn(defaults, input)]).toEqual([line, true])
      return [name, inputs[input] ?? defaults[input] ?? '']
    }),
  )

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon action '))
  await mkdir(join(folder, 'node_modules', '.bin'), { recursive: true })
  const shim = join(folder, 'node_modules', '.bin', 'etalon')
  await writeFile(shim, `#!/bin/sh\nexec ${words} "$@"\n`)
  await chmod(shim, 0o755)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const code = (gradient: string): string => `
    const map = (f) => ({ shape, data }) => ({ shape, data: Array.from(data, f) })
    export default {
      name: 'mine', fingerprint: { name: 'mine' }, dials: false, supports: (op) => op === 'relu', close: async () => {},
      run: ({ nodes: [{ direction, inputs, outputs }] }, feeds) => async () => {
        const value = (name) => feeds[inputs[name] ?? name]
        const x = value('x')
        const answer = direction === 'forward' ? map((v) => (v < 0 ? 0 : v))(x) : ${gradient}
        return { _tag: 'Right', right: Object.fromEntries(Object.values(outputs).map((name) => [name, answer])) }
      },
    }`
  await writeFile(join(folder, 'wrong.mjs'), code('Object.entries(feeds).find(([name]) => /y/.test(name))[1]'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const step = async (inputs: Readonly<Record<string, string>>) => {
  const [output, summary] = [join(folder, 'output'), join(folder, 'summary')]
  await writeFile(output, '')
  await writeFile(summary, '')
  const ran = await new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script],
      {
        cwd: folder,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: folder,
          GITHUB_ACTIONS: 'true',
          GITHUB_OUTPUT: output,
          GITHUB_STEP_SUMMARY: summary,
          ...environmentOf(inputs),
        },
      },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, text: stdout + stderr }),
    )
  })
  return { ...ran, outputs: await readFile(output, 'utf8'), summary: await readFile(summary, 'utf8') }
}

describe('the action', () => {
  it('says what is wrong, in annotations, the summary, JUnit and its outputs', async () => {
    const { code, text, outputs, summary } = await step({ backend: './wrong.mjs', ops: 'relu', junit: 'out.xml' })
    expect([text, code]).toEqual([text, 1])
    expect(outputs).toBe('verdict=not-conformant\nreport=./etalon-report.jsonl\n')
    expect(text).toMatch(/^::error title=/m)
    expect(summary).toContain('relu')
    expect(await readFile(join(folder, 'out.xml'), 'utf8')).toContain('<failure')
    expect(await readFile(join(folder, 'etalon-report.jsonl'), 'utf8')).toContain('"op":"relu"')
  })

  it('fails beside a baseline for what fails newly, and for nothing else', async () => {
    const base = { backend: './wrong.mjs', ops: 'relu', baseline: 'etalon-report.jsonl', report: 'again.jsonl' }
    const same = await step(base)
    expect([same.text, same.code]).toEqual([same.text, 0])
    expect(same.outputs).toContain('verdict=not-conformant')
  })

  it('passes on what it is given as it is, a part of the run and what is no backend among it', async () => {
    const part = await step({
      ...{ backend: './wrong.mjs', ops: 'relu', direction: 'forward', shard: '1', shards: '2' },
      ...{ args: '--non-finite told --quiet', report: 'a report.jsonl' },
    })
    expect(await readFile(join(folder, 'a report.jsonl'), 'utf8').catch(() => part.text)).toContain('"shard"')
    const none = await step({ backend: "./none.mjs'; touch harm; '", ops: 'relu' })
    expect([none.code, none.outputs]).toEqual([2, 'verdict=no-verdict\nreport=./etalon-report.jsonl\n'])
    await expect(readFile(join(folder, 'harm'))).rejects.toThrow('ENOENT')
  })
})
