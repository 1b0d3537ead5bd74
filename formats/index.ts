/** Files in formats that others wrote: bytes to values and back. */

export { contentOf } from './content.js'
export { classCount, decodeImages, decodeLabels, encodeImages, encodeLabels } from './idx.js'
export type { Images } from './idx.js'
export { decodeOnnx, decodeOnnxTensor, encodeOnnx, encodeOnnxTensor, nodeLabel } from './onnx/model.js'
export { opsets, programOfOnnx } from './onnx/program.js'
export type { OnnxOptions, OnnxProgram } from './onnx/program.js'
export type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxValue } from './onnx/model.js'
export { decodeSafetensors, encodeSafetensors, numbersOf, storedTensor, tensorsAs, unwanted } from './safetensors.js'
export type { Dtype, Safetensors, SkippedTensor, StoredTensor } from './safetensors.js'
export { unusedBy, weightsFrom, weightsOf } from './weights.js'
export { stateDictNames, torchNameOf } from './torch.js'
