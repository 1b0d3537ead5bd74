import { sigmoid } from './activations/sigmoid.js'
import { tanh } from './activations/tanh.js'
import { relu } from './activations/relu.js'
import { softmax } from './activations/softmax.js'
import { leakyRelu } from './activations/leakyRelu.js'
import { elu } from './activations/elu.js'
import { softplus } from './activations/softplus.js'
import { step } from './activations/step.js'
import { logSoftmax } from './activations/logSoftmax.js'
import { maxout } from './activations/maxout.js'
import { add } from './layers/add.js'
import { conv2d } from './layers/conv2d.js'
import { dense } from './layers/dense.js'
import { maxPool2d } from './layers/maxPool2d.js'
import { avgPool2d } from './layers/avgPool2d.js'
import { globalAvgPool } from './layers/globalAvgPool.js'
import { convTranspose2d } from './layers/convTranspose2d.js'
import { localResponseNorm } from './layers/localResponseNorm.js'
import { conv1d } from './layers/conv1d.js'
import { batchNormTraining } from './layers/batchNormTraining.js'
import { batchNormInference } from './layers/batchNormInference.js'
import { flatten } from './layers/flatten.js'
import { rnnCell } from './layers/rnnCell.js'
import { lstmCell } from './layers/lstmCell.js'
import { gruCell } from './layers/gruCell.js'
import { rnn } from './layers/rnn.js'
import { lstm } from './layers/lstm.js'
import { gru } from './layers/gru.js'
import { mse } from './losses/mse.js'
import { bce } from './losses/bce.js'
import { cce } from './losses/cce.js'
import { softmaxCrossEntropy } from './losses/softmaxCrossEntropy.js'
import { bceWithLogits } from './losses/bceWithLogits.js'
import { hinge } from './losses/hinge.js'
import { l2Penalty } from './losses/l2Penalty.js'
import { sgd } from './optimizers/sgd.js'
import { momentum } from './optimizers/momentum.js'
import { mul } from './layers/mul.js'
import { reshape } from './layers/reshape.js'
import { concat } from './layers/concat.js'
import { scaleChannels } from './layers/scaleChannels.js'
import { dropout } from './layers/dropout.js'
import { adagrad } from './optimizers/adagrad.js'
import { rmsprop } from './optimizers/rmsprop.js'
import { adadelta } from './optimizers/adadelta.js'
import { adam } from './optimizers/adam.js'
import { adamw } from './optimizers/adamw.js'
import { minMaxNormalize } from './normalizers/minMaxNormalize.js'
import { zScoreNormalize } from './normalizers/zScoreNormalize.js'
import type { AnyOp, GradientTensors, InputTensors, Inputs, Op, OutputTensors, Sizes } from './op.js'
import type { FieldsOf } from './attributes.js'
import { meant } from './nearest.js'
import type { Result } from './error.js'
import { fail, show } from './error.js'
import { either as E } from 'fp-ts'

/** Every op there is. The tables of the other rooms are mapped types over it, so a forgotten op does not compile. */
export const catalogue = {
  sigmoid,
  tanh,
  relu,
  softmax,
  conv2d,
  dense,
  maxPool2d,
  avgPool2d,
  globalAvgPool,
  convTranspose2d,
  localResponseNorm,
  conv1d,
  batchNormTraining,
  batchNormInference,
  flatten,
  add,
  rnnCell,
  lstmCell,
  rnn,
  lstm,
  gruCell,
  gru,
  mse,
  bce,
  cce,
  softmaxCrossEntropy,
  bceWithLogits,
  hinge,
  l2Penalty,
  sgd,
  momentum,
  leakyRelu,
  elu,
  softplus,
  step,
  logSoftmax,
  mul,
  reshape,
  concat,
  scaleChannels,
  dropout,
  adagrad,
  rmsprop,
  adadelta,
  adam,
  adamw,
  maxout,
  minMaxNormalize,
  zScoreNormalize,
} as const satisfies Readonly<Record<string, unknown>>

export type Catalogue = typeof catalogue
export type OpName = keyof Catalogue
export const opNames = Object.keys(catalogue) as readonly OpName[]

export type Direction = 'forward' | 'backward'

type InputsIn<N extends OpName> = Catalogue[N]['inputs'] extends infer I extends Inputs ? I : never
export type AttrsOf<N extends OpName> = FieldsOf<Catalogue[N]['attrs']>
export type InputsOf<N extends OpName> = InputTensors<InputsIn<N>>
export type OutputsOf<N extends OpName> = OutputTensors<Catalogue[N]['outputs']>
export type CotangentsOf<N extends OpName> = OutputsOf<N>
export type GradientsOf<N extends OpName> = GradientTensors<InputsIn<N>, Catalogue[N]['differentiable'][number]>
type DerivedOf<N extends OpName> = Catalogue[N] extends Op<infer _A, infer _I, infer _O, infer S, infer _D> ? S : never
export type SizesOf<N extends OpName> = Sizes<InputsIn<N>, DerivedOf<N>>

/** The ops that have a backward. */
export type DifferentiableName = {
  [N in OpName]: Catalogue[N]['differentiable'] extends readonly never[] ? never : N
}[OpName]

/** An op by its name, as interpreters see it. */
export const opOf = (name: OpName): AnyOp => catalogue[name]

export const isOpName = (name: string): name is OpName => Object.hasOwn(catalogue, name)

export const parseOpName = (name: string): Result<OpName> =>
  isOpName(name)
    ? E.right(name)
    : fail('UnknownOp', `there is no op ${show(name)}; ${meant(name, opNames).replace(/\.$/, '')}`)

export const hasBackward = (name: OpName): name is DifferentiableName => opOf(name).differentiable.length > 0

/** The op and direction pairs that a backend can be asked about. */
export const questions: readonly { readonly op: OpName; readonly direction: Direction }[] = opNames.flatMap((op) =>
  (hasBackward(op) ? (['forward', 'backward'] as const) : (['forward'] as const)).map((direction) => ({
    op,
    direction,
  })),
)
