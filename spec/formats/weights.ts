import { either as E, function as F } from 'fp-ts'
import type { Result } from '../error.js'
import { within } from '../error.js'
import type { Network } from '../networks/network.js'
import { torchNameOf } from '../networks/torch.js'
import type { Shape, Tensor, Tensors } from '../tensor.js'
import type { Safetensors } from './safetensors.js'
import { storedTensor, tensorsAs } from './safetensors.js'

/** The tensors that make a network what it is: parameters, and what it keeps beside them, such as running statistics. */
const shapesOf = ({ parameters, kept }: Network): Readonly<Record<string, Shape>> =>
  Object.fromEntries(Object.entries({ ...parameters, ...kept }).map(([name, { shape }]) => [name, shape]))

/** A network's tensors, out of those given, as a file's value, by PyTorch's names unless others are told. */
export const weightsOf = (network: Network, tensors: Tensors, nameOf = torchNameOf): Safetensors => ({
  tensors: Object.keys(shapesOf(network)).map((name) => storedTensor(nameOf(name), tensors[name] as Tensor)),
  metadata: { format: 'pt' },
})

/**
 * A network's tensors out of a file such as a saved state dict; batch norm's count of batches is passed over.
 *
 * Errors  MissingInput, UnexpectedInput, ShapeMismatch – a tensor, by the file's name, that is missing, too many or of
 *         another shape; FormatInvalid – its numbers
 */
export const weightsFrom = (network: Network, { tensors }: Safetensors, nameOf = torchNameOf): Result<Tensors> => {
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
