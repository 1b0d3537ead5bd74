import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import { messageOf } from '../conformance/guarded.js'
import type { BackendOptions } from '../spec/adapter.js'
import type { Backend } from '../spec/backend.js'
import { parseOpName } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, fail, show } from '../spec/error.js'

/** A backend from a file of somebody's, in JavaScript or TypeScript. */

type Module = Readonly<Record<string, unknown>>

const isTypeScript = (file: string): boolean => /\.[cm]?ts$/.test(file)

/** What a backend may still throw when nobody waits for it: it is told, and the run goes on. */
const mostTold = 3
let told = -1
const tellStrays = (): void => {
  if (told >= 0) return
  told = 0
  const tell = (thrown: unknown): void => {
    if (++told > mostTold) return
    const last = told === mostTold ? '; more of it is not told' : ''
    process.stderr.write(`etalon: something threw while nobody waited for it: ${messageOf(thrown)}${last}\n`)
  }
  process.on('unhandledRejection', tell)
  process.on('uncaughtException', tell)
}

// how often a file was loaded: each time anew, with nothing left of before
const times = new Map<string, number>()

interface Reader {
  readonly import: (address: string, from: string) => Promise<Module>
}
let reader: Reader | undefined

/** Reads TypeScript: the types are taken out and nothing is checked. A package of its own, which the bundle lacks. */
const typeScript = async (): Promise<Reader> => {
  // a namespace keeps what it loads apart from what Node has loaded
  reader ??= (await import('tsx/esm/api')).register({ namespace: 'etalon' })
  return reader
}

const loaded = async (file: string): Promise<Module> => {
  tellStrays()
  const before = times.get(file) ?? 0
  times.set(file, before + 1)
  const address = `${pathToFileURL(file).href}${before === 0 ? '' : `?anew=${before}`}`
  if (isTypeScript(file)) return (await typeScript()).import(address, import.meta.url)
  return (await import(/* @vite-ignore */ address)) as Module
}

// a module of the older kind, as TypeScript is where no package.json says otherwise, has its own default in its default
const exportedBy = (found: Module): unknown => {
  const outer = found['default'] as { readonly default?: unknown } | null | undefined
  return typeof outer === 'object' && outer !== null && !('run' in outer) && 'default' in outer ? outer.default : outer
}

const isTypedError = (thrown: unknown): thrown is EtalonError =>
  typeof thrown === 'object' &&
  thrown !== null &&
  'code' in thrown &&
  thrown.code === 'BackendUnavailable' &&
  'message' in thrown &&
  typeof thrown.message === 'string'

// who rejects because the machine lacks something may say so; anything else is the file's own fault
const failedBy =
  (what: string) =>
  (thrown: unknown): EtalonError =>
    isTypedError(thrown)
      ? etalonError(thrown.code, thrown.message)
      : etalonError('Thrown', `${what}: ${messageOf(thrown)}`)

const missingIn = (found: Readonly<Record<string, unknown>>): readonly string[] => [
  ...(typeof found['name'] === 'string' ? [] : ['name']),
  ...(typeof found['fingerprint'] === 'object' && found['fingerprint'] !== null ? [] : ['fingerprint']),
  ...['supports', 'run', 'close'].filter((name) => typeof found[name] !== 'function'),
]

const wanted = 'its default export must be a Backend, a promise of one, or a function that makes one'

/** What a file made, if it is a backend. */
const backendOf = (path: string, found: unknown): Result<Backend> => {
  if (typeof found !== 'object' || found === null)
    return fail('FormatInvalid', `${path} gives ${show(found)}; ${wanted}`)
  try {
    const missing = missingIn(found as Readonly<Record<string, unknown>>)
    if (missing.length > 0)
      return fail('FormatInvalid', `${path} gives an object without ${missing.join(', ')}; ${wanted}`)
    const { translates = {} } = found as Backend
    return F.pipe(
      Object.keys(translates),
      E.traverseArray(parseOpName),
      E.bimap(
        ({ code, message }) => etalonError(code, `${path} names an op in translates: ${message}`),
        () => found as Backend,
      ),
    )
  } catch (thrown) {
    return fail('FormatInvalid', `${path} gives an object that cannot be read: ${messageOf(thrown)}`)
  }
}

const pathOf = (given: string): string => (given.startsWith('file:') ? fileURLToPath(given) : resolve(given))

const found =
  (given: string): taskEither.TaskEither<EtalonError, string> =>
  async () => {
    const path = pathOf(given)
    const about = await stat(path).catch(() => undefined)
    return about === undefined
      ? fail('FileUnreadable', `there is no file ${given}`)
      : about.isFile()
        ? E.right(path)
        : fail('FileUnreadable', `${given} is no file`)
  }

const missingReader = (path: string, thrown: unknown): EtalonError | undefined =>
  messageOf(thrown).includes("'tsx'") && isTypeScript(path)
    ? etalonError(
        'FileUnreadable',
        `${path} is TypeScript, which takes the package tsx; give it as JavaScript, .js or .mjs`,
      )
    : undefined

/**
 * Opens the backend that a file exports as its default: one, a promise of one, or a function of options that makes one.
 * Each time the file is loaded anew.
 *
 * Errors  FileUnreadable – it is not there, or does not load; FormatInvalid – it exports something else; UnknownOp – it
 *         names an op that there is none of; Thrown – the function throws or the promise rejects; BackendUnavailable – if
 *         it rejects with that code
 */
export const openBackendFile = (given: string, options: BackendOptions): taskEither.TaskEither<EtalonError, Backend> =>
  F.pipe(
    found(given),
    TE.flatMap((path) =>
      TE.tryCatch(
        () => loaded(path),
        (thrown) =>
          missingReader(path, thrown) ?? etalonError('FileUnreadable', `${given} does not load: ${messageOf(thrown)}`),
      ),
    ),
    TE.map(exportedBy),
    TE.flatMap((exported) =>
      exported === undefined
        ? TE.left(etalonError('FormatInvalid', `${given} has no default export; ${wanted}`))
        : typeof exported === 'function'
          ? TE.tryCatch(
              async () => (exported as (options: BackendOptions) => unknown)(options),
              failedBy(`${given} makes no backend`),
            )
          : TE.tryCatch(async () => exported, failedBy(`${given} promises a backend and gives none`)),
    ),
    TE.flatMapEither((made) => backendOf(given, made)),
  )
