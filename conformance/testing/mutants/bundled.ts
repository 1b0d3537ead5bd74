import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'
import { build } from 'esbuild'
import type { Edit, Room } from './mutant.js'
import { edited } from './mutant.js'

/** The code of rooms in one text each, of which a few files are read with other texts in them. */

export const repository = fileURLToPath(new URL('../../../', import.meta.url))

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

/** A short name of some texts: other texts have other names. */
export const digest = (...texts: readonly string[]): string => {
  const hash = createHash('sha256')
  texts.forEach((text) => hash.update(text).update('\0'))
  return hash.digest('hex').slice(0, 16)
}
