import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import { draws, keyOf } from '../../spec/philox.js'
import { branin, hartmann6 } from './functions.js'
import type { TestFunction } from './functions.js'
import { expectedImprovement, gaussianProcess } from './gaussianProcess.js'
import type { Effort, Outcome, SearcherName, Trial } from './searchers.js'
import {
  bestOf,
  costOf,
  hyperbandBrackets,
  importanceOf,
  lossOf,
  searched,
  searcherNames,
  searcherOf,
} from './searchers.js'
import type { Space } from './space.js'
import { coordinatesOf, gridOf, parseSpace, settingAt, shareOf, valueAt } from './space.js'

const space: Space = {
  rate: { kind: 'real', from: 1e-4, to: 1, log: true },
  units: { kind: 'integer', from: 1, to: 5 },
  activation: { kind: 'choice', values: ['relu', 'tanh', 'sigmoid'] },
}

describe('a search space', () => {
  test.each([
    ['is no object', 3, 'FormatInvalid'],
    ['has another kind of parameter', { a: { kind: 'other' } }, 'FormatInvalid'],
    ['is empty', {}, 'AttributeOutOfRange'],
    ['has nothing to choose from', { a: { kind: 'choice', values: [] } }, 'AttributeOutOfRange'],
    ['has a value twice', { a: { kind: 'choice', values: [1, 1] } }, 'AttributeOutOfRange'],
    ['ends before it begins', { a: { kind: 'real', from: 1, to: 0 } }, 'AttributeOutOfRange'],
    ['is whole and is not', { a: { kind: 'integer', from: 0.5, to: 2 } }, 'AttributeOutOfRange'],
    ['takes the logarithm of 0', { a: { kind: 'real', from: 0, to: 1, log: true } }, 'AttributeOutOfRange'],
  ])('is refused where it %s', (_, input, code) => {
    expect(parseSpace(input)).toMatchObject({ left: { code } })
  })

  test('is what was told otherwise', () => {
    expect(parseSpace(JSON.parse(JSON.stringify(space)))).toEqual(E.right(space))
  })

  test('has a value at every share, and a share at every value that leads back to it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) =>
        Object.values(space).forEach((dimension) => {
          const value = valueAt(dimension, share)
          const again = valueAt(dimension, shareOf(dimension, value))
          // a logarithm and a power, of an exponent that is 10 at most
          if (typeof value === 'number')
            expect(Math.abs((again as number) - value)).toBeLessThanOrEqual(8 * 10 * 2 ** -52 * value)
          else expect(again).toBe(value)
        }),
      ),
    )
    expect([0, 0.19, 0.21, 0.99, 1].map((share) => valueAt(space['units'] as Space[string], share))).toEqual([
      1, 1, 2, 5, 5,
    ])
    expect(Math.abs((valueAt(space['rate'] as Space[string], 0.5) as number) - 0.01)).toBeLessThanOrEqual(
      8 * 10 * 2 ** -52 * 0.01,
    )
  })

  test('keeps different choices at the distance 1', () => {
    const [a, b] = [0.1, 0.9].map((share) => coordinatesOf(space, settingAt(space, [0.5, 0.5, share])))
    const distance = Math.hypot(...(a ?? []).map((value, i) => value - (b?.[i] as number)))
    // two coordinates of √½, their squares, a sum and a root
    expect(Math.abs(distance - 1)).toBeLessThanOrEqual(4 * 2 ** -52)
  })

  test('is laid out as a grid with its ends', () => {
    const grid = gridOf(space, 3)
    expect(grid).toHaveLength(27)
    expect([...new Set(grid.map(({ units }) => units))]).toEqual([1, 3, 5])
  })
})

