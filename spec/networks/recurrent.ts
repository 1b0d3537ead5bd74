import type { Asked, Network, RecurrentOp } from './network.js'
import { fullyConnected, inference, recurrentStack, sequential } from './network.js'

export interface AskedOfSequence extends Asked {
  /** T, how many inputs a sequence has */
  readonly length?: number
  readonly inputs?: number
  readonly hidden?: number
  readonly classes?: number
  /** another cell than the network's own */
  readonly cell?: RecurrentOp
  /** how many on top of each other: 1 */
  readonly layers?: number
  /** the share that dropout keeps between layers in training: 1, all */
  readonly keep?: number
  /** whether each layer reads the sequence from its end as well */
  readonly bidirectional?: boolean
}

const classifier =
  (own: RecurrentOp) =>
  (
    batch: number,
    {
      length = 28,
      inputs = 28,
      hidden = 64,
      classes = 10,
      cell = own,
      layers = 1,
      keep = 1,
      bidirectional = false,
      mode = inference,
    }: AskedOfSequence = {},
  ): Network =>
    sequential(
      [length, batch, inputs],
      [
        recurrentStack(cell, cell, {
          ...{ batch, inputs, hidden, layers, keep },
          ...(bidirectional ? { bidirectional: { length } } : {}),
        }),
        fullyConnected('fc', (bidirectional ? 2 : 1) * hidden, classes),
      ],
      mode,
    )

/**
 * A recurrent network that reads a sequence and classifies it by its last state; a digit is one of 28 rows of 28 pixels.
 *
 *   x [T,N,I] → rnn from zeros → hT [N,H] → dense → logits
 *
 * The cell has H·(I + H + 1) parameters, whatever T is; PyTorch's has a second bias, H more. Several layers are a stack as
 * PyTorch's num_layers makes it; the cell may be another, such as a gated recurrent unit. In both directions the last states
 * of either are classified together, hT [N,2H].
 *
 * Source  slide "Recurrent NN"
 */
export const rnnClassifier = classifier('rnn')

/**
 * The same with a long short-term memory.
 *
 * The cell has 4·(H·(I + H) + H) parameters: 2,480 for I = 10 and H = 20, as in the formula and in Keras; PyTorch's two
 * biases make 2,560.
 *
 * Source  slide "LSTM nets"; Hochreiter and Schmidhuber, "Long short-term memory", 1997
 */
export const lstmClassifier = classifier('lstm')
