import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import { keyOf } from '../../spec/philox.js'
import { draws } from '../../spec/philox.js'
import type { AgentProgress, Recipe } from './agent.js'
import { actionsAt, agentNamed, agentTrainingOf, stepped } from './agent.js'
import { cartpole } from './cartpole.js'
import type { Environment } from './environment.js'
import { gridworld } from './gridworld.js'
import { recipeFor } from './recipes.js'
import { emptyReplay, remembered, sampled } from './replay.js'
import type { Valued } from './returns.js'
import { advantages, drawnBy, epsilonAt, returnsOf, standardized, targetsOf } from './returns.js'

describe('a replay', () => {
  test('holds the last items that were put there, as many as it can, however they came', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.integer({ min: 0, max: 20 })), (capacity, sizes) => {
        const { ring, all } = sizes.reduce<{ ring: ReturnType<typeof emptyOf>; all: readonly number[] }>(
          ({ ring, all }, size) => {
            const more = Array.from({ length: size }, (_, i) => all.length + i)
            return { ring: remembered(ring, more), all: [...all, ...more] }
          },
          { ring: emptyOf(capacity), all: [] },
        )
        const inOrder = [...ring.items.slice(ring.next), ...ring.items.slice(0, ring.next)]
        expect(inOrder).toEqual(all.slice(-capacity))
      }),
    )
  })

  test('leaves the ring that it was given as it was', () => {
    const full = remembered(emptyOf(3), [1, 2, 3])
    remembered(full, [4])
    expect(full).toEqual({ capacity: 3, items: [1, 2, 3], next: 0 })
  })

  test('draws every item about as often, and the same under one key', () => {
    const ring = remembered(emptyOf(5), [0, 1, 2, 3, 4, 5, 6])
    const drawn = sampled(ring, 5000, draws(keyOf('replay')))
    expect(sampled(ring, 5000, draws(keyOf('replay')))).toEqual(drawn)
    for (const item of [2, 3, 4, 5, 6]) {
      const share = drawn.filter((each) => each === item).length / 5000
      expect(share).toBeGreaterThan(0.17)
      expect(share).toBeLessThan(0.23)
    }
  })

  test('is refused where it is smaller than a batch', () => {
    expect(emptyReplay(31, 32)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
    expect(emptyReplay(0, 0)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  })
})

const emptyOf = (capacity: number) => getOrThrow(emptyReplay<number>(capacity, 1))

