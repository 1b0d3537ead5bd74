import { either as E, function as F } from 'fp-ts'
import type { either } from 'fp-ts'
import * as t from 'io-ts'
import { count, finite, oneOf } from '../spec/attributes.js'
import type { BoundsAsked } from '../conformance/precision.js'
import type { Elements } from '../conformance/elements.js'
import type { OpName } from '../spec/catalogue.js'
import { hasBackward, opOf, parseOpName } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, etalonError, fail, show } from '../spec/error.js'
import type { AnyOp } from '../spec/op.js'
import {
  cotangentNames,
  ensureCounts,
  gradientNames,
  inputsAmong,
  requiredInputs,
  resolve,
  shapesOf,
} from '../spec/op.js'
import type { Question } from '../spec/program.js'
import { noSecond } from '../spec/reverse.js'
import { hasSecond } from '../spec/second/index.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { largestOutput, parseTensor, sameShape, showShape, sizeOf } from '../spec/tensor.js'

/**
 * The oracle protocol: one JSON object a line asks for an op's answer, one JSON object a line gives it. This file is the
 * pure half, from a line to a question and from an answer to a line; who answers is the caller's affair.
 *
 * A request is looked at in this order, and the first fault is the one reported: the form of the line, op, backend,
 * whether there is a backward, or a second derivative, names of inputs, cotangents and directions, their tensors,
 * attributes, shapes, the elements asked for, size of the answer.
 */

export type BackendName = 'reference' | 'webgpu'

/** The JSON text of a request's id, as it is to be echoed: whatever value it is, 64-bit integers included. */
export type Id = string
export const noId: Id = 'null'

/** A question that fits its op in names, attributes and shapes, and whom it is for. */
export interface Request {
  readonly id: Id
  readonly backend: BackendName
  readonly question: Question
  /** second: the gradients of Σ ⟨direction, gradient⟩ are asked for, the gradients being those of the question, a backward */
  readonly directions?: Tensors
  /** the precision whose bounds are asked for beside the answer */
  readonly bounds?: BoundsAsked
  /** row-major positions of the elements asked for, by output; no other output is wanted then */
  readonly elements?: Elements
}

/** Why a request gets no answer. */
export interface Refusal {
  readonly id: Id
  readonly error: EtalonError
}

type Members = Readonly<Record<string, unknown>>

const memberNames = [
  'id',
  'op',
  'direction',
  'backend',
  'attrs',
  'inputs',
  'cotangents',
  'directions',
  'bounds',
  'depth',
  'elements',
]
const precisionCodec = oneOf('f32', 'f32-nearest', 'tf32', 'bf16', 'f16')
const directionCodec = oneOf('forward', 'backward', 'second')
type Asked = 'forward' | 'backward' | 'second'
const backendCodec = oneOf('reference', 'webgpu')
const nonFinite = oneOf('NaN', 'Infinity', '-Infinity')

/** How a found value reads in a message; lists and objects, which may be of any depth and length, by their kind. */
const found = (value: unknown): string =>
  value === undefined
    ? 'missing'
    : Array.isArray(value)
      ? `a list of ${value.length}`
      : t.UnknownRecord.is(value)
        ? 'an object'
        : show(value)

// ---- the line ----------------------------------------------------------------------------------------------------

const closingQuote = (text: string, opening: number): number => {
  let at = opening + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/** The text of the member `id` of a JSON object, the last if there are several. */
const idText = (json: string): Id => {
  let depth = 0
  let name = ''
  let start = -1
  let text = noId
  for (let at = 0; at < json.length; at++) {
    const c = json[at]
    if (c === '"') {
      const end = closingQuote(json, at)
      if (depth === 1 && start < 0) name = JSON.parse(json.slice(at, end + 1)) as string
      at = end
    } else if (c === ':' && depth === 1) start = at + 1
    else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']' || c === ',') {
      if (depth === 1) {
        if (name === 'id') text = json.slice(start, at)
        start = -1
      }
      if (c !== ',') depth--
    }
  }
  return text.replace(/[\r\t]/g, ' ').trim()
}

// a parsed number may have lost digits, and a parsed list may nest deeper than JSON.stringify can follow
const idOf = (members: Members, line: string): Id => {
  const id = members['id']
  return id === undefined
    ? noId
    : typeof id === 'object' || (typeof id === 'number' && !Number.isSafeInteger(id))
      ? idText(line)
      : JSON.stringify(id)
}

