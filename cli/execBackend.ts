import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import * as t from 'io-ts'
import type { Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf, parseOpName } from '../spec/catalogue.js'
import type { ErrorCode, EtalonError, Result } from '../spec/error.js'
import { brief, etalonError, fail, show } from '../spec/error.js'
import { gradientNames } from '../spec/op.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { checkFeeds, checkProgram, nodeAttributes } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import { linesOf, textOf } from './eval.js'

/**
 * A backend in any language: a command that answers the oracle protocol, one JSON request a line on its standard input,
 * one JSON answer a line on its standard output. docs/backends.md says what it is asked and what it may answer.
 */

// what has a shell between has a group of its own, so that all of it can be ended
const running = new Set<number>()

const end = (pid: number): void => {
  running.delete(pid)
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it is gone already
  }
}

/** Ends what is running with this process, however that ends. */
const endWithProcess = (): void => {
  process.on('exit', () => running.forEach(end))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const ended = (): void => {
      // whoever else listens ends the process in a way of its own
      if (process.listenerCount(signal) > 1) return
      running.forEach(end)
      process.removeListener(signal, ended)
      process.kill(process.pid, signal)
    }
    process.on(signal, ended)
  }
}
let watching = false

/** The last that a process wrote for people to read. */
const mostKept = 4000

/** A process that is asked one question at a time. */
interface Conversation {
  /** a line's answer. Errors: Died – it ended before it answered; InvalidAnswer – a line that is no text */
  readonly ask: (line: string) => Promise<Result<string>>
  readonly close: () => void
  readonly alive: () => boolean
}

const lastLine = (text: string): string => {
  const line = text.trim().split('\n').at(-1)?.trim() ?? ''
  return line === '' ? '' : `: ${brief(line, 300)}`
}

/** What a shell ends with where there is no such command, or none that may be run. */
const noCommand = [126, 127]

