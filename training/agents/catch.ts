import { draws } from '../../spec/philox.js'
import { generate } from '../../spec/tensor.js'
import type { Environment } from './environment.js'

const rows = 10
const columns = 5

/**
 * A ball falls from a column of the top row, a row a step, and is to be caught by a paddle in the bottom row. What is seen
 * are pixels: 1 where ball or paddle is, 0 elsewhere.
 *
 * The paddle starts in the middle. When the ball is in the bottom row the episode ends: 1 where it meets the paddle, −1
 * where it does not; all steps before are worth 0.
 *
 * State   row and column of the ball, column of the paddle; it is seen as an image [1,10,5]
 * Actions 0: left, 1: stay, 2: right; a paddle at a wall stays there
 * Source  Mnih, Heess, Graves and Kavukcuoglu, "Recurrent models of visual attention", 2014 (the game); Osband et al.,
 *         "Behaviour suite for reinforcement learning", 2020 (its size and rewards)
 */
export const catching: Environment = {
  name: 'catch',
  actions: 3,
  shape: [1, rows, columns],
  // it ends by itself after just so many
  limit: rows - 1,
  success: { called: 'caught', by: (total) => total > 0 },
  start: (key) => [0, draws(key).integer(0, columns - 1), Math.floor(columns / 2)],
  step: ([row = 0, column = 0, paddle = 0], action) => {
    const moved = Math.min(columns - 1, Math.max(0, paddle + action - 1))
    const end = row + 1 === rows - 1
    return { state: [row + 1, column, moved], reward: end ? (moved === column ? 1 : -1) : 0, end }
  },
  observe: ([row = 0, column = 0, paddle = 0]) =>
    generate([1, rows, columns], (i) => (i === row * columns + column || i === (rows - 1) * columns + paddle ? 1 : 0))
      .data,
}
