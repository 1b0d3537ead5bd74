import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, within } from '../../spec/error.js'
import { wholeOf } from '../../spec/field.js'
import type { Oracle } from '../../spec/oracle.js'
import type { Question } from '../../spec/program.js'
import { answersTo } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'
import { largestOutput, mapTensors, sizeOf } from '../../spec/tensor.js'
import type { Profile } from '../cases.js'
import { caseAt, caseOfId, indicesOf } from '../cases.js'
import type { Case } from '../form.js'
import { numbersIn, realise } from '../form.js'
import type { BoundsAsked } from '../precision.js'
import { expectIn } from '../precision.js'
import type { QuestionTable } from '../questions.js'
import type { Asked } from '../shards.js'

/** A question with its answer: all that another program, or a later version, needs to be held to it. */
export interface Vector {
  /** the case's, or whatever names it where it comes from */
  readonly id: string
  readonly name?: string
  readonly op: OpName
  readonly direction: Direction
  /** all of them, defaults filled in */
  readonly attrs: Attributes
  readonly inputs: Tensors
  readonly cotangents: Tensors
  /** by output, or by the input whose gradient it is, in f64 */
  readonly expected: Tensors
  /** how far a right answer may be from each; 0 where nothing rounds, Infinity where anything may come out */
  readonly tolerance: Tensors
}

/** A vector's question. */
export const questionOf = ({ op, direction, attrs, inputs, cotangents, expected }: Vector): Question => {
  const question = { op, direction, attrs, inputs, cotangents }
  const all = answersTo(question)
  const wanted = Object.keys(expected)
  return wanted.length === all.length ? question : { ...question, wanted }
}

/** The numbers of a vector: its inputs and its answers. */
export const numbersOf = ({ inputs, cotangents, expected }: Vector): number =>
  [inputs, cotangents, expected].flatMap((each) => Object.values(each)).reduce((n, { shape }) => n + sizeOf(shape), 0)

/** A question's vector by the oracle. Errors: whatever the op refuses; TooLarge – an output of over 2²⁴ elements */
export const vectorOf = (
  oracle: Oracle,
  question: Question,
  asked: BoundsAsked,
  called: Pick<Vector, 'id' | 'name'>,
): Result<Vector> =>
  F.pipe(
    expectIn(oracle, question, asked),
    E.tap(({ values }) =>
      ensure(
        Object.values(values).every(({ shape }) => sizeOf(shape) <= largestOutput),
        'TooLarge',
        `an output has more than ${largestOutput} elements`,
      ),
    ),
    E.map(({ values, bounds }) => ({
      ...called,
      op: question.op,
      direction: question.direction,
      attrs: question.attrs,
      inputs: question.inputs,
      cotangents: question.cotangents,
      expected: wholeOf(values),
      // a bound that is no number permits nothing
      tolerance: mapTensors((bound) => (Number.isNaN(bound) ? 0 : bound), wholeOf(bounds)),
    })),
  )

/** Which cases to make vectors of. */
export interface Chosen {
  readonly questions: readonly Asked[]
  readonly profile: Profile
  readonly seed: number
  /** of each op and direction at most so many, evenly among those of the profile; or the cases of these ids */
  readonly cases: number | readonly string[]
  /** numbers, inputs and answers together, that a case has at most */
  readonly largest: number
}

/** Vectors, and how many cases were left out for their size. */
export interface Made {
  readonly vectors: readonly Vector[]
  readonly tooLarge: number
}

// so many numbers of a list, evenly from its first
const evenly = <A>(list: readonly A[], count: number): readonly A[] =>
  list.length <= count ? list : Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)] as A)

const vectorOfCase = (oracle: Oracle, asked: BoundsAsked, one: Case): Result<Vector> =>
  F.pipe(
    realise(one),
    E.flatMap((question) =>
      vectorOf(oracle, question, asked, { id: one.seed, ...(one.form.name !== undefined && { name: one.form.name }) }),
    ),
    E.mapLeft(within(one.seed)),
  )

/**
 * The vectors of some of the suite's cases.
 *
 * Errors  of an id as `caseOfId`; whatever the op refuses
 */
export const vectorsOf = (
  oracle: Oracle,
  table: QuestionTable,
  asked: BoundsAsked,
  { questions, profile, seed, cases, largest }: Chosen,
): Result<Made> => {
  const named =
    typeof cases === 'number'
      ? E.right([])
      : F.pipe(
          cases,
          E.traverseArray((id) => caseOfId(table, id)),
        )
  const drawnOf = ({ op, direction }: Asked, count: number): readonly Case[] =>
    evenly(
      indicesOf(table, op, direction, profile, 0)
        .map((index) => caseAt(table, op, direction, seed, index))
        .filter(({ form }) => numbersIn(form) <= largest),
      count,
    )
  return F.pipe(
    named,
    E.map((listed): readonly Case[] =>
      typeof cases === 'number' ? questions.flatMap((question) => drawnOf(question, cases)) : listed,
    ),
    E.flatMap(E.traverseArray((one) => vectorOfCase(oracle, asked, one))),
    E.map((all) => {
      // a case of an id is wanted, however large it is
      const vectors = all.filter((vector) => typeof cases !== 'number' || numbersOf(vector) <= largest)
      return { vectors, tooLarge: all.length - vectors.length }
    }),
  )
}
