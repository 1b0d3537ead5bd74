import type { DifferentiableName, OpName } from '../../spec/catalogue.js'
import * as elu from './activations/elu.js'
import * as leakyRelu from './activations/leakyRelu.js'
import * as logSoftmax from './activations/logSoftmax.js'
import * as maxout from './activations/maxout.js'
import * as relu from './activations/relu.js'
import * as sigmoid from './activations/sigmoid.js'
import * as softmax from './activations/softmax.js'
import * as softplus from './activations/softplus.js'
import * as step from './activations/step.js'
import * as tanh from './activations/tanh.js'
import * as add from './layers/add.js'
import * as avgPool2d from './layers/avgPool2d.js'
import * as batchNormInference from './layers/batchNormInference.js'
import * as batchNormTraining from './layers/batchNormTraining.js'
import * as concat from './layers/concat.js'
import * as conv1d from './layers/conv1d.js'
import * as conv2d from './layers/conv2d.js'
import * as convTranspose2d from './layers/convTranspose2d.js'
import * as dense from './layers/dense.js'
import * as dropout from './layers/dropout.js'
import * as flatten from './layers/flatten.js'
import * as globalAvgPool from './layers/globalAvgPool.js'
import * as localResponseNorm from './layers/localResponseNorm.js'
import * as lstm from './layers/lstm.js'
import * as gruCell from './layers/gruCell.js'
import * as gru from './layers/gru.js'
import * as lstmCell from './layers/lstmCell.js'
import * as maxPool2d from './layers/maxPool2d.js'
import * as mul from './layers/mul.js'
import * as reshape from './layers/reshape.js'
import * as rnn from './layers/rnn.js'
import * as rnnCell from './layers/rnnCell.js'
import * as scaleChannels from './layers/scaleChannels.js'
import * as bce from './losses/bce.js'
import * as bceWithLogits from './losses/bceWithLogits.js'
import * as cce from './losses/cce.js'
import * as hinge from './losses/hinge.js'
import * as l2Penalty from './losses/l2Penalty.js'
import * as mse from './losses/mse.js'
import * as softmaxCrossEntropy from './losses/softmaxCrossEntropy.js'
import * as minMaxNormalize from './normalizers/minMaxNormalize.js'
import * as zScoreNormalize from './normalizers/zScoreNormalize.js'
import * as adadelta from './optimizers/adadelta.js'
import * as adagrad from './optimizers/adagrad.js'
import * as adam from './optimizers/adam.js'
import * as adamw from './optimizers/adamw.js'
import * as momentum from './optimizers/momentum.js'
import * as rmsprop from './optimizers/rmsprop.js'
import * as sgd from './optimizers/sgd.js'
import type { Backward, Forward } from './kernel.js'

/** Every op in f32, and its gradient where it has one. */
export const loops = {
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
} satisfies {
  readonly [N in OpName]: N extends DifferentiableName
    ? { readonly forward: Forward<N>; readonly backward: Backward<N> }
    : { readonly forward: Forward<N> }
}
