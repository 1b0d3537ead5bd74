import { either as E, function as F } from 'fp-ts'
import type { Backend } from '../../spec/backend.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { EtalonError, Result } from '../../spec/error.js'
import { fail } from '../../spec/error.js'
import { given, mapValues } from '../../spec/field.js'
import type { Oracle } from '../../spec/oracle.js'
import { answersTo } from '../../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, sameShape } from '../../spec/tensor.js'
import { attempt, isRefusal, withoutAnswer } from '../ask.js'
import type { Case } from '../form.js'
import type { Judgement } from '../judge.js'
import { atDoublePrecision, judge } from '../judge.js'
import { numbersOf, questionOf, type Vector } from './vector.js'

/** How an answer to a vector fared. */
export interface Fared {
  readonly vector: Vector
  readonly judgement?: Judgement
  /** why it is neither right nor wrong */
  readonly refused?: EtalonError
  /** whether every number is the expected one, in bits; of the oracle's own answers */
  readonly same?: boolean
}

/** Whether an answer is wrong. */
export const failed = ({ judgement }: Fared): boolean =>
  judgement !== undefined && (judgement.problem !== undefined || !(judgement.worst.ratio <= 1))

// where anything may come out, what came out is what was wanted
const lenient = (answer: Tensors, { expected, tolerance }: Pick<Vector, 'expected' | 'tolerance'>): Tensors =>
  Object.fromEntries(
    Object.entries(answer).map(([name, { shape, data }]) => {
      const [want, most] = [expected[name], tolerance[name]]
      return want === undefined || most === undefined || !sameShape(shape, want.shape)
        ? [name, { shape, data }]
        : [name, generate(shape, (i) => (most.data[i] === Infinity ? (want.data[i] as number) : (data[i] as number)))]
    }),
  )

/** An answer held to a vector's expected numbers. */
export const judgeVector = (oracle: Oracle, vector: Vector, answer: Tensors, tolerance = vector.tolerance): Judgement =>
  judge({
    oracle,
    question: questionOf(vector),
    expected: { values: mapValues(given, vector.expected), bounds: mapValues(given, tolerance) },
    answer: lenient(answer, { expected: vector.expected, tolerance }),
  })

/**
 * Puts a vector to a backend.
 *
 * Errors  DeviceLost – neither right nor wrong
 */
export const checkVector = async (backend: Backend, oracle: Oracle, vector: Vector): Promise<Result<Fared>> => {
  if (!backend.supports(vector.op, vector.direction))
    return E.right({
      vector,
      refused: { code: 'Unsupported', message: `${backend.name} has no ${vector.op} ${vector.direction}` },
    })
  const answer = await attempt(backend, questionOf(vector))
  return E.isRight(answer)
    ? E.right({ vector, judgement: judgeVector(oracle, vector, answer.right) })
    : answer.left.code === 'DeviceLost'
      ? fail(answer.left.code, answer.left.message)
      : E.right(
          isRefusal(answer.left) ? { vector, refused: answer.left } : { vector, judgement: withoutAnswer(answer.left) },
        )
}

const sameBits = (a: Numbers, b: Numbers): boolean => {
  for (let i = 0; i < b.length; i++) if (!Object.is(a[i], b[i])) return false
  return a.length === b.length
}

/**
 * Today's oracle against a vector: its answer in f64 is to be the expected one but for what f64 rounds, 2⁻²⁹ of what f32
 * may. Errors: whatever the op refuses
 */
export const checkOracleOn = (oracle: Oracle, vector: Vector): Result<Fared> => {
  const { op, direction, attrs, inputs, cotangents } = vector
  return F.pipe(
    oracle.evaluate(op, direction, attrs, inputs, cotangents),
    E.map((all) => {
      const question = questionOf(vector)
      const answer = Object.fromEntries(answersTo(question).map((name) => [name, all[name] as Tensor]))
      const tolerance = mapValues((one: Tensor) => atDoublePrecision({ one })['one'] as Tensor, vector.tolerance)
      return {
        vector,
        judgement: judgeVector(oracle, vector, answer, tolerance),
        same: Object.entries(vector.expected).every(([name, { data }]) => sameBits(answer[name]?.data ?? [], data)),
      }
    }),
  )
}

