import { either as E, function as F } from 'fp-ts'
import type { Result } from '../error.js'
import { within } from '../error.js'
import type { Network } from '../networks/network.js'
import { attributeFeeds } from '../program.js'
import type { Shape, Tensor, Tensors } from '../tensor.js'
import type { Safetensors } from './safetensors.js'
import { storedTensor, tensorsAs } from './safetensors.js'

const torchEndings: Readonly<Record<string, string>> = {
  w: 'weight',
  b: 'bias',
  gamma: 'weight',
  beta: 'bias',
  runningMean: 'running_mean',
  runningVar: 'running_var',
}

/**
 * PyTorch's name of a network's tensor: `conv1.w` is `conv1.weight`, `bn1.gamma` is `bn1.weight`, `bn1.runningVar` is
 * `bn1.running_var`. Layers keep their names; the layouts of `dense`, of convolutions and of batch norms are PyTorch's.
 */
export const torchName = (name: string): string => {
  const at = name.lastIndexOf('.')
  return `${name.slice(0, at + 1)}${torchEndings[name.slice(at + 1)] ?? name.slice(at + 1)}`
}

/** The tensors that make a network what it is: parameters and running statistics, all its inputs but what is fed. */
const shapesOf = ({ program }: Network): Readonly<Record<string, Shape>> =>
  Object.fromEntries(
    Object.entries(program.inputs).filter(([name]) => name !== 'x' && !attributeFeeds(program).includes(name)),
  )

/** A network's tensors, out of those given, as a file's value, by PyTorch's names unless others are told. */
export const weightsOf = (network: Network, tensors: Tensors, nameOf = torchName): Safetensors => ({
  tensors: Object.keys(shapesOf(network)).map((name) => storedTensor(nameOf(name), tensors[name] as Tensor)),
  metadata: { format: 'pt' },
})

/**
 * A network's tensors out of a file such as a saved state dict; batch norm's count of batches is passed over.
 *
 * Errors  MissingInput, UnexpectedInput, ShapeMismatch – a tensor, by the file's name, that is missing, too many or of
 *         another shape; FormatInvalid – its numbers
 */
export const weightsFrom = (network: Network, { tensors }: Safetensors, nameOf = torchName): Result<Tensors> => {
  const shapes = Object.entries(shapesOf(network))
  return F.pipe(
    tensorsAs(
      Object.fromEntries(shapes.map(([name, shape]) => [nameOf(name), shape])),
      tensors.filter(({ name }) => !/(^|\.)num_batches_tracked$/.test(name)),
    ),
    E.map((found) => Object.fromEntries(shapes.map(([name]) => [name, found[nameOf(name)] as Tensor]))),
    E.mapLeft(within('weights')),
  )
}
