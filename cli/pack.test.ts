import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/*
 * The package as a stranger meets it: built, packed, and installed by npm in an empty folder far from this one, so that
 * a file left out of the tarball, a dependency that only development installs, or an import that only tsx resolves is
 * found here and not there. npm takes the newest dependencies that the ranges allow, as it will for the stranger.
 */

const repository = join(dirname(fileURLToPath(import.meta.url)), '..')
const typescript = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
const isUnderway = !existsSync(join(repository, 'conformance', 'index.ts'))

// what npm tells its own scripts about this package would mislead the npm and the bin that are started for another
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle)_|npm_config_local_prefix|INIT_CWD|NODE_OPTIONS|VITEST)/.test(name),
  ),
)

const run = async (folder: string, command: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(command, args, { cwd: folder, env: environment }).catch(
    (problem: Error & { readonly stdout: string; readonly stderr: string }) => {
      throw new Error([problem.message, problem.stdout, problem.stderr].join('\n'))
    },
  )
  return stdout.trim()
}

/** The folder that all of it happens in, and the one in it that the package is installed in. */
const temporary = await mkdtemp(join(tmpdir(), 'etalon-pack-'))
const folder = join(temporary, 'consumer')

beforeAll(async () => {
  await mkdir(folder)
  await run(repository, 'npm', 'run', 'build')
  await run(repository, 'npm', 'pack', '--ignore-scripts', '--pack-destination', temporary)
  const tarball = (await readdir(temporary)).find((name) => name.endsWith('.tgz')) ?? 'no tarball'
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  await run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', join(temporary, tarball))
})

afterAll(() => rm(temporary, { recursive: true, force: true }))

/** Runs a module of plain JavaScript there, and gives what it printed. */
const node = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text)
  return run(folder, process.execPath, name)
}

describe('the package, installed in an empty folder', () => {
  it('holds what runs and what says how, and neither sources nor tests', async () => {
    const files = await readdir(join(folder, 'node_modules', 'etalon'), { recursive: true })
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'CHANGELOG.md', 'package.json', 'dist/cli/main.js']))
    expect(files.filter((file) => /\.test\.|testing|(?<!\.d)\.ts$|golden/.test(file))).toEqual([])
  })

  it('computes the convolution on the slide from plain Node', async () => {
    const printed = await node(
      'convolve.mjs',
      `import { opOf, tensor } from 'etalon'
      import { oracle } from 'etalon/reference'

      const image = '11100 01110 00111 00110 01100'.replaceAll(' ', '')
      const x = tensor([1, 1, 5, 5], [...image].map(Number))
      const w = tensor([1, 1, 3, 3], [1, 0, 1, 0, 1, 0, 1, 0, 1])
      const attrs = opOf('conv2d').attrs.decode({})
      const answer = oracle.evaluate('conv2d', 'forward', attrs.right, { x, w }, {})
      console.log(JSON.stringify([answer.right.y.shape, [...answer.right.y.data]]))`,
    )
    // slide "Convolutional layer (CONV)"
    expect(JSON.parse(printed)).toEqual([
      [1, 1, 3, 3],
      [4, 3, 4, 2, 4, 3, 2, 3, 4],
    ])
  })

  it('loads the accelerated backend without touching a device', async () => {
    expect(
      await node('open.mjs', `import { openWebGpu } from 'etalon/accelerated'; console.log(typeof openWebGpu)`),
    ).toBe('function')
  })

  it.skipIf(isUnderway)('loads the conformance suite', async () => {
    expect(await node('ask.mjs', `import { verify } from 'etalon/conformance'; console.log(typeof verify)`)).toBe(
      'function',
    )
  })

  it('runs its command', async () => {
    const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { version: string }
    expect(await run(folder, join('node_modules', '.bin', 'etalon'), '--version')).toBe(version)
  })

  const consumer = `import { opNames, tensor, type OpName, type Tensor } from 'etalon'
    import { openWebGpu } from 'etalon/accelerated'
    ${isUnderway ? '' : `import { verify } from 'etalon/conformance'`}
    import { oracle } from 'etalon/reference'

    export const x: Tensor = tensor([2], [1, 2])
    export const first: OpName | undefined = opNames[0]
    export const all = [oracle, openWebGpu${isUnderway ? '' : ', verify'}]
    export const y = oracle.evaluate('relu', 'forward', {}, { x }, {})
    // @ts-expect-error: there is no such op, and the types say so
    export const z = oracle.evaluate('no such op', 'forward', {}, { x }, {})`

  const typecheck = async (options: object): Promise<string> => {
    await writeFile(join(folder, 'consumer.ts'), consumer)
    const compilerOptions = { noEmit: true, strict: true, target: 'es2022', module: 'nodenext', ...options }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    return run(folder, process.execPath, typescript)
  }

  it('has types that hold together, every declaration checked', async () => {
    expect(await typecheck({ skipLibCheck: false, exactOptionalPropertyTypes: true, types: [] })).toBe('')
  })

  // the two declare the same names and cannot be had together, so the package names neither and leaves the choice
  it('has types that need no DOM, with those of @webgpu/types in its place', async () => {
    expect(await typecheck({ skipLibCheck: true, lib: ['es2023'], types: ['@webgpu/types'] })).toBe('')
  })
})
