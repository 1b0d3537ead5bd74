import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Breeding } from './evolution.js'
import { drawnAllowed, evolution, paretoFront } from './evolution.js'
import type { Outcome } from './searchers.js'
import { lossOf, searched } from './searchers.js'
import type { Setting, Space } from './space.js'

// twelve choices of six each, of which each has a right one: what is inherited is worth something
const space: Space = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`p${i}`, { kind: 'choice', values: [0, 1, 2, 3, 4, 5] } as const]),
)
const wrong = (setting: Setting): number => Object.values(setting).filter((value, i) => value !== (5 * i) % 6).length
const breeding: Breeding = { trials: 120, budget: 1, seed: 1, population: 20, sample: 5 }
const bred = (changes: Partial<Breeding> = {}, known: readonly Outcome[] = []): readonly Outcome[] =>
  searched(
    { name: 'random', ...getOrThrow(evolution(space, { ...breeding, ...changes })) },
    ({ setting }) => wrong(setting),
    known,
  )
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number

describe('regularized evolution', () => {
  test('has at most half the regret of random search that costs as much', () => {
    const seeds = Array.from({ length: 9 }, (_, i) => i)
    const evolved = median(seeds.map((seed) => Math.min(...bred({ seed }).map(lossOf))))
    const drawn = median(
      seeds.map((seed) => {
        const draw = draws(keyOf(`random ${seed}`))
        return Math.min(...Array.from({ length: 120 }, () => wrong(drawnAllowed(space, draw) as Setting)))
      }),
    )
    expect(evolved).toBeLessThanOrEqual(drawn / 2)
  })

  test('has children that differ from someone alive in one parameter', () => {
    const all = bred()
    all.slice(20).forEach(({ setting }, i) => {
      const distances = all
        .slice(i, i + 20)
        .map((one) => Object.keys(space).filter((name) => one.setting[name] !== setting[name]).length)
      expect(Math.min(...distances)).toBeLessThanOrEqual(1)
    })
  })

  test('goes on to the same from wherever it was broken off, and lets only live what is allowed', () => {
    const all = bred()
    expect(bred({}, all.slice(0, 31))).toEqual(all)
    const allowed = (setting: Setting): boolean => Number(setting['p0']) < 2
    expect(bred({ allowed }).every(({ setting }) => allowed(setting))).toBe(true)
  })

  test('is refused where nothing is allowed, or the population is none', () => {
    const codes = [{ allowed: () => false }, { population: 1 }, { population: 500 }, { sample: 0 }].map((changes) =>
      E.isLeft(evolution(space, { ...breeding, ...changes })),
    )
    expect(codes).toEqual([true, true, true, true])
  })
})

test('a Pareto front is what nobody beats in both', () => {
  const all = [[3, 1], [1, 5], [2, 2], [2, 3], [4, 1], [5, 0]] as const // prettier-ignore
  expect(paretoFront(all, ([cost]) => cost, ([, loss]) => loss)).toEqual([[1, 5], [2, 2], [3, 1], [5, 0]]) // prettier-ignore
})