const parseLine = (line: string): Result<Members> =>
  F.pipe(
    E.tryCatch(
      (): unknown => JSON.parse(line),
      (thrown) =>
        etalonError(
          'MalformedRequest',
          line.trim() === '' ? 'the line is blank' : `the line is not JSON: ${(thrown as Error).message}`,
        ),
    ),
    E.flatMap((value) =>
      t.UnknownRecord.is(value)
        ? E.right(value)
        : fail('MalformedRequest', `the line is ${found(value)}; it must be an object`),
    ),
  )

// ---- its members -------------------------------------------------------------------------------------------------

const member = <A>(members: Members, name: string, codec: t.Type<A, A, unknown>, byDefault?: NoInfer<A>): Result<A> => {
  const value = Object.hasOwn(members, name) ? members[name] : byDefault
  return codec.is(value)
    ? E.right(value)
    : fail('MalformedRequest', `${name} is ${found(value)}; it must be ${codec.name}`)
}

const anObject = new t.Type<Members, Members, unknown>(
  'an object',
  t.UnknownRecord.is,
  t.UnknownRecord.validate,
  t.identity,
)

const parseBackend = (name: string): Result<BackendName> =>
  backendCodec.is(name) ? E.right(name) : fail('UnknownBackend', `backend is ${show(name)}; it is ${backendCodec.name}`)

const ensureKnown = (what: string, given: Members, known: readonly string[]): Result<void> => {
  const stranger = Object.keys(given).find((name) => !known.includes(name))
  return ensure(
    stranger === undefined,
    'UnexpectedInput',
    `there is no ${what} ${show(stranger)}; there are ${known.join(', ')}`,
  )
}

const ensureInputs = (op: AnyOp, inputs: Members): Result<void> => {
  const known = inputsAmong(op, Object.keys(inputs))
  const needed = requiredInputs({ inputs: known })
  const missing = needed.find((name) => !Object.hasOwn(inputs, name))
  return F.pipe(
    ensureKnown('input', inputs, Object.keys(known)),
    E.flatMap(() =>
      ensure(missing === undefined, 'MissingInput', `input ${missing} is missing; needed are ${needed.join(', ')}`),
    ),
  )
}

/** Tensors that only some directions take: of those at least one, under names that there are. */
const ensureSome = (
  what: 'cotangent' | 'direction',
  given: Members,
  known: readonly string[],
  direction: Asked,
  taking: readonly Asked[],
): Result<void> =>
  taking.includes(direction)
    ? F.pipe(
        ensureKnown(what, given, known),
        E.flatMap(() =>
          ensure(
            Object.keys(given).length > 0,
            'MissingInput',
            `${direction} needs at least one ${what} of ${known.join(', ')}`,
          ),
        ),
      )
    : ensure(
        Object.keys(given).length === 0,
        'UnexpectedInput',
        `${what}s belong to ${taking.join(' and ')}; this is ${direction}`,
      )

const isWireNumber = (value: unknown): value is number | string => finite.is(value) || nonFinite.is(value)

const parseWireTensor = (name: string, value: unknown): Result<Tensor> => {
  if (!t.UnknownRecord.is(value))
    return fail('MalformedTensor', `${name} is ${found(value)}; a tensor is an object of shape and data`)
  const { shape, data } = value
  const stranger = Object.keys(value).find((key) => key !== 'shape' && key !== 'data')
  if (stranger !== undefined)
    return fail('MalformedTensor', `${name} has a member ${show(stranger)}; a tensor has shape and data`)
  if (!Array.isArray(shape))
    return fail('MalformedTensor', `${name}'s shape is ${found(shape)}; it must be a list of integers of at least 1`)
  if (!Array.isArray(data))
    return fail('MalformedTensor', `${name}'s data is ${found(data)}; it must be a list of numbers`)
  const odd = shape.findIndex((extent) => typeof extent !== 'number')
  if (odd >= 0)
    return fail(
      'MalformedTensor',
      `${name}'s shape has ${found(shape[odd])} at ${odd}; an extent is an integer of at least 1`,
    )
  const wrong = data.findIndex((element) => !isWireNumber(element))
  if (wrong >= 0)
    return fail(
      'MalformedTensor',
      `${name}'s data has ${found(data[wrong])} at ${wrong}; wanted is ${finite.name} or ${nonFinite.name}`,
    )
  return parseTensor(name, shape as Shape, Float64Array.from(data as readonly (number | string)[], Number))
}

