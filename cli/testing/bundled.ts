import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'
import { build } from 'esbuild'

/**
 * The command for tests that start it, many times over: from its sources a process takes seconds of computing before it does
 * anything, so they are bundled once. Whoever wants the bundle first makes it; a change of any source makes another.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules', '.cache', 'etalon-command')
const rooms = 'accelerated adapters bench cli conformance docs formats reference spec training'.split(' ')

/** What nothing but a changed source, another package, Node or place changes. */
const digest = async (): Promise<string> => {
  const lists = await Promise.all(
    rooms.map(async (room) => (await readdir(join(root, room), { recursive: true })).map((path) => join(room, path))),
  )
  const files = lists.flat().filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  const hash = createHash('sha256').update(`${process.version}\n${root}\n`)
  for (const path of [...files.sort(), 'package.json', 'package-lock.json'])
    hash.update(`${path}\n`).update(await readFile(join(root, path)))
  return hash.digest('hex').slice(0, 16)
}

// what lies beside a source is found from the bundle, too
const addresses: Plugin = {
  name: 'addresses of the sources',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) }
    })
  },
}

// packages of the older kind call `require`, which an ES module does not have
const banner = `import { createRequire as requireFrom } from 'node:module'
const require = requireFrom(import.meta.url)`

// what is not there for every user, and what is large and seldom wanted
const apart = ['@tensorflow/*', '@jax-js/jax', 'onnxruntime-web', 'onnxruntime-web/*', 'tsx/*', 'webgpu']
const seldom = ['playwright-core', '@sparticuz/chromium', 'esbuild', 'typescript']

const day = 24 * 60 * 60 * 1000

/** Removes what was made of sources as they were days ago. */
const tidy = async (): Promise<void> => {
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const made = await stat(path).catch(() => undefined)
    if (made !== undefined && Date.now() - made.mtimeMs > day) await rm(path, { recursive: true, force: true })
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const bundled = async (): Promise<string> => {
  const folder = join(cache, await digest())
  const main = join(folder, 'main.mjs')
  if (await isThere(main)) return main
  await mkdir(cache, { recursive: true })
  await tidy()
  // where two make it at a time, each makes it whole and the later gives way
  const making = await mkdtemp(join(cache, 'making-'))
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/main.ts'],
    outdir: making,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [...apart, ...seldom],
    banner: { js: banner },
    plugins: [addresses],
    logLevel: 'warning',
  })
  for (const { path, contents } of outputFiles) await writeFile(join(making, basename(path)), contents)
  await rename(making, folder).catch(async (problem: unknown) => {
    await rm(making, { recursive: true, force: true })
    if (!(await isThere(main))) throw problem
  })
  return main
}

/** What Node is given to start the command, its arguments yet to come: the bundle. */
export const command: readonly string[] = [await bundled()]

/** The same from the sources, as `npm start` has it. */
export const commandFromSource: readonly string[] = [
  '--import',
  import.meta.resolve('tsx'),
  join(root, 'cli', 'main.ts'),
]
