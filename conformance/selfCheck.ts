import { either as E, function as F } from 'fp-ts'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { hasBackward, opNames } from '../spec/catalogue.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor } from '../spec/tensor.js'
import { sameShape } from '../spec/tensor.js'
import type { Case } from './form.js'
import { acceptable, realise } from './form.js'
import { atDoublePrecision, expect, ratioOf } from './judge.js'
import type { Ask, Claim, Law, QuestionTable, Worked } from './questions.js'

/** An oracle's answers about one op, each with the spec's bound at f64's precision beside it. */
export const askAbout =
  (oracle: Oracle, op: OpName): Ask =>
  (direction, attrs, inputs, cotangents = {}) =>
    F.pipe(
      expect(oracle, { op, direction, attrs, inputs, cotangents }, anyOrder),
      E.map(({ values, bounds }) => ({ values, slack: atDoublePrecision(bounds) })),
    )

/** How far a claim is off: the largest |got − want| ÷ allowed; Infinity for another shape. */
export const offBy = ({ got, want, allowed }: Claim): number =>
  sameShape(got.shape, want.shape)
    ? Array.from({ length: want.data.length }, (_, i) =>
        ratioOf(got.data[i] as number, want.data[i] as number, allowed.data[i] as number),
      ).reduce((a, b) => Math.max(a, b), 0)
    : Infinity

/** What an oracle makes of a worked example: nothing, or what is wrong. */
export const checkWorked = (oracle: Oracle, op: OpName, example: Worked): string | undefined => {
  const answer = askAbout(oracle, op)(example.direction, example.attrs, example.inputs, example.cotangents)
  if (E.isLeft(answer)) return `${op}: ${example.name}: ${answer.left.message}`
  const { values, slack } = answer.right
  const wrong = Object.entries(example.outputs).find(
    ([name, want]) =>
      values[name] === undefined || offBy({ got: values[name], want, allowed: slack[name] as Tensor }) > 1,
  )
  return wrong === undefined ? undefined : `${op}: ${example.name} (${example.source}): ${wrong[0]} differs`
}

// a form that the op refuses is drawn again; what no draw gives in a hundred tries is a bug in the generator
const sampleOf = (table: QuestionTable, op: OpName, seed: number, sample: number): Case => {
  const direction = hasBackward(op) ? 'backward' : 'forward'
  const name = `${op}/${direction}/${seed}/law ${sample}`
  const draw = draws(keyOf(`form of ${name}`))
  for (let attempt = 0; attempt < 100; attempt++) {
    const form = table[op].random(draw)
    if (acceptable(op, form)) return { op, direction, seed: name, form }
  }
  throw new Error(`no acceptable sample of ${op} in 100 draws`)
}

/** What an oracle makes of a law on the `sample`-th case drawn from a seed. */
export const checkLaw = (
  oracle: Oracle,
  table: QuestionTable,
  op: OpName,
  law: Law,
  seed: number,
  sample: number,
): string | undefined => {
  const drawn = sampleOf(table, op, seed, sample)
  const claims = F.pipe(
    realise(drawn),
    E.flatMap((question) => law.claims(question, askAbout(oracle, op), draws(keyOf(`${law.name} ${drawn.seed}`)))),
  )
  if (E.isLeft(claims)) return `${op}: ${law.name}: ${claims.left.message}`
  if (claims.right.length === 0) return `${op}: ${law.name}: claims nothing`
  const off = claims.right.map(offBy).reduce((a, b) => Math.max(a, b), 0)
  return off <= 1
    ? undefined
    : `${op}: ${law.name}: off by ${off.toPrecision(3)} times what rounding allows in ${drawn.seed}`
}

/**
 * What is wrong with an oracle: worked examples that it misses and laws that it breaks, of the ops in scope. An oracle
 * with a finding judges nobody.
 */
export const checkOracle = (
  oracle: Oracle,
  table: QuestionTable,
  ops: readonly OpName[] = opNames,
  samples = 3,
): readonly string[] =>
  ops.flatMap((op) =>
    [
      ...table[op].worked.map((example) => checkWorked(oracle, op, example)),
      ...table[op].laws.flatMap((law) =>
        Array.from({ length: samples }, (_, sample) => checkLaw(oracle, table, op, law, 23, sample)),
      ),
    ].filter((finding) => finding !== undefined),
  )