const parseTensors = (what: string, given: Members): Result<Tensors> =>
  Object.entries(given).reduce<Result<Tensors>>(
    (soFar, [name, value]) =>
      F.pipe(
        soFar,
        E.flatMap((tensors) =>
          F.pipe(
            parseWireTensor(`${what} ${name}`, value),
            E.map((tensor) => ({ ...tensors, [name]: tensor })),
          ),
        ),
      ),
    E.right({}),
  )

// no attribute nests deeper than a list; what does is cut there, because a message prints the whole of a refused value
const shallow = (attrs: Members): Members =>
  Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.map((item: unknown) => (Array.isArray(item) ? [] : t.UnknownRecord.is(item) ? {} : item))
        : t.UnknownRecord.is(value)
          ? {}
          : value,
    ]),
  )

// ---- the question ------------------------------------------------------------------------------------------------

const ensureSize = (answers: Readonly<Record<string, Shape>>): Result<void> => {
  const large = Object.entries(answers).find(([, shape]) => sizeOf(shape) > largestOutput)
  return large === undefined
    ? E.right(undefined)
    : fail(
        'TooLarge',
        `${large[0]} would have shape ${showShape(large[1])}, ${sizeOf(large[1])} elements; at most ${largestOutput} are made`,
      )
}

/** Whether cotangents have the shapes of their outputs, and directions those of their inputs. */
const ensureShapes = (
  what: 'cotangent' | 'direction',
  given: Tensors,
  wanted: Readonly<Record<string, Shape>>,
): Result<void> => {
  const unfit = Object.entries(given).find(([name, { shape }]) => !sameShape(shape, wanted[name] as Shape))
  return unfit === undefined
    ? E.right(undefined)
    : fail(
        'ShapeMismatch',
        `the ${what} of ${unfit[0]} has shape ${showShape(unfit[1].shape)}; ${unfit[0]} has shape ${showShape(wanted[unfit[0]] as Shape)}`,
      )
}

/**
 * The elements asked for of some answers.
 *
 * Errors  UnexpectedInput – a name of no answer; MalformedRequest – no list of whole numbers, or an empty one;
 *         AttributeOutOfRange – a position that there is not
 */
const parseElements = (given: Members, answers: Readonly<Record<string, Shape>>): Result<Elements> =>
  F.pipe(
    ensureKnown('answer', given, Object.keys(answers)),
    E.tap(() => ensure(Object.keys(given).length > 0, 'MalformedRequest', 'elements names no answer')),
    E.flatMap(() =>
      Object.entries(given).reduce<Result<Elements>>(
        (soFar, [name, positions]) =>
          F.pipe(
            soFar,
            E.flatMap((elements) =>
              F.pipe(
                parsePositions(name, positions, sizeOf(answers[name] as Shape)),
                E.map((chosen) => ({ ...elements, [name]: chosen })),
              ),
            ),
          ),
        E.right({}),
      ),
    ),
  )

const parsePositions = (name: string, given: unknown, size: number): Result<Numbers> => {
  if (!Array.isArray(given) || given.length === 0)
    return fail(
      'MalformedRequest',
      `the elements of ${name} are ${found(given)}; they must be a list of positions, row-major from 0`,
    )
  const positions: readonly unknown[] = given
  const odd = positions.findIndex((position) => !count.is(position))
  const past = positions.findIndex((position) => (position as number) >= size)
  return odd >= 0
    ? fail(
        'MalformedRequest',
        `the elements of ${name} have ${found(positions[odd])} at ${odd}; wanted is ${count.name}`,
      )
    : past >= 0
      ? fail('AttributeOutOfRange', `${name} has no element ${found(positions[past])}; it has ${size}, counted from 0`)
      : E.right(Float64Array.from(positions as readonly number[]))
}

// who answers whole outputs makes all of the elements, whichever are asked for; so does who runs a second derivative
const madeWhole = (members: Members, backend: BackendName): boolean =>
  backend === 'webgpu' || members['direction'] === 'second' || !Object.hasOwn(members, 'elements')

