import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeConformance } from './vitest.js'

/*
 * The suite of Vitest as a backend's own project has it: a folder far from this one, whose tests a Vitest of its own runs. Its
 * backend has a gradient of ReLU that is wrong, one of tanh that is known to be, and no ELU.
 */

const repository = fileURLToPath(new URL('..', import.meta.url))

const backend = `import { appendFileSync } from 'node:fs'
import { fromKernels, mapTensor, unsupported, zipTensors } from 'etalon'

const log = (line) => appendFileSync(new URL('log.txt', import.meta.url), line + '\\n')

export const open = async () => {
  log('open')
  const made = fromKernels('mine', {
    relu: {
      forward: (_attrs, { x }) => ({ y: mapTensor((v) => Math.max(0, v), x) }),
      backward: (_attrs, _inputs, { y: dy }) => ({ x: dy }),
    },
    tanh: {
      forward: (_attrs, { x }) => ({ y: mapTensor(Math.tanh, x) }),
      backward: (_attrs, { x }, { y: dy }) => ({ x: zipTensors([x, dy], (v, d) => d * (1 - Math.tanh(v))) }),
    },
    sigmoid: { forward: () => unsupported('not on Sundays') },
  })
  return {
    ...made,
    run: (program, ...rest) => {
      log(program.nodes.map(({ op, direction }) => op + ' ' + direction).join())
      return made.run(program, ...rest)
    },
    close: async () => log('close'),
  }
}
`

const suite = `import { describeConformance } from 'etalon/vitest'
import { open } from './mine.js'

describeConformance(open, {
  ops: ['relu', 'tanh', 'elu', 'sigmoid'],
  file: './mine.ts',
  shrinkTime: 1,
  known: [
    { op: 'tanh', direction: 'backward', reason: 'issue 7', expires: '2999-12-31' },
    { op: 'relu', direction: 'forward', reason: 'long mended', expires: '2999-12-31' },
  ],
})
`

const config = `export default {
  resolve: {
    alias: [
      { find: /^etalon\\/vitest$/, replacement: ${JSON.stringify(join(repository, 'cli/vitest.ts'))} },
      { find: /^etalon$/, replacement: ${JSON.stringify(join(repository, 'spec/index.ts'))} },
    ],
  },
  test: { pool: 'forks' },
}
`

interface Assertion {
  readonly fullName: string
  readonly status: string
  readonly failureMessages: readonly string[]
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon-vitest-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(join(repository, 'node_modules', 'vitest'), join(folder, 'node_modules', 'vitest'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }))
  await writeFile(join(folder, 'mine.js'), backend)
  await writeFile(join(folder, 'conformance.test.js'), suite)
  await writeFile(join(folder, 'vitest.config.mjs'), config)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|TEST$|VITE_|NODE_ENV|GITHUB_)/.test(name)),
)

/** Runs that project's tests: each with how it ended, what was printed, and what the backend was asked. */
const run = async (...args: readonly string[]) => {
  await rm(join(folder, 'log.txt'), { force: true })
  const { code, text } = await new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(
      process.execPath,
      [
        join(repository, 'node_modules', 'vitest', 'vitest.mjs'),
        ...['run', '--reporter=verbose', '--reporter=json', '--outputFile.json=out.json', ...args],
      ],
      { cwd: folder, env: { ...environment, NO_COLOR: '1' } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, text: stdout + stderr }),
    )
  })
  const { testResults } = JSON.parse(await readFile(join(folder, 'out.json'), 'utf8')) as {
    readonly testResults: readonly { readonly assertionResults: readonly Assertion[] }[]
  }
  const log = (await readFile(join(folder, 'log.txt'), 'utf8').catch(() => '')).trim().split('\n')
  return { code, text, tests: testResults.flatMap(({ assertionResults }) => assertionResults), log }
}

describe('describeConformance, in a project of its own', () => {
  it('has a test for each op and direction, which says what is wrong, known, or not there', async () => {
    const { code, text, tests, log } = await run()
    const endings = Object.fromEntries(tests.map(({ fullName, status }) => [fullName, status]))
    expect([text, endings]).toEqual([
      text,
      {
        'conformance sigmoid forward': 'skipped',
        'conformance sigmoid backward': 'skipped',
        'conformance tanh forward': 'passed',
        'conformance tanh backward': 'passed',
        'conformance relu forward': 'failed',
        'conformance relu backward': 'failed',
        'conformance elu forward': 'skipped',
        'conformance elu backward': 'skipped',
      },
    ])
    expect(code).toBe(1)
    const messageOf = (name: string) =>
      tests.find(({ fullName }) => fullName.endsWith(name))?.failureMessages.join() ?? ''
    const wrong = messageOf('relu backward')
    expect(wrong).toMatch(/^not conformant: relu backward: not-conformant, \d+ of \d+ cases failed/)
    expect(wrong).toMatch(/x\[\d*\] = -\d/)
    expect(wrong).toMatch(/got \S+, want 0\n {4}error \S+, bound 0/)
    expect(wrong).toMatch(/etalon replay --backend \.\/mine\.ts relu\/backward\/1\/\d+@\d+/)
    expect(wrong).toContain("etalon replay --backend ./mine.ts '{")
    expect(messageOf('relu forward')).toContain('it is known to fail, and does not as is said: long mended')
    expect(text).toMatch(/known: tanh backward: not-conformant, .* issue 7 \(until 2999-12-31\)/)
    expect(text).toContain('mine has no elu forward')
    expect(text).toContain('not on Sundays')
    expect(log.at(-1)).toBe('close')
    // as often closed as opened, those that were opened to see a failure alone as well
    expect(log.filter((line) => line === 'open').length).toBe(log.filter((line) => line === 'close').length)
  })

  it('asks nothing of what a filter leaves out', async () => {
    const { code, tests, log } = await run('-t', 'tanh forward')
    expect(code).toBe(0)
    expect(tests.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName)).toEqual([
      'conformance tanh forward',
    ])
    expect([log[0], log.at(-1)]).toEqual(['open', 'close'])
    // besides what finds out how the backend rounds
    expect(log.slice(1, -1).filter((line) => line !== 'tanh forward' && !line.startsWith('add'))).toEqual([])
  })
})

describe('describeConformance', () => {
  it('refuses an op that there is none of, and an entry that is out of date', () => {
    expect(() => describeConformance('plain-f32', { ops: ['relv'] })).toThrow('relv')
    expect(() =>
      describeConformance('plain-f32', { known: [{ op: 'relu', reason: 'why', expires: '2020-01-01' }] }),
    ).toThrow('expired on 2020-01-01')
  })
})
