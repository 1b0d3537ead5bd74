import { constants, isUtf8 } from 'node:buffer'
import type { Readable, Writable } from 'node:stream'
import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { Expected } from '../conformance/judge.js'
import { oracle, reference } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { Fields } from '../spec/field.js'
import { elementsAt, mapValues, whole } from '../spec/field.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { SecondQuestion } from '../spec/second/question.js'
import { secondAnswers, secondProgram } from '../spec/second/question.js'
import type { Tensors } from '../spec/tensor.js'
import type { Subcommand } from './command.js'
import { exit } from './exit.js'
import type { Request } from './protocol.js'
import { answerLine, noId, parseRequest, refusalLine } from './protocol.js'

/** One line's bytes without its `\n`; of a line longer than any string, only how long it was. */
interface Line {
  readonly bytes: Buffer
  readonly length: number
}

const newline = 0x0a

/** The lines of a stream of bytes, each as soon as it ends. Only `\n` ends one, so no character is ever cut in two. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let held: Buffer[] = []
  let length = 0
  const hold = (part: Buffer): void => {
    length += part.length
    if (length > constants.MAX_STRING_LENGTH) held = []
    else if (part.length > 0) held.push(part)
  }
  const take = (): Line => {
    const line = { bytes: held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held), length }
    held = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      hold(chunk.subarray(start, end))
      yield take()
      start = end + 1
    }
    hold(chunk.subarray(start))
  }
  if (length > 0) yield take()
}

// what JSON.parse can take before it ends the process: elements of one list, and lists or objects still open
const mostCommas = 2 ** 26
const mostOpenings = 2 ** 20
const countOf = (bytes: Buffer, character: string): number => {
  const code = character.charCodeAt(0)
  let count = 0
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === code) count++
  return count
}
const parsable = (bytes: Buffer): boolean =>
  bytes.length <= mostOpenings ||
  (countOf(bytes, ',') <= mostCommas && countOf(bytes, '[') + countOf(bytes, '{') <= mostOpenings)

/** The text of a line, if it can be one and can be parsed. */
export const textOf = ({ bytes, length }: Line): Result<string> =>
  F.pipe(
    ensure(
      length === bytes.length,
      'MalformedRequest',
      `the line has ${length} bytes; at most ${constants.MAX_STRING_LENGTH} can be read`,
    ),
    E.flatMap(() => ensure(isUtf8(bytes), 'MalformedRequest', 'the line is not UTF-8')),
    E.flatMap(() =>
      ensure(
        parsable(bytes),
        'MalformedRequest',
        `the line has more than ${mostCommas} commas or more than ${mostOpenings} lists and objects`,
      ),
    ),
    E.map(() => bytes.toString('utf8')),
  )

/** Whoever answers: the reference at once, the accelerated backend once it is asked for. */
export interface Oracles {
  readonly answer: (line: Result<string>) => Promise<Iterable<string>>
  readonly close: () => Promise<void>
}

/** The gradients of a gradient, by a program of the catalogue's ops, whoever runs it. */
const askSecond = async (backend: Backend, asked: SecondQuestion): Promise<Result<Tensors>> => {
  const second = secondProgram(asked)
  if (E.isLeft(second)) return second
  const { program, feeds } = second.right
  const lacking = program.nodes.find(({ op, direction }) => !backend.supports(op, direction))
  if (lacking !== undefined)
    return fail('BackendUnavailable', `${backend.name} has no ${lacking.op} ${lacking.direction}`)
  return F.pipe(
    program.nodes.length === 0 ? E.right({}) : await backend.run(program, feeds)(),
    E.map((values) => secondAnswers(second.right, { ...feeds, ...values })),
  )
}

const ask = async (backend: Backend, { question, directions }: Request): Promise<Result<Tensors>> => {
  const { op, direction } = question
  if (directions !== undefined) return askSecond(backend, { ...question, directions })
  if (!backend.supports(op, direction)) return fail('BackendUnavailable', `${backend.name} has no ${op} ${direction}`)
  const { program, feeds } = oneNode(question)
  return F.pipe(await backend.run(program, feeds)(), E.map(answersOf))
}

/** An answer, and its bounds where they are asked for. */
interface Answer {
  readonly outputs: Tensors
  readonly bounds?: Tensors
}

/** What is asked for of fields that say all. */
const chosenOf = ({ elements }: Request, fields: Fields): Tensors =>
  elements === undefined
    ? mapValues(whole, fields)
    : Object.fromEntries(
        Object.entries(elements).flatMap(([name, positions]) =>
          positions === undefined || fields[name] === undefined ? [] : [[name, elementsAt(fields[name], positions)]],
        ),
      )

const chosenAmong = ({ elements }: Request, tensors: Tensors): Tensors =>
  elements === undefined
    ? tensors
    : Object.fromEntries(
        Object.entries(elements).flatMap(([name, positions]) =>
          positions === undefined || tensors[name] === undefined ? [] : [[name, elementsAt(tensors[name], positions)]],
        ),
      )

