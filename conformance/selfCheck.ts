import { either as E, function as F } from 'fp-ts'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { hasBackward, opNames } from '../spec/catalogue.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor } from '../spec/tensor.js'
import { indexOf, sameShape, showShape } from '../spec/tensor.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import { atDoublePrecision, expectWhole, ratioOf } from './judge.js'
import type { Ask, Claim, Law, QuestionTable, Worked } from './questions.js'
import type { Samples } from './samples.js'
import { samplesOf } from './samples.js'
import { isDerivative } from './vocabulary/derivative.js'

/** An oracle's answers about one op, each with the spec's bound at f64's precision beside it. */
export const askAbout =
  (oracle: Oracle, op: OpName): Ask =>
  (direction, attrs, inputs, cotangents = {}) =>
    F.pipe(
      expectWhole(oracle, { op, direction, attrs, inputs, cotangents }, anyOrder),
      E.map(({ values, bounds }) => ({ values, slack: atDoublePrecision(bounds) })),
    )

/** The element at which a claim is furthest off, and how far: |got − want| ÷ allowed. */
interface Furthest {
  readonly ratio: number
  readonly at: number
}

const furthest = ({ got, want, allowed }: Claim): Furthest =>
  Array.from({ length: want.data.length }, (_, at) => at).reduce<Furthest>(
    (worst, at) => {
      const ratio = ratioOf(got.data[at] as number, want.data[at] as number, allowed.data[at] as number)
      return ratio > worst.ratio ? { ratio, at } : worst
    },
    { ratio: 0, at: 0 },
  )

/** What is wrong with a claim: nothing, or its worst element with index, what it is, what it should be, and the bound. */
export const complaint = (name: string, claim: Claim): string | undefined => {
  const { got, want, allowed } = claim
  if (!sameShape(got.shape, want.shape))
    return `${name} has shape ${showShape(got.shape)}, not ${showShape(want.shape)}`
  const { ratio, at } = furthest(claim)
  const times = ratio === Infinity ? '∞' : ratio.toPrecision(3)
  return ratio <= 1
    ? undefined
    : `${name}${showShape(indexOf(want.shape, at))} is ${got.data[at]}, not ${want.data[at]} within ${allowed.data[at]} (off by ${times} times that)`
}

/** What an oracle makes of a worked example: nothing, or what is wrong. */
export const checkWorked = (oracle: Oracle, op: OpName, example: Worked): string | undefined => {
  const about = `${op} ${example.direction}: ${example.name}`
  const answer = askAbout(oracle, op)(example.direction, example.attrs, example.inputs, example.cotangents)
  if (E.isLeft(answer)) return `${about}: ${answer.left.message}`
  const { values, slack } = answer.right
  const wrong = Object.entries(example.outputs).flatMap(([name, want]) =>
    values[name] === undefined
      ? [`there is no ${name}`]
      : (complaint(name, { got: values[name], want, allowed: slack[name] as Tensor }) ?? []),
  )
  return wrong.length === 0 ? undefined : `${about} (${example.source}): ${wrong.join('; ')}`
}

/** The laws that an op is held by: its own, and that its backward, if it has one, is its derivative. */
export const lawsOf = (table: QuestionTable, op: OpName): readonly Law[] => [
  ...table[op].laws,
  ...(hasBackward(op) ? [isDerivative] : []),
]

/** What an oracle makes of a law on a case: nothing, or what is wrong. */
export const checkLaw = (oracle: Oracle, law: Law, sample: Case): string | undefined => {
  const { op, seed } = sample
  const claims = F.pipe(
    realise(sample),
    E.flatMap((question) => law.claims(question, askAbout(oracle, op), draws(keyOf(`${law.name} ${seed}`)))),
  )
  if (E.isLeft(claims)) return `${op}: ${law.name}: ${claims.left.message}`
  if (claims.right.length === 0) return `${op}: ${law.name}: claims nothing`
  const wrong = claims.right.flatMap((claim, n) => complaint(`claim ${n + 1} at `, claim) ?? [])
  return wrong[0] === undefined ? undefined : `${op}: ${law.name}: in ${seed} ${wrong[0]}`
}

/** What every use of an oracle begins with, a few seconds for all ops together; and what comes before an op is blamed. */
export const samplings = {
  brief: { drawn: 1, apart: 1, classes: 0, corners: 0, numbers: 0 },
  thorough: { drawn: 6, apart: 12, classes: 40, corners: 8, numbers: 2000 },
} as const satisfies Readonly<Record<string, Samples>>

/**
 * What is wrong with an oracle: worked examples that it misses and laws that it breaks, of the ops in scope. An oracle
 * with a finding judges nobody.
 */
export const checkOracle = (
  oracle: Oracle,
  table: QuestionTable,
  ops: readonly OpName[] = opNames,
  sampling: keyof typeof samplings = 'brief',
): readonly string[] =>
  ops.flatMap((op) => {
    const samples = samplesOf(oracle, table, op, 23, samplings[sampling])
    return [
      ...table[op].worked.map((example) => checkWorked(oracle, op, example)),
      ...lawsOf(table, op).flatMap((law) =>
        samples.slice(0, law.enough).map((sample) => checkLaw(oracle, law, sample)),
      ),
    ].filter((finding) => finding !== undefined)
  })
