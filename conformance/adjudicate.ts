import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import type { Fields } from '../spec/field.js'
import { mapField, mapValues } from '../spec/field.js'
import { anyOrder } from '../spec/bound.js'
import type { Depth } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { indexOf, mapTensors } from '../spec/tensor.js'
import { isRefusal, withoutAnswer } from './ask.js'
import type { Diagnosing, Diagnosis } from './diagnosis.js'
import { explanationOf } from './diagnosis.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import type { Judgement, WholeExpected } from './judge.js'
import { expectWhole, judge, ratioOf } from './judge.js'
import { outside } from './lockstep.js'

/**
 * Several answers to one case: which are right, by how much the others are wrong, and when none is. Two answers within
 * their bounds may differ, by both bounds together at most: then there is nothing to decide.
 */

/** An answer by the name of who gave it. */
export interface NamedAnswer {
  readonly name: string
  /** or why there is none */
  readonly answer: Result<Tensors>
  /** how deep its sums nest, where whoever gave it says so */
  readonly depth?: Depth
}

export type Standing = 'right' | 'wrong' | 'no answer'

/** What is said of one answer. */
export interface Adjudged {
  readonly name: string
  readonly standing: Standing
  readonly judgement?: Judgement
  /** elements outside their bounds */
  readonly outside: number
  readonly diagnosis?: Diagnosis
  /** of a case that is not its own, or a limit of its device */
  readonly reason?: string
}

/** Where two right answers are farthest apart, measured by what both may err. */
export interface Apart {
  readonly names: readonly [string, string]
  readonly output: string
  readonly index: readonly number[]
  readonly values: readonly [number, number]
  readonly want: number
  /** of each */
  readonly bound: number
  /** |a − b| ÷ 2·bound: 1 is as far as two right answers may be from each other */
  readonly ratio: number
}

/** Elements that are no ordinary numbers, and how the answers have them. */
export interface Special {
  readonly output: string
  readonly index: readonly number[]
  readonly want: number
  /** by the names of the answers; the bits where the answer came as f32 numbers */
  readonly got: Readonly<Record<string, { readonly value: number; readonly bits?: string }>>
}

export interface Adjudication {
  readonly asked: Case
  readonly question: Question
  readonly answers: readonly Adjudged[]
  /** of right answers that are not the same in bits */
  readonly apart?: Apart
  readonly specials: readonly Special[]
  /** how many such elements there are */
  readonly specialsOf: number
}

// so many are told one by one
const mostSpecials = 8

const fieldsOf = (tensors: Tensors): Fields => mapValues((given) => mapField((value) => value, given), tensors)

const countOutside = ({ values, bounds }: WholeExpected, answer: Tensors): number =>
  Object.entries(values).reduce((n, [output, { data }]) => {
    const [got, bound] = [answer[output]?.data ?? [], bounds[output]?.data ?? []]
    let count = 0
    for (let i = 0; i < data.length; i++)
      if (!(ratioOf(got[i] as number, data[i] as number, bound[i] as number) <= 1)) count++
    return n + count
  }, 0)

/** The largest distance of two answers, in units of what both may err together. */
const apartOf = (
  { values, bounds }: WholeExpected,
  first: NamedAnswer & { readonly tensors: Tensors },
  second: NamedAnswer & { readonly tensors: Tensors },
): Apart | undefined => {
  let found: Apart | undefined
  for (const [output, { shape, data }] of Object.entries(values)) {
    const [a, b] = [first.tensors[output]?.data ?? [], second.tensors[output]?.data ?? []]
    for (let i = 0; i < data.length; i++) {
      const [p, q, bound] = [a[i] as number, b[i] as number, bounds[output]?.data[i] as number]
      if (p === q || Object.is(p, q)) continue
      const ratio = Math.abs(p - q) / (2 * bound)
      if (found === undefined || ratio > found.ratio)
        found = {
          names: [first.name, second.name],
          output,
          index: indexOf(shape, i),
          values: [p, q],
          want: data[i] as number,
          bound,
          ratio,
        }
    }
  }
  return found
}

const bitsOf = (data: Numbers, at: number): { readonly bits: string } | Record<never, never> =>
  data instanceof Float32Array
    ? { bits: new Uint32Array(data.buffer, data.byteOffset + 4 * at, 1)[0]?.toString(16).padStart(8, '0') ?? '' }
    : {}

const isSpecial = (value: number): boolean => !Number.isFinite(value) || Object.is(value, -0)

const specialsIn = (
  values: Tensors,
  answers: readonly { readonly name: string; readonly tensors: Tensors }[],
): readonly Special[] =>
  Object.entries(values).flatMap(([output, { shape, data }]: readonly [string, Tensor]) => {
    const given = answers.map(({ name, tensors }) => ({ name, data: tensors[output]?.data ?? [] }))
    const places = Array.from({ length: data.length }, (_, i) => i).filter(
      (i) => !Number.isFinite(data[i]) || given.some((one) => isSpecial(one.data[i] as number)),
    )
    return places.map((i): Special => ({
      output,
      index: indexOf(shape, i),
      want: data[i] as number,
      got: Object.fromEntries(given.map((one) => [one.name, { value: one.data[i] as number, ...bitsOf(one.data, i) }])),
    }))
  })

