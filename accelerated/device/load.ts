import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { function as F, taskEither as TE } from 'fp-ts'
import { etalonError, type EtalonError } from '../../spec/error.js'
import { messageOf } from './acquired.js'
import { saysLibraryIsMissing, type Platform } from './decide.js'
import { embeddedCopies } from './embedded.js'

/** A loaded WebGPU and the versions of the packages it came from. */
export type Loaded = {
  readonly folder: string
  readonly gpu: GPU
  readonly versions: Readonly<Record<string, string>>
  /** What a browser would have as globals: GPUBufferUsage, GPUDevice and so on. */
  readonly globals: Readonly<Record<string, unknown>>
}

type Webgpu = Pick<Loaded, 'globals'> & { readonly create: (options: readonly string[]) => GPU }

const require = createRequire(import.meta.url)

/*
 * One GPU object per copy of Dawn, made on first use and never let go: Dawn crashes the process when it is collected while
 * a device, buffer or pending promise of its making is still around. It does not keep Node from exiting.
 */
const loaded = new Map<string, GPU>()

const gpuFrom = async (folder: string): Promise<Loaded> => {
  const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { readonly version: unknown }
  const address = pathToFileURL(join(folder, 'index.js')).href
  const { create, globals } = (await import(/* @vite-ignore */ address)) as Webgpu
  const gpu = loaded.get(folder) ?? create([])
  loaded.set(folder, gpu)
  return { folder, gpu, globals, versions: { webgpu: String(about.version) } }
}

const unavailable = (thrown: unknown): EtalonError =>
  etalonError('BackendUnavailable', `WebGPU (npm package webgpu) could not be loaded: ${messageOf(thrown)}`)

/** The installed webgpu package, which asks the system for its adapters. Errors: BackendUnavailable. */
export const loadSystem: TE.TaskEither<EtalonError, Loaded> = TE.tryCatch(
  () => gpuFrom(dirname(require.resolve('webgpu/package.json'))),
  unavailable,
)

/** The copy that runs on the embedded software adapter. Errors: BackendUnavailable. */
export const loadEmbedded: TE.TaskEither<EtalonError, Loaded> = () =>
  embeddedCopies()
    .map((copy) =>
      F.pipe(
        copy,
        TE.flatMap(({ folder, packedIn }) =>
          F.pipe(
            TE.tryCatch(() => gpuFrom(folder), unavailable),
            TE.map((copied): Loaded => ({
              ...copied,
              versions: { ...copied.versions, swiftshader: `@sparticuz/chromium ${packedIn}` },
            })),
          ),
        ),
      ),
    )
    .reduce((earlier, later) =>
      F.pipe(
        earlier,
        TE.orElse((first) =>
          F.pipe(
            later,
            TE.mapLeft(({ code, message }) => ({
              code,
              message: message === first.message ? message : `${first.message}; then ${message}`,
            })),
          ),
        ),
      ),
    )()

/** Whether Dawn would look for the system's Vulkan in vain; asking first spares the user Dawn's own complaint. */
export const vulkanLoaderIsMissing = ({ os }: Platform): boolean => {
  if (os !== 'linux') return false
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1')
    return false
  } catch (thrown) {
    return saysLibraryIsMissing(messageOf(thrown))
  }
}

/** The bytes of memory that this process may have: the machine's, or what a container leaves it. */
export const hostMemory = (): number => {
  const confined = process.constrainedMemory()
  return confined > 0 ? Math.min(confined, totalmem()) : totalmem()
}

/** Where this process runs. */
export const currentPlatform = (): Platform => ({ os: process.platform, cpu: process.arch })
