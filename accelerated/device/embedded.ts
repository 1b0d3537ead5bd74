import { readFile, writeFile, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { taskEither as TE } from 'fp-ts'
import { etalonError, type EtalonError } from '../../spec/error.js'
import { messageOf } from './acquired.js'
import { exists, keptIn, unpacked, userFolders } from './cache.js'

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
    throw new Error(`the package ${name} is not installed: npm install ${name}`, { cause })
  }
}

const versionIn = async (folder: string): Promise<string> =>
  String((JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { readonly version: unknown }).version)

/** The package that SwiftShader and the embedded browser come packed in, and its version. What is wrong is thrown. */
export const chromiumPackage = async (): Promise<{ readonly folder: string; readonly version: string }> => {
  const folder = join(dirname(found('@sparticuz/chromium')), '..', '..')
  return { folder, version: await versionIn(folder) }
}

const swiftShader = async (archive: string): Promise<Buffer> => {
  for await (const { name, bytes } of unpacked(archive)) if (name === 'libvk_swiftshader.so') return bytes()
  throw new Error(`${archive} holds no libvk_swiftshader.so`)
}

const isComplete = async (folder: string): Promise<boolean> =>
  (await Promise.all([...copied, softwareVulkan].map((name) => exists(join(folder, name))))).every((there) => there)

const unpackInto = async (cache: string): Promise<Embedded> => {
  const webgpu = dirname(require.resolve('webgpu/package.json'))
  const [webgpuVersion, { folder: chromium, version: packedIn }] = await Promise.all([
    versionIn(webgpu),
    chromiumPackage(),
  ])
  const inHome = (home: string): string => join(home, 'node_modules', 'webgpu')
  const home = await keptIn(cache, `webgpu-${webgpuVersion}-chromium-${packedIn}`, {
    isComplete: (one) => isComplete(inHome(one)),
    fill: async (one) => {
      const into = inHome(one)
      await mkdir(join(into, binaries), { recursive: true })
      // flush: a rename must not reach the disk before what it names
      await Promise.all([
        ...copied.map(async (name) => writeFile(join(into, name), await readFile(join(webgpu, name)), { flush: true })),
        swiftShader(join(chromium, 'bin', 'swiftshader.tar.br')).then((library) =>
          writeFile(join(into, softwareVulkan), library, { flush: true }),
        ),
      ])
    },
  })
  return { folder: inHome(home), packedIn }
}

/**
 * Ways to the embedded adapter's files, to be tried in turn. They are unpacked on first use (about 28 MB) into the user's
 * cache folder: $XDG_CACHE_HOME/etalon, else ~/.cache/etalon; if it cannot be written or code in it cannot be run, into a
 * private folder among the temporary files.
 *
 * Errors  BackendUnavailable – a package is missing, or the folder could not be written
 */
export const embeddedCopies = (): readonly TE.TaskEither<EtalonError, Embedded>[] =>
  userFolders().map((cache) => TE.tryCatch(() => unpackInto(cache), unavailable))
