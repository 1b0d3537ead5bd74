import type { Asked, Network } from './network.js'
import { auxiliary, fullyConnected, inference, plainLayer, sequential } from './network.js'

/**
 * The perceptron: one threshold unit.
 *
 *   score [N,1] = w·x + b,   y [N,1] = 1 if score ≥ 0 else 0
 *
 * The step has no derivative to descend by, so the network's answer is the score, which training works on, and the
 * decision y lies beside it. Rosenblatt's rule, w ← w + η(t − y)x for t and y in {0, 1}, is gradient descent on the loss
 * max(0, −s·score), s = ±1.
 *
 * Source  Rosenblatt, "The perceptron", 1958; slide "The perceptron"
 */
export const perceptron = (
  batch: number,
  { inputs = 2, mode = inference }: Asked & { readonly inputs?: number } = {},
): Network =>
  sequential([batch, inputs], [fullyConnected('score', inputs, 1), auxiliary(plainLayer('y', 'step'))], mode)
