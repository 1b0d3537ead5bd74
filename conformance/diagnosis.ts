import { either as E } from 'fp-ts'
import type { AttributeValue, Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder, epsilon } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Field } from '../spec/field.js'
import { mapField, zipFields } from '../spec/field.js'
import type { Depth } from '../spec/op.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { mapTensor } from '../spec/tensor.js'
import { attempt, caseEffort } from './ask.js'
import { dialsOf } from './dials.js'
import { elementsIn } from './elements.js'
import type { Case } from './form.js'
import { numbersIn, realise } from './form.js'
import type { Format } from './formats.js'
import { bf16, f16, tf32, toNearest as roundedTo, towardsZero } from './formats.js'
import type { Expected } from './judge.js'
import { expect, judge } from './judge.js'
import type { Fault, QuestionTable } from './questions.js'
import { refusedRewritings } from './rewritings/index.js'
import type { Given, Rewriting } from './rewritings/rewriting.js'
import { asPermitted, toNearest } from './rewritings/rewriting.js'

/**
 * What a wrong answer might be instead. Failures of a group are held against everything that the suite knows to be done:
 * every value of every dial of the op, the textbook forms that lose digits and operands of fewer digits, and the mistakes
 * that are planted into the oracle to try the suite. One that gives all of these answers, each within its own bound, is
 * what a maintainer looks for first.
 */

/** `convention`: right by another convention; `accuracy`: the right formula, poorly computed; `mistake`: another formula. */
export type DiagnosisKind = 'convention' | 'accuracy' | 'mistake'

export interface Diagnosis {
  readonly kind: DiagnosisKind
  /** in words that follow “answers as by” */
  readonly words: string
  /** the attribute that says so, where it is a convention with one */
  readonly dial?: { readonly name: string; readonly value: AttributeValue }
  /** the backend says itself that this is its convention */
  readonly declared?: boolean
  /** of the formula, what stands there and what gives these answers, where it is a mistake */
  readonly line?: { readonly right: string; readonly wrong: string }
  /** so many failures were held against it, and all of them are as it says */
  readonly explains: number
}

/** The oracle with one of its op's planted faults, where the texts of its formulas are at hand. */
export type FaultyOracle = (op: OpName, fault: Fault) => Promise<Oracle | undefined>

interface Hypothesis extends Omit<Diagnosis, 'explains'> {
  /** what it answers to a question, and how far f32 may be from that; nothing where it has nothing to say */
  readonly expected: (question: Question) => Promise<Expected | undefined>
  /** whether a number can be one of its answers, where not all can */
  readonly answers?: (value: number) => boolean
}

const rightOf = <A>(result: E.Either<unknown, A>): A | undefined => (E.isRight(result) ? result.right : undefined)

// ---- conventions ---------------------------------------------------------------------------------------------------

interface Convention {
  readonly words: string
  readonly dial?: Diagnosis['dial']
  /** the attributes by which the catalogue gives what the convention means by these; nothing where they are no others */
  readonly meant: (attrs: Attributes, question: Question) => Attributes | undefined
}

const scaled =
  (name: string, by: (question: Question) => number) =>
  (attrs: Attributes, question: Question): Attributes | undefined =>
    typeof attrs[name] === 'number' ? { ...attrs, [name]: attrs[name] * by(question) } : undefined

const complement =
  (name: string) =>
  (attrs: Attributes): Attributes | undefined =>
    typeof attrs[name] === 'number' && attrs[name] <= 1 ? { ...attrs, [name]: 1 - attrs[name] } : undefined

const sizeOfWindow = ({ attrs }: Question): number => Number(attrs['size'])

/** Conventions that are another value of an attribute, by a rule. */
const rules: Readonly<Partial<Record<OpName, readonly Convention[]>>> = {
  localResponseNorm: [
    { words: 'alpha that is not divided by the size', meant: scaled('alpha', sizeOfWindow) },
    { words: 'alpha divided by the size twice', meant: scaled('alpha', (question) => 1 / sizeOfWindow(question)) },
  ],
  batchNormTraining: [
    { words: 'momentum as the weight of the old statistics, not of the new batch', meant: complement('momentum') },
  ],
  dropout: [{ words: 'keep as the share that is dropped', meant: complement('keep') }],
}

const conventionsOf = (op: OpName): readonly Convention[] => [
  ...Object.entries(dialsOf(op)).flatMap(([name, values]) =>
    values.map((value): Convention => ({
      words: `${name} ${JSON.stringify(value)}`,
      dial: { name, value },
      meant: (attrs) => (attrs[name] === value ? undefined : { ...attrs, [name]: value }),
    })),
  ),
  ...(rules[op] ?? []),
]

const byConvention =
  (oracle: Oracle, depth: Depth) =>
  ({ words, dial, meant }: Convention): Hypothesis => ({
    kind: 'convention',
    words,
    ...(dial === undefined ? {} : { dial }),
    expected: (question) => {
      const attrs = meant(question.attrs, question)
      const decoded = attrs && opOf(question.op).attrs.decode(attrs)
      return Promise.resolve(
        decoded === undefined || E.isLeft(decoded)
          ? undefined
          : rightOf(expect(oracle, { ...question, attrs: decoded.right }, depth)),
      )
    },
  })

