import { existsSync, readFileSync } from 'node:fs'

/** This package's version. */
export const version = (): string => {
  // the package's own file lies one folder up from the sources and two up from what is built
  const file = ['../package.json', '../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url))
  return file === undefined
    ? 'unknown'
    : (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
