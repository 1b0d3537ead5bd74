/** Files in formats that others wrote: bytes to values and back. */

export { classCount, decodeImages, decodeLabels, encodeImages, encodeLabels } from './idx.js'
export type { Images } from './idx.js'
export { decodeSafetensors, encodeSafetensors, numbersOf, storedTensor, tensorsAs } from './safetensors.js'
export type { Dtype, Safetensors, StoredTensor } from './safetensors.js'
export { weightsFrom, weightsOf } from './weights.js'
export { stateDictNames, torchNameOf } from './torch.js'
