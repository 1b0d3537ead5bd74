import { either as E } from 'fp-ts'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { hasBackward, opNames } from '../spec/catalogue.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensors } from '../spec/tensor.js'
import { caseAt } from './cases.js'
import { realise } from './form.js'
import { atDoublePrecision, expect, ratioOf } from './judge.js'
import type { Ask, Claim } from './questions.js'
import { questionTable } from './table.js'

const right = <A>(result: E.Either<{ message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

/** The oracle, with the spec's bound at f64's precision beside its answer. */
const askAbout =
  (op: OpName): Ask =>
  (direction, attrs, inputs, cotangents = {}) =>
    E.map(({ values, bounds }: { values: Tensors; bounds: Tensors }) => ({ values, slack: atDoublePrecision(bounds) }))(
      expect(oracle, { op, direction, attrs, inputs, cotangents }, anyOrder),
    )

const worst = ({ got, want, allowed }: Claim): number =>
  Array.from({ length: want.data.length }, (_, i) =>
    ratioOf(got.data[i] as number, want.data[i] as number, allowed.data[i] as number),
  ).reduce((a, b) => Math.max(a, b), 0)

const laws = opNames.flatMap((op) => questionTable[op].laws.map((law) => [op, law.name, law] as const))
const worked = opNames.flatMap((op) => questionTable[op].worked.map((example) => [op, example.name, example] as const))

describe('laws that the oracle keeps', () => {
  test.each(laws)('%s: %s', (op, name, law) => {
    const corners = questionTable[op].corners.length
    for (let i = 0; i < 20; i++) {
      const sample = right(
        realise(caseAt(questionTable, op, hasBackward(op) ? 'backward' : 'forward', 23, corners + i)),
      )
      const claims = right(law.claims(sample, askAbout(op), draws(keyOf(`${op} ${name} ${i}`))))
      assert(claims.length).toBeGreaterThan(0)
      claims.forEach((claim) => {
        assert(claim.got.shape).toEqual(claim.want.shape)
        assert(worst(claim), JSON.stringify({ i, attrs: sample.attrs })).toBeLessThanOrEqual(1)
      })
    }
  })
})

describe('numbers from outside', () => {
  test.each(worked)('%s: %s', (op, _name, { direction, attrs, inputs, cotangents, outputs }) => {
    const { values, slack } = right(askAbout(op)(direction, attrs, inputs, cotangents))
    Object.entries(outputs).forEach(([name, want]) => {
      assert(values[name]?.shape).toEqual(want.shape)
      Array.from({ length: want.data.length }, (_, i) =>
        assert(
          ratioOf(values[name]?.data[i] as number, want.data[i] as number, slack[name]?.data[i] as number),
          `${name}[${i}]`,
        ).toBeLessThanOrEqual(1),
      )
    })
  })
})
