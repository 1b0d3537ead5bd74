import { describe, expect, test } from 'vitest'
import { draws, keyOf } from '../spec/philox.js'
import { mannWhitney, median, pairedPermutation, quantile } from './statistics.js'

describe('quantiles', () => {
  test('lie linearly between neighbours, as type 7 of Hyndman and Fan', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(quantile([10, 20, 30, 40, 50], 0.1)).toBe(14)
    expect(quantile([10, 20, 30, 40, 50], 0.9)).toBe(46)
  })

  test('of nothing are no number', () => expect(median([])).toBeNaN())
})

describe('the permutation test of pairs', () => {
  test("gives Fisher's figure for Darwin's maize: 863 of 32,768 with a sum of 314 or more", () => {
    // crossed minus self-fertilised, in eighths of an inch
    const darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    expect(darwin.reduce((a, b) => a + b, 0)).toBe(314)
    expect(pairedPermutation(darwin) * 2 ** 15).toBe(863)
  })

  test('says at least 2⁻ⁿ, where all lie on one side', () => {
    expect(pairedPermutation([1, 2, 3, 4])).toBe(1 / 16)
    expect(pairedPermutation([-1, -2, -3, -4])).toBe(1)
  })

  test('goes on beyond what can be counted', () => {
    expect(pairedPermutation(Array.from({ length: 60 }, () => 1))).toBeLessThan(1e-4)
    expect(pairedPermutation(Array.from({ length: 60 }, (_, i) => (i % 4 < 2 ? 1 : -1)))).toBeGreaterThan(0.2)
  })

  test('raises a false alarm no more often than its level says', () => {
    const draw = draws(keyOf('no difference'))
    const runs = 2000
    const alarms = Array.from({ length: runs }, () =>
      pairedPermutation(Array.from({ length: 10 }, () => draw.normal())),
    ).filter((p) => p <= 0.05).length
    // of 2,000 trials at 5 % fewer than 100 + 4·√95 but once in thirty thousand times
    expect(alarms).toBeLessThan(100 + 4 * Math.sqrt(95))
    expect(alarms).toBeGreaterThan(100 - 4 * Math.sqrt(95))
  })
})

describe("Mann and Whitney's U", () => {
  test('has the exact chances of their table: for 3 and 4, U of 12 is 1 in 35, of 11 and more 2 in 35', () => {
    expect(mannWhitney([5, 6, 7], [1, 2, 3, 4])).toEqual({ U: 12, p: 1 / 35 })
    // of 35 orders, counted and divided
    expect(mannWhitney([4, 6, 7], [1, 2, 3, 5]).p).toBe(2 / 35)
    expect(mannWhitney([1, 2, 3], [4, 5, 6, 7])).toEqual({ U: 0, p: 1 })
  })

  test('counts a tie as half', () => expect(mannWhitney([2], [1, 2, 3]).U).toBe(1.5))
})
