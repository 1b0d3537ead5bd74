import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, fail, show } from '../../spec/error.js'
import type { Shape } from '../../spec/tensor.js'
import type { StoredTensor } from '../safetensors.js'
import type { Builder, Constant, Operand, Value } from './building.js'
import { single } from './building.js'
import type { OnnxAttribute, OnnxNode } from './model.js'

/** A node of a model, with what it reads, on its way into a program. */
export interface Given {
  readonly node: OnnxNode
  /** what its nodes in the program are called after */
  readonly name: string
  /** of ONNX's own operators */
  readonly opset: number
  readonly inputs: readonly (Value | undefined)[]
  readonly build: Builder
  /** whether what it becomes has to answer to the last bit what the operator means: nothing is worked out with a rounding */
  readonly isExact?: boolean
}

/** What a node answers, a value for each output that is wanted. */
export type Answer = Result<readonly (Value | undefined)[]>

export interface Operator {
  /** Errors  Unsupported, or what the ops refuse: by the attribute or input that stands in the way */
  readonly translate: (given: Given) => Answer
}

export const refuse = <A>(message: string): Result<A> => fail('Unsupported', message)

// ---- attributes ----

interface Kinds {
  readonly int: number
  readonly float: number
  readonly string: string
  readonly tensor: StoredTensor
  readonly floats: readonly number[]
  readonly ints: readonly number[]
  readonly strings: readonly string[]
}

export interface Reader<A> {
  readonly kind: keyof Kinds
  readonly otherwise: A
}

export const int = <A extends number | undefined>(otherwise: A): Reader<number | A> => ({ kind: 'int', otherwise })
export const float = <A extends number | undefined>(otherwise: A): Reader<number | A> => ({ kind: 'float', otherwise })
export const text = <A extends string | undefined>(otherwise: A): Reader<string | A> => ({ kind: 'string', otherwise })
export const ints: Reader<readonly number[] | undefined> = { kind: 'ints', otherwise: undefined }
export const floats: Reader<readonly number[] | undefined> = { kind: 'floats', otherwise: undefined }
export const strings: Reader<readonly string[] | undefined> = { kind: 'strings', otherwise: undefined }
export const stored: Reader<StoredTensor | undefined> = { kind: 'tensor', otherwise: undefined }

export type Read<R> = { readonly [K in keyof R]: R[K] extends Reader<infer A> ? A : never }

const kindOf = (attribute: OnnxAttribute): string =>
  'unread' in attribute ? attribute.unread : (Object.keys(attribute)[0] ?? 'nothing')

const attributesOf = <R extends Readonly<Record<string, Reader<unknown>>>>(
  readers: R,
  attributes: OnnxNode['attributes'],
): Result<Read<R>> => {
  const stranger = Object.keys(attributes).find((name) => !Object.hasOwn(readers, name))
  const odd = Object.entries(attributes).find(([name, value]) => kindOf(value) !== readers[name]?.kind)
  return F.pipe(
    ensure(stranger === undefined, 'Unsupported', `attribute ${stranger} is not known of it here`),
    E.flatMap(() =>
      ensure(
        odd === undefined,
        'Unsupported',
        `attribute ${odd?.[0]} is ${odd && kindOf(odd[1])}; wanted ${readers[odd?.[0] ?? '']?.kind}`,
      ),
    ),
    E.map(
      () =>
        Object.fromEntries(
          Object.entries(readers).map(([name, { kind, otherwise }]) => {
            const found = attributes[name] as Readonly<Record<string, unknown>> | undefined
            return [name, found === undefined ? otherwise : found[kind]]
          }),
        ) as Read<R>,
    ),
  )
}

export const operator = <R extends Readonly<Record<string, Reader<unknown>>>>(
  readers: R,
  translate: (attrs: Read<R>, given: Given) => Answer,
): Operator => ({
  translate: (given) =>
    F.pipe(
      attributesOf(readers, given.node.attributes),
      E.flatMap((attrs) => translate(attrs, given)),
    ),
})

/** That an attribute has the one value that is known here. */
export const only = (name: string, value: unknown, ...known: readonly unknown[]): Result<void> =>
  ensure(
    known.some((each) => JSON.stringify(each) === JSON.stringify(value)),
    'Unsupported',
    `attribute ${name} is ${show(value)}; the catalogue has it with ${known.map(show).join(' or ')}`,
  )

// ---- inputs and outputs ----

export const shapeOf = (value: Value): Shape => ('operand' in value ? value.operand.shape : value.constant.tensor.shape)

export const needed = ({ inputs }: Given, at: number): Result<Value> => {
  const value = inputs[at]
  return value === undefined ? fail('MissingInput', `its input ${at + 1} is missing`) : E.right(value)
}

/** A value as something that an op reads: a constant becomes a weight that is fed. */
export const operandOf = (build: Builder, value: Value): Result<Operand> => {
  if ('operand' in value) return E.right(value.operand)
  const { name, dtype, tensor, isLearned } = value.constant
  return dtype === 'F32'
    ? E.right(build.weight(name, { tensor, isLearned }))
    : refuse(`it reads ${name}, of ${dtype}; the catalogue's ops compute with F32`)
}

export const read = (given: Given, at: number): Result<Operand> =>
  F.pipe(
    needed(given, at),
    E.flatMap((value) => operandOf(given.build, value)),
  )

/** An input that has to be known before the program runs. */
export const constantAt = (given: Given, at: number, what: string): Result<Constant> =>
  F.pipe(
    needed(given, at),
    E.flatMap((value) =>
      'constant' in value
        ? E.right(value.constant)
        : refuse(`its ${what}, ${value.operand.name}, is computed; it has to be a constant`),
    ),
  )

export const numbersAt = (given: Given, at: number, what: string): Result<readonly number[]> =>
  F.pipe(
    constantAt(given, at, what),
    E.map(({ tensor: { data } }) => Array.from({ length: data.length }, (_, i) => data[i] as number)),
  )

export const optionalNumbersAt = (given: Given, at: number, what: string): Result<readonly number[] | undefined> =>
  given.inputs[at] === undefined ? E.right(undefined) : numbersAt(given, at, what)

/** That nothing beyond the first outputs is wanted. */
export const noMore = ({ node: { outputs } }: Given, most: number): Result<void> => {
  const surplus = outputs.findIndex((name, at) => at >= most && name !== '')
  return ensure(
    surplus < 0,
    'Unsupported',
    `its output ${surplus + 1}, ${outputs[surplus]}, is wanted; it has ${most} here`,
  )
}

export const outputName = ({ node: { outputs } }: Given, at = 0): string => outputs[at] as string

export const answer = (made: Result<Operand>): Answer =>
  F.pipe(
    made,
    E.map((operand) => [{ operand }]),
  )

/** One node of the catalogue, whose y is the first output. */
export const one = (given: Given, op: OpName, attrs: Attributes, inputs: Readonly<Record<string, Operand>>): Answer =>
  answer(single(given.build, given.name, op, attrs, inputs, outputName(given)))

export const elementwise = (op: OpName): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      read(given, 0),
      E.flatMap((x) => one(given, op, {}, { x })),
    ),
  )

export const elementwiseBy = (op: OpName, name: string, otherwise: number): Operator =>
  operator({ [name]: float(otherwise) }, (attrs, given) =>
    F.pipe(
      read(given, 0),
      E.flatMap((x) => one(given, op, attrs, { x })),
    ),
  )