/** The vectors of an op in a direction, together. */
export interface CheckedLine {
  readonly op: OpName
  readonly direction: Direction
  readonly cases: number
  readonly failed: number
  /** elements judged */
  readonly judged: number
  /** cases that the backend refused for a limit of its device */
  readonly refused: number
  /** and that are not its own, by its reason */
  readonly unsupported: Readonly<Record<string, number>>
  /** cases whose numbers are the expected ones in bits, where the oracle is asked */
  readonly same?: number
  /** the worst error over tolerance */
  readonly worst?: number
  readonly verdict: 'conformant' | 'not-conformant' | 'unsupported' | 'not-run'
  /** of what is wrong the smallest */
  readonly failure?: Fared
}

const lineOf = (op: OpName, direction: Direction, all: readonly Fared[]): CheckedLine => {
  const answered = all.filter(({ judgement }) => judgement !== undefined)
  const wrong = all.filter(failed).sort((a, b) => numbersOf(a.vector) - numbersOf(b.vector))
  const notOwn = all.flatMap(({ refused }) => (refused?.code === 'Unsupported' ? [refused.message] : []))
  const ratios = answered.flatMap(({ judgement }) => (judgement === undefined ? [] : [judgement.worst.ratio]))
  return {
    op,
    direction,
    cases: answered.length,
    failed: wrong.length,
    judged: answered.reduce((n, { judgement }) => n + (judgement?.judged ?? 0), 0),
    refused: all.length - answered.length - notOwn.length,
    unsupported: Object.fromEntries(
      [...new Set(notOwn)].map((reason) => [reason, notOwn.filter((one) => one === reason).length]),
    ),
    ...(answered.some(({ same }) => same !== undefined) && {
      same: answered.filter(({ same }) => same === true).length,
    }),
    ...(ratios.length > 0 && { worst: ratios.reduce((a, b) => Math.max(a, b), 0) }),
    verdict:
      wrong.length > 0
        ? 'not-conformant'
        : answered.length > 0
          ? 'conformant'
          : notOwn.length === all.length
            ? 'unsupported'
            : 'not-run',
    ...(wrong[0] !== undefined && { failure: wrong[0] }),
  }
}

/** How answers fared, an op and direction a line, in the order in which they come. */
export const linesOf = (all: readonly Fared[]): readonly CheckedLine[] => {
  const groups = new Map<string, Fared[]>()
  for (const one of all) {
    const key = `${one.vector.op}/${one.vector.direction}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].map((group) => {
    const { op, direction } = (group[0] as Fared).vector
    return lineOf(op, direction, group)
  })
}

// a case is replayed by its numbers where they are few enough for a command
const mostReplayed = 2000

/** A vector as a case of its own numbers, which any version replays; the way to print it too. */
export const caseOfVector = (vector: Vector): Case => {
  const { id, name, op, direction, attrs, inputs, cotangents, expected } = vector
  const question = { op, direction, attrs, inputs, cotangents }
  const valuesOf = (tensors: Tensors, prefix: string) =>
    Object.entries(tensors).map(
      ([each, { data }]) => [`${prefix}${each}`, { values: Array.from(data as ArrayLike<number>) }] as const,
    )
  const [given, wanted] = [Object.keys(cotangents), Object.keys(expected)]
  return {
    op,
    direction,
    seed: id,
    form: {
      ...(name !== undefined && { name }),
      attrs,
      shapes: mapValues(({ shape }: Tensor) => shape, inputs),
      fills: Object.fromEntries([...valuesOf(inputs, ''), ...valuesOf(cotangents, 'd')]),
      ...(direction === 'backward' && { given }),
      ...(wanted.length < answersTo(question).length && { wanted }),
    },
  }
}

/** Whether a vector's case is short enough for a command. */
export const isReplayable = (vector: Vector): boolean => numbersOf(vector) <= mostReplayed
