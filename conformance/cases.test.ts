import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { questions } from '../spec/catalogue.js'
import { arbitraryOf, caseAt, caseCount, caseId, caseOfId, shrunkId } from './cases.js'
import type { Case } from './form.js'
import { acceptable, numbersIn, parseCase, printCase, realise } from './form.js'
import { questionTable } from './table.js'
import { numbersOf } from './testing/toys.js'

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}
const elements = ({ form }: Case): number => numbersIn(form)

// every corner and two drawn cases of every op and direction; the numbers only of the smaller ones
const samples = questions.map(({ op, direction }) => ({
  op,
  direction,
  cases: Array.from({ length: caseCount(questionTable, op, direction, 2) }, (_, index) =>
    caseAt(questionTable, op, direction, 3, index),
  ),
}))

describe.each(samples)('$op $direction', ({ cases }) => {
  test('every case is reproduced by its id and by its JSON, numbers and all', () => {
    cases.forEach((asked) => {
      expect(right(caseOfId(questionTable, asked.seed))).toEqual(asked)
      if (elements(asked) > 20_000) return
      const { only: _, ...form } = asked.form
      const parsed = right(parseCase(printCase(asked)))
      expect(parsed).toEqual({ ...asked, form })
      expect(right(realise(parsed))).toEqual(right(realise(asked)))
    })
  })

  test('inputs and cotangents are f32 values', () => {
    cases
      .filter((asked) => elements(asked) <= 20_000)
      .forEach((asked) => {
        const { inputs, cotangents } = right(realise(asked))
        expect(numbersOf({ ...inputs, ...cotangents }).filter((v) => Math.fround(v) !== v)).toEqual([])
      })
  })

  test('simpler cases are cases that the op accepts, each has an id that leads to it, and in the end there are none', () => {
    const asked = cases.at(-1) as Case
    const { op, direction } = asked
    const index = Number(asked.seed.split('/')[3]?.split('@')[0])
    const arbitrary = arbitraryOf(questionTable, op, direction, 3, index)
    // the first branch of every stem: what fails whatever it is
    const { counterexamplePath, counterexample, numShrinks } = fc.check(
      fc.property(arbitrary, (form) => !acceptable(op, form)),
      { seed: 3, path: String(index), numRuns: 1 },
    )
    expect(numShrinks).toBeGreaterThan(0)
    const smallest = right(caseOfId(questionTable, shrunkId(op, direction, 3, counterexamplePath ?? '')))
    expect(smallest.form).toEqual(counterexample?.[0])
    expect(smallest.seed).toBe(asked.seed)
    expect(elements(smallest)).toBeLessThanOrEqual(elements(asked))
    expect(right(parseCase(printCase(smallest)))).toEqual(smallest)
  })
})

describe('a seed', () => {
  test('gives different draws to different ops, directions, seeds and numbers', () => {
    const ids = [
      caseId('dense', 'forward', 1, 99),
      caseId('dense', 'backward', 1, 99),
      caseId('dense', 'forward', 2, 99),
      caseId('dense', 'forward', 1, 98),
    ]
    const drawn = ids.map((id) => numbersOf(right(realise(right(caseOfId(questionTable, id)))).inputs).join())
    expect(new Set(drawn).size).toBe(ids.length)
  })

  test('does not depend on how many cases are asked', () => {
    const corners = caseCount(questionTable, 'relu', 'forward', 0)
    expect(caseAt(questionTable, 'relu', 'forward', 1, corners + 7).seed).toBe(`relu/forward/1/${corners + 7}@3`)
  })
})

