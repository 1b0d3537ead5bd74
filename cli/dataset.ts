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

/** Which file of a data set: its standard name is `start-what-type`, with or without `.gz`. */
interface Wanted {
  readonly start: 'train' | 't10k'
  readonly what: 'images' | 'labels'
}

const typeOf = { images: 'idx3-ubyte', labels: 'idx1-ubyte' } as const
const standardOf = ({ start, what }: Wanted): string => `${start}-${what}-${typeOf[what]}`
// as the files come, and as some programs that unpack them, and the copies made of those, have it
const patternOf = ({ start, what }: Wanted): string => `${start}*-${what}[-.]${typeOf[what]}[.gz]`

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
 * The name among those in a folder that a wanted file goes by: the standard name (plain, then gzipped), then the same with
 * a dot before its type, else the only one that fits the pattern.
 *
 * Errors  FileUnreadable – none fits, or several do and none is the standard name
 */
export const choose = (dir: string, names: readonly string[], wanted: Wanted): Result<string> => {
  const { start, what } = wanted
  const standard = standardOf(wanted)
  const stem = (name: string): string => name.replace(/\.gz$/, '').replace(`.${typeOf[what]}`, `-${typeOf[what]}`)
  const candidates = names
    .filter((name) => name.startsWith(start) && stem(name).slice(start.length).endsWith(`-${what}-${typeOf[what]}`))
    .toSorted()
  const best = candidates.find((name) => stem(name) === standard)
  const [first, ...others] = candidates
  if (best !== undefined) return E.right(best)
  if (first === undefined) return fail('FileUnreadable', `${dir}: wanted ${patternOf(wanted)}; ${listed(names)}`)
  return F.pipe(
    ensure(
      others.length === 0,
      'FileUnreadable',
      `${dir}: ${candidates.join(' and ')} fit ${patternOf(wanted)}; wanted one of them alone, or ${standard}[.gz]`,
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
    // whatever its name: browsers and copies leave `.gz` away, or unpack and let it stand
    TE.flatMap((bytes) => (bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(path, bytes) : TE.right(bytes))),
  )

/** What lies in a folder: files, or whatever links lead to, and all names, folders' too. */
interface Listing {
  readonly files: readonly string[]
  readonly names: readonly string[]
}

const load =
  <A>(dir: string, { files, names }: Listing, decode: (bytes: Uint8Array) => Result<A>) =>
  (wanted: Wanted): Task<A> =>
    F.pipe(
      // a folder is told of only where no file has such a name
      TE.fromEither(
        F.pipe(
          choose(dir, files, wanted),
          E.orElse((error) =>
            F.pipe(
              choose(dir, names, wanted),
              E.mapLeft(() => error),
            ),
          ),
        ),
      ),
      TE.map((name) => join(dir, name)),
      TE.flatMap((path) =>
        F.pipe(
          read(path),
          TE.flatMapEither((bytes) => F.pipe(decode(bytes), E.mapLeft(within(path)))),
        ),
      ),
    )

const loadSplit = (dir: string, listing: Listing, start: Wanted['start']): Task<Dataset> =>
  F.pipe(
    TE.Do,
    TE.bind('images', () => load(dir, listing, decodeImages)({ start, what: 'images' })),
    TE.bind('labels', () => load(dir, listing, decodeLabels)({ start, what: 'labels' })),
    TE.flatMapEither(({ images, labels }) => F.pipe(pair(images, labels), E.mapLeft(within(join(dir, `${start}*`))))),
  )

const sizeText = ({ images: { shape } }: Dataset): string => `${shape[1]}×${shape[2]}`

/**
 * A data set from a folder of IDX files: `train*-images-idx3-ubyte[.gz]`, `train*-labels-idx1-ubyte[.gz]`, with a hyphen
 * or a dot before `idx`, and the same of `t10k*` for the test set. Whether one is gzipped its first bytes say, not its
 * name. Where several names fit one pattern, the standard one (`train-images-idx3-ubyte`, plain before gzipped, hyphen
 * before dot) is taken; folders of such a name are passed over where a file has it too.
 *
 * Errors  FileUnreadable – no such folder, not a folder, no file or several for a pattern, or one that cannot be read
 *         FormatInvalid – damaged gzip or IDX data, counts that differ, training and test images of different sizes
 *         TooLarge – a file of more than 256 MiB, packed or unpacked
 */
export const loadIdxFolder = (dir: string): Task<Digits> =>
  F.pipe(
    attempt('FileUnreadable', dir, () => stat(dir)),
    TE.tap((found) => TE.fromEither(ensure(found.isDirectory(), 'FileUnreadable', `${dir}: not a folder`))),
    TE.flatMap(() => attempt('FileUnreadable', dir, () => readdir(dir, { withFileTypes: true }))),
    TE.map((entries): Listing => ({
      files: entries
        .filter((entry) => !entry.isDirectory())
        .map(({ name }) => name)
        .toSorted(),
      names: entries.map(({ name }) => name).toSorted(),
    })),
    TE.flatMap((listing) =>
      F.pipe(
        TE.Do,
        TE.bind('train', () => loadSplit(dir, listing, 'train')),
        TE.bind('test', () => loadSplit(dir, listing, 't10k')),
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
