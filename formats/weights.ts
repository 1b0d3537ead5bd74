import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { within } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept } from '../spec/networks/network.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { zeros, zipTensors } from '../spec/tensor.js'
import type { Safetensors } from './safetensors.js'
import { storedTensor, tensorsAs, unwanted } from './safetensors.js'
import { stateDictNames } from './torch.js'

/** The tensors that make a network what it is: parameters, and what it keeps beside them, such as running statistics. */
const shapesOf = ({ parameters, kept }: Network): Readonly<Record<string, Shape>> =>
  Object.fromEntries(Object.entries({ ...parameters, ...kept }).map(([name, { shape }]) => [name, shape]))

/** How a file calls a network's tensors, each the sum of those named: PyTorch's way, or one name each, as told. */
const callsOf = (network: Network, nameOf?: (name: string) => string): Readonly<Record<string, readonly string[]>> =>
  nameOf === undefined
    ? stateDictNames(network)
    : Object.fromEntries(Object.keys(shapesOf(network)).map((name) => [name, [nameOf(name)]]))

/**
 * A network's tensors, out of those given, as a file's value, by PyTorch's names unless others are told. Of a recurrent
 * layer's two biases the first is the whole one and the second zeros; its state before the sequence stays out, which is
 * zeros here and there.
 */
export const weightsOf = (network: Network, tensors: Tensors, nameOf?: (name: string) => string): Safetensors => ({
  tensors: Object.entries(callsOf(network, nameOf)).flatMap(([name, called]) => {
    const value = tensors[name] as Tensor
    return called.map((each, at) => storedTensor(each, at === 0 ? value : zeros(value.shape)))
  }),
  metadata: { format: 'pt' },
})

const wantedOf = (network: Network, nameOf?: (name: string) => string): Readonly<Record<string, Shape>> => {
  const shapes = shapesOf(network)
  return Object.fromEntries(
    Object.entries(callsOf(network, nameOf)).flatMap(([name, called]) =>
      called.map((each) => [each, shapes[name] as Shape]),
    ),
  )
}

/**
 * The names of a file's tensors that a network has no use for, and that `weightsFrom` passes over: another head's, a
 * teacher's, or what the file holds in elements that are not read. Batch norm's count of batches is not told.
 */
export const unusedBy = (network: Network, file: Safetensors, nameOf?: (name: string) => string): readonly string[] =>
  unwanted(wantedOf(network, nameOf), file).filter((name) => !/(^|\.)num_batches_tracked$/.test(name))

/**
 * A network's tensors out of a file such as a saved state dict; tensors that it has no use for are passed over, and
 * `unusedBy` names them. A recurrent layer's two biases are added up, in f64.
 *
 * Errors  MissingInput, ShapeMismatch – a tensor, by the file's name, that is missing or of another shape
 *         FormatInvalid – its numbers, or elements that are not read
 */
export const weightsFrom = (
  network: Network,
  file: Safetensors,
  nameOf?: (name: string) => string,
): Result<Tensors> => {
  const calls = Object.entries(callsOf(network, nameOf))
  const first = initialKept(network)
  return F.pipe(
    tensorsAs(wantedOf(network, nameOf), file),
    E.map((found) =>
      Object.fromEntries(
        calls.map(([name, called]) => {
          const parts = called.map((each) => found[each] as Tensor)
          const none = parts.length === 0
          return [name, none ? (first[name] as Tensor) : parts.reduce((a, b) => zipTensors([a, b], (a, b) => a + b))]
        }),
      ),
    ),
    E.mapLeft(within('weights')),
  )
}
