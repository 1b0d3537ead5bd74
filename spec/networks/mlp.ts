import type { Asked, Block, Network } from './network.js'
import { chain, fullyConnected, inference, plainLayer, sequential } from './network.js'

export interface AskedOfMlp extends Asked {
  /** inputs, units of each hidden layer, outputs */
  readonly units?: readonly number[]
  readonly variant?: 'narrow' | 'wide'
}

const unitsOf = { narrow: [784, 30, 10], wide: [784, 128, 10] } as const

/**
 * A multilayer perceptron with sigmoid units and a linear end, whose numbers are logits: 784-30-10 for digits, 23,860
 * parameters; `wide`, 784-128-10, 101,770. A layer from I to O units has (I + 1)·O of them.
 *
 * Source  slide "MLP"; 784-30-10 is that of Nielsen, "Neural networks and deep learning", 2015
 */
export const mlp = (
  batch: number,
  { variant = 'narrow', units = unitsOf[variant], mode = inference }: AskedOfMlp = {},
): Network => {
  const layers = units.slice(1).map((outputs, at): Block => {
    const layer = fullyConnected(`fc${at + 1}`, units[at] as number, outputs)
    return at === units.length - 2 ? layer : chain(layer, plainLayer(`sigmoid${at + 1}`, 'sigmoid'))
  })
  return sequential([batch, units[0] as number], layers, mode)
}