const conversation = (command: string): Conversation => {
  if (!watching) endWithProcess()
  watching = true
  const child: ChildProcessWithoutNullStreams = spawn(command, { shell: true, detached: true, stdio: 'pipe' })
  if (child.pid !== undefined) running.add(child.pid)
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => (told = (told + chunk.toString()).slice(-mostKept)))
  // who has gone away says so by its end
  child.stdin.on('error', () => undefined)
  const ended = new Promise<EtalonError>((resolve) => {
    child.on('error', (error) => resolve(etalonError('Died', `the command could not be run: ${error.message}`)))
    child.on('close', (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`
      const why = etalonError('Died', `the process ended ${how}${lastLine(told)}`)
      resolve(code !== null && noCommand.includes(code) ? { ...why, code: 'FileUnreadable' } : why)
    })
  })
  let over = false
  void ended.then(() => {
    over = true
    if (child.pid !== undefined) running.delete(child.pid)
  })
  const lines = linesOf(child.stdout)
  return {
    ask: async (line) => {
      child.stdin.write(`${line}\n`)
      const next = lines.next().catch(() => ({ done: true, value: undefined }) as const)
      const answer = await next
      if (answer.done !== true) return textOf(answer.value)
      // its output is closed: it is about to end, or of no more use
      if (child.pid !== undefined && !over) setTimeout(() => end(child.pid as number), 1000).unref()
      return E.left(await ended)
    },
    close: () => {
      child.stdin.end()
      if (child.pid !== undefined && !over) end(child.pid)
    },
    alive: () => !over,
  }
}

// ---- what is asked ------------------------------------------------------------------------------------------------

// JSON has no number for these, and its −0 is read as an integer without a sign by some
const numberText = (value: number): string =>
  Object.is(value, -0) ? '-0.0' : Number.isFinite(value) ? String(value) : `"${value}"`

const tensorText = ({ shape, data }: Tensor): string =>
  `{"shape":[${shape.join(',')}],"data":[${Array.from(data as ArrayLike<number>, numberText).join(',')}]}`

const tensorsText = (tensors: Tensors): string =>
  `{${Object.entries(tensors)
    .map(([name, tensor]) => `${JSON.stringify(name)}:${tensorText(tensor)}`)
    .join(',')}}`

/** A node's question. */
interface NodeQuestion {
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Attributes
  readonly inputs: Tensors
  readonly cotangents: Tensors
  readonly wanted: readonly string[]
}

const requestText = (id: number, { op, direction, attrs, inputs, cotangents, wanted }: NodeQuestion, says: boolean) =>
  [
    `{"id":${id},"op":"${op}","direction":"${direction}","attrs":${JSON.stringify(attrs)},"inputs":${tensorsText(inputs)}`,
    ...(direction === 'backward' ? [`,"cotangents":${tensorsText(cotangents)}`] : []),
    ...(says ? [`,"wanted":${JSON.stringify(wanted)}`] : []),
    '}',
  ].join('')

// ---- what is answered ---------------------------------------------------------------------------------------------

const invalid = <A>(message: string): Result<A> => fail('InvalidAnswer', message)

const names: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity }

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && Object.hasOwn(names, value)
      ? names[value]
      : undefined

const numbersOf = (name: string, data: readonly unknown[]): Result<Numbers> => {
  const numbers = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const value = numberOf(data[i])
    if (value === undefined)
      return invalid(
        `${name} has ${show(data[i])} among its data, at ${i}; wanted are numbers, "NaN", "Infinity" and "-Infinity"`,
      )
    numbers[i] = value
  }
  return E.right(numbers)
}

const tensorOf = (name: string, value: unknown): Result<Tensor> => {
  if (!t.UnknownRecord.is(value)) return invalid(`${name} is ${show(value)}; it must be an object of shape and data`)
  const { shape, data } = value
  if (!t.array(t.number).is(shape)) return invalid(`${name} has shape ${show(shape)}; it must be a list of numbers`)
  if (!Array.isArray(data)) return invalid(`${name} has data ${show(data)}; it must be a list of numbers`)
  return F.pipe(
    numbersOf(name, data),
    E.map((numbers) => ({ shape, data: numbers })),
  )
}

type Members = Readonly<Record<string, unknown>>

/** An answer's members, if it is an answer to this question and no error. */
const answerOf = (line: string, id: number): Result<Members> => {
  const parsed = E.tryCatch(
    () => JSON.parse(line) as unknown,
    () => undefined,
  )
  if (E.isLeft(parsed)) {
    const hint = /\b-?(NaN|Infinity)\b/.test(line)
      ? '; NaN and the infinities travel as "NaN", "Infinity", "-Infinity"'
      : ''
    return invalid(
      `prints ${show(brief(line, 100))}, which is no JSON; what is for people goes to standard error${hint}`,
    )
  }
  const { right: found } = parsed
  if (!t.UnknownRecord.is(found)) return invalid(`prints ${show(found)}; an answer is an object`)
  // an error may be about a request of which not even the id was understood
  const told = found['ok'] === false && found['id'] === null ? undefined : found['id']
  if (told !== undefined && told !== id) return invalid(`answers id ${show(found['id'])}; ${id} was asked`)
  if (found['ok'] === true) return E.right(found)
  const { error } = found
  return found['ok'] === false && t.UnknownRecord.is(error) && typeof error['code'] === 'string'
    ? fail(error['code'] as ErrorCode, typeof error['message'] === 'string' ? error['message'] : '')
    : invalid(
        `prints ${show(found)}; an answer has "ok": true and outputs, or "ok": false and an error of code and message`,
      )
}

/** The outputs that a node writes, of those in an answer; what the op does not have at all is none. */
const outputsOf = (members: Members, { op, direction, inputs, wanted }: NodeQuestion): Result<Tensors> => {
  const outputs = members['outputs']
  if (!t.UnknownRecord.is(outputs))
    return invalid(`its outputs are ${show(outputs)}; they must be an object of tensors`)
  const known = direction === 'forward' ? Object.keys(opOf(op).outputs) : gradientNames(opOf(op), inputs)
  const stranger = Object.keys(outputs).find((name) => !known.includes(name))
  if (stranger !== undefined) return invalid(`answers ${stranger}; ${op} ${direction} gives ${known.join(', ')}`)
  return F.pipe(
    wanted,
    E.traverseArray((name) =>
      outputs[name] === undefined
        ? invalid<readonly [string, Tensor]>(`${name} is missing from the answer`)
        : F.pipe(
            tensorOf(name, outputs[name]),
            E.map((tensor) => [name, tensor] as const),
          ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  )
}

// ---- what it says of itself ---------------------------------------------------------------------------------------

/** What a command says to a greeting; one that speaks the oracle protocol alone says that it does not know it. */
interface Hello {
  /** whether it knows greetings, and `wanted` in requests with them */
  readonly greets: boolean
  readonly name?: string
  readonly fingerprint: Backend['fingerprint']
  readonly supports?: ReadonlySet<string>
  readonly translates?: NonNullable<Backend['translates']>
  readonly dials?: boolean
}

const directions = t.array(t.keyof({ forward: null, backward: null }))
const helloCodec = t.partial({
  name: t.string,
  fingerprint: t.record(t.string, t.union([t.string, t.number, t.boolean])),
  supports: t.record(t.string, directions),
  translates: t.record(t.string, t.array(t.string)),
  dials: t.boolean,
})

const helloOf = (members: Members): Result<Hello> =>
  F.pipe(
    helloCodec.decode(members),
    E.mapLeft((errors) => {
      const last = errors.at(-1)
      const path = last?.context.flatMap(({ key }) => (key === '' ? [] : [key])).join('/') ?? ''
      return etalonError(
        'FormatInvalid',
        `its greeting has ${show(last?.value)} at ${path}; wanted is ${last?.context.at(-1)?.type.name}`,
      )
    }),
    E.tap(({ supports = {}, translates = {} }) =>
      F.pipe([...Object.keys(supports), ...Object.keys(translates)], E.traverseArray(parseOpName)),
    ),
    E.map(({ name, fingerprint = {}, supports, translates, dials }) => ({
      greets: true,
      ...(name === undefined ? {} : { name }),
      fingerprint,
      ...(supports === undefined
        ? {}
        : { supports: new Set(Object.entries(supports).flatMap(([op, all]) => all.map((one) => `${op}/${one}`))) }),
      ...(translates === undefined ? {} : { translates }),
      ...(dials === undefined ? {} : { dials }),
    })),
  )

// a library may take its time to load
const greetingSeconds = 120

const greeted = async (talk: Conversation): Promise<Result<Hello>> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Result<string>>((resolve) => {
    timer = setTimeout(
      () => resolve(fail('BackendUnavailable', `it did not answer a greeting within ${greetingSeconds} s`)),
      1000 * greetingSeconds,
    )
  })
  const line = await Promise.race([talk.ask('{"id":0,"hello":"etalon","version":1}'), late]).finally(() =>
    clearTimeout(timer),
  )
  if (E.isLeft(line)) return line
  const members = answerOf(line.right, 0)
  if (E.isRight(members)) return helloOf(members.right)
  return members.left.code === 'InvalidAnswer'
    ? fail('FormatInvalid', `to a greeting it ${members.left.message}`)
    : E.right({ greets: false, fingerprint: {} })
}

// of a command that tells what it supports by its answers alone, these say that a question is not its own
const notItsOwn: readonly ErrorCode[] = ['UnknownOp', 'NoBackward', 'BackendUnavailable']

const outcomeOf = (error: EtalonError, { supports }: Hello): EtalonError =>
  supports === undefined && notItsOwn.includes(error.code) ? { ...error, code: 'Unsupported' } : error

/**
 * Starts a command as a backend, or starts it anew.
 *
 * Errors  FileUnreadable – there is no such command; FormatInvalid, UnknownOp – what it says of itself; BackendUnavailable –
 *         it ended, or said nothing, before it could be asked
 */
export const openCommand =
  (command: string): taskEither.TaskEither<EtalonError, Backend> =>
  async () => {
    let talk = conversation(command)
    const hello = await greeted(talk)
    if (E.isLeft(hello)) {
      talk.close()
      const { code, message } = hello.left
      return fail(code === 'Died' ? 'BackendUnavailable' : code, `exec:${command}: ${message}`)
    }
    const about = hello.right
    const supports: Backend['supports'] = (op, direction) => about.supports?.has(`${op}/${direction}`) ?? true
    let asked = 0
    let closed = false
    // what it prints next may answer a question of before
    const startOver = (): void => {
      talk.close()
      if (!closed) stale = true
    }
    let stale = false

    const askNode = async (question: NodeQuestion): Promise<Result<Tensors>> => {
      if (closed) return fail('Died', 'the process was ended')
      if (stale || !talk.alive()) {
        talk = conversation(command)
        stale = false
        const again = await greeted(talk)
        if (E.isLeft(again)) {
          startOver()
          return fail('Died', `started anew, ${again.left.message}`)
        }
      }
      const id = ++asked
      const line = await talk.ask(requestText(id, question, about.greets))
      if (E.isLeft(line)) {
        startOver()
        return line
      }
      const members = answerOf(line.right, id)
      if (E.isLeft(members)) {
        if (members.left.code === 'InvalidAnswer') startOver()
        return E.left(outcomeOf(members.left, about))
      }
      return outputsOf(members.right, question)
    }

    const runNode = async (node: ProgramNode, values: Tensors, feeds: Tensors): Promise<Result<Tensors>> => {
      const pick = (from: Readonly<Record<string, string>>): Tensors =>
        Object.fromEntries(Object.entries(from).map(([name, value]) => [name, values[value] as Tensor]))
      const attrs = nodeAttributes(node, feeds)
      if (E.isLeft(attrs)) return attrs
      const answer = await askNode({
        op: node.op,
        direction: node.direction,
        attrs: attrs.right,
        inputs: pick(node.inputs),
        cotangents: pick(node.cotangents),
        wanted: Object.keys(node.outputs),
      })
      return F.pipe(
        answer,
        E.map((outputs) =>
          Object.fromEntries(Object.entries(node.outputs).map(([name, value]) => [value, outputs[name] as Tensor])),
        ),
      )
    }

    const run = async (program: Program, feeds: Tensors, watch: readonly string[]): Promise<Result<Tensors>> => {
      const fits = F.pipe(
        checkProgram(program),
        E.flatMap(() => checkFeeds(program.inputs, feeds)),
      )
      if (E.isLeft(fits)) return fits
      const lacks = program.nodes.find(({ op, direction }) => !supports(op, direction))
      if (lacks !== undefined) return fail('BackendUnavailable', `there is no ${lacks.op} ${lacks.direction} here`)
      let values = feeds
      for (const node of program.nodes) {
        const written = await runNode(node, values, feeds)
        if (E.isLeft(written)) return written
        values = { ...values, ...written.right }
      }
      const absent = watch.find((name) => values[name] === undefined)
      return absent === undefined
        ? E.right(Object.fromEntries(watch.map((name) => [name, values[name] as Tensor])))
        : fail('MissingInput', `there is no value ${absent} in the program`)
    }

    return E.right({
      name: about.name ?? `exec:${command}`,
      fingerprint: { command, ...about.fingerprint },
      supports,
      run: (program, feeds, watch) => () => run(program, feeds, watch ?? program.outputs),
      ...(about.translates === undefined ? {} : { translates: about.translates }),
      ...(about.dials === undefined ? {} : { dials: about.dials }),
      close: async () => {
        closed = true
        talk.close()
      },
    })
  }