describe('a Gaussian process', () => {
  const xs = Array.from({ length: 12 }, (_, i) => [i / 11])
  const { predict } = gaussianProcess(
    xs,
    xs.map(([x]) => Math.sin(6 * (x as number))),
    [0],
  )

  test('goes through what it was told, and is sure of it', () => {
    const { mean, deviation } = predict([4 / 11])
    // as near as it says that it is
    expect(Math.abs(mean - Math.sin(24 / 11))).toBeLessThan(3 * deviation)
    expect(deviation).toBeLessThan(0.05)
  })

  test('is right in between, and less sure farther away', () => {
    const between = predict([0.5])
    expect(Math.abs(between.mean - Math.sin(3))).toBeLessThan(3 * between.deviation)
    expect(predict([2]).deviation).toBeGreaterThan(10 * predict([0.5]).deviation)
  })

  test('expects what integration over its belief expects', () => {
    const [best, mean, deviation] = [0.3, 0.5, 0.7]
    const count = 200000
    const sum = Array.from({ length: count }, (_, i) => (16 * (i + 0.5)) / count - 8).reduce(
      (sum, u) => sum + Math.max(best - mean - deviation * u, 0) * Math.exp(-0.5 * u * u),
      0,
    )
    expect(expectedImprovement(best, { mean, deviation })).toBeCloseTo((sum * 16) / count / Math.sqrt(2 * Math.PI), 6)
    expect(expectedImprovement(best, { mean, deviation: 0 })).toBe(0)
  })
})

const effort: Effort = { trials: 9, budget: 9, eta: 3, seed: 1 }
const losing = ({ setting, budget }: Trial): number => Math.abs(Math.log10(Number(setting['rate'])) + 2) + 1 / budget

describe.each(searcherNames)('the searcher %s', (name) => {
  const searcher = getOrThrow(searcherOf(name, space, effort))
  const whole = searched(searcher, losing)

  test('comes to an end, with settings of the space and ids of their own', () => {
    expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length)
    expect(searcher.next(whole)).toEqual([])
    whole.forEach(({ setting }) => expect(Object.keys(setting)).toEqual(Object.keys(space)))
  })

  test('goes on, wherever it was broken off, to the same trials, in whatever order their outcomes came in', () => {
    const sorted = (outcomes: readonly Outcome[]) => outcomes.toSorted((a, b) => a.id.localeCompare(b.id))
    const half = whole.slice(0, Math.floor(whole.length / 2))
    expect(sorted(searched(searcher, losing, half))).toEqual(sorted(whole))
    if (name !== 'bayesian') expect(sorted(searched(searcher, losing, half.toReversed()))).toEqual(sorted(whole))
  })

  test('survives trials that fail, and says so where all of them do', () => {
    const some = searched(searcher, (trial) => (trial.setting['activation'] === 'tanh' ? 'failed' : losing(trial)))
    expect(E.isRight(bestOf(some))).toBe(true)
    const none = searched(searcher, () => 'failed')
    expect(bestOf(none)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
    expect(searcher.next(none)).toEqual([])
  })
})

test('a search without trials, or a grid of too few, is refused', () => {
  expect(searcherOf('random', space, { ...effort, trials: 0 })).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  expect(searcherOf('halving', space, { ...effort, eta: 1 })).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  expect(searcherOf('grid', space, { ...effort, trials: 2 })).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
})

describe('Hyperband', () => {
  test('has the brackets of its algorithm for R = 81 and η = 3', () => {
    expect(hyperbandBrackets(81, 3).map(({ count, first }) => [count, Math.round(first)])).toEqual([
      [81, 1],
      [34, 3],
      [15, 9],
      [8, 27],
      [5, 81],
    ])
  })

  test('lets the best third go on, from where they are', () => {
    const outcomes = searched(getOrThrow(searcherOf('halving', space, { ...effort, trials: 9 })), losing)
    const rungs = [1, 3, 9].map((budget) => outcomes.filter((one) => one.budget === budget))
    expect(rungs.map((rung) => rung.length)).toEqual([9, 3, 1])
    const best = (rungs[0] as Outcome[]).toSorted((a, b) => lossOf(a) - lossOf(b)).slice(0, 3)
    expect((rungs[1] as Outcome[]).map(({ from }) => from)).toEqual(best.map(({ id }) => id))
    expect(outcomes.reduce((sum, one) => sum + costOf(one, outcomes), 0)).toBe(9 + 3 * 2 + 6)
  })
})

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number

/** The median over seeds of what the best found is above the least value. */
const regretOf = (
  { space, at, minimum }: TestFunction,
  name: SearcherName,
  effort: Omit<Effort, 'seed'>,
  seeds: number,
  ask: (value: number, trial: Trial) => number = (value) => value,
): number =>
  median(
    Array.from({ length: seeds }, (_, seed) => {
      const outcomes = searched(getOrThrow(searcherOf(name, space, { ...effort, seed })), (trial) =>
        ask(at(trial.setting), trial),
      )
      return at(getOrThrow(bestOf(outcomes)).setting) - minimum
    }),
  )

