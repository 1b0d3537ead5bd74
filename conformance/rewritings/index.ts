import type { OpName } from '../../spec/catalogue.js'
import { activations } from './activations.js'
import { layers } from './layers.js'
import { losses } from './losses.js'
import { normalizers, optimizers } from './others.js'
import type { Rewriting } from './rewriting.js'

/** Other ways to write the formulas of ops: those that a bound is to admit, and those that it is to refuse. */
export const rewritings: readonly Rewriting[] = [...activations, ...layers, ...losses, ...optimizers, ...normalizers]

/** Those that lose digits or overflow where the formula does not, in the words of the op's own file. */
const refused: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  adam: ['1 − βᵗ as a difference, which cancels for β near 1'],
  adamw: ['1 − βᵗ as a difference, which cancels for β near 1'],
  batchNormTraining: [
    'σ² = mean x² − μ², which loses a small variance under a large mean',
    'running statistics as old + α·(new − old), which cancels for α near 1',
  ],
  bceWithLogits: [
    'log(1 + e^{−|x|}) as it stands, which loses what is small beside 1',
    'x·(1 − t) + log(1 + e^{−x}), which overflows',
    'bce of σ(x), Infinity for a sure mistake',
  ],
  elu: ['e^x − 1 as a difference, which cancels near 0'],
  logSoftmax: [
    'x_i − log Σ_j e^{x_j} as it stands, which overflows',
    'log of softmax, −Infinity where a share vanishes',
    'x_i − (max x + log S), which loses what large logits differ by',
  ],
  minMaxNormalize: ['a·scale + (low − min·scale), which cancels under an offset'],
  mse: ['y² − 2yŷ + ŷ², which cancels'],
  sigmoid: ['e^x/(1 + e^x) above 0 too, which overflows', '(1 + tanh(x/2))/2, which cancels below 0'],
  softmax: ['e^{x_i}/Σ_j e^{x_j} as it stands, which overflows'],
  softmaxCrossEntropy: [
    'x − log Σ_j e^{x_j} as it stands, which overflows',
    'cce of softmax, Infinity where a share vanishes',
  ],
  softplus: ['ln(1 + e^{βx})/β as it stands, which overflows, and loses what is small beside 1'],
  tanh: ['(e^{2x} − 1)/(e^{2x} + 1), which overflows, and cancels near 0', '1 − 2/(e^{2x} + 1), which cancels near 0'],
  zScoreNormalize: ['σ² = mean x² − μ², which loses a small variance under a large mean'],
}

export const refusedRewritings: readonly Rewriting[] = rewritings.filter(({ op, words }) =>
  refused[op]?.includes(words),
)