const wantedOf = (values: Tensors, answer: Tensors): Tensors =>
  Object.fromEntries(Object.keys(values).flatMap((name) => (answer[name] === undefined ? [] : [[name, answer[name]]])))

/**
 * Judges every answer to a case, all of its elements.
 *
 * Errors  whatever the op refuses of the case; TooLarge – an output of more than 2²⁴ elements
 */
export const adjudicate = async (
  { oracle, table, faulty }: Pick<Diagnosing, 'table' | 'faulty'> & { readonly oracle: Oracle },
  asked: Case,
  answers: readonly NamedAnswer[],
): Promise<Result<Adjudication>> => {
  const planned = F.pipe(
    realise(asked),
    E.bindTo('question'),
    E.bind('expected', ({ question }) => expectWhole(oracle, question, anyOrder)),
  )
  if (E.isLeft(planned)) return planned
  const { question, expected } = planned.right
  const adjudged: Adjudged[] = []
  const right: (NamedAnswer & { readonly tensors: Tensors })[] = []
  for (const one of answers) {
    const { name, answer, depth = anyOrder } = one
    if (E.isLeft(answer)) {
      adjudged.push(
        isRefusal(answer.left)
          ? { name, standing: 'no answer', outside: 0, reason: answer.left.message }
          : { name, standing: 'wrong', outside: 0, judgement: withoutAnswer(answer.left) },
      )
      continue
    }
    // who adds up in an order of its own is held to that
    const own = depth === anyOrder ? E.right(expected) : expectWhole(oracle, question, depth)
    if (E.isLeft(own)) return own
    const judgement = judge({
      oracle,
      question,
      expected: { values: fieldsOf(own.right.values), bounds: fieldsOf(own.right.bounds) },
      answer: answer.right,
    })
    const isWrong = outside({ judgement })
    const heard = { asked, question, answer: answer.right }
    const diagnosis =
      isWrong && judgement.problem === undefined
        ? await explanationOf({ oracle, table, depth, ...(faulty && { faulty }) }, [heard])
        : undefined
    adjudged.push({
      name,
      standing: isWrong ? 'wrong' : 'right',
      judgement,
      outside: judgement.problem === undefined ? countOutside(own.right, answer.right) : 0,
      ...(diagnosis && { diagnosis }),
    })
    if (!isWrong) right.push({ ...one, tensors: wantedOf(expected.values, answer.right) })
  }
  const pairs = right.flatMap((first, i) => right.slice(i + 1).map((second) => apartOf(expected, first, second)))
  const apart = pairs.reduce((a, b) => (a === undefined || (b !== undefined && b.ratio > a.ratio) ? b : a), undefined)
  const given = answers.flatMap(({ name, answer }) => (E.isRight(answer) ? [{ name, tensors: answer.right }] : []))
  const specials = specialsIn(expected.values, given)
  return E.right({
    asked,
    question,
    answers: adjudged,
    ...(apart && { apart }),
    specials: specials.slice(0, mostSpecials),
    specialsOf: specials.length,
  })
}

/** What the answers come to together. */
export type Verdict = 'all are right' | 'some are right' | 'none is right' | 'no answer'

export const adjudicationVerdict = ({ answers }: Adjudication): Verdict => {
  const judged = answers.filter(({ standing }) => standing !== 'no answer')
  const right = judged.filter(({ standing }) => standing === 'right')
  return judged.length === 0
    ? 'no answer'
    : right.length === judged.length
      ? 'all are right'
      : right.length === 0
        ? 'none is right'
        : 'some are right'
}

/** A question as a case that has its numbers written out, as f32 has them. */
export const caseOfQuestion = ({ op, direction, attrs, inputs, cotangents, wanted }: Question): Case => {
  const written = (
    tensors: Tensors,
    prefix = '',
  ): readonly (readonly [string, { readonly values: readonly number[] }])[] =>
    Object.entries(mapTensors(Math.fround, tensors)).map(([name, { data }]) => [
      `${prefix}${name}`,
      { values: Array.from({ length: data.length }, (_, i) => data[i] as number) },
    ])
  const shapes: Readonly<Record<string, Shape>> = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, shape]),
  )
  return {
    op,
    direction,
    seed: 'given',
    form: {
      attrs,
      shapes,
      fills: Object.fromEntries([...written(inputs), ...written(cotangents, 'd')]),
      ...(direction === 'forward' ? {} : { given: Object.keys(cotangents) }),
      ...(wanted === undefined ? {} : { wanted }),
    },
  }
}
