import type { Block, Mode, Network } from '../../spec/networks/network.js'
import {
  batchNorm,
  chain,
  dropout,
  fullyConnected,
  identity,
  inference,
  plainLayer,
  sequential,
} from '../../spec/networks/network.js'

/** How the hidden layers of a multilayer perceptron are made. */
export interface Layered {
  readonly activation?: 'relu' | 'sigmoid' | 'tanh'
  /** batch norm between each hidden layer's weights and its activation */
  readonly norm?: boolean
  /** dropout behind each hidden layer, which keeps such a share */
  readonly keep?: number
  /** and of the pixels */
  readonly keepPixels?: number
  /** the digit is shrunk first, to means of squares of so many pixels a side; 1 if not said */
  readonly shrunk?: number
  readonly mode?: Mode
}

/** A multilayer perceptron over digits: hidden layers of so many units, and ten logits. */
export const layered = (
  batch: number,
  hidden: readonly number[],
  { activation = 'relu', norm = false, keep, keepPixels, shrunk = 1, mode = inference }: Layered = {},
): Network => {
  const inputs = [784 / shrunk ** 2, ...hidden]
  const layer = (units: number, at: number): Block =>
    chain(
      fullyConnected(`fc${at + 1}`, inputs[at] as number, units),
      norm ? batchNorm(`norm${at + 1}`, units) : identity,
      plainLayer(`${activation}${at + 1}`, activation),
      keep === undefined ? identity : dropout(`drop${at + 1}`, keep),
    )
  return sequential(
    [batch, 1, 28, 28],
    [
      shrunk === 1 ? identity : plainLayer('shrunk', 'avgPool2d', { window: [shrunk, shrunk] }),
      plainLayer('flat', 'flatten'),
      keepPixels === undefined ? identity : dropout('drop0', keepPixels),
      ...hidden.map(layer),
      fullyConnected(`fc${inputs.length}`, inputs.at(-1) as number, 10),
    ],
    mode,
  )
}

/** `784-64-10`, as such networks are written. */
export const sizesOf = (hidden: readonly number[], { shrunk = 1 }: Layered = {}): string =>
  [784 / shrunk ** 2, ...hidden, 10].join('-')
