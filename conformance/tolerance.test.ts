import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import type { Precision } from './precision.js'
import type { Tolerated, ToleranceQuestion } from './tolerance.js'
import { dataKinds, lowestLine, roundedUp, tolerancesOf } from './tolerance.js'
import { expectIn } from './precision.js'
import { realise } from './form.js'

const dense = (precision: Precision, change: Partial<ToleranceQuestion> = {}): ToleranceQuestion => ({
  op: 'dense',
  direction: 'forward',
  attrs: {},
  shapes: { x: [4, 32], w: [5, 32] },
  data: 'normal',
  asked: { precision },
  seed: 1,
  ...change,
})

const answersOf = (asked: ToleranceQuestion): readonly Tolerated[] => getOrThrow(tolerancesOf(oracle, asked)).answers
const only = (asked: ToleranceQuestion): Tolerated => answersOf(asked)[0] as Tolerated

const point = fc.record({
  // f32's, squares of which f64 holds
  value: fc.oneof(fc.constant(0), fc.double({ min: 2 ** -149, max: 100, noNaN: true })),
  bound: fc.double({ min: 1e-6, max: 10, noNaN: true }),
})

describe('the line', () => {
  test('lies above all points, and none that does is lower at the mean value', () => {
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        (points, slope) => {
          const { rtol, atol } = lowestLine(points)
          expect(Math.min(rtol, atol)).toBeGreaterThanOrEqual(0)
          // a line through two points: a handful of roundings of numbers no larger than the largest on it
          const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0)
          const reach = most(points.map(({ value }) => value))
          const off = 16 * Number.EPSILON * (most(points.map(({ bound }) => bound)) + Math.max(rtol, slope) * reach)
          for (const { value, bound } of points) expect(atol + rtol * value).toBeGreaterThanOrEqual(bound - off)
          const mean = points.reduce((sum, { value }) => sum + value, 0) / points.length
          const other = points.reduce((most, { value, bound }) => Math.max(most, bound - slope * value), 0)
          expect(atol + rtol * mean).toBeLessThanOrEqual(other + slope * mean + off)
        },
      ),
    )
  })

  test('is a share of the value where bounds are, and level where they have nothing to do with it', () => {
    expect(lowestLine([1, 2, 3].map((value) => ({ value, bound: value / 8 })))).toEqual({ rtol: 1 / 8, atol: 0 })
    expect(lowestLine([1, 2, 3].map((value) => ({ value, bound: 0.5 })))).toEqual({ rtol: 0, atol: 0.5 })
  })

  test('is rounded up to two digits', () => {
    expect([0.001201, 0.12, 99.1, 3e-9, 0].map(roundedUp)).toEqual([0.0013, 0.12, 100, 3e-9, 0])
  })
})

describe('a tolerance', () => {
  const asked: readonly ToleranceQuestion[] = [
    dense('f32'),
    dense('bf16'),
    dense('f16', { data: 'positive' }),
    dense('tf32', { direction: 'backward' }),
    dense('bf16', { op: 'conv2d', shapes: { x: [1, 4, 6, 6], w: [3, 4, 3, 3] }, attrs: { stride: [2, 2] } }),
    dense('f32', { op: 'softmax', shapes: { x: [6, 12] }, data: 'wide' }),
    dense('bf16', { op: 'softmaxCrossEntropy', shapes: { logits: [6, 5], target: [6, 5] }, direction: 'backward' }),
    dense('f16', { op: 'sigmoid', shapes: { x: [64] } }),
    dense('bf16', { op: 'adam', shapes: { w: [40], g: [40], m: [40], v: [40], step: [] } }),
  ]

  test.each(asked)('$op $direction in $asked.precision: covers the bounds of numbers that it never saw', (question) => {
    const { op, direction, attrs, shapes, data, seed } = question
    const found = answersOf(question)
    const beyond = Array.from({ length: 40 }, (_, draw) => {
      const fills = Object.fromEntries(Object.keys(shapes).map((name) => [name, dataKinds[data]]))
      const domains = { v: 'positive', step: { constant: 10 }, target: 'distribution', dloss: { constant: 1 } } as const
      const form = { attrs, shapes, fills: { ...fills, dy: dataKinds[data], ...domains } }
      const fresh = getOrThrow(realise({ op, direction, seed: `fresh ${seed} ${draw}`, form }))
      const { values, bounds } = getOrThrow(expectIn(oracle, fresh, question.asked))
      return found.some(({ answer, tolerance }) => {
        const [value, bound] = [values[answer]?.all() ?? [], bounds[answer]?.all() ?? []]
        const { rtol = 0, atol = 0 } = tolerance ?? {}
        return Array.from({ length: value.length }, (_, i) => i).some(
          (i) => (bound[i] as number) > atol + rtol * Math.abs(value[i] as number),
        )
      })
    }).filter((isBeyond) => isBeyond)
    expect(beyond).toEqual([])
  })

  test('is the wider the coarser the precision, and hides so much more', () => {
    const hidden = (['f32-nearest', 'f32', 'f16', 'bf16'] as const).map((precision) =>
      Number(only(dense(precision)).tolerance?.hidden),
    )
    expect([...hidden].sort((a, b) => a - b)).toEqual(hidden)
    expect(hidden[3]).toBeGreaterThan(1000 * (hidden[1] as number))
  })

  test('tells the terms of a sum of products, a bias among them only where there is one', () => {
    expect(only(dense('f32')).terms).toBe(32)
    expect(only(dense('f32', { shapes: { x: [4, 32], w: [5, 32], b: [5] } })).terms).toBe(33)
    const { tolerance, sum, terms, value } = only(dense('bf16'))
    const { rtol = 0, atol = 0, hiddenTerms } = tolerance ?? {}
    expect(hiddenTerms).toBeCloseTo(((atol + rtol * value) * (terms as number)) / (sum as number), 12)
    expect(only(dense('f32', { op: 'sigmoid', shapes: { x: [4] } })).terms).toBeUndefined()
  })

  test('is narrower for additions that nest less deep', () => {
    const shapes = { x: [4, 512], w: [5, 512] }
    const [serial, tree] = [{ precision: 'f32' } as const, { precision: 'f32', depth: 9 } as const].map((asked) =>
      Number(only(dense('f32', { shapes, asked })).tolerance?.atol),
    )
    expect(tree).toBeLessThan((serial as number) / 20)
  })

  test('is none where a number may be past the range, and 0 where nothing is rounded', () => {
    const past = only(dense('f16', { shapes: { x: [2, 49152], w: [2, 49152] }, data: 'positive' }))
    expect(past.unbounded).toBeGreaterThan(0)
    expect(past.tolerance).toBeUndefined()
    expect(only(dense('f32', { data: 'integers' })).tolerance).toMatchObject({ rtol: 0, atol: 0 })
  })

  test('follows from the seed', () => {
    expect(only(dense('bf16'))).toEqual(only(dense('bf16')))
    expect(only(dense('bf16', { seed: 2 }))).not.toEqual(only(dense('bf16')))
  })
})

test('what people use is told by how often it may fail a right kernel, and by what it hides', () => {
  const [torch] = only(dense('bf16', { data: 'positive', shapes: { x: [2, 1024], w: [2, 1024] } })).customary
  expect(torch).toMatchObject({ rtol: 1.6e-2, flaky: 0 })
  // 1024 terms, and 1.6 % of their sum passes
  expect(torch?.hiddenTerms).toBeGreaterThan(16)
  const [numpy] = only(dense('f32')).customary
  expect(numpy?.flaky).toBeGreaterThan(0.5)
})