const parseQuestion = (
  name: OpName,
  members: Members,
  backend: BackendName,
): Result<Pick<Request, 'question' | 'directions' | 'elements'>> => {
  const op = opOf(name)
  return F.pipe(
    E.Do,
    E.bind('direction', () => member(members, 'direction', directionCodec, 'forward')),
    E.tap(({ direction }) =>
      (direction === 'backward' && !hasBackward(name)) || (direction === 'second' && !hasSecond(name))
        ? E.left(noSecond(name))
        : E.right(undefined),
    ),
    E.bind('given', () => member(members, 'inputs', anObject, {})),
    E.bind('givenCotangents', () => member(members, 'cotangents', anObject, {})),
    E.bind('givenDirections', () => member(members, 'directions', anObject, {})),
    E.tap(({ given }) => ensureInputs(op, given)),
    E.tap(({ direction, given, givenCotangents, givenDirections }) =>
      F.pipe(
        ensureSome('cotangent', givenCotangents, cotangentNames(op), direction, ['backward', 'second']),
        E.flatMap(() => ensureSome('direction', givenDirections, gradientNames(op, given), direction, ['second'])),
      ),
    ),
    E.bind('inputs', ({ given }) => parseTensors('input', given)),
    E.tap(({ inputs }) => ensureCounts(op, inputs)),
    E.bind('cotangents', ({ givenCotangents }) => parseTensors('cotangent', givenCotangents)),
    E.bind('directions', ({ givenDirections }) => parseTensors('direction', givenDirections)),
    E.bind('attrs', () =>
      F.pipe(
        member(members, 'attrs', anObject, {}),
        E.flatMap((attrs) => op.attrs.decode(shallow(attrs))),
      ),
    ),
    E.bind('resolved', ({ attrs, inputs }) => resolve(op, attrs, shapesOf(inputs))),
    E.tap(({ inputs, cotangents, directions, resolved }) =>
      F.pipe(
        ensureShapes('cotangent', cotangents, resolved.outputs),
        E.flatMap(() => ensureShapes('direction', directions, shapesOf(inputs))),
      ),
    ),
    E.let('answers', ({ direction, inputs, resolved }) =>
      direction === 'forward'
        ? resolved.outputs
        : Object.fromEntries(gradientNames(op, inputs).map((input) => [input, (inputs[input] as Tensor).shape])),
    ),
    E.bind('elements', ({ answers }) =>
      Object.hasOwn(members, 'elements')
        ? F.pipe(
            member(members, 'elements', anObject),
            E.flatMap((given) => parseElements(given, answers)),
          )
        : E.right(undefined),
    ),
    E.tap(({ resolved, answers }) =>
      madeWhole(members, backend) ? ensureSize({ ...resolved.outputs, ...answers }) : E.right(undefined),
    ),
    E.map(({ direction, attrs, inputs, cotangents, directions, elements }) => ({
      question: {
        op: name,
        direction: direction === 'second' ? ('backward' as const) : direction,
        attrs,
        inputs,
        cotangents,
        ...(elements === undefined ? {} : { wanted: Object.keys(elements) }),
      },
      ...(direction === 'second' ? { directions } : {}),
      ...(elements === undefined ? {} : { elements }),
    })),
  )
}

const ensureForm = (members: Members): Result<void> => {
  const stranger = Object.keys(members).find((name) => !memberNames.includes(name))
  return F.pipe(
    ensure(
      stranger === undefined,
      'MalformedRequest',
      `a request has no member ${show(stranger)}; it has ${memberNames.join(', ')}`,
    ),
    E.tap(() => member(members, 'op', t.string)),
    E.tap(() => member(members, 'direction', directionCodec, 'forward')),
    E.tap(() => member(members, 'backend', t.string, 'reference')),
    E.tap(() => member(members, 'attrs', anObject, {})),
    E.tap(() => member(members, 'inputs', anObject, {})),
    E.tap(() => member(members, 'cotangents', anObject, {})),
    E.tap(() => member(members, 'directions', anObject, {})),
    E.tap(() => member(members, 'elements', anObject, {})),
    E.tap(() => parseBounds(members)),
  )
}

