import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import { decodeImages, decodeLabels } from '../formats/idx.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, etalonError, fail, within } from '../spec/error.js'
import type { Dataset } from '../training/dataset.js'
import { pair } from '../training/dataset.js'
import { digits } from '../training/digits.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

/** The most bytes that one file may hold, packed or unpacked: five times MNIST's training images. */
const largestFile = 2 ** 28

/** Digits to learn from, and others to be judged by. */
export interface Digits {
  readonly train: Dataset
  readonly test: Dataset
}

/** Which file of a data set: its standard name is `start-end`, with or without `.gz`. */
interface Wanted {
  readonly start: 'train' | 't10k'
  readonly end: 'images-idx3-ubyte' | 'labels-idx1-ubyte'
}

const patternOf = ({ start, end }: Wanted): string => `${start}*-${end}[.gz]`

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && error.code === 'ENOENT' ? 'no such file or folder' : error.message
}

const attempt = <A>(code: EtalonError['code'], what: string, act: () => Promise<A>): Task<A> =>
  TE.tryCatch(act, (error) => etalonError(code, `${what}: ${reasonOf(error)}`))

const listed = (names: readonly string[]): string =>
  names.length === 0
    ? 'it is empty'
    : `it has ${names.slice(0, 12).join(', ')}${names.length > 12 ? ` and ${names.length - 12} more` : ''}`

/**
 * The name among those in a folder that a wanted file goes by: the standard name (plain, then gzipped), else the only
 * one that fits the pattern.
 *
 * Errors  FileUnreadable – none fits, or several do and none is the standard name
 */
export const choose = (dir: string, names: readonly string[], wanted: Wanted): Result<string> => {
  const { start, end } = wanted
  const stem = (name: string): string => (name.endsWith('.gz') ? name.slice(0, -3) : name)
  const candidates = names
    .filter((name) => name.startsWith(start) && stem(name).slice(start.length).endsWith(`-${end}`))
    .toSorted()
  const standard = candidates.find((name) => stem(name) === `${start}-${end}`)
  const [first, ...others] = candidates
  if (standard !== undefined) return E.right(standard)
  if (first === undefined) return fail('FileUnreadable', `${dir}: wanted ${patternOf(wanted)}; ${listed(names)}`)
  return F.pipe(
    ensure(
      others.length === 0,
      'FileUnreadable',
      `${dir}: ${candidates.join(' and ')} fit ${patternOf(wanted)}; wanted one of them alone, or ${start}-${end}[.gz]`,
    ),
    E.map(() => first),
  )
}

const unpack = (path: string, packed: Uint8Array): Task<Uint8Array> =>
  TE.tryCatch(
    () => promisify(gunzip)(packed, { maxOutputLength: largestFile }),
    (error) =>
      error instanceof RangeError
        ? etalonError('TooLarge', `${path}: unpacks to more than ${largestFile} bytes`)
        : etalonError('FormatInvalid', `${path}: damaged gzip data: ${reasonOf(error)}`),
  )

const read = (path: string): Task<Uint8Array> =>
  F.pipe(
    attempt('FileUnreadable', path, () => stat(path)),
    TE.tap((found) => TE.fromEither(ensure(found.isFile(), 'FileUnreadable', `${path}: not a file`))),
    TE.tap((found) =>
      TE.fromEither(
        ensure(found.size <= largestFile, 'TooLarge', `${path}: ${found.size} bytes; at most ${largestFile} are read`),
      ),
    ),
    TE.flatMap(() => attempt<Uint8Array>('FileUnreadable', path, () => readFile(path))),
    TE.flatMap((bytes) => (path.endsWith('.gz') ? unpack(path, bytes) : TE.right(bytes))),
  )

const load =
  <A>(dir: string, names: readonly string[], decode: (bytes: Uint8Array) => Result<A>) =>
  (wanted: Wanted): Task<A> =>
    F.pipe(
      TE.fromEither(choose(dir, names, wanted)),
      TE.map((name) => join(dir, name)),
      TE.flatMap((path) =>
        F.pipe(
          read(path),
          TE.flatMapEither((bytes) => F.pipe(decode(bytes), E.mapLeft(within(path)))),
        ),
      ),
    )

const loadSplit = (dir: string, names: readonly string[], start: Wanted['start']): Task<Dataset> =>
  F.pipe(
    TE.Do,
    TE.bind('images', () => load(dir, names, decodeImages)({ start, end: 'images-idx3-ubyte' })),
    TE.bind('labels', () => load(dir, names, decodeLabels)({ start, end: 'labels-idx1-ubyte' })),
    TE.flatMapEither(({ images, labels }) => F.pipe(pair(images, labels), E.mapLeft(within(join(dir, `${start}*`))))),
  )

const sizeText = ({ images: { shape } }: Dataset): string => `${shape[1]}×${shape[2]}`

/**
 * A data set from a folder of IDX files, plain or gzipped: `train*-images-idx3-ubyte[.gz]`,
 * `train*-labels-idx1-ubyte[.gz]`, and the same of `t10k*` for the test set. Where several names fit one pattern, the
 * standard one (`train-images-idx3-ubyte`, plain before gzipped) is taken.
 *
 * Errors  FileUnreadable – no such folder, not a folder, no file or several for a pattern, or one that cannot be read
 *         FormatInvalid – damaged gzip or IDX data, counts that differ, training and test images of different sizes
 *         TooLarge – a file of more than 256 MiB, packed or unpacked
 */
export const loadIdxFolder = (dir: string): Task<Digits> =>
  F.pipe(
    attempt('FileUnreadable', dir, () => stat(dir)),
    TE.tap((found) => TE.fromEither(ensure(found.isDirectory(), 'FileUnreadable', `${dir}: not a folder`))),
    TE.flatMap(() => attempt('FileUnreadable', dir, () => readdir(dir))),
    TE.map((names) => names.toSorted()),
    TE.flatMap((names) =>
      F.pipe(
        TE.Do,
        TE.bind('train', () => loadSplit(dir, names, 'train')),
        TE.bind('test', () => loadSplit(dir, names, 't10k')),
      ),
    ),
    TE.tap(({ train, test }) =>
      TE.fromEither(
        ensure(
          sizeText(train) === sizeText(test),
          'FormatInvalid',
          `${dir}: training images are ${sizeText(train)} and test images ${sizeText(test)}; wanted one size`,
        ),
      ),
    ),
  )

/** The digits of a folder, or so many drawn from a seed where there is none. */
export const digitsFrom = (
  { data, seed }: { readonly data?: string; readonly seed: number },
  drawn: { readonly train: number; readonly test: number },
): Task<Digits> =>
  data === undefined
    ? TE.fromIO(() => ({ train: digits(seed, drawn.train, 'train'), test: digits(seed, drawn.test, 'test') }))
    : loadIdxFolder(data)
