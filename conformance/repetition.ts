import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensors } from '../spec/tensor.js'
import { indexOf, sameShape } from '../spec/tensor.js'
import { answerOf, fails, judgeAnswer } from './ask.js'
import type { Row } from './coverage/covering.js'
import type { Subject } from './coverage/subject.js'
import type { Case, Form } from './form.js'
import { acceptable, numbersIn, printCase } from './form.js'
import type { Judgement } from './judge.js'
import type { Rounding } from './probe.js'

/**
 * Whether an answer hangs on what was asked before it: part of a line's cases is asked again at its end, after others and
 * after itself. A kernel keeps nothing between questions; what surrounds it may: scratch buffers, pipelines by name,
 * weights that count as constant.
 */

/** Cases of so many numbers are cheap to ask again. */
export const smallCase = 600

/** Whether a case may be among those that are asked again. */
export const repeatable = ({ form }: Case): boolean => numbersIn(form) <= smallCase

// numbers that follow from the seed
const drawnAnew = ({ form }: Case): boolean =>
  Object.keys(form.shapes).some((name) => typeof (form.fills[name] ?? 'normal') === 'string')

/** The same shapes, attributes and ways to fill them with other numbers. */
export const withOtherNumbers = (asked: Case): Case => ({ ...asked, seed: `${asked.seed}, other numbers` })

const shapesKey = ({ form }: Case): string => JSON.stringify(form.shapes)

/** One pair of cases in so many of the line. */
const onePairIn = 60

/**
 * Pairs of cases of different shapes, spread over the line and so over its classes, each asked as A A′ A B A B, where A′ is A
 * with other numbers: the same shape twice in a row, and shapes in alternation. Of the line's cases a tenth at most, but
 * for one pair of any line. What is taken follows from the seed.
 */
const pairsOf = (candidates: readonly Case[], total: number, seed: string): readonly Case[] => {
  if (candidates.length === 0) return []
  const draw = draws(keyOf(seed))
  const count = Math.min(Math.max(1, Math.floor(total / onePairIn)), candidates.length)
  // from a place on, and round: the first that will do
  const from = (start: number, fits: (one: Case) => boolean): Case =>
    Array.from({ length: candidates.length }, (_, i) => candidates[(start + i) % candidates.length] as Case).find(
      fits,
    ) ?? (candidates[start % candidates.length] as Case)
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor(((i + draw.uniform()) * candidates.length) / count)
    const a = from(start, drawnAnew)
    const b = from(start + Math.floor(candidates.length / 2), (one) => shapesKey(one) !== shapesKey(a))
    return [a, withOtherNumbers(a), a, b, a, b]
  }).flat()
}

const mostTries = 60
// of a short line, so many attributes, and of others one in so many of its cases
const [fewestTwins, oneTwinIn] = [2, 15]

/**
 * For each attribute, or some where the line is short, two cases that differ in it alone, of the same shapes and numbers,
 * asked as P Q P: a name that leaves an attribute out mixes them up.
 */
const twinsOf = (
  op: OpName,
  direction: Direction,
  { factors, possible, drawn, ladder, form }: Subject,
  rows: readonly Row[],
  total: number,
  seed: string,
): readonly Case[] => {
  const draw = draws(keyOf(seed))
  const sampled = fc.sample(fc.record(drawn), { seed: draw.integer(0, 2 ** 31 - 1), numRuns: 8 })
  // every other time axes have lengths of their own, which do not follow from attributes
  const numbers = sampled.map((own, i) =>
    i % 2 === 0 ? own : { ...own, ...Object.fromEntries(Object.keys(ladder).map((axis) => [axis, 6 + (i % 3)])) },
  )
  const fits = (one: Form): boolean => numbersIn(one) <= smallCase && acceptable(op, one)
  const meaning = ({ attrs }: Form): string => JSON.stringify(opOf(op).attrs.decode(attrs))
  const most = Math.max(fewestTwins, Math.floor(total / oneTwinIn))
  // data and what is asked for are no attributes
  const changing = factors.filter(({ name }) => !/^data of |^given$|^wanted$/.test(name))
  const first = draw.integer(0, Math.max(0, changing.length - 1))
  const twins: (readonly Case[])[] = []
  for (const { name, classes } of [...changing.slice(first), ...changing.slice(0, first)]) {
    if (twins.length >= most) break
    const start = draw.integer(0, rows.length - 1)
    for (let turn = 0; turn < mostTries; turn++) {
      const row = rows[(start + turn) % rows.length] as Row
      const other = {
        ...row,
        [name]: classes[(classes.indexOf(row[name] ?? '') + 1 + turn) % classes.length] as string,
      }
      if (!possible(other)) continue
      const [p, q] = [row, other].map((one) => form(one, numbers[turn % numbers.length] ?? {})) as [Form, Form]
      const alone =
        JSON.stringify({ ...p, attrs: {} }) === JSON.stringify({ ...q, attrs: {} }) && meaning(p) !== meaning(q)
      if (!alone || !fits(p) || !fits(q)) continue
      const twin = (one: Form): Case => ({ op, direction, seed: `${seed}, ${name}`, form: one })
      const [one, two] = [twin(p), twin(q)]
      twins.push([one, two, one])
      break
    }
  }
  return twins.flat()
}