const parseBounds = (members: Members): Result<Pick<Request, 'bounds'>> => {
  if (members['direction'] === 'second' && Object.hasOwn(members, 'bounds'))
    return fail('MalformedRequest', 'bounds are of forward and backward; each node of a second derivative has its own')
  const [hasBounds, hasDepth] = [Object.hasOwn(members, 'bounds'), Object.hasOwn(members, 'depth')]
  if (!hasBounds)
    return hasDepth
      ? fail('MalformedRequest', 'depth narrows bounds, and none are asked for: bounds is missing')
      : E.right({})
  return F.pipe(
    E.Do,
    E.bind('precision', () => member(members, 'bounds', precisionCodec)),
    E.bind('depth', () => member(members, 'depth', count, 0)),
    E.map(({ precision, depth }) => ({ bounds: hasDepth ? { precision, depth } : { precision } })),
  )
}

/**
 * The question that a line asks, attributes decoded and defaults filled in.
 *
 * Errors  MalformedRequest – no JSON object, a member that requests do not have, or one of another kind; UnknownOp,
 *         UnknownBackend, NoBackward; UnexpectedInput, MissingInput – names of inputs, cotangents and directions; MalformedTensor;
 *         UnknownAttribute, MissingAttribute, AttributeOutOfRange – of an attribute, or an element that there is not;
 *         ShapeMismatch – what the op's axes refuse, a cotangent of another shape than its output, or a direction of
 *         another than its input; TooLarge – an answer of more than 2²⁴ elements, all of which are made
 */
export const parseRequest = (line: string): either.Either<Refusal, Request> =>
  F.pipe(
    parseLine(line),
    E.mapLeft((error): Refusal => ({ id: noId, error })),
    E.flatMap((members) => {
      const id = idOf(members, line)
      return F.pipe(
        ensureForm(members),
        E.flatMap(() => member(members, 'op', t.string)),
        E.flatMap(parseOpName),
        E.bindTo('op'),
        E.bind('backend', () => F.pipe(member(members, 'backend', t.string, 'reference'), E.flatMap(parseBackend))),
        E.bind('asked', ({ op, backend }) => parseQuestion(op, members, backend)),
        E.bind('bounds', () => parseBounds(members)),
        E.bimap(
          (error): Refusal => ({ id, error }),
          ({ backend, asked, bounds }): Request => ({ id, backend, ...asked, ...bounds }),
        ),
      )
    }),
  )

// ---- the response ------------------------------------------------------------------------------------------------

/** The shortest text that reads back as the same number, −0 too; what JSON has no number for as a string. */
const numberText = (value: number): string =>
  !Number.isFinite(value) ? `"${value}"` : Object.is(value, -0) ? '-0' : String(value)

const slab = 2 ** 16

/** The texts of numbers, in pieces: 2²⁴ of them come near the longest string there can be. */
function* numberTexts(data: Numbers): Generator<string> {
  for (let start = 0; start < data.length; start += slab) {
    const length = Math.min(slab, data.length - start)
    const texts = Array.from({ length }, (_, i) => numberText(data[start + i] as number))
    yield `${start === 0 ? '' : ','}${texts.join(',')}`
  }
}

function* tensorsText(tensors: Tensors): Generator<string> {
  yield '{'
  for (const [at, [name, { shape, data }]] of Object.entries(tensors).entries()) {
    yield `${at === 0 ? '' : ','}${JSON.stringify(name)}:{"shape":[${shape.join(',')}],"data":[`
    yield* numberTexts(data)
    yield ']}'
  }
  yield '}'
}

/** The response to a request that could be answered: one line in pieces, its end included. */
export function* answerLine(id: Id, outputs: Tensors, bounds?: Tensors): Generator<string> {
  yield `{"id":${id},"ok":true,"outputs":`
  yield* tensorsText(outputs)
  if (bounds !== undefined) {
    yield ',"bounds":'
    yield* tensorsText(bounds)
  }
  yield '}\n'
}

/**
 * The response to a request that could not: as short as its id allows, which is the asker's and comes back whole. A
 * device's own limit is to the asker a request too large for it.
 */
export const refusalLine = ({ id, error: { code, message } }: Refusal): string =>
  `{"id":${id},"ok":false,"error":${JSON.stringify(etalonError(code === 'LimitExceeded' ? 'TooLarge' : code, message))}}\n`
