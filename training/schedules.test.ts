import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rated, Schedule } from './schedules.js'
import { constant, cosine, earlyStopping, exponential, linear, reduceOnPlateau, stepDecay } from './schedules.js'

/** The rates of the first epochs: the first, and one after each metric. */
const rates = <S extends Rated>({ start, next }: Schedule<S>, metrics: readonly number[]): readonly number[] =>
  metrics
    .reduce<readonly S[]>((states, metric) => [...states, next(states.at(-1) as S, metric)], [start])
    .map(({ rate }) => rate)

const still = (epochs: number): readonly number[] => Array.from({ length: epochs }, () => 0)
// products of tenths and quotients by ten differ in the last place
const nearly = (numbers: readonly number[]) => numbers.map((v) => expect.closeTo(v, 12) as number)

describe('rates of PyTorch 1.13.1’s schedulers', () => {
  it('constant: the same for ever', () => {
    expect(rates(constant(0.5), still(3))).toEqual([0.5, 0.5, 0.5, 0.5])
  })

  it('stepDecay: StepLR(step_size=3, gamma=0.1)', () => {
    expect(rates(stepDecay(0.5, { every: 3 }), still(8))).toEqual(
      nearly([0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005, 0.005, 0.005]),
    )
  })

  it('linear: LinearLR(start_factor=1, end_factor=0, total_iters=4)', () => {
    expect(rates(linear(0.5, { epochs: 4 }), still(4))).toEqual([0.5, 0.375, 0.25, 0.125, 0])
  })

  it('exponential: ExponentialLR(gamma=0.875)', () => {
    expect(rates(exponential(0.5, { gamma: 0.875 }), still(8))).toEqual([
      0.5, 0.4375, 0.3828125, 0.3349609375, 0.2930908203125, 0.2564544677734375, 0.2243976593017578,
      0.19634795188903809, 0.17180445790290833,
    ])
  })

  it('cosine: CosineAnnealingLR(T_max=6, eta_min=0.0625), which rises again after T', () => {
    expect(rates(cosine(0.5, { epochs: 6, least: 0.0625 }), still(8))).toEqual(
      nearly([
        0.5, 0.470693057077846, 0.390625, 0.28125, 0.17187500000000006, 0.09180694292215404, 0.0625,
        0.09180694292215404, 0.171875,
      ]),
    )
  })

  const losses = [1, 0.9, 0.91, 0.9, 0.89995, 0.92, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86]
  it.each([
    [
      'patience=2',
      reduceOnPlateau(0.5, { patience: 2 }),
      losses,
      [0.5, 0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.05, 0.005, 0.005, 0.005, 0.0005],
    ],
    [
      'patience=1, cooldown=2, min_lr=0.02',
      reduceOnPlateau(0.5, { patience: 1, cooldown: 2, least: 0.02 }),
      Array.from({ length: 12 }, () => 1),
      [0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02],
    ],
    [
      'mode="max", patience=0, factor=0.5, threshold=0.125',
      reduceOnPlateau(0.5, { improves: 'rising', patience: 0, divideBy: 2, threshold: 0.125 }),
      [0.5, 0.5625, 0.57, 0.6, 0.65, 0.7, 0.73, 0.74],
      [0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.03125, 0.03125],
    ],
    [
      'patience=0, factor=0.5, threshold=0.125, threshold_mode="abs"',
      reduceOnPlateau(0.5, { patience: 0, divideBy: 2, threshold: 0.125, absolute: true }),
      [1, 0.875, 0.87, 0.75, 0.74, 0.9, 0.5],
      [0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625],
    ],
    [
      'patience=1, and NaN among the metrics',
      reduceOnPlateau(0.5, { patience: 1 }),
      [1, NaN, NaN, 0.5, NaN],
      [0.5, 0.5, 0.5, 0.05, 0.05, 0.05],
    ],
  ])('reduceOnPlateau: ReduceLROnPlateau(%s)', (_, schedule, metrics, wanted) => {
    expect(rates(schedule, metrics)).toEqual(nearly(wanted))
  })

  it('reduceOnPlateau: a change of 10⁻⁸ or less is not made, ReduceLROnPlateau(eps=1e-8)', () => {
    const found = rates(
      reduceOnPlateau(1e-6, { patience: 0 }),
      Array.from({ length: 9 }, () => 1),
    )
    expect(found.map((rate) => Math.round(rate * 1e10) / 1e10)).toEqual([
      1e-6, 1e-6, 1e-7, 1e-8, 1e-8, 1e-8, 1e-8, 1e-8, 1e-8, 1e-8,
    ])
  })
})

