import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { taskEither as TE } from 'fp-ts'
import { extract } from 'tar-stream'
import { etalonError, type EtalonError } from '../../spec/error.js'
import { messageOf } from './acquired.js'
import { cacheFolders, isTrustworthy } from './decide.js'

/*
 * The embedded adapter is SwiftShader, a Vulkan that runs on the processor. It comes packed in @sparticuz/chromium. Dawn
 * loads "libvulkan.so.1" from beside its own dawn.node before it asks the system, and SwiftShader can be called directly,
 * without a Vulkan loader. So a copy of the webgpu package with SwiftShader beside it, under that name, is a WebGPU that
 * needs nothing of the system and no environment variable, and that leaves the system's Vulkan to the original package.
 * It must be a copy: the system's dynamic loader would take a link for the library it may already have loaded.
 */

const require = createRequire(import.meta.url)
const binaries = 'dist/linux-x64'
const copied = ['index.js', 'package.json', 'LICENSE.md', `${binaries}/dawn.node`] as const
const softwareVulkan = `${binaries}/libvulkan.so.1`

/** An unpacked copy: the folder of its webgpu package, and the version of the package SwiftShader came from. */
export type Embedded = { readonly folder: string; readonly packedIn: string }

const unavailable = (thrown: unknown): EtalonError =>
  etalonError('BackendUnavailable', `the embedded software adapter could not be prepared: ${messageOf(thrown)}`)

const found = (name: string): string => {
  try {
    return require.resolve(name)
  } catch (cause) {
    throw new Error(`the package ${name} is not installed`, { cause })
  }
}

const versionIn = async (folder: string): Promise<string> =>
  String((JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { readonly version: unknown }).version)

const swiftShader = async (archive: string): Promise<Buffer> => {
  const tar = extract()
  tar.end(await promisify(brotliDecompress)(await readFile(archive)))
  for await (const entry of tar) {
    if (entry.header.name.replace(/^\.\//, '') === 'libvk_swiftshader.so') {
      const parts: Buffer[] = []
      for await (const part of entry) parts.push(part as Buffer)
      return Buffer.concat(parts)
    }
    entry.resume()
  }
  throw new Error(`${archive} holds no libvk_swiftshader.so`)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  )

const isComplete = async (folder: string): Promise<boolean> =>
  (await Promise.all([...copied, softwareVulkan].map((name) => exists(join(folder, name))))).every((there) => there)

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

/** Unpacks into `cache` unless that is done; a copy appears whole, by renaming, or not at all. */
const unpackInto = async (cache: string): Promise<Embedded> => {
  const webgpu = dirname(require.resolve('webgpu/package.json'))
  const chromium = join(dirname(found('@sparticuz/chromium')), '..', '..')
  const [webgpuVersion, packedIn] = await Promise.all([versionIn(webgpu), versionIn(chromium)])
  const home = join(cache, `webgpu-${webgpuVersion}-chromium-${packedIn}`)
  const folder = join(home, 'node_modules', 'webgpu')
  await mkdir(cache, { recursive: true, mode: 0o700 })
  await checkOwner(cache)
  if (!(await isComplete(folder))) {
    await sweep(cache).catch(() => undefined)
    const temporary = await mkdtemp(join(cache, temporaryPrefix))
    try {
      const into = join(temporary, 'node_modules', 'webgpu')
      await mkdir(join(into, binaries), { recursive: true })
      // flush: a rename must not reach the disk before what it names
      await Promise.all([
        ...copied.map(async (name) => writeFile(join(into, name), await readFile(join(webgpu, name)), { flush: true })),
        swiftShader(join(chromium, 'bin', 'swiftshader.tar.br')).then((library) =>
          writeFile(join(into, softwareVulkan), library, { flush: true }),
        ),
      ])
      // whatever is there already is whole if another process was faster, else a remainder to replace
      await rename(temporary, home).catch(async (problem: unknown) => {
        if (await isComplete(folder)) return
        if (!(await exists(home))) throw problem
        await rm(home, { recursive: true, force: true })
        await rename(temporary, home)
      })
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
  await checkOwner(home)
  return { folder, packedIn }
}

/**
 * Ways to the embedded adapter's files, to be tried in turn. They are unpacked on first use (about 28 MB) into the user's
 * cache folder: $XDG_CACHE_HOME/etalon, else ~/.cache/etalon; if it cannot be written or code in it cannot be run, into a
 * private folder among the temporary files.
 *
 * Errors  BackendUnavailable – a package is missing, or the folder could not be written
 */
export const embeddedCopies = (): readonly TE.TaskEither<EtalonError, Embedded>[] =>
  cacheFolders({
    xdgCacheHome: process.env['XDG_CACHE_HOME'],
    home: homedir(),
    temporary: tmpdir(),
    user: currentUser(),
  }).map((cache) => TE.tryCatch(() => unpackInto(cache), unavailable))
