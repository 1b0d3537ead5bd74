import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import type { Key } from '../../spec/philox.js'
import { keyOf } from '../../spec/philox.js'
import { cartpole } from './cartpole.js'
import { catching } from './catch.js'
import type { Environment } from './environment.js'
import { goesOn, keyAt, longestEpisode } from './environment.js'
import { environmentNamed, environments } from './environments.js'
import { gridModel, gridworld } from './gridworld.js'
import { nameOfState, valueIteration, valueOfAction } from './valueIteration.js'

interface Trajectory {
  readonly policy: string
  readonly actions: readonly number[]
  readonly states: readonly (readonly number[])[]
  readonly rewards: number
  readonly terminated: boolean
  readonly truncated: boolean
}

const { by, trajectories } = JSON.parse(
  readFileSync(new URL('../../conformance/golden/environments/cartpole.json', import.meta.url), 'utf8'),
) as { readonly by: string; readonly trajectories: readonly Trajectory[] }

// a step is some 32 operations on numbers below 4, sin and cos of a library of its own among them
const roundingOfAStep = 32 * 2 ** -52 * 4

describe(`cartpole goes as it does in ${by}`, () => {
  test.each(trajectories.map((each, at) => [`${each.policy}, ${at}`, each] as const))('%s', (_, trajectory) => {
    const { actions, states, rewards, terminated, truncated } = trajectory
    const outcomes = actions.map((action, t) => cartpole.step(states[t]!, action, [0, 0]))
    for (const [t, { state }] of outcomes.entries())
      for (const [i, value] of state.entries())
        expect(Math.abs(value - states[t + 1]![i]!)).toBeLessThanOrEqual(roundingOfAStep)
    expect(outcomes.map(({ end }) => end)).toEqual(actions.map((_, t) => terminated && t === actions.length - 1))
    expect(outcomes.reduce((sum, { reward }) => sum + reward, 0)).toBe(rewards)
    expect(truncated).toBe(!terminated && actions.length === cartpole.limit)
  })

  test('a whole episode from its start drifts by no more than rounding does', () => {
    const { actions, states } = trajectories.find(({ truncated }) => truncated)!
    const end = actions.reduce<readonly number[]>(
      (state, action) => cartpole.step(state, action, [0, 0]).state,
      states[0]!,
    )
    for (const [i, value] of end.entries()) expect(value).toBeCloseTo(states.at(-1)![i]!, 9)
  })
})

const keys: fc.Arbitrary<Key> = fc.string().map(keyOf)

/** States of an episode under drawn actions, at most so many. */
const episode = (environment: Environment, key: Key, most = 200): readonly (readonly number[])[] => {
  const states = [environment.start(keyAt(key, 0, 0, 0))]
  for (let t = 0; t < most; t++) {
    const own = keyAt(key, 0, 0, t + 1)
    const { state, end } = environment.step(states.at(-1)!, own[1] % environment.actions, own)
    states.push(state)
    if (end) break
  }
  return states
}

describe.each(environments.map((each) => [each.name, each] as const))('%s', (_, environment) => {
  test('comes to the same from the same state, action and key, and is seen in its shape', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const states = episode(environment, key)
        expect(episode(environment, key)).toEqual(states)
        const size = environment.shape.reduce((a, b) => a * b, 1)
        expect(states.every((state) => environment.observe(state).length === size)).toBe(true)
        expect(states.every((state) => state.length === states[0]!.length)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('is found by its name', () => {
    expect(getOrThrow(environmentNamed(environment.name))).toBe(environment)
  })
})

test('an environment that there is not is refused with those there are', () => {
  expect(environmentNamed('chess')).toMatchObject({
    left: { code: 'AttributeOutOfRange', message: expect.stringContaining('gridworld, cartpole, catch') as string },
  })
})

test('keys of places, episodes and steps are all others', () => {
  const all = [0, 1, 2].flatMap((place) =>
    [0, 1, 2].flatMap((episode) => [0, 1, 2].map((step) => keyAt([7, 9], place, episode, step).join())),
  )
  expect(new Set(all).size).toBe(27)
})

test('an episode without an end is an error of its own', () => {
  expect(goesOn(cartpole, longestEpisode)).toMatchObject({ left: { code: 'LimitExceeded' } })
  expect(goesOn(cartpole, longestEpisode - 1)).toMatchObject({ _tag: 'Right' })
})

describe('catch', () => {
  test('a paddle that follows the ball catches it, one that flees misses, after nine steps', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const play = (choose: (ball: number, paddle: number) => number): readonly [number, number] => {
          let [state, total, steps] = [catching.start(key), 0, 0]
          for (;;) {
            const { state: next, reward, end } = catching.step(state, choose(state[1]!, state[2]!), key)
            ;[state, total, steps] = [next, total + reward, steps + 1]
            if (end) return [total, steps]
          }
        }
        expect(play((ball, paddle) => 1 + Math.sign(ball - paddle))).toEqual([1, 9])
        expect(play((ball) => (ball < 2 ? 2 : 0))).toEqual([-1, 9])
      }),
      { numRuns: 20 },
    )
  })

  test('ball and paddle are pixels: two, or one where they meet', () => {
    expect(Array.from(catching.observe([0, 1, 2])).flatMap((v, i) => (v === 1 ? [i] : []))).toEqual([1, 47])
    expect(Array.from(catching.observe([9, 2, 2])).flatMap((v, i) => (v === 1 ? [i] : []))).toEqual([47])
  })
})

