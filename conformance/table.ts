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
import { bce } from './losses/bce.js'
import { cce } from './losses/cce.js'
import { softmaxCrossEntropy } from './losses/softmaxCrossEntropy.js'
import { sgd } from './optimizers/sgd.js'
import { mul } from './layers/mul.js'
import { reshape } from './layers/reshape.js'
import { concat } from './layers/concat.js'
import { scaleChannels } from './layers/scaleChannels.js'
import { dropout } from './layers/dropout.js'
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
  flatten,
  bce,
  cce,
  softmaxCrossEntropy,
  sgd,
  mul,
  reshape,
  concat,
  scaleChannels,
  dropout,
  minMaxNormalize,
  zScoreNormalize,
} satisfies QuestionTable
