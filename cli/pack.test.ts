import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedRunsOn } from '../accelerated/device/decide.js'
import { currentPlatform } from '../accelerated/device/load.js'

/*
 * The package as a stranger meets it: built, packed, and installed by npm in an empty folder far from this one, so that
 * a file left out of the tarball, a dependency that only development installs, or an import that only tsx resolves is
 * found here and not there. npm takes the newest dependencies that the ranges allow, as it will for the stranger.
 */

const repository = join(dirname(fileURLToPath(import.meta.url)), '..')
const typescript = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')

// what npm tells its own scripts about this package would mislead the npm and the bin that are started for another
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle)_|npm_config_local_prefix|INIT_CWD|NODE_OPTIONS|VITEST)/.test(name),
  ),
)

const run = async (folder: string, command: string, ...args: readonly string[]): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd: folder, env: environment })
    return stdout.trim()
  } catch (problem) {
    // the message names the command only; what went wrong is in what it printed
    const { message, stdout, stderr } = problem as Error & { readonly stdout: string; readonly stderr: string }
    throw new Error([message, stdout, stderr].join('\n'), { cause: problem })
  }
}

/** Imports each entry of the package but what other test runners and libraries have to be there for. */
const entries = `import { readFileSync } from 'node:fs'
  const { exports } = JSON.parse(readFileSync('node_modules/etalon/package.json', 'utf8'))
  const names = Object.keys(exports).filter((name) => exports[name] !== null && !name.includes('*') && name !== './vitest')
  for (const name of names) await import('etalon' + name.slice(1))
  for (const name of ['index', 'plainF32']) await import('etalon/adapters/' + name)
  console.log(names.join())`
const quickly = ['verify', '--ops', 'relu', '--profile', 'quick', '--quiet']

/** What an installation without anything optional says. */
const without = { entries: '', lesson: '', verify: '' }

// everything happens in one folder, and the package is installed in a folder in it
const temporary = await mkdtemp(join(tmpdir(), 'etalon-pack-'))
const folder = join(temporary, 'consumer')

beforeAll(async () => {
  await mkdir(folder)
  await run(repository, 'npm', 'run', 'build')
  await run(repository, 'npm', 'pack', '--ignore-scripts', '--pack-destination', temporary)
  const tarball = (await readdir(temporary)).find((name) => name.endsWith('.tgz')) ?? 'no tarball'
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const install = (...args: readonly string[]): Promise<string> =>
    run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...args)
  // first without all that few commands want, then as a stranger installs it, with the software adapter beside it
  await install('--omit=optional', join(temporary, tarball))
  without.entries = await node('entries.mjs', entries)
  without.lesson = await run(
    folder,
    join('node_modules', '.bin', 'etalon'),
    'lesson',
    'filters',
    '--out',
    'x.html',
  ).catch(String)
  without.verify = await run(folder, join('node_modules', '.bin', 'etalon'), ...quickly, '--backend', 'plain-f32')
  await install(...(E.isLeft(embeddedRunsOn(currentPlatform())) ? [] : ['@sparticuz/chromium@147']))
})

afterAll(() => rm(temporary, { recursive: true, force: true }))

/** Runs a module of plain JavaScript there, and gives what it printed. */
const node = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text)
  return run(folder, process.execPath, name)
}

