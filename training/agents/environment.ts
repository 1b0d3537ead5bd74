import type { Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import type { Key } from '../../spec/philox.js'
import { philox4x32 } from '../../spec/philox.js'
import type { Numbers, Shape } from '../../spec/tensor.js'

/** All that an environment remembers: a few numbers, the same in f64 wherever they are kept. */
export type EnvironmentState = readonly number[]

/** What comes of an action. */
export interface Outcome {
  readonly state: EnvironmentState
  readonly reward: number
  /** nothing comes after: the values of what would are 0 */
  readonly end: boolean
}

/**
 * A world that an agent acts in, as pure functions: what chance there is in it is drawn under the key that it is handed, so
 * that the same state, action and key come to the same.
 */
export interface Environment {
  readonly name: string
  /** actions are 0 to actions − 1 */
  readonly actions: number
  /** what an agent sees of a state */
  readonly shape: Shape
  /** an episode is cut off after so many steps, which is no end: what would have come has a value. None: it must end itself */
  readonly limit?: number
  readonly start: (key: Key) => EnvironmentState
  readonly step: (state: EnvironmentState, action: number, key: Key) => Outcome
  readonly observe: (state: EnvironmentState) => Numbers
  /** what an episode may succeed in, in a word, and whether one of such a return has */
  readonly success?: { readonly called: string; readonly by: (total: number) => boolean }
}

/** A key of its own for every place, episode and step under a seed's key: none is used twice, and none hangs on another. */
export const keyAt = (key: Key, place: number, episode: number, step: number): Key => {
  const [first, second] = philox4x32([place, episode, step, 1], key)
  return [first, second]
}

/** No episode may be longer, whatever the environment says of itself. */
export const longestEpisode = 10_000

/**
 * Whether an episode may go on after so many steps.
 *
 * Errors  LimitExceeded – it has neither ended nor been cut off in `longestEpisode` steps
 */
export const goesOn = ({ name }: Pick<Environment, 'name'>, steps: number): Result<void> =>
  ensure(
    steps < longestEpisode,
    'LimitExceeded',
    `${name}: an episode has not ended in ${longestEpisode} steps, and the environment has no limit of its own`,
  )
