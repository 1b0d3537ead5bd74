import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Tensor } from '../spec/tensor.js'
import { accuracy, decisionAccuracy, topKError } from './metrics.js'

const rows = (...rows: readonly (readonly number[])[]): Tensor => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  data: rows.flat(),
})
const hot = (C: number, ...classes: readonly number[]): Tensor =>
  rows(...classes.map((c) => Array.from({ length: C }, (_, j) => (j === c ? 1 : 0))))

describe('accuracy', () => {
  it('cat, car and frog of CS231n’s lecture 3: only the car is seen as a car', () => {
    const scores = rows([3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1])
    expect(accuracy(scores, hot(3, 0, 1, 2))).toBeCloseTo(1 / 3, 15)
  })

  it('a tie goes to the lowest class', () => {
    expect(accuracy(rows([1, 2, 2]), hot(3, 1))).toBe(1)
    expect(accuracy(rows([1, 2, 2]), hot(3, 2))).toBe(0)
    expect(accuracy(rows([0, 0], [0, 0], [-0, 0]), hot(2, 0, 1, 1))).toBeCloseTo(1 / 3, 15)
  })

  it('a soft target’s class is its first largest', () => {
    expect(accuracy(rows([1, 3, 2]), rows([0.2, 0.4, 0.4]))).toBe(1)
  })

  it('NaN exceeds every number, and the first NaN the others, as in torch.argmax', () => {
    expect(accuracy(rows([9, NaN, NaN]), hot(3, 1))).toBe(1)
    expect(accuracy(rows([9, NaN, NaN]), hot(3, 0))).toBe(0)
    expect(accuracy(rows([NaN, NaN, NaN]), hot(3, 2))).toBe(0)
  })

  it('one class is always right', () => {
    expect(accuracy(rows([-5], [NaN]), hot(1, 0, 0))).toBe(1)
  })
})

describe('twelve rows of seven scores, as PyTorch 1.13.1 counts them', () => {
  const scores = rows(
    ...Array.from({ length: 12 }, (_, n) =>
      Array.from({ length: 7 }, (_, c) => ((n * 37 + c * 53 + n * n * c * 11) % 101) / 8 - 6),
    ),
  )
  const target = hot(7, ...Array.from({ length: 12 }, (_, n) => (n * 3) % 7))

  it('accuracy: scores.argmax(1) == labels', () => {
    expect(accuracy(scores, target)).toBe(2 / 12)
  })

  it.each([
    [1, 10],
    [2, 10],
    [3, 8],
    [5, 5],
  ])('topKError: labels not in scores.topk(%i).indices', (k, wrong) => {
    expect(topKError(scores, target, k)).toBe(wrong / 12)
  })

  it('decisionAccuracy: (scores[:, 2] >= 0) == yes, which every third row wants', () => {
    const third = rows(...Array.from({ length: 12 }, (_, n) => [scores.data[7 * n + 2] as number]))
    expect(decisionAccuracy(third, rows(...Array.from({ length: 12 }, (_, n) => [n % 3 === 0 ? 1 : 0])))).toBe(5 / 12)
  })
})

describe('decisionAccuracy', () => {
  it('0 is yes, as the perceptron’s step has it, and NaN is neither', () => {
    expect(decisionAccuracy(rows([2], [0], [-0.1], [-3]), rows([1], [1], [1], [0]))).toBe(3 / 4)
    expect(decisionAccuracy(rows([NaN], [NaN]), rows([1], [0]))).toBe(0)
    expect(decisionAccuracy(rows([-0], [0]), rows([0], [1]))).toBe(1 / 2)
  })
})

describe('topKError', () => {
  // seven classes in falling order of score: 3, 0, 6, 1, 5, 2, 4
  const scores = rows([6, 4, 2, 7, 1, 3, 5])

  it.each([
    [3, 0],
    [0, 0],
    [6, 0],
    [1, 0],
    [5, 0],
    [2, 1],
    [4, 1],
  ])('class %i costs %i among the first five', (c, error) => {
    expect(topKError(scores, hot(7, c))).toBe(error)
  })

  it('counts rows', () => {
    const four = rows(...[3, 4, 2, 1].map(() => [6, 4, 2, 7, 1, 3, 5]))
    expect(topKError(four, hot(7, 3, 4, 2, 1))).toBe(0.5)
    expect(topKError(four, hot(7, 3, 4, 2, 1), 6)).toBe(0.25)
    expect(topKError(four, hot(7, 3, 4, 2, 1), 1)).toBe(0.75)
  })

  it('of equal scores the lower class comes first: of ten, the first five are right', () => {
    const equal = rows(...Array.from({ length: 10 }, () => Array.from({ length: 10 }, () => 0.1)))
    expect(topKError(equal, hot(10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))).toBe(0.5)
  })

  it('never rises with k, is 1 less the accuracy for k = 1 and 0 for k = C', () => {
    const drawn = fc.integer({ min: 1, max: 8 }).chain((C) =>
      fc.array(
        fc.record({
          scores: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: C, maxLength: C }),
          c: fc.integer({ min: 0, max: C - 1 }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    )
    fc.assert(
      fc.property(drawn, (cases) => {
        const C = cases[0]?.scores.length ?? 1
        const [scores, target] = [rows(...cases.map(({ scores }) => scores)), hot(C, ...cases.map(({ c }) => c))]
        const errors = Array.from({ length: C }, (_, k) => topKError(scores, target, k + 1))
        expect(errors[0]).toBeCloseTo(1 - accuracy(scores, target), 15)
        expect(errors.at(-1)).toBe(0)
        expect([...errors].sort((a, b) => b - a)).toEqual(errors)
        // by another road: sorting, which keeps the order of equals
        const first = cases.filter(
          ({ scores, c }) => scores.map((s, j) => ({ s, j })).sort((a, b) => b.s - a.s || a.j - b.j)[0]?.j !== c,
        )
        expect(errors[0]).toBeCloseTo(first.length / cases.length, 15)
      }),
    )
  })
})