describe('advantages', () => {
  const steps: fc.Arbitrary<readonly Valued[]> = fc.array(
    fc.record({
      reward: fc.double({ min: -2, max: 2, noNaN: true }),
      value: fc.double({ min: -2, max: 2, noNaN: true }),
      next: fc.double({ min: -2, max: 2, noNaN: true }),
      end: fc.boolean(),
      last: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )

  test('with λ = 1 are returns less values, with λ = 0 the error of one step', () => {
    fc.assert(
      fc.property(steps, (some) => {
        // inside an episode the value of the next state is the next one's
        const whole = some.map((step, t) => ({
          ...step,
          end: false,
          last: false,
          next: some[t + 1]?.value ?? step.next,
        }))
        const far = advantages(whole, 0.9, 1)
        const sum = whole.reduce((total, { reward }, t) => total + 0.9 ** t * reward, 0)
        const want = sum + 0.9 ** whole.length * whole.at(-1)!.next - whole[0]!.value
        // at most 12 steps of 5 operations each, on numbers that stay below 2/(1 − 0.9) + 4
        expect(Math.abs(far[0]! - want)).toBeLessThanOrEqual(2 * 12 * 5 * 2 ** -53 * 24)
        for (const [t, near] of advantages(whole, 0.9, 0).entries())
          expect(Math.abs(near - (whole[t]!.reward + 0.9 * whole[t]!.next - whole[t]!.value))).toBeLessThanOrEqual(
            // three operations, added up in either order
            2 * 3 * 2 ** -53 * 6,
          )
      }),
    )
  })

  test('nothing of an episode counts for the one before', () => {
    const step = { reward: 1, value: 0, next: 5, end: false, last: false }
    const until = [step, { ...step, last: true }]
    expect(advantages([...until, step, step], 0.5, 0.5).slice(0, 2)).toEqual(advantages(until, 0.5, 0.5))
    // cut off, what would have come is worth what the critic says; ended, nothing
    expect(advantages([{ ...step, last: true }], 0.5, 1)).toEqual([3.5])
    expect(advantages([{ ...step, last: true, end: true }], 0.5, 1)).toEqual([1])
  })

  test('the returns of an episode add up its rewards', () => {
    expect(returnsOf([1, 2, 4], 0.5)).toEqual([3, 4, 4])
    expect(returnsOf([], 0.5)).toEqual([])
  })

  test('standardized they have mean 0 and variance 1, and stay finite where all are one', () => {
    expect(standardized([1, 3])).toEqual([-1, 1])
    expect(standardized([2, 2])).toEqual([0, 0])
  })
})

describe('what is done', () => {
  test('an action is drawn as often as softmax says', () => {
    const logits = [9, 9, Math.log(1), Math.log(2), Math.log(5)]
    const shares = [0, 1, 2].map(
      (action) =>
        Array.from({ length: 800 }, (_, i) => drawnBy(logits, 2, 3, (i + 0.5) / 800)).filter((each) => each === action)
          .length / 800,
    )
    expect(shares).toEqual([1 / 8, 2 / 8, 5 / 8])
  })

  test('exploration falls in a line and stays', () => {
    const exploration = { from: 1, to: 0.1, by: 0.5 }
    expect([0, 0.25, 0.5, 1].map((share) => epsilonAt(exploration, share))).toEqual([1, 0.55, 0.1, 0.1])
  })

  test('targets: after an end the reward alone; of double Q-learning the online network chooses', () => {
    const transitions = [
      { reward: 1, end: true },
      { reward: 1, end: false },
    ]
    const [valuing, choosing] = [
      [7, 8, 2, 4],
      [0, 0, 5, 3],
    ]
    expect(targetsOf(transitions, 0.5, 2, valuing)).toEqual([1, 3])
    expect(targetsOf(transitions, 0.5, 2, valuing, choosing)).toEqual([1, 2])
  })

  const training = getOrThrow(agentTrainingOf(gridworld, recipeFor('dqn', gridworld, 1)))

  test('a step of all places is the same whenever it is taken, and counts what ended', () => {
    const { progress } = training.start
    const actions = actionsAt(
      training,
      progress,
      Array.from({ length: 64 }, () => 0),
    )
    expect(new Set(actions).size).toBeGreaterThan(1)
    const once = stepped(gridworld, 1, progress, actions)
    expect(stepped(gridworld, 1, progress, actions)).toEqual(once)
    const { taken, progress: after } = getOrThrow(once)
    expect(after.steps).toBe(16)
    expect(after.episodes).toBe(taken.filter(({ last }) => last).length)
  })

  test('an environment that never ends is an error, not a loop', () => {
    const endless: Environment = {
      name: 'endless',
      actions: 1,
      shape: [1],
      start: () => [0],
      step: (state) => ({ state, reward: 0, end: false }),
      observe: (state) => state,
    }
    let progress: AgentProgress = {
      ...training.start.progress,
      places: [{ state: [0], episode: 0, taken: 0, total: 0 }],
    }
    for (;;) {
      const next = stepped(endless, 1, progress, [0])
      if (E.isLeft(next)) {
        expect(next.left).toMatchObject({ code: 'LimitExceeded' })
        expect(next.left.message).toContain('endless')
        break
      }
      progress = next.right.progress
    }
    expect(agentTrainingOf(endless, recipeFor('reinforce', endless, 1))).toMatchObject({
      left: { code: 'AttributeOutOfRange' },
    })
  })
})

describe('a training is refused', () => {
  const dqn = recipeFor('dqn', cartpole, 1) as Extract<Recipe, { readonly agent: 'dqn' | 'doubleDqn' }>
  const actorCritic = recipeFor('actorCritic', cartpole, 1) as Extract<Recipe, { readonly horizon: number }>
  test.each([
    ['a replay smaller than a batch', { ...dqn, capacity: 32, batch: 64, warmup: 0 }, /a replay of 32 transitions/],
    ['a replay that never holds what is waited for', { ...dqn, capacity: 100, warmup: 101 }, /never holds the 101/],
    ['a batch of none', { ...dqn, batch: 0 }, /batch is 0/],
    ['no steps', { ...dqn, steps: 0 }, /steps is 0/],
    ['no places', { ...actorCritic, places: 0 }, /places is 0/],
    ['no horizon', { ...actorCritic, horizon: 0 }, /horizon is 0/],
    ['a discount above 1', { ...actorCritic, discount: 1.1 }, /discount is 1.1/],
    ['a lambda below 0', { ...actorCritic, lambda: -0.1 }, /lambda is -0.1/],
    ['a rate that is no number', { ...actorCritic, learningRate: NaN }, /learning rate is NaN/],
    [
      'a layer of no units',
      { ...actorCritic, layers: { hidden: [0], activation: 'tanh' as const } },
      /units of a hidden/,
    ],
  ])('for %s', (_, recipe, message) => {
    expect(agentTrainingOf(cartpole, recipe)).toMatchObject({
      left: { code: 'AttributeOutOfRange', message: expect.stringMatching(message) as string },
    })
  })

  test('an agent that there is not is refused with those there are', () => {
    expect(agentNamed('sarsa')).toMatchObject({
      left: { code: 'AttributeOutOfRange', message: expect.stringContaining('doubleDqn') as string },
    })
  })
})