describe('a wrong id', () => {
  test.each([
    ['', 'MalformedRequest'],
    ['relu', 'MalformedRequest'],
    ['relu/forward/1', 'MalformedRequest'],
    ['relu/forward/1/2/3', 'MalformedRequest'],
    ['relu/sideways/1/2', 'MalformedRequest'],
    ['relu/forward/-1/2', 'MalformedRequest'],
    ['relu/forward/1/2.5', 'MalformedRequest'],
    ['relu/forward/99999999999999999999/1@3', 'MalformedRequest'],
    ['relu/forward/1/2@3@3', 'MalformedRequest'],
    ['relu/forward/1/2:@3', 'MalformedRequest'],
    ['relu/forward/1/2:999999@3', 'MalformedRequest'],
    ['relu/forward/1/2@1', 'MalformedRequest'],
    ['rule/forward/1/2@3', 'UnknownOp'],
    ['toString/forward/1/2@3', 'UnknownOp'],
    ['sgd/backward/1/2@3', 'NoBackward'],
  ])('%j is %s', (id, code) => {
    expect(caseOfId(questionTable, id)).toMatchObject({ left: { code } })
  })

  test('without a version is of this one; of another it says so, and what replays in any', () => {
    expect(caseOfId(questionTable, 'relu/forward/1/2')).toEqual(caseOfId(questionTable, 'relu/forward/1/2@3'))
    expect(caseOfId(questionTable, 'relu/forward/1/2@1')).toMatchObject({
      left: { message: expect.stringMatching(/version 3, whose numbers mean other cases.*JSON/) as string },
    })
    expect(caseOfId(questionTable, 'relu/forward/1/2@1')).toMatchObject({
      left: { message: expect.stringMatching(/a case of version 1 of the suite/) as string },
    })
  })

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(E.isLeft(caseOfId(questionTable, id))).toBe(true)
      }),
    )
  })
})

describe('wrong JSON', () => {
  const base = { op: 'relu', direction: 'forward', seed: 's', shapes: { x: [2] } }
  test.each([
    ['{', 'MalformedRequest', /one line of JSON/],
    ['{}', 'MalformedRequest', /its field op /],
    [JSON.stringify({ ...base, seed: 7 }), 'MalformedRequest', /its field seed /],
    [JSON.stringify({ ...base, direction: 'up' }), 'MalformedRequest', /its field direction /],
    [JSON.stringify({ ...base, shapes: { x: ['2'] } }), 'MalformedRequest', /its field shapes\/x\/0 /],
    [JSON.stringify({ ...base, fills: { x: 'plenty' } }), 'MalformedRequest', /its field fills\/x/],
    [JSON.stringify({ ...base, fills: { x: { values: [] } } }), 'MalformedRequest', /its field fills\/x/],
    [JSON.stringify({ ...base, attr: {} }), 'MalformedRequest', /no field "attr"/],
    [JSON.stringify({ ...base, op: 'rule' }), 'UnknownOp', /rule/],
    [JSON.stringify({ ...base, op: 'sgd', direction: 'backward' }), 'NoBackward', /sgd/],
    [JSON.stringify({ ...base, attrs: { slope: 1 } }), 'UnknownAttribute', /slope/],
    [JSON.stringify({ ...base, shapes: { z: [2] } }), 'UnexpectedInput', /z/],
    [JSON.stringify({ ...base, shapes: {} }), 'MissingInput', /x/],
    [JSON.stringify({ ...base, shapes: { x: [-1] } }), 'MalformedTensor', /\[-1\]/],
    [JSON.stringify({ ...base, shapes: { x: [2.5] } }), 'MalformedTensor', /\[2.5\]/],
    [JSON.stringify({ ...base, shapes: { x: [1e9, 1e9] } }), 'TooLarge', /at most/],
    [
      JSON.stringify({ ...base, op: 'dense', direction: 'backward', shapes: { x: [1e6, 1], w: [1e6, 1] } }),
      'TooLarge',
      /y would have shape/,
    ],
  ])('%s is %s', (text, code, message) => {
    expect(parseCase(text)).toMatchObject({ left: { code, message: expect.stringMatching(message) as string } })
  })

  test('no JSON makes it throw', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(E.isLeft(parseCase(text))).toBe(true)
      }),
    )
  })
})