describe('on functions whose least values are published', () => {
  test('the functions have them', () => {
    const minima = [
      [-Math.PI, 12.275],
      [Math.PI, 2.275],
      [9.42478, 2.475],
    ]
    minima.forEach(([x, y]) => expect(branin.at({ x: x as number, y: y as number })).toBeCloseTo(branin.minimum, 5))
    const at = [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573]
    expect(hartmann6.at(Object.fromEntries(at.map((value, i) => [`x${i + 1}`, value])))).toBeCloseTo(
      hartmann6.minimum,
      4,
    )
  })

  test('random search comes as near as the share of the space that is so good foretells', () => {
    // the median of the best of n is the quantile 1 − 2^(−1/n) of the values themselves
    const draw = draws(keyOf('values'))
    const values = Array.from({ length: 20000 }, () =>
      branin.at(settingAt(branin.space, [draw.uniform(), draw.uniform()])),
    )
    const quantile = (share: number) => values.toSorted((a, b) => a - b)[Math.floor(share * values.length)] as number
    const regret = regretOf(branin, 'random', { trials: 25, budget: 1, eta: 3 }, 101)
    expect(regret).toBeGreaterThan(quantile(1 - 0.5 ** (1 / 25) - 0.008) - branin.minimum)
    expect(regret).toBeLessThan(quantile(1 - 0.5 ** (1 / 25) + 0.008) - branin.minimum)
  })

  test('a grid finds what lies on it', () => {
    const grid = gridOf(branin.space, 5).map(branin.at)
    expect(regretOf(branin, 'grid', { trials: 25, budget: 1, eta: 3 }, 1)).toBeCloseTo(
      Math.min(...grid) - branin.minimum,
      12,
    )
  })

  test('Bayesian optimization has a tenth of random search’s median regret on Branin, a third on Hartmann-6', () => {
    const [few, many] = [
      { trials: 25, budget: 1, eta: 3 },
      { trials: 36, budget: 1, eta: 3 },
    ] as const
    expect(regretOf(branin, 'bayesian', few, 5)).toBeLessThan(regretOf(branin, 'random', few, 101) / 10)
    expect(regretOf(hartmann6, 'bayesian', many, 3)).toBeLessThan(regretOf(hartmann6, 'random', many, 101) / 3)
  })

  test.each(['halving', 'hyperband'] as const)(
    '%s has less than half the median regret of random search that costs as much, where little tells much',
    (name) => {
      const effort = { trials: 27, budget: 27, eta: 3 }
      // what is told early is off by less and less
      const ask = (value: number, { id, budget }: Trial): number =>
        value + (10 / budget) * draws(keyOf(`early ${id}`)).normal() * (budget < 27 ? 1 : 0)
      const { space, at } = hartmann6
      const outcomes = searched(getOrThrow(searcherOf(name, space, { ...effort, seed: 0 })), (trial) =>
        ask(at(trial.setting), trial),
      )
      const cost = outcomes.reduce((sum, one) => sum + costOf(one, outcomes), 0)
      const trials = Math.floor(cost / effort.budget)
      expect(regretOf(branin, name, effort, 101, ask)).toBeLessThan(
        regretOf(branin, 'random', { ...effort, trials }, 101) / 2,
      )
    },
  )
})

test('importance is what a parameter alone explains', () => {
  const three: Space = { a: { kind: 'real', from: 0, to: 1 }, b: { kind: 'real', from: 0, to: 1 }, c: { kind: 'choice', values: ['p', 'q'] } } // prettier-ignore
  const outcomes = searched(
    getOrThrow(searcherOf('random', three, { trials: 40, budget: 1, eta: 3, seed: 1 })),
    ({ setting: { a, b } }) => 3 * Number(a) + Number(b),
  )
  const { a, b, c } = importanceOf(three, outcomes)
  // variances of 3a and b are as 9 to 1
  expect(a).toBeCloseTo(0.9, 1)
  expect(b).toBeCloseTo(0.1, 1)
  expect(c).toBeLessThan(0.02)
})
