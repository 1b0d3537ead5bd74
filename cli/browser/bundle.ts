import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { adapters } from '../../adapters/browser.js'
import { versionOf } from '../../adapters/installed.js'
import { installCommand } from '../../adapters/install.js'
import { folderOf } from '../../conformance/planted.js'
import { messageOf } from '../../conformance/guarded.js'
import { opNames } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { fail } from '../../spec/error.js'

/**
 * The suite as a browser loads it. With the sources it is made when it is wanted; a package has it made already, but for the
 * libraries of adapters, which are installed by whoever wants them.
 */

/** Files by their paths under the root of whoever serves them. */
export type Files = ReadonlyMap<string, Uint8Array>

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

// the folder of the rooms: that of the sources, or dist
const rooms = fileURLToPath(new URL('../..', import.meta.url))

/** Where a package has what was made for browsers. */
export const madeFolder = join(rooms, 'browser')

/** Esbuild, which comes with the sources, and beside most packages. */
const bundler = async (): Promise<typeof import('esbuild')> =>
  // eslint-disable-next-line import-x/no-extraneous-dependencies -- a package has its bundle; who wants more is told
  import('esbuild')

/**
 * The modules that formulas import: each has a name of its own among the files, so that a formula with a planted fault finds
 * the very ones that all others are made of.
 */
const neededByFormulas = async (): Promise<readonly string[]> => {
  const found = await Promise.all(
    opNames.map(async (op) => {
      const folder = posix.join('reference', folderOf(op))
      const text = await readFile(join(rooms, folder, `${op}.${extension}`), 'utf8')
      return [...text.matchAll(/^import (?!type).*?from ['"](\.[^'"]*)\.js['"]/gms)].map(([, path = '']) =>
        posix.join(folder, path),
      )
    }),
  )
  return [...new Set(found.flat())]
}

/** The packages of the libraries that a backend is made of. */
const packagesOf = (backend: string): readonly string[] =>
  Object.keys(adapters.find(({ name }) => name === backend)?.packages ?? {})

const everyPackage: readonly string[] = [...new Set(adapters.flatMap(({ name }) => packagesOf(name)))]

/** What a backend may load: packages of its library need each other, those of another library are left out. */
const bundledWith = (backend: string): readonly string[] => {
  const own = packagesOf(backend)
  return everyPackage.filter(
    (name) =>
      versionOf(name) !== undefined &&
      adapters.some(({ packages }) => name in packages && own.some((one) => one in packages)),
  )
}

/** Makes the files for a backend: the suite, and the backend's libraries. What is wrong is thrown. */
export const makeFiles = async (backend: string): Promise<Files> => {
  const { build } = await bundler()
  const inside = bundledWith(backend)
  const entries = ['cli/browser/worker', 'cli/browser/deno', ...(await neededByFormulas())]
  const outdir = join(rooms, 'browser')
  const { outputFiles } = await build({
    absWorkingDir: rooms,
    entryPoints: entries.map((entry) => `${entry}.${extension}`),
    outbase: rooms,
    outdir,
    bundle: true,
    splitting: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    external: everyPackage.filter((name) => !inside.includes(name)).flatMap((name) => [name, `${name}/*`]),
    write: false,
    logLevel: 'silent',
  })
  return new Map(outputFiles.map(({ path, contents }) => [`/${relative(outdir, path)}`, contents]))
}

const readMade = async (): Promise<Files> => {
  const names = await readdir(madeFolder, { recursive: true, withFileTypes: true })
  return new Map(
    await Promise.all(
      names
        .filter((entry) => entry.isFile())
        .map(async ({ parentPath, name }) => {
          const file = join(parentPath, name)
          return [`/${relative(madeFolder, file)}`, await readFile(file)] as const
        }),
    ),
  )
}

/**
 * The files that a backend takes in a browser.
 *
 * Errors  BackendUnavailable – a library or the bundler is not installed, or the bundle cannot be made
 */
export const filesFor = async (backend: string): Promise<Result<Files>> => {
  const adapter = adapters.find(({ name }) => name === backend)
  const made = extension === 'js' && adapter === undefined
  if (made && !existsSync(madeFolder))
    return fail(
      'BackendUnavailable',
      'this program comes without the suite for browsers; the npm package etalon has it',
    )
  const missing = packagesOf(backend).some((name) => versionOf(name) === undefined)
  if (adapter !== undefined && missing)
    return fail('BackendUnavailable', `${backend} is not installed: ${installCommand(adapter.packages)}`)
  try {
    return E.right(made ? await readMade() : await makeFiles(backend))
  } catch (thrown) {
    const why = messageOf(thrown)
    return fail(
      'BackendUnavailable',
      why.includes("'esbuild'")
        ? `${backend} has to be bundled for the browser, which takes esbuild: npm install esbuild`
        : `the suite could not be bundled for the browser: ${why}`,
    )
  }
}
