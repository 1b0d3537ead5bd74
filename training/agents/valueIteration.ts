import { either as E } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import type { EnvironmentState, Outcome } from './environment.js'

/** An environment whose chances are known: a Markov decision process. */
export interface Model {
  /** those from which one acts */
  readonly states: readonly EnvironmentState[]
  readonly actions: number
  /** all that may come of an action, with probabilities that sum to 1 */
  readonly outcomes: (
    state: EnvironmentState,
    action: number,
  ) => readonly (Outcome & { readonly probability: number })[]
}

/** The values of states under the best policy, by `nameOfState`, and that policy. */
export interface Solution {
  readonly values: ReadonlyMap<string, number>
  readonly actions: ReadonlyMap<string, number>
  /** how often all states were gone through */
  readonly sweeps: number
}

export const nameOfState = (state: EnvironmentState): string => state.join(' ')

/** The value of an action by the values of states: Σ p·(r + γ·V(s′)), V(s′) = 0 after an end. */
export const valueOfAction = (
  { outcomes }: Model,
  values: ReadonlyMap<string, number>,
  discount: number,
  state: EnvironmentState,
  action: number,
): number =>
  outcomes(state, action).reduce(
    (sum, { probability, state: next, reward, end }) =>
      sum + probability * (reward + (end ? 0 : discount * (values.get(nameOfState(next)) ?? 0))),
    0,
  )

const mostSweeps = 10_000

/**
 * The best that can be done, exactly but for γ/(1 − γ) of `tolerance`: each sweep is a contraction by γ. By default that is
 * far below what anybody prints, and above what sums in f64 round.
 *
 *   V(s) ← max_a Σ_{s′} p(s′ | s, a)·(r + γ·V(s′)),   until no value changes by more than the tolerance
 *
 * Units   values carry the unit of rewards; γ is a plain number
 * Errors  AttributeOutOfRange – γ outside [0, 1], or a tolerance that is not above 0
 *         LimitExceeded – values still change after 10,000 sweeps: with γ = 1 of a model that nobody can leave
 * Source  Bellman, "Dynamic programming", 1957; Sutton and Barto, "Reinforcement learning", 2018, section 4.4
 */
export const valueIteration = (model: Model, discount: number, tolerance = 1e-12): Result<Solution> => {
  const { states, actions } = model
  const all = Array.from({ length: actions }, (_, action) => action)
  const swept = (values: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
    new Map(
      states.map((state) => [
        nameOfState(state),
        Math.max(...all.map((action) => valueOfAction(model, values, discount, state, action))),
      ]),
    )
  const best = (values: ReadonlyMap<string, number>, state: EnvironmentState): number =>
    all.reduce((a, b) =>
      valueOfAction(model, values, discount, state, b) > valueOfAction(model, values, discount, state, a) ? b : a,
    )
  interface Sweep {
    readonly values: ReadonlyMap<string, number>
    readonly sweeps: number
    readonly change: number
  }
  const next = ({ values, sweeps, change }: Sweep): Sweep => {
    if (change <= tolerance) return { values, sweeps, change }
    const after = swept(values)
    return {
      values: after,
      sweeps: sweeps + 1,
      change: Math.max(...[...after].map(([name, value]) => Math.abs(value - (values.get(name) ?? 0)))),
    }
  }
  const wanted = ensure(
    discount >= 0 && discount <= 1 && tolerance > 0,
    'AttributeOutOfRange',
    `a discount of ${discount} and a tolerance of ${tolerance}: from 0 to 1 and above 0 are wanted`,
  )
  if (E.isLeft(wanted)) return wanted
  const start: Sweep = {
    values: new Map(states.map((state) => [nameOfState(state), 0])),
    sweeps: 0,
    change: Infinity,
  }
  const { values, sweeps, change } = Array.from({ length: mostSweeps }).reduce<Sweep>(next, start)
  return change <= tolerance
    ? E.right({ values, sweeps, actions: new Map(states.map((state) => [nameOfState(state), best(values, state)])) })
    : fail('LimitExceeded', `values still change by ${change} after ${sweeps} sweeps`)
}
