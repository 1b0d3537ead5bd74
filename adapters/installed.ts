import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/** The version of a package as it is installed, undefined where it is not. */
export const versionOf = (name: string): string | undefined => {
  const file = (require.resolve.paths(name) ?? [])
    .map((folder) => join(folder, name, 'package.json'))
    .find((path) => existsSync(path))
  return file === undefined
    ? undefined
    : (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