/** What is known of a line when its cases have been asked. */
export interface Line {
  readonly op: OpName
  readonly direction: Direction
  readonly seed: number
  /** those of its cases that were answered and may be asked again, in the order in which they were asked */
  readonly candidates: readonly Case[]
  /** how many cases it has in all */
  readonly total: number
  readonly subject: Subject
  readonly rows: readonly Row[]
}

/** The sequence of cases in which a line is asked again. A pure function of its arguments. */
export const repetitionOf = ({ op, direction, seed, candidates, total, subject, rows }: Line): readonly Case[] => {
  const name = `${op}/${direction}/${seed}, asked again`
  return [...twinsOf(op, direction, subject, rows, total, name), ...pairsOf(candidates, total, name)]
}

/** Where an answer differs in bits from the first to the same question. */
export interface Difference {
  readonly asked: Case
  readonly output: string
  readonly index: readonly number[]
  readonly first: number
  readonly again: number
}

/** The first element in which two answers differ in bits, NaNs being all alike, or an output that only one of them has. */
export const differenceOf = (first: Tensors, again: Tensors): Omit<Difference, 'asked'> | undefined => {
  const names = [...new Set([...Object.keys(first), ...Object.keys(again)])]
  for (const output of names) {
    const [a, b] = [first[output], again[output]]
    if (a === undefined || b === undefined || !sameShape(a.shape, b.shape) || a.data.length !== b.data.length)
      return { output, index: [], first: a?.data[0] ?? NaN, again: b?.data[0] ?? NaN }
    for (let i = 0; i < a.data.length; i++)
      if (!Object.is(a.data[i], b.data[i]))
        return { output, index: indexOf(a.shape, i), first: a.data[i] as number, again: b.data[i] as number }
  }
  return undefined
}

/** A question that was answered wrongly in the course of a run. */
export interface Suspect {
  readonly asked: Case
  readonly judgement: Judgement
  /** how many questions were asked before it */
  readonly before: number
  /** its numbers had been answered within bounds before */
  readonly rightBefore: boolean
}

/** What came of asking again. */
export interface Repeats {
  /** questions whose numbers had been asked before */
  readonly asked: number
  /** of these, how many answers differ in bits from the first */
  readonly differed: number
  /** questions asked here that were answered out of bounds, but for those that are wrong as they were the first time */
  readonly failed: number
  readonly difference?: Difference
  readonly suspect?: Suspect
}

/** First answers, by the case as JSON, and whether they were within bounds. */
export type Firsts = Map<string, { readonly answer: Tensors; readonly right: boolean }>

/**
 * Asks a sequence of cases. An answer that is in bits what it was the first time needs no second judgement. What is asked
 * is added to `history`, first answers to `firsts`.
 *
 * Errors  DeviceLost; what the oracle refuses of a case
 */
export const askAgain = async (
  backend: Backend,
  oracle: Oracle,
  schedule: readonly Case[],
  rounding: Rounding,
  firsts: Firsts,
  history: Case[],
): Promise<Result<Repeats>> => {
  let found: Repeats = { asked: 0, differed: 0, failed: 0 }
  for (const asked of schedule) {
    const key = printCase(asked)
    const first = firsts.get(key)
    const answered = await answerOf(backend, asked)()
    if (E.isLeft(answered)) return answered
    const before = history.length
    history.push(asked)
    const { answer } = answered.right
    const same = first && E.isRight(answer) ? differenceOf(first.answer, answer.right) : undefined
    if (first !== undefined && E.isRight(answer)) {
      found = {
        ...found,
        asked: found.asked + 1,
        differed: found.differed + (same === undefined ? 0 : 1),
        ...(found.difference === undefined && same !== undefined ? { difference: { asked, ...same } } : {}),
      }
      if (same === undefined) continue
    }
    const judged = judgeAnswer(oracle, backend, asked, answered.right)
    if (E.isLeft(judged)) return judged
    const { judgement } = judged.right
    // a limit of the device
    if (judgement === undefined) continue
    const wrong = fails(judgement, rounding)
    if (first === undefined && E.isRight(answer)) firsts.set(key, { answer: answer.right, right: !wrong })
    if (!wrong) continue
    const suspect: Suspect = { asked, judgement, before, rightBefore: first?.right === true }
    found = {
      ...found,
      failed: found.failed + 1,
      // one that was right before says more than one that may always be wrong
      suspect:
        found.suspect !== undefined && (found.suspect.rightBefore || !suspect.rightBefore) ? found.suspect : suspect,
    }
  }
  return E.right(found)
}
