import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { extract } from 'tar-stream'
import { cacheFolders, isTrustworthy } from './decide.js'

/** What is unpacked once and kept for this user: native code, so that nobody else may have written it. */

/** A file of an archive; its bytes are read when they are asked for. */
export interface Entry {
  readonly name: string
  readonly bytes: () => Promise<Buffer>
}

/** The files of an archive (.tar.br), one after the other. */
export async function* unpacked(archive: string): AsyncGenerator<Entry> {
  const tar = extract()
  tar.end(await promisify(brotliDecompress)(await readFile(archive)))
  for await (const entry of tar) {
    let taken = false
    if (entry.header.type === 'file')
      yield {
        name: entry.header.name.replace(/^\.\//, ''),
        bytes: async () => {
          taken = true
          const parts: Buffer[] = []
          for await (const part of entry) parts.push(part as Buffer)
          return Buffer.concat(parts)
        },
      }
    if (!taken) entry.resume()
  }
}

/** Whether there is something of that name, and something in it. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )

const currentUser = (): number => process.getuid?.() ?? 0

const checkOwner = async (folder: string): Promise<void> => {
  const is = await lstat(folder)
  if (!isTrustworthy({ owner: is.uid, mode: is.mode, isFolder: is.isDirectory() }, currentUser()))
    throw new Error(`${folder} is not a folder that only you can write to`)
}

const hour = 3_600_000
const temporaryPrefix = '.unpacking-'

/** Takes away what an interrupted unpacking left behind. */
const sweep = async (cache: string): Promise<void> => {
  const left = (await readdir(cache)).filter((name) => name.startsWith(temporaryPrefix))
  await Promise.all(
    left.map(async (name) => {
      const path = join(cache, name)
      const { mtimeMs } = await stat(path)
      if (Date.now() - mtimeMs > hour) await rm(path, { recursive: true, force: true })
    }),
  )
}

/** Folders of this user's in which something may be kept, best first. */
export const userFolders = (): readonly string[] =>
  cacheFolders({
    xdgCacheHome: process.env['XDG_CACHE_HOME'],
    home: homedir(),
    temporary: tmpdir(),
    user: currentUser(),
  })

/**
 * A folder of that name in `cache`, filled unless that is done; it appears whole, by renaming, or not at all. What is wrong
 * is thrown.
 */
export const keptIn = async (
  cache: string,
  name: string,
  {
    isComplete,
    fill,
  }: { readonly isComplete: (home: string) => Promise<boolean>; readonly fill: (home: string) => Promise<void> },
): Promise<string> => {
  const home = join(cache, name)
  await mkdir(cache, { recursive: true, mode: 0o700 })
  await checkOwner(cache)
  if (!(await isComplete(home))) {
    await sweep(cache).catch(() => undefined)
    const temporary = await mkdtemp(join(cache, temporaryPrefix))
    try {
      await fill(temporary)
      // whatever is there already is whole if another process was faster, else a remainder to replace
      await rename(temporary, home).catch(async (problem: unknown) => {
        if (await isComplete(home)) return
        if (!(await exists(home))) throw problem
        await rm(home, { recursive: true, force: true })
        await rename(temporary, home)
      })
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
  await checkOwner(home)
  return home
}
