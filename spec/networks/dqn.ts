import type { Asked, Network } from './network.js'
import { chain, convolution, fullyConnected, inference, plainLayer, sequential } from './network.js'

export interface AskedOfDqn extends Asked {
  /** among how many actions it values: 4 */
  readonly actions?: number
}

/**
 * The deep Q-network: the value of each action, of the last four pictures of a game.
 *
 *   84×84×4 → conv 8×8, stride 4: 20×20×32 → conv 4×4, stride 2: 9×9×64 → conv 3×3: 7×7×64 → dense 512 → Q of each action
 *
 * 1,686,180 parameters for 4 actions, 1,693,362 for the 18 of the whole joystick. ReLU behind every layer but the last.
 *
 * Source  Mnih et al., "Human-level control through deep reinforcement learning", Nature 518, 2015
 */
export const dqn = (batch: number, { actions = 4, mode = inference }: AskedOfDqn = {}): Network =>
  sequential(
    [batch, 4, 84, 84],
    [
      chain(convolution('conv1', [4, 32], [8, 8], { stride: [4, 4] }), plainLayer('relu1', 'relu')),
      chain(convolution('conv2', [32, 64], [4, 4], { stride: [2, 2] }), plainLayer('relu2', 'relu')),
      chain(convolution('conv3', [64, 64], [3, 3]), plainLayer('relu3', 'relu')),
      plainLayer('flatten', 'flatten'),
      chain(fullyConnected('fc1', 7 * 7 * 64, 512), plainLayer('relu4', 'relu')),
      fullyConnected('fc2', 512, actions),
    ],
    mode,
  )