// the suite's bounds are loaded by the first request for some
const expected = async ({ question, bounds }: Request): Promise<Result<Expected>> =>
  bounds === undefined
    ? F.pipe(
        oracle.fields(question.op, question.direction, question.attrs, question.inputs, question.cotangents),
        E.map((values) => ({ values, bounds: {} })),
      )
    : (await import('../conformance/precision.js')).expectIn(oracle, question, bounds)

/**
 * The reference's answer at the elements asked for, each of which costs its own work, and the bounds there.
 *
 * Errors  whatever the op refuses
 */
const answerOfReference = async (request: Request): Promise<Result<Answer>> =>
  request.directions !== undefined || (request.bounds === undefined && request.elements === undefined)
    ? F.pipe(
        await ask(reference, request),
        E.map((outputs) => ({ outputs: chosenAmong(request, outputs) })),
      )
    : F.pipe(
        await expected(request),
        E.map(({ values, bounds }) => ({
          outputs: chosenOf(request, values),
          ...(request.bounds === undefined ? {} : { bounds: chosenOf(request, bounds) }),
        })),
      )

/** Answers from the reference and from a backend that is opened on first use, and again after it was lost. */
export const oracles = (open: taskEither.TaskEither<EtalonError, Backend>): Oracles => {
  let opened: Backend | undefined
  const forget = async (): Promise<void> => {
    const lost = opened
    opened = undefined
    await lost?.close()
  }
  const onDevice = async (request: Request): Promise<Result<Tensors>> => {
    const backend: Result<Backend> = opened === undefined ? await open() : E.right(opened)
    if (E.isLeft(backend)) return fail('BackendUnavailable', backend.left.message)
    opened = backend.right
    const values = await ask(backend.right, request)
    if (E.isLeft(values) && values.left.code === 'DeviceLost') await forget()
    return values
  }
  // the bounds are about the reference's values, whoever answers
  const answerOfDevice = async (request: Request): Promise<Result<Answer>> => {
    const [values, known] = [await onDevice(request), request.bounds && (await expected(request))]
    return F.pipe(
      E.Do,
      E.bind('values', () => values),
      E.bind('known', () => known ?? E.right(undefined)),
      E.map(({ values, known }) => ({
        outputs: chosenAmong(request, values),
        ...(known === undefined ? {} : { bounds: chosenOf(request, known.bounds) }),
      })),
    )
  }
  return {
    answer: async (line) => {
      const request = F.pipe(
        line,
        E.mapLeft((error) => ({ id: noId, error })),
        E.flatMap(parseRequest),
      )
      if (E.isLeft(request)) return [refusalLine(request.left)]
      const { id, backend } = request.right
      const answer = await (backend === 'webgpu' ? answerOfDevice(request.right) : answerOfReference(request.right))
      return E.isLeft(answer)
        ? [refusalLine({ id, error: answer.left })]
        : answerLine(id, answer.right.outputs, answer.right.bounds)
    },
    close: forget,
  }
}

const enough = 2 ** 16

/** Pieces as texts worth a write each. */
function* gathered(pieces: Iterable<string>): Generator<string> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length >= enough) {
      yield text
      text = ''
    }
  }
  if (text !== '') yield text
}

// waits until the text is handed over, which is flushing and back-pressure at once
const write = (out: Writable, text: string): Promise<NodeJS.ErrnoException | null | undefined> =>
  new Promise((resolve) => out.write(text, (error) => resolve(error)))

/**
 * The oracle protocol over two streams: each line is answered before the next one is awaited.
 *
 * Errors  FileUnreadable – the input cannot be read, or the output not be written; a reader that has gone away is none
 */
export const converse = async (input: Readable, output: Writable, { answer }: Oracles): Promise<Result<void>> => {
  try {
    for await (const line of linesOf(input)) {
      for (const text of gathered(await answer(textOf(line)))) {
        const failure = await write(output, text)
        if (failure) return failure.code === 'EPIPE' ? E.right(undefined) : fail('FileUnreadable', failure.message)
      }
    }
    return E.right(undefined)
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).syscall === undefined ? undefined : (thrown as Error).message
    if (code === undefined) throw thrown
    return fail('FileUnreadable', `the requests cannot be read: ${code}`)
  }
}

// Dawn is native code of some size: a stream of requests to the reference never loads it
const openDevice =
  (choice: DeviceChoice): taskEither.TaskEither<EtalonError, Backend> =>
  async () =>
    (await import('../accelerated/index.js')).openWebGpu(choice)()

/** `etalon eval`. */
export const evalCommand: Subcommand = (command, finish) =>
  void command
    .addOption(
      new Option('--device <choice>', 'which device answers requests for webgpu')
        .choices(['auto', 'gpu', 'software'])
        .default('auto'),
    )
    .action(async ({ device }: { readonly device: DeviceChoice }) => {
      const peers = oracles(openDevice(device))
      const outcome = await converse(process.stdin, process.stdout, peers)
      await peers.close()
      if (E.isLeft(outcome)) console.error(`etalon eval: ${outcome.left.message}`)
      finish(E.isLeft(outcome) ? exit.usage : exit.ok)
    })