describe('the package, installed in an empty folder', () => {
  it('has entries that load without anything optional, and says what a command lacks', () => {
    expect(without.entries.split(',')).toEqual(
      expect.arrayContaining(['.', './reference', './accelerated', './conformance', './training', './formats']),
    )
    expect(without.verify).toMatch(/conformant/)
    expect(without.lesson).toMatch(
      /this takes the package (linkedom|@observablehq\/plot), which is not installed: npm install|BackendUnavailable/,
    )
  })

  it('holds all that its README links to, and what those pages link to among themselves', async () => {
    const there = join(folder, 'node_modules', 'etalon')
    const files = new Set(await readdir(there, { recursive: true }))
    const linksIn = async (page: string): Promise<readonly string[]> => {
      const text = await readFile(join(there, page), 'utf8')
      return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link = '']) => join(page, '..', link))
    }
    expect((await linksIn('README.md')).filter((link) => !files.has(link))).toEqual([])
    const pages = [...files].filter((file) => /^docs\/.*\.md$/.test(file))
    const linked = (await Promise.all(pages.map(linksIn))).flat().filter((link) => /\.(md|py)$/.test(link))
    expect(pages.length).toBeGreaterThan(10)
    expect([...new Set(linked)].filter((link) => !files.has(link))).toEqual([])
  })

  it('makes a suite of the Vitest that a project has', async () => {
    await symlink(join(repository, 'node_modules', 'vitest'), join(folder, 'node_modules', 'vitest'))
    await writeFile(
      join(folder, 'conformance.test.mjs'),
      `import { describeConformance } from 'etalon/vitest'
      import { plainF32 } from 'etalon/adapters/plainF32'
      describeConformance(plainF32, { ops: ['relu'] })`,
    )
    const vitest = join(repository, 'node_modules', 'vitest', 'vitest.mjs')
    const told = await run(folder, process.execPath, vitest, 'run', '--reporter=verbose', 'conformance.test.mjs')
    expect(told.replaceAll(/\u001b\[\d*m/g, '')).toMatch(
      /conformance of plain-f32 > relu > backward[^]*Tests +2 passed/,
    )
  })

  it('holds what runs and what says how, and neither sources nor tests', async () => {
    const files = await readdir(join(folder, 'node_modules', 'etalon'), { recursive: true })
    expect(files).toEqual(
      expect.arrayContaining([
        ...['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json', 'dist/cli/main.js'],
        'dist/adapters/pytorch/backend.py',
        ...['worker', 'deno'].map((name) => `dist/browser/cli/browser/${name}.js`),
      ]),
    )
    expect(files.filter((file) => /\.test\.|testing|conformance\/golden|(?<!\.d)\.ts$/.test(file))).toEqual([])
  })

  // slide "Convolutional layer (CONV)"
  const question = `import { oneNode, opOf, tensor } from 'etalon'
    const image = '11100 01110 00111 00110 01100'.replaceAll(' ', '')
    const x = tensor([1, 1, 5, 5], [...image].map(Number))
    const w = tensor([1, 1, 3, 3], [1, 0, 1, 0, 1, 0, 1, 0, 1])
    const attrs = opOf('conv2d').attrs.decode({}).right`
  const answer = { shape: [1, 1, 3, 3], data: [4, 3, 4, 2, 4, 3, 2, 3, 4] }

  it('computes the convolution on the slide from plain Node', async () => {
    const printed = await node(
      'reference.mjs',
      `${question}
      import { oracle } from 'etalon/reference'
      const { y } = oracle.evaluate('conv2d', 'forward', attrs, { x, w }, {}).right
      console.log(JSON.stringify({ shape: y.shape, data: [...y.data] }))`,
    )
    expect(JSON.parse(printed)).toEqual(answer)
  })

  it('is bundled for a browser, with none of Node in it', async () => {
    const { outputFiles, metafile } = await build({
      stdin: {
        contents: `export { openWebGpu } from 'etalon/accelerated'
          export { verify } from 'etalon/conformance'
          export { adapters } from 'etalon/adapters/index'`,
        resolveDir: folder,
      },
      bundle: true,
      platform: 'browser',
      format: 'esm',
      external: ['@tensorflow/*', '@jax-js/*', 'onnxruntime-web', 'onnxruntime-web/*', 'protobufjs'],
      write: false,
      metafile: true,
    })
    expect(Object.keys(metafile.inputs).join()).toContain('etalon/dist/accelerated/browser.js')
    expect(outputFiles[0]?.text).not.toMatch(/["']node:|tar-stream/)
  })

  it('loads the accelerated backend without touching a device', async () => {
    const printed = await node(
      'load.mjs',
      `import { openWebGpu } from 'etalon/accelerated'
      console.log(typeof openWebGpu)`,
    )
    expect(printed).toBe('function')
  })

  it.skipIf(E.isLeft(embeddedRunsOn(currentPlatform())))('computes it on the embedded adapter as well', async () => {
    const printed = await node(
      'accelerated.mjs',
      `${question}
      import { openWebGpu } from 'etalon/accelerated'
      const opened = await openWebGpu('software')()
      if (opened._tag === 'Left') throw new Error(opened.left.message)
      const { program, feeds } = oneNode({ op: 'conv2d', direction: 'forward', attrs, inputs: { x, w }, cotangents: {} })
      const ran = await opened.right.run(program, feeds)()
      if (ran._tag === 'Left') throw new Error(ran.left.message)
      const y = ran.right['out.y']
      console.log(JSON.stringify({ shape: y.shape, data: [...y.data] }))
      await opened.right.close()`,
    )
    expect(JSON.parse(printed)).toEqual(answer)
  })

  it('has learning and the files of others under names of their own, and no arithmetic of bounds at its root', async () => {
    const printed = await node(
      'rooms.mjs',
      `import * as root from 'etalon'
      import { encodeImages } from 'etalon/formats'
      import { fit } from 'etalon/training'
      const bare = ['times', 'over', 'plus', 'gamma', 'fit', 'encodeImages'].filter((name) => name in root)
      console.log(typeof encodeImages, typeof fit, JSON.stringify(bare))`,
    )
    expect(printed).toBe('function function []')
  })

  it('loads the conformance suite', async () => {
    const printed = await node(
      'conformance.mjs',
      `import { verify } from 'etalon/conformance'
      console.log(typeof verify)`,
    )
    expect(printed).toBe('function')
  })

  it('computes it in plain f32 as well, and shows nothing of what that backend is made of', async () => {
    const printed = await node(
      'plain.mjs',
      `${question}
      import { plainF32 } from 'etalon/adapters/plainF32'
      const { program, feeds } = oneNode({ op: 'conv2d', direction: 'forward', attrs, inputs: { x, w }, cotangents: {} })
      const y = (await plainF32.run(program, feeds)()).right['out.y']
      console.log(JSON.stringify({ shape: y.shape, data: [...y.data] }))`,
    )
    expect(JSON.parse(printed)).toEqual(answer)
    await expect(node('inside.mjs', `import 'etalon/adapters/plainF32/table'`)).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    )
  })

  it('says of libraries that it does not bring how to install them', async () => {
    const printed = await run(folder, join(folder, 'node_modules', '.bin', 'etalon'), 'backends', '--json')
    const listed = printed.split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(listed.find(({ name }) => name === 'jax-js-wasm')).toMatchObject({
      installed: null,
      install: 'npm install @jax-js/jax@0.1.25',
    })
    const opened = await node(
      'adapters.mjs',
      `import { adapters } from 'etalon/adapters/index'
      const { left } = await adapters.find(({ name }) => name === 'jax-js-wasm').open({})()
      console.log(JSON.stringify(left))`,
    )
    expect(JSON.parse(opened)).toEqual({
      code: 'BackendUnavailable',
      message: 'jax-js is not installed: npm install @jax-js/jax@0.1.25',
    })
  })

  it('runs its command', async () => {
    const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { version: string }
    expect(await run(folder, join('node_modules', '.bin', 'etalon'), '--version')).toBe(version)
  })

  /** The examples of the README: code, and what it prints. */
  const examples = async (): Promise<readonly { readonly code: string; readonly prints: string }[]> => {
    const text = await readFile(join(repository, 'README.md'), 'utf8')
    const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
      language,
      body,
    }))
    return blocks.flatMap(({ language, body }, at) => {
      const after = blocks[at + 1]
      return language === 'ts' ? [{ code: body, prints: after?.language === 'text' ? after.body.trim() : '' }] : []
    })
  }

  it.skipIf(E.isLeft(embeddedRunsOn(currentPlatform())))('does what the README says, example by example', async () => {
    const all = await examples()
    expect(all.length).toBeGreaterThan(0)
    const files = all.map((_, at) => `example${at}.ts`)
    await Promise.all(all.map(({ code }, at) => writeFile(join(folder, files[at] ?? ''), code)))
    const compilerOptions = { strict: true, target: 'es2022', module: 'nodenext', skipLibCheck: true, types: [] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    expect(await run(folder, process.execPath, typescript)).toBe('')
    for (const [at, { prints }] of all.entries())
      expect(await run(folder, process.execPath, `example${at}.js`)).toBe(prints)
  })

  it('holds the backend of the docs, which is TypeScript, and prints what they say', async () => {
    const text = await readFile(join(repository, 'docs', 'backends.md'), 'utf8')
    const [, code = 'no example'] = /```ts\n(.*?)```/s.exec(text) ?? []
    const [, prints = 'nothing'] = /prints, above what it says of any backend,\n\n(.*?)\n\nA kernel/s.exec(text) ?? []
    await writeFile(join(folder, 'mine.ts'), code)
    const asked = ['verify', '--backend', './mine.ts', '--ops', 'relu,conv2d', '--profile', 'quick']
    const told = await run(folder, join('node_modules', '.bin', 'etalon'), ...asked)
    expect(told).toContain(prints.replaceAll(/^ {4}/gm, ''))
  })

  it('names the mistake of a wrong backend by the formulas that come with it', async () => {
    const code = `import { fromKernels } from 'etalon'
      export default fromKernels('halved', { mse: { forward: ({ reduction }, { prediction, target }) => {
        const squares = Array.from(prediction.data, (y, i) => 0.5 * (y - target.data[i]) ** 2)
        const sum = squares.reduce((a, b) => a + b, 0)
        return { loss: reduction === 'none'
          ? { shape: prediction.shape, data: squares }
          : { shape: [], data: [reduction === 'sum' ? sum : sum / squares.length] } }
      } } })`
    await writeFile(join(folder, 'halved.mjs'), code)
    const asked = [
      'verify',
      '--backend',
      './halved.mjs',
      '--ops',
      'mse',
      '--direction',
      'forward',
      '--profile',
      'quick',
    ]
    const problem = await run(folder, join('node_modules', '.bin', 'etalon'), ...asked).catch(
      (thrown: unknown) => thrown,
    )
    const told = String(problem).replaceAll(/\s+/g, ' ')
    expect(told).toMatch(/diagnosis: a mistake: the answers are as by “half the square”/)
  })

  it('explains an op without its sources', async () => {
    const page = await run(folder, join('node_modules', '.bin', 'etalon'), 'explain', 'conv2d')
    expect(page).toContain('= 1·1 + 0·1 + 1·1 + 0·0 + 1·1 + 0·1 + 1·0 + 0·0 + 1·1')
  })

  it.skipIf(E.isLeft(embeddedRunsOn(currentPlatform())))(
    'gives a lesson, its page with formulas and pictures',
    async () => {
      const asked = ['lesson', 'filters', '--size', '0.05', '--device', 'software', '--out', 'filters.html']
      const told = await run(folder, join('node_modules', '.bin', 'etalon'), ...asked)
      expect(told).toContain('What linear means')
      const page = await readFile(join(folder, 'filters.html'), 'utf8')
      expect(page).toMatch(/<pre>y\[n,o,/)
      expect(page).toContain('data:image/png;base64,')
    },
  )

  const consumer = `import { opNames, tensor, type OpName, type Tensor } from 'etalon'
    import { openWebGpu } from 'etalon/accelerated'
    import { verify } from 'etalon/conformance'
    import { oracle } from 'etalon/reference'

    export const x: Tensor = tensor([2], [1, 2])
    export const first: OpName | undefined = opNames[0]
    export const all = [oracle, openWebGpu, verify]
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
