import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../../spec/backend.js'
import type { EtalonError } from '../../spec/error.js'
import type { Tensors } from '../../spec/tensor.js'
import type { AgentTraining } from './agent.js'
import { isPolicy, numbersOf } from './agent.js'
import { gridModel } from './gridworld.js'
import { largestOf } from './returns.js'
import { answersOf } from './run.js'
import { nameOfState, valueIteration, valueOfAction } from './valueIteration.js'

/** A cell of the grid: what it is worth, what the agent holds it for, and what it would do there. */
export interface CellValue {
  readonly cell: number
  readonly exact: number
  readonly learnt: number
  readonly action: number
  /** how much less the agent's action is worth than the best */
  readonly regret: number
}

/**
 * What an agent has learnt of the grid, beside value iteration with the same γ: of an actor and its critic V(s), of
 * Q-learning max_a Q(s, a).
 *
 * Errors  what the backend refuses
 */
export const gridValues = (
  training: AgentTraining,
  backend: Backend,
  tensors: Tensors,
): taskEither.TaskEither<EtalonError, readonly CellValue[]> => {
  const { recipe, network } = training
  const { states, actions } = gridModel
  return F.pipe(
    TE.fromEither(valueIteration(gridModel, recipe.discount)),
    TE.bindTo('solution'),
    TE.bind('answered', () => answersOf(training, backend, tensors, states)),
    TE.map(({ solution: { values }, answered }) =>
      states.map((state, at): CellValue => {
        const scores = numbersOf(answered, network.output)
        const action = largestOf(scores, at * actions, actions)
        const exact = values.get(nameOfState(state)) ?? NaN
        return {
          cell: state[0] ?? NaN,
          exact,
          learnt:
            ((isPolicy(recipe) ? numbersOf(answered, 'value')[at] : scores[at * actions + action]) ?? NaN) /
            recipe.scale,
          action,
          regret: exact - valueOfAction(gridModel, values, recipe.discount, state, action),
        }
      }),
    ),
  )
}

/** The root of the mean square of what learnt values are off. */
export const errorOfValues = (cells: readonly CellValue[]): number =>
  Math.sqrt(cells.reduce((sum, { exact, learnt }) => sum + (exact - learnt) ** 2, 0) / cells.length)

/** How actions are drawn: ↑ → ↓ ←. */
export const arrows = ['↑', '→', '↓', '←'] as const
