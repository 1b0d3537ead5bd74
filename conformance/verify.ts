import { either as E, function as F } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { Backend, Fingerprint } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { questions } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, fail } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { caseAt, caseCount, simplerCases } from './cases.js'
import type { Effort } from './elements.js'
import { elementsIn } from './elements.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import type { Judgement, Worst } from './judge.js'
import { expect, judge, unanswered } from './judge.js'
import type { Rounding } from './probe.js'
import { probeRounding } from './probe.js'
import type { QuestionTable } from './questions.js'

export type Verdict = 'conformant' | 'not-conformant' | 'unsupported' | 'not-run'

/** What to ask: which ops and directions, how many drawn cases of each, and the seed of the draws. */
export interface Scope {
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  readonly runs: number
  readonly seed: number
}

/** A case that a backend got wrong, and the smallest one like it that it gets wrong too. */
export interface Failure {
  readonly id: string
  readonly smallest: Case
  readonly judgement: Judgement
}

/** The answer to one op in one direction. */
export interface Line {
  readonly op: OpName
  readonly direction: Direction
  readonly backend: string
  /** cases asked and answered */
  readonly cases: number
  /** cases that the backend refused for a limit of its device: neither right nor wrong */
  readonly refused: number
  readonly verdict: Verdict
  /** elements judged, of so many that the answers have: large outputs are judged by some of theirs */
  readonly judged: number
  readonly of: number
  readonly worst?: Worst
  /** the case of the worst element */
  readonly worstCase?: string
  /** Gate S over the cases that have it: the worst grades */
  readonly walk?: { readonly rms: number; readonly max: number; readonly judged: boolean }
  readonly failed: number
  /** the first case that failed, made small */
  readonly failure?: Failure
}

export interface Report {
  readonly backend: string
  readonly fingerprint: Fingerprint
  readonly rounding: Rounding
  readonly seed: number
  readonly lines: readonly Line[]
}

export interface Progress {
  readonly op: OpName
  readonly direction: Direction
  readonly done: number
  readonly of: number
  readonly line?: Line
}

export interface Asked {
  readonly judgement?: Judgement
  readonly refused?: EtalonError
}

/** What is spent on each output of a case. */
export const caseEffort: Effort = { terms: 2 ** 18, least: 256 }

const independentData = ({ form }: Case): boolean => Object.values(form.fills).every((fill) => fill === 'normal')

// A library that was wrapped may throw where it should have answered; that is its answer.
const attempt = async (
  backend: Backend,
  { program, feeds }: ReturnType<typeof oneNode>,
): Promise<either.Either<EtalonError | { readonly code: 'Thrown'; readonly message: string }, Tensors>> => {
  try {
    return await backend.run(program, feeds)()
  } catch (thrown) {
    return E.left({ code: 'Thrown', message: thrown instanceof Error ? thrown.message : String(thrown) })
  }
}

/**
 * Puts one case to a backend and judges its answer. A limit of the device is a refusal, a backend's other failures are
 * wrong answers; only a lost device ends the whole run.
 *
 * Errors  DeviceLost – neither right nor wrong; whatever the op or the oracle refuses of the case
 */
export const ask =
  (backend: Backend, oracle: Oracle, asked: Case): taskEither.TaskEither<EtalonError, Asked> =>
  async () => {
    const question = realise(asked)
    if (E.isLeft(question)) return question
    const elements = elementsIn(question.right, caseEffort, asked.seed)
    if (E.isLeft(elements)) return elements
    const expected = expect(oracle, question.right, backend.depth ?? anyOrder)
    if (E.isLeft(expected)) return expected
    return F.pipe(
      await attempt(backend, oneNode(question.right)),
      E.map((values): Asked => ({
        judgement: judge({
          oracle,
          question: question.right,
          expected: expected.right,
          answer: answersOf(values),
          elements: elements.right,
          independent: independentData(asked),
        }),
      })),
      E.orElse((error): Result<Asked> =>
        error.code === 'DeviceLost'
          ? fail(error.code, error.message)
          : error.code === 'LimitExceeded' || error.code === 'TooLarge'
            ? E.right({ refused: etalonError(error.code, error.message) })
            : E.right({ judgement: unanswered(`${error.code}: ${error.message}`) }),
      ),
    )
  }

/** Whether a judgement fails: Gate A always; Gate S where the backend rounds to nearest. */
export const fails = ({ worst, walks, problem }: Judgement, rounding: Rounding): boolean =>
  problem !== undefined || !(worst.ratio <= 1) || (rounding === 'nearest' && walks.some(({ within }) => !within))

