import { either as E } from 'fp-ts'
import type { either } from 'fp-ts'

/** Every way in which a request can fail; the names are the oracle protocol's. */
export type ErrorCode =
  | 'MalformedRequest'
  | 'UnknownOp'
  | 'UnknownBackend'
  | 'MissingInput'
  | 'UnexpectedInput'
  | 'MalformedTensor'
  | 'MissingAttribute'
  | 'UnknownAttribute'
  | 'AttributeOutOfRange'
  | 'ShapeMismatch'
  | 'NoBackward'
  | 'TooLarge'
  | 'BackendUnavailable'
  | 'FileUnreadable'
  | 'FormatInvalid'
  | 'LimitExceeded'
  | 'DeviceLost'

/** A failure as a value: `message` says what was found and what was wanted, in the spec's letters. */
export type EtalonError = { readonly code: ErrorCode; readonly message: string }

export type Result<A> = either.Either<EtalonError, A>

export const etalonError = (code: ErrorCode, message: string): EtalonError => ({ code, message })

export const fail = <A = never>(code: ErrorCode, message: string): Result<A> => E.left({ code, message })

/** Right when the condition holds, else the error. */
export const ensure = (condition: boolean, code: ErrorCode, message: string): Result<void> =>
  condition ? E.right(undefined) : fail(code, message)

/** The same error with the place where it happened put in front. */
export const within =
  (place: string) =>
  (error: EtalonError): EtalonError => ({ code: error.code, message: `${place}: ${error.message}` })

/**
 * What a Right holds. For scripts and examples, where a failure should end the run: throws an Error with the code and
 * the message of a Left.
 */
export const getOrThrow: <A>(result: Result<A>) => A = E.getOrElseW(({ code, message }: EtalonError): never => {
  throw new Error(`${code}: ${message}`)
})

/** How a value that arrived from outside reads in a message; long ones are cut. */
export const show = (value: unknown): string => {
  const text = typeof value === 'number' || value === undefined ? String(value) : jsonOf(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

// nesting beyond what the machine's stack holds, and what JSON has no form for, show as their type
const jsonOf = (value: unknown): string =>
  E.getOrElse((): string => typeof value)(
    E.tryCatch(() => (JSON.stringify(value) as string | undefined) ?? typeof value, String),
  )
