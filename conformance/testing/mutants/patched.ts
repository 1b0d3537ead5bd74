import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { either as E } from 'fp-ts'
import type { BuildOptions, Plugin } from 'esbuild'
import { build } from 'esbuild'
import type { AcquiredDevice } from '../../../accelerated/index.js'
import { acquireDevice } from '../../../accelerated/index.js'
import type * as accelerated from '../../../accelerated/index.js'
import type * as plain from '../../../adapters/plainF32.js'
import type { Backend } from '../../../spec/backend.js'
import type { Edit, Flavour, Room } from './mutant.js'
import { edited } from './mutant.js'

/** Backends made of edited sources: a bundle of the room's modules, of which a few are read with other texts in them. */

export const repository = fileURLToPath(new URL('../../../', import.meta.url))
const cache = join(repository, 'node_modules/.cache/etalon/mutants')

const entries = { accelerated: 'accelerated/index.ts', adapters: 'adapters/plainF32.ts' } as const

const withEdits = (edits: readonly Edit[]): Plugin => ({
  name: 'edits',
  setup: ({ onLoad }) => {
    const files = new Set(edits.map(({ file }) => file))
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const file = relative(repository, path).replaceAll('\\', '/')
      return files.has(file)
        ? {
            contents: edited(
              readFileSync(path, 'utf8'),
              edits.filter((edit) => edit.file === file),
            ),
            loader: 'ts',
          }
        : undefined
    })
  },
})

const bundled = async (options: BuildOptions): Promise<string> => {
  const { outputFiles } = await build({
    absWorkingDir: repository,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}

/** The code of a backend with edits in it. */
export const codeOf = (room: Room, edits: readonly Edit[]): Promise<string> =>
  bundled({ entryPoints: [entries[room]], plugins: [withEdits(edits)] })

/** The code of the suite and the oracle. */
export const codeOfSuite = (): Promise<string> =>
  bundled({
    stdin: {
      contents: `export * from './conformance/index.js'\nexport * from './reference/index.js'`,
      resolveDir: repository,
    },
  })

export const digest = (...texts: readonly string[]): string => {
  const hash = createHash('sha256')
  texts.forEach((text) => hash.update(text).update('\0'))
  return hash.digest('hex').slice(0, 16)
}

const loaded = async (code: string): Promise<object> => {
  mkdirSync(cache, { recursive: true })
  const file = join(cache, `${digest(code)}-${process.pid}.mjs`)
  writeFileSync(file, code)
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as object
  } finally {
    rmSync(file, { force: true })
  }
}

// one device for all mutants: none changes how a device is found
let device: Promise<AcquiredDevice> | undefined
const embedded = (): Promise<AcquiredDevice> =>
  (device ??= acquireDevice('software')().then((acquired) => {
    if (E.isLeft(acquired)) throw new Error(acquired.left.message)
    return acquired.right
  }))

const flavoured = (acquired: AcquiredDevice, flavour: Flavour | undefined): AcquiredDevice =>
  flavour === undefined ? acquired : { ...acquired, fingerprint: { ...acquired.fingerprint, subgroups: false } }

/** A backend of edited sources, the accelerated one on the embedded device. */
export const backendOf = async (room: Room, edits: readonly Edit[], flavour?: Flavour): Promise<Backend> => {
  const code = await codeOf(room, edits)
  if (room === 'adapters') return ((await loaded(code)) as typeof plain).plainF32
  const { webGpuBackend } = (await loaded(code)) as typeof accelerated
  return webGpuBackend(flavoured(await embedded(), flavour))
}
