import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { readFormulas } from '../../docs/explain/read.js'

export const repository = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)

/** The package's own account of itself. */
export const about = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly name: string
  readonly version: string
  readonly license: string
}

// the libraries of adapters, which `bench` times too and which say so where they are missing, what reads formulas from their
// sources, what reads backends in TypeScript, and what drives a browser
const leftOut = [
  ...['@tensorflow/*', '@jax-js/jax', 'onnxruntime-web', 'onnxruntime-web/*'],
  ...['*/read.js', 'tsx/*', 'playwright-core'],
]

/** What of the package `webgpu` runs on x86-64 Linux. */
const dawn = ['index.js', 'package.json', 'LICENSE.md', 'dist/linux-x64/dawn.node']

// packages of the older kind call `require`, which an ES module does not have
const banner = `import { createRequire as requireFrom } from 'node:module'
const require = requireFrom(import.meta.url)`

const launcher = `#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/node" "$here/dist/main.js" "$@"
`

const nameOfPackage = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/

/** The licences of the packages that these files came from, each under the package's name. */
const notices = (files: readonly string[]): string =>
  [...new Set(files.flatMap((file) => nameOfPackage.exec(file)?.[0] ?? []))]
    .sort()
    .map((folder) => {
      const texts = readdirSync(join(repository, folder))
        .filter((file) => /^licen[cs]e/i.test(file))
        .map((file) => readFileSync(join(repository, folder, file), 'utf8').trim())
      return [nameOfPackage.exec(folder)?.[1], ...texts].join('\n\n')
    })
    .join('\n\n\n')

// beside the programs of nodejs.org, and where Linux packages put it
const licenceOfNode = ['../LICENSE', '../share/doc/nodejs/LICENSE']
  .map((path) => join(dirname(process.execPath), path))
  .find((path) => existsSync(path))

/**
 * Writes the command into a folder, with all it needs but Node itself: `etalon`, which starts the `node` beside it, the
 * code as one script, the formulas as `explain` reads them, Dawn for x86-64 Linux, and whose work all that is.
 */
export const writeProgram = async (folder: string): Promise<void> => {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: ['cli/main.ts'],
    outfile: join(folder, 'dist', 'main.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: leftOut,
    banner: { js: banner },
    metafile: true,
    logLevel: 'warning',
  })
  writeFileSync(join(folder, 'dist', 'formulas.json'), JSON.stringify(readFormulas()))

  const webgpu = dirname(require.resolve('webgpu/package.json'))
  for (const file of dawn) {
    const target = join(folder, 'node_modules', 'webgpu', file)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(webgpu, file), target)
  }

  const { name, version, license } = about
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, license, type: 'module' }, undefined, 2))
  copyFileSync(join(repository, 'LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(join(folder, 'NOTICES'), `${notices(Object.keys(metafile.inputs))}\n`)
  if (licenceOfNode !== undefined) copyFileSync(licenceOfNode, join(folder, 'LICENSE.node'))
  writeFileSync(join(folder, 'etalon'), launcher, { mode: 0o755 })
}
