import { draws } from '../../spec/philox.js'
import { generate } from '../../spec/tensor.js'
import type { Environment, EnvironmentState } from './environment.js'
import type { Model } from './valueIteration.js'

/** `.` a cell, `#` a wall, `+` and `-` cells that end the episode */
const map = ['...+', '.#.-', '....'] as const
const height = map.length
const width = map[0].length
const costOfStep = 0.04
const slip = 0.1

const at = (cell: number): string => map[Math.floor(cell / width)]?.[cell % width] ?? '#'

/** up, right, down, left */
const moves = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const

/** The cell to which a move leads; where a wall or the edge is, one stays. */
const towards = (cell: number, move: number): number => {
  const [down = 0, right = 0] = moves[(move + 4) % 4] ?? []
  const [row, column] = [Math.floor(cell / width) + down, (cell % width) + right]
  const inside = row >= 0 && row < height && column >= 0 && column < width
  return inside && at(row * width + column) !== '#' ? row * width + column : cell
}

const cells: readonly number[] = Array.from({ length: height * width }, (_, cell) => cell)

const arriving = (
  cell: number,
): { readonly state: EnvironmentState; readonly reward: number; readonly end: boolean } => {
  const found = at(cell)
  return {
    state: [cell],
    reward: (found === '+' ? 1 : found === '-' ? -1 : 0) - costOfStep,
    end: found === '+' || found === '-',
  }
}

const outcomesOf = (cell: number, action: number): ReturnType<Model['outcomes']> =>
  [
    { turn: 0, probability: 1 - 2 * slip },
    { turn: -1, probability: slip },
    { turn: 1, probability: slip },
  ].map(({ turn, probability }) => ({ probability, ...arriving(towards(cell, action + turn)) }))

/**
 * A grid of 3 rows and 4 columns with a wall, and two corners that end the episode, one worth 1 and one −1. Each step costs
 * 0.04. The floor is slippery: with probability 0.8 one goes where one wants, with 0.1 each to the left or right of that; at a
 * wall one stays.
 *
 *   . . . +
 *   . # . -
 *   . . . .
 *
 * An episode starts in any cell that is none of these, each as likely, and is cut off after 100 steps.
 *
 * State   the cell, row by row from the top left; it is seen as a vector of 12, 1 at the cell
 * Actions 0: up, 1: right, 2: down, 3: left
 * Source  Russell and Norvig, "Artificial intelligence: a modern approach", 2010, section 17.1, which prints its values
 */
export const gridworld: Environment = {
  name: 'gridworld',
  actions: moves.length,
  shape: [height * width],
  limit: 100,
  start: (key) => {
    const open = cells.filter((cell) => at(cell) === '.')
    return [draws(key).pick(open)]
  },
  step: ([cell = 0], action, key) => {
    const u = draws(key).uniform()
    return arriving(towards(cell, action + (u < slip ? -1 : u < 2 * slip ? 1 : 0)))
  },
  observe: ([cell = 0]) => generate([height * width], (i) => (i === cell ? 1 : 0)).data,
}

/** All that may come of each action there: what an agent has to find out, and value iteration is told. */
export const gridModel: Model = {
  states: cells.filter((cell) => at(cell) === '.').map((cell) => [cell]),
  actions: moves.length,
  outcomes: ([cell = 0], action) => outcomesOf(cell, action),
}

/** How the grid is drawn. */
export const gridMap: readonly string[] = map
