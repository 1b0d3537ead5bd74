import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { NamedAnswer } from '../conformance/adjudicate.js'
import { adjudicate, adjudicationVerdict, caseOfQuestion } from '../conformance/adjudicate.js'
import { printAdjudication, writeAdjudication } from '../conformance/adjudicateReport.js'
import { answerOf } from '../conformance/ask.js'
import type { Case } from '../conformance/form.js'
import { jsonText, parseCase } from '../conformance/form.js'
import { guarded } from '../conformance/guarded.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../spec/error.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { parseTensor } from '../spec/tensor.js'
import { backendProblem, deviceProblem, exitOfOpening } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { faultyOracle } from './faulty.js'
import { readText, writable, writeWhole } from './file.js'
import { backendOption, caseTimeoutOption, deviceOption } from './options.js'
import { parseRequest } from './protocol.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { tensorsIn } from './tensorFile.js'
import { complainTo, inkFor, statusLine } from './terminal.js'
import { timeLimit } from './timeLimit.js'

export interface AdjudicateOptions {
  /** NAME=FILE each */
  readonly answer?: readonly string[]
  readonly backend?: readonly string[]
  readonly device: DeviceChoice
  readonly caseTimeout: number
  /** true: in place of the text; a file: beside it */
  readonly json?: true | string
}

type Members = Readonly<Record<string, unknown>>

const nonFinite = { NaN, Infinity, '-Infinity': -Infinity } as const
const numberCodec = t.union([t.number, t.keyof({ NaN: null, Infinity: null, '-Infinity': null })])
const tensorCodec = t.strict({ shape: t.readonlyArray(t.number), data: t.readonlyArray(numberCodec) })

