import { sigmoid } from './activations/sigmoid.js'
import { add } from './layers/add.js'
import { conv2d } from './layers/conv2d.js'
import { mse } from './losses/mse.js'
import { momentum } from './optimizers/momentum.js'
import { relu } from './activations/relu.js'
import { softmax } from './activations/softmax.js'
import { tanh } from './activations/tanh.js'
import { batchNormInference } from './layers/batchNormInference.js'
import { batchNormTraining } from './layers/batchNormTraining.js'
import { avgPool2d } from './layers/avgPool2d.js'
import { dense } from './layers/dense.js'
import { flatten } from './layers/flatten.js'
import { maxPool2d } from './layers/maxPool2d.js'
import { rnnCell } from './layers/rnnCell.js'
import { lstmCell } from './layers/lstmCell.js'
import { rnn } from './layers/rnn.js'
import { lstm } from './layers/lstm.js'
import { bce } from './losses/bce.js'
import { cce } from './losses/cce.js'
import { softmaxCrossEntropy } from './losses/softmaxCrossEntropy.js'
import { sgd } from './optimizers/sgd.js'
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
  flatten,
  rnnCell,
  lstmCell,
  rnn,
  lstm,
  bce,
  cce,
  softmaxCrossEntropy,
  sgd,
} satisfies QuestionTable
