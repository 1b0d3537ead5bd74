/** Files in formats that others wrote: bytes to values and back. */

export { contentOf } from './content.js'
export { classCount, decodeImages, decodeLabels, encodeImages, encodeLabels } from './idx.js'
export type { Images } from './idx.js'
export { decodeSafetensors, encodeSafetensors, numbersOf, storedTensor, tensorsAs, unwanted } from './safetensors.js'
export type { Dtype, Safetensors, SkippedTensor, StoredTensor } from './safetensors.js'
export { unusedBy, weightsFrom, weightsOf } from './weights.js'
export { stateDictNames, torchNameOf } from './torch.js'
export { decodeNpy, encodeNpy } from './npy.js'
export type { NpyDtype, NpyTensor } from './npy.js'
export { decodeNpz, encodeNpz } from './npz.js'
export type { Npz } from './npz.js'
