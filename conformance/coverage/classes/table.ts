import type { OpName } from '../../../spec/catalogue.js'
import type { Declared } from '../subject.js'
import * as channels from './channels.js'
import * as elementwise from './elementwise.js'
import * as losses from './losses.js'
import * as optimizers from './optimizers.js'
import * as products from './products.js'
import * as windows from './windows.js'

const {
  sigmoid,
  tanh,
  relu,
  step,
  leakyRelu,
  elu,
  softplus,
  softmax,
  logSoftmax,
  add,
  mul,
  dropout,
  flatten,
  reshape,
  concat,
} = elementwise
const { conv2d, conv1d, convTranspose2d, maxPool2d, avgPool2d, globalAvgPool, scaleChannels } = windows
const { batchNormInference, batchNormTraining, localResponseNorm, minMaxNormalize, zScoreNormalize } = channels
const { dense, maxout, rnnCell, lstmCell, rnn, lstm, gruCell, gru } = products
const { mse, bce, cce, bceWithLogits, softmaxCrossEntropy, hinge, l2Penalty } = losses
const { sgd, momentum, adagrad, rmsprop, adadelta, adam, adamw } = optimizers

/** What the cases of every op differ in. */
export const classTable: Readonly<Record<OpName, Declared>> = {
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
}
