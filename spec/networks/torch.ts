import type { Network } from './network.js'

/** What PyTorch's modules call the numbers that an op's inputs are. */
const torchNames: Readonly<Record<string, string>> = {
  w: 'weight',
  b: 'bias',
  gamma: 'weight',
  beta: 'bias',
  runningMean: 'running_mean',
  runningVar: 'running_var',
}

/**
 * The name in a PyTorch state dict of a parameter or a kept number: `features.0.w` is `features.0.weight`, `bn1.gamma`
 * is `bn1.weight`, `bn1.runningVar` is `bn1.running_var`. Shapes and orders agree, so nothing is transposed. PyTorch's
 * `num_batches_tracked` has no counterpart here.
 */
export const torchNameOf = (name: string): string =>
  name.replace(/[^.]+$/, (last) => (Object.hasOwn(torchNames, last) ? (torchNames[last] as string) : last))

/** The name in a PyTorch state dict of all that a network of the variant `torchvision` reads beside x. */
export const stateDictNames = ({
  parameters,
  kept,
}: Pick<Network, 'parameters' | 'kept'>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys({ ...parameters, ...kept }).map((name) => [name, torchNameOf(name)]))
