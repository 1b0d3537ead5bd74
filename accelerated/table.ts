import type { OpName } from '../spec/catalogue.js'
import * as sigmoid from './activations/sigmoid.js'
import * as tanh from './activations/tanh.js'
import * as relu from './activations/relu.js'
import * as softmax from './activations/softmax.js'
import * as add from './layers/add.js'
import * as conv2d from './layers/conv2d.js'
import * as dense from './layers/dense.js'
import * as maxPool2d from './layers/maxPool2d.js'
import * as avgPool2d from './layers/avgPool2d.js'
import * as batchNormTraining from './layers/batchNormTraining.js'
import * as batchNormInference from './layers/batchNormInference.js'
import * as flatten from './layers/flatten.js'
import * as rnnCell from './layers/rnnCell.js'
import * as lstmCell from './layers/lstmCell.js'
import * as rnn from './layers/rnn.js'
import * as lstm from './layers/lstm.js'
import * as mse from './losses/mse.js'
import type { Lowering } from './lower.js'
import * as bce from './losses/bce.js'
import * as cce from './losses/cce.js'
import * as softmaxCrossEntropy from './losses/softmaxCrossEntropy.js'
import * as sgd from './optimizers/sgd.js'
import * as momentum from './optimizers/momentum.js'

/** The lowering of every op, forward and backward. */
export const lowerings = {
  sigmoid,
  tanh,
  relu,
  softmax,
  conv2d,
  dense,
  maxPool2d,
  avgPool2d,
  batchNormTraining,
  batchNormInference,
  flatten,
  add,
  rnnCell,
  lstmCell,
  rnn,
  lstm,
  mse,
  bce,
  cce,
  softmaxCrossEntropy,
  sgd,
  momentum,
} satisfies { readonly [N in OpName]: Lowering<N> }