// ---- accuracy ------------------------------------------------------------------------------------------------------

interface Reading {
  readonly words: string
  readonly format: Format
  readonly read: (x: number) => number
  /** whether results are rounded to it too, or every operation is */
  readonly stored: boolean | 'throughout'
}

const formats = { tf32, f16, bf16 }

// casts round to nearest, ties to even; tensor cores round ties away from 0, or cut digits off
const awayFromZero = ({ digits, least }: Format): ((x: number) => number) => {
  const size = (x: number): number => Math.max(Math.floor(Math.log2(Math.abs(x))), least)
  return (x) =>
    x === 0 || !Number.isFinite(x)
      ? x
      : Math.sign(x) * Math.floor(Math.abs(x) / 2 ** (size(x) - digits) + 0.5) * 2 ** (size(x) - digits)
}

const readings: readonly Reading[] = Object.entries(formats).flatMap(([name, format]): readonly Reading[] => [
  { words: `operands in ${name}`, format, read: roundedTo(format), stored: false },
  { words: `operands in ${name}, ties away from 0`, format, read: awayFromZero(format), stored: false },
  { words: `operands in ${name}, cut off`, format, read: towardsZero(format), stored: false },
  ...(name === 'tf32'
    ? []
    : [{ words: `operands and results in ${name}`, format, read: roundedTo(format), stored: true }]),
  { words: `every operation in ${name}`, format, read: roundedTo(format), stored: 'throughout' },
])

const each = (f: (x: number) => number, tensors: Tensors, except: readonly string[] = []): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, except.includes(name) ? x : mapTensor(f, x)]))

// integers a little off: their sums are as any others
const nudged = (question: Question): Question => ({
  ...question,
  inputs: each((x) => x * (1 + 2 ** -30), question.inputs, opOf(question.op).counts),
})

const byReading =
  (oracle: Oracle, depth: Depth) =>
  ({ words, format, read: by, stored }: Reading): Hypothesis => ({
    kind: 'accuracy',
    words,
    ...(stored && {
      answers: (
        (nearest) => (value: number) =>
          Object.is(nearest(value), value)
      )(roundedTo(format)),
    }),
    expected: (question): Promise<Expected | undefined> => {
      const { op, inputs, cotangents } = question
      const read = {
        ...question,
        inputs: each(by, inputs, opOf(op).counts),
        cotangents: each(by, cotangents),
      }
      const known = rightOf(expect(oracle, read, depth))
      if (known === undefined || stored === false) return Promise.resolve(known)
      // a result is off by its rounding too, which is not far from that of the value; an operation as often as f32 is
      const unit = 2 ** -format.digits
      const times = stored === 'throughout' ? unit / epsilon : 1
      const loose = stored === 'throughout' ? rightOf(expect(oracle, nudged(read), depth)) : known
      if (loose === undefined) return Promise.resolve(undefined)
      const bounds = Object.fromEntries(
        Object.entries(loose.bounds).map(([name, bound]) => [
          name,
          zipFields([bound, known.values[name] as Field], (b, v) => times * b + unit * (Math.abs(v) + b)),
        ]),
      )
      return Promise.resolve({ values: known.values, bounds })
    },
  })

type NonEmpty<A> = readonly [A, ...(readonly A[])]

// so often what an operation may err by is drawn, to see how far a form that loses digits goes astray
const machines = 3
// what was drawn is seldom the most
const beyond = 4

/** A form that loses digits answers what it answers in f32, give or take what its own operations may err by. */
const rewritten = (known: Expected, given: Given, { output, evaluate }: Rewriting): Expected => {
  const own = known.bounds[output]
  if (own === undefined) return known
  const nearest = evaluate(toNearest, given)
  const others: readonly Tensor[] = Array.from({ length: machines }, (_, at) =>
    evaluate(asPermitted(draws(keyOf(`diagnosis ${at}`))), given),
  )
  const bound = mapField((own, i) => {
    const here = nearest.data[i] as number
    const strays = others.map(({ data }) => Math.abs((data[i] as number) - here)).filter(Number.isFinite)
    return own + beyond * strays.reduce((a, b) => Math.max(a, b), 0)
  }, own)
  return {
    values: { ...known.values, [output]: mapField((value) => value, nearest) },
    bounds: { ...known.bounds, [output]: bound },
  }
}

/** One form, or the same in several outputs. */
const byRewriting =
  (oracle: Oracle, depth: Depth) =>
  (forms: NonEmpty<Rewriting>): Hypothesis => ({
    kind: 'accuracy',
    words: forms[0].words,
    expected: (question) => {
      const known = rightOf(expect(oracle, question, depth))
      const resolved = rightOf(resolve(opOf(question.op), question.attrs, shapesOf(question.inputs)))
      if (known === undefined || resolved === undefined || !forms.some(({ output }) => output in known.bounds))
        return Promise.resolve(undefined)
      const given = { ...question, sizes: resolved.sizes }
      return Promise.resolve(forms.reduce((soFar, form) => rewritten(soFar, given, form), known))
    },
  })

