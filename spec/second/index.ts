import type { DifferentiableName, OpName } from '../catalogue.js'
import { hasBackward } from '../catalogue.js'
import * as activations from './activations.js'
import type { Composition } from './cells.js'
import * as cells from './cells.js'
import * as layers from './layers.js'
import * as losses from './losses.js'
import type { Rule } from './rule.js'
import { linear } from './rule.js'

/**
 * Second derivatives: what a gradient of a gradient is made of.
 *
 * An op's backward B takes inputs x and cotangents dy to gradients g. Its reverse takes v, a number for each element of g, to
 * the gradients of Σ ⟨v, g⟩ with respect to x and to dy. Since g = J(x)ᵀ dy, that with respect to dy is J(x) v, the op's
 * tangent, and that with respect to x is ∇ₓ ⟨dy, J(x) v⟩, its curvature along v under dy.
 *
 * Every such reverse is written here in the catalogue's own ops, forward and backward: whoever runs programs runs it, and each
 * node of it has its own bound. What it is made of has a reverse itself, so that gradients can be taken again, as often as
 * one likes; only a gradient of `batchNormTraining`'s is the last, as it reads a variance which no cotangent reaches.
 *
 *   a rule         of smooth ops, products and linear ops: ∇ and J in closed form
 *   a composition  of cells, their scans and maxout: the op written out in others, of which each has a rule
 *   none           `localResponseNorm`
 *
 * At a kink the slope is the first derivative's, by the attribute `kink`, and its own derivative 0, as in PyTorch. At ties of a
 * maximum the gradient stays where it was put. A zero is left out of programs.
 */
type Second = { readonly rule: Rule } | { readonly composition: Composition } | undefined

const ruled = (rule: Rule): Second => ({ rule })
const composed = (composition: Composition): Second => ({ composition })

const table: Readonly<Record<DifferentiableName, Second>> = {
  sigmoid: ruled(activations.sigmoid),
  tanh: ruled(activations.tanh),
  relu: ruled(activations.straight),
  leakyRelu: ruled(activations.straight),
  elu: ruled(activations.elu),
  softplus: ruled(activations.softplus),
  softmax: ruled(activations.softmax),
  logSoftmax: ruled(activations.logSoftmax),
  maxout: composed(cells.maxout),
  dense: ruled(layers.products),
  conv1d: ruled(layers.products),
  conv2d: ruled(layers.products),
  convTranspose2d: ruled(layers.products),
  mul: ruled(layers.mul),
  scaleChannels: ruled(layers.scaleChannels),
  add: ruled(layers.add),
  concat: ruled(linear),
  flatten: ruled(linear),
  reshape: ruled(linear),
  dropout: ruled(linear),
  avgPool2d: ruled(linear),
  globalAvgPool: ruled(linear),
  maxPool2d: ruled(layers.maxPool2d),
  batchNormInference: ruled(layers.batchNormInference),
  batchNormTraining: ruled(layers.batchNormTraining),
  localResponseNorm: undefined,
  rnnCell: composed(cells.rnnCell),
  lstmCell: composed(cells.lstmCell),
  gruCell: composed(cells.gruCell),
  rnn: composed(cells.rnn),
  lstm: composed(cells.lstm),
  gru: composed(cells.gru),
  mse: ruled(losses.mse),
  bce: ruled(losses.bce),
  cce: ruled(losses.cce),
  softmaxCrossEntropy: ruled(losses.softmaxCrossEntropy),
  bceWithLogits: ruled(losses.bceWithLogits),
  hinge: ruled(losses.hinge),
  l2Penalty: ruled(losses.l2Penalty),
}

/** How an op's backward is reversed, if it is. */
export const secondOf = (op: OpName): Second => (hasBackward(op) ? table[op] : undefined)

export const hasSecond = (op: OpName): boolean => secondOf(op) !== undefined
