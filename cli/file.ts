import { access, constants, realpath, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { either as E } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  return code === 'ENOENT' ? 'no such folder' : code === 'EACCES' ? 'it may not be written' : error.message
}

const orLeft = async <A>(file: string, act: () => Promise<A>): Promise<Result<A>> => {
  try {
    return E.right(await act())
  } catch (error) {
    return fail('FileUnreadable', `${file} cannot be written: ${reasonOf(error)}`)
  }
}

/** What there is to write to: a plain file or none yet, which is replaced; or a device, which is written into. */
export interface Target {
  readonly file: string
  readonly plain: boolean
}

/**
 * Whether a name promises the page that an option writes.
 *
 * Errors  FileUnreadable – another extension than .html or .htm, or than none
 */
export const forPage = (option: string, file: string): Result<void> =>
  ensure(
    ['', '.html', '.htm'].includes(extname(file).toLowerCase()),
    'FileUnreadable',
    `${option} writes an HTML page; ${file} ends in ${extname(file)}, wanted .html`,
  )

/**
 * Finds out whether a file can be written, and leaves everything as it is.
 *
 * Errors  FileUnreadable – a folder, or what may not be written
 */
export const writable = (file: string): Promise<Result<Target>> =>
  orLeft(file, async () => {
    if (file === '') throw new Error('it has no name')
    const real = await realpath(file).catch(() => file)
    const found = await stat(real).catch(() => undefined)
    if (found?.isDirectory() === true) throw new Error('it is a folder')
    const plain = found === undefined || found.isFile()
    if (found !== undefined) await access(real, constants.W_OK)
    if (plain) await access(dirname(real), constants.W_OK)
    return { file: real, plain }
  })

/**
 * Writes a file whole or not at all: what was there before stays until everything new is.
 *
 * Errors  FileUnreadable – it could not be written
 */
export const writeWhole = ({ file, plain }: Target, content: string | Uint8Array): Promise<Result<void>> =>
  orLeft(file, async () => {
    if (!plain) return writeFile(file, content)
    const draft = `${file}.${process.pid}.part`
    try {
      await writeFile(draft, content)
      await rename(draft, file)
    } catch (reason) {
      await rm(draft, { force: true })
      throw reason
    }
  })

/**
 * The text of a file.
 *
 * Errors  FileUnreadable – there is none, or it cannot be read
 */
export const readText = async (file: string): Promise<Result<string>> => {
  try {
    return E.right(await readFile(file, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a folder' : reasonOf(error)
    return fail('FileUnreadable', `${file} cannot be read: ${reason}`)
  }
}
