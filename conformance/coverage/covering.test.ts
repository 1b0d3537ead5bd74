import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Factor, Possible, Row } from './covering.js'
import { covering, met } from './covering.js'

const factorsOf = (counts: readonly number[]): readonly Factor[] =>
  counts.map((count, at) => ({ name: `f${at}`, classes: Array.from({ length: count }, (_, i) => `c${i}`) }))

// pairs of classes that exclude each other
const excluding =
  (pairs: readonly (readonly [string, string, string, string])[]): Possible =>
  (row) =>
    !pairs.some(([f, c, g, d]) => f !== g && row[f] === c && row[g] === d)

const everyRow = (factors: readonly Factor[]): readonly Row[] =>
  factors.reduce<readonly Row[]>(
    (rows, { name, classes }) => rows.flatMap((row) => classes.map((one) => ({ ...row, [name]: one }))),
    [{}],
  )

const arrays = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }).chain((counts) => {
  const some = fc.nat(counts.length - 1).chain((f) => fc.nat((counts[f] as number) - 1).map((c) => [f, c] as const))
  return fc.record({
    factors: fc.constant(factorsOf(counts)),
    excluded: fc.array(
      fc.tuple(some, some).map(([[f, c], [g, d]]) => [`f${f}`, `c${c}`, `f${g}`, `c${d}`] as const),
      { maxLength: 4 },
    ),
    strength: fc.constantFrom(1 as const, 2 as const, 3 as const),
    seed: fc.string(),
  })
})

describe('a covering array', () => {
  test('meets every class, pair and triple that can be met, and tells the others', () => {
    fc.assert(
      fc.property(arrays, ({ factors, excluded, strength, seed }) => {
        const possible = excluding(excluded)
        const { rows, tuples } = covering(factors, { strength, possible, seed })
        const whole = everyRow(factors).filter(possible)
        const { feasible, infeasible } = tuples
        expect(rows.filter((row) => !possible(row))).toEqual([])
        const size = Math.min(strength, factors.length + 1)
        expect(met(factors, whole, size)).toBe(feasible)
        expect(met(factors, rows, size)).toBe(feasible)
        expect(met(factors, everyRow(factors), size)).toBe(feasible + infeasible.length)
        infeasible.forEach((tuple) => {
          expect(whole.some((row) => Object.entries(tuple).every(([name, one]) => row[name] === one))).toBe(false)
        })
      }),
      { numRuns: 200 },
    )
  })

  test('is the same for the same seed', () => {
    fc.assert(
      fc.property(arrays, ({ factors, excluded, ...wanted }) => {
        const possible = excluding(excluded)
        expect(covering(factors, { ...wanted, possible })).toEqual(covering(factors, { ...wanted, possible }))
      }),
      { numRuns: 20 },
    )
  })

  test('has not many more rows than its largest factors need', () => {
    const factors = factorsOf([9, 7, 6, 5, 5, 3, 2])
    expect(covering(factors, { strength: 2, seed: 'size' }).rows.length).toBeLessThanOrEqual(9 * 7 * 1.3)
    expect(covering(factors, { strength: 3, seed: 'size' }).rows.length).toBeLessThanOrEqual(9 * 7 * 6 * 1.6)
  })

  test('goes on from rows that there are', () => {
    const factors = factorsOf([5, 4, 3, 3])
    const pairs = covering(factors, { strength: 2, seed: 'on' }).rows
    const triples = covering(factors, { strength: 3, seed: 'on' }, pairs)
    expect(triples.rows.slice(0, pairs.length)).toEqual(pairs)
    expect(met(factors, triples.rows, 3)).toBe(triples.tuples.feasible)
  })

  test('leaves to pairs what is no part of the core', () => {
    const factors = factorsOf([4, 4, 4, 6])
    const { tuples } = covering(factors, { strength: 3, core: ['f0', 'f1', 'f2'], seed: 'core' })
    expect(tuples.feasible).toBe(64)
  })
})
