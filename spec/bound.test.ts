import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gamma, gridOf, gridOfSums, rounded, tau } from './bound.js'
import { element } from './field.js'
import { tensor } from './tensor.js'

const of = (...data: readonly number[]) => tensor([data.length], data)

describe('the grid of numbers', () => {
  test('is the largest power of two up to 1 of which all are multiples', () => {
    expect(gridOf(of(3, -2, 0, 2 ** 23 + 1))).toBe(1)
    expect(gridOf(of(3, 0.25))).toBe(0.25)
    expect(gridOf(of(3, 2 ** -20))).toBe(2 ** -20)
    expect(gridOf(of(1), of(0.5), of(4))).toBe(0.5)
    expect(gridOf(of(0, 0))).toBe(1)
  })

  test('is 0 where there is none: thirds, finer numbers, and what is no number', () => {
    for (const value of [1 / 3, 2 ** -21, NaN, Infinity]) expect(gridOf(of(1, value))).toBe(0)
  })

  test('of sums of products is the products’, or the bias’s if that is finer', () => {
    expect(gridOfSums({ x: of(0.5), w: of(0.25) })).toBe(0.125)
    expect(gridOfSums({ x: of(0.5), w: of(0.25), b: of(2 ** -5) })).toBe(2 ** -5)
    expect(gridOfSums({ x: of(1), w: of(1), b: of(1 / 3) })).toBe(0)
  })
})

describe('the bound of a sum', () => {
  test('counts its roundings, and is 0 where f32 holds every sum on the way', () => {
    const magnitudes = of(1, 2 ** 24, 2 ** 24 + 2)
    const bounds = [0, 1, 2].map((i) => element(rounded(3, magnitudes, 1), i))
    expect(bounds).toEqual([0, 0, gamma(3) * (2 ** 24 + 2) + tau])
    expect(element(rounded(3, magnitudes), 0)).toBe(gamma(3) + tau)
    expect(element(rounded(3, of(2 ** 20), 2 ** -4), 0)).toBe(0)
    expect(element(rounded(3, of(2 ** 20 + 1), 2 ** -4), 0)).toBeGreaterThan(0)
  })

  test('is right to be 0 there: f32 adds products on a grid exactly, in any order', () => {
    const term = fc.tuple(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -200, max: 200 }))
    fc.assert(
      fc.property(fc.array(term, { maxLength: 60 }), fc.nat({ max: 20 }), (terms, down) => {
        const grid = 2 ** -down
        const products = terms.map(([w, x]) => Math.fround(Math.fround(w * grid) * x))
        const inF32 = products.reduce((sum, product) => Math.fround(sum + product), 0)
        const backwards = products.toReversed().reduce((sum, product) => Math.fround(sum + product), 0)
        const wanted = terms.reduce((sum, [w, x]) => sum + w * grid * x, 0)
        expect([inF32, backwards]).toEqual([wanted, wanted])
      }),
    )
  })
})
