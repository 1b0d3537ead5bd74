/** The contract: what an op is, what a program is, and what an implementation has to be to be held against the reference. */

export { etalonError, fail, getOrThrow } from './error.js'
export type { ErrorCode, EtalonError, Result } from './error.js'

export { filled, generate, mapTensor, parseTensor, scalar, sizeOf, tensor, zeros, zipTensors } from './tensor.js'
export type { Numbers, Shape, Tensor, Tensors } from './tensor.js'

export { catalogue, hasBackward, isOpName, opNames, opOf, parseOpName, questions } from './catalogue.js'
export type {
  AttrsOf,
  Catalogue,
  CotangentsOf,
  DifferentiableName,
  Direction,
  GradientsOf,
  InputsOf,
  OpName,
  OutputsOf,
  SizesOf,
} from './catalogue.js'
export { cotangentNames, gradientNames, requiredInputs } from './op.js'
export type { AnyOp, Axes, Depth, Family, Inputs, Op, Outputs } from './op.js'
export { roundAttributes } from './attributes.js'
export type { AttributeSet, AttributeValue, Attributes } from './attributes.js'

export { answersOf, attributeFeeds, checkFeeds, checkProgram, oneNode, parseProgram, roundProgram } from './program.js'
export type { CheckedNode, CheckedProgram, NodeAttribute, Program, ProgramNode, Question } from './program.js'
export { differentiate, gradientName } from './differentiate.js'
export type { Differentiated } from './differentiate.js'
export { hasSecond } from './second/index.js'
export { secondAnswers, secondProgram } from './second/question.js'
export type { SecondProgram, SecondQuestion } from './second/question.js'

export { sessionOf } from './backend.js'
export type { Backend, Fingerprint, Session } from './backend.js'
export type { Adapter, BackendOptions, BackendSource, OpenedGpu } from './adapter.js'
export { fromKernels, interpret, unsupported } from './fromKernels.js'
export type { Kernel, Kernels, KernelTable, PlainKernel, Unsupported } from './fromKernels.js'
export type { Oracle } from './oracle.js'

/** What SAME is in numbers, for whoever speaks to a library that has it. */
export { samePadding, sameTransposedPadding } from './layers/samePadding.js'
export type { Padding, SameWindow } from './layers/samePadding.js'

/** The depths of summation that a backend may promise. */
export { anyOrder, lanesThenTree } from './bound.js'
/** Random numbers by counter: dropout's masks, and whatever else follows from a seed. */
export { draws, keyOf, philox4x32, uniformOf, wordAt } from './philox.js'
export type { Draws, Key, Words } from './philox.js'

export {
  auxiliary,
  batchNorm,
  bidirectional,
  chain,
  convolution,
  dropout,
  fullyConnected,
  identity,
  inception,
  inference,
  initialKept,
  joined,
  keepingSize,
  networkOf,
  parameterCount,
  plainLayer,
  recurrent,
  recurrentOps,
  recurrentStack,
  residual,
  reversed,
  scaled,
  scoped,
  sequential,
  squeezeExcite,
  stepFeed,
  trainingBy,
  transposedConvolution,
} from './networks/network.js'
export type { Asked, Block, Kept, Layer, Mode, Network, Parameter, RecurrentOp } from './networks/network.js'
export { describeNetwork } from './networks/describe.js'
export type { Figures, LayerFigures } from './networks/describe.js'
export {
  hasAuxiliaries,
  isNetworkName,
  learningOf,
  networkNamed,
  networkNames,
  variantsOf,
  zoo,
} from './networks/zoo.js'
export type { AskedOfRecurrent, LearningRecipe, LossName, NetworkName, Wanted } from './networks/zoo.js'
export { alexnet } from './networks/alexnet.js'
export {
  architectureParameters,
  cellName,
  cellNetwork,
  discretized,
  operations as cellOperations,
  parseCell,
  relaxedNetwork,
  sharesOf,
} from './networks/cell.js'
export type { Cell, Edge as CellEdge, EdgeShares } from './networks/cell.js'
export { autoencoder, decoder, encoder } from './networks/autoencoder.js'
export { bnInception } from './networks/bnInception.js'
export { dqn } from './networks/dqn.js'
export { discriminator, gan, generator } from './networks/gan.js'
export { googlenet, inceptionModule } from './networks/googlenet.js'
export { inceptionResnetV2 } from './networks/inceptionResnetV2.js'
export { inceptionV3 } from './networks/inceptionV3.js'
export { inceptionV4 } from './networks/inceptionV4.js'
export { lenet5, lenetFeatures } from './networks/lenet5.js'
export { mlp } from './networks/mlp.js'
export { perceptron } from './networks/perceptron.js'
export { lstmClassifier, rnnClassifier } from './networks/recurrent.js'
export {
  basicBlock,
  bottleneck,
  preactResnet152,
  preactResnet18,
  preactResnet200,
  preactResnet50,
  preactivatedBasicBlock,
  preactivatedBottleneck,
  resnet101,
  resnet152,
  resnet18,
  resnet34,
  resnet50,
  seResnet152,
  seResnet50,
  senet154,
} from './networks/resnet.js'
export { vgg16, vgg19 } from './networks/vgg.js'
export { zfnet } from './networks/zfnet.js'