// of a contraction by γ that ends at a change of 10⁻¹², what is left is γ/(1 − γ) of it at most
const leftBy = (discount: number): number => (discount / (1 - discount)) * 1e-12

describe('value iteration on the grid', () => {
  test('finds the values that Russell and Norvig print for γ = 1', () => {
    const { values } = getOrThrow(valueIteration(gridModel, 1))
    const rounded = Object.fromEntries([...values].map(([cell, value]) => [cell, Number(value.toFixed(3))]))
    // figure 17.3, by cells of the top row, the middle and the bottom
    expect(rounded).toEqual({
      0: 0.812, 1: 0.868, 2: 0.918,
      4: 0.762, 6: 0.66,
      8: 0.705, 9: 0.655, 10: 0.611, 11: 0.388,
    }) // prettier-ignore
  })

  test('no action is worth more than the one it chooses, and its values are theirs', () => {
    const solution = getOrThrow(valueIteration(gridModel, 0.9))
    for (const state of gridModel.states) {
      const worths = [0, 1, 2, 3].map((action) => valueOfAction(gridModel, solution.values, 0.9, state, action))
      expect(Math.abs(Math.max(...worths) - solution.values.get(nameOfState(state))!)).toBeLessThanOrEqual(leftBy(0.9))
      expect(worths[solution.actions.get(nameOfState(state))!]).toBe(Math.max(...worths))
    }
  })

  test('its model is what steps come to: drawn often, each outcome as often as it says', () => {
    const count = 4000
    for (const [cell, action] of [
      [0, 1],
      [6, 0],
      [8, 0],
    ] as const) {
      const said = new Map<number, number>()
      for (const { state, probability } of gridModel.outcomes([cell], action))
        said.set(state[0]!, (said.get(state[0]!) ?? 0) + probability)
      const seen = new Map<number, number>()
      for (let n = 0; n < count; n++) {
        const { state, reward, end } = gridworld.step([cell], action, keyAt([1, 2], cell, action, n))
        seen.set(state[0]!, (seen.get(state[0]!) ?? 0) + 1 / count)
        const model = gridModel.outcomes([cell], action).find((each) => each.state[0] === state[0])
        expect({ reward, end }).toEqual({ reward: model?.reward, end: model?.end })
      }
      expect([...seen.keys()].toSorted()).toEqual([...said.keys()].toSorted())
      // four standard deviations of a share
      for (const [next, share] of said)
        expect(Math.abs((seen.get(next) ?? 0) - share)).toBeLessThan(
          4 * Math.sqrt((share * (1 - share)) / count) + 1e-9,
        )
    }
  })

  test('refuses a discount that is none, and says so where nobody can ever leave', () => {
    expect(valueIteration(gridModel, 1.5)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
    const endless = {
      states: [[0]],
      actions: 1,
      outcomes: () => [{ state: [0], reward: 1, end: false, probability: 1 }],
    }
    expect(valueIteration(endless, 1)).toMatchObject({ left: { code: 'LimitExceeded' } })
    expect(Math.abs(getOrThrow(valueIteration(endless, 0.5)).values.get('0')! - 2)).toBeLessThanOrEqual(leftBy(0.5))
  })
})
