import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Which sources and pages were seen to belong together: making the pages tries every planted fault, and takes long. The
 * digest is of every file that the pages are made of, and of the pages themselves, so that nothing else need be known.
 */

const root = new URL('../', import.meta.url)
const cache = new URL('node_modules/.cache/etalon/', root)
const file = new URL('pages.txt', cache)

// rooms that the pages tell of, and the versions of what formats them
const rooms = ['spec', 'reference', 'accelerated', 'formats', 'training', 'conformance', 'docs']
const others = ['package-lock.json', '.prettierrc.json']

const filesIn = (room: string): readonly string[] =>
  readdirSync(new URL(room, root), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|json|jsonl|md|html)$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`)

const digest = (): string => {
  const names = [...rooms.flatMap(filesIn), ...others.map((name) => fileURLToPath(new URL(name, root)))].sort()
  return names
    .reduce(
      (hash, name) => hash.update(name).update('\0').update(readFileSync(name)).update('\0'),
      createHash('sha256'),
    )
    .digest('hex')
}

/** Whether the pages were seen to be those of the sources, as both are now. */
export const isKnown = (): boolean => existsSync(file) && readFileSync(file, 'utf8') === digest()

/** Notes that they are. */
export const remember = (): void => {
  mkdirSync(cache, { recursive: true })
  writeFileSync(file, digest())
}