/** The forms of an op, each by itself, then those of the same words in all of its outputs together. */
const formsOf = (op: OpName, direction: Direction): readonly NonEmpty<Rewriting>[] => {
  const own = refusedRewritings.filter((rewriting) => rewriting.op === op && rewriting.direction === direction)
  const alike = own.map(({ words }) => own.filter((other) => other.words === words))
  return [
    ...own.map((form): NonEmpty<Rewriting> => [form]),
    ...alike.flatMap(([first, ...rest], at) =>
      first !== undefined && first === own[at] && rest.length > 0 ? [[first, ...rest] as const] : [],
    ),
  ]
}

// ---- mistakes ------------------------------------------------------------------------------------------------------

const byFault =
  (faulty: FaultyOracle, depth: Depth, op: OpName) =>
  (fault: Fault): Hypothesis => ({
    kind: 'mistake',
    words: fault.name,
    line: { right: fault.find, wrong: fault.replace },
    expected: async (question) => {
      const oracle = await faulty(op, fault)
      return oracle && rightOf(expect(oracle, question, depth))
    },
  })

// ---- what explains -------------------------------------------------------------------------------------------------

/** What is asked once more to be explained: so many failures, of so many numbers each at most. */
const mostExplained = 24
const mostNumbers = 20_000

/** A question, and a wrong answer to it. */
export interface Heard {
  readonly asked: Pick<Case, 'seed'>
  readonly question: Question
  readonly answer: Tensors
}

const isRightBy = (oracle: Oracle, expected: Expected, { asked, question, answer }: Heard): boolean => {
  const elements = elementsIn(question, caseEffort, asked.seed)
  if (E.isLeft(elements)) return false
  const { problem, worst } = judge({ oracle, question, expected, answer, elements: elements.right })
  return problem === undefined && worst.ratio <= 1
}

const explained = async (oracle: Oracle, { expected, answers }: Hypothesis, heard: Heard): Promise<boolean> => {
  const foreign = (value: number): boolean => !answers?.(value)
  if (
    answers !== undefined &&
    Object.values(heard.answer).some(({ data }) => Array.from(data as ArrayLike<number>).some(foreign))
  )
    return false
  const instead = await expected(heard.question)
  return instead !== undefined && isRightBy(oracle, instead, heard)
}

export interface Diagnosing {
  readonly backend: Backend
  readonly oracle: Oracle
  readonly table: QuestionTable
  readonly faulty?: FaultyOracle
}

/** What all of these failures of an op in a direction are answered by, if anything that is known: the first failure first. */
export const diagnose = async (
  { backend, oracle, table, faulty }: Diagnosing,
  failures: readonly Case[],
): Promise<Diagnosis | undefined> => {
  const [first] = failures
  if (first === undefined) return undefined
  const { depth = anyOrder } = backend
  const heard: Heard[] = []
  for (const asked of failures.filter(({ form }) => numbersIn(form) <= mostNumbers).slice(0, mostExplained)) {
    const question = realise(asked)
    if (E.isLeft(question)) continue
    const answer = await attempt(backend, question.right)
    // what is no answer is explained by nothing
    if (E.isLeft(answer)) return undefined
    const one = { asked, question: question.right, answer: answer.right }
    const right = expect(oracle, question.right, depth)
    // what was wrong by chance, or after other questions only, is explained by no formula
    if (E.isLeft(right) || isRightBy(oracle, right.right, one)) return undefined
    heard.push(one)
  }
  return explanationOf({ oracle, table, depth, ...(faulty && { faulty }) }, heard, backend)
}

/** What gives all of these wrong answers to questions of one op in one direction, if anything that is known does. */
export const explanationOf = async (
  { oracle, table, depth, faulty }: Pick<Diagnosing, 'oracle' | 'table' | 'faulty'> & { readonly depth: Depth },
  heard: readonly Heard[],
  backend: Pick<Backend, 'conventions'> = {},
): Promise<Diagnosis | undefined> => {
  if (heard[0] === undefined) return undefined
  const { op, direction } = heard[0].question
  const hypotheses: readonly Hypothesis[] = [
    ...conventionsOf(op).map(byConvention(oracle, depth)),
    ...readings.filter(({ stored }) => !stored).map(byReading(oracle, depth)),
    ...formsOf(op, direction).map(byRewriting(oracle, depth)),
    ...readings.filter(({ stored }) => stored !== false).map(byReading(oracle, depth)),
    ...(faulty === undefined
      ? []
      : table[op].faults.filter((fault) => fault.direction === direction).map(byFault(faulty, depth, op))),
  ]
  for (const hypothesis of hypotheses) {
    let all = true
    for (const one of heard) all &&= await explained(oracle, hypothesis, one)
    if (!all) continue
    const { expected: _, ...known } = hypothesis
    const declared = known.dial && backend.conventions?.[op]?.[known.dial.name] === known.dial.value
    return { ...known, ...(declared === undefined ? {} : { declared }), explains: heard.length }
  }
  return undefined
}
