import type { DifferentiableName, OpName } from '../spec/catalogue.js'
import * as sigmoid from './activations/sigmoid.js'
import * as tanh from './activations/tanh.js'
import * as relu from './activations/relu.js'
import * as softmax from './activations/softmax.js'
import type { Backward, Forward } from './kernel.js'
import * as add from './layers/add.js'
import * as conv2d from './layers/conv2d.js'
import * as dense from './layers/dense.js'
import * as maxPool2d from './layers/maxPool2d.js'
import * as avgPool2d from './layers/avgPool2d.js'
import * as batchNormTraining from './layers/batchNormTraining.js'
import * as batchNormInference from './layers/batchNormInference.js'
import * as flatten from './layers/flatten.js'
import * as mse from './losses/mse.js'
import * as bce from './losses/bce.js'
import * as cce from './losses/cce.js'
import * as softmaxCrossEntropy from './losses/softmaxCrossEntropy.js'
import * as sgd from './optimizers/sgd.js'
import * as momentum from './optimizers/momentum.js'
import * as mul from './layers/mul.js'
import * as reshape from './layers/reshape.js'
import * as concat from './layers/concat.js'
import * as scaleChannels from './layers/scaleChannels.js'
import * as dropout from './layers/dropout.js'
import * as minMaxNormalize from './normalizers/minMaxNormalize.js'
import * as zScoreNormalize from './normalizers/zScoreNormalize.js'

/** The formula of every op, and of its gradient where it has one. */
export const formulas = {
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
  mse,
  bce,
  cce,
  softmaxCrossEntropy,
  sgd,
  momentum,
  mul,
  reshape,
  concat,
  scaleChannels,
  dropout,
  minMaxNormalize,
  zScoreNormalize,
} satisfies {
  readonly [N in OpName]: N extends DifferentiableName
    ? { readonly forward: Forward<N>; readonly backward: Backward<N> }
    : { readonly forward: Forward<N> }
}