describe('closed forms', () => {
  it('stepDecay: AlexNet’s three divisions by 10 lead from 0.01 to 0.00001', () => {
    expect(rates(stepDecay(0.01, { every: 30 }), still(90)).at(-1)).toBeCloseTo(1e-5, 18)
  })

  it('exponential: half after as many epochs as its half-life', () => {
    expect(rates(exponential(1, { gamma: 0.5 ** (1 / 7) }), still(7)).at(-1)).toBeCloseTo(0.5, 15)
  })

  it('cosine: the middle is the mean of both ends, and equal times before and after it add up to them', () => {
    const found = rates(cosine(3, { epochs: 10, least: 1 }), still(10))
    expect(found[5]).toBeCloseTo(2, 15)
    expect(found.map((rate, epoch) => rate + (found[10 - epoch] as number))).toEqual(nearly(found.map(() => 4)))
  })

  it('no schedule but cosine’s second half ever raises the rate', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(NaN)), { maxLength: 40 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        (metrics, patience, cooldown) => {
          const schedules = [
            rates(reduceOnPlateau(1, { patience, cooldown }), metrics),
            rates(stepDecay(1, { every: patience + 1 }), metrics),
            rates(cosine(1, { epochs: 40 }), metrics),
          ]
          schedules.forEach((found) => {
            found.slice(1).forEach((rate, i) => {
              expect(rate).toBeLessThanOrEqual(found[i] as number)
            })
          })
        },
      ),
    )
  })
})

describe('a state', () => {
  it('can be kept and gone on from: the same metrics lead to the same rates, and nothing remembers', () => {
    const { start, next } = reduceOnPlateau(1, { patience: 1 })
    const kept = next(next(start, 1), 1)
    const onwards = next(kept, 1)
    expect(next(kept, 0.5).rate).toBe(1)
    expect(next(kept, 1)).toEqual(onwards)
    expect(onwards.rate).toBe(0.1)
  })
})

describe('earlyStopping', () => {
  const run = (metrics: readonly number[], options: Parameters<typeof earlyStopping>[0]) => {
    const { start, next } = earlyStopping(options)
    return metrics.reduce((states, metric) => [...states, next(states.at(-1) as typeof start, metric)], [start])
  }

  it('stops after as many epochs without a better metric as its patience, and knows the best', () => {
    const states = run([5, 4, 4.5, 3, 3.5, 3, 3.1], { patience: 3 })
    expect(states.map(({ stop }) => stop)).toEqual([false, false, false, false, false, false, false, true])
    expect(states.at(-1)).toEqual({ stop: true, epoch: 7, best: 3, bestEpoch: 3 })
  })

  it('an accuracy improves by rising', () => {
    expect(run([0.5, 0.6, 0.7], { patience: 1, improves: 'rising' }).at(-1)).toMatchObject({
      stop: false,
      bestEpoch: 2,
    })
    expect(run([0.5, 0.6, 0.7], { patience: 1 })[2]).toMatchObject({ stop: true, bestEpoch: 0 })
  })

  it('a change of no more than the least is none', () => {
    const found = run([1, 0.75, 0.5], { patience: 2, least: 0.5 })
    expect(found.at(-1)).toMatchObject({ stop: true, best: 1, bestEpoch: 0 })
    expect(run([1, 0.75, 0.25], { patience: 2, least: 0.5 }).at(-1)).toMatchObject({ stop: false, bestEpoch: 2 })
  })

  it('NaN is no improvement, not even on nothing', () => {
    expect(run([NaN, NaN], { patience: 2 }).at(-1)).toMatchObject({ stop: true, bestEpoch: -1 })
  })

  it('once stopped, stopped', () => {
    expect(run([1, 2, 0.5], { patience: 1 }).map(({ stop }) => stop)).toEqual([false, false, true, true])
  })
})
