import { either as E } from 'fp-ts'
import type { either } from 'fp-ts'

/**
 * Every way in which a request can fail; the names are the oracle protocol's. `Unsupported` is a backend's word for a case
 * that it does not do, which is neither right nor wrong, and ours for what a model has that the catalogue has not. The last five are said of a backend, by whoever asks it: it threw
 * or rejected, answered what is no answer, gave no answer in time, went away, or was not asked, after too many of those.
 */
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
  | 'Unsupported'
  | 'Thrown'
  | 'InvalidAnswer'
  | 'NoAnswer'
  | 'Died'
  | 'NotAsked'

/** A failure as a value: `message` says what was found and what was wanted, in the spec's letters. */
export type EtalonError = { readonly code: ErrorCode; readonly message: string }

export type Result<A> = either.Either<EtalonError, A>

/** Text from outside as a message can hold it: cut where it is longer than so many characters. */
export const brief = (text: string, most = 60): string => (text.length > most ? `${text.slice(0, most - 3)}...` : text)

// whatever a message quotes, it is no longer than this: who asks with megabytes gets lines back
const longestMessage = 2000

export const etalonError = (code: ErrorCode, message: string): EtalonError => ({
  code,
  message: brief(message, longestMessage),
})

export const fail = <A = never>(code: ErrorCode, message: string): Result<A> => E.left(etalonError(code, message))

/** Right when the condition holds, else the error. */
export const ensure = (condition: boolean, code: ErrorCode, message: string): Result<void> =>
  condition ? E.right(undefined) : fail(code, message)

/** The same error with the place where it happened put in front. */
export const within =
  (place: string) =>
  (error: EtalonError): EtalonError =>
    etalonError(error.code, `${brief(place, 200)}: ${error.message}`)

/**
 * What a Right holds. For scripts and examples, where a failure should end the run: throws an Error with the code and
 * the message of a Left.
 */
export const getOrThrow: <A>(result: Result<A>) => A = E.getOrElseW(({ code, message }: EtalonError): never => {
  throw new Error(`${code}: ${message}`)
})

/** How a value that arrived from outside reads in a message; long ones are cut. */
export const show = (value: unknown): string =>
  brief(typeof value === 'number' || value === undefined ? String(value) : jsonOf(value))

// nesting beyond what the machine's stack holds, and what JSON has no form for, show as their type
const jsonOf = (value: unknown): string =>
  E.getOrElse((): string => typeof value)(
    E.tryCatch(() => (JSON.stringify(value) as string | undefined) ?? typeof value, String),
  )
