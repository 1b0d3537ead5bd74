import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { repository } from './program.js'

/** The package's entries as a bundler for browsers reads them. */

/** What an entry of `exports` is under each condition, or null where there is nothing. */
type Target = null | { readonly browser?: string | null; readonly default: string }

const { exports, peerDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, Target>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

const sourceOf = (built: string): string => built.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')

const inBrowser = (target: Target): string | undefined => {
  const path = target === null ? null : target.browser === undefined ? target.default : target.browser
  return path === null ? undefined : sourceOf(path)
}

/** Whether another entry says what becomes of that name. */
const isNamed = (name: string): boolean =>
  Object.keys(exports).some(
    (key) => key === name || (key.endsWith('/*') && name.startsWith(key.slice(0, -1)) && key !== './adapters/*'),
  )

/** The entries that are meant for browsers, by the names that they are imported by, and their sources. */
export const browserEntries = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(exports).flatMap(([key, target]): readonly (readonly [string, string])[] => {
      if (key === './adapters/*')
        return readdirSync(join(repository, 'adapters'))
          .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
          .map((file) => `./adapters/${file.slice(0, -'.ts'.length)}`)
          .filter((name) => !isNamed(name))
          .map((name) => [name.replace('.', 'etalon'), `${name.slice(2)}.ts`] as const)
      const source = key.includes('*') ? undefined : inBrowser(target)
      return source === undefined || !existsSync(join(repository, source))
        ? []
        : [[key.replace('.', 'etalon'), source] as const]
    }),
  )

/** An entry as a bundle for browsers: its text, what it is made of, and how many bytes that is, at once and as they travel. */
export interface Bundled {
  readonly text: string
  readonly inputs: readonly string[]
  readonly bytes: number
  readonly gzipped: number
}

/** Bundles an entry for browsers, the libraries of adapters left to whoever has them. What is not for browsers is an error. */
export const bundled = async (source: string, minify: boolean): Promise<Bundled> => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: repository,
    entryPoints: [source],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    external: Object.keys(peerDependencies).flatMap((name) => [name, `${name}/*`]),
    minify,
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`esbuild made nothing of ${source}`)
  return {
    text: file.text,
    inputs: Object.keys(metafile.inputs),
    bytes: file.contents.length,
    gzipped: gzipSync(file.contents, { level: 9 }).length,
  }
}
