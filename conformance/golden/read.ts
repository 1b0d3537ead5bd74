import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { AttributeValue } from '../../spec/attributes.js'
import type { Result } from '../../spec/error.js'
import { etalonError, show } from '../../spec/error.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { parseTensor } from '../../spec/tensor.js'

/** What another library answered to one question about one op. */
export interface GoldenCase {
  readonly name: string
  /** what computed it */
  readonly witness: string
  /** those that differ from the catalogue's defaults */
  readonly attrs: Readonly<Record<string, AttributeValue>>
  readonly inputs: Tensors
  readonly outputs: Tensors
  /** absent: the case speaks of forward only */
  readonly cotangents?: Tensors | undefined
  readonly gradients?: Tensors | undefined
}

export interface GoldenFile {
  /** a name of the catalogue, or one that the catalogue is yet to get */
  readonly op: string
  readonly cases: readonly GoldenCase[]
}

/** What another library answered about the gradients of an op's gradients. */
export interface GoldenSecond {
  readonly op: string
  readonly name: string
  readonly attrs: Readonly<Record<string, AttributeValue>>
  readonly inputs: Tensors
  readonly cotangents: Tensors
  readonly directions: Tensors
  /** the gradients of Σ ⟨direction, gradient⟩ with respect to the differentiable inputs, and to the cotangents */
  readonly ofInputs: Tensors
  readonly ofCotangents: Tensors
}

/** One node of a program's description: the op's own names to names of values. */
export interface GoldenNode {
  readonly op: string
  readonly attrs: Readonly<Record<string, AttributeValue>>
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
}

/** A program and all its values; `gradients` is that of the value `loss` with respect to each feed it names. */
export interface GoldenProgram {
  readonly name: string
  readonly description: readonly GoldenNode[]
  readonly feeds: Tensors
  /** every value, feeds included */
  readonly values: Tensors
  readonly gradients: Tensors
  /** a training step's optimizer nodes, which read `gradient of w` for each parameter w, and the values they write */
  readonly updates?: readonly GoldenNode[] | undefined
  readonly updated?: Tensors | undefined
}

/**
 * A small network that another library built of its own parts, and one step of its training. Names in `parameters`,
 * `kept`, `gradients` and `updated` are those of the library's state dict; gradients has x as well.
 */
export interface GoldenNetwork {
  readonly network: string
  readonly loss: 'softmaxCrossEntropy' | 'mse'
  readonly x: Tensor
  readonly target: Tensor
  readonly parameters: Tensors
  /** running statistics before the step, and after it in `updated` */
  readonly kept: Tensors
  readonly output: Tensor
  /** the loss */
  readonly value: Tensor
  readonly gradients: Tensors
  readonly updated: Tensors
}

// JSON has no NaN and no infinities: they travel as strings
const spelled: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity }
const numberOf = (u: unknown): number | undefined =>
  typeof u === 'number' ? u : typeof u === 'string' ? spelled[u] : undefined

const number: t.Type<number, number, unknown> = new t.Type(
  'a number, "NaN", "Infinity" or "-Infinity"',
  t.number.is,
  (u, context) => {
    const value = numberOf(u)
    return value === undefined ? t.failure(u, context) : t.success(value)
  },
  t.identity,
)

const written = t.strict({ shape: t.readonlyArray(t.number), data: t.readonlyArray(number) })

const tensor: t.Type<Tensor, Tensor, unknown> = new t.Type(
  'a tensor: a shape and as many numbers as it holds',
  (u): u is Tensor => written.is(u),
  (u, context) =>
    F.pipe(
      written.validate(u, context),
      E.flatMap(({ shape, data }) =>
        F.pipe(
          parseTensor('it', shape, data),
          E.orElse(({ message }) => t.failure<Tensor>(u, context, message)),
        ),
      ),
    ),
  t.identity,
)

const attrs = t.record(t.string, t.union([t.number, t.string, t.boolean, t.readonlyArray(t.number)]))
const tensors = t.record(t.string, tensor)
const names = t.record(t.string, t.string)
const node = t.strict({ op: t.string, attrs, inputs: names, outputs: names })
const provenance = t.record(t.string, t.union([t.string, t.number]))

const maybe = <A>(codec: t.Type<A, A, unknown>) => t.union([codec, t.undefined])
const file: t.Decoder<unknown, GoldenFile> = t.strict({
  provenance,
  op: t.string,
  cases: t.readonlyArray(
    t.strict({
      name: t.string,
      witness: t.string,
      attrs,
      inputs: tensors,
      outputs: tensors,
      cotangents: maybe(tensors),
      gradients: maybe(tensors),
    }),
  ),
})

const programs: t.Decoder<unknown, { readonly programs: readonly GoldenProgram[] }> = t.strict({
  provenance,
  programs: t.readonlyArray(
    t.strict({
      name: t.string,
      description: t.readonlyArray(node),
      feeds: tensors,
      values: tensors,
      gradients: tensors,
      updates: maybe<readonly GoldenNode[]>(t.readonlyArray(node)),
      updated: maybe(tensors),
    }),
  ),
})

const second: t.Decoder<unknown, { readonly cases: readonly GoldenSecond[] }> = t.strict({
  provenance,
  cases: t.readonlyArray(
    t.strict({
      op: t.string,
      name: t.string,
      attrs,
      inputs: tensors,
      cotangents: tensors,
      directions: tensors,
      ofInputs: tensors,
      ofCotangents: tensors,
    }),
  ),
})

const network: t.Decoder<unknown, GoldenNetwork> = t.strict({
  provenance,
  network: t.string,
  loss: t.union([t.literal('softmaxCrossEntropy'), t.literal('mse')]),
  x: tensor,
  target: tensor,
  parameters: tensors,
  kept: tensors,
  output: tensor,
  value: tensor,
  gradients: tensors,
  updated: tensors,
})

const parse = <A>(codec: t.Decoder<unknown, A>, text: string): Result<A> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => etalonError('FormatInvalid', 'golden vectors are JSON; this is none'),
    ),
    E.flatMap((value) =>
      F.pipe(
        codec.decode(value),
        E.mapLeft((errors) => {
          const last = errors.at(-1)
          const path = last?.context.map(({ key }) => key).join('/') ?? ''
          const wanted = last?.message ?? last?.context.at(-1)?.type.name
          return etalonError('FormatInvalid', `golden vectors: at ${path} found ${show(last?.value)}, wanted ${wanted}`)
        }),
      ),
    ),
  )

/**
 * The golden cases of one op, from a file's text.
 *
 * Errors  FormatInvalid – not JSON, or not of the form that `generate.py` or `networks.py` describes (where and what was found)
 */
export const parseGolden = (text: string): Result<GoldenFile> => parse(file, text)

/** The golden programs, from a file's text. Errors as `parseGolden`'s. */
export const parsePrograms = (text: string): Result<readonly GoldenProgram[]> =>
  F.pipe(
    parse(programs, text),
    E.map(({ programs }) => programs),
  )

/** The golden second derivatives, from a file's text. Errors as `parseGolden`'s. */
export const parseSecond = (text: string): Result<readonly GoldenSecond[]> =>
  F.pipe(
    parse(second, text),
    E.map(({ cases }) => cases),
  )

/** A golden network, from a file's text. Errors as `parseGolden`'s. */
export const parseNetwork = (text: string): Result<GoldenNetwork> => parse(network, text)