/** Greedy: the first simpler case that fails too, again and again. */
const shrink = async (
  backend: Backend,
  oracle: Oracle,
  failed: Case,
  judgement: Judgement,
  rounding: Rounding,
): Promise<Result<{ smallest: Case; judgement: Judgement }>> => {
  let smallest = failed
  let found = judgement
  let budget = 150
  search: while (budget > 0) {
    for (const candidate of simplerCases(smallest)) {
      if (budget-- <= 0) break search
      const asked = await ask(backend, oracle, candidate)()
      if (E.isLeft(asked)) {
        if (asked.left.code === 'DeviceLost') return asked
        continue
      }
      if (asked.right.judgement !== undefined && fails(asked.right.judgement, rounding)) {
        smallest = candidate
        found = asked.right.judgement
        continue search
      }
    }
    break
  }
  return E.right({ smallest, judgement: found })
}

interface Tally {
  readonly line: Line
  readonly firstFailure?: { readonly asked: Case; readonly judgement: Judgement }
}

const counted = (tally: Tally, asked: Case, { judgement, refused }: Asked, rounding: Rounding): Tally => {
  const { line } = tally
  if (judgement === undefined)
    return { ...tally, line: { ...line, refused: line.refused + (refused === undefined ? 0 : 1) } }
  const failed = fails(judgement, rounding)
  const worse = line.worst === undefined || judgement.worst.ratio > line.worst.ratio
  const rms = Math.max(line.walk?.rms ?? 0, ...judgement.walks.map(({ rms }) => rms))
  const max = Math.max(line.walk?.max ?? 0, ...judgement.walks.map(({ max }) => max))
  return {
    line: {
      ...line,
      cases: line.cases + 1,
      judged: line.judged + judgement.judged,
      of: line.of + judgement.of,
      failed: line.failed + (failed ? 1 : 0),
      ...(worse ? { worst: judgement.worst, worstCase: asked.seed } : {}),
      ...(line.walk !== undefined || judgement.walks.length > 0
        ? { walk: { rms, max, judged: rounding === 'nearest' } }
        : {}),
    },
    ...(tally.firstFailure !== undefined
      ? { firstFailure: tally.firstFailure }
      : failed
        ? { firstFailure: { asked, judgement } }
        : {}),
  }
}

const verifyOne = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  { op, direction }: { readonly op: OpName; readonly direction: Direction },
  { runs, seed }: Scope,
  rounding: Rounding,
  watch: (progress: Progress) => void,
): Promise<Result<Line>> => {
  const blank: Line = {
    op,
    direction,
    backend: backend.name,
    cases: 0,
    refused: 0,
    failed: 0,
    verdict: 'not-run',
    judged: 0,
    of: 0,
  }
  if (!backend.supports(op, direction)) return E.right({ ...blank, verdict: 'unsupported' })
  const count = caseCount(table, op, direction, runs)
  let tally: Tally = { line: blank }
  for (let index = 0; index < count; index++) {
    const next = caseAt(table, op, direction, seed, index)
    const asked = await ask(backend, oracle, next)()
    if (E.isLeft(asked)) return asked
    tally = counted(tally, next, asked.right, rounding)
    watch({ op, direction, done: index + 1, of: count })
  }
  const { line, firstFailure } = tally
  const verdict: Verdict = line.cases === 0 ? 'not-run' : line.failed > 0 ? 'not-conformant' : 'conformant'
  if (firstFailure === undefined) return E.right({ ...line, verdict })
  const shrunk = await shrink(backend, oracle, firstFailure.asked, firstFailure.judgement, rounding)
  return F.pipe(
    shrunk,
    E.map(({ smallest, judgement }) => ({
      ...line,
      verdict,
      failure: { id: firstFailure.asked.seed, smallest, judgement },
    })),
  )
}

/** The ops and directions that a scope asks about, in the catalogue's order. */
export const questionsIn = ({ ops, direction }: Pick<Scope, 'ops' | 'direction'>): typeof questions =>
  questions.filter(
    (question) =>
      (ops === undefined || ops.includes(question.op)) && (direction === undefined || direction === question.direction),
  )

/**
 * Holds a backend against the oracle on every op and direction in scope.
 *
 * Seeds are derived per op and direction: the same seed gives the same cases and verdicts whatever else is asked.
 *
 * Errors  DeviceLost – the device went away: neither pass nor fail; what the oracle refuses of a case is a bug of ours
 */
export const verify =
  (
    backend: Backend,
    oracle: Oracle,
    table: QuestionTable,
    scope: Scope,
    watch: (progress: Progress) => void = () => undefined,
  ): taskEither.TaskEither<EtalonError, Report> =>
  async () => {
    const rounding = await probeRounding(backend)()
    if (E.isLeft(rounding) && rounding.left.code === 'DeviceLost') return rounding
    const known = E.isRight(rounding) ? rounding.right : 'unknown'
    const lines: Line[] = []
    for (const question of questionsIn(scope)) {
      const line = await verifyOne(backend, oracle, table, question, scope, known, watch)
      if (E.isLeft(line)) return line
      lines.push(line.right)
      watch({ ...question, done: line.right.cases, of: line.right.cases, line: line.right })
    }
    return E.right({
      backend: backend.name,
      fingerprint: backend.fingerprint,
      rounding: known,
      seed: scope.seed,
      lines,
    })
  }
