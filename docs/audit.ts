import { either as E } from 'fp-ts'
import { caseAt, caseCount } from '../conformance/cases.js'
import type { Case } from '../conformance/form.js'
import { realise } from '../conformance/form.js'
import type { Expected } from '../conformance/judge.js'
import { expect, judge } from '../conformance/judge.js'
import type { Fault } from '../conformance/questions.js'
import { questionTable } from '../conformance/table.js'
import { goldenOf } from '../conformance/testing/golden.js'
import { mutant } from '../conformance/testing/instrument.js'
import { oracle } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward } from '../spec/catalogue.js'
import { evaluate } from '../spec/fromKernels.js'
import type { Question } from '../spec/program.js'
import { sizeOf, sumOf } from '../spec/tensor.js'

/** A planted fault, and by which factor of its bound the suite's own cases reject it. */
export interface Rejected {
  readonly fault: Fault
  /** the largest that is a number; Infinity where every error meets a bound of 0, or NaN a number */
  readonly factor: number
}

/** What holds the oracle to an op's formula, besides the formula. */
export interface Witnesses {
  readonly worked: readonly { readonly name: string; readonly direction: Direction; readonly source: string }[]
  readonly golden: { readonly cases: number; readonly gradients: number; readonly witness: string }
  /** golden points at which backward is held against central differences of forward */
  readonly differences: number
  readonly laws: readonly string[]
  readonly faults: readonly Rejected[]
}

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

// ---- faults ------------------------------------------------------------------------------------------------------

const sizeOfCase = ({ form }: Case): number => sumOf(Object.values(form.shapes).map(sizeOf))

interface Asked {
  readonly question: Question
  readonly expected: Expected
}

/** Cases from small to large, the answer to each worked out once, whatever the number of faults. */
const casesOf = (op: OpName, direction: Direction): readonly (() => Asked)[] =>
  Array.from({ length: caseCount(questionTable, op, direction, 30) }, (_, index) =>
    caseAt(questionTable, op, direction, 7, index),
  )
    .filter((each) => sizeOfCase(each) < 1e5)
    .sort((a, b) => sizeOfCase(a) - sizeOfCase(b))
    .map((each) => {
      const known: Asked[] = []
      return () => {
        if (known[0] === undefined) {
          const question = right(realise(each))
          known.push({ question, expected: right(expect(oracle, question, anyOrder)) })
        }
        return known[0] as Asked
      }
    })

/** A fault is clear when its error is so many times the bound, and measured when so many cases show it so. */
const clear = { factor: 10, cases: 4 }

const rejectionOf = (op: OpName, fault: Fault, cases: readonly (() => Asked)[]): number => {
  const faulty = mutant(op, fault)
  const factors: number[] = []
  for (const asked of cases) {
    const { question, expected } = asked()
    const { direction, attrs, inputs, cotangents } = question
    const answer = right(evaluate({ [op]: faulty }, op, direction, attrs, inputs, cotangents))
    factors.push(judge({ oracle, question, expected, answer }).worst.ratio)
    if (factors.filter((factor) => factor >= clear.factor).length >= clear.cases) break
  }
  const finite = factors.filter((factor) => factor >= clear.factor && Number.isFinite(factor))
  return (finite.length > 0 ? finite : factors).reduce((a, b) => Math.max(a, b), 0)
}

const rejectionsOf = (op: OpName): readonly Rejected[] => {
  const cases = { forward: casesOf(op, 'forward'), backward: hasBackward(op) ? casesOf(op, 'backward') : [] }
  return questionTable[op].faults.map((fault) => ({ fault, factor: rejectionOf(op, fault, cases[fault.direction]) }))
}

// ---- golden vectors ----------------------------------------------------------------------------------------------

const goldenWitness = (op: OpName): Witnesses['golden'] => {
  const cases = goldenOf(op)?.cases ?? []
  return {
    cases: cases.length,
    gradients: cases.filter(({ gradients }) => gradients !== undefined).length,
    witness: [...new Set(cases.map(({ witness }) => witness))].join(', '),
  }
}

// ---- all of them -------------------------------------------------------------------------------------------------

/** The witnesses of an op. With `quick`, faults are not tried: their factors are NaN. */
export const witnessesOf = (op: OpName, quick = false): Witnesses => {
  const { worked, laws, faults } = questionTable[op]
  const golden = goldenWitness(op)
  return {
    worked: worked.map(({ name, direction, source }) => ({ name, direction, source })),
    golden,
    differences: hasBackward(op) ? golden.gradients : 0,
    laws: laws.map(({ name }) => name),
    faults: quick ? faults.map((fault) => ({ fault, factor: NaN })) : rejectionsOf(op),
  }
}

/** The kinds of witness that an op has. */
export const kindsOf = ({ worked, golden, differences, laws, faults }: Witnesses): readonly string[] => [
  ...(worked.length > 0 ? ['worked examples'] : []),
  ...(golden.cases > 0 ? ['PyTorch golden cases'] : []),
  ...(differences > 0 ? ['finite differences'] : []),
  ...(laws.length > 0 ? ['laws'] : []),
  ...(faults.length > 0 ? ['planted faults'] : []),
]

/** Every op has witnesses of so many kinds, */
export const leastKinds = 3
/** but for those that move numbers and compute little or nothing. */
export const structural: readonly string[] = ['flatten', 'reshape', 'concat', 'add', 'mul']
