import { mkdir, readFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { cacheFolders } from '../accelerated/device/decide.js'
import type { Tuning, Way } from '../accelerated/index.js'
import { untuned, ways } from '../accelerated/tuning.js'
import type { Fingerprint } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import { keyOf } from '../spec/philox.js'
import type { Measured } from '../accelerated/tune.js'
import { writable, writeWhole } from './file.js'
import { version } from './version.js'

/**
 * What `etalon tune` found out about an adapter, as a file. It holds for one adapter with one driver, one Dawn and one
 * Etalon: any other may have other kernels, or other winners among them.
 */

const kind = 'etalon tuning 1'

const wayCodec = new t.Type<Way>(
  ways.join(' or '),
  (u): u is Way => ways.some((way) => way === u),
  (u, context) => {
    const found = ways.find((way) => way === u)
    return found === undefined ? t.failure(u, context) : t.success(found)
  },
  t.identity,
)

const facts = t.record(t.string, t.union([t.string, t.number, t.boolean]))
const fileCodec = t.strict({
  format: t.literal(kind),
  adapter: facts,
  driver: facts,
  measured: t.readonlyArray(
    t.strict({
      shapeClass: t.string,
      layers: t.readonlyArray(t.string),
      ms: t.strict({ lanes: t.number, tiles: t.number }),
      way: wayCodec,
    }),
  ),
})
export type TuningFile = t.TypeOf<typeof fileCodec>

const some = (fingerprint: Fingerprint, names: readonly string[]): Fingerprint =>
  Object.fromEntries(names.map((name) => [name, fingerprint[name] ?? '']))

/** Which adapter a fingerprint is of. */
export const adapterOf = (fingerprint: Fingerprint): Fingerprint =>
  some(fingerprint, ['kind', 'vendor', 'architecture', 'device'])

/** What may change the winners on it: its driver, Dawn, its subgroups, and Etalon. */
export const driverOf = (fingerprint: Fingerprint): Fingerprint => ({
  ...some(fingerprint, ['description', 'webgpu', 'subgroupMinSize', 'subgroupMaxSize']),
  etalon: version(),
})

/** The file that an adapter's tuning is kept in, in the user's cache folder. */
export const tuningPath = (fingerprint: Fingerprint, env: NodeJS.ProcessEnv = process.env): string => {
  const [folder = ''] = cacheFolders({
    xdgCacheHome: env['XDG_CACHE_HOME'],
    home: homedir(),
    temporary: tmpdir(),
    user: process.getuid?.() ?? 0,
  })
  const mark = keyOf(JSON.stringify(adapterOf(fingerprint)))
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('')
  return join(folder, `tuning-${mark}.json`)
}

export const tuningFileOf = (fingerprint: Fingerprint, measured: readonly Measured[]): TuningFile => ({
  format: kind,
  adapter: adapterOf(fingerprint),
  driver: driverOf(fingerprint),
  measured,
})

/** Writes what was measured. Errors: FileUnreadable – it cannot be written. */
export const keepTuning = async (file: string, content: TuningFile): Promise<Result<void>> => {
  // the user's cache folder may not be there yet
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(() => undefined)
  const target = await writable(file)
  return E.isLeft(target) ? target : writeWhole(target.right, `${JSON.stringify(content, undefined, 2)}\n`)
}

const parsed = (text: string): E.Either<string, TuningFile> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => 'it is not JSON',
    ),
    E.flatMap((value) =>
      F.pipe(
        fileCodec.decode(value),
        E.mapLeft(
          (errors) =>
            `at ${errors[0]?.context
              .map(({ key }) => key)
              .filter((key) => key !== '')
              .join('.')} it is not what etalon tune writes`,
        ),
      ),
    ),
  )

/** The first fact that differs, in words; undefined where none does. */
const other = (was: Fingerprint, is: Fingerprint): string | undefined => {
  const name = Object.keys({ ...was, ...is }).find((name) => was[name] !== is[name])
  return name === undefined
    ? undefined
    : `${name} is ${is[name] ?? 'not said'} here and was ${was[name] ?? 'not said'} there`
}

/** What a tuning file says of an adapter; why it says nothing, where it is of another, another driver or version. */
export const tuningFrom = (text: string, fingerprint: Fingerprint): E.Either<string, Tuning> =>
  F.pipe(
    parsed(text),
    E.flatMap(({ adapter, driver, measured }) => {
      const differs = other(adapter, adapterOf(fingerprint)) ?? other(driver, driverOf(fingerprint))
      return differs === undefined
        ? E.right({
            ...untuned,
            choices: Object.fromEntries(measured.map(({ shapeClass, way }) => [shapeClass, way])),
          })
        : E.left(differs)
    }),
  )

/** The variable of the environment that names another file than the user's own, or none: `off`. */
export const tuningVariable = 'ETALON_TUNING'

/**
 * The tuning of an adapter: from the file that ETALON_TUNING names, else from the user's cache, where there is one. A file of
 * another adapter, driver or version counts for nothing, which is told.
 *
 * Errors  FileUnreadable – a file that was named is not there
 */
export const tuningFor = async (
  fingerprint: Fingerprint,
  tell: (text: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Result<Tuning>> => {
  const named = env[tuningVariable]
  if (named === 'off') return E.right(untuned)
  const file = named === undefined || named === '' ? tuningPath(fingerprint, env) : named
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined)
    return file === named
      ? fail(
          'FileUnreadable',
          `${tuningVariable} is ${file}, which cannot be read; wanted a file of etalon tune, or off`,
        )
      : E.right(untuned)
  const found = tuningFrom(text, fingerprint)
  if (E.isRight(found)) return found
  tell(`${file} is passed over: ${found.left}; etalon tune measures anew`)
  return E.right(untuned)
}
