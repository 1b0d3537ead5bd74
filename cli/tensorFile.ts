import { readFile } from 'node:fs/promises'
import { either as E, function as F } from 'fp-ts'
import { decodeNpz } from '../formats/npz.js'
import type { StoredTensor } from '../formats/safetensors.js'
import { decodeSafetensors, numbersOf } from '../formats/safetensors.js'
import type { Result } from '../spec/error.js'
import { ensure, fail, within } from '../spec/error.js'
import type { Tensor, Tensors } from '../spec/tensor.js'

/**
 * The bytes of a file.
 *
 * Errors  FileUnreadable – there is none, or it cannot be read
 */
export const readBytes = async (file: string): Promise<Result<Uint8Array>> => {
  try {
    return E.right(await readFile(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EISDIR'
          ? 'it is a folder'
          : error instanceof Error
            ? error.message
            : String(error)
    return fail('FileUnreadable', `${file} cannot be read: ${reason}`)
  }
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b

const storedIn = (bytes: Uint8Array): Result<readonly StoredTensor[]> =>
  isZip(bytes)
    ? F.pipe(
        decodeNpz(bytes),
        E.map(({ tensors }) => tensors),
      )
    : F.pipe(
        decodeSafetensors(bytes),
        E.tap(({ skipped = [] }) =>
          ensure(
            skipped.length === 0,
            'FormatInvalid',
            `tensor ${skipped[0]?.name}: its dtype ${skipped[0]?.dtype} is not read here`,
          ),
        ),
        E.map(({ tensors }) => tensors),
      )

/**
 * Every tensor of a file of safetensors or npz, by name; none where no file is told.
 *
 * Errors  FileUnreadable, FormatInvalid – with the file's name in front
 */
export const tensorsIn = async (file: string | undefined): Promise<Result<Tensors>> =>
  file === undefined
    ? E.right({})
    : F.pipe(
        await readBytes(file),
        E.flatMap((bytes) =>
          F.pipe(
            storedIn(bytes),
            E.flatMap(
              E.traverseArray((stored) =>
                F.pipe(
                  numbersOf(stored),
                  E.map((value): readonly [string, Tensor] => [stored.name, value]),
                ),
              ),
            ),
            E.map((entries) => Object.fromEntries(entries)),
            E.mapLeft(within(file)),
          ),
        ),
      )
