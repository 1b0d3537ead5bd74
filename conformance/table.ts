import { sigmoid } from './activations/sigmoid.js'
import { add } from './layers/add.js'
import { conv2d } from './layers/conv2d.js'
import { mse } from './losses/mse.js'
import { momentum } from './optimizers/momentum.js'
import { relu } from './activations/relu.js'
import { softmax } from './activations/softmax.js'
import { leakyRelu } from './activations/leakyRelu.js'
import { elu } from './activations/elu.js'
import { softplus } from './activations/softplus.js'
import { step } from './activations/step.js'
import { logSoftmax } from './activations/logSoftmax.js'
import { maxout } from './activations/maxout.js'
import { tanh } from './activations/tanh.js'
import { batchNormInference } from './layers/batchNormInference.js'
import { batchNormTraining } from './layers/batchNormTraining.js'
import { avgPool2d } from './layers/avgPool2d.js'
import { globalAvgPool } from './layers/globalAvgPool.js'
import { convTranspose2d } from './layers/convTranspose2d.js'
import { localResponseNorm } from './layers/localResponseNorm.js'
import { conv1d } from './layers/conv1d.js'
import { dense } from './layers/dense.js'
import { flatten } from './layers/flatten.js'
import { maxPool2d } from './layers/maxPool2d.js'
import { rnnCell } from './layers/rnnCell.js'
import { lstmCell } from './layers/lstmCell.js'
import { rnn } from './layers/rnn.js'
import { lstm } from './layers/lstm.js'
import { gruCell } from './layers/gruCell.js'
import { gru } from './layers/gru.js'
import { bce } from './losses/bce.js'
import { cce } from './losses/cce.js'
import { softmaxCrossEntropy } from './losses/softmaxCrossEntropy.js'
import { bceWithLogits } from './losses/bceWithLogits.js'
import { hinge } from './losses/hinge.js'
import { l2Penalty } from './losses/l2Penalty.js'
import { sgd } from './optimizers/sgd.js'
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
import type { QuestionTable } from './questions.js'

/** What is asked about every op. */
export const questionTable: QuestionTable = {
  sigmoid,
  conv2d,
  add,
  mse,
  momentum,
  relu,
  softmax,
  tanh,
  batchNormInference,
  batchNormTraining,
  dense,
  maxPool2d,
  avgPool2d,
  globalAvgPool,
  convTranspose2d,
  localResponseNorm,
  conv1d,
  flatten,
  rnnCell,
  lstmCell,
  rnn,
  lstm,
  gruCell,
  gru,
  bce,
  cce,
  softmaxCrossEntropy,
  bceWithLogits,
  hinge,
  l2Penalty,
  sgd,
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
}