const parsedJson = (text: string): Result<unknown> =>
  E.tryCatch(
    () => JSON.parse(text) as unknown,
    (thrown) =>
      etalonError('MalformedRequest', `no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
  )

const membersOf = (value: unknown, what: string): Result<Members> =>
  t.UnknownRecord.is(value) && !Array.isArray(value)
    ? E.right(value)
    : fail('MalformedRequest', `${what} is ${Array.isArray(value) ? 'a list' : show(value)}; it must be an object`)

const tensorOf = (name: string, value: unknown): Result<Tensor> =>
  F.pipe(
    tensorCodec.decode(value),
    E.mapLeft(() =>
      etalonError(
        'MalformedTensor',
        `${name} is no tensor: {"shape":[2],"data":[0,1]}, of numbers or "NaN" and the like`,
      ),
    ),
    E.flatMap(({ shape, data }) =>
      parseTensor(
        name,
        shape,
        data.map((each) => (typeof each === 'number' ? each : nonFinite[each])),
      ),
    ),
  )

/**
 * Outputs by name, as they are or as a line of the oracle's protocol answers them.
 *
 * Errors  MalformedRequest, MalformedTensor – by the name of the output
 */
const outputsOf = (name: string, value: unknown): Result<NamedAnswer> =>
  F.pipe(
    membersOf(value, `the answer ${name}`),
    E.flatMap((members): Result<NamedAnswer> => {
      if (members['ok'] === false) {
        const error = t.UnknownRecord.is(members['error']) ? members['error'] : {}
        const textOf = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)
        return E.right({
          name,
          answer: fail('Unsupported', `${textOf(error['code'], 'an error')}: ${textOf(error['message'], '')}`),
        })
      }
      const outputs = members['ok'] === true || t.UnknownRecord.is(members['outputs']) ? members['outputs'] : members
      return F.pipe(
        membersOf(outputs, 'outputs'),
        E.tap((found) => ensure(Object.keys(found).length > 0, 'MalformedRequest', 'it has no outputs')),
        E.flatMap((found) =>
          E.traverseArray(([output, each]: readonly [string, unknown]) =>
            F.pipe(
              tensorOf(output, each),
              E.map((tensor): readonly [string, Tensor] => [output, tensor]),
            ),
          )(Object.entries(found)),
        ),
        E.map((entries): NamedAnswer => ({ name, answer: E.right(Object.fromEntries(entries)) })),
        E.mapLeft(within(`the answer ${name}`)),
      )
    }),
  )

/** A file: the case that is asked, and the answers that stand beside it. */
interface Docket {
  readonly asked: Case
  readonly answers: readonly NamedAnswer[]
}

const ofRequest = (value: unknown): Result<Case> =>
  F.pipe(
    parseRequest(jsonText(value)),
    E.mapLeft(({ error }) => error),
    E.map(({ question }) => caseOfQuestion(question)),
  )

const ofCase = (value: unknown): Result<Case> => parseCase(jsonText(value))

/**
 * A file's case and answers: `case` or `request` and `answers`; or a case or a request itself, with `answers` among its
 * members; or a failure of a report, whose smallest case is meant.
 *
 * Errors  MalformedRequest – none of these; and what cases, requests and ops refuse
 */
const docketOf = (text: string): Result<Docket> =>
  F.pipe(
    parsedJson(text),
    E.flatMap((value) => membersOf(value, 'it')),
    E.bindTo('members'),
    E.bind('asked', ({ members: { answers: _, ...rest } }): Result<Case> => {
      const { case: one, request, smallest } = rest
      return one !== undefined
        ? F.pipe(ofCase(one), E.mapLeft(within('case')))
        : request !== undefined
          ? F.pipe(ofRequest(request), E.mapLeft(within('request')))
          : smallest !== undefined
            ? F.pipe(ofCase(smallest), E.mapLeft(within('smallest')))
            : rest['inputs'] !== undefined
              ? ofRequest(rest)
              : ofCase(rest)
    }),
    E.bind('answers', ({ members: { answers = {} } }) =>
      F.pipe(
        membersOf(answers, 'answers'),
        E.flatMap((found) =>
          E.traverseArray(([name, each]: readonly [string, unknown]) => outputsOf(name, each))(Object.entries(found)),
        ),
      ),
    ),
  )

/** An answer in a file: JSON, or safetensors or npz by their extensions. */
const answerIn = async (text: string): Promise<Result<NamedAnswer>> => {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) return fail('MalformedRequest', `--answer ${text}: NAME=FILE is wanted`)
  const [name, file] = [text.slice(0, at), text.slice(at + 1)]
  if (!/\.(safetensors|npz)$/.test(file))
    return F.pipe(
      await readText(file),
      E.flatMap(parsedJson),
      E.flatMap((value) => outputsOf(name, value)),
      E.mapLeft((error) => (error.code === 'FileUnreadable' ? error : within(file)(error))),
    )
  return F.pipe(
    await tensorsIn(file),
    E.map((tensors): NamedAnswer => ({ name, answer: E.right(tensors) })),
  )
}

const exitOf = {
  'all are right': exit.ok,
  'some are right': exit.notConformant,
  'none is right': exit.notConformant,
  'no answer': exit.noBackend,
} as const

/** Says which of several answers to a case are right. */
export const adjudicateAt = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err'>,
  file: string,
  { answer = [], backend: names = [], device, caseTimeout, json }: AdjudicateOptions,
): Promise<ExitCode> => {
  const complain = complainTo(rim.err)
  const refused = (message: string): ExitCode => {
    complain(message)
    return exit.usage
  }
  const problem = names
    .map((name) => backendProblem(name) ?? deviceProblem(device, name))
    .find((one) => one !== undefined)
  if (problem !== undefined) return refused(problem)
  const target = typeof json === 'string' ? await writable(json) : undefined
  if (target !== undefined && E.isLeft(target)) return refused(target.left.message)
  const text = await readText(file)
  if (E.isLeft(text)) return refused(`${text.left.code}: ${text.left.message}`)
  const docket = F.pipe(docketOf(text.right), E.mapLeft(within(file)))
  if (E.isLeft(docket)) return refused(`${docket.left.code}: ${docket.left.message}`)
  const answers: NamedAnswer[] = [...docket.right.answers]
  for (const each of answer) {
    const read = await answerIn(each)
    if (E.isLeft(read)) return refused(`${read.left.code}: ${read.left.message}`)
    answers.push(read.right)
  }
  const all = [...answers.map(({ name }) => name), ...names]
  const twice = all.find((name, at) => all.indexOf(name) !== at)
  if (twice !== undefined) return refused(`two answers are called ${twice}; give each a name of its own`)
  if (all.length === 0)
    return refused(`${file} has no answers; put them under "answers", or give --answer NAME=FILE or --backend`)

  const status = statusLine(rim.err)
  for (const name of names) {
    status.show(`asking ${name} …`)
    const opened = await rim.open(device, name)()
    status.clear()
    if (E.isLeft(opened)) {
      complain(`${opened.left.code}: ${opened.left.message}`)
      return exitOfOpening(opened.left)
    }
    const backend = guarded(opened.right, { limit: timeLimit(caseTimeout) })
    const { op, direction } = docket.right.asked
    const asked = backend.supports(op, direction)
      ? await answerOf(backend, docket.right.asked)()
      : E.right({ answer: fail<Tensors>('Unsupported', `${backend.name} has no ${op} ${direction}`) })
    await closing(rim, opened.right)
    if (E.isLeft(asked)) {
      complain(`${asked.left.code}: ${asked.left.message}`)
      return asked.left.code === 'DeviceLost' ? exit.noBackend : exit.usage
    }
    answers.push({ name, answer: asked.right.answer, ...(backend.depth && { depth: backend.depth }) })
  }
  const found = await adjudicate(
    { oracle: rim.oracle, table: rim.table, faulty: faultyOracle },
    docket.right.asked,
    answers,
  )
  if (E.isLeft(found)) return refused(`${found.left.code}: ${found.left.message}`)
  const line = `${writeAdjudication(found.right)}\n`
  if (json === true) rim.out.write(line)
  else rim.out.write(`${printAdjudication(found.right, inkFor(rim.out))}\n`)
  if (target !== undefined && E.isRight(target)) {
    const written = await writeWhole(target.right, line)
    if (E.isLeft(written)) return refused(written.left.message)
  }
  return exitOf[adjudicationVerdict(found.right)]
}

const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

/** `etalon adjudicate`: which of several answers to a case are right. */
export const adjudicateCommand: Subcommand = (command, end) =>
  void command
    .argument('<file>', 'a case as JSON, as reports have it, or a request of eval; beside it "answers" by name')
    .addOption(
      new Option('--answer <name=file>', 'another answer, as JSON, safetensors or npz; may be given again').argParser(
        several,
      ),
    )
    .addOption(
      new Option('--backend <which>', `${backendOption().description}; asked now; may be given again`).argParser(
        several,
      ),
    )
    .addOption(caseTimeoutOption())
    .addOption(deviceOption())
    .option('--json [file]', 'everything as one line of JSON, in place of the text or into a file beside it')
    .action(async (file: string, options: AdjudicateOptions) => end(await adjudicateAt(processRim(), file, options)))
