import { scanBack } from '../../spec/scan.js'
import type { Numbers } from '../../spec/tensor.js'

/** A step of an episode, and what the critic said of both sides of it. */
export interface Valued {
  readonly reward: number
  /** V(s) */
  readonly value: number
  /** V(s′), of no account after an end */
  readonly next: number
  readonly end: boolean
  /** the step after this one is of another episode: this one ended, or was cut off */
  readonly last: boolean
}

/**
 * How much better each step went than the critic expected: generalized advantage estimation.
 *
 *   δ[t] = r[t] + γ·V(s[t+1]) − V(s[t]),   A[t] = δ[t] + γλ·A[t+1]
 *
 * V after an end is 0; A after an episode's last step is 0, and after the last step given. λ = 0 is one step ahead, λ = 1 all
 * that is known of the return.
 *
 * Units   the rewards'
 * Source  Schulman et al., "High-dimensional continuous control using generalized advantage estimation", 2016
 */
export const advantages = (steps: readonly Valued[], discount: number, lambda: number): readonly number[] =>
  scanBack<number, number>(steps.length, 0, (ahead, t) => {
    const { reward, value, next, end, last } = steps[t] as Valued
    return reward + (end ? 0 : discount * next) - value + (last ? 0 : discount * lambda * ahead)
  })

/**
 * The return of each step of an episode, from its rewards in order.
 *
 *   G[t] = r[t] + γ·G[t+1],   G = 0 behind the last
 */
export const returnsOf = (rewards: readonly number[], discount: number): readonly number[] =>
  advantages(
    rewards.map((reward, t) => ({ reward, value: 0, next: 0, end: false, last: t === rewards.length - 1 })),
    discount,
    1,
  )

/** The same numbers with mean 0 and variance 1; unchanged but for the mean where all are one. */
export const standardized = (values: readonly number[]): readonly number[] => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)
  return values.map((v) => (v - mean) / (deviation > 1e-8 ? deviation : 1))
}

/** A share of draws that are not the agent's own choice: it falls in a line from the first step to a step, and then stays. */
export interface Exploration {
  readonly from: number
  readonly to: number
  /** by which share of all steps it has come there */
  readonly by: number
}

/**
 * ε after a share of all steps.
 *
 * Source  Mnih et al., "Human-level control through deep reinforcement learning", 2015 (from 1 to 0.1)
 */
export const epsilonAt = ({ from, to, by }: Exploration, share: number): number =>
  share >= by ? to : from + ((to - from) * share) / by

/** The place of the largest of some numbers, the first of equals. */
export const largestOf = (values: Numbers, from: number, count: number): number =>
  Array.from({ length: count }, (_, i) => i).reduce((a, b) =>
    (values[from + b] as number) > (values[from + a] as number) ? b : a,
  )

/** An action drawn by softmax of its logits, of which u uniform in [0, 1) decides. */
export const drawnBy = (logits: Numbers, from: number, count: number, u: number): number => {
  const all = Array.from({ length: count }, (_, i) => logits[from + i] as number)
  const most = Math.max(...all)
  const powers = all.map((logit) => Math.exp(logit - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  // the share of all actions up to each, of which the first above u is meant
  const upTo = powers.map((_, i) => powers.slice(0, i + 1).reduce((a, b) => a + b, 0) / sum)
  const found = upTo.findIndex((share) => u < share)
  return found < 0 ? count - 1 : found
}

/** A transition as Q-learning meets it: its reward and its end, and what is said of the actions of the state after it. */
export interface Bootstrapped {
  readonly reward: number
  readonly end: boolean
}

/**
 * What the value of the action taken should have been.
 *
 *   y = r + γ·max_a Q⁻(s′, a)                        Q⁻ the target network's
 *   y = r + γ·Q⁻(s′, argmax_a Q(s′, a))              double: the online network chooses, the target network values
 *
 * y = r after an end. Q(s′, ·) of transition n are the numbers from n·actions on.
 *
 * Source  Mnih et al. 2015; van Hasselt, Guez and Silver, "Deep reinforcement learning with double Q-learning", 2016
 */
export const targetsOf = (
  transitions: readonly Bootstrapped[],
  discount: number,
  actions: number,
  valuing: Numbers,
  choosing: Numbers = valuing,
): readonly number[] =>
  transitions.map(({ reward, end }, n) =>
    end ? reward : reward + discount * (valuing[n * actions + largestOf(choosing, n * actions, actions)] as number),
  )
